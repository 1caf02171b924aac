#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capability.h"
#include "fdio.h"
#include "json.h"
#include "layer.h"
#include "outcome.h"
#include "primitive.h"
#include "printed.h"
#include "user_namespace.h"

#define MOST_SECONDS 20 /* for one attempt */

struct args {
	bool json, help;
};

/* clang-format off */
const struct opt doctor_options[] = {
	{0, "json", NULL, OPT_INTO(struct args, json), "print JSON"},
	{'h', "help", NULL, OPT_INTO(struct args, help), "print this"},
	{0},
};
/* clang-format on */

/* What an attempt showed.  It crosses a pipe. */
struct finding {
	int32_t error; /* errno; 0: it is there */
	int32_t killed_by; /* instead: the signal that ended the attempt */
	char detail[120];
};

static int print_help(void)
{
	fputs("usage: jaillaunch doctor [--json]\n\n"
	      "Tries all that a launch can use, and says what is missing, why, "
	      "and what to do.\n\n",
	      stdout);
	opts_help(doctor_options, stdout);
	fputs("\nExit status: 0: programs can be launched here; else 125.\n",
	      stdout);
	return 0;
}

/* --- trying */

/*
 * Who is not root will have a user namespace, if he can: true.  Before the
 * process is made undumpable: its /proc/self would be root's.
 */
static bool enter_user_namespace(void)
{
	struct user_map map;

	if (capability_is_effective(CAP_SYS_CHROOT) > 0)
		return false;
	user_map_make(geteuid(), getegid(), &map);
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       user_map_write(&map) == 0;
}

/* In a process of its own. */
static void attempt(const struct primitive *primitive, int fd)
{
	struct finding finding = {0};
	const bool is_user_namespace = primitive->attempt == try_namespace &&
				       primitive->arg == CLONE_NEWUSER;

	if (!is_user_namespace && enter_user_namespace() &&
	    (primitive->attempt == try_groups ||
	     primitive->attempt == try_ids)) {
		snprintf(finding.detail, sizeof(finding.detail),
			 "not needed without root");
		fd_write_full(fd, &finding, sizeof(finding));
		_exit(0);
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core, if it is killed */
	signal(SIGALRM, SIG_DFL);
	alarm(MOST_SECONDS);
	finding.error = -primitive->attempt(primitive->arg, finding.detail,
					    sizeof(finding.detail));
	fd_write_full(fd, &finding, sizeof(finding));
	_exit(0);
}

static int await(pid_t pid, struct finding *finding, struct err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "doctor");
	if (WIFSIGNALED(status))
		*finding = (struct finding){.killed_by = WTERMSIG(status)};
	return 0;
}

static int find_out(const struct primitive *primitive, struct finding *out,
		    struct err *err)
{
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "doctor: make a pipe");
	pid = fork();
	if (pid == 0)
		attempt(primitive, ends[1]);
	close(ends[1]);
	n = pid < 0 ? -errno : fd_read_full(ends[0], out, sizeof(*out));
	close(ends[0]);
	if (n < 0)
		return err_sys(err, (int)-n, "doctor: try %s", primitive->name);
	if (await(pid, out, err) < 0)
		return -1;
	if (n != sizeof(*out) && !out->killed_by)
		return err_set(err, ERR_SYSTEM, "doctor: trying %s was ended",
			       primitive->name);
	return 0;
}

static bool is_there(const struct finding *finding)
{
	return finding->error == 0 && finding->killed_by == 0;
}

static void put_cause(const struct finding *finding, char *out, size_t size)
{
	if (finding->killed_by)
		snprintf(out, size, "trying it was ended by signal %d (%s)",
			 finding->killed_by, strsignal(finding->killed_by));
	else
		snprintf(out, size, "%s",
			 *finding->detail ? finding->detail
					  : strerror(finding->error));
}

static const char *remedy_for(const struct primitive *primitive,
			      const struct finding *finding)
{
	bool is_forbidden = finding->error == EPERM || finding->error == EACCES;

	return is_forbidden && geteuid() != 0 ? "run jaillaunch as root"
					      : primitive->remedy;
}

/* --- what follows */

static size_t count_primitives(void)
{
	size_t n = 0;

	while (primitives[n].name)
		n++;
	return n;
}

static bool is_of(const struct primitive *primitive, const struct layer *layer)
{
	return primitive->layer && strcmp(primitive->layer, layer->name) == 0;
}

/*
 * Why a layer cannot be had: the primitive that it cannot do without, or the
 * first of those of which it would need one.  NULL: it can.
 */
static const struct primitive *find_lack(const struct layer *layer,
					 const struct finding *findings)
{
	const struct primitive *lack = NULL;
	bool has_any = false;
	size_t i;

	for (i = 0; primitives[i].name; i++) {
		const struct primitive *primitive = &primitives[i];
		bool is_lacking = !is_there(&findings[i]);

		if (!is_of(primitive, layer))
			continue;
		if (primitive->need == NEED_FLOOR && is_lacking)
			return primitive;
		if (primitive->need != NEED_LAYER)
			continue;
		has_any |= !is_lacking;
		if (is_lacking && !lack)
			lack = primitive;
	}
	return has_any ? NULL : lack;
}

/* What a launch does without here; a layer that is left out says so itself. */
static bool is_lost(const struct primitive *primitive,
		    const struct finding *finding)
{
	return primitive->lost && !is_there(finding);
}

/* Filled with the names of what no launch can do without; "": all is there. */
static void name_missing(const struct finding *findings, char *out, size_t size)
{
	size_t i, len = 0;

	*out = '\0';
	for (i = 0; primitives[i].name; i++) {
		if (primitives[i].need != NEED_FLOOR || is_there(&findings[i]))
			continue;
		len += (size_t)snprintf(out + len, size - len, "%s%s",
					len ? ", " : "", primitives[i].name);
		if (len >= size)
			return;
	}
}

/* --- as text */

static void print_primitive(const struct primitive *primitive,
			    const struct finding *finding)
{
	char cause[192];

	if (is_there(finding)) {
		printf("%-15s ok%s%s\n", primitive->name,
		       *finding->detail ? "       " : "", finding->detail);
		return;
	}
	put_cause(finding, cause, sizeof(cause));
	printf("%-15s missing  %s; remedy: %s\n", primitive->name, cause,
	       remedy_for(primitive, finding));
}

static void print_layers(const struct finding *findings)
{
	size_t i;

	fputs("\nA launch here has the layers:", stdout);
	for (i = 0; layers[i]; i++)
		if (!find_lack(layers[i], findings))
			printf(" %s", layers[i]->name);
	putchar('\n');
	for (i = 0; layers[i]; i++) {
		const struct primitive *lack = find_lack(layers[i], findings);

		if (lack)
			printf("without layer %s (%s)\n", layers[i]->name,
			       lack->name);
	}
	for (i = 0; primitives[i].name; i++)
		if (is_lost(&primitives[i], &findings[i]))
			printf("without %s (%s)\n", primitives[i].lost,
			       primitives[i].name);
}

static int print_text(const struct finding *findings, const char *missing)
{
	size_t i;

	for (i = 0; primitives[i].name; i++)
		print_primitive(&primitives[i], &findings[i]);
	if (!*missing)
		print_layers(findings);
	return 0;
}

/* --- as JSON */

static void put_primitive(struct json *json, const struct primitive *primitive,
			  const struct finding *finding)
{
	static const char *const needs[] = {
		[NEED_FLOOR] = "floor",
		[NEED_LAYER] = "layer",
		[NEED_FEATURE] = "feature",
	};
	char cause[192];

	json_open(json, NULL, '{');
	json_string(json, "name", primitive->name);
	json_bool(json, "ok", is_there(finding));
	json_string(json, "need", needs[primitive->need]);
	json_string(json, "layer", primitive->layer);
	if (is_there(finding)) {
		if (*finding->detail)
			json_string(json, "detail", finding->detail);
	} else {
		put_cause(finding, cause, sizeof(cause));
		json_string(json, "cause", cause);
		json_string(json, "remedy", remedy_for(primitive, finding));
		if (primitive->lost)
			json_string(json, "lost", primitive->lost);
	}
	json_close(json, '}');
}

static void put_layers(struct json *json, const struct finding *findings)
{
	size_t i;

	json_open(json, "layers", '[');
	for (i = 0; layers[i]; i++) {
		const struct primitive *lack = find_lack(layers[i], findings);

		json_open(json, NULL, '{');
		json_string(json, "name", layers[i]->name);
		json_bool(json, "available", !lack);
		if (lack)
			json_string(json, "missing", lack->name);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static int print_json(const struct finding *findings, bool works,
		      struct err *err)
{
	auto_free char *text = NULL;
	struct json json;
	size_t i;

	if (json_start(&json) < 0)
		return err_sys(err, ENOMEM, "doctor");
	json_open(&json, NULL, '{');
	json_string(&json, "jaillaunch", JAIL_VERSION);
	json_number(&json, "format", 1);
	json_bool(&json, "works", works);
	json_open(&json, "primitives", '[');
	for (i = 0; primitives[i].name; i++)
		put_primitive(&json, &primitives[i], &findings[i]);
	json_close(&json, ']');
	put_layers(&json, findings);
	json_close(&json, '}');
	text = json_text(&json);
	if (!text)
		return err_sys(err, ENOMEM, "doctor");
	fputs(text, stdout);
	return 0;
}

/* --- the verb */

static int examine(bool as_json, struct err *err)
{
	auto_free struct finding *findings =
		calloc(count_primitives() + 1, sizeof(*findings));
	char missing[256];
	size_t i;

	if (!findings)
		return err_sys(err, ENOMEM, "doctor");
	for (i = 0; primitives[i].name; i++)
		if (find_out(&primitives[i], &findings[i], err) < 0)
			return -1;
	name_missing(findings, missing, sizeof(missing));
	if ((as_json ? print_json(findings, !*missing, err)
		     : print_text(findings, missing)) < 0 ||
	    printed_check(stdout, err) < 0)
		return -1;
	if (!*missing)
		return 0;
	return err_set(err, ERR_HOST,
		       "doctor: no program can be launched here without: %s%s",
		       missing, geteuid() ? "; run jaillaunch as root" : "");
}

int doctor(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	int first;

	if (opts_parse(doctor_options, false, argc, argv, &args, &first, err) <
	    0)
		return STATUS_FAILED;
	if (args.help)
		return print_help();
	if (first < argc) {
		err_set(err, ERR_USAGE, "doctor: \"%s\": it takes no operand",
			argv[first]);
		return STATUS_FAILED;
	}
	/* A caller's ignored SIGCHLD would reap what we wait for. */
	signal(SIGCHLD, SIG_DFL);
	return examine(args.json, err) < 0 ? STATUS_FAILED : 0;
}
