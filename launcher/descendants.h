#pragma once
/*
 * descendants: the end of everything that a child subreaper has below it.
 *
 * Needs neither a pid namespace nor a cgroup nor /proc: whoever dies leaves his
 * children to the subreaper, and a process with SIGKILL pending cannot fork.
 * No allocation.
 */

/* Kills and reaps until there is no child.  How many were reaped. */
unsigned long descendants_kill(void);
