#pragma once
/*
 * directory: the names in a directory that is open.
 */
#include <dirent.h>

#include "err.h"

/* From the first on, whoever else reads there.  NULL: errno says why. */
DIR *directory_list(int dir_fd);

/*
 * Nothing can be made in a directory that was deleted, and the kernel's words
 * for that name something else: -1 if it was, for what would be made.
 */
int directory_is_there(int dir_fd, const char *for_what, struct err *err);
