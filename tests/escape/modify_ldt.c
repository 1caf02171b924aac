/*
 * Reads the local descriptor table; writing it opens 16-bit code paths.
 * Stopped by: seccomp, ENOSYS.
 */
#include "attempt.h"

int main(void)
{
#ifdef SYS_modify_ldt
	char table[64];

	if (syscall(SYS_modify_ldt, 0, table, sizeof(table)) < 0)
		refused("modify_ldt");
	escaped("read the table");
#else
	cannot("x86 only");
#endif
}
