#pragma once
/*
 * names: what people write for system calls: a name, or @group.
 *
 * Groups are those of the table of rules, and families: what belongs together
 * when a policy says what it allows (@loader, @io ...).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"
#include "syscalls.h"

/* A piece of a list; not NUL-terminated. */
struct name {
	const char *text;
	size_t len;
};

struct family {
	const char *name, *calls, *why;
};
extern const struct family families[];
extern const size_t n_families;

/* The next name of a list; false at its end. */
bool name_next(const char **cursor, char separator, struct name *out);
bool name_is(struct name name, const char *text);

/*
 * *out is the call's row, or NULL for a call that only machines have which we
 * do not know.  ERR_USAGE for a name that no machine has, with the nearest.
 */
int name_find_call(struct name name, const struct syscall_name **out,
		   struct err *err);

/* "@group" -> its name without the @; ERR_USAGE for an unknown one. */
int name_find_group(struct name name, struct name *out, struct err *err);
static inline bool name_is_group(struct name name)
{
	return name.len > 0 && name.text[0] == '@';
}

/* The lists of calls that a group consists of, one after the other. */
const char *name_group_calls(struct name group, size_t *cursor);

/* "errno:EPERM" is "EPERM" here, or a number up to ERRNO_MOST; -1: neither. */
int name_errno(const char *text);

/* The families as rows of Markdown. */
void families_print(FILE *out);
