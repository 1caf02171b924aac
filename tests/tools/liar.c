/*
 * liar: stands in for jail-unpack.  Its "image" is a word of four bytes, then
 * the records that it sends, then it does what the word says:
 *
 *	EXIT ends; KILL, SEGV die by that signal; WAIT stays; SHUT closes its
 *	output and stays.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fdio.h"

static int copy_rest(void)
{
	char buffer[65536];
	ssize_t n;

	while ((n = fd_read_full(0, buffer, sizeof(buffer))) > 0)
		if (fd_write_full(1, buffer, (size_t)n) < 0)
			return -1;
	return (int)n;
}

int main(void)
{
	char word[4];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd_read_full(0, word, sizeof(word)) != sizeof(word) ||
	    copy_rest() < 0)
		return 1;
	if (memcmp(word, "KILL", 4) == 0)
		raise(SIGKILL);
	if (memcmp(word, "SEGV", 4) == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer may catch it */
		raise(SIGSEGV);
	}
	if (memcmp(word, "SHUT", 4) == 0)
		close(1);
	if (memcmp(word, "SHUT", 4) == 0 || memcmp(word, "WAIT", 4) == 0)
		for (;;)
			pause();
	return 0;
}
