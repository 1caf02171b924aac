/*
 * The filters that make builds, for both machines and every set of features,
 * run call by call in an interpreter and compared with the table of rules; the
 * table is read here in the most naive way, not by the code under test.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf.h"
#include "policy/built.h"
#include "policy/compile.h"
#include "policy/ruleset.h"

#include "policy_aarch64.h"
#include "policy_x86_64.h"

/* The default policy is the first. */
static const struct built_program *const built[MACHINES] = {
	[MACHINE_X86_64] = policy_x86_64[0].programs,
	[MACHINE_AARCH64] = policy_aarch64[0].programs,
};

#define HIGH_GARBAGE 0xdeadbeef00000000ULL

static struct seccomp_data call_of(enum machine machine, unsigned nr,
				   const uint64_t args[6])
{
	struct seccomp_data data = {
		.nr = (int)nr,
		.arch = machine == MACHINE_X86_64 ? AUDIT_ARCH_X86_64
						  : AUDIT_ARCH_AARCH64,
	};

	memcpy(data.args, args, sizeof(data.args));
	return data;
}

static const char *name_of(enum machine machine, unsigned nr)
{
	for (size_t i = 0; i < n_syscall_names; i++)
		if (syscall_names[i].nr[machine] >= 0 &&
		    (unsigned)syscall_names[i].nr[machine] == nr)
			return syscall_names[i].name;
	return NULL;
}

static bool names(const char *calls, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = calls; (at = strstr(at, name)); at += len)
		if ((at == calls || at[-1] == ' ') &&
		    (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static bool conditions_hold(const struct rule *rule, const uint64_t args[6])
{
	for (int i = 0; rule->when[i].kind != CONDITION_NONE; i++) {
		uint64_t arg = args[rule->when[i].arg] % (1ULL << 32);
		uint64_t masked = arg & rule->when[i].mask;

		if (rule->when[i].kind == CONDITION_IS &&
		    masked != rule->when[i].value)
			return false;
		if (rule->when[i].kind == CONDITION_NOT &&
		    masked == rule->when[i].value)
			return false;
		if (rule->when[i].kind == CONDITION_HAS &&
		    !(arg & rule->when[i].value))
			return false;
	}
	return true;
}

/* What the table says, as the filter would answer it. */
static uint32_t verdict(enum machine machine, unsigned features, unsigned nr,
			const uint64_t args[6])
{
	const char *name = name_of(machine, nr);

	if (!name)
		return SECCOMP_RET_ERRNO | ENOSYS;
	for (size_t i = 0; i < n_rules; i++) {
		if (rules[i].answer == ANSWER_ALLOW ||
		    (rules[i].unless & features) ||
		    !names(rules[i].calls, name) ||
		    !conditions_hold(&rules[i], args))
			continue;
		return rules[i].answer == ANSWER_KILL
			       ? SECCOMP_RET_KILL_PROCESS
			       : SECCOMP_RET_ERRNO | (uint32_t)rules[i].answer;
	}
	return SECCOMP_RET_ALLOW;
}

static void compare(enum machine machine, unsigned features, unsigned nr,
		    const uint64_t args[6])
{
	const struct built_program *program = &built[machine][features];
	struct seccomp_data data = call_of(machine, nr, args);
	uint32_t want = verdict(machine, features, nr, args);
	uint32_t got = bpf_run(program->code, program->n, &data);

	if (got != want)
		fail_msg("%s, features %u: call %u (%s) (%#llx, %#llx, %#llx, "
			 "%#llx): filter %#x, table %#x",
			 machine_name(machine), features, nr,
			 name_of(machine, nr) ? name_of(machine, nr) : "?",
			 (unsigned long long)args[0],
			 (unsigned long long)args[1],
			 (unsigned long long)args[2],
			 (unsigned long long)args[3], got, want);
}

/* Values that a condition of this call, or the edge of one, is about. */
static size_t values_for(const char *name, unsigned arg, uint64_t *out)
{
	size_t n = 0;

	out[n++] = 0;
	out[n++] = 1;
	out[n++] = UINT64_MAX;
	out[n++] = HIGH_GARBAGE;
	for (size_t k = 0; name && k < n_rules; k++)
		for (int i = 0; names(rules[k].calls, name) &&
				rules[k].when[i].kind != CONDITION_NONE;
		     i++) {
			uint32_t value = (uint32_t)rules[k].when[i].value;

			if (rules[k].when[i].arg != arg)
				continue;
			out[n++] = value;
			out[n++] = HIGH_GARBAGE | value;
			out[n++] = value ^ 1;
			out[n++] = value + 1;
			out[n++] = (uint64_t)value << 32;
			out[n++] = ~rules[k].when[i].mask | value;
			for (unsigned bit = 0; bit < 32; bit++)
				out[n++] = 1U << bit;
		}
	return n;
}

#define VALUES_MAX 4096

/* Each argument in turn takes every interesting value, others stay zero. */
static void compare_one_by_one(enum machine machine, unsigned features,
			       unsigned nr)
{
	static uint64_t values[VALUES_MAX];

	for (unsigned arg = 0; arg < 6; arg++) {
		size_t n = values_for(name_of(machine, nr), arg, values);

		assert_true(n <= VALUES_MAX);
		for (size_t i = 0; i < n; i++) {
			uint64_t args[6] = {0};

			args[arg] = values[i];
			compare(machine, features, nr, args);
		}
	}
}

static const unsigned odd_numbers[] = {
	0x40000000,	  0x40000000 + 59,  0x40000000 + 161,
	0x40000000 + 520, 0x40000000 + 547, 0x7fffffff,
	0x80000000,	  0xfffffffe,	    UINT32_MAX,
};

TEST(every_number_is_answered_as_the_table_says)
{
	for (int machine = 0; machine < MACHINES; machine++)
		for (unsigned set = 0; set < POLICY_FEATURE_SETS; set++) {
			for (unsigned nr = 0; nr <= 600; nr++)
				compare_one_by_one((enum machine)machine, set,
						   nr);
			for (size_t i = 0;
			     i < sizeof(odd_numbers) / sizeof(*odd_numbers);
			     i++)
				compare_one_by_one((enum machine)machine, set,
						   odd_numbers[i]);
		}
}

/* Every pair of values for the two arguments that a rule looks at. */
static void compare_pairs(enum machine machine, unsigned features, unsigned nr,
			  const struct rule *rule)
{
	static uint64_t first[VALUES_MAX], second[VALUES_MAX];
	unsigned one = rule->when[0].arg, other = rule->when[1].arg;
	size_t n_first = values_for(rule->calls, one, first);
	size_t n_second = values_for(rule->calls, other, second);

	for (size_t i = 0; i < n_first; i++)
		for (size_t k = 0; k < n_second; k++) {
			uint64_t args[6] = {0};

			args[one] = first[i];
			args[other] = second[k];
			compare(machine, features, nr, args);
		}
}

TEST(rules_about_two_arguments_need_both)
{
	unsigned compared = 0;

	for (size_t i = 0; i < n_rules; i++) {
		const struct syscall_name *call;

		if (rules[i].when[0].kind == CONDITION_NONE ||
		    rules[i].when[1].kind == CONDITION_NONE)
			continue;
		call = syscall_find(rules[i].calls, strlen(rules[i].calls));
		assert_non_null(call);
		for (int machine = 0; machine < MACHINES; machine++)
			for (unsigned set = 0; set < POLICY_FEATURE_SETS; set++)
				if (call->nr[machine] != SYSCALL_NONE)
					compare_pairs(
						(enum machine)machine, set,
						(unsigned)call->nr[machine],
						&rules[i]);
		compared++;
	}
	assert_true(compared >= 5);
}

TEST(a_foreign_abi_is_killed_whatever_it_calls)
{
	static const uint32_t foreign[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM,
					   AUDIT_ARCH_PPC64LE, 0, UINT32_MAX};
	const uint64_t args[6] = {0};

	for (int machine = 0; machine < MACHINES; machine++)
		for (unsigned nr = 0; nr <= 600; nr++)
			for (size_t i = 0; i < 5; i++) {
				struct seccomp_data data = call_of(
					(enum machine)machine, nr, args);

				data.arch = foreign[i];
				assert_int_equal(bpf_run(built[machine][0].code,
							 built[machine][0].n,
							 &data),
						 SECCOMP_RET_KILL_PROCESS);
			}
}

static uint32_t ask(const struct sock_fprog *program, const char *name,
		    uint64_t a, uint64_t b, uint64_t c)
{
	const struct syscall_name *call = syscall_find(name, strlen(name));
	const uint64_t args[6] = {a, b, c};
	struct seccomp_data data;

	assert_non_null(call);
	data = call_of(MACHINE_NATIVE, (unsigned)call->nr[MACHINE_NATIVE],
		       args);
	return bpf_run(program->filter, program->len, &data);
}

static uint32_t errno_answer(int number)
{
	return SECCOMP_RET_ERRNO | (uint32_t)number;
}

TEST(the_seed_promises_hold_in_words)
{
	struct policy_request request = {.name = "default"};
	struct sock_fprog program;
	struct err err = {0};
	void *owned;

	assert_int_equal(policy_filter(&request, &program, &owned, &err), 0);
	assert_null(owned);
	assert_int_equal(ask(&program, "chroot", 1, 0, 0),
			 SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask(&program, "mount", 1, 0, 0), errno_answer(EPERM));
	assert_int_equal(ask(&program, "clone3", 1, 0, 0),
			 errno_answer(ENOSYS));
	assert_int_equal(ask(&program, "clone", CLONE_VM | CLONE_THREAD, 0, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(
		ask(&program, "clone", HIGH_GARBAGE | CLONE_NEWUSER | 17, 0, 0),
		errno_answer(EPERM));
	assert_int_equal(ask(&program, "socket", AF_VSOCK, SOCK_STREAM, 0),
			 errno_answer(EAFNOSUPPORT));
	assert_int_equal(ask(&program, "socket", AF_UNIX, SOCK_STREAM, 0),
			 errno_answer(EAFNOSUPPORT));
	assert_int_equal(ask(&program, "socketpair", AF_UNIX, SOCK_STREAM, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&program, "socketpair", AF_UNIX,
			     SOCK_DGRAM | SOCK_CLOEXEC, 0),
			 errno_answer(ESOCKTNOSUPPORT));
	assert_int_equal(ask(&program, "ioctl", 0, SIOCGIFCONF, 0),
			 errno_answer(ENOTTY));
	assert_int_equal(ask(&program, "ioctl", 0, HIGH_GARBAGE | TIOCSTI, 0),
			 errno_answer(EPERM));
	assert_int_equal(ask(&program, "execve", 1, 1, 1), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&program, "write", 1, 1, 1), SECCOMP_RET_ALLOW);
}

/* Also where the machine that builds is not the one that launches. */
TEST(compiling_at_launch_makes_what_was_built)
{
	for (int machine = 0; machine < MACHINES; machine++)
		for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++) {
			struct policy_request request = {.name = "default",
							 .features = i};
			auto_of(ruleset) struct ruleset *set = NULL;
			auto_of(program) struct program *program = NULL;
			struct err err = {0};

			if (ruleset_make(&request, NULL, (enum machine)machine,
					 &set, &err) < 0 ||
			    compile(set, &program, &err) < 0)
				fail_msg("%s", err.msg);
			if (!program)
				return;
			assert_int_equal(program->n, built[machine][i].n);
			assert_memory_equal(
				program->code, built[machine][i].code,
				program->n * sizeof(*program->code));
		}
}

static bool is_same(const struct built_program *a,
		    const struct built_program *b)
{
	return a->code == b->code;
}

TEST(features_make_a_difference_and_equal_programs_are_merged)
{
	for (int machine = 0; machine < MACHINES; machine++)
		for (unsigned a = 0; a < POLICY_FEATURE_SETS; a++)
			for (unsigned b = 0; b < a; b++) {
				const struct built_program *one =
					&built[machine][a];
				const struct built_program *other =
					&built[machine][b];

				assert_true(
					is_same(one, other) ||
					one->n != other->n ||
					memcmp(one->code, other->code,
					       one->n * sizeof(*one->code)) !=
						0);
			}
}

TEST(programs_are_small)
{
	for (int machine = 0; machine < MACHINES; machine++)
		for (unsigned set = 0; set < POLICY_FEATURE_SETS; set++) {
			print_message("%s, features %u: %zu instructions\n",
				      machine_name((enum machine)machine), set,
				      built[machine][set].n);
			assert_true(built[machine][set].n <= 180);
		}
}

TEST(the_rule_that_refuses_can_be_looked_up)
{
	struct policy_request request = {.name = "default"};
	struct err err = {0};

	for (int machine = 0; machine < MACHINES; machine++) {
		auto_of(ruleset) struct ruleset *set = NULL;

		assert_int_equal(ruleset_make(&request, NULL,
					      (enum machine)machine, &set,
					      &err),
				 0);
		for (unsigned nr = 0; nr <= 600; nr++) {
			const uint64_t args[6] = {40, 0x5412, 2, 0, 0, 0};
			const struct rule *rule = ruleset_find(set, nr, args);
			uint32_t want =
				verdict((enum machine)machine, 0, nr, args);
			uint32_t got = !rule ? SECCOMP_RET_ALLOW
				       : rule->answer == ANSWER_KILL
					       ? SECCOMP_RET_KILL_PROCESS
					       : errno_answer(rule->answer);

			assert_int_equal(got, want);
			assert_true(!rule || rule->why[0] != '\0');
		}
	}
}

/* A request with one list each; NULL: none. */
static int amended(const char *allow, const char *deny,
		   struct sock_fprog *program, void **owned, struct err *err)
{
	struct policy_request request = {
		.name = "default",
		.allow = &allow,
		.n_allow = allow ? 1 : 0,
		.deny = &deny,
		.n_deny = deny ? 1 : 0,
	};

	*owned = NULL;
	return policy_filter(&request, program, owned, err);
}

TEST(an_amended_policy_differs_in_what_was_amended)
{
	static const struct {
		const char *allow, *deny, *call;
		uint64_t args[3];
		uint32_t want;
	} cases[] = {
		{"chroot", NULL, "chroot", {0}, SECCOMP_RET_ALLOW},
		{"chroot", NULL, "pivot_root", {0}, SECCOMP_RET_KILL_PROCESS},
		{"@mount", NULL, "chroot", {0}, SECCOMP_RET_ALLOW},
		{"@mount", NULL, "open_tree_attr", {0}, SECCOMP_RET_ALLOW},
		{"ptrace,@bpf", NULL, "ptrace", {0}, SECCOMP_RET_ALLOW},
		{"ptrace,@bpf", NULL, "bpf", {0}, SECCOMP_RET_ALLOW},
		{"@terminal", NULL, "ioctl", {0, TIOCSTI}, SECCOMP_RET_ALLOW},
		{"@terminal",
		 NULL,
		 "ioctl",
		 {0, 0x401c5820},
		 SECCOMP_RET_ERRNO | EPERM},
		{"ioctl", NULL, "ioctl", {0, 0x401c5820}, SECCOMP_RET_ALLOW},
		{"socket", NULL, "socket", {40, 1}, SECCOMP_RET_ALLOW},
		{"iopl", NULL, "chroot", {0}, SECCOMP_RET_KILL_PROCESS},
		{NULL, "getpid", "getpid", {0}, SECCOMP_RET_ERRNO | EPERM},
		{NULL, "clone", "clone", {17}, SECCOMP_RET_ERRNO | EPERM},
		{NULL, "chroot", "chroot", {0}, SECCOMP_RET_KILL_PROCESS},
		{"chroot", "chroot", "chroot", {0}, SECCOMP_RET_ERRNO | EPERM},
		{NULL, "@ipc", "shmget", {0}, SECCOMP_RET_ERRNO | EPERM},
		{NULL,
		 "mseal,getxattrat",
		 "mseal",
		 {0},
		 SECCOMP_RET_ERRNO | EPERM},
		{NULL, "mseal", "futex_wake", {0}, SECCOMP_RET_ALLOW},
		{NULL,
		 "rseq_slice_yield",
		 "rseq_slice_yield",
		 {0},
		 SECCOMP_RET_ERRNO | EPERM},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sock_fprog program;
		auto_free void *owned = NULL;
		struct err err = {0};

		if (amended(cases[i].allow, cases[i].deny, &program, &owned,
			    &err) < 0)
			fail_msg("case %zu: %s", i, err.msg);
		assert_non_null(owned);
		assert_int_equal(ask(&program, cases[i].call, cases[i].args[0],
				     cases[i].args[1], cases[i].args[2]),
				 cases[i].want);
		assert_int_equal(ask(&program, "kexec_load", 0, 0, 0),
				 SECCOMP_RET_KILL_PROCESS);
	}
}

TEST(everything_may_be_denied_at_once)
{
	char list[16384] = "";
	struct sock_fprog program;
	auto_free void *owned = NULL;
	struct err err = {0};

	for (size_t i = 0; i < n_syscall_names; i++) {
		const char *name = syscall_names[i].name;

		if (!names("execve execveat write exit_group", name))
			sprintf(list + strlen(list), "%s%s", list[0] ? "," : "",
				name);
	}
	if (amended(NULL, list, &program, &owned, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < n_syscall_names; i++) {
		const char *name = syscall_names[i].name;

		if (syscall_names[i].nr[MACHINE_NATIVE] == SYSCALL_NONE)
			continue;
		if (names("execve execveat write exit_group", name))
			assert_int_equal(ask(&program, name, 0, 0, 0),
					 SECCOMP_RET_ALLOW);
		else
			assert_int_not_equal(ask(&program, name, 0, 0, 0),
					     SECCOMP_RET_ALLOW);
	}
}

TEST(what_cannot_be_amended_is_refused_and_says_why)
{
	static const struct {
		const char *allow, *deny, *message;
	} cases[] = {
		{"chrot", NULL,
		 "no system call is named \"chrot\"; the nearest is "
		 "\"chroot\""},
		{"@moun", NULL,
		 "no system call group is named \"@moun\"; the nearest is "
		 "\"@mount\""},
		{NULL, "ptrce",
		 "no system call is named \"ptrce\"; the nearest is "
		 "\"ptrace\""},
		{"chroot,", NULL, "list of system calls: empty name"},
		{"", NULL, "list of system calls: empty name"},
		{"@", NULL, "list of system calls: empty name behind \"@\""},
		{NULL, "execve",
		 "system call execve cannot be denied: the launcher needs it "
		 "to start the program"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sock_fprog program;
		void *owned;
		struct err err = {0};

		assert_int_equal(amended(cases[i].allow, cases[i].deny,
					 &program, &owned, &err),
				 -1);
		assert_string_equal(err.msg, cases[i].message);
		assert_int_equal(err.kind, ERR_USAGE);
	}
}

TEST(an_unknown_policy_is_refused_by_name)
{
	struct policy_request request = {.name = "dfault"};
	struct sock_fprog program;
	struct err err = {0};
	void *owned;

	assert_int_equal(policy_filter(&request, &program, &owned, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.msg, "no seccomp policy is named \"dfault\"; "
				     "the nearest is \"default\"");
}

TEST_MAIN
