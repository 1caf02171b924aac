/*
 * The policies that were compiled at build time, apart from all that compiles:
 * a launch that changes nothing about them links no library.
 */
#include <string.h>

#include "built.h"
#include "policy.h"

/* struct built_policy policy_MACHINE[], by policy-gen. */
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
	if (request->text || request->n_allow || request->n_deny ||
	    request->deny_action || request->open ||
	    request->features >= POLICY_FEATURE_SETS)
		return false;
	for (size_t i = 0; i < sizeof(policy_built) / sizeof(*policy_built);
	     i++) {
		const struct built_program *built =
			&policy_built[i].programs[request->features];

		if (strcmp(policy_built[i].name, request->name) != 0)
			continue;
		*program = as_fprog(built->code, built->n);
		return true;
	}
	return false;
}
