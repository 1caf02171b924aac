/*
 * lint: will this kernel boot in an enclave, and what will a jail in it miss?
 */
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "eif_read.h"
#include "kernel_config.h"
#include "kernel_image.h"
#include "verbs.h"

struct args {
	const char *config;
	bool help;
};

static const struct opt options[] = {
	{0, "config", "FILE", OPT_INTO(struct args, config),
	 "the kernel's .config (default: what stands beside it)"},
	VERB_HELP(struct args),
	{0},
};

struct lint {
	const char *path;
	unsigned n_needed;
};

static void tell(void *context, enum kernel_wish wish, const char *option,
		 const char *why)
{
	static const char *const words[] = {
		[WISH_NEEDED] = "needed, and not built in",
		[WISH_USEFUL] = "useful, and not there",
		[WISH_UNWANTED] = "better not there",
	};
	struct lint *lint = context;

	lint->n_needed += wish == WISH_NEEDED;
	printf("%s: CONFIG_%s: %s: %s\n", lint->path, option, words[wish], why);
}

static bool is_enclave_image(const char *path)
{
	char magic[4] = "";
	FILE *file = fopen(path, "re");
	bool is_one = file && fread(magic, sizeof(magic), 1, file) == 1 &&
		      memcmp(magic, EIF_MAGIC, sizeof(magic)) == 0;

	if (file)
		fclose(file);
	return is_one;
}

static int open_kernel(const char *path, struct kernel_image **kernel,
		       struct err *err)
{
	auto_of(eif) struct eif *eif = NULL;
	const struct eif_section *section;

	if (!is_enclave_image(path))
		return kernel_image_open(path, NULL, kernel, err);
	if (eif_open(path, &eif, err) < 0)
		return -1;
	section = eif_find(eif, EIF_KERNEL);
	return kernel_image_part(eif->fd, path, (off_t)section->offset,
				 (off_t)section->size, kernel, err);
}

static void tell_kernel(struct lint *lint, const struct kernel_image *kernel)
{
	printf("%s: Linux %s for %s\n", lint->path, kernel->version,
	       kernel_machine_name(kernel->machine));
	if (kernel->wrapping)
		printf("%s: wrapped (%s): jailbake unwraps it\n", lint->path,
		       kernel->wrapping);
	if (!kernel_image_needs_fix(kernel))
		return;
	printf("%s: text_offset is 0: an enclave's loader would put the kernel "
	       "over itself; bake with --fix-kernel\n",
	       lint->path);
	lint->n_needed++;
}

static int check_config(struct lint *lint, const struct args *args,
			const struct kernel_image *kernel, struct err *err)
{
	auto_free char *text = NULL, *source = NULL;

	if (kernel_config_find(args->config, lint->path, kernel->version, &text,
			       &source, err) < 0)
		return -1;
	if (!text) {
		printf("%s: no configuration beside it; give --config FILE\n",
		       lint->path);
		return 0;
	}
	printf("%s: configuration: %s\n", lint->path, source);
	kernel_config_check(text, kernel->machine, tell, lint);
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	auto_of(kernel_image) struct kernel_image *kernel = NULL;
	struct args args = {0};
	struct lint lint = {0};
	char **files;
	int status = verb_parse(&verb_lint, options, argc, argv, &args,
				&args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	lint.path = files[0];
	if (open_kernel(files[0], &kernel, err) < 0)
		return -1;
	tell_kernel(&lint, kernel);
	if (check_config(&lint, &args, kernel, err) < 0)
		return -1;
	if (lint.n_needed == 0)
		return 0;
	return err_set(err, ERR_INPUT, "%s: will not do for an enclave: %u %s",
		       files[0], lint.n_needed,
		       lint.n_needed == 1 ? "thing is wrong"
					  : "things are wrong");
}

const struct bake_verb verb_lint = {
	.name = "lint",
	.usage = "[--config FILE] KERNEL|FILE",
	.help = "tell whether a kernel will do for an enclave, and what it "
		"lacks",
	.options = options,
	.run = run,
};
