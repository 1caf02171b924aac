#include "write_oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "fdio.h"
#include "oci_config.h"
#include "outdir.h"
#include "write_tar.h"

#define BLOBS "blobs/sha256"
#define OCI "application/vnd.oci.image."

struct layout {
	const struct outdir *dir;
	long long mtime; /* nothing in it tells when it was made */
};

struct blob {
	char digest[DIGEST_HEX];
	off_t size;
};

static const char layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

/* A file of the directory, readable for all whatever the umask. */
static int create_file(const struct layout *layout, const char *name,
		       struct err *err)
{
	int fd = openat(layout->dir->fd, name,
			O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
			0644);

	if (fd >= 0 && fchmod(fd, 0644) == 0)
		return fd;
	err_sys(err, errno, "create %s/%s", layout->dir->path, name);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int set_time(const struct layout *layout, const char *name,
		    struct err *err)
{
	struct timespec time = {.tv_sec = (time_t)layout->mtime};
	struct timespec times[2] = {time, time};

	if (utimensat(layout->dir->fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "write %s/%s", layout->dir->path,
			       name);
	return 0;
}

static int put_file(const struct layout *layout, const char *name,
		    const char *text, struct err *err)
{
	auto_close int fd = create_file(layout, name, err);
	int error;

	if (fd < 0)
		return -1;
	error = fd_write_full(fd, text, strlen(text));
	if (error < 0)
		return err_sys(err, -error, "write %s/%s", layout->dir->path,
			       name);
	return set_time(layout, name, err);
}

static int make_directories(const struct layout *layout, struct err *err)
{
	static const char *const names[] = {"blobs", BLOBS};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (mkdirat(layout->dir->fd, names[i], 0755) < 0 ||
		    fchmodat(layout->dir->fd, names[i], 0755, 0) < 0)
			return err_sys(err, errno, "create %s/%s",
				       layout->dir->path, names[i]);
	return 0;
}

/* The layer's name is known when it is written. */
static int put_layer(const struct layout *layout, const struct tree *tree,
		     const struct source *source,
		     const struct image_options *options, struct blob *blob,
		     struct err *err)
{
	auto_close int fd = create_file(layout, "layer", err);
	char name[sizeof(BLOBS) + DIGEST_HEX];
	struct image_options here = *options;
	struct stat st;

	here.identity = blob->digest;
	if (fd < 0 || write_tar(tree, source, &here, NULL, fd, err) < 0)
		return -1;
	snprintf(name, sizeof(name), BLOBS "/%s", blob->digest);
	if (fstat(fd, &st) < 0 ||
	    renameat(layout->dir->fd, "layer", layout->dir->fd, name) < 0)
		return err_sys(err, errno, "write %s/%s", layout->dir->path,
			       name);
	blob->size = st.st_size;
	if (options->identity)
		memcpy(options->identity, blob->digest, DIGEST_HEX);
	return set_time(layout, name, err);
}

static int put_text(const struct layout *layout, const char *text,
		    struct blob *blob, struct err *err)
{
	auto_of(digest) struct digest *digest = NULL;
	char name[sizeof(BLOBS) + DIGEST_HEX];

	if (digest_new(&digest, err) < 0 ||
	    digest_add(digest, text, strlen(text), err) < 0 ||
	    digest_end(digest, blob->digest, err) < 0)
		return -1;
	blob->size = (off_t)strlen(text);
	snprintf(name, sizeof(name), BLOBS "/%s", blob->digest);
	return put_file(layout, name, text, err);
}

static int put_manifest(const struct layout *layout, const struct blob *config,
			const struct blob *layer, struct blob *manifest,
			struct err *err)
{
	auto_free char *text = NULL;

	if (asprintf(&text,
		     "{\"schemaVersion\":2,\"mediaType\":\"" OCI
		     "manifest.v1+json\",\"config\":{\"mediaType\":\"" OCI
		     "config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%lld},"
		     "\"layers\":[{\"mediaType\":\"" OCI
		     "layer.v1.tar\",\"digest\":\"sha256:%s\",\"size\":%lld}]}",
		     config->digest, (long long)config->size, layer->digest,
		     (long long)layer->size) < 0) {
		text = NULL;
		return err_sys(err, ENOMEM, "%s", layout->dir->path);
	}
	return put_text(layout, text, manifest, err);
}

static int put_index(const struct layout *layout, const struct blob *manifest,
		     struct err *err)
{
	auto_free char *text = NULL;

	if (asprintf(
		    &text,
		    "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI
		    "manifest.v1+json\",\"digest\":\"sha256:%s\",\"size\":%lld,"
		    "\"annotations\":{\"org.opencontainers.image.ref.name\":"
		    "\"latest\"}}]}",
		    manifest->digest, (long long)manifest->size) < 0) {
		text = NULL;
		return err_sys(err, ENOMEM, "%s", layout->dir->path);
	}
	return put_file(layout, "index.json", text, err);
}

static int fill(const struct layout *layout, const struct tree *tree,
		const struct source *source,
		const struct image_options *options, struct err *err)
{
	auto_free char *config_text = NULL;
	struct blob layer, config, manifest;

	if (make_directories(layout, err) < 0 ||
	    put_layer(layout, tree, source, options, &layer, err) < 0 ||
	    oci_config_make(tree, source, options, layer.digest, &config_text,
			    err) < 0 ||
	    put_text(layout, config_text, &config, err) < 0 ||
	    put_manifest(layout, &config, &layer, &manifest, err) < 0 ||
	    put_index(layout, &manifest, err) < 0)
		return -1;
	return put_file(layout, "oci-layout", layout_text, err);
}

/* What is in a directory changes its time: so from the leaves up. */
static int finish_directories(const struct layout *layout, struct err *err)
{
	static const char *const names[] = {BLOBS, "blobs", "."};

	if (fchmod(layout->dir->fd, 0755) < 0)
		return err_sys(err, errno, "create %s", layout->dir->path);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (set_time(layout, names[i], err) < 0)
			return -1;
	return 0;
}

int write_oci(const struct tree *tree, const struct source *source,
	      const struct image_options *options, struct err *err)
{
	auto_of(outdir) struct outdir *dir = NULL;
	struct layout layout = {.mtime = options->mtime};

	if (outdir_open(options->output, &dir, err) < 0)
		return -1;
	layout.dir = dir;
	if (fill(&layout, tree, source, options, err) < 0 ||
	    finish_directories(&layout, err) < 0)
		return -1;
	return outdir_commit(dir, err);
}
