/*
 * interpret: a policy's filter, run in an interpreter for every number and the
 * edges of every comparison, against its rules as they are looked up, before
 * and after it was written anew; and its shown text, read again, against the
 * same.
 *
 *	interpret [--policy NAME|FILE] [--features N] [--allow LIST] ...
 */
#include "bpf.h"
#include "policy/compile.h"
#include "policy/policy_show.h"
#include "tools/policy_options.h"

struct subject {
	const struct ruleset *set;
	const struct program *program;
	unsigned answers, wrong;
};

static uint32_t action_of(const struct rule *rule)
{
	if (!rule)
		return SECCOMP_RET_ALLOW;
	switch (rule->answer) {
	case ANSWER_KILL:
		return SECCOMP_RET_KILL_PROCESS;
	case ANSWER_LOG:
		return SECCOMP_RET_LOG;
	case ANSWER_TRAP:
		return SECCOMP_RET_TRAP;
	case ANSWER_FAKE:
		return SECCOMP_RET_ERRNO;
	default:
		return SECCOMP_RET_ERRNO | (uint32_t)rule->answer;
	}
}

static void ask(struct subject *subject, unsigned nr, const uint64_t args[6])
{
	struct seccomp_data data = {
		.nr = (int)nr,
		.arch = machine_audit_arch(subject->set->machine),
	};
	uint32_t want = action_of(ruleset_find(subject->set, nr, args)), got;

	memcpy(data.args, args, sizeof(data.args));
	got = bpf_run(subject->program->code, subject->program->n, &data);
	subject->answers++;
	if (got == want)
		return;
	subject->wrong++;
	printf("WRONG: %u (%#llx, %#llx, %#llx): %#x, not %#x\n", nr,
	       (unsigned long long)args[0], (unsigned long long)args[1],
	       (unsigned long long)args[2], got, want);
}

/* Around what a condition compares with; the others make it hold, or not. */
static void ask_around(struct subject *subject, unsigned nr,
		       const struct condition *when, uint64_t args[6])
{
	const uint64_t value = when->value, high = 1ULL << 32;
	const uint64_t near[] = {
		0,
		1,
		value,
		value + 1,
		value - 1,
		value ^ high,
		value + high,
		value - high,
		value << 32,
		value >> 32,
		~when->mask,
		~when->mask | value,
		~value,
		UINT64_MAX,
		value | 0xffffffff00000000ULL,
	};

	for (size_t i = 0; i < sizeof(near) / sizeof(*near); i++) {
		uint64_t before = args[when->arg];

		args[when->arg] = near[i];
		ask(subject, nr, args);
		if (when[1].kind)
			ask_around(subject, nr, when + 1, args);
		args[when->arg] = before;
	}
}

static void ask_list(struct subject *subject, unsigned nr,
		     const struct denial *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t args[6] = {0};

		if (list[i].rule->when[0].kind)
			ask_around(subject, nr, list[i].rule->when, args);
	}
}

static void ask_all(struct subject *subject)
{
	const uint64_t none[6] = {0};

	for (unsigned nr = 0; nr <= 600; nr++) {
		const struct denial *list;
		size_t n;

		ask(subject, nr, none);
		list = ruleset_choices(subject->set, nr, &n);
		ask_list(subject, nr, list, n);
		list = ruleset_denials(subject->set, nr, &n);
		ask_list(subject, nr, list, n);
	}
	ask(subject, 0x40000000, none);
	ask(subject, UINT32_MAX, none);
}

/* What is shown, read again, without what amended it. */
static struct program *compile_shown(const struct ruleset *set,
				     const struct policy_request *request)
{
	struct policy_request again = {.name = "shown",
				       .features = request->features};
	auto_of(written) struct written *written = NULL;
	auto_of(ruleset) struct ruleset *read_again = NULL;
	struct program *program;
	struct err err = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		die(2, "memory", "none");
	policy_show(set, out);
	fclose(out);
	if (policy_text_read(text, len, "shown", &written, &err) < 0 ||
	    ruleset_make(&again, written, set->machine, &read_again, &err) <
		    0 ||
	    compile(read_again, &program, &err) < 0)
		die(2, "shown", err.msg);
	free(text);
	return program;
}

static unsigned interpret(const struct policy_options *options,
			  enum machine machine)
{
	struct policy_request request = policy_options_request(options);
	auto_of(written) struct written *written = NULL;
	auto_of(ruleset) struct ruleset *set = NULL;
	auto_of(program) struct program *program = NULL;
	auto_of(program) struct program *plain = NULL;
	auto_of(program) struct program *shown = NULL;
	struct subject subject = {0};
	struct err err = {0};

	if (policy_read(&request, machine, &written, &err) < 0 ||
	    ruleset_make(&request, written, machine, &set, &err) < 0 ||
	    compile_plainly(set, &plain, &err) < 0 ||
	    compile(set, &program, &err) < 0)
		die(2, "policy", err.msg);
	subject = (struct subject){.set = set, .program = plain};
	ask_all(&subject);
	subject.program = program;
	ask_all(&subject);
	if (!options->allow && !options->deny_action) {
		shown = compile_shown(set, &request);
		subject.program = shown;
		ask_all(&subject);
	}
	printf("%s: %zu instructions, %u answers, %u wrong\n",
	       machine_name(machine), program->n, subject.answers,
	       subject.wrong);
	return subject.wrong;
}

int main(int argc, char **argv)
{
	struct policy_options options = policy_options_parse(argc, argv);
	unsigned wrong = interpret(&options, MACHINE_X86_64);

	/* Profiles name the machines that they are for. */
	if (!options.text || options.text[0] != '{')
		wrong += interpret(&options, MACHINE_AARCH64);
	free(options.text);
	return wrong != 0;
}
