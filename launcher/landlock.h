#pragma once
/*
 * landlock: what the kernel's Landlock can do for a launch, decided before any
 * of it is done.  No libc and few headers know all of it, so the numbers are
 * here.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct spec_flags;

/* What a launch asks of it. */
struct landlock {
	int abi; /* of the kernel; 0: left out, and why says why */
	bool has_paths; /* only the paths of the flags can be opened */
	struct err why;
};

enum landlock_right {
	LANDLOCK_EXECUTE = 1 << 0,
	LANDLOCK_WRITE_FILE = 1 << 1,
	LANDLOCK_READ_FILE = 1 << 2,
	LANDLOCK_READ_DIR = 1 << 3,
	LANDLOCK_MAKE_BLOCK = 1 << 11,
	LANDLOCK_ABI_1 = (1 << 13) - 1,
	LANDLOCK_REFER = 1 << 13, /* ABI 2 */
	LANDLOCK_TRUNCATE = 1 << 14, /* ABI 3 */
	LANDLOCK_IOCTL_DEV = 1 << 15, /* ABI 5 */
};

/* Of those, what makes sense of something that is no directory. */
#define LANDLOCK_OF_FILES                                                      \
	(LANDLOCK_EXECUTE | LANDLOCK_WRITE_FILE | LANDLOCK_READ_FILE |         \
	 LANDLOCK_TRUNCATE | LANDLOCK_IOCTL_DEV)

/* Since ABI 6, Linux 6.12. */
enum landlock_scope {
	LANDLOCK_SCOPE_ABSTRACT_SOCKETS = 1 << 0,
	LANDLOCK_SCOPE_SIGNALS = 1 << 1,
};
#define LANDLOCK_ABI_SCOPES 6
#define LANDLOCK_ABI_PATHS 3
#define LANDLOCK_ABI_LOGS 7

/* As the kernel has it; what it does not know must be 0. */
struct landlock_ruleset {
	uint64_t handled_fs, handled_net, scoped;
};

/* The running kernel's ABI, or -errno. */
int landlock_ask(void);

/*
 * Decides by the flags --landlock, --landlock-read and --landlock-write, and
 * what the kernel has.  Without it (ENOSYS, EOPNOTSUPP, or forbidden) it is
 * left out; but who names paths gets them, or an error.
 */
int landlock_decide(const struct spec_flags *flags, struct landlock *out,
		    struct err *err);

/* What the ruleset handles, by the ABI. */
struct landlock_ruleset landlock_rules(const struct landlock *landlock);

/* Processes outside: their abstract sockets, and signals to them. */
static inline bool landlock_has_scopes(const struct landlock *landlock)
{
	return landlock->abi >= LANDLOCK_ABI_SCOPES;
}

/* System calls: a result, or -errno. */
int landlock_create(const struct landlock_ruleset *rules);
int landlock_allow(int ruleset, int path_fd, uint64_t rights);
int landlock_restrict(const struct landlock *landlock, int ruleset);
