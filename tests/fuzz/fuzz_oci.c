/*
 * Any bytes read as a profile: it is refused with words, or becomes a filter
 * (if it fits into one).
 */
#include <assert.h>
#include <stdint.h>

#include "policy/compile.h"
#include "policy/oci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_request request = {
		.name = "fuzz",
		.text = (const char *)data,
		.text_len = size,
		.caps = 0x5555555555,
		.kernel = {5, 4},
	};
	auto_of(written) struct written *written = NULL;
	auto_of(ruleset) struct ruleset *set = NULL;
	auto_of(program) struct program *program = NULL;
	struct err err = {0};

	if (oci_read(&request, MACHINE_X86_64, &written, &err) < 0 ||
	    ruleset_make(&request, written, MACHINE_X86_64, &set, &err) < 0 ||
	    compile(set, &program, &err) < 0)
		assert(err.kind == ERR_MANIFEST && err.msg[0]);
	return 0;
}
