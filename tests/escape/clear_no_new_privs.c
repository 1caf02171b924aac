/*
 * Takes no_new_privs back.
 * Stopped by: no_new_privs, which cannot be taken back.
 */
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)
		escaped("no_new_privs is off");
	refused("PR_SET_NO_NEW_PRIVS");
}
