/*
 * Sets up an io_uring and makes an internet socket through it: its operations
 * are system calls that seccomp never sees.
 * Stopped by: seccomp, ENOSYS.
 */
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "attempt.h"

#define OP_SOCKET 45 /* Linux 5.19 */

static void *map(int ring, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			what);

	if (at == MAP_FAILED)
		refused("mmap");
	return at;
}

int main(void)
{
	struct io_uring_params params = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	struct io_uring_sqe *entry;
	struct io_uring_cqe *done;
	char *submissions, *completions;

	if (ring < 0)
		refused("io_uring_setup");
	submissions = map(ring, 4096, IORING_OFF_SQ_RING);
	completions = map(ring, 4096, IORING_OFF_CQ_RING);
	entry = map(ring, 4 * sizeof(*entry), IORING_OFF_SQES);
	entry->opcode = OP_SOCKET;
	entry->fd = AF_INET;
	entry->off = SOCK_STREAM;
	((uint32_t *)(void *)(submissions + params.sq_off.array))[0] = 0;
	((uint32_t *)(void *)(submissions + params.sq_off.tail))[0] = 1;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) < 0)
		refused("io_uring_enter");
	done = (void *)(completions + params.cq_off.cqes);
	if (done->res < 0) {
		errno = -done->res;
		refused("IORING_OP_SOCKET");
	}
	escaped("made an internet socket");
}
