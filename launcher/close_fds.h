#pragma once
/*
 * close_fds: closes what is not to stay open, in few system calls.
 */
#include <stddef.h>

/* All from first on but those kept; kept is sorted. */
void close_fds_but(int first, int *kept, size_t n);
