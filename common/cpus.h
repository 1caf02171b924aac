#pragma once
/*
 * cpus: the processors that we may run on.
 */

/* How many; 0: the kernel does not say.  Does not allocate. */
unsigned cpus_usable(void);
