#include "image_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "outfile.h"
#include "write_dir.h"
#include "write_tar.h"

enum kind { KIND_TAR, KIND_DIR, KIND_LATER };

static const struct format {
	const char *name; /* as in --format */
	const char *suffix; /* of output names */
	enum kind kind;
	const char *filter; /* KIND_TAR: the compressor, or NULL */
} formats[] = {
	{"tar", ".tar", KIND_TAR, NULL},
	{"tar.zst", ".tar.zst", KIND_TAR, "zstd"},
	{"tar.gz", ".tar.gz", KIND_TAR, "gzip"},
	{"tar.xz", ".tar.xz", KIND_TAR, "xz"},
	{"dir", "/", KIND_DIR, NULL},
	{"cpio", ".cpio", KIND_LATER, NULL},
	{"squashfs", ".squashfs", KIND_LATER, NULL},
	{"oci", NULL, KIND_LATER, NULL}, /* "oci:DIR" */
};

static const char usable[] = "tar, tar.zst, tar.gz, tar.xz, dir";

static bool ends_in(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && strcmp(text + len - n, suffix) == 0;
}

static bool is_meant(const struct format *format,
		     const struct image_options *options)
{
	if (options->format)
		return strcmp(options->format, format->name) == 0;
	if (!format->suffix)
		return strncmp(options->output, "oci:", 4) == 0;
	return ends_in(options->output, format->suffix);
}

static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static int find_format(const struct image_options *options,
		       const struct format **out, struct err *err)
{
	*out = &formats[0];
	if (!options->format && is_stdout(options->output))
		return 0;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		*out = &formats[i];
		if (!is_meant(*out, options))
			continue;
		if ((*out)->kind == KIND_LATER)
			return err_set(err, ERR_USAGE,
				       "%s: format %s is not built yet; "
				       "use one of %s",
				       options->output, (*out)->name, usable);
		return 0;
	}
	if (options->format)
		return err_set(err, ERR_USAGE,
			       "--format %s: unknown; use one of %s",
			       options->format, usable);
	return err_set(err, ERR_USAGE,
		       "%s: its suffix names no format; end it in .tar, "
		       ".tar.zst, .tar.gz, .tar.xz or /, or give --format",
		       options->output);
}

/* A pipe, a terminal or a device takes the bytes as they come: 1; else 0. */
static int open_stream(const char *path, int *fd, struct err *err)
{
	struct stat st;

	if (is_stdout(path)) {
		*fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		if (stat(path, &st) < 0)
			return errno == ENOENT
				       ? 0
				       : err_sys(err, errno, "%s", path);
		if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
			return 0;
		*fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	}
	return *fd < 0 ? err_sys(err, errno, "open %s", path) : 1;
}

static int write_file(const struct tree *tree, const struct source *source,
		      const struct image_options *options, const char *filter,
		      struct err *err)
{
	auto_of(outfile) struct outfile *file = NULL;
	auto_close int stream = -1;
	int is_stream = open_stream(options->output, &stream, err);

	if (is_stream < 0)
		return -1;
	if (is_stream)
		return write_tar(tree, source, options, filter, stream, err);
	if (outfile_open(options->output, 0644, &file, err) < 0 ||
	    write_tar(tree, source, options, filter, file->fd, err) < 0)
		return -1;
	return outfile_commit(file, err);
}

int image_write(const struct tree *tree, const struct source *source,
		const struct image_options *options, struct err *err)
{
	const struct format *format;

	if (options->mtime < 0)
		return err_set(err, ERR_USAGE,
			       "%s: a time before 1970 cannot be written",
			       options->output);
	if (find_format(options, &format, err) < 0)
		return -1;
	if (format->kind == KIND_DIR)
		return write_dir(tree, source, options, err);
	return write_file(tree, source, options, format->filter, err);
}
