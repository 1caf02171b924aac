#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "given_fd.h"
#include "json.h"
#include "layer.h"
#include "plan.h"
#include "refusal_words.h"
#include "spec.h"
#include "syscall_guard.h"

/* No more than a pipe takes without blocking once it is said to be ready. */
#define MOST_LINE 4000
#define LAST_MILLISECONDS 1000 /* so long the last one may wait */

struct events {
	int fd;
	bool is_broken; /* half a line is there, or nobody: no more is written */
	struct timespec start;
	unsigned n_attempts;
	uint32_t n_refused; /* of those that the keeper told */
	uint64_t n_lost;
	int why_lost; /* errno of the last; 0: it was not taken in time */
	size_t len; /* of the line; more than there is room for: it is cut */
	char line[MOST_LINE];
};

static int open_file(const char *where, mode_t mode, struct err *err)
{
	int fd =
		open(where, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC,
		     mode);

	return fd < 0 ? err_sys_kind(err, ERR_USAGE, errno, "--events %s",
				     where)
		      : fd;
}

int events_open(const char *where, mode_t mode, struct events **out,
		struct err *err)
{
	auto_of(events) struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return err_sys(err, ENOMEM, "--events");
	clock_gettime(CLOCK_MONOTONIC, &events->start);
	events->fd = given_fd_is(where) ? given_fd_copy("--events", where, err)
					: open_file(where, mode, err);
	if (events->fd < 0)
		return -1;
	*out = TAKE(events);
	return 0;
}

/* --- a line */

static void add(struct events *events, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct events *events, const char *format, ...)
{
	size_t room = sizeof(events->line) - events->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(events->line + events->len, room, format, args);
	va_end(args);
	/* What does not fit leaves the line as it was; finish() sees it. */
	events->len += n < 0 || (size_t)n >= room ? room - 1 : (size_t)n;
}

static void add_text(struct events *events, const char *text)
{
	char character[JSON_CHARACTER_MAX];

	add(events, "\"");
	while (*text) {
		text += json_character(text, character);
		add(events, "%s", character);
	}
	add(events, "\"");
}

static void add_string(struct events *events, const char *key,
		       const char *value)
{
	add(events, ",\"%s\":", key);
	if (value)
		add_text(events, value);
	else
		add(events, "null");
}

static void add_number(struct events *events, const char *key, int64_t value)
{
	add(events, ",\"%s\":%" PRId64, key, value);
}

static void begin(struct events *events, const char *name)
{
	struct timespec now;
	int64_t microseconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	microseconds = (int64_t)(now.tv_sec - events->start.tv_sec) * 1000000 +
		       (now.tv_nsec - events->start.tv_nsec) / 1000;
	events->len = 0;
	add(events, "{\"event\":\"%s\",\"time\":%" PRId64 ".%06" PRId64, name,
	    microseconds / 1000000, microseconds % 1000000);
	if (events->n_lost)
		add_number(events, "lost", (int64_t)events->n_lost);
}

/* Whoever reads may be gone: that must end nobody. */
static ssize_t write_quietly(int fd, const char *data, size_t len)
{
	const struct timespec none = {0, 0};
	sigset_t pipe, before;
	ssize_t n;
	int error;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe, &before);
	do {
		n = write(fd, data, len);
	} while (n < 0 && errno == EINTR);
	error = errno;
	if (n < 0 && error == EPIPE)
		sigtimedwait(&pipe, NULL, &none);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return n;
}

static void lose(struct events *events, int why)
{
	events->n_lost++;
	events->why_lost = why;
}

/* Waits no longer than that for who reads. */
static void finish(struct events *events, int milliseconds)
{
	struct pollfd ready = {events->fd, POLLOUT, 0};
	ssize_t n;

	add(events, "}\n");
	if (events->is_broken) {
		lose(events, events->why_lost);
		return;
	}
	if (events->len >= sizeof(events->line) - 1) {
		lose(events, EMSGSIZE);
		return;
	}
	if (poll(&ready, 1, milliseconds) <= 0) {
		lose(events, 0);
		return;
	}
	n = write_quietly(events->fd, events->line, events->len);
	if (n == (ssize_t)events->len) {
		events->n_lost = 0;
		return;
	}
	/* Half a line: a disk or a quota that was full in the middle of it. */
	lose(events, n >= 0 ? ENOSPC : errno == EAGAIN ? 0 : errno);
	events->is_broken = n >= 0 || events->why_lost == EPIPE;
}

/* --- what happens */

static void add_layers(struct events *events, const struct plan *plan)
{
	const char *separator = "";
	size_t i;

	add(events, ",\"layers\":[");
	for (i = 0; i < plan->n; i++) {
		if (!plan->rows[i].is_on)
			continue;
		add(events, "%s\"%s\"", separator, plan->rows[i].layer->name);
		separator = ",";
	}
	add(events, "]");
}

static void add_namespaces(struct events *events,
			   const struct namespaces *namespaces)
{
	const char *separator = "";
	size_t i;

	add(events, ",\"namespaces\":[");
	for (i = 0; i < N_NAMESPACES; i++) {
		if (!namespaces_have(namespaces, (enum namespace)i))
			continue;
		add(events, "%s\"%s\"", separator, namespace_rows[i].name);
		separator = ",";
	}
	add(events, "]");
}

void events_prepared(struct events *events, const struct plan *plan)
{
	if (!events)
		return;
	events->n_refused = 0;
	begin(events, "prepared");
	add_number(events, "attempt", ++events->n_attempts);
	add_layers(events, plan);
	add_namespaces(events, &plan->spec->namespaces);
	finish(events, 0);
}

void events_started(struct events *events, pid_t pid)
{
	if (!events)
		return;
	begin(events, "started");
	add_number(events, "pid", pid);
	finish(events, 0);
}

static void add_arguments(struct events *events, const struct refusal *refusal)
{
	size_t i;

	add(events, ",\"arguments\":[");
	for (i = 0; i < 6; i++)
		add(events, "%s\"%#" PRIx64 "\"", i ? "," : "",
		    refusal->args[i]);
	add(events, "]");
}

static void tell_refusal(struct events *events, const struct refusal *refusal,
			 const struct policy_request *request)
{
	struct refusal_words words = refusal_words(refusal, request);
	char comm[sizeof(refusal->comm) + 1] = {0}, rule[96], room[16];

	memcpy(comm, refusal->comm, sizeof(refusal->comm));
	snprintf(rule, sizeof(rule), "%s%s", words.row ? "@" : "", words.rule);
	begin(events, "denied");
	add_string(events, "syscall", words.call);
	add_number(events, "number", refusal->number);
	add_arguments(events, refusal);
	add_string(events, "rule", rule);
	add_number(events, "nth", (int64_t)refusal->count);
	add_number(events, "pid", refusal->pid);
	add_string(events, "comm", *comm ? comm : NULL);
	add_string(events, refusal_is_kill(refusal) ? "kill" : "errno",
		   refusal_answer(refusal, room));
	finish(events, 0);
}

void events_refused(struct events *events, const struct plan *plan)
{
	const struct syscall_guard *guard = events ? plan_guard(plan) : NULL;
	const struct listener_log *log = guard ? guard->listener.log : NULL;
	uint32_t n;

	if (!log || !log->told)
		return;
	n = __atomic_load_n(&log->n_told, __ATOMIC_ACQUIRE);
	while (events->n_refused < n)
		tell_refusal(events, &log->told[events->n_refused++],
			     &guard->policy.request);
}

static void tell_signal(struct events *events, const char *name, int signal)
{
	if (!events)
		return;
	begin(events, name);
	add_number(events, "signal", signal);
	finish(events, 0);
}

void events_stopped(struct events *events, int signal)
{
	tell_signal(events, "stopped", signal);
}

void events_forwarded(struct events *events, int signal)
{
	tell_signal(events, "signal", signal);
}

void events_continued(struct events *events)
{
	if (!events)
		return;
	begin(events, "continued");
	finish(events, 0);
}

static void tell_limits(struct events *events, const struct outcome *outcome)
{
	size_t i;

	for (i = 0; outcome->has_run && i < N_LIMITS; i++) {
		if (!outcome_has_met(outcome, (enum limit)i))
			continue;
		begin(events, "limit");
		add_string(events, "limit", limit_rows[i].name);
		finish(events, LAST_MILLISECONDS / N_LIMITS);
	}
}

void events_ended(struct events *events, const struct outcome *outcome,
		  const struct err *failure)
{
	if (!events)
		return;
	tell_limits(events, outcome);
	begin(events, "ended");
	add_string(events, "outcome", outcome_kind_names[outcome->kind]);
	add_number(events, "exit_status", outcome_status(outcome));
	if (outcome->kind == OUTCOME_SIGNALED)
		add_number(events, "signal", outcome->signal);
	if (failure)
		add_string(events, "error", failure->msg);
	finish(events, LAST_MILLISECONDS);
}

uint64_t events_lost(const struct events *events, const char **why)
{
	/* Who closed his end of a pipe wants no more. */
	if (!events || events->why_lost == EPIPE)
		return 0;
	*why = events->why_lost ? strerror(events->why_lost)
				: "who reads them did not in time";
	return events->n_lost;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	if (events->fd >= 0)
		close(events->fd);
	free(events);
}
