/*
 * bake: an image, a kernel and what is to be started become an enclave image.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apart.h"
#include "bake_defaults.h"
#include "eif_examine.h"
#include "eif_metadata.h"
#include "enclave_plan.h"
#include "enclave_write.h"
#include "epoch.h"
#include "fdio.h"
#include "progress.h"
#include "verbs.h"

enum { CUSTOM_METADATA_MAX = 4096, HEARTBEAT_PORT = 9000 }; /* as nitro-cli */

struct args {
	const char *image, *user, *kernel, *cmdline, *app, *app_exec, *modules;
	const char *key, *certificate, *blobs, *output, *init, *launcher;
	const char *heartbeat, *exit_port, *name, *version, *metadata, *memory;
	struct opt_list jail_options;
	bool fix_kernel, quiet, help;
};

static const struct opt options[] = {
	{'i', "image", "FILE", OPT_INTO(struct args, image),
	 "the jail's image: a tar, which may be compressed"},
	{'o', "output", "FILE", OPT_INTO(struct args, output),
	 "write the enclave image to FILE"},
	{'u', "user", "USER", OPT_INTO(struct args, user),
	 "whom the program runs as (default: the image's run-as)"},
	{0, "kernel", "FILE", OPT_INTO(struct args, kernel),
	 "an x86_64 bzImage, or an aarch64 Image"},
	{0, "cmdline", "TEXT", OPT_INTO(struct args, cmdline),
	 "the kernel's command line"},
	{0, "modules", "LIST", OPT_INTO(struct args, modules),
	 "kernel modules (nsm.ko,...), in the order of loading"},
	{0, "app", "FILE", OPT_INTO(struct args, app),
	 "a tar: a trusted service, which starts jails itself"},
	{0, "app-exec", "WORDS", OPT_INTO(struct args, app_exec),
	 "its program and arguments (default: its image's entry)"},
	{0, "jail-option", "WORD", OPT_INTO(struct args, jail_options),
	 "one more argument for jaillaunch"},
	{0, "heartbeat", "WHEN", OPT_INTO(struct args, heartbeat),
	 "greet the parent early (default), late, or none"},
	{0, "exit-port", "N", OPT_INTO(struct args, exit_port),
	 "tell the exit status to this vsock port of the parent"},
	{0, "sign", "FILE", OPT_INTO(struct args, key),
	 "sign with this private key (PEM)"},
	{0, "cert", "FILE", OPT_INTO(struct args, certificate),
	 "and this certificate of it (PEM)"},
	{0, "blobs", "DIR", OPT_INTO(struct args, blobs),
	 "AWS's kernel, command line, init and nsm.ko as they are"},
	{0, "init", "FILE", OPT_INTO(struct args, init),
	 "another init (default: jail-init)"},
	{0, "launcher", "FILE", OPT_INTO(struct args, launcher),
	 "another jaillaunch, for another machine"},
	{0, "fix-kernel", NULL, OPT_INTO(struct args, fix_kernel),
	 "set the text_offset of an aarch64 kernel where it is 0"},
	{0, "name", "TEXT", OPT_INTO(struct args, name),
	 "ImageName (default: the image's file name)"},
	{0, "image-version", "TEXT", OPT_INTO(struct args, version),
	 "ImageVersion (default: 1.0)"},
	{0, "metadata", "FILE", OPT_INTO(struct args, metadata),
	 "a JSON object, added to the metadata"},
	{0, "memory", "MIB", OPT_INTO(struct args, memory),
	 "refuse an image that needs more memory"},
	{'q', "quiet", NULL, OPT_INTO(struct args, quiet),
	 "no advice and no progress bar"},
	VERB_HELP(struct args),
	{0},
};

/* Everything that stands between the inputs and the image. */
struct bake {
	const struct args *args;
	struct bake_defaults *defaults;
	struct kernel_image *kernel;
	struct enclave_plan *plan;
	struct certificate *certificate;
	unsigned long memory; /* MiB; 0: whatever it needs */
	char *metadata;
};

static void bake_clear(struct bake *bake)
{
	enclave_plan_free(bake->plan);
	kernel_image_free(bake->kernel);
	certificate_free(bake->certificate);
	bake_defaults_free(bake->defaults);
	free(bake->metadata);
}

/* A decimal number from 1 to most. */
static int read_number(const char *option, const char *text, unsigned long most,
		       unsigned long *out, struct err *err)
{
	char *end;

	*out = 0;
	if (!text)
		return 0;
	errno = 0;
	if (*text >= '1' && *text <= '9')
		*out = strtoul(text, &end, 10);
	if (*out == 0 || *end || errno || *out > most)
		return err_set(err, ERR_USAGE, "%s %s: a number from 1 to %lu",
			       option, text, most);
	return 0;
}

static int check_heartbeat(const char *when, struct err *err)
{
	if (!when || strcmp(when, "early") == 0 || strcmp(when, "late") == 0 ||
	    strcmp(when, "none") == 0)
		return 0;
	return err_set(err, ERR_USAGE, "--heartbeat %s: early, late or none",
		       when);
}

/* An exit status there would be taken for a heartbeat. */
static int check_port(const struct args *args, struct err *err)
{
	unsigned long port;

	if (read_number("--exit-port", args->exit_port, UINT32_MAX - 1, &port,
			err) < 0)
		return -1;
	if (port != HEARTBEAT_PORT)
		return 0;
	return err_set(err, ERR_USAGE,
		       "--exit-port %lu: the port of the heartbeat; choose "
		       "another",
		       port);
}

/* What AWS's init cannot be told. */
static int check_blobs(const struct args *args, struct err *err)
{
	const struct {
		const char *option, *value;
	} ours[] = {
		{"--init", args->init},
		{"--modules", args->modules},
		{"--heartbeat", args->heartbeat},
		{"--exit-port", args->exit_port},
	};

	for (size_t i = 0; args->blobs && i < sizeof(ours) / sizeof(*ours); i++)
		if (ours[i].value)
			return err_set(err, ERR_USAGE,
				       "%s and --blobs: AWS's own init knows "
				       "nothing of it",
				       ours[i].option);
	return 0;
}

/* What starts jails says itself as whom and what. */
static int check_app(const struct args *args, char *const *command,
		     struct err *err)
{
	if (args->app_exec && !args->app)
		return err_set(err, ERR_USAGE, "--app-exec without --app");
	if (!args->app || (!args->user && !args->jail_options.n && !*command))
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s and --app: the app starts jails itself, and says "
		       "how",
		       args->user	      ? "-u"
		       : args->jail_options.n ? "--jail-option"
					      : *command);
}

static int check_args(struct bake *bake, char *const *command, struct err *err)
{
	const struct args *args = bake->args;

	if (!args->image || !args->output || (!args->kernel && !args->blobs))
		return err_set(err, ERR_USAGE, "no %s (--help)",
			       !args->image    ? "image: -i FILE"
			       : !args->output ? "output: -o FILE"
					       : "kernel: --kernel FILE or "
						 "--blobs DIR");
	if (!args->key != !args->certificate)
		return err_set(err, ERR_USAGE,
			       "--sign and --cert: both or none");
	if (check_app(args, command, err) < 0 || check_blobs(args, err) < 0 ||
	    check_heartbeat(args->heartbeat, err) < 0 ||
	    check_port(args, err) < 0)
		return -1;
	return read_number("--memory", args->memory, 1UL << 30, &bake->memory,
			   err);
}

/* A key that will not do is told before the work is done. */
static int read_certificate(struct bake *bake, struct err *err)
{
	if (!bake->args->certificate)
		return 0;
	if (certificate_read(bake->args->certificate, &bake->certificate, err) <
	    0)
		return -1;
	return certificate_check_time(bake->certificate, err);
}

static int check_inputs(const struct bake *bake, struct err *err)
{
	const struct args *args = bake->args;
	const struct bake_defaults *defaults = bake->defaults;
	const char *const inputs[] = {
		args->image,	args->app,	    args->metadata,
		args->key,	args->certificate,  defaults->kernel,
		defaults->init, defaults->launcher,
	};

	if (apart_check(args->output, inputs, sizeof(inputs) / sizeof(*inputs),
			err) < 0)
		return -1;
	return apart_check(args->output, (const char *const *)defaults->modules,
			   defaults->n_modules, err);
}

static int open_kernel(struct bake *bake, struct err *err)
{
	const struct args *args = bake->args;

	if (kernel_image_open(bake->defaults->kernel, args->output,
			      &bake->kernel, err) < 0)
		return -1;
	if (kernel_image_needs_fix(bake->kernel) && !args->fix_kernel)
		return err_set(err, ERR_INPUT,
			       "%s: its text_offset is 0: an enclave's loader "
			       "would put it over itself; --fix-kernel sets "
			       "it, which changes what is measured",
			       bake->kernel->name);
	if (args->quiet)
		return 0;
	if (bake->kernel->wrapping)
		fprintf(stderr, "jailbake: %s: unwrapped (%s)\n",
			bake->kernel->name, bake->kernel->wrapping);
	if (kernel_image_needs_fix(bake->kernel))
		fprintf(stderr, "jailbake: %s: text_offset set to %#llx\n",
			bake->kernel->name,
			(unsigned long long)KERNEL_TEXT_OFFSET);
	return 0;
}

static int make_plan(struct bake *bake, char **command, struct err *err)
{
	const struct args *args = bake->args;
	const struct bake_defaults *defaults = bake->defaults;
	const struct enclave_request request = {
		.image = args->image,
		.app = args->app,
		.init = defaults->init,
		.launcher = defaults->launcher,
		.modules = (const char *const *)defaults->modules,
		.n_modules = defaults->n_modules,
		.is_stock = args->blobs != NULL,
		.machine = bake->kernel->machine,
		.spool = args->output,
		.heartbeat = args->heartbeat ? args->heartbeat : "early",
		.exit_port = args->exit_port,
		.user = args->user,
		.app_command = args->app_exec,
		.options = args->jail_options.items,
		.n_options = args->jail_options.n,
		.command = command,
	};

	return enclave_plan_make(&request, &bake->plan, err);
}

/* "root" of "images/root.tar.zst" */
static char *image_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *suffix = strstr(name, ".tar");

	return suffix && suffix > name ? strndup(name, (size_t)(suffix - name))
				       : strdup(name);
}

static int read_custom(const char *path, json_t **out, struct err *err)
{
	auto_close int fd = -1;
	auto_free char *text = NULL;
	json_error_t why;
	size_t len;
	int error;

	*out = json_object();
	if (!*out)
		return err_sys(err, ENOMEM, "metadata");
	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	error = fd < 0 ? -errno
		       : fd_read_all(fd, CUSTOM_METADATA_MAX, &text, &len);
	if (error < 0)
		return err_sys_kind(err, ERR_INPUT, -error, "--metadata %s",
				    path);
	json_decref(*out);
	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(*out))
		return err_set(err, ERR_INPUT,
			       "--metadata %s: no JSON object%s%s", path,
			       *out ? "" : ": ", *out ? "" : why.text);
	return 0;
}

static int add_digest(json_t *custom, const char *key,
		      const struct tar_laid *laid, struct err *err)
{
	if (!laid)
		return 0;
	if (json_object_get(custom, key))
		return err_set(err, ERR_INPUT,
			       "--metadata: %s is written by jailbake", key);
	if (json_object_set_new(custom, key,
				json_pack("{s:s}", "SHA256", laid->identity)) ==
	    0)
		return 0;
	return err_sys(err, ENOMEM, "metadata");
}

static int make_metadata(struct bake *bake, long long time, struct err *err)
{
	const struct args *args = bake->args;
	auto_free char *name = image_name(args->image);
	struct eif_metadata metadata = {
		.image_name = args->name ? args->name : name,
		.image_version = args->version ? args->version : "1.0",
		.time = time,
		.kernel_version = bake->kernel->version,
	};
	int status;

	if (!name)
		return err_sys(err, ENOMEM, "metadata");
	status = read_custom(args->metadata, &metadata.custom, err);
	if (status == 0)
		status = add_digest(metadata.custom, "JailImage",
				    bake->plan->image, err);
	if (status == 0)
		status = add_digest(metadata.custom, "AppImage",
				    bake->plan->app, err);
	if (status == 0)
		status = eif_metadata_make(&metadata, &bake->metadata, err);
	json_decref(metadata.custom);
	return status;
}

static void tell_dropped(const struct tar_laid *laid)
{
	if (!laid)
		return;
	for (size_t i = 0; i < laid->dropped.n; i++)
		fprintf(stderr, "jailbake: %s: %s\n", laid->name,
			laid->dropped.items[i]);
	if (laid->dropped.n_more)
		fprintf(stderr, "jailbake: %s: and %zu more\n", laid->name,
			laid->dropped.n_more);
}

static int write_image(const struct bake *bake, long long mtime,
		       struct enclave_result *result, struct err *err)
{
	const struct args *args = bake->args;
	struct progress progress;
	const struct enclave_image image = {
		.plan = bake->plan,
		.kernel = bake->kernel,
		.is_fixed = kernel_image_needs_fix(bake->kernel),
		.cmdline = bake->defaults->cmdline,
		.metadata = bake->metadata,
		.output = args->output,
		.mtime = mtime,
		.certificate = bake->certificate,
		.key = args->key,
		.memory = bake->memory,
		.progress = args->quiet ? NULL : progress_update,
		.context = &progress,
	};
	int status;

	progress_start(&progress, "baking");
	status = enclave_write(&image, result, err);
	progress_end(&progress);
	return status;
}

static int tell_result(const struct bake *bake,
		       const struct enclave_result *result, struct err *err)
{
	struct pcr pcr8;

	if (!bake->args->quiet) {
		tell_dropped(bake->plan->image);
		tell_dropped(bake->plan->app);
		fprintf(stderr,
			"jailbake: %s: give the enclave %" PRIu64
			" MiB of memory or more\n",
			bake->args->output, result->memory);
	}
	if (bake->certificate &&
	    certificate_pcr(bake->certificate, &pcr8, err) < 0)
		return -1;
	return verb_print_json(eif_measurements(&result->pcrs, bake->certificate
								       ? &pcr8
								       : NULL),
			       err);
}

static int bake_all(struct bake *bake, char **command, struct err *err)
{
	const struct args *args = bake->args;
	const struct bake_choice choice = {
		.blobs = args->blobs,
		.kernel = args->kernel,
		.cmdline = args->cmdline,
		.init = args->init,
		.launcher = args->launcher,
		.modules = args->modules,
	};
	struct enclave_result result;
	long long time;

	if (check_args(bake, command, err) < 0 || epoch_read(&time, err) < 0 ||
	    verb_check_output(args->output, err) < 0 ||
	    read_certificate(bake, err) < 0 ||
	    bake_defaults_find(&choice, &bake->defaults, err) < 0 ||
	    check_inputs(bake, err) < 0 || open_kernel(bake, err) < 0 ||
	    bake_cmdline(bake->defaults, bake->kernel->machine, err) < 0 ||
	    make_plan(bake, command, err) < 0 ||
	    make_metadata(bake, time, err) < 0 ||
	    write_image(bake, time, &result, err) < 0)
		return -1;
	return tell_result(bake, &result, err);
}

static int run(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	struct bake bake = {.args = &args};
	char **command;
	int status = verb_parse(&verb_bake, options, argc, argv, &args,
				&args.help, -1, &command, err);

	if (status == 0)
		status = bake_all(&bake, command, err);
	bake_clear(&bake);
	opt_list_free(&args.jail_options);
	return status < 0 ? -1 : 0;
}

const struct bake_verb verb_bake = {
	.name = "bake",
	.usage = "-i IMAGE --kernel FILE -o FILE [OPTIONS] [-- PROGRAM "
		 "[ARG...]]",
	.help = "make an enclave image of a jail's image and a kernel",
	.options = options,
	.run = run,
};
