/* Whatever allocation fails while a policy is read and compiled, the failure is
 * told and nothing is left behind. */
#include <jansson.h>
#include <stdlib.h>

#include "allocations.h"

#include "policy/compile.h"
#include "policy/policy_show.h"
#include "test.h"

static const char text[] = "default errno:EPERM\n"
			   "allow @loader @io getpid mmap2\n"
			   "log clone if low0 & 0x7 == 1 and arg1 > 5\n"
			   "kill getuid\n";
static const char json[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":["
	"\"SECCOMP_FILTER_FLAG_TSYNC\"],\"syscalls\":["
	"{\"names\":[\"read\",\"mmap2\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	"{\"name\":\"getpid\",\"action\":\"SCMP_ACT_NOTIFY\"},"
	"{\"name\":\"bpf\",\"action\":\"SCMP_ACT_ALLOW\",\"includes\":"
	"{\"caps\":[\"CAP_BPF\"]}},"
	"{\"name\":\"clone\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	"{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_LT\"},"
	"{\"index\":0,\"value\":9,\"op\":\"SCMP_CMP_EQ\"}]}]}";

static int build(const char *policy, size_t len, struct err *err)
{
	static const char *const allow[] = {"chroot,@terminal"};
	static const char *const deny[] = {"getppid"};
	struct policy_request request = {.name = "p",
					 .text = policy,
					 .text_len = len,
					 .allow = allow,
					 .n_allow = 1,
					 .deny = deny,
					 .n_deny = 1,
					 .deny_action = "kill"};
	auto_of(written) struct written *written = NULL;
	auto_of(ruleset) struct ruleset *set = NULL;
	auto_of(program) struct program *program = NULL;

	if (policy_read(&request, MACHINE_X86_64, &written, err) < 0 ||
	    ruleset_make(&request, written, MACHINE_X86_64, &set, err) < 0)
		return -1;
	return compile(set, &program, err);
}

static void must_build(const char *policy, size_t len)
{
	struct err err = {0};

	if (build(policy, len, &err) < 0)
		fail_msg("%s", err.msg);
}

TEST(both_are_compiled)
{
	must_build(text, sizeof(text) - 1);
	must_build(json, sizeof(json) - 1);
}

#if ALLOCATIONS_CAN_FAIL
static void fail_each(const char *policy, size_t len)
{
	long n = 0;
	int told = 0;

	for (;; n++) {
		struct err err = {0};
		int result, failed;
		long left;

		allocations_start(n);
		result = build(policy, len, &err);
		left = allocations_stop();
		failed = allocations_failed();
		assert_int_equal(left, 0);
		if (!failed)
			break;
		if (result < 0) {
			assert_true(err.msg[0] != '\0');
			told++;
		}
	}
	assert_true(n > 20 && told > n / 2);
}

TEST(every_failing_allocation_is_told_and_leaves_nothing_behind)
{
	/* jansson ends the process (and so jail-policy) when its own fail */
	json_set_alloc_funcs(__libc_malloc, __libc_free);
	fail_each(text, sizeof(text) - 1);
	fail_each(json, sizeof(json) - 1);
}
#endif

TEST_MAIN
