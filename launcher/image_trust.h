#pragma once
/*
 * image_trust: may the kernel read this image's index as root's own word?
 *
 * What a mounted file says can be changed under the mount by whoever can write
 * to it, and the kernel's parser of it has not been made for enemies.  So:
 * a file of root (or the caller), writable by nobody else and now open for
 * writing by nobody, below directories of which the same is true (in one that
 * is sticky, as /tmp, others cannot replace it either).
 */
#include <stdbool.h>
#include <sys/stat.h>

#include "err.h"

/* 1: yes; 0: no, and err says why ("FILE can be written by others"); -1: that could not be found out. */
int image_trust(int file, const char *path, struct err *err);

/* Of this only, the file's owner and mode. */
bool image_owner_is_trusted(const struct stat *st);
