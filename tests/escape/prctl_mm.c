/*
 * Asks for what changes the kernel's notion of where its memory lies, which
 * includes the program that /proc/PID/exe names.
 * Stopped by: seccomp, EPERM for PR_SET_MM.
 */
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
	unsigned size = 0;

	if (prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) < 0)
		refused("PR_SET_MM");
	escaped("the map has %u bytes", size);
}
