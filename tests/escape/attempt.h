#pragma once
/*
 * attempt: how an escape attempt ends, in words that the driver compares.
 *
 * Exit 0, "escaped: ...": the forbidden act worked.  Exit 1, "refused: WHAT:
 * ERRNO" (or a word instead of the errno): something stopped it.  Exit 77: it
 * cannot be tried on this kernel.  Death by SIGSYS is a refusal, too.
 *
 * An attempt must be harmless when it succeeds, also as root: it undoes what
 * it did, or gives arguments that only the kernel's own code would reject.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ATTEMPT_WORDS                                                          \
	static inline __attribute__((noreturn, unused, format(printf, 1, 2)))

ATTEMPT_WORDS void escaped(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	dprintf(1, "escaped: ");
	vdprintf(1, format, args);
	dprintf(1, "\n");
	va_end(args);
	exit(0);
}

/* Nothing failed, and yet the prize was out of reach; says why. */
ATTEMPT_WORDS void stopped(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	dprintf(1, "refused: ");
	vdprintf(1, format, args);
	dprintf(1, "\n");
	va_end(args);
	exit(1);
}

ATTEMPT_WORDS void cannot(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	dprintf(1, "cannot be tried: ");
	vdprintf(1, format, args);
	dprintf(1, "\n");
	va_end(args);
	exit(77);
}

/* errno says what stopped it. */
static inline __attribute__((noreturn, unused)) void refused(const char *what)
{
	const char *name = strerrorname_np(errno);

	stopped("%s: %s", what, name ? name : "unknown errno");
}

/*
 * For calls that would harm if they worked: they get arguments which the
 * kernel's own code rejects with a known errno, so that errno means "reached".
 */
static inline __attribute__((noreturn, unused)) void
reached(long result, int kernel_says, const char *what)
{
	if (result >= 0)
		escaped("%s returned %ld", what, result);
	if (errno == kernel_says)
		escaped("%s reached the kernel, which says %s", what,
			strerrorname_np(errno));
	refused(what);
}

/* The n-th argument, a number that the driver gave. */
static inline __attribute__((unused)) long number_of(int argc, char **argv,
						     int n)
{
	if (n >= argc)
		cannot("argument %d is missing", n);
	return strtol(argv[n], NULL, 0);
}

/* The n-th argument, an address in another process. */
static inline __attribute__((unused)) void *address_of(int argc, char **argv,
						       int n)
{
	void *address = NULL;

	if (n >= argc || sscanf(argv[n], "%p", &address) != 1)
		cannot("argument %d is missing", n);
	return address;
}

/* The page that an address is in. */
static inline __attribute__((unused)) void *page_of(void *address)
{
	return (char *)address - ((uintptr_t)address & 4095);
}

static inline __attribute__((unused)) const char *word_of(int argc, char **argv,
							  int n)
{
	if (n >= argc)
		cannot("argument %d is missing", n);
	return argv[n];
}

/*
 * Whether a process that was sent a deadly signal has ended, within five
 * seconds; a zombie has.  Where there are no pidfds: whether the signal can have
 * reached it.
 */
static inline __attribute__((unused)) int has_ended(pid_t pid)
{
	struct pollfd end = {(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};

	if (end.fd < 0)
		return kill(pid, 0) == 0 || errno == ESRCH;
	return poll(&end, 1, 5000) == 1;
}

/* Reads what lies outside the jail. */
static inline __attribute__((noreturn, unused)) void read_prize(int fd)
{
	char text[64] = "";

	if (fd < 0)
		refused("open");
	if (read(fd, text, sizeof(text) - 1) < 0)
		refused("read");
	escaped("read \"%.40s\"", text);
}
