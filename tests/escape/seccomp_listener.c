/*
 * Installs a filter whose decisions it takes itself: a listener could then
 * answer calls of its children that it should not even see.
 * Stopped by: seccomp, EPERM for SECCOMP_FILTER_FLAG_NEW_LISTENER.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		refused("PR_SET_NO_NEW_PRIVS");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) < 0)
		refused("seccomp");
	escaped("listens");
}
