#pragma once
/*
 * source: the root that an image's files are taken from: the host's own, or
 * --sysroot DIR.
 *
 * Paths are absolute within it.  Every look at it goes through root_open(), so
 * that nothing in a hostile sysroot leads outside or blocks.  What it says of
 * a path is remembered: it must not change during a build (the writer checks
 * that it did not).
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"

struct source {
	int root_fd; /* O_PATH */
	const char *name; /* "" for the host, else DIR: prefix in messages */
	struct source_memory *memory; /* what was already looked at */
};

/*
 * A root that is not on disk.  look(): what stands at a path whose directories
 * are all real ones, -ENOENT if nothing; *target is set for a link, and the
 * caller's.  open(): the regular file there.
 */
struct source_view {
	int (*look)(void *context, const char *path, struct stat *st,
		    char **target);
	int (*open)(void *context, const char *path, struct stat *st);
	void (*release)(void *context);
};

/* context is released with the source, or at once on failure.  root_fd is -1:
 * such a source cannot be listed. */
int source_open_view(const struct source_view *view, void *context,
		     const char *name, struct source **out, struct err *err);

/* dir: "/" or the sysroot.  Owned by the caller, who frees it. */
int source_open(const char *dir, struct source **out, struct err *err);
void source_free(struct source *source);
DEFINE_AUTO(source)

/*
 * The real path of a path: no symbolic link, no "." or "..", below the root.
 * links (may be NULL) receives every symbolic link that was crossed, as the
 * link's own real path, in order, NULL-terminated; free both with free() and
 * source_links_free().  0, or -errno (-ENOENT, -ENOTDIR, -ELOOP, ...).
 */
int source_realpath(const struct source *source, const char *path, char **real,
		    char ***links);
void source_links_free(char **links);

/* As stat()/lstat() there.  0 or -errno. */
int source_stat(const struct source *source, const char *path, struct stat *st);
int source_lstat(const struct source *source, const char *path,
		 struct stat *st);

/* Whether a -errno of these tells of a failure to look, and nothing of what is
 * there. */
bool source_failed(int error);

/* The target of a link, owned by the caller.  0 or -errno. */
int source_readlink(const struct source *source, const char *path,
		    char **target);

/* A regular file for reading: descriptor and what fstat() says; or -errno
 * (-EINVAL when it is no regular file). */
int source_open_file(const struct source *source, const char *path,
		     struct stat *st);
