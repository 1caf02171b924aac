/*
 * Finds capabilities in the bounding set, which a program that gains
 * privilege by exec would get.
 * Stopped by: bounding, which empties it.
 */
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
	int capability;

	for (capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_READ, capability) == 1)
			escaped("capability %d is in the set", capability);
	stopped("empty");
}
