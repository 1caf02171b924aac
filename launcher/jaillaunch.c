/*
 * jaillaunch: runs a program in a jail.
 *
 * The order of confinement is layers.c, the processes are keeper.h, what is
 * decided about a launch is spec.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "capability.h"
#include "completion.h"
#include "destination.h"
#include "devices.h"
#include "doctor.h"
#include "guise.h"
#include "known_device.h"
#include "launch.h"
#include "opts.h"
#include "outcome.h"
#include "policy/policy_options.h"
#include "policy_command.h"
#include "policy_name.h"
#include "printed.h"
#include "requirement.h"
#include "spec.h"
#include "store_verbs.h"

/* clang-format off */
#define SPEC(member) OPT_INTO(struct args, spec.member)
static const struct opt options[] = {
	{'i', "image", "FILE", OPT_INTO(struct args, image.file),
	 "image to run in"},
	{'r', "root", "DIR", OPT_INTO(struct args, image.root),
	 "an existing directory instead of an image"},
	{'u', "user", "USER", SPEC(user),
	 "name (of the jail's /etc/passwd) or number"},
	{'g', "group", "GROUP", SPEC(group),
	 "another group than the user's"},
	{0, "no-groups", NULL, SPEC(no_groups), "no supplementary groups"},
	{0, "uid-pool", "FIRST-LAST", SPEC(uid_pool),
	 "a uid of these that no other jail has"},
	{0, "allow-root", NULL, SPEC(allow_root), "let uid 0 or gid 0 be used"},
	{'d', "chdir", "DIR", SPEC(chdir), "start directory, in the jail"},
	{'e', "env", "K[=V]", SPEC(env),
	 "set a variable, or hand on the caller's"},
	{0, "keep-env", NULL, SPEC(keep_env),
	 "hand on the caller's whole environment"},
	{'n', "no-net", NULL, SPEC(net_none), "the same as --net none"},
	{0, "net", "NET", SPEC(net), "none (the default), host, or private: only lo"},
	{0, "ns", "auto|none|LIST", SPEC(namespaces),
	 "own namespaces: pid ipc uts cgroup net mnt"},
	{0, "hostname", "NAME", SPEC(hostname), "host name that the jail sees"},
	{'I', "insecure", NULL, SPEC(insecure), "no seccomp"},
	{0, "seccomp", "NAME|FILE", SPEC(seccomp),
	 "default strict cape cape-deny none, or a file"},
	{0, "syscall-allow", "LIST", SPEC(syscall_allow),
	 "allow system calls too: names or @groups"},
	{0, "syscall-deny", "LIST", SPEC(syscall_deny),
	 "deny system calls too"},
	{0, "syscall-block", "LIST", SPEC(syscall_deny), NULL},
	{0, "deny-action", "ACTION", SPEC(deny_action),
	 "answer what is denied by kill, errno[:E] or log"},
	{0, "landlock", "auto|none", SPEC(landlock),
	 "keep processes outside apart where the kernel can"},
	{0, "landlock-read", "PATH", SPEC(landlock_read),
	 "only paths that are named can be opened: to read"},
	{0, "landlock-write", "PATH", SPEC(landlock_write),
	 "likewise: to read and write"},
	{0, "caps", "LIST", SPEC(caps),
	 "capabilities kept in the bounding set"},
	{0, "ambient-caps", "LIST", SPEC(ambient_caps),
	 "of these, those that the program has"},
	{0, "limit", "K=V", SPEC(limits),
	 "limit memory pids cpus cpu-time wall-time ..."},
	{0, "bind", "SRC:DST[:rw]", SPEC(binds),
	 "mount a file or directory of the host"},
	{0, "tmpfs", "DST[:SIZE]", SPEC(tmpfs),
	 "mount an empty file system, of memory"},
	{0, "writable", "[=SIZE]", SPEC(writable),
	 "let the root be written to; gone at the end"},
	{0, "persist", "DIR", SPEC(persist),
	 "the same, but kept in DIR"},
	{0, "read-only", NULL, SPEC(read_only),
	 "with -r: nobody can write to the root"},
	{0, "proc", NULL, SPEC(proc),
	 "mount /proc: of the jail's own processes alone"},
	{0, "no-pin", NULL, OPT_INTO(struct args, image.no_pin),
	 "keep no mount of the image for later launches"},
	{0, "copy", "SRC:DST", OPT_INTO(struct args, image.copies),
	 "copy a file or tree in (unpacks the image)"},
	{0, "store", "DIR|none", OPT_INTO(struct args, image.store),
	 "where compressed images are kept decompressed"},
	{0, "dev", "LIST", OPT_INTO(struct args, image.devices),
	 "devices: " KNOWN_DEVICE_WORDS},
	{0, "keep-fd", "N", SPEC(keep_fds), "leave a descriptor open"},
	{0, "tty", "auto|yes|no", OPT_INTO(struct args, tty),
	 "a terminal of the jail's own (auto: on one)"},
	{0, "exec", NULL, SPEC(in_place),
	 "no supervisor: the program gets our process id"},
	{0, "spec", "FILE", SPEC(spec_files),
	 "launch settings in the manifest's grammar"},
	{0, "oci", "CONFIG.json", OPT_INTO(struct args, oci_file),
	 "launch settings of an OCI runtime"},
	{0, "report", "FILE|fd:N", OPT_INTO(struct args, report),
	 "write a JSON report of the launch"},
	{0, "events", "FILE|fd:N", SPEC(events),
	 "write JSON lines of what happens, as it does"},
	{0, "require", "LAYERS", SPEC(require),
	 "fail unless these are really there"},
	{0, "explain", NULL, OPT_INTO(struct args, explain),
	 "print what would be done, and why; do nothing"},
	{0, "completion", "bash|zsh", OPT_INTO(struct args, completion),
	 "print what the shell completes, as its script"},
	{'v', "verbose", NULL, OPT_INTO(struct args, verbose),
	 "say on standard error what is done"},
	{'q', "quiet", NULL, OPT_INTO(struct args, quiet),
	 "no warnings"},
	{'h', "help", NULL, OPT_INTO(struct args, help), "print this"},
	{0, "version", NULL, OPT_INTO(struct args, version),
	 "print the version"},
	/* Watch mode; --read would be short for --read-only. */
	{0, "read", "PATH", OPT_NOT_YET, NULL},
	{0, "write", "PATH", OPT_NOT_YET, NULL},
	{0, "on-violation", "kill|deny|log", OPT_NOT_YET, NULL},
	{0, "learn", "DIR", OPT_NOT_YET, NULL},
	{0},
};
/* clang-format on */

static const char *policy_name(size_t i)
{
	return policy_names[i];
}

static const char *limit_name(size_t i)
{
	return i < N_LIMITS ? limit_rows[i].name : NULL;
}

static const char *capability_name(size_t i)
{
	return i < N_CAPABILITIES ? capability_names[i] : NULL;
}

static const char *action_name(size_t i)
{
	static const char *const names[] = {"kill", "errno", "log"};

	return i < sizeof(names) / sizeof(*names) ? names[i] : NULL;
}

static int print_completion(const char *shell, struct err *err)
{
	static const char *const store[] = {"list", "prune", NULL};
	static const char *const policy[] = {"show", "explain", "check", NULL};
	static const char *const none[] = {NULL};
	static const struct completion_words words[] = {
		{"seccomp", policy_name, 0, false},
		{"limit", limit_name, '=', false},
		{"dev", device_name, 0, true},
		{"caps", capability_name, 0, true},
		{"ambient-caps", capability_name, 0, true},
		{"deny-action", action_name, 0, false},
		{"require", requirement_name, 0, true},
		{0},
	};
	static const struct completion_verb rows[] = {
		{"store", store_options, store},
		{"policy", policy_options, policy},
		{"doctor", doctor_options, none},
		{NULL, options, NULL},
		{0},
	};
	static const struct completion completion = {"jaillaunch", true, rows,
						     words};

	return completion_print(&completion, shell, stdout, err) < 0
		       ? STATUS_FAILED
		       : 0;
}

static int print_help(void)
{
	fputs("usage: jaillaunch [OPTIONS] (-i IMAGE | -r DIR) [--] [PROGRAM "
	      "[ARG...]]\n"
	      "       jaillaunch store list [--json] | store prune [--all]\n"
	      "       jaillaunch policy show | explain | check (see policy "
	      "--help)\n"
	      "       jaillaunch doctor [--json]\n\n"
	      "Runs PROGRAM (default: the image's entry) in a jail: another "
	      "root, an ordinary\nuser, no capabilities, no network, a short "
	      "list of what the kernel does for it.\n\n",
	      stdout);
	opts_help(options, stdout);
	fputs("\nExit status: the program's; 128+N: signal N killed it; 124: a "
	      "time limit ended\nit; 125: jaillaunch failed; 126: it cannot be "
	      "executed; 127: it was not found.\n",
	      stdout);
	return 0;
}

static int print_version(void)
{
	puts("jaillaunch " JAIL_VERSION);
	return 0;
}

static int check_args(const struct args *args, struct err *err)
{
	if ((args->report || args->spec.events) && args->spec.in_place)
		return err_set(err, ERR_USAGE,
			       "%s needs the supervisor that --exec leaves out",
			       args->report ? "--report" : "--events");
	if (args->report && args->spec.events &&
	    destinations_clash(args->report, args->spec.events))
		return err_set(err, ERR_USAGE,
			       "--report and --events both write %s, and one "
			       "would lose what the other writes: name two "
			       "files, or a pipe",
			       args->spec.events);
	return requirements_read(&args->spec.require, err);
}

/* What a configuration says comes first, so that what is typed counts. */
static int parse_oci(int argc, char **argv, struct args *args, int *first,
		     struct err *err)
{
	struct oci_config config;
	int unused;

	if (oci_load(args->oci_file, &config, err) < 0)
		return -1;
	args_free(args);
	*args = (struct args){.oci = config};
	if (opts_parse(options, true, (int)config.n_options, config.options,
		       args, &unused, err) < 0)
		return err_context(err, "--oci %s", config.name);
	if (opts_parse(options, true, argc, argv, args, first, err) < 0)
		return -1;
	if (!args->image.file && !args->image.root)
		args->image.root = config.root;
	oci_settle(&args->oci, &args->spec);
	args->spec.policy_text = config.policy;
	args->spec.policy_name = config.policy_name;
	return 0;
}

static int parse(int argc, char **argv, struct args *args, int *first,
		 struct err *err)
{
	if (opts_parse(options, true, argc, argv, args, first, err) < 0)
		return -1;
	return args->oci_file ? parse_oci(argc, argv, args, first, err) : 0;
}

static int run_command_line(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	int first, status = STATUS_FAILED;

	if (parse(argc, argv, &args, &first, err) == 0) {
		char **program = argv[first] || !args.oci_file
					 ? argv + first
					 : args.oci.arguments;

		if (args.help)
			status = print_help();
		else if (args.version)
			status = print_version();
		else if (args.completion)
			status = print_completion(args.completion, err);
		else if (check_args(&args, err) == 0)
			status = launch_run(&args, program, err);
	}
	args_free(&args);
	return status;
}

/* By another program's command line, and with its words and statuses. */
static int run_guise(const struct guise *guise, int argc, char **argv,
		     struct err *err)
{
	struct guise_words words = {0};
	struct args args = {0};
	int status = STATUS_FAILED, first;

	if (guise->parse(argc, argv, &words, &args, &first, err) == 0) {
		args.program = guise->name;
		if (words.help)
			status = guise->help(stdout);
		else
			status = launch_run(&args, argv + first, err);
	}
	if (err->kind != ERR_NONE && guise->failure_status)
		status = words.in_flags ? guise->flag_status
					: guise->failure_status;
	args_free(&args);
	guise_words_free(&words);
	return status;
}

/* The first word, where it is no option; else a program is launched. */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv, struct err *err);
} verbs[] = {
	{"store", store_verbs},
	{"policy", policy_command},
	{"doctor", doctor},
};

static int run_verb_or_launch(int argc, char **argv, struct err *err)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1, err);
	return run_command_line(argc, argv, err);
}

int main(int argc, char **argv)
{
	const struct guise *guise = guise_find(argc > 0 ? argv[0] : NULL);
	struct err err = {0};
	int status = guise ? run_guise(guise, argc, argv, &err)
			   : run_verb_or_launch(argc, argv, &err);

	if (status == 0 && printed_check(stdout, &err) < 0)
		status = guise && guise->failure_status ? guise->failure_status
							: STATUS_FAILED;
	if (err.kind != ERR_NONE)
		err_print(guise ? guise->name : "jaillaunch", &err);
	return status;
}
