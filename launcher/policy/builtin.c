/*
 * The policies that were compiled at build time, apart from all that compiles:
 * a launch that changes nothing about them links no library.
 */
#include <string.h>

#include "built.h"
#include "policy.h"

/* struct built_program policy_MACHINE[POLICY_FEATURE_SETS], by policy-gen. */
#if defined(__x86_64__)
#include "policy_x86_64.h"
#define policy_built policy_x86_64
#elif defined(__aarch64__)
#include "policy_aarch64.h"
#define policy_built policy_aarch64
#endif

static struct sock_fprog as_fprog(const struct sock_filter *code, size_t n)
{
	/* The kernel only reads it, but its struct does not say so. */
	union {
		const struct sock_filter *code;
		struct sock_filter *filter;
	} either = {code};

	return (struct sock_fprog){(unsigned short)n, either.filter};
}

bool policy_builtin(const struct policy_request *request,
		    struct sock_fprog *program)
{
	const struct built_program *built;

	if (strcmp(request->name, "default") != 0 || request->n_allow ||
	    request->n_deny || request->features >= POLICY_FEATURE_SETS)
		return false;
	built = &policy_built[request->features];
	*program = as_fprog(built->code, built->n);
	return true;
}
