/*
 * Joins group root.
 * Stopped by: ids and caps (no CAP_SETGID): EPERM.
 */
#include <grp.h>

#include "attempt.h"

int main(void)
{
	gid_t root = 0;

	if (setgroups(1, &root) < 0)
		refused("setgroups");
	escaped("joined group 0");
}
