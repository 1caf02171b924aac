#pragma once
/*
 * own_dir: directories of the launcher's own: nobody else can enter them.
 */
#include "err.h"

/*
 * Makes the directory unless it is there; a descriptor (O_RDONLY), or -1 if it
 * cannot be made or is not ours alone (our owner, mode 0700, no link).
 */
int own_dir_open(int at_fd, const char *path, struct err *err);

/* One in another such directory, which is made, too. */
int own_dir_open_in(const char *above, const char *name, struct err *err);
