/*
 * Reaches the quota code: writes all quotas to disk, which anybody may.
 * Stopped by: seccomp, EPERM.
 */
#include <sys/quota.h>

#include "attempt.h"

int main(void)
{
	if (syscall(SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL) < 0)
		refused("quotactl");
	escaped("synced quotas");
}
