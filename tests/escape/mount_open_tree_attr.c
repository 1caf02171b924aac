/*
 * The same as open_tree(), by the number that Linux 6.15 added.
 * Stopped by: seccomp, ENOSYS.  Behind it: ids and caps.
 */
#include <fcntl.h>
#include <linux/mount.h>

#include "attempt.h"

#define NR_OPEN_TREE_ATTR 467

int main(void)
{
	if (syscall(NR_OPEN_TREE_ATTR, AT_FDCWD, "/tmp",
		    OPEN_TREE_CLONE | AT_RECURSIVE, NULL, 0) < 0)
		refused("open_tree_attr");
	escaped("cloned a mount");
}
