#include "launch.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "caller.h"
#include "capability.h"
#include "cgroup.h"
#include "enforcement.h"
#include "events.h"
#include "home_give.h"
#include "image_open.h"
#include "mount_calls.h"
#include "mount_wants.h"
#include "oci_load.h"
#include "oom_score.h"
#include "opts.h"
#include "outcome.h"
#include "output.h"
#include "plan.h"
#include "printed.h"
#include "report.h"
#include "requirement.h"
#include "spec.h"
#include "supervise.h"
#include "syscall_guard.h"
#include "terminal.h"

/* All that a launch came to; what it did not come to is NULL. */
struct launch {
	struct image *image;
	struct jail_spec *spec;
	struct {
		struct image image;
		struct jail_spec spec;
	} room; /* for these: each from a heap would be a page of its own */
	struct cgroup *cgroup;
	struct output *output;
	struct plan *plan;
	struct outcome outcome;
	/* What earlier attempts taught: */
	unsigned n_tries;
	const char *no_mount; /* of the image: why it is of no use, or NULL */
	bool no_detached; /* so is a mount of it that is nowhere */
	struct namespace_lacks lacks;
	bool has_foreign_home; /* mounted, it cannot be given to own_uid */
	struct {
		char digest[SHA256_HEX_SIZE];
	} filled; /* what they put in the store; or "" */
	struct terminal *terminal;
	struct events *events; /* or NULL */
	struct manifest *spec_file; /* of --spec, or NULL */
};

/* What the caller ought to know, once, on standard error. */
static void warn(const struct args *args, const struct jail_spec *spec)
{
	const char *program = args->program ? args->program : "jaillaunch";

	if (!spec->seccomp && !args->quiet)
		fprintf(stderr,
			"%s: warning: no seccomp: the program may make every "
			"system call\n",
			program);
	if (spec->deny_action && strcmp(spec->deny_action, "log") == 0 &&
	    !args->quiet)
		fprintf(stderr,
			"%s: warning: --deny-action log: what the policy "
			"denies is allowed, and in the kernel's log\n",
			program);
}

/* Whoever reads them could take the last line for the end. */
static void warn_lost(const struct args *args, const struct events *events)
{
	const char *why = "";
	uint64_t n = events_lost(events, &why);

	if (n && !args->quiet)
		fprintf(stderr,
			"%s: warning: --events %s: the last %ju line%s lost: "
			"%s\n",
			args->program ? args->program : "jaillaunch",
			args->spec.events, (uintmax_t)n,
			n == 1 ? " was" : "s were", why);
}

/* No method that mounts has what it needs: another way to the image is left. */
static bool can_learn_mounts(const struct launch *launch,
			     const struct root_choice *root)
{
	return !launch->no_mount && launch->spec && launch->image &&
	       launch->spec->root_is_mounted && root->used == ROOT_NONE &&
	       mount_is_missing(root->passed[ROOT_ATTACHED].error);
}

/* How the root is entered; a failure teaches what a launch would learn. */
static int try_root(struct launch *launch, struct root_choice *out,
		    struct err *err)
{
	if (plan_try(launch->plan, out, err) < 0)
		return -1;
	if (!can_learn_mounts(launch, out))
		return 0;
	launch->outcome.root = *out;
	return err_set(err, ERR_HOST, "layer root: it cannot be mounted in");
}

/* From what the root comes, by which method, and why by no other. */
static void explain_root(const struct launch *launch,
			 const struct root_choice *choice, FILE *out)
{
	const struct image *image = launch->image;
	size_t i;

	if (image->way != IMAGE_DIRECTORY)
		fprintf(out, "the image is  %s\n", image_way_words(image));
	if (*image->why.msg)
		fprintf(out, "  %s because  %s\n",
			image->way == IMAGE_UNPACKED ? "unpacked" : "unpinned",
			image->why.msg);
	for (i = 0; i < N_ROOT_METHODS; i++) {
		char words[128];

		if (choice->passed[i].error == 0)
			continue;
		root_choice_why(choice, i, words, sizeof(words));
		fprintf(out, "entered not by %s: %s\n", root_method_names[i],
			words);
	}
	if (choice->used != ROOT_CHROOT || image->way != IMAGE_DIRECTORY)
		fprintf(out, "entered by    %s\n",
			root_method_names[choice->used]);
	if (choice->proc)
		fprintf(out, "/proc         with %s\n",
			root_proc_options[choice->proc]);
}

static void explain_terminal(const struct terminal *terminal, FILE *out)
{
	fprintf(out, "terminal      %s%s%s\n", terminal_name(terminal),
		*terminal->why_not ? "  " : "", terminal->why_not);
}

static void explain_own_uid(const struct own_uid *own, FILE *out)
{
	if (own && own->ipc.queues_error)
		fprintf(out, "POSIX queues of the uid are not seen: %s\n",
			strerror(own->ipc.queues_error));
}

static void explain_oom_score(FILE *out)
{
	const char *why_not = oom_score_why_not();

	if (why_not)
		fprintf(out, "OOM score     not raised: %s\n", why_not);
}

static int explain_plan(const struct args *args, struct launch *launch,
			FILE *out, struct err *err)
{
	struct root_choice choice;

	if (try_root(launch, &choice, err) < 0)
		return -1;
	oci_explain(&args->oci, out);
	plan_explain(launch->plan, out);
	namespaces_explain(&launch->spec->namespaces, out);
	explain_own_uid(launch->spec->own_uid, out);
	enforcement_explain(launch->spec, out);
	explain_oom_score(out);
	if (plan_guard(launch->plan))
		syscall_guard_explain(plan_guard(launch->plan), out);
	explain_terminal(launch->terminal, out);
	explain_root(launch, &choice, out);
	return 0;
}

static int explain(const struct args *args, struct launch *launch,
		   struct outcome *outcome, struct err *err)
{
	if (explain_plan(args, launch, stdout, err) < 0)
		return -1;
	if (printed_check(stdout, err) < 0)
		return -1;
	outcome->kind = OUTCOME_EXPLAINED;
	return 0;
}

/* To the uid of --uid-pool.  In a mounted image nothing can be changed. */
static int give_home(struct launch *launch, struct err *err)
{
	const struct jail_spec *spec = launch->spec;
	int is_closed;

	if (!spec->own_uid || launch->image->way == IMAGE_DIRECTORY)
		return 0;
	if (launch->image->way == IMAGE_UNPACKED)
		return home_give(spec, err);
	is_closed = home_is_closed(spec, err);
	if (is_closed == 1) {
		launch->has_foreign_home = true;
		return err_set(err, ERR_HOST,
			       "--uid-pool: only the image's own user may "
			       "enter %s",
			       spec->user.home);
	}
	return is_closed;
}

/* An image may be opened at several attempts: the first puts it there. */
static void note_filled(struct launch *launch)
{
	struct image *image = launch->image;

	if (!image->is_stored)
		return;
	if (image->stored.is_new)
		memcpy(launch->filled.digest, image->stored.digest,
		       sizeof(launch->filled.digest));
	else
		image->stored.is_new = strcmp(launch->filled.digest,
					      image->stored.digest) == 0;
}

/* Else the answers of a plain filter are quicker. */
static bool has_readers(const struct args *args)
{
	return args->report || args->verbose || args->explain ||
	       args->spec.events ||
	       requirements_have(&args->spec.require, "itemised");
}

static int prepare(const struct args *args, char *const *argv,
		   struct launch *launch, struct err *err)
{
	const struct terminal *terminal = launch->terminal;
	struct spec_input input = {
		.flags = &args->spec,
		.argv = argv,
		.terminal = terminal,
		.has_terminal = terminal->kind != TERMINAL_NONE,
		.has_foreground = terminal->in_foreground,
		.has_readers = has_readers(args),
		.lacks = &launch->lacks,
	};

	struct image_request request = args->image;

	request.has_terminal = input.has_terminal;
	request.no_detached = launch->no_detached;
	request.no_mount = launch->no_mount;
	if (image_open(&request, &launch->room.image, err) < 0)
		return -1;
	launch->image = &launch->room.image;
	note_filled(launch);
	if (launch->image->dir && args->spec.in_place)
		return err_set(err, ERR_USAGE,
			       "--exec with -i: nobody would be left to remove "
			       "the %s image (%s); unpack it and use -r",
			       launch->image->way == IMAGE_UNPACKED ? "unpacked"
								    : "mounted",
			       launch->image->why.msg);
	input.image = launch->image->manifest;
	input.root_fd = launch->image->root_fd;
	input.root_name = launch->image->name;
	input.root_is_image = launch->image->way != IMAGE_DIRECTORY;
	input.root_is_mounted = launch->image->way == IMAGE_PIN ||
				launch->image->way == IMAGE_MOUNT;
	input.root_is_pinned = launch->image->way == IMAGE_PIN;
	input.copies = args->image.copies;
	input.devices = launch->image->devices;
	if (!launch->spec_file && spec_read_files(&args->spec.spec_files,
						  &launch->spec_file, err) < 0)
		return -1;
	input.file = launch->spec_file;
	if (spec_make(&input, &launch->room.spec, err) < 0)
		return -1;
	launch->spec = &launch->room.spec;
	if (cgroup_make(launch->spec->limits, launch->spec->in_place,
			&launch->cgroup, err) < 0 ||
	    output_open(&launch->spec->limits[LIMIT_OUTPUT], terminal->replaces,
			&launch->output, err) < 0)
		return -1;
	launch->spec->cgroup = launch->cgroup;
	launch->spec->output = launch->output;
	if (give_home(launch, err) < 0 ||
	    plan_make(launch->spec, &launch->plan, err) < 0)
		return -1;
	return 0;
}

static int execute(const struct args *args, struct caller *caller,
		   struct launch *launch, struct err *err)
{
	const struct syscall_guard *guard = plan_guard(launch->plan);
	int result;

	if (launch->n_tries == 0) /* else it was said before */
		warn(args, launch->spec);
	if (args->verbose && explain_plan(args, launch, stderr, err) < 0)
		return -1;
	if (launch->spec->in_place)
		return supervise_not(launch->plan, &launch->outcome, err);
	result = supervise(launch->plan, caller, launch->terminal,
			   launch->events, &launch->outcome, err);
	if (args->verbose && guard && launch->outcome.has_run)
		syscall_guard_tell(guard, stderr);
	return result;
}

/* Of the last method that was tried; 0: none was, or one of them did. */
static int mount_error(const struct launch *launch)
{
	const struct root_choice *root = &launch->outcome.root;
	int error = 0;
	size_t i;

	for (i = 0; i < N_ROOT_METHODS && root->used == ROOT_NONE; i++)
		if (root->passed[i].error)
			error = root->passed[i].error;
	return error;
}

/* What wanted mounts, where a chroot would do; without root none does. */
static void name_wants(const struct launch *launch, struct err *err)
{
	const int error = mount_error(launch);
	char wants[160];
	bool is_rootless;

	if (!launch->spec || !mount_is_missing(error))
		return;
	is_rootless = namespaces_are_rootless(&launch->spec->namespaces);
	if (is_rootless && error == EINVAL)
		return; /* that of a mount: the layer says which can be had */
	mount_wants(launch->spec, wants, sizeof(wants));
	if (is_rootless)
		err_context(err,
			    "%s: mounts, which cannot be made here (run "
			    "jaillaunch as root, or where they can)",
			    *wants ? wants : "without root");
	else if (*wants)
		err_context(err,
			    "%s: mounts, which cannot be made here (jaillaunch "
			    "doctor says why; without these, a chroot does)",
			    wants);
}

/*
 * The image could be mounted, and no root be made of that; or its home has to
 * get another owner.  mount(2) can do nothing with a mount that is nowhere, but
 * with one that has a place; and a pin may have been pruned meanwhile.  Else the
 * image is unpacked, where a plain chroot will do.
 */
static bool learn_mounts(struct launch *launch)
{
	if (launch->has_foreign_home) {
		launch->no_mount = "its user's home is closed to the uid of "
				   "--uid-pool";
		return true;
	}
	if (!can_learn_mounts(launch, &launch->outcome.root))
		return false;
	if (launch->no_detached || launch->image->dir)
		launch->no_mount = "there is no way to mount in it";
	else
		launch->no_detached = true;
	return true;
}

/* The keeper has done it, unless there was none, or it was killed. */
static int remove_cgroup(const struct launch *launch, struct err *err)
{
	int error = cgroup_remove(launch->cgroup);

	return error < 0 ? err_sys(err, -error, "remove the jail's cgroup") : 0;
}

static bool learn_namespaces(struct launch *launch)
{
	const struct namespace_lacks *lacks = &launch->outcome.lacks;
	bool is_new = false;
	size_t i;

	for (i = 0; i < N_NAMESPACES; i++) {
		if (!lacks->error[i] || launch->lacks.error[i])
			continue;
		launch->lacks.error[i] = lacks->error[i];
		is_new = true;
	}
	return is_new;
}

/* All but what it taught. */
static void forget_attempt(struct launch *launch)
{
	plan_free(launch->plan);
	cgroup_free(launch->cgroup);
	output_free(launch->output);
	spec_release(launch->spec);
	image_release(launch->image);
	*launch = (struct launch){
		.outcome.kind = OUTCOME_FAILED,
		.n_tries = launch->n_tries + 1,
		.no_mount = launch->no_mount,
		.no_detached = launch->no_detached,
		.lacks = launch->lacks,
		.filled = launch->filled,
		.terminal = launch->terminal,
		.events = launch->events,
		.spec_file = launch->spec_file,
	};
}

/* The report is written whatever comes of the launch. */
static int write_report(const struct args *args, struct report *report,
			const struct launch *launch, const struct err *failure,
			struct err *err)
{
	struct report_facts facts = {
		.oci = &args->oci,
		.image = launch->image,
		.spec = launch->spec,
		.plan = launch->plan,
		.outcome = &launch->outcome,
		.terminal = launch->terminal,
		.failure = failure,
	};

	return report ? report_write(report, &facts, err) : 0;
}

/* 0: nothing more to say than the outcome does. */
static int run_launch(const struct args *args, char *const *argv,
		      struct caller *caller, struct launch *launch,
		      struct err *err)
{
	if (prepare(args, argv, launch, err) < 0)
		return -1;
	if (plan_prepare(launch->plan, err) < 0)
		return -1;
	if (args->explain && explain(args, launch, &launch->outcome, err) < 0)
		return -1;
	if (requirements_check(&args->spec.require, launch->plan, err) < 0) {
		launch->outcome.kind = OUTCOME_FAILED;
		return -1;
	}
	if (args->explain)
		return 0;
	return execute(args, caller, launch, err);
}

static int take_caller(const struct args *args, struct caller *caller,
		       struct terminal *terminal, struct err *err)
{
	if (caller_take(caller, err) < 0 ||
	    terminal_open(args->tty, args->spec.in_place, caller, terminal,
			  err) < 0)
		return -1;
	if (terminal_is_own(terminal))
		caller_keep_terminals(caller, terminal->replaces);
	return 0;
}

/*
 * To explain is not to try.  With --exec this process itself would enter a user
 * namespace, which it cannot leave to try again without what it lacks there.
 */
static bool learns_first(const struct args *args)
{
	return args->explain || args->verbose ||
	       (args->spec.in_place &&
		capability_is_effective(CAP_SYS_CHROOT) <= 0);
}

int launch_run(const struct args *args, char *const *argv, struct err *err)
{
	auto_of(report) struct report *report = NULL;
	/*
	 * Never freed: the process ends with it.  Static, so that it can still
	 * be reached then, by who looks for what leaks.
	 */
	static struct terminal terminal;
	static struct launch launch = {.outcome.kind = OUTCOME_FAILED,
				       .terminal = &terminal};
	struct err later = {0};
	struct caller caller;
	int result;

	if (take_caller(args, &caller, &terminal, err) < 0 ||
	    (args->report && report_open(args->report, 0644 & ~caller.umask,
					 &report, err) < 0) ||
	    (args->spec.events &&
	     events_open(args->spec.events, 0644 & ~caller.umask,
			 &launch.events, err) < 0))
		return STATUS_FAILED;
	if (learns_first(args))
		namespaces_learn(~0ul, args->spec.in_place, &launch.lacks);
	result = run_launch(args, argv, &caller, &launch, err);
	while (result < 0 &&
	       (learn_namespaces(&launch) || learn_mounts(&launch)) &&
	       remove_cgroup(&launch, &later) == 0) {
		forget_attempt(&launch);
		caller_take_again(&caller);
		*err = (struct err){0};
		result =
			terminal_open_again(&terminal, err) < 0
				? -1
				: run_launch(args, argv, &caller, &launch, err);
	}
	if (result < 0)
		name_wants(&launch, err);
	if (remove_cgroup(&launch, &later) < 0 ||
	    image_close(launch.image, &later) < 0 ||
	    write_report(args, report, &launch, result < 0 ? err : NULL,
			 &later) < 0) {
		launch.outcome.kind = OUTCOME_FAILED;
		if (result == 0) /* else the first failure is told */
			*err = later;
	}
	events_ended(launch.events, &launch.outcome,
		     err->kind == ERR_NONE ? NULL : err);
	warn_lost(args, launch.events);
	if (launch.spec)
		own_uid_forget(launch.spec->own_uid);
	return outcome_status(&launch.outcome);
}
