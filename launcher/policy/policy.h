#pragma once
/*
 * policy: which system calls a jail may make, as data and as a seccomp filter.
 *
 * The named policies are compiled at build time (policy-gen, libseccomp) for
 * each set of features and linked in: choosing one costs nothing.  A policy
 * that is amended is compiled at launch, in `prepare`, never in the child.
 */
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "syscalls.h"

/* What else the jail has; widens or narrows the argument rules. */
enum policy_feature {
	POLICY_NET_HOST = 1, /* AF_INET, AF_INET6, AF_NETLINK (route) */
	POLICY_UNIX = 2, /* AF_UNIX: abstract names are isolated */
	POLICY_OWN_PIDS = 4, /* a pid namespace: foreign pids out of reach */
};
#define POLICY_FEATURE_SETS 8

struct written;

struct policy_request {
	const char *name; /* "default", or what the text is called */
	const char *text; /* a policy of the caller's (text or JSON), or NULL */
	size_t text_len;
	unsigned features;
	const char *const *allow; /* names or @groups, each a comma list */
	size_t n_allow;
	const char *const *deny;
	size_t n_deny;
	/* Of what a text allows, a comma list of what the floor shall not
	 * refuse as a whole; rules about arguments stay.  NULL: none. */
	const char *open;
	/* "kill", "errno", "errno:E", "log" instead of what is answered to
	 * calls that are denied; NULL: as it is */
	const char *deny_action;
	uint64_t caps; /* of the bounding set: profiles ask */
	unsigned kernel[2]; /* likewise; {0}: the running one */
};

/*
 * The filter for a request; *program points to constant data or to memory that
 * *owned holds (NULL when constant; free() it).  ERR_USAGE for an unknown
 * name, with the nearest known one.
 */
int policy_filter(const struct policy_request *request,
		  struct sock_fprog *program, void **owned, struct err *err);

/* The same, only where nothing has to be compiled; else false. */
bool policy_builtin(const struct policy_request *request,
		    struct sock_fprog *program);

/*
 * The caller's own policy as it was written; *out stays NULL when the request
 * has none.  ERR_MANIFEST: what is wrong with it, and where.
 */
int policy_read(const struct policy_request *request, enum machine machine,
		struct written **out, struct err *err);
