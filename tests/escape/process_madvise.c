/*
 * Pushes memory of a process of the same uid outside out of RAM.
 * Stopped by: seccomp, ENOSYS.
 */
#include <sys/mman.h>
#include <sys/uio.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int process = (int)syscall(SYS_pidfd_open, number_of(argc, argv, 1), 0);
	struct iovec there = {page_of(address_of(argc, argv, 2)), 4096};

	if (process < 0)
		refused("pidfd_open");
	if (syscall(SYS_process_madvise, process, &there, 1, MADV_COLD, 0) < 0)
		refused("process_madvise");
	escaped("advised");
}
