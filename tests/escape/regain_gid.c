/*
 * Becomes group root again by a real or saved gid that was forgotten.
 * Stopped by: ids, which sets all three: EPERM.
 */
#include "attempt.h"

int main(void)
{
	if (setgid(0) == 0 && getgid() == 0)
		escaped("setgid(0)");
	if (setregid(0, 0) == 0)
		escaped("setregid(0, 0)");
	if (setresgid((gid_t)-1, 0, (gid_t)-1) == 0)
		escaped("setresgid(-1, 0, -1)");
	refused("setresgid");
}
