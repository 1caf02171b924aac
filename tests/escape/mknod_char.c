/*
 * Makes a node of the kernel's memory.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps (no CAP_MKNOD).
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "attempt.h"

#ifdef SYS_mknod
#define make_node(path, mode, dev) syscall(SYS_mknod, path, mode, dev)
#else
#define make_node(path, mode, dev) syscall(SYS_mknodat, -100, path, mode, dev)
#endif

int main(void)
{
	if (make_node("/tmp/memory", S_IFCHR | 0600, makedev(1, 1)) < 0)
		refused("mknod");
	unlink("/tmp/memory");
	escaped("made /dev/mem");
}
