/*
 * Filters as they were compiled, and as they are written anew to be cheap to
 * load: the same answers to every call, by fewer instructions.
 */
#include "test.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpf.h"
#include "policy/compile.h"
#include "policy/dispatch.h"
#include "policy/named.h"

/* A filter before and after, and what its comparisons are with. */
struct pair {
	const char *name;
	uint32_t abi;
	struct program *plain, *anew;
	uint32_t values[8192];
	size_t n_values;
	unsigned asked; /* calls whose arguments were looked at */
};

static void compare(const struct pair *pair, const struct seccomp_data *data)
{
	uint32_t want = bpf_run(pair->plain->code, pair->plain->n, data);
	uint32_t got = bpf_run(pair->anew->code, pair->anew->n, data);

	if (got != want || want == BPF_BROKEN)
		fail_msg("%s, ABI %#x: call %#x (%#llx, %#llx, %#llx, %#llx, "
			 "%#llx, %#llx): %#x, not %#x",
			 pair->name, data->arch, (unsigned)data->nr,
			 (unsigned long long)data->args[0],
			 (unsigned long long)data->args[1],
			 (unsigned long long)data->args[2],
			 (unsigned long long)data->args[3],
			 (unsigned long long)data->args[4],
			 (unsigned long long)data->args[5], got, want);
}

static uint32_t any(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

static int in_order(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return a < b ? -1 : a > b;
}

/* Each once. */
static void find_values(struct pair *pair)
{
	size_t n = 0;

	const struct program *plain = pair->plain;

	pair->n_values = 0;
	for (size_t i = 0; i < plain->n; i++) {
		uint32_t value = plain->code[i].k;
		const uint32_t near[] = {value, value + 1, value - 1, ~value};

		if (BPF_CLASS(plain->code[i].code) == BPF_RET ||
		    pair->n_values + 4 > 8192)
			continue;
		memcpy(pair->values + pair->n_values, near, sizeof(near));
		pair->n_values += 4;
	}
	qsort(pair->values, pair->n_values, sizeof(*pair->values), in_order);
	for (size_t i = 0; i < pair->n_values; i++)
		if (i == 0 || pair->values[i] != pair->values[i - 1])
			pair->values[n++] = pair->values[i];
	pair->n_values = n;
}

static uint64_t any_argument(const struct pair *pair, uint64_t *seed)
{
	static const uint64_t highs[] = {0, 0, 0, 1, UINT32_MAX};
	uint64_t low = pair->values[any(seed) % pair->n_values];
	unsigned how = any(seed) % 8;

	if (how == 0)
		low |= pair->values[any(seed) % pair->n_values];
	if (how == 1)
		low = any(seed) % 16;
	if (how == 2)
		return low | (uint64_t)pair->values[any(seed) % pair->n_values]
				     << 32;
	return low | highs[any(seed) % 5] << 32;
}

/* Each argument by itself, then all of them at once. */
static void compare_arguments(const struct pair *pair,
			      const struct seccomp_data *call)
{
	static const uint64_t highs[] = {0, 1ULL << 32, 0xffffffff00000000ULL};
	struct seccomp_data data = *call;
	uint64_t seed = (uint64_t)call->nr;

	for (unsigned arg = 0; arg < 6; arg++) {
		for (size_t i = 0; i < 3 * pair->n_values; i++) {
			data.args[arg] = pair->values[i / 3] | highs[i % 3];
			compare(pair, &data);
		}
		data.args[arg] = 0;
	}
	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned arg = 0; arg < 6; arg++)
			data.args[arg] = any_argument(pair, &seed);
		compare(pair, &data);
	}
}

static void compare_number(struct pair *pair, uint32_t abi, uint32_t number)
{
	struct seccomp_data data = {.nr = (int)number, .arch = abi};
	uint32_t answer, still;

	compare(pair, &data);
	bpf_prepare(pair->plain->code, pair->plain->n, &data, &answer);
	bpf_prepare(pair->anew->code, pair->anew->n, &data, &still);
	/* What the kernel knew to be allowed it still does. */
	if (answer != BPF_BROKEN) {
		assert_int_equal(still, answer);
		return;
	}
	pair->asked++;
	compare_arguments(pair, &data);
}

static void compare_all(struct pair *pair)
{
	static const uint32_t foreign[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, 0,
					   UINT32_MAX};
	static const uint32_t high[] = {
		0x3fffffff, 0x40000000, 0x40000000 + 59, 0x40000000 + 520,
		0x7fffffff, 0x80000000, UINT32_MAX - 1,	 UINT32_MAX};

	find_values(pair);
	for (uint32_t number = 0; number <= 700; number++)
		compare_number(pair, pair->abi, number);
	for (size_t i = 0; i < sizeof(high) / sizeof(*high); i++)
		compare_number(pair, pair->abi, high[i]);
	for (size_t i = 0; i < pair->n_values; i++)
		if (pair->values[i] > 700)
			compare_number(pair, pair->abi, pair->values[i]);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		for (uint32_t number = 0; number <= 700; number++)
			compare_number(pair, foreign[i], number);
}

/* Both compiled; the caller drops them. */
static void make(struct pair *pair, const struct policy_request *request,
		 enum machine machine)
{
	auto_of(written) struct written *written = NULL;
	auto_of(ruleset) struct ruleset *set = NULL;
	struct err err = {0};

	*pair = (struct pair){.name = request->name,
			      .abi = machine_audit_arch(machine)};
	if (policy_read(request, machine, &written, &err) < 0 ||
	    ruleset_make(request, written, machine, &set, &err) < 0 ||
	    compile_plainly(set, &pair->plain, &err) < 0 ||
	    compile(set, &pair->anew, &err) < 0) {
		fail_msg("%s: %s", request->name, err.msg);
		abort(); /* not reached, but clang-tidy does not know */
	}
}

static void drop(struct pair *pair)
{
	program_free(pair->plain);
	program_free(pair->anew);
}

TEST(named_policies_answer_as_before)
{
	static struct pair pair;

	for (size_t i = 0; i < n_named_policies; i++)
		for (unsigned k = 0; k < MACHINES * POLICY_FEATURE_SETS; k++) {
			struct policy_request request = {
				.name = named_policies[i].name,
				.features = k / MACHINES};

			make(&pair, &request, (enum machine)(k % MACHINES));
			compare_all(&pair);
			assert_true(pair.asked > 5);
			drop(&pair);
		}
}

static const char every_operator[] =
	"default errno:ENOSYS\n"
	"allow @loader @io @file getpid\n"
	"allow clone if low0 & 0xff == 0x11 and arg1 > 0x1000 and arg2 <= 9\n"
	"errno:EPERM clone if low0 & 0xff00 != 0\n"
	"log clone if arg3 < 0x100000005\n"
	"errno:EINVAL personality if arg0 & 0x0400000\n"
	"errno:0 personality if arg0 >= 0x80000000\n"
	"trap personality if arg0 != 0xffffffff\n"
	"kill prctl if arg0 == 1 and arg1 == 2 and arg2 == 3 and arg3 == 4\n"
	"allow prctl if arg0 != 1 and arg1 < 2 and low2 > 3 and low4 & 6\n"
	"kill prctl if arg0 & 0xff0000000f == 0x100000001\n"
	"allow socket if low0 == 1 and low1 & 0xf == 1\n"
	"allow socket if low0 == 1 and low1 & 0xf == 2\n"
	"errno:EACCES socket if low0 > 1 and low0 < 3\n"
	"allow socket if low0 == 3 and low0 == 4\n"
	"log socket\n";

static const char profile[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
	"{\"names\":[\"read\",\"write\",\"execve\",\"execveat\","
	"\"exit_group\",\"mmap2\",\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	"{\"name\":\"personality\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	"{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]},"
	"{\"name\":\"personality\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	"{\"index\":0,\"value\":131072,\"op\":\"SCMP_CMP_EQ\"}]},"
	"{\"name\":\"socket\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	"{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_NE\"},"
	"{\"index\":1,\"value\":15,\"valueTwo\":1,"
	"\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
	"{\"name\":\"clone\",\"action\":\"SCMP_ACT_NOTIFY\",\"args\":["
	"{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_LT\"},"
	"{\"index\":1,\"value\":4294967296,\"op\":\"SCMP_CMP_GE\"}]}]}";

TEST(policies_of_the_callers_answer_as_before)
{
	static const char *const texts[] = {every_operator, profile};
	static struct pair pair;

	for (size_t i = 0; i < 2; i++)
		for (int machine = 0; machine < MACHINES; machine++) {
			struct policy_request request = {
				.name = "t",
				.text = texts[i],
				.text_len = strlen(texts[i]),
				.features = 7};

			if (texts[i] == profile && machine != MACHINE_NATIVE)
				continue; /* it names its machines */
			make(&pair, &request, (enum machine)machine);
			compare_all(&pair);
			assert_true(pair.asked >= 3);
			drop(&pair);
		}
}

/* Every call has conditions of its own: nothing can be shared. */
static char *long_policy(void)
{
	size_t len;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fputs("default errno:EPERM\nallow execve execveat write exit_group\n",
	      out);
	for (size_t i = 0; i < n_syscall_names; i++)
		if (!strstr("execve execveat write exit_group",
			    syscall_names[i].name))
			fprintf(out,
				"%s %s if arg%zu == %zu and low%zu & 7 != 2\n",
				i % 3 ? "allow" : "log", syscall_names[i].name,
				i % 6, i + 100, (i + 1) % 6);
	fclose(out);
	return text;
}

TEST(conditional_jumps_reach_the_end_of_long_programs)
{
	static struct pair pair;
	char *text = long_policy();
	struct policy_request request = {
		.name = "long", .text = text, .text_len = strlen(text)};

	make(&pair, &request, MACHINE_X86_64);
	print_message("%zu instructions, before %zu\n", pair.anew->n,
		      pair.plain->n);
	assert_true(pair.anew->n > 4UL * 255 && pair.anew->n < pair.plain->n);
	compare_all(&pair);
	assert_true(pair.asked > 300);
	drop(&pair);
	free(text);
}

/* Any of the instructions that we know, mostly about the same few things. */
static struct sock_filter any_instruction(uint64_t *seed, size_t left)
{
	static const uint32_t words[] = {0, 16, 16, 16, 20, 24, 24};
	static const uint16_t tests[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	static const uint32_t values[] = {0, 1, 2, 3, 4, 7, 12, 0x80000000};
	unsigned kind = any(seed) % 16;
	uint32_t value = values[any(seed) % 8];
	size_t span = left < 6 ? left : 6;

	if (kind < 4)
		return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    words[any(seed) % 7]);
	if (kind == 4)
		return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
						    value);
	if (kind == 5)
		return (struct sock_filter)BPF_STMT(
			BPF_JMP | BPF_JA, (uint32_t)(any(seed) % span));
	if (kind == 6)
		return (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (any(seed) % 3));
	return (struct sock_filter){
		(uint16_t)(BPF_JMP | tests[any(seed) % 4] | BPF_K),
		(uint8_t)(any(seed) % span), (uint8_t)(any(seed) % span),
		value};
}

#define ANY_LENGTH 60

static struct program *any_program(uint64_t *seed)
{
	struct program *program = calloc(1, sizeof(*program));
	const struct sock_filter start[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16 + 4 * (any(seed) % 3)),
	};

	assert_non_null(program);
	program->code = calloc(ANY_LENGTH, sizeof(*program->code));
	assert_non_null(program->code);
	memcpy(program->code, start, sizeof(start));
	for (program->n = 4; program->n < ANY_LENGTH - 1; program->n++)
		program->code[program->n] =
			any_instruction(seed, ANY_LENGTH - 1 - program->n);
	program->code[program->n++] = (struct sock_filter)BPF_STMT(
		BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return program;
}

static struct program *copy_of(const struct program *program)
{
	struct program *copy = calloc(1, sizeof(*copy));

	assert_non_null(copy);
	copy->code = calloc(program->n, sizeof(*copy->code));
	assert_non_null(copy->code);
	memcpy(copy->code, program->code, program->n * sizeof(*copy->code));
	copy->n = program->n;
	return copy;
}

static bool is_as_before(const struct pair *pair)
{
	return pair->plain->n == pair->anew->n &&
	       !memcmp(pair->plain->code, pair->anew->code,
		       pair->plain->n * sizeof(*pair->plain->code));
}

static void dispatch(struct pair *pair)
{
	struct err err = {0};

	pair->abi = AUDIT_ARCH_X86_64;
	pair->anew = copy_of(pair->plain);
	if (program_dispatch(pair->anew, pair->abi, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Small arguments meet all that such programs compare with. */
static void compare_small(const struct pair *pair)
{
	static const uint64_t some[] = {0, 1, 2,  3,  4,
					5, 7, 12, 15, 0x80000001};

	for (uint32_t i = 0; i < 9 * 10 * 10 * 10; i++) {
		struct seccomp_data data = {
			.nr = (int)(i % 9),
			.arch = pair->abi,
			.args = {some[i / 9 % 10] | some[i / 90 % 10] << 32,
				 some[i / 900]}};

		compare(pair, &data);
	}
}

TEST(any_program_answers_as_before)
{
	static struct pair pair;
	unsigned written_anew = 0;
	uint64_t seed = 1;

	for (unsigned i = 0; i < 1500; i++) {
		pair = (struct pair){.name = "any",
				     .plain = any_program(&seed)};
		dispatch(&pair);
		if (!is_as_before(&pair)) {
			compare_small(&pair);
			written_anew++;
		}
		drop(&pair);
	}
	print_message("%u of 1500 programs\n", written_anew);
	assert_true(written_anew > 200);
}

/* What is no program of ours: it stays as it is. */
static void stays(const struct sock_filter *code, size_t n)
{
	struct program plain = {NULL, n};
	struct pair pair = {.name = "stays"};

	plain.code = calloc(n, sizeof(*code));
	assert_non_null(plain.code);
	memcpy(plain.code, code, n * sizeof(*code));
	pair.plain = &plain;
	dispatch(&pair);
	assert_true(is_as_before(&pair));
	program_free(pair.anew);
	free(plain.code);
}

#define LOAD(word)                                                             \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, word))
#define ASK(test, value, yes, no)                                              \
	BPF_JUMP(BPF_JMP | (test) | BPF_K, value, yes, no)
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, value)

TEST(programs_that_cannot_be_told_stay_as_they_are)
{
	static const struct sock_filter bits[] = {
		LOAD(nr), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1),
		ASK(BPF_JEQ, 1, 0, 1), ANSWER(1), ANSWER(2)};
	static const struct sock_filter set[] = {
		LOAD(nr), ASK(BPF_JSET, 1, 0, 1), ANSWER(1), ANSWER(2)};
	static const struct sock_filter index[] = {
		LOAD(nr), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), ANSWER(1),
		ANSWER(2)};
	static const struct sock_filter other_abi[] = {
		LOAD(arch), ASK(BPF_JEQ, AUDIT_ARCH_I386, 0, 1), ANSWER(1),
		ANSWER(2)};
	static const struct sock_filter either[] = {
		LOAD(args[0]), ASK(BPF_JEQ, 3, 0, 1),
		LOAD(args[1]), ASK(BPF_JEQ, 4, 0, 1),
		ANSWER(1),     ANSWER(2)};
	static const struct sock_filter nothing[] = {ASK(BPF_JEQ, 0, 0, 1),
						     ANSWER(1), ANSWER(2)};
	static const struct sock_filter beyond[] = {
		LOAD(args[0]), ASK(BPF_JEQ, 4, 0, 1), ANSWER(1)};

	stays(bits, 5);
	stays(set, 4);
	stays(index, 5);
	stays(other_abi, 4);
	stays(either, 6);
	stays(nothing, 3);
	stays(beyond, 3);
}

TEST(programs_far_longer_than_the_kernel_takes_stay_as_they_are)
{
	const size_t n = 9UL * BPF_MAXINSNS;
	struct sock_filter *code = calloc(n, sizeof(*code));

	assert_non_null(code);
	for (size_t i = 0; i < n; i++)
		code[i] = (struct sock_filter)LOAD(args[0]);
	code[n - 1] = (struct sock_filter)ANSWER(1);
	stays(code, n);
	free(code);
}

TEST(what_is_known_is_not_asked)
{
	struct sock_filter code[] = {
		LOAD(arch), ASK(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0), ANSWER(9),
		LOAD(args[0]), ASK(BPF_JGE, 0x10, 0, 6),
		/* 5: at least 16, so neither 3 nor without high bits */
		ASK(BPF_JEQ, 3, 4, 0), ASK(BPF_JEQ, 0x10, 0, 3),
		ASK(BPF_JSET, 0x10, 0, 1), ANSWER(1), ANSWER(2), ANSWER(3),
		/* 11: less than 16 */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
		ASK(BPF_JEQ, 0, 0, 1), ANSWER(4), ANSWER(5)};
	struct program plain = {code, sizeof(code) / sizeof(*code)};
	struct pair pair = {.name = "known", .plain = &plain};

	dispatch(&pair);
	compare_all(&pair);
	/* Load, ABI, load, two comparisons, and 9, 1, 3 and 4. */
	assert_int_equal(pair.anew->n, 9);
	program_free(pair.anew);
}

TEST(an_argument_that_decides_nothing_is_not_looked_at)
{
	static struct pair pair;
	struct policy_request request = {.name = "default"};
	const struct seccomp_data data = {.nr = 41, .arch = AUDIT_ARCH_X86_64};
	uint32_t answer;

	/* socket() without a network and without isolated names. */
	make(&pair, &request, MACHINE_X86_64);
	bpf_prepare(pair.anew->code, pair.anew->n, &data, &answer);
	assert_int_equal(answer, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	drop(&pair);
}

/* What the kernel runs when it loads the filter, by number. */
static size_t steps_of(const struct program *program, uint32_t abi)
{
	size_t steps = 0;
	uint32_t answer;

	for (int number = 0; number <= SYSCALL_NEWEST; number++) {
		struct seccomp_data data = {.nr = number, .arch = abi};

		steps += bpf_prepare(program->code, program->n, &data, &answer);
	}
	return steps;
}

TEST(filters_are_cheap_to_load)
{
	static struct pair pair;

	for (size_t i = 0; i < n_named_policies; i++)
		for (unsigned k = 0; k < MACHINES * POLICY_FEATURE_SETS; k++) {
			struct policy_request request = {
				.name = named_policies[i].name,
				.features = k / MACHINES};
			size_t steps, foreign;

			make(&pair, &request, (enum machine)(k % MACHINES));
			steps = steps_of(pair.anew, pair.abi);
			foreign = steps_of(pair.anew, AUDIT_ARCH_I386);
			if (k == 0)
				print_message(
					"%s: %zu instructions, before %zu; "
					"%zu steps, before %zu\n",
					request.name, pair.anew->n,
					pair.plain->n, steps,
					steps_of(pair.plain, pair.abi));
			assert_true(pair.anew->n <= 180);
			assert_true(steps <= 11UL * (SYSCALL_NEWEST + 1));
			assert_int_equal(foreign, 3UL * (SYSCALL_NEWEST + 1));
			drop(&pair);
		}
}

TEST_MAIN
