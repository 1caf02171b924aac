#pragma once
/*
 * descendants: the end of everything that a child subreaper has below it.
 *
 * Needs neither a pid namespace nor a cgroup nor /proc: whoever dies leaves his
 * children to the subreaper, and a process with SIGKILL pending cannot fork.
 * No allocation.
 */

/*
 * The host's /proc, for descendants_kill(), opened while it can be reached: who
 * has entered the jail's mounts cannot any more.  A descriptor; or -1 where
 * there is none, and numbers are tried, the newest first.
 */
int descendants_look(void);

/*
 * Kills and reaps until there is no child, but for those whose end is no signal.
 * How many were reaped.
 */
unsigned long descendants_kill(int proc_fd);

/*
 * The same, for the init of a pid namespace, whose descendants are all that is
 * in it.  Where they cannot be killed it leaves them alive: the kernel ends them
 * with the caller.
 */
unsigned long descendants_kill_namespace(void);
