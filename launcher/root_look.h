#pragma once
/*
 * root_look: what a jail's root has, before anything is mounted in it and after.
 * Paths are absolute in the root and reached without a link.
 */
#include <stdbool.h>
#include <sys/stat.h>

#include "err.h"

/* For -errno: no such directory, not one, or behind a link. */
bool root_is_none(int error);

/*
 * A directory: 1, or 0: there is none.  What cannot be looked at (-1) is not
 * taken for missing.
 */
int root_look_at(int root_fd, const char *path, struct stat *st,
		 struct err *err);

/* 1, 0, or -1. */
int root_directory_is_empty(int root_fd, const char *path, struct err *err);

/* Has the file system of a descriptor no room left, or no inode? */
bool root_is_full(int fd);
