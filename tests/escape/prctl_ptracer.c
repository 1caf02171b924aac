/*
 * Lets anybody of the same uid trace it, past Yama.
 * Stopped by: seccomp, EPERM for PR_SET_PTRACER.  A kernel without Yama says
 * EINVAL.
 */
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
	reached(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0), EINVAL,
		"PR_SET_PTRACER");
}
