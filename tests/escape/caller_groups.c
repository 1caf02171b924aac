/*
 * Uses a supplementary group of whoever called the launcher.
 * Stopped by: ids, which gives the groups of the jail's /etc/group only.
 */
#include "attempt.h"

int main(int argc, char **argv)
{
	gid_t wanted = (gid_t)number_of(argc, argv, 1), groups[64];
	int i, n = getgroups(64, groups);

	if (n < 0)
		refused("getgroups");
	for (i = 0; i < n; i++)
		if (groups[i] == wanted)
			escaped("is in group %d", (int)wanted);
	stopped("not in the caller's group");
}
