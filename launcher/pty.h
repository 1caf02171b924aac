#pragma once
/*
 * pty: a new pair of a terminal's ends.  Opened through /dev/ptmx; the slave
 * without its name, which may lead to another's, or nowhere.
 */

/* The master does not block.  0, or -errno; one that is open then is left so. */
int pty_open(int *master, int *slave);
