#pragma once
/*
 * directory: the names in a directory that is open.
 */
#include <dirent.h>

/* From the first on, whoever else reads there.  NULL: errno says why. */
DIR *directory_list(int dir_fd);
