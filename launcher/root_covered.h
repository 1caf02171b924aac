#pragma once
/*
 * root_covered: a root below which the host has mounts, for who is not root.
 * Nobody but root may uncover what a mount covers, so they come along; and then
 * they are as read-only as the root is, and nosuid.
 */

/*
 * By the calls of Linux 5.2 and 5.12: a detached copy, of the root alone where
 * there are no such mounts.  A descriptor, or -errno.
 */
int root_covered_clone(const char *path);

/*
 * By mount(2), on a name in the working directory, whose mount is unshared and
 * our own.  It needs /proc.  What lies in a directory that is closed to the
 * caller gets an empty one above it: 0 or -errno.
 */
int root_covered_bind(const char *path, const char *name);
