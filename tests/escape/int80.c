/*
 * Enters the kernel by the 32-bit gate, whose numbers mean other calls: a
 * filter that looks at the number alone is blind there.
 * Stopped by: seccomp, SIGSYS for every foreign architecture.
 */
#include "attempt.h"

int main(void)
{
#ifdef __x86_64__
	long result = 20; /* getpid of i386 */

	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 :
			 : "memory", "r8", "r9", "r10", "r11");
	if (result != getpid())
		stopped("int 0x80 gave %ld", result);
	escaped("int 0x80 works");
#else
	cannot("x86 only");
#endif
}
