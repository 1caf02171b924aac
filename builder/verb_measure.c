/*
 * measure: what a hypervisor will measure, of an image or of its parts, which
 * need not have become an image yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "eif_examine.h"
#include "fdio.h"
#include "verbs.h"

enum { PIECE = 1 << 18 };

struct args {
	const char *kernel, *cmdline, *certificate;
	struct opt_list ramdisks;
	bool help;
};

static const struct opt options[] = {
	{0, "kernel", "FILE", OPT_INTO(struct args, kernel),
	 "the parts instead of an image: the kernel,"},
	{0, "cmdline", "TEXT", OPT_INTO(struct args, cmdline),
	 "the command line,"},
	{0, "ramdisk", "FILE", OPT_INTO(struct args, ramdisks),
	 "each ramdisk, in order"},
	{0, "cert", "FILE", OPT_INTO(struct args, certificate),
	 "and PCR8, if it will be signed"},
	VERB_HELP(struct args),
	{0},
};

static int add_file(struct measure *measure, enum eif_type type,
		    const char *path, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	auto_free char *piece = malloc(PIECE);
	ssize_t got = 1;

	if (fd < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", path);
	if (!piece)
		return err_sys(err, ENOMEM, "%s", path);
	if (measure_section(measure, type, err) < 0)
		return -1;
	while (got > 0) {
		got = fd_read_full(fd, piece, PIECE);
		if (got < 0)
			return err_sys_kind(err, ERR_INPUT, (int)-got, "%s",
					    path);
		if (measure_add(measure, piece, (size_t)got, err) < 0)
			return -1;
	}
	return 0;
}

static int measure_parts(const struct args *args, struct pcrs *pcrs,
			 struct err *err)
{
	auto_of(measure) struct measure *measure = NULL;

	if (!args->kernel || !args->cmdline || !args->ramdisks.n)
		return err_set(err, ERR_USAGE,
			       "measure: an image, or all of --kernel, "
			       "--cmdline and --ramdisk");
	if (measure_new(&measure, err) < 0 ||
	    add_file(measure, EIF_KERNEL, args->kernel, err) < 0 ||
	    measure_section(measure, EIF_CMDLINE, err) < 0 ||
	    measure_add(measure, args->cmdline, strlen(args->cmdline), err) < 0)
		return -1;
	for (size_t i = 0; i < args->ramdisks.n; i++)
		if (add_file(measure, EIF_RAMDISK, args->ramdisks.items[i],
			     err) < 0)
			return -1;
	return measure_end(measure, pcrs, err);
}

static int tell_parts(const struct args *args, struct err *err)
{
	auto_of(certificate) struct certificate *certificate = NULL;
	struct pcrs pcrs;
	struct pcr pcr8;

	if (measure_parts(args, &pcrs, err) < 0)
		return -1;
	if (args->certificate &&
	    (certificate_read(args->certificate, &certificate, err) < 0 ||
	     certificate_pcr(certificate, &pcr8, err) < 0))
		return -1;
	return verb_print_json(
		eif_measurements(&pcrs, args->certificate ? &pcr8 : NULL), err);
}

static int tell_image(const char *path, struct err *err)
{
	auto_of(eif_facts) struct eif_facts *facts = NULL;

	if (eif_examine(path, &facts, err) < 0)
		return -1;
	return verb_print_json(
		eif_measurements(&facts->pcrs,
				 facts->certificate ? &facts->pcr8 : NULL),
		err);
}

static int run(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	char **files;
	int status = verb_parse(&verb_measure, options, argc, argv, &args,
				&args.help, -1, &files, err);
	bool has_parts = args.kernel || args.cmdline || args.certificate ||
			 args.ramdisks.n;

	if (status == 0 && files[0] && (has_parts || files[1]))
		status = err_set(err, ERR_USAGE,
				 "measure: one image, or its parts, not both");
	else if (status == 0)
		status = files[0] ? tell_image(files[0], err)
				  : tell_parts(&args, err);
	opt_list_free(&args.ramdisks);
	return status < 0 ? -1 : 0;
}

const struct bake_verb verb_measure = {
	.name = "measure",
	.usage = "FILE | --kernel FILE --cmdline TEXT --ramdisk FILE...",
	.help = "print PCR0, 1 and 2 of an image, or of the parts of one",
	.options = options,
	.run = run,
};
