#pragma once
/*
 * root_old: a root made by mount(2) alone, as before Linux 5.2.  There a mount
 * is always somewhere, and what is mounted on it leaves it when it is detached.
 */
#include "root_attempt.h"

/* In a mount namespace of its own. */
int root_by_old_namespace(struct root_attempt *attempt);

/*
 * Without one: mounted on the directory of a process in /proc.  When that
 * process is gone, so is the directory, and the kernel takes the tree that
 * stood there away as a whole: from then on only who has it open can use it.
 * Whoever is killed meanwhile takes that process along.
 */
int root_by_process(struct root_attempt *attempt);
