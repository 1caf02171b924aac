/*
 * Is root because of how its user was named: a line of the image's passwd, or
 * a number that turns into 0, or into -1, which setresuid() takes as "leave
 * it".
 * Stopped by: the launcher; uid 0 and gid 0 need --allow-root, and what is no
 * uid is refused.
 */
#include "attempt.h"

int main(void)
{
	if (getuid() == 0 || getgid() == 0)
		escaped("is %d:%d", (int)getuid(), (int)getgid());
	stopped("is %d:%d", (int)getuid(), (int)getgid());
}
