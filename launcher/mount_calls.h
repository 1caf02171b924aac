#pragma once
/*
 * mount_calls: the mount calls of Linux 5.2 and later, and what their failures
 * mean.  No libc that we are built with has them all.
 */
#include <linux/mount.h>
#include <stdbool.h>
#include <stdint.h>

/* A parameter of a file system; without a value: a flag. */
struct mount_option {
	const char *key, *value;
};

/*
 * A new mount that is nowhere: options end with a key of NULL.  A descriptor,
 * or -errno.  It vanishes with its last user.
 */
int mount_make(const char *type, const struct mount_option *options,
	       unsigned attributes);

/* Can a file system of this type be made at all?  0 or -errno: -ENODEV: no. */
int mount_knows(const char *type);

/* A detached copy of what fd is open on, with what is mounted below it. */
int mount_clone(int fd, bool with_submounts);

/* Mounts a detached mount on what target is open on, or on a name there. */
int mount_attach(int mount, int target, const char *name);

/*
 * MOUNT_ATTR_*, for one mount (not those below it).  It is private then: what
 * is mounted on it does not appear on what it is a copy of.
 */
int mount_set(int mount, uint64_t attributes);

/* Likewise for those below it, too.  It stays as shared as it is. */
int mount_set_all(int mount, uint64_t attributes);

/* A path of what a descriptor is open on, where /proc is mounted. */
void mount_fd_path(int fd, char path[32]);

/* mount(2), umount2(MNT_DETACH) and pivot_root(2); 0 or -errno. */
int mount_old(const char *source, const char *target, const char *type,
	      unsigned long flags, const char *data);
int mount_old_at(const char *source, int dir_fd, const char *name,
		 const char *type, unsigned long flags);
int mount_detach(const char *target);
int mount_detach_at(int dir_fd, const char *name);
int mount_pivot(const char *new_root, const char *old_root);

/*
 * True: the errno says that this kernel, or who confines us, does not have the
 * call: something else may be tried.  False: it has, and it failed.
 */
bool mount_is_missing(int error);
