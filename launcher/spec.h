#pragma once
/*
 * spec: everything that is decided about one launch, before any of it is done.
 *
 * Built from, weakest first: defaults, the image's own manifest, --spec FILE,
 * flags.  An image chooses user (never uid 0), environment, directory, program
 * and tighter limits; what widens the jail (the host's network, no seccomp)
 * has to be said by a flag or a spec file.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "cleanup.h"
#include "environ.h"
#include "err.h"
#include "landlock.h"
#include "limit.h"
#include "namespaces.h"
#include "opts.h"
#include "own_uid.h"
#include "passwd.h"

struct cgroup;
struct manifest;
struct output;
struct terminal;

/* What was typed; the option table of jaillaunch.c fills it. */
struct spec_flags {
	const char *user, *group, *chdir, *net, *seccomp, *caps;
	const char *ambient_caps;
	const char *policy_open; /* as struct policy_request has it */
	const char *policy_text, *policy_name; /* unless seccomp says another */
	const char *start_here; /* where the user may enter it; else chdir */
	const char *deny_action;
	struct opt_list env, limits, syscall_allow, syscall_deny, keep_fds;
	struct opt_list binds, tmpfs, spec_files;
	struct opt_maybe writable;
	const char *persist, *landlock, *uid_pool, *namespaces, *hostname;
	struct opt_list landlock_read, landlock_write;
	struct opt_list require; /* see requirement.h */
	const char *events; /* see events.h */
	bool insecure, net_none, read_only, keep_env, no_groups, allow_root,
		in_place, proc;
};

struct jail_limit {
	bool is_set, by_image; /* an image may lower a limit, never raise it */
	uint64_t value; /* in the unit of limit_rows[] */
};

struct jail_spec {
	int root_fd;
	const char *root_name;
	const struct spec_flags *flags; /* for what concerns mounts */
	bool root_is_image, root_is_mounted, root_is_pinned;
	bool need_shm, need_pts, need_proc;
	struct opt_list copies; /* --copy: the root is changed; not owned */
	const char *devices; /* of an image: a list for devices.h */
	struct jail_user user;
	struct own_uid *own_uid; /* the user's uid comes from it, or NULL */
	uid_t image_uid; /* whose home it is; the user's, without own_uid */
	gid_t image_gid;
	bool allow_root, in_place;
	const char *start_here; /* tried before workdir; NULL; not owned */
	char *workdir;
	char **argv;
	char **programs; /* paths to try in turn, NULL-terminated */
	struct environ_list env;
	bool net_host, net_private;
	struct namespaces namespaces;
	const char *hostname; /* in a uts namespace; not owned */
	char *seccomp; /* a name or a file; NULL: none */
	const char *policy_open; /* with policy_text */
	const char *policy_text; /* of seccomp, if it was read; not owned */
	const char *deny_action; /* NULL: the policy's own; not owned */
	struct opt_list allow, deny; /* lists of system calls; not owned */
	uint64_t caps; /* kept in the bounding set */
	uint64_t ambient_caps; /* that the program has, whoever it is */
	struct landlock landlock;
	struct jail_limit limits[N_LIMITS];
	struct cgroup *cgroup; /* what holds some of them; or NULL */
	struct output *output; /* what counts that of the program; or NULL */
	int *keep_fds;
	size_t n_keep_fds;
	const struct terminal *terminal; /* NULL: the caller's, if any */
	bool has_terminal; /* of its own, or the caller's on standard input */
	bool has_foreground; /* our group is in the caller's foreground */
	bool has_readers; /* somebody will read what happened in the jail */
};

/* What a spec is made from; all of it outlives the spec. */
struct spec_input {
	const struct spec_flags *flags;
	const struct manifest *image; /* the image's own, or NULL */
	const struct manifest *file; /* of --spec, or NULL */
	int root_fd;
	const char *root_name;
	bool root_is_image, root_is_mounted, root_is_pinned;
	struct opt_list copies; /* as in struct jail_spec */
	const char *devices; /* as in struct jail_spec */
	char *const *argv; /* program and arguments; empty: the image's entry */
	const struct terminal *terminal; /* as in struct jail_spec */
	bool has_terminal, has_foreground, has_readers;
	const struct namespace_lacks *lacks; /* or NULL: none is known */
};

/*
 * The files of --spec, once for all attempts: a pipe cannot be read again.
 * *out stays NULL when there are none.
 */
int spec_read_files(const struct opt_list *files, struct manifest **out,
		    struct err *err);

/* *out is the caller's; on failure there is nothing to release in it. */
int spec_make(const struct spec_input *input, struct jail_spec *out,
	      struct err *err);
void spec_release(struct jail_spec *spec); /* NULL: nothing */
