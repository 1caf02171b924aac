/*
 * landlock: a domain of the jail's own.  No process outside it can be traced;
 * where the kernel has scopes, none can be signalled either, nor reached by an
 * abstract socket.  On request only the paths that were named can be opened.
 */
#include "../layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../spec.h"

/* From STEP_PATH on: a path of --landlock-read, then of --landlock-write. */
enum step { STEP_RESTRICT, STEP_ROOT, STEP_PATH };
static const char *const steps[] = {"enter the domain",
				    "allow moving files in the root",
				    "allow a path", NULL};

struct state {
	const struct jail_spec *spec;
	struct landlock_ruleset rules;
	int fd;
};

static int landlock_probe(const struct jail_spec *spec, struct err *err)
{
	if (spec->landlock.abi > 0)
		return 1;
	*err = spec->landlock.why;
	return 0;
}

static const char *landlock_describe(const struct jail_spec *spec)
{
	const bool has_paths = spec->landlock.has_paths;

	if (landlock_has_scopes(&spec->landlock))
		return has_paths ? "tracing and signalling processes outside, "
				   "their abstract sockets, and every path "
				   "that was not named"
				 : "tracing and signalling processes outside, "
				   "and their abstract sockets";
	return has_paths ? "tracing processes outside (this kernel's Landlock "
			   "has no scope for signals and abstract sockets), "
			   "and every path that was not named"
			 : "tracing processes outside (this kernel's Landlock "
			   "has no scope for signals and abstract sockets)";
}

static void landlock_release(void *opaque)
{
	struct state *state = opaque;

	if (state && state->fd >= 0)
		close(state->fd);
	free(state);
}

static int landlock_prepare(const struct jail_spec *spec, void **out,
			    struct err *err)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return err_sys(err, ENOMEM, "Landlock");
	*out = state;
	state->spec = spec;
	state->rules = landlock_rules(&spec->landlock);
	state->fd = landlock_create(&state->rules);
	if (state->fd < 0)
		return err_sys_kind(err, ERR_HOST, -state->fd,
				    "make a Landlock ruleset (--landlock none "
				    "does without)");
	return 0;
}

/* One name on the way; dir is closed. */
static int step_to(int dir, const char *name, size_t len)
{
	char copy[NAME_MAX + 1];
	struct stat st;
	int fd;

	if (len > NAME_MAX) {
		close(dir);
		return -ENAMETOOLONG;
	}
	memcpy(copy, name, len);
	copy[len] = '\0';
	fd = openat(dir, copy, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	close(dir);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode))
		return fd;
	close(fd);
	return -ELOOP;
}

/* As openat2() does, by as many calls as the path has names. */
static int walk_to(const char *path)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	fd = fd < 0 ? -errno : fd;
	for (path += strspn(path, "/"); fd >= 0 && *path;) {
		size_t len = strcspn(path, "/");

		fd = step_to(fd, path, len);
		path += len;
		path += strspn(path, "/");
	}
	return fd;
}

/* A link of the image must not say what the caller allows. */
static int open_path(const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_NO_SYMLINKS};
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd >= 0)
		return (int)fd;
	/* EPERM: of a seccomp filter that is older than the call */
	return errno == ENOSYS || errno == EPERM ? walk_to(path) : -errno;
}

static int allow(const struct state *state, const char *path, uint64_t rights)
{
	struct stat st;
	int fd = open_path(path), error;

	if (fd < 0)
		return fd;
	error = fstat(fd, &st) < 0 ? -errno : 0;
	if (error == 0 && !S_ISDIR(st.st_mode))
		rights &= LANDLOCK_OF_FILES;
	if (error == 0)
		error = landlock_allow(state->fd, fd,
				       rights & state->rules.handled_fs);
	close(fd);
	return error;
}

static int allow_each(const struct state *state, const struct opt_list *paths,
		      uint64_t rights, unsigned step)
{
	size_t i;

	for (i = 0; i < paths->n; i++) {
		int error = allow(state, paths->items[i], rights);

		if (error < 0)
			return layer_failed(step + (unsigned)i, -error);
	}
	return 0;
}

static void landlock_name_step(const struct jail_spec *spec, unsigned step,
			       char *out, size_t size)
{
	const struct opt_list *read = &spec->flags->landlock_read;
	const struct opt_list *write = &spec->flags->landlock_write;
	size_t at = step - STEP_PATH;

	if (step < STEP_PATH)
		snprintf(out, size, "%s", steps[step]);
	else if (at < read->n)
		snprintf(out, size, "--landlock-read %s (no link is followed)",
			 read->items[at]);
	else
		snprintf(out, size, "--landlock-write %s (no link is followed)",
			 write->items[at - read->n]);
}

/* The paths are looked up in the jail's root, as the jail's user. */
static int allow_paths(const struct state *state)
{
	const struct spec_flags *flags = state->spec->flags;
	const uint64_t read =
		LANDLOCK_EXECUTE | LANDLOCK_READ_FILE | LANDLOCK_READ_DIR;
	int error = allow_each(state, &flags->landlock_read, read, STEP_PATH);

	if (error)
		return error;
	return allow_each(state, &flags->landlock_write, ~0ull,
			  STEP_PATH + (unsigned)flags->landlock_read.n);
}

static int landlock_apply(const void *opaque)
{
	const struct state *state = opaque;
	int error = 0;

	if (state->spec->landlock.has_paths) {
		error = allow_paths(state);
	} else if (state->rules.handled_fs & LANDLOCK_REFER) {
		error = allow(state, "/", LANDLOCK_REFER);
		error = error < 0 ? layer_failed(STEP_ROOT, -error) : 0;
	}
	if (error)
		return error;
	error = landlock_restrict(&state->spec->landlock, state->fd);
	return error < 0 ? layer_failed(STEP_RESTRICT, -error) : 0;
}

const struct layer layer_landlock = {
	.name = "landlock",
	.denies = "tracing processes outside",
	.describe = landlock_describe,
	.steps = steps,
	.name_step = landlock_name_step,
	.probe = landlock_probe,
	.prepare = landlock_prepare,
	.apply = landlock_apply,
	.release = landlock_release,
};
