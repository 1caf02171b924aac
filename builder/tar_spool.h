#pragma once
/*
 * tar_spool: where the bytes of a tar can be had again, in any order: in its
 * file, or, if that is compressed, in a copy without a name.
 */
#include <sys/types.h>

#include "err.h"

struct tar_spool {
	int parts; /* where contents lie at last: the file or the copy */
	int from; /* where the tar is to be read, which may be packed */
	int copy; /* gets all that is read, unpacked; -1: nothing needs it */
};

/* fd, of that size, stays the caller's; parts is the caller's, too, when it is
 * another.  The copy lies beside a file called beside. */
int tar_spool_open(int fd, off_t size, const char *name, const char *beside,
		   struct tar_spool *out, struct err *err);
