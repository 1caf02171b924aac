/*
 * Is a set-user-id (or set-group-id) program of root in the jail.
 * Stopped by: no_new_privs, for --root DIR: it runs, as the jail's user.  An
 * image that holds one is refused by the unpacker.
 */
#include "attempt.h"

int main(void)
{
	if (geteuid() == 0 || getegid() == 0)
		escaped("runs as %d:%d", (int)geteuid(), (int)getegid());
	stopped("runs as the user");
}
