#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keep.h"
#include "oom_score.h"
#include "plan.h"
#include "sanitizer.h"

#define STACK_SIZE (64 << 10)

/* The keeper: see keeper.h for what it shares with its parent. */
static int keeper(void *opaque)
{
	const struct keeper_ends *ends = opaque;

	close(ends->notes[0]);
	keep(ends);
	syscall(SYS_exit_group, 0); /* _exit() would tidy up a strange stack */
	return 0;
}

static int make_pipes(struct keeper_ends *ends, struct err *err)
{
	int error;

	if (pipe2(ends->orders, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (pipe2(ends->notes, O_CLOEXEC) == 0)
		return 0;
	error = errno;
	close(ends->orders[0]);
	close(ends->orders[1]);
	return err_sys(err, error, "make a pipe");
}

/*
 * A fork would copy the page tables, and both sides then page after page: a
 * tenth of what a launch takes.
 */
int keeper_start(const struct plan *plan, struct keeper *out, struct err *err)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	static struct keeper_ends ends;
	struct oom_score oom_score;
	int error;

	if (oom_score_raise(&oom_score, err) < 0)
		return -1;
	if (make_pipes(&ends, err) < 0) {
		oom_score_give_back(&oom_score);
		return -1;
	}
	ends.plan = plan;
	ends.clone_flags = plan_clone_flags(plan);
	out->is_init = ends.clone_flags & CLONE_NEWPID;
	ends.last = &out->last;
	ends.oom_score = oom_score;
	sanitizer_renew_stack(stack, sizeof(stack));
	out->pid = clone(keeper, stack + sizeof(stack),
			 (int)(CLONE_VM | SIGCHLD | ends.clone_flags), &ends);
	error = errno;
	out->orders_fd = ends.orders[1];
	out->notes_fd = ends.notes[0];
	close(ends.orders[0]);
	close(ends.notes[1]);
	if (out->pid < 0) {
		oom_score_give_back(&oom_score);
		close(out->orders_fd);
		close(out->notes_fd);
		return err_sys(err, error, "start the keeper");
	}
	if (oom_score.fd >= 0)
		close(oom_score.fd);
	return 0;
}

void keeper_order(const struct keeper *keeper, int signal)
{
	unsigned char order = (unsigned char)signal;

	/* If it is gone, its notes say so. */
	if (write(keeper->orders_fd, &order, 1) < 0)
		return;
}

pid_t keeper_program(const struct keeper *keeper)
{
	int number = keeper->is_init ? fcntl(keeper->orders_fd, F_GETOWN)
				     : keeper->last.pid;

	return number > 0 ? number : 0;
}
