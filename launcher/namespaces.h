#pragma once
/*
 * namespaces: which namespaces of its own a jail gets.
 *
 * None is needed.  Those that can be made are used; by --ns LIST, those must
 * be.  Whether one can be made shows when it is tried: what a launch learned so
 * is kept in a struct namespace_lacks, for the next attempt.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

struct jail_spec;

enum namespace {
	NAMESPACE_PID,
	NAMESPACE_IPC,
	NAMESPACE_UTS,
	NAMESPACE_CGROUP,
	NAMESPACE_NET,
	NAMESPACE_MNT,
	NAMESPACE_USER,
	N_NAMESPACES,
};

struct namespace_row {
	const char *name; /* in --ns and the report */
	unsigned long flag; /* CLONE_NEW... */
	const char *hides; /* what is outside's and not seen any more */
};

extern const struct namespace_row namespace_rows[N_NAMESPACES];

/* errno of the attempt to make each; 0: none was made, or it succeeded. */
struct namespace_lacks {
	int error[N_NAMESPACES];
};

struct namespaces {
	unsigned long used; /* CLONE_NEW... */
	struct namespace_lacks
		lacks; /* why others are not used; 0: not wanted */
	char denies[128]; /* for people */
	char why_not[128]; /* where none is used */
};

/*
 * Decides by --ns, --net, --hostname, --proc and --exec.  A namespace that was
 * named and is lacking is ERR_HOST.
 */
int namespaces_decide(const struct jail_spec *spec,
		      const struct namespace_lacks *lacks,
		      struct namespaces *out, struct err *err);

/* Is the jail of somebody who is not root (user_namespace.h)? */
static inline bool namespaces_are_rootless(const struct namespaces *namespaces)
{
	return namespaces->used & 0x10000000; /* CLONE_NEWUSER */
}

static inline bool namespaces_have(const struct namespaces *namespaces,
				   enum namespace which)
{
	return namespaces->used & namespace_rows[which].flag;
}

/* Each: used, or why not; a line each. */
void namespaces_explain(const struct namespaces *namespaces, FILE *out);

/* Those of used that a new process is born in. */
unsigned long namespaces_of_birth(const struct namespaces *namespaces);

/* Does this errno mean that there are none, for us, on this kernel? */
bool namespace_is_lacking(int error);

/*
 * In a child that ends at once, each made by the call that a launch makes it
 * by: clone(), or unshare() for what it enters later, and for all with --exec.
 * 0, or errno.
 */
int namespaces_try(unsigned long flags, bool is_in_place);

/*
 * Tries each of the flags in a child that ends at once.  True: out has one more
 * that is lacking.
 */
bool namespaces_learn(unsigned long flags, bool is_in_place,
		      struct namespace_lacks *out);
