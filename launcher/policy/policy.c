#include "policy.h"

#include <errno.h>
#include <string.h>

#include "built.h"
#include "compile.h"

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

static int compile_amended(const struct policy_request *request,
			   struct sock_fprog *out, void **owned,
			   struct err *err)
{
	auto_of(ruleset) struct ruleset *set = NULL;
	auto_of(program) struct program *program = NULL;

	if (ruleset_make(request, MACHINE_NATIVE, &set, err) < 0 ||
	    compile(set, &program, err) < 0)
		return -1;
	*out = as_fprog(program->code, program->n);
	*owned = TAKE(program->code);
	return 0;
}

int policy_filter(const struct policy_request *request,
		  struct sock_fprog *program, void **owned, struct err *err)
{
	const struct built_program *built;

	if (request->features >= POLICY_FEATURE_SETS)
		return err_sys(err, EINVAL, "seccomp policy: features %#x",
			       request->features);
	if (strcmp(request->name, "default") != 0 || request->n_allow ||
	    request->n_deny)
		return compile_amended(request, program, owned, err);
	built = &policy_built[request->features];
	*program = as_fprog(built->code, built->n);
	*owned = NULL;
	return 0;
}
