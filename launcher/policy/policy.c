#include "policy.h"

#include <errno.h>

#include "compile.h"
#include "oci.h"
#include "written.h"

int policy_read(const struct policy_request *request, enum machine machine,
		struct written **out, struct err *err)
{
	if (!request->text)
		return 0;
	if (oci_is_json(request->text, request->text_len))
		return oci_read(request, machine, out, err);
	return policy_text_read(request->text, request->text_len, request->name,
				out, err);
}

static int compile_amended(const struct policy_request *request,
			   struct sock_fprog *out, void **owned,
			   struct err *err)
{
	auto_of(written) struct written *written = NULL;
	auto_of(ruleset) struct ruleset *set = NULL;
	auto_of(program) struct program *program = NULL;

	if (policy_read(request, MACHINE_NATIVE, &written, err) < 0 ||
	    ruleset_make(request, written, MACHINE_NATIVE, &set, err) < 0 ||
	    compile(set, &program, err) < 0)
		return -1;
	*out = (struct sock_fprog){(unsigned short)program->n, program->code};
	*owned = TAKE(program->code);
	return 0;
}

int policy_filter(const struct policy_request *request,
		  struct sock_fprog *program, void **owned, struct err *err)
{
	*owned = NULL;
	if (request->features >= POLICY_FEATURE_SETS)
		return err_sys(err, EINVAL, "seccomp policy: features %#x",
			       request->features);
	if (policy_builtin(request, program))
		return 0;
	return compile_amended(request, program, owned, err);
}
