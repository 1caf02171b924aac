/*
 * jailbuild: a manifest becomes an image.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
#include "completion.h"
#include "epoch.h"
#include "explain.h"
#include "hints.h"
#include "image_check.h"
#include "image_write.h"
#include "launch_check.h"
#include "lockdown.h"
#include "manifest.h"
#include "opts.h"
#include "plan.h"
#include "presets.h"
#include "printed.h"
#include "progress.h"
#include "source.h"
#include "stripped.h"
#include "verify.h"

struct args {
	const char *output, *format, *sysroot, *print, *why, *verify,
		*completion;
	struct opt_list presets;
	bool no_index, show_tree, show_size, verbose, quiet, help, version;
};

static const struct opt options[] = {
	{'o', "output", "FILE", OPT_INTO(struct args, output),
	 "write the image to FILE; its suffix chooses the format"},
	{0, "format", "NAME", OPT_INTO(struct args, format),
	 "tar, tar.zst, tar.gz, tar.xz, cpio, squashfs, dir, oci"},
	{0, "no-index", NULL, OPT_INTO(struct args, no_index),
	 "write a plain tar, which cannot be mounted"},
	{0, "sysroot", "DIR", OPT_INTO(struct args, sysroot),
	 "take files from DIR instead of /"},
	{0, "presets", "DIR", OPT_INTO(struct args, presets),
	 "look for `use NAME` in DIR first"},
	{0, "print", "WHAT", OPT_INTO(struct args, print),
	 "print manifest, files, tree or lockdown instead"},
	{0, "why", "PATH", OPT_INTO(struct args, why),
	 "print why PATH is in the image"},
	{0, "tree", NULL, OPT_INTO(struct args, show_tree),
	 "print what each line of the manifest brings"},
	{0, "size", NULL, OPT_INTO(struct args, show_size),
	 "print where the bytes come from"},
	{0, "verify", "IMAGE", OPT_INTO(struct args, verify),
	 "check an image: its form, and every byte of it"},
	{0, "completion", "bash|zsh", OPT_INTO(struct args, completion),
	 "print what the shell completes, as its script"},
	{'v', "verbose", NULL, OPT_INTO(struct args, verbose),
	 "tell what was stripped and what may be missing"},
	{'q', "quiet", NULL, OPT_INTO(struct args, quiet), "no progress bar"},
	{'h', "help", NULL, OPT_INTO(struct args, help), "print this"},
	{0, "version", NULL, OPT_INTO(struct args, version),
	 "print the version"},
	{0},
};

static int exit_status(enum err_kind kind)
{
	static const int statuses[] = {
		[ERR_NONE] = 0,	 [ERR_USAGE] = 2, [ERR_MANIFEST] = 3,
		[ERR_INPUT] = 4, [ERR_HOST] = 5,  [ERR_SYSTEM] = 5,
	};

	return statuses[kind];
}

/* Everything that stands between a manifest and its image. */
struct job {
	const struct args *args;
	struct manifest *manifest;
	struct source *source;
	struct plan *plan;
};

static void job_clear(struct job *job)
{
	plan_free(job->plan);
	source_free(job->source);
	manifest_free(job->manifest);
}

static int print_help(void)
{
	printf("usage: jailbuild MANIFEST... -o IMAGE | -o oci:DIR\n"
	       "       jailbuild MANIFEST... --print=WHAT | --why PATH | "
	       "--tree | --size\n"
	       "       jailbuild --verify IMAGE\n\n");
	opts_help(options, stdout);
	return 0;
}

static int print_version(void)
{
	puts("jailbuild " JAIL_VERSION);
	return 0;
}

static int print_manifest(const struct job *job, struct err *err)
{
	return manifest_write(job->manifest, stdout, err);
}

static int print_files(const struct job *job, struct err *err)
{
	return plan_print_files(job->plan, stdout, err);
}

static int print_tree(const struct job *job, struct err *err)
{
	return tree_print(job->plan->tree, stdout, err);
}

static int print_lockdown(const struct job *job, struct err *err)
{
	lockdown_help(stdout);
	notes_print(&job->plan->notes, NOTE_LOCKDOWN, "- ", stdout);
	(void)err;
	return 0;
}

static int print_why(const struct job *job, struct err *err)
{
	return explain_why(job->plan->tree, job->source, job->args->why, stdout,
			   err);
}

static int print_brought(const struct job *job, struct err *err)
{
	return explain_tree(job->plan->tree, job->source, stdout, err);
}

static int print_size(const struct job *job, struct err *err)
{
	return explain_size(job->plan->tree, job->source, stdout, err);
}

/* What can be printed of a job, by the value of --print. */
static const struct view {
	const char *name;
	int (*print)(const struct job *job, struct err *err);
} views[] = {
	{"manifest", print_manifest},
	{"files", print_files},
	{"tree", print_tree},
	{"lockdown", print_lockdown},
};

/* The view that is asked for; NULL: an image. */
static int choose_view(const struct args *args, struct view *view,
		       struct err *err)
{
	int asked = !!args->print + !!args->why + args->show_tree +
		    args->show_size + !!args->output;

	*view = (struct view){0};
	if (asked != 1)
		return err_set(err, ERR_USAGE,
			       asked ? "one of -o, --print, --why, --tree, "
				       "--size at a time (--help)"
				     : "no output: -o FILE, or --print, "
				       "--why, --tree, --size (--help)");
	if (args->why)
		*view = (struct view){"why", print_why};
	if (args->show_tree)
		*view = (struct view){"tree", print_brought};
	if (args->show_size)
		*view = (struct view){"size", print_size};
	for (size_t i = 0; args->print && i < sizeof(views) / sizeof(*views);
	     i++)
		if (strcmp(args->print, views[i].name) == 0)
			*view = views[i];
	if (args->print && !view->print)
		return err_set(err, ERR_USAGE,
			       "--print=%s: known are manifest, files, tree, "
			       "lockdown",
			       args->print);
	return 0;
}

static int write_image(const struct job *job, struct err *err)
{
	struct progress progress;
	struct image_options image = {
		.output = job->args->output,
		.format = job->args->format,
		.no_index = job->args->no_index,
		.progress = job->args->quiet ? NULL : progress_update,
		.context = &progress,
	};
	int result;

	if (epoch_read(&image.mtime, err) < 0)
		return -1;
	if (strcmp(image.output, "-") == 0 && isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE,
			       "-o -: standard output is a terminal");
	progress_start(&progress, "writing");
	result = image_write(job->plan->tree, job->source, &image, err);
	progress_end(&progress);
	return result;
}

/* What costs a look at every file again; only for telling. */
static int collect_notes(struct job *job, struct err *err)
{
	if (hints_collect(job->plan, err) < 0)
		return -1;
	return stripped_collect(job->plan->tree, job->source, &job->plan->notes,
				err);
}

static int report(struct job *job, const struct view *view, struct err *err)
{
	bool is_printed = view->print == print_lockdown;

	if (!job->args->verbose && !is_printed)
		return 0;
	if (collect_notes(job, err) < 0)
		return -1;
	notes_sort(&job->plan->notes);
	if (is_printed)
		return 0;
	notes_print(&job->plan->notes, NOTE_LOCKDOWN,
		    "jailbuild: lockdown: ", stderr);
	notes_print(&job->plan->notes, NOTE_HINT, "jailbuild: hint: ", stderr);
	return 0;
}

/* No option is read and then ignored. */
struct given {
	const char *name;
	bool is_given;
};

static const char *first_given(const struct given *given)
{
	while (given->name && !given->is_given)
		given++;
	return given->name;
}

/* What --format and --no-index speak of is only there with -o. */
static int check_written(const struct args *args, struct err *err)
{
	const struct given of_image[] = {
		{"--format", args->format},
		{"--no-index", args->no_index},
		{0},
	};
	const char *name = first_given(of_image);

	if (!name || args->output)
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s: no image is written; leave it out, or say -o FILE",
		       name);
}

static int run(struct job *job, char **manifests, int n, struct err *err)
{
	auto_of(presets) struct presets *presets = NULL;
	const struct args *args = job->args;
	struct view view;

	if (choose_view(args, &view, err) < 0 || check_written(args, err) < 0 ||
	    presets_find(&args->presets, &presets, err) < 0 ||
	    manifest_read((const char *const *)manifests, (size_t)n,
			  presets->dirs, &job->manifest, err) < 0)
		return -1;
	if (view.print == print_manifest)
		return print_manifest(job, err);
	if (apart_check(args->output, (const char *const *)job->manifest->files,
			job->manifest->n_files, err) < 0)
		return -1;
	if (source_open(args->sysroot ? args->sysroot : "/", &job->source,
			err) < 0 ||
	    plan_make(job->manifest, job->source, &job->plan, err) < 0 ||
	    image_check(job->plan, err) < 0 ||
	    launch_check(job->plan, err) < 0 ||
	    lockdown(job->plan->tree, &job->plan->notes, err) < 0 ||
	    tree_join_same(job->plan->tree, err) < 0 ||
	    report(job, &view, err) < 0)
		return -1;
	return view.print ? view.print(job, err) : write_image(job, err);
}

static int check_verify(const struct args *args, struct err *err)
{
	const struct given others[] = {
		{"-o", args->output},		{"--format", args->format},
		{"--no-index", args->no_index}, {"--sysroot", args->sysroot},
		{"--presets", args->presets.n}, {"--print", args->print},
		{"--why", args->why},		{"--tree", args->show_tree},
		{"--size", args->show_size},	{0},
	};
	const char *name = first_given(others);

	if (!name)
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s: --verify only looks at an image that is there; "
		       "leave one of the two out",
		       name);
}

static int verify(const struct args *args, int n_manifests, struct err *err)
{
	size_t n;

	if (check_verify(args, err) < 0)
		return -1;
	if (n_manifests)
		return err_set(err, ERR_USAGE,
			       "--verify looks at an image, not at manifests");
	if (strcmp(args->verify, "-") == 0)
		return err_set(err, ERR_USAGE,
			       "--verify -: an image is read more than once, "
			       "and so has to be a file");
	if (verify_image(args->verify, stdout, &n, err) < 0)
		return -1;
	if (n)
		return err_set(err, ERR_INPUT, "%s: %zu violation%s",
			       args->verify, n, n == 1 ? "" : "s");
	return 0;
}

static const char *view_name(size_t i)
{
	return i < sizeof(views) / sizeof(*views) ? views[i].name : NULL;
}

static int print_completion(const char *shell, struct err *err)
{
	static const struct completion_words words[] = {
		{"format", image_format_name, 0, false},
		{"print", view_name, 0, false},
		{0},
	};
	static const struct completion_verb verbs[] = {{NULL, options, NULL},
						       {0}};
	static const struct completion completion = {"jailbuild", false, verbs,
						     words};

	return completion_print(&completion, shell, stdout, err);
}

static int start(struct args *args, int argc, char **argv, struct err *err)
{
	struct job job = {.args = args};
	int first, result;

	if (opts_parse(options, false, argc, argv, args, &first, err) < 0)
		return -1;
	if (args->help)
		return print_help();
	if (args->version)
		return print_version();
	if (args->completion)
		return print_completion(args->completion, err);
	if (args->verify)
		return verify(args, argc - first, err);
	if (first == argc)
		return err_set(err, ERR_USAGE, "no manifest (--help)");
	result = run(&job, argv + first, argc - first, err);
	job_clear(&job);
	return result;
}

int main(int argc, char **argv)
{
	struct args args = {0};
	struct err err = {0};
	int result;

	signal(SIGXFSZ, SIG_IGN); /* it is an error of the write */
	result = start(&args, argc, argv, &err);
	opt_list_free(&args.presets);
	if (result == 0)
		result = printed_check(stdout, &err);
	if (result == 0)
		return 0;
	err_print("jailbuild", &err);
	return exit_status(err.kind);
}
