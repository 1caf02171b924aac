/*
 * extract: the sections of an enclave image as files of a new directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cose.h"
#include "eif_examine.h"
#include "fdio.h"
#include "outdir.h"
#include "verbs.h"

struct args {
	const char *directory;
	bool help;
};

static const struct opt options[] = {
	{'d', "directory", "DIR", OPT_INTO(struct args, directory),
	 "make this directory, with a file for each section"},
	VERB_HELP(struct args),
	{0},
};

struct extraction {
	const struct eif *eif;
	const struct outdir *dir;
};

static int make_file(const struct extraction *out, const char *name, int *fd,
		     struct err *err)
{
	*fd = openat(out->dir->fd, name,
		     O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		     0644);
	return *fd < 0 ? err_sys(err, errno, "%s/%s", out->dir->path, name) : 0;
}

static int write_piece(void *context, const void *data, size_t len,
		       struct err *err)
{
	int error = fd_write_full(*(int *)context, data, len);

	return error < 0 ? err_sys(err, -error, "write a section") : 0;
}

static int extract_section(const struct extraction *out,
			   const struct eif_section *section, const char *name,
			   struct err *err)
{
	auto_close int fd = -1;

	if (make_file(out, name, &fd, err) < 0)
		return -1;
	return eif_pass(out->eif, section->offset, section->size, write_piece,
			&fd, err);
}

/* The certificate is in the signature; it is what people look for there. */
static int extract_certificate(const struct extraction *out,
			       const struct eif_section *section,
			       struct err *err)
{
	auto_of(cose_signed) struct cose_signed *signature = NULL;
	auto_free char *data = NULL;
	auto_close int fd = -1;

	if (eif_load(out->eif, section, &data, err) < 0 ||
	    cose_read(data, (size_t)section->size, out->eif->name, &signature,
		      err) < 0 ||
	    make_file(out, "certificate.pem", &fd, err) < 0)
		return -1;
	return write_piece(&fd, signature->pem, signature->pem_len, err);
}

/* "ramdisk0"; of what there is but one, the name alone. */
static void name_file(const struct eif_section *section, unsigned number,
		      char *out, size_t size)
{
	if (section->rule->most > 1)
		snprintf(out, size, "%s%u", section->rule->name, number);
	else
		snprintf(out, size, "%s", section->rule->name);
}

static int extract_all(const struct extraction *out, struct err *err)
{
	unsigned n_ramdisks = 0;
	char name[32];

	for (size_t i = 0; i < out->eif->n; i++) {
		const struct eif_section *section = &out->eif->sections[i];
		enum eif_type type = section->rule->type;

		name_file(section, n_ramdisks, name, sizeof(name));
		n_ramdisks += type == EIF_RAMDISK;
		if (extract_section(out, section, name, err) < 0 ||
		    (type == EIF_SIGNATURE &&
		     extract_certificate(out, section, err) < 0))
			return -1;
	}
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	auto_of(eif) struct eif *eif = NULL;
	auto_of(outdir) struct outdir *dir = NULL;
	struct args args = {0};
	struct extraction out;
	char **files;
	int status = verb_parse(&verb_extract, options, argc, argv, &args,
				&args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (!args.directory)
		return err_set(err, ERR_USAGE, "extract: no -d DIR (--help)");
	if (eif_open(files[0], &eif, err) < 0 ||
	    outdir_open(args.directory, &dir, err) < 0)
		return -1;
	out = (struct extraction){eif, dir};
	if (extract_all(&out, err) < 0)
		return -1;
	if (fchmod(dir->fd, 0755) < 0)
		return err_sys(err, errno, "%s", dir->path);
	return outdir_commit(dir, err);
}

const struct bake_verb verb_extract = {
	.name = "extract",
	.usage = "-d DIR FILE",
	.help = "write the sections of an image into a new directory",
	.options = options,
	.run = run,
};
