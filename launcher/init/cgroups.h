#pragma once
/*
 * cgroups: on /sys/fs/cgroup, for jaillaunch to make groups in: version 2, or
 * what the kernel has of version 1.  What version 2 lacks is on /run/cgroup.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * The next name of /proc/cgroups that is enabled, or NULL; *text moves behind
 * it.  The lines are changed.
 */
char *cgroups_next(char **text);

/*
 * Of the words of cgroup.controllers: "+cpu +memory", what is to be written to
 * cgroup.subtree_control.  The number of controllers.
 */
size_t cgroups_wanted(const char *controllers, char *out, size_t size);

/* Which of both it is, for the console; words of a failure otherwise. */
int cgroups_mount(struct err *err);
