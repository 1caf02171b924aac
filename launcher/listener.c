#include "listener.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "culprit.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5)
#endif

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#endif

/* Room for what later kernels add to their structs. */
#define NOTICE_ROOM 512

/* --- in the supervisor */

/* 0, or the errno of a kernel (or a sandbox) in which nobody can be asked. */
static int probe(void)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return errno;
	return sizes.seccomp_notif > NOTICE_ROOM ||
			       sizes.seccomp_notif_resp > NOTICE_ROOM
		       ? E2BIG
		       : 0;
}

/*
 * Only a pidfd tells for sure that a process has died, and only /proc whether
 * SIGSYS will do it.  NULL: both are there.
 */
static const char *find_why_no_kills(void)
{
	if (syscall(SYS_pidfd_open, -1, 0) == 0 || errno != EINVAL)
		return "this kernel has no pidfd_open (Linux 5.3)";
	return access("/proc/self/status", R_OK) < 0 ? "there is no /proc"
						     : NULL;
}

static int make_asking(struct listener *listener, struct err *err)
{
	struct sock_filter *code =
		calloc(listener->plain.len + FILTER_ASKING_MORE, sizeof(*code));
	size_t n;

	if (!code)
		return err_sys(err, ENOMEM, "seccomp");
	listener->asking.filter = code;
	n = filter_make_asking(&listener->plain, listener->why_no_kills != NULL,
			       code);
	if (n == 0)
		return 0;
	listener->log = calloc(1, sizeof(*listener->log));
	if (!listener->log)
		return err_sys(err, ENOMEM, "seccomp");
	listener->log->fd = -1;
	listener->asking.len = (unsigned short)n;
	return 0;
}

int listener_prepare(struct listener *listener, struct sock_fprog plain,
		     enum listener_wish wish, struct err *err)
{
	*listener = (struct listener){.plain = plain,
				      .is_wanted = wish != LISTENER_UNWANTED,
				      .is_required = wish == LISTENER_REQUIRED};
	if (!listener->is_wanted)
		return 0;
	listener->error = probe();
	if (listener->error)
		return 0;
	listener->why_no_kills = find_why_no_kills();
	return make_asking(listener, err);
}

int listener_tell(struct listener *listener, struct err *err)
{
	if (!listener->log)
		return 0;
	listener->log->told =
		calloc(REFUSALS_TOLD, sizeof(*listener->log->told));
	return listener->log->told ? 0 : err_sys(err, ENOMEM, "--events");
}

void listener_release(struct listener *listener)
{
	if (listener->log)
		free(listener->log->told);
	free(listener->asking.filter);
	free(listener->log);
}

static int error_of(const struct listener *listener)
{
	return listener->log ? listener->log->error : listener->error;
}

bool listener_is_on(const struct listener *listener)
{
	return listener->asking.len > 0 && error_of(listener) == 0;
}

const char *listener_why_not(const struct listener *listener)
{
	if (listener_is_on(listener))
		return NULL;
	if (!listener->is_wanted)
		return "nobody would be told (--exec, or neither --report nor "
		       "-v)";
	switch (error_of(listener)) {
	case 0:
		return "the policy refuses nothing that could be told";
	case EBUSY:
		return "jaillaunch itself runs under a seccomp listener";
	case EMFILE:
		return "--limit nofile leaves no descriptor for it";
	case E2BIG:
		return "this kernel's notices are longer than we know";
	case EPERM:
		return "a sandbox around jaillaunch forbids listeners";
	case EINVAL:
	case ENOSYS:
		return "this kernel has no seccomp listeners (Linux 5.0)";
	default:
		return "the kernel gave no listener";
	}
}

/* --- in the child */

static int load(const struct sock_fprog *program, unsigned long flags)
{
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);

	return fd < 0 ? -errno : (int)fd;
}

/*
 * Whatever keeps a listener from us: without it the jail is as tight, and less
 * is told.  (errno is the keeper's, too: only the words hang on it.)
 */
int listener_load(const struct listener *listener)
{
	const unsigned long asking = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int fd;

	if (listener->asking.len == 0)
		return load(&listener->plain, 0);
	/* Else a signal would break off what is being answered. */
	fd = load(&listener->asking,
		  asking | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (fd < 0)
		fd = load(&listener->asking, asking);
	if (fd >= 0) {
		listener->log->fd = fd;
		return 0;
	}
	listener->log->error = -fd;
	if (listener->is_required)
		return fd;
	return load(&listener->plain, 0);
}

/* --- in the keeper */

union notice {
	struct seccomp_notif call;
	char room[NOTICE_ROOM];
};

/* Nothing but a refusal can be said here. */
static bool refuse(int fd, uint64_t id, uint32_t error)
{
	union {
		struct seccomp_notif_resp refusal;
		char room[NOTICE_ROOM];
	} answer = {.room = {0}};

	answer.refusal.id = id;
	answer.refusal.error = -(int32_t)error;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0;
}

/* The caller is still there, and its number is nobody else's. */
static bool is_valid(int fd, uint64_t id)
{
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 ||
	       errno != ENOENT;
}

/* A held call, and what it comes to. */
struct held {
	int fd;
	uint64_t id;
};

/*
 * The signal that its caller will not outlive is pending, and it waits for
 * more than signals: it returns into it.
 */
static void let_go(void *data)
{
	const struct held *held = data;

	refuse(held->fd, held->id, EPERM);
}

static void note_culprit(struct refusal *kind, const struct culprit *culprit)
{
	kind->pid = culprit->number;
	memcpy(kind->comm, culprit->comm, sizeof(kind->comm));
}

static bool is_told(const struct listener_log *log, const struct refusal *kind)
{
	return log->told && kind && kind->count <= REFUSALS_TOLD_OF_A_KIND &&
	       log->n_told < REFUSALS_TOLD;
}

static void tell(struct listener_log *log, const struct seccomp_notif *call,
		 const struct refusal *kind, const struct culprit *culprit,
		 bool is_hard)
{
	struct refusal *told = &log->told[log->n_told];

	*told = *kind;
	memcpy(told->args, call->data.args, sizeof(told->args));
	told->n_hard = is_hard ? told->count : 0;
	note_culprit(told, culprit);
	__atomic_store_n(&log->n_told, log->n_told + 1, __ATOMIC_RELEASE);
}

static enum listener_result end_culprit(const struct culprit *culprit,
					struct held *held, struct refusal *kind)
{
	enum culprit_end end = culprit_kill(culprit, let_go, held);

	if (end == CULPRIT_LIVES && is_valid(held->fd, held->id))
		return LISTENER_FAILED;
	if (end == CULPRIT_BY_SIGKILL && kind)
		kind->n_hard++;
	return LISTENER_GOES_ON;
}

/* Looks who it was, and ends it if is_deadly. */
static enum listener_result deal_with(struct listener_log *log,
				      const struct seccomp_notif *call, int fd,
				      int proc_fd, struct refusal *kind,
				      bool is_deadly)
{
	const uint64_t n_hard = kind ? kind->n_hard : 0;
	enum listener_result result = LISTENER_GOES_ON;
	struct held held = {fd, call->id};
	struct culprit culprit;

	culprit_look(&culprit, (pid_t)call->pid, proc_fd);
	if (is_valid(fd, call->id)) {
		if (kind && kind->count == 1)
			note_culprit(kind, &culprit);
		if (is_deadly)
			result = end_culprit(&culprit, &held, kind);
		if (is_told(log, kind))
			tell(log, call, kind, &culprit, kind->n_hard != n_hard);
	}
	culprit_leave(&culprit);
	return result;
}

static enum listener_result refuse_held(const struct seccomp_notif *call,
					int fd, uint32_t error,
					struct refusal *kind)
{
	if (refuse(fd, call->id, error))
		return LISTENER_GOES_ON;
	if (is_valid(fd, call->id))
		return refuse(fd, call->id, error) ? LISTENER_GOES_ON
						   : LISTENER_FAILED;
	/* Broken off by a signal it may be made, and counted, again. */
	if (kind)
		kind->count--;
	return LISTENER_GOES_ON;
}

static enum listener_result answer(const struct listener *listener, int fd,
				   const struct seccomp_notif *call,
				   int proc_fd)
{
	struct filter_answer is = filter_run(&listener->plain, &call->data);
	struct refusal *kind =
		refusals_add(&listener->log->refusals, &call->data, is);
	bool is_deadly =
		(is.action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO;
	enum listener_result result = LISTENER_GOES_ON;

	if (is_deadly || (kind && kind->count == 1) ||
	    is_told(listener->log, kind))
		result = deal_with(listener->log, call, fd, proc_fd, kind,
				   is_deadly);
	if (!is_deadly)
		result = refuse_held(call, fd, is.action & SECCOMP_RET_DATA,
				     kind);
	return result;
}

int listener_take(const struct listener *listener)
{
	int fd = listener->log->fd;

	/* The two take turns: so they may do it on one processor. */
	if (fd >= 0)
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		      SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return fd;
}

enum listener_result listener_serve(const struct listener *listener,
				    const struct pollfd *ready, int proc_fd)
{
	union notice notice;
	int fd = ready->fd;

	if (!(ready->revents & POLLIN))
		return LISTENER_GOES_ON;
	memset(&notice, 0, sizeof(notice));
	/* ENOENT: it was broken off before we came. */
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
		return LISTENER_GOES_ON;
	return answer(listener, fd, &notice.call, proc_fd);
}
