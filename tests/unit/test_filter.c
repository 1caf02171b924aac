#include "filter.h"

#include <errno.h>
#include <string.h>

#include "bpf.h"
#include "policy/policy.h"
#include "policy/syscalls.h"
#include "test.h"

static const char *const policies[] = {"default", "strict", "cape",
				       "cape-deny"};
/* Arguments around what rules look at. */
static const uint64_t values[] = {0,	    1,		2,	   3,
				  6,	    10,		16,	   0x1234,
				  04755,    0x5412,	0x8912,	   0x10000000,
				  1u << 31, UINT64_MAX, 1ull << 32};
#define N_VALUES (sizeof(values) / sizeof(*values))

static struct sock_fprog built(const char *name, unsigned features)
{
	struct policy_request request = {.name = name, .features = features};
	struct sock_fprog program;

	assert_true(policy_builtin(&request, &program));
	return program;
}

static struct seccomp_data make_call(unsigned nr, unsigned round)
{
	struct seccomp_data call = {.nr = (int)nr,
				    .arch = machine_audit_arch(MACHINE_NATIVE)};

	for (unsigned i = 0; i < 6; i++)
		call.args[i] =
			values[(round + i * (round / N_VALUES)) % N_VALUES];
	return call;
}

static bool is_silent(unsigned nr)
{
	for (const unsigned *silent = filter_silent; *silent; silent++)
		if (*silent == nr)
			return true;
	return nr > SYSCALL_NEWEST;
}

static uint32_t expected(uint32_t plain, unsigned nr, bool kills_itself)
{
	switch (plain & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
		return kills_itself ? plain : SECCOMP_RET_USER_NOTIF;
	case SECCOMP_RET_ERRNO:
		return plain == (SECCOMP_RET_ERRNO | ENOSYS) && is_silent(nr)
			       ? plain
			       : SECCOMP_RET_USER_NOTIF;
	default:
		return plain;
	}
}

static void compare(const struct sock_fprog *plain, bool kills_itself)
{
	struct sock_filter code[BPF_MAXINSNS];
	size_t n = filter_make_asking(plain, kills_itself, code);

	assert_in_range(n, plain->len + 1u, plain->len + FILTER_ASKING_MORE);
	for (unsigned nr = 0; nr < SYSCALL_NEWEST + 40; nr++)
		for (unsigned round = 0; round < 3 * N_VALUES; round++) {
			struct seccomp_data call = make_call(nr, round);
			uint32_t is = bpf_run(plain->filter, plain->len, &call);

			assert_int_equal(filter_run(plain, &call).action, is);
			assert_int_equal(bpf_run(code, n, &call),
					 expected(is, nr, kills_itself));
		}
}

TEST(asks_where_the_plain_one_refuses_and_nowhere_else)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		for (unsigned k = 0; k < POLICY_FEATURE_SETS; k++) {
			struct sock_fprog plain = built(policies[i], k);

			compare(&plain, false);
			compare(&plain, true);
		}
}

TEST(asks_nobody_about_foreign_calls_and_numbers_from_another_world)
{
	static const int numbers[] = {-1, 0x40000000, 0x40000000 + 59, 5000};
	struct sock_fprog plain = built("default", 0);
	struct sock_filter code[BPF_MAXINSNS];
	size_t n = filter_make_asking(&plain, false, code);

	for (unsigned nr = 0; nr < 600; nr++) {
		struct seccomp_data call = make_call(nr, 0);

		call.arch = 0x40000003; /* i386 */
		assert_int_equal(bpf_run(code, n, &call),
				 SECCOMP_RET_KILL_PROCESS);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct seccomp_data call = make_call((unsigned)numbers[i], 0);

		assert_int_equal(bpf_run(code, n, &call),
				 SECCOMP_RET_ERRNO | ENOSYS);
	}
}

TEST(says_by_which_arguments_it_decided)
{
	struct sock_fprog plain =
		built("default", POLICY_NET_HOST | POLICY_UNIX);
	const struct syscall_name *row = syscall_find("socket", 6);
	struct seccomp_data call =
		make_call((unsigned)row->nr[MACHINE_NATIVE], 0);

	call.args[0] = 40; /* AF_VSOCK; the low halves of family and type */
	call.args[1] = 1;
	assert_true(filter_run(&plain, &call).looked_at & 1);
	assert_false(filter_run(&plain, &call).looked_at & ~0x5u);
	row = syscall_find("mount", 5);
	call = make_call((unsigned)row->nr[MACHINE_NATIVE], 0);
	assert_int_equal(filter_run(&plain, &call).looked_at, 0);
}

TEST(what_it_cannot_run_is_the_worst)
{
	struct sock_filter strange[] = {
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_filter endless[] = {BPF_STMT(BPF_JMP | BPF_JA, 1000)};
	struct seccomp_data call = make_call(1, 0);

	assert_int_equal(
		filter_run(&(struct sock_fprog){2, strange}, &call).action,
		SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(
		filter_run(&(struct sock_fprog){1, endless}, &call).action,
		SECCOMP_RET_KILL_PROCESS);
}

TEST(a_filter_that_refuses_nothing_does_not_ask)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG)};
	struct sock_filter out[1 + FILTER_ASKING_MORE];

	assert_int_equal(
		filter_make_asking(&(struct sock_fprog){1, code}, false, out),
		0);
}

static unsigned n_calls(void)
{
	unsigned n = 0;

	for (unsigned nr = 0; nr <= SYSCALL_NEWEST; nr++)
		n += syscall_name_of(MACHINE_NATIVE, nr) != NULL;
	return n;
}

/* "by arguments" is more than one outcome of any that can be found by trying. */
TEST(counts_what_becomes_of_every_call)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
		struct sock_fprog plain = built(policies[i], 0);
		struct filter_counts counts = filter_count(&plain);

		assert_int_equal(counts.allowed + counts.refused +
					 counts.killed + counts.by_arguments,
				 n_calls());
	}
}

TEST(counts_a_small_filter)
{
	const unsigned nr =
		(unsigned)syscall_find("mount", 5)->nr[MACHINE_NATIVE];
	const unsigned other =
		(unsigned)syscall_find("chroot", 6)->nr[MACHINE_NATIVE];
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, other, 5, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct filter_counts counts =
		filter_count(&(struct sock_fprog){9, code});

	assert_int_equal(counts.by_arguments, 1);
	assert_int_equal(counts.killed, 1);
	assert_int_equal(counts.refused, 0);
	assert_int_equal(counts.allowed, n_calls() - 2);
}

TEST_MAIN
