/*
 * Walks out through /proc/PID/root of a process of the same uid outside.
 * Stopped by: root.  There is no /proc in a jail: ENOENT.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	char path[4096];

	snprintf(path, sizeof(path), "/proc/%ld/root%s",
		 number_of(argc, argv, 1), word_of(argc, argv, 4));
	read_prize(open(path, O_RDONLY | O_CLOEXEC));
}
