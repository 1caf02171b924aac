/*
 * outsider FILE: the process outside that escape attempts go for.  Prints its
 * pid, the address of a text in its memory and the number of a descriptor that
 * is open on FILE; then waits, ten minutes at most.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static char treasure[] = "memory of the outsider";

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0)
		return 1;
	prctl(PR_SET_DUMPABLE, 1);
	alarm(600);
	printf("%d %p %d\n", (int)getpid(), (void *)treasure, fd);
	fflush(stdout);
	for (;;)
		pause();
}
