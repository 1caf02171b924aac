#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "start.h"

static size_t count_layers(void)
{
	size_t n = 0;

	while (layers[n])
		n++;
	return n;
}

/* A probe says why it leaves its layer out in words that are no error. */
static int probe_row(struct plan_row *row, const struct jail_spec *spec,
		     struct err *err)
{
	struct err words = {0};
	int is_on = row->layer->probe ? row->layer->probe(spec, &words) : 1;

	if (is_on < 0) {
		*err = words;
		return -1;
	}
	row->is_on = is_on;
	if (is_on)
		return 0;
	row->why = strdup(words.msg);
	return row->why ? 0 : err_sys(err, ENOMEM, "plan");
}

int plan_make(const struct jail_spec *spec, struct plan **out, struct err *err)
{
	auto_of(plan) struct plan *plan = calloc(1, sizeof(*plan));
	size_t i;

	if (!plan)
		return err_sys(err, ENOMEM, "plan");
	plan->spec = spec;
	plan->n = count_layers();
	plan->rows = calloc(plan->n + 1, sizeof(*plan->rows));
	if (!plan->rows)
		return err_sys(err, ENOMEM, "plan");
	for (i = 0; i < plan->n; i++) {
		plan->rows[i].layer = layers[i];
		if (probe_row(&plan->rows[i], spec, err) < 0)
			return -1;
	}
	*out = TAKE(plan);
	return 0;
}

int plan_prepare(struct plan *plan, struct err *err)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		struct plan_row *row = &plan->rows[i];

		if (row->is_on && row->layer->prepare &&
		    row->layer->prepare(plan->spec, &row->state, err) < 0)
			return -1;
	}
	return 0;
}

unsigned long plan_clone_flags(const struct plan *plan)
{
	unsigned long flags = 0;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (row->is_on && row->layer->clone_flags)
			flags |= row->layer->clone_flags(plan->spec);
	}
	return flags;
}

int plan_try(const struct plan *plan, struct root_choice *out, struct err *err)
{
	struct start_failure failure = {0};
	struct root_choice choice = {0};
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	/* As fork(), in the namespaces that the keeper will be born in. */
	pid = (pid_t)syscall(SYS_clone, plan_clone_flags(plan) | SIGCHLD, 0, 0,
			     0, 0);
	if (pid == 0) {
		start_enter(plan, &choice, &failure);
		fd_write_full(ends[1], &choice, sizeof(choice));
		_exit(0);
	}
	close(ends[1]);
	n = pid < 0 ? -errno : fd_read_full(ends[0], out, sizeof(*out));
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (n < 0)
		return err_sys(err, (int)-n, "try how the root is entered");
	if (n != sizeof(*out))
		return err_set(err, ERR_SYSTEM,
			       "trying how the root is entered was ended");
	return 0;
}

const char *plan_denies(const struct plan *plan, const struct plan_row *row)
{
	const struct layer *layer = row->layer;

	return layer->describe ? layer->describe(plan->spec) : layer->denies;
}

int plan_hold(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->rows[i].is_on && plan->rows[i].layer->hold)
			return plan->rows[i].layer->hold(plan->rows[i].state);
	return -1;
}

int plan_lock(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->rows[i].is_on && plan->rows[i].layer->lock)
			return plan->rows[i].layer->lock(plan->rows[i].state);
	return -1;
}

void plan_let_go(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->rows[i].is_on && plan->rows[i].layer->let_go)
			plan->rows[i].layer->let_go(plan->rows[i].state);
}

bool plan_is_full(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->rows[i].is_on && plan->rows[i].layer->is_full &&
		    plan->rows[i].layer->is_full(plan->rows[i].state))
			return true;
	return false;
}

const struct syscall_guard *plan_guard(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (row->state && row->layer->guard)
			return row->layer->guard(row->state);
	}
	return NULL;
}

void plan_explain(const struct plan *plan, FILE *out)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (row->is_on)
			fprintf(out, "%-13s on   denies %s\n", row->layer->name,
				plan_denies(plan, row));
		else
			fprintf(out, "%-13s off  %s\n", row->layer->name,
				row->why);
	}
}

void plan_free(struct plan *plan)
{
	size_t i;

	if (!plan)
		return;
	for (i = 0; plan->rows && i < plan->n; i++) {
		struct plan_row *row = &plan->rows[i];

		if (row->layer && row->layer->release)
			row->layer->release(row->state);
		free(row->why);
	}
	free(plan->rows);
	free(plan);
}
