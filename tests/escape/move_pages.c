/*
 * Asks where the memory of a process of the same uid outside lies, and could
 * move it.
 * Stopped by: seccomp, ENOSYS.
 */
#include "attempt.h"

int main(int argc, char **argv)
{
	void *page = page_of(address_of(argc, argv, 2));
	int node = -1;

	if (syscall(SYS_move_pages, number_of(argc, argv, 1), 1, &page, NULL,
		    &node, 0) < 0)
		refused("move_pages");
	escaped("on node %d", node);
}
