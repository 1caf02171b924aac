#include "image_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "outfile.h"
#include "write_cpio.h"
#include "write_dir.h"
#include "write_oci.h"
#include "write_squashfs.h"
#include "write_tar.h"

/* Bytes for a descriptor; filter is the format's. */
typedef int put_bytes(const struct tree *tree, const struct source *source,
		      const struct image_options *options, const char *filter,
		      int fd, struct err *err);

/* A directory of the name options->output. */
typedef int make_directory(const struct tree *tree, const struct source *source,
			   const struct image_options *options,
			   struct err *err);

static const struct format {
	const char *name; /* as in --format */
	const char *suffix, *prefix; /* of output names; one of them */
	put_bytes *put; /* this or */
	make_directory *make;
	const char *filter; /* the compressor, or NULL */
	bool has_index; /* a tar: --no-index means something */
	bool needs_file; /* written back and forth: no pipe will do */
} formats[] = {
	{.name = "tar", .suffix = ".tar", .put = write_tar, .has_index = true},
	{.name = "tar.zst",
	 .suffix = ".tar.zst",
	 .put = write_tar,
	 .filter = "zstd",
	 .has_index = true},
	{.name = "tar.gz",
	 .suffix = ".tar.gz",
	 .put = write_tar,
	 .filter = "gzip",
	 .has_index = true},
	{.name = "tar.xz",
	 .suffix = ".tar.xz",
	 .put = write_tar,
	 .filter = "xz",
	 .has_index = true},
	{.name = "cpio", .suffix = ".cpio", .put = write_cpio},
	{.name = "squashfs",
	 .suffix = ".squashfs",
	 .put = write_squashfs,
	 .needs_file = true},
	{.name = "dir", .suffix = "/", .make = write_dir},
	{.name = "oci", .prefix = "oci:", .make = write_oci, .has_index = true},
};

static const char usable[] =
	"tar, tar.zst, tar.gz, tar.xz, cpio, squashfs, dir, oci";

static bool ends_in(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && strcmp(text + len - n, suffix) == 0;
}

static bool is_prefixed(const struct format *format, const char *output)
{
	return format->prefix &&
	       strncmp(output, format->prefix, strlen(format->prefix)) == 0;
}

static bool is_meant(const struct format *format,
		     const struct image_options *options)
{
	if (options->format)
		return strcmp(options->format, format->name) == 0;
	if (format->prefix)
		return is_prefixed(format, options->output);
	return ends_in(options->output, format->suffix);
}

static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

const char *image_format_name(size_t i)
{
	return i < sizeof(formats) / sizeof(*formats) ? formats[i].name : NULL;
}

static const struct format *find_format(const struct image_options *options)
{
	/* a prefix says more than a suffix */
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!options->format &&
		    is_prefixed(&formats[i], options->output))
			return &formats[i];
	if (!options->format && is_stdout(options->output))
		return &formats[0];
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (is_meant(&formats[i], options))
			return &formats[i];
	return NULL;
}

static int choose_format(const struct image_options *options,
			 const struct format **out, struct err *err)
{
	*out = find_format(options);
	if (!*out && options->format)
		return err_set(err, ERR_USAGE,
			       "--format %s: unknown; use one of %s",
			       options->format, usable);
	if (!*out)
		return err_set(err, ERR_USAGE,
			       "%s: its suffix names no format; end it in "
			       ".tar, .tar.zst, .tar.gz, .tar.xz, .cpio, "
			       ".squashfs or /, or give --format",
			       options->output);
	if (options->no_index && !(*out)->has_index)
		return err_set(err, ERR_USAGE,
			       "--no-index: an image of format %s has none",
			       (*out)->name);
	return 0;
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
		      const struct image_options *options,
		      const struct format *format, struct err *err)
{
	auto_of(outfile) struct outfile *file = NULL;
	auto_close int stream = -1;
	int is_stream = open_stream(options->output, &stream, err);

	if (is_stream < 0)
		return -1;
	if (is_stream && format->needs_file)
		return err_set(err, ERR_USAGE,
			       "%s: an image of format %s needs a file, not a "
			       "pipe or device",
			       options->output, format->name);
	if (is_stream)
		return format->put(tree, source, options, format->filter,
				   stream, err);
	if (outfile_open(options->output, 0644, &file, err) < 0 ||
	    format->put(tree, source, options, format->filter, file->fd, err) <
		    0)
		return -1;
	return outfile_commit(file, err);
}

static int write_directory(const struct tree *tree, const struct source *source,
			   const struct image_options *options,
			   const struct format *format, struct err *err)
{
	struct image_options there = *options;

	if (is_prefixed(format, there.output))
		there.output += strlen(format->prefix);
	return format->make(tree, source, &there, err);
}

int image_write(const struct tree *tree, const struct source *source,
		const struct image_options *options, struct err *err)
{
	const struct format *format;

	if (options->mtime < 0)
		return err_set(err, ERR_USAGE,
			       "%s: a time before 1970 cannot be written",
			       options->output);
	if (choose_format(options, &format, err) < 0)
		return -1;
	if (format->make)
		return write_directory(tree, source, options, format, err);
	return write_file(tree, source, options, format, err);
}
