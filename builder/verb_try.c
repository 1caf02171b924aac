/*
 * try: boots an enclave image in QEMU, shows its console, and plays its parent.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "console_text.h"
#include "eif_read.h"
#include "fdio.h"
#include "try_machine.h"
#include "try_parent.h"
#include "verbs.h"
#include "vhost_user.h"

#define MIB (UINT64_C(1) << 20)
#define LEAST_MEMORY 256 /* MiB: a distribution's kernel needs half of it */
#define MOST_MEMORY (1UL << 20)
#define MOST_SECONDS 86400
#define TICK 500 /* milliseconds: how often progress is shown */

struct args {
	const char *memory, *seconds;
	bool quiet, help;
};

static const struct opt options[] = {
	{'m', "memory", "MIB", OPT_INTO(struct args, memory),
	 "of the machine (default: four times the image)"},
	{0, "seconds", "N", OPT_INTO(struct args, seconds),
	 "end it after N seconds, which is a failure"},
	{'q', "quiet", NULL, OPT_INTO(struct args, quiet),
	 "the console and nothing else"},
	VERB_HELP(struct args),
	{0},
};

/* What the init says, of all that is on the console: its last line. */
struct said {
	char line[512]; /* that is being read, cut */
	size_t len;
	char last[512]; /* without INIT; empty: none */
};

#define INIT "jail-init: "

/* One enclave that is tried. */
struct trial {
	const char *name;
	struct eif *eif;
	struct try_machine *machine;
	struct try_parent *parent;
	struct vhost_user *vsock;
	int signals;
	unsigned long memory, seconds;
	struct timespec start;
	bool is_terminal; /* standard output: is kept from control bytes */
	bool has_progress, has_ended;
	struct said said;
	struct console_text text; /* shown on a terminal */
};

static int read_number(const char *option, const char *text, unsigned long most,
		       unsigned long *out, struct err *err)
{
	char *end = NULL;

	if (!text)
		return 0;
	errno = 0;
	*out = *text >= '1' && *text <= '9' ? strtoul(text, &end, 10) : 0;
	if (*out == 0 || *end || errno || *out > most)
		return err_set(err, ERR_USAGE, "%s %s: a number from 1 to %lu",
			       option, text, most);
	return 0;
}

static double elapsed(const struct trial *trial)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - trial->start.tv_sec) +
	       (double)(now.tv_nsec - trial->start.tv_nsec) / 1e9;
}

/* --- what is shown */

static void show_progress(const struct trial *trial)
{
	if (trial->has_progress)
		fprintf(stderr, "\rbooting, %.0f s ", elapsed(trial));
}

static void end_progress(struct trial *trial)
{
	if (trial->has_progress)
		fputs("\r\033[K", stderr);
	trial->has_progress = false;
}

static void end_line(struct said *said)
{
	said->line[said->len] = '\0';
	said->len = 0;
	if (strncmp(said->line, INIT, strlen(INIT)) == 0)
		memcpy(said->last, said->line + strlen(INIT),
		       sizeof(said->line) - strlen(INIT));
}

static void listen_to(struct said *said, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (bytes[i] == '\n')
			end_line(said);
		else if (bytes[i] != '\r' && said->len < sizeof(said->line) - 1)
			said->line[said->len++] = bytes[i];
	}
}

/* 1; 0 at its end; -1. */
static int show_console(struct trial *trial, struct err *err)
{
	char bytes[4096], plain[sizeof(bytes) + CONSOLE_TEXT_MORE];
	const char *shown = bytes;
	ssize_t len = read(trial->machine->console, bytes, sizeof(bytes));
	int error;

	if (len < 0)
		return err_sys(err, errno, "the console");
	if (len == 0)
		return 0;
	end_progress(trial);
	listen_to(&trial->said, bytes, (size_t)len);
	if (trial->is_terminal) {
		len = (ssize_t)console_text_pass(&trial->text, bytes,
						 (size_t)len, plain);
		shown = plain;
	}
	error = fd_write_full(STDOUT_FILENO, shown, (size_t)len);
	return error < 0 ? err_sys(err, -error, "standard output") : 1;
}

/* --- while it runs */

static int check_time(const struct trial *trial, struct err *err)
{
	if (trial->seconds == 0 || elapsed(trial) < (double)trial->seconds)
		return 0;
	return err_set(err, ERR_INPUT, "%s: still runs after %lu s",
		       trial->name, trial->seconds);
}

static int turn(struct trial *trial, struct err *err)
{
	struct pollfd fds[2 + VHOST_FDS] = {
		{.fd = trial->machine->console, .events = POLLIN},
		{.fd = trial->signals, .events = POLLIN},
	};
	int shown = 1;

	vhost_user_wait_for(trial->vsock, fds + 2);
	if (poll(fds, 2 + VHOST_FDS, TICK) < 0 && errno != EINTR)
		return err_sys(err, errno, "poll");
	if (fds[1].revents)
		return err_set(err, ERR_USAGE, "%s: interrupted", trial->name);
	if (vhost_user_serve(trial->vsock, fds + 2, err) < 0 ||
	    try_parent_work(trial->parent, trial->vsock, err) < 0)
		return -1;
	if (fds[0].revents)
		shown = show_console(trial, err);
	trial->has_ended = shown == 0;
	show_progress(trial);
	return shown < 0 ? -1 : check_time(trial, err);
}

static int watch_signals(struct err *err)
{
	sigset_t ours;
	int fd;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	fd = signalfd(-1, &ours, SFD_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "signalfd") : fd;
}

/* --- from the file to the end */

static int prepare(struct trial *trial, struct err *err)
{
	/* all of the configuration of a vsock device: the guest's CID */
	const uint64_t cid = htole64(TRY_ENCLAVE_CID);
	auto_free char *socket = NULL;

	if (trial->memory == 0)
		trial->memory = (unsigned long)(4 * trial->eif->size / MIB + 1);
	if (trial->memory < LEAST_MEMORY)
		trial->memory = LEAST_MEMORY;
	trial->signals = watch_signals(err);
	if (trial->signals < 0 || try_parent_make(&trial->parent, err) < 0 ||
	    try_machine_make(trial->eif, &trial->machine, err) < 0 ||
	    try_machine_socket(trial->machine, &socket, err) < 0)
		return -1;
	return vhost_user_listen(socket, &cid, sizeof(cid), &trial->vsock, err);
}

/*
 * What it came to: as it was told over vsock, else as the init says on the
 * console.  A machine whose kernel panics ends like any other.
 */
static int judge(const struct trial *trial, struct err *err)
{
	const struct try_told *told = try_parent_told(trial->parent);

	if (told->port != 0)
		return strcmp(told->words, "exited 0") == 0
			       ? 0
			       : err_set(err, ERR_INPUT, "%s: told port %u: %s",
					 trial->name, told->port, told->words);
	if (*trial->said.last == '\0')
		return err_set(err, ERR_INPUT,
			       "%s: ended, and its init did not say how",
			       trial->name);
	return strcmp(trial->said.last, "exited 0") == 0
		       ? 0
		       : err_set(err, ERR_INPUT, "%s: its init said: %s",
				 trial->name, trial->said.last);
}

static void tell(const struct trial *trial)
{
	fprintf(stderr, "jailbake: %s: ended after %.1f s, %s\n", trial->name,
		elapsed(trial),
		try_parent_told(trial->parent)->has_greeted
			? "with a heartbeat"
			: "without a heartbeat");
}

static int try_it(struct trial *trial, const struct args *args, struct err *err)
{
	int result;

	clock_gettime(CLOCK_MONOTONIC, &trial->start);
	trial->is_terminal = isatty(STDOUT_FILENO);
	trial->has_progress = !args->quiet && isatty(STDERR_FILENO);
	if (prepare(trial, err) < 0 ||
	    try_machine_start(trial->machine, trial->eif, trial->memory, err) <
		    0)
		return -1;
	do
		result = turn(trial, err);
	while (result == 0 && !trial->has_ended);
	end_progress(trial);
	if (result < 0 || try_machine_end(trial->machine, err) < 0)
		return -1;
	if (!args->quiet)
		tell(trial);
	return judge(trial, err);
}

static void trial_clear(struct trial *trial)
{
	try_machine_free(trial->machine);
	vhost_user_free(trial->vsock);
	try_parent_free(trial->parent);
	eif_free(trial->eif);
	if (trial->signals >= 0)
		close(trial->signals);
}

static int run(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	struct trial trial = {.signals = -1};
	char **files;
	int status = verb_parse(&verb_try, options, argc, argv, &args,
				&args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	trial.name = files[0];
	if (read_number("--memory", args.memory, MOST_MEMORY, &trial.memory,
			err) < 0 ||
	    read_number("--seconds", args.seconds, MOST_SECONDS, &trial.seconds,
			err) < 0 ||
	    eif_open(trial.name, &trial.eif, err) < 0)
		return -1;
	status = try_it(&trial, &args, err);
	trial_clear(&trial);
	return status;
}

const struct bake_verb verb_try = {
	.name = "try",
	.usage = "[--memory MIB] [--seconds N] FILE",
	.help = "boot an enclave image in QEMU, and show its console",
	.run = run,
};
