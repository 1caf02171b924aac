/*
 * Any bytes read as a policy's text: what is accepted compiles for both
 * machines, answers the same before and after it is written anew, and is shown
 * as a text that is accepted and shown as the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bpf.h"
#include "policy/compile.h"
#include "policy/policy_show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An argument that something may be compared with. */
static uint64_t argument(const struct program *plain, size_t any)
{
	uint64_t value = plain->code[any * 31 % plain->n].k;

	return any % 3 ? value : value << 32 | plain->code[any % plain->n].k;
}

static void check_answers(const struct ruleset *set, const struct program *anew)
{
	auto_of(program) struct program *plain = NULL;
	struct err err = {0};

	assert(compile_plainly(set, &plain, &err) == 0);
	for (unsigned i = 0; i < 4 * (SYSCALL_NEWEST + 2); i++) {
		struct seccomp_data data = {
			.nr = (int)(i / 4),
			.arch = machine_audit_arch(set->machine)};

		for (unsigned arg = 0; arg < 6; arg++)
			data.args[arg] = argument(plain, i * 7 + arg);
		assert(bpf_run(plain->code, plain->n, &data) ==
		       bpf_run(anew->code, anew->n, &data));
	}
}

/* NULL: it does not fit into a filter, or refuses what the launcher needs. */
static char *show(struct written *written, enum machine machine, size_t *len)
{
	struct policy_request request = {.name = "fuzz"};
	auto_of(ruleset) struct ruleset *set = NULL;
	auto_of(program) struct program *program = NULL;
	struct err err = {0};
	char *text = NULL;
	FILE *out;

	if (ruleset_make(&request, written, machine, &set, &err) < 0 ||
	    compile(set, &program, &err) < 0) {
		assert(err.kind == ERR_MANIFEST && err.msg[0]);
		return NULL;
	}
	check_answers(set, program);
	out = open_memstream(&text, len);
	assert(out);
	policy_show(set, out);
	fclose(out);
	return text;
}

static void check(struct written *written, enum machine machine)
{
	auto_of(written) struct written *again = NULL;
	auto_free char *once = NULL, *twice = NULL;
	size_t len, len_again;
	struct err err = {0};

	once = show(written, machine, &len);
	if (!once)
		return;
	assert(policy_text_read(once, len, "once", &again, &err) == 0);
	twice = show(again, machine, &len_again);
	assert(twice && len == len_again && memcmp(once, twice, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_of(written) struct written *written = NULL;
	struct err err = {0};

	if (policy_text_read((const char *)data, size, "fuzz", &written, &err) <
	    0) {
		assert(err.kind == ERR_MANIFEST && err.msg[0]);
		return 0;
	}
	for (unsigned machine = 0; machine < MACHINES; machine++)
		check(written, (enum machine)machine);
	return 0;
}
