/*
 * Becomes root again by a real or saved uid that was forgotten.
 * Stopped by: ids, which sets all three: EPERM.
 */
#include "attempt.h"

int main(void)
{
	if (setuid(0) == 0 && getuid() == 0)
		escaped("setuid(0)");
	if (setreuid(0, 0) == 0)
		escaped("setreuid(0, 0)");
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		escaped("setresuid(-1, 0, -1)");
	refused("setresuid");
}
