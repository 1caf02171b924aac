/*
 * The text of policies and OCI profiles: what they mean, call by call in an
 * interpreter, and what is refused, in which words.
 */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpf.h"
#include "policy/compile.h"
#include "policy/written.h"

#define WIDE_EDGE 0x100000005ULL

/* A policy, compiled for one machine. */
struct compiled {
	struct written *written;
	struct ruleset *set;
	struct program *program;
	enum machine machine;
};

static int compile_text(const struct policy_request *request,
			enum machine machine, struct compiled *out,
			struct err *err)
{
	*out = (struct compiled){.machine = machine};
	if (policy_read(request, machine, &out->written, err) < 0 ||
	    ruleset_make(request, out->written, machine, &out->set, err) < 0)
		return -1;
	return compile(out->set, &out->program, err);
}

static void drop(struct compiled *compiled)
{
	program_free(compiled->program);
	ruleset_free(compiled->set);
	written_free(compiled->written);
}

static struct policy_request request_of(const char *text)
{
	return (struct policy_request){.name = "t",
				       .text = text,
				       .text_len = strlen(text),
				       .features = 7};
}

static uint32_t ask(const struct compiled *compiled, const char *name,
		    uint64_t a, uint64_t b, uint64_t c)
{
	const struct syscall_name *call = syscall_find(name, strlen(name));
	struct seccomp_data data = {
		.nr = call->nr[compiled->machine],
		.arch = machine_audit_arch(compiled->machine),
		.args = {a, b, c},
	};

	return bpf_run(compiled->program->code, compiled->program->n, &data);
}

static bool is_true(const char *op, uint64_t left, uint64_t right)
{
	if (!strcmp(op, "=="))
		return left == right;
	if (!strcmp(op, "!="))
		return left != right;
	if (!strcmp(op, "<"))
		return left < right;
	if (!strcmp(op, "<="))
		return left <= right;
	if (!strcmp(op, ">"))
		return left > right;
	return left >= right;
}

static const uint64_t edges[] = {
	0,
	1,
	4,
	5,
	6,
	0xffffffff,
	0x100000000,
	0x100000004,
	WIDE_EDGE,
	0x100000006,
	0x1ffffffff,
	0x200000000,
	0x200000004,
	0x200000005,
	0x8000000000000005,
	UINT64_MAX - 1,
	UINT64_MAX,
};
#define N_EDGES (sizeof(edges) / sizeof(*edges))

static void compare_all(const char *text, const char *op, bool is_wide,
			uint64_t mask, uint64_t value)
{
	struct policy_request request = request_of(text);
	struct compiled compiled;
	struct err err = {0};

	if (compile_text(&request, MACHINE_NATIVE, &compiled, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	for (size_t i = 0; i < N_EDGES; i++) {
		uint64_t left = is_wide ? edges[i] : (uint32_t)edges[i];
		uint32_t want = is_true(op, left & mask, value)
					? SECCOMP_RET_ERRNO | EXDEV
					: SECCOMP_RET_ALLOW;

		if (ask(&compiled, "lseek", 0, edges[i], 0) != want)
			fail_msg("%s with %#" PRIx64, text, edges[i]);
	}
	drop(&compiled);
}

TEST(every_operator_compares_as_c_does)
{
	static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};
	char text[128];

	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < N_EDGES; k++) {
			snprintf(text, sizeof(text),
				 "default allow\nerrno:EXDEV lseek if arg1 %s "
				 "%#" PRIx64,
				 ops[i], edges[k]);
			compare_all(text, ops[i], true, UINT64_MAX, edges[k]);
			snprintf(text, sizeof(text),
				 "default allow\nerrno:EXDEV lseek if low1 %s "
				 "%u",
				 ops[i], (uint32_t)edges[k]);
			compare_all(text, ops[i], false, UINT64_MAX,
				    (uint32_t)edges[k]);
		}
}

TEST(masks_are_laid_over_both_halves)
{
	compare_all("default allow\nerrno:EXDEV lseek if arg1 & 0x100000004 "
		    "== 0x100000004",
		    "==", true, 0x100000004, 0x100000004);
	compare_all("default allow\nerrno:EXDEV lseek if arg1 & 0x300000000 "
		    "!= 0x100000000",
		    "!=", true, 0x300000000, 0x100000000);
	compare_all("default allow\nerrno:EXDEV lseek if arg1 & 0x200000004",
		    "!=", true, 0x200000004, 0);
	compare_all("default allow\nerrno:EXDEV lseek if low1 & 6 == 4",
		    "==", false, 6, 4);
	compare_all("default allow\nerrno:EXDEV lseek if low1 & 6", "!=", false,
		    6, 0);
}

TEST(every_operator_of_oci_compares_as_libseccomp_does)
{
	static const char *const ops[][2] = {{"NE", "!="}, {"LT", "<"},
					     {"LE", "<="}, {"EQ", "=="},
					     {"GE", ">="}, {"GT", ">"}};
	char text[512];

	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k + 3 < N_EDGES; k++) {
			snprintf(text, sizeof(text),
				 "{\"defaultAction\":\"SCMP_ACT_ALLOW\","
				 "\"syscalls\":[{\"names\":[\"lseek\"],"
				 "\"action\":\"SCMP_ACT_ERRNO\","
				 "\"errnoRet\":18,\"args\":[{\"index\":1,"
				 "\"value\":%" PRIu64
				 ",\"op\":\"SCMP_CMP_%s\"}]}]}",
				 edges[k], ops[i][0]);
			compare_all(text, ops[i][1], true, UINT64_MAX,
				    edges[k]);
		}
	compare_all("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
		    "\"name\":\"lseek\",\"action\":\"SCMP_ACT_ERRNO\","
		    "\"errnoRet\":18,\"args\":[{\"index\":1,\"value\":"
		    "4294967300,\"valueTwo\":4,\"op\":\"SCMP_CMP_MASKED_EQ\"}]"
		    "}]}",
		    "==", true, 0x100000004, 4);
}

/* A question, and the answer to it. */
struct answer {
	const char *text, *call;
	uint64_t args[3];
	uint32_t want;
};

#define RULES(rules)                                                           \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" rules "]}"

static const struct answer answers[] = {
	{"default kill", "getpid", {0}, SECCOMP_RET_KILL_PROCESS},
	{"default kill", "execve", {0}, SECCOMP_RET_ALLOW},
	{"default kill", "exit_group", {0}, SECCOMP_RET_ALLOW},
	{"default errno:1\nallow @io", "read", {0}, SECCOMP_RET_ALLOW},
	{"default errno:1\nallow @io", "getpid", {0}, SECCOMP_RET_ERRNO | 1},
	{"default log", "getpid", {0}, SECCOMP_RET_LOG},
	{"default log", "clone", {0x10000000}, SECCOMP_RET_ERRNO | EPERM},
	{"default log", "clone", {17}, SECCOMP_RET_LOG},
	{"default trap", "getpid", {0}, SECCOMP_RET_TRAP},
	{"default allow\nerrno:0 sync", "sync", {0}, SECCOMP_RET_ERRNO},
	/* the first rule that holds */
	{"default kill\nallow lseek if low1 == 1\nerrno:ENXIO lseek",
	 "lseek",
	 {0, 1},
	 SECCOMP_RET_ALLOW},
	{"default kill\nallow lseek if low1 == 1\nerrno:ENXIO lseek",
	 "lseek",
	 {0, 2},
	 SECCOMP_RET_ERRNO | ENXIO},
	{"default allow # all\n\n\t# nothing\nkill getpid",
	 "getpid",
	 {0},
	 SECCOMP_RET_KILL_PROCESS},
	{"default allow\nkill mmap2 fstat64 socketcall",
	 "getpid",
	 {0},
	 SECCOMP_RET_ALLOW},
	/* the floor */
	{"default allow", "clone3", {0}, SECCOMP_RET_ERRNO | ENOSYS},
	{"default allow", "chroot", {0}, SECCOMP_RET_KILL_PROCESS},
	{"default allow\nerrno:EXDEV chroot",
	 "chroot",
	 {0},
	 SECCOMP_RET_ERRNO | EXDEV},
	{"default allow", "ioctl", {0, 0xf00005412}, SECCOMP_RET_ERRNO | EPERM},
	{"default allow", "socket", {40}, SECCOMP_RET_ERRNO | EAFNOSUPPORT},
	{"default kill\nallow socket if low0 == 40",
	 "socket",
	 {40},
	 SECCOMP_RET_ERRNO | EAFNOSUPPORT},
	{"default allow", "mbind", {0}, SECCOMP_RET_ALLOW},
	/* profiles: the most restrictive, wherever it stands */
	{RULES("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_ALLOW\"},"
	       "{\"name\":\"getpid\",\"action\":\"SCMP_ACT_KILL\"}"),
	 "getpid",
	 {0},
	 SECCOMP_RET_KILL_PROCESS},
	{RULES("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_TRACE\"}"),
	 "getpid",
	 {0},
	 SECCOMP_RET_ERRNO | ENOSYS},
	{RULES("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_NOTIFY\"}"),
	 "getpid",
	 {0},
	 SECCOMP_RET_ERRNO | ENOSYS},
	{RULES("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_TRAP\"}"),
	 "getpid",
	 {0},
	 SECCOMP_RET_TRAP},
	{RULES("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_LOG\"}"),
	 "getpid",
	 {0},
	 SECCOMP_RET_LOG},
	{RULES("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_ERRNO\","
	       "\"errnoRet\":0}"),
	 "getpid",
	 {0},
	 SECCOMP_RET_ERRNO},
	{RULES(""), "getpid", {0}, SECCOMP_RET_ERRNO | EPERM},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}",
	 "getpid",
	 {0},
	 SECCOMP_RET_ERRNO | ENOSYS},
	/* one argument twice: either */
	{RULES("{\"name\":\"lseek\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	       "{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_EQ\"},"
	       "{\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]}"),
	 "lseek",
	 {0, 7},
	 SECCOMP_RET_ALLOW},
	/* two arguments: both */
	{RULES("{\"name\":\"lseek\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	       "{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_EQ\"},"
	       "{\"index\":2,\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]}"),
	 "lseek",
	 {0, 3, 8},
	 SECCOMP_RET_ERRNO | EPERM},
};

TEST(policies_answer_as_they_say)
{
	for (int machine = 0; machine < MACHINES; machine++)
		for (size_t i = 0; i < sizeof(answers) / sizeof(*answers);
		     i++) {
			const struct answer *row = &answers[i];
			struct policy_request request = request_of(row->text);
			struct compiled compiled;
			struct err err = {0};
			uint32_t got;

			request.features = 0;
			if (compile_text(&request, (enum machine)machine,
					 &compiled, &err) < 0)
				fail_msg("%s: %s", row->text, err.msg);
			got = ask(&compiled, row->call, row->args[0],
				  row->args[1], row->args[2]);
			if (got != row->want)
				fail_msg("%s: %s: %#x, not %#x", row->text,
					 row->call, got, row->want);
			drop(&compiled);
		}
}

TEST(unreviewed_numbers_and_foreign_abis_are_not_for_policies)
{
	struct policy_request request = request_of("default allow");
	struct compiled compiled;
	struct err err = {0};
	struct seccomp_data data = {.arch = AUDIT_ARCH_I386};
	const struct sock_filter *code;

	assert_int_equal(
		compile_text(&request, MACHINE_X86_64, &compiled, &err), 0);
	code = compiled.program->code;
	assert_int_equal(bpf_run(code, compiled.program->n, &data),
			 SECCOMP_RET_KILL_PROCESS);
	data.arch = AUDIT_ARCH_X86_64;
	for (data.nr = 472; data.nr < 600; data.nr++)
		assert_int_equal(bpf_run(code, compiled.program->n, &data),
				 SECCOMP_RET_ERRNO | ENOSYS);
	drop(&compiled);
}

/* What a profile asks of the jail: one call, allowed or not. */
static const struct {
	const char *filter;
	uint64_t caps;
	unsigned kernel[2];
	enum machine machine;
	bool is_allowed;
} filters[] = {
	{"\"includes\":{\"caps\":[\"CAP_SYS_PTRACE\"]}", 0, {6, 1}, 0, false},
	{"\"includes\":{\"caps\":[\"CAP_SYS_PTRACE\"]}",
	 1 << 19,
	 {6, 1},
	 0,
	 true},
	{"\"includes\":{\"caps\":[\"CAP_SYS_PTRACE\",\"CAP_KILL\"]}",
	 1 << 19,
	 {6, 1},
	 0,
	 false},
	{"\"excludes\":{\"caps\":[\"CAP_SYS_PTRACE\",\"CAP_KILL\"]}",
	 1 << 19,
	 {6, 1},
	 0,
	 false},
	{"\"excludes\":{\"caps\":[\"CAP_SYS_PTRACE\"]}", 0, {6, 1}, 0, true},
	{"\"includes\":{\"minKernel\":\"4.8\"}", 0, {4, 7}, 0, false},
	{"\"includes\":{\"minKernel\":\"4.8\"}", 0, {4, 8}, 0, true},
	{"\"includes\":{\"minKernel\":\"4.8\"}", 0, {4, 14}, 0, true},
	{"\"includes\":{\"minKernel\":\"4.8\"}", 0, {5, 0}, 0, true},
	{"\"excludes\":{\"minKernel\":\"4.8\"}", 0, {5, 0}, 0, false},
	{"\"includes\":{\"arches\":[\"amd64\",\"s390x\"]}",
	 0,
	 {5, 0},
	 MACHINE_X86_64,
	 true},
	{"\"includes\":{\"arches\":[\"amd64\",\"s390x\"]}",
	 0,
	 {5, 0},
	 MACHINE_AARCH64,
	 false},
	{"\"excludes\":{\"arches\":[\"arm64\"]}",
	 0,
	 {5, 0},
	 MACHINE_AARCH64,
	 false},
	{"\"includes\":{},\"excludes\":{}", 0, {5, 0}, 0, true},
	{"\"includes\":null,\"excludes\":{\"caps\":null}", 0, {5, 0}, 0, true},
};

TEST(includes_and_excludes_ask_for_the_jail)
{
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		char text[512];
		struct policy_request request;
		struct compiled compiled;
		struct err err = {0};

		snprintf(text, sizeof(text),
			 RULES("{\"names\":[\"getpid\"],\"action\":"
			       "\"SCMP_ACT_ALLOW\",%s}"),
			 filters[i].filter);
		request = request_of(text);
		request.caps = filters[i].caps;
		request.kernel[0] = filters[i].kernel[0];
		request.kernel[1] = filters[i].kernel[1];
		if (compile_text(&request, filters[i].machine, &compiled,
				 &err) < 0)
			fail_msg("%s: %s", text, err.msg);
		if ((ask(&compiled, "getpid", 0, 0, 0) == SECCOMP_RET_ALLOW) !=
		    filters[i].is_allowed)
			fail_msg("%zu: %s", i, filters[i].filter);
		drop(&compiled);
	}
}

#define ARG(arg)                                                               \
	RULES("{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":"     \
	      "[" arg "]}")

static const struct {
	const char *text, *message;
} rejected[] = {
	{"", "t: no default: add a line as \"default errno:EPERM\" (what is "
	     "not named is refused) or \"default allow\""},
	{"default", "t:1: default needs an action, as in \"default "
		    "errno:EPERM\""},
	{"default allow\ndefault kill", "t:2: a second default (the first: "
					"t:1)"},
	{"default allow now", "t:1: \"now\" behind the default"},
	{"default alow", "t:1: no action is named \"alow\"; the nearest is "
			 "\"allow\""},
	{"\n\nreject x", "t:3: no action is named \"reject\"; there are "
			 "allow, kill, errno:NAME, log, trap and default"},
	{"errno:EPREM x", "t:1: \"errno:EPREM\": behind errno: goes a name as "
			  "EPERM, or a number up to 4095"},
	{"errno:4096 x", "t:1: \"errno:4096\": behind errno: goes a name as "
			 "EPERM, or a number up to 4095"},
	{"allow", "t:1: allow which system calls?"},
	{"allow if low0 == 1", "t:1: allow which system calls?"},
	{"allow raed", "t:1: no system call is named \"raed\"; the nearest is "
		       "\"read\""},
	{"allow @lodaer", "t:1: no system call group is named \"@lodaer\"; the "
			  "nearest is \"@loader\""},
	{"allow read if", "t:1: the line ends where arg0 ... arg5 (64 bits) or "
			  "low0 ... low5 (the low 32) belongs"},
	{"allow read if arg6 == 1", "t:1: \"arg6\" where arg0 ... arg5 (64 "
				    "bits) or low0 ... low5 (the low 32) "
				    "belongs"},
	{"allow read if low0", "t:1: the line ends where ==, !=, <, <=, >, >= "
			       "or & MASK belongs"},
	{"allow read if low0 = 1", "t:1: \"=\" where ==, !=, <, <=, >, >= or & "
				   "MASK belongs"},
	{"allow read if low0 == -1", "t:1: \"-1\" is not a number (10, 0xa or "
				     "012)"},
	{"allow read if low0 == 1x", "t:1: \"1x\" is not a number (10, 0xa or "
				     "012)"},
	{"allow read if low0 == 0x100000000",
	 "t:1: 0x100000000 is more than 32 bits"},
	{"allow read if arg0 == 0x10000000000000000",
	 "t:1: 0x10000000000000000 is more than 64 bits"},
	{"allow read if low0 ==", "t:1: a number is missing"},
	{"allow read if low0 & 4 < 4", "t:1: behind a mask goes == or !=, not "
				       "<"},
	{"allow read if low0 & 4 == 6", "t:1: 0x6 has bits that the mask 0x4 "
					"has not: never equal"},
	{"allow read if low0 == 1 or low0 == 2",
	 "t:1: \"or\" where \"and\" or the end of the line belongs"},
	{"allow read if low0 == 1 and low1 == 1 and low2 == 1 and low3 == 1 "
	 "and "
	 "low4 == 1 and low5 == 1 and arg0 == 1",
	 "t:1: more than 6 conditions"},
	{"allow r\x01", "t:1: byte \\x01, which no policy has"},
	{"default allow\nkill execve", "t:2: system call execve is only to be "
				       "allowed, without conditions: the "
				       "launcher needs it to start the "
				       "program"},
	{"default kill\nallow exit_group if low0 == 1",
	 "t:2: system call exit_group is only to be allowed, without "
	 "conditions: the launcher needs it to start the program"},
	{"{", "t:1: string or '}' expected near end of file"},
	{"{}", "t: defaultAction: a string belongs here"},
	{"{\"defaultAction\":\"SCMP_ACT_ALOW\"}",
	 "t: defaultAction: \"SCMP_ACT_ALOW\" is not known; the nearest is "
	 "\"SCMP_ACT_ALLOW\""},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}",
	 "t: defaultErrnoRet: of use with SCMP_ACT_ERRNO only"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscall\":[]}",
	 "t: no key is named \"syscall\"; the nearest is \"syscalls\""},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}",
	 "t: listenerPath: jaillaunch hands calls to nobody"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}",
	 "t: flags[0]: \"X\" is not known"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":["
	 "\"SCMP_ARCH_S390X\"]}",
	 "t: this machine's architecture (x86_64) is not among those of the "
	 "profile: no call could be made"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":["
	 "\"SCMP_ARCH_X86_46\"]}",
	 "t: architectures[0]: \"SCMP_ARCH_X86_46\" is not known; the nearest "
	 "is \"SCMP_ARCH_X86_64\""},
	{RULES("7"), "t: syscalls[0]: an object belongs here"},
	{RULES("{\"action\":\"SCMP_ACT_ALLOW\"}"),
	 "t: syscalls[0]: one of \"names\" and \"name\" is needed"},
	{RULES("{\"names\":[\"read\",\"raed\"],\"action\":"
	       "\"SCMP_ACT_ALLOW\"}"),
	 "t: syscalls[0].names[1]: no system call is named \"raed\"; the "
	 "nearest is \"read\""},
	{RULES("{\"names\":[\"@io\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
	 "t: syscalls[0].names[0]: \"@io\" is not a system call"},
	{RULES("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_ERRNO\","
	       "\"errnoRet\":4096}"),
	 "t: syscalls[0].errnoRet: 4096 is more than 4095"},
	{RULES("{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\","
	       "\"includes\":{\"caps\":[\"CAP_SYS_PTRACY\"]}}"),
	 "t: syscalls[0].includes.caps[0]: no capability is named "
	 "\"CAP_SYS_PTRACY\""},
	{RULES("{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\","
	       "\"includes\":{\"minKernel\":\"four\"}}"),
	 "t: syscalls[0].includes.minKernel: \"four\" is not a version as "
	 "\"4.8\""},
	{RULES("{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\","
	       "\"excludes\":{\"arches\":[\"amd46\"]}}"),
	 "t: syscalls[0].excludes.arches[0]: \"amd46\" is not known; the "
	 "nearest is \"amd64\""},
	{ARG("{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}"),
	 "t: syscalls[0].args[0].index: 6 is more than 5"},
	{ARG("{\"index\":0,\"value\":-1,\"op\":\"SCMP_CMP_EQ\"}"),
	 "t: syscalls[0].args[0].value: a whole number, not negative, belongs "
	 "here"},
	{ARG("{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EG\"}"),
	 "t: syscalls[0].args[0].op: \"SCMP_CMP_EG\" is not known; the nearest "
	 "is \"SCMP_CMP_EQ\""},
	{ARG("{\"index\":0,\"value\":1,\"valueTwo\":3,\"op\":"
	     "\"SCMP_CMP_MASKED_EQ\"}"),
	 "t: syscalls[0].args[0]: valueTwo has bits that value, the mask, has "
	 "not: never equal"},
	{ARG("{\"index\":0,\"value\":1,\"valueTwo\":3,\"op\":\"SCMP_CMP_EQ\"}"),
	 "t: syscalls[0].args[0].valueTwo: of use with SCMP_CMP_MASKED_EQ "
	 "only"},
	{RULES("{\"name\":\"execve\",\"action\":\"SCMP_ACT_KILL\"}"),
	 "t: syscalls[0]: system call execve is only to be allowed, without "
	 "conditions: the launcher needs it to start the program"},
};

TEST(what_is_wrong_is_refused_with_its_place)
{
	for (size_t i = 0; i < sizeof(rejected) / sizeof(*rejected); i++) {
		struct policy_request request = request_of(rejected[i].text);
		struct compiled compiled;
		struct err err = {0};

		if (compile_text(&request, MACHINE_X86_64, &compiled, &err) ==
		    0)
			fail_msg("accepted: %s", rejected[i].text);
		drop(&compiled);
		if (strcmp(err.msg, rejected[i].message) != 0)
			print_error("%s\n  says %s\n  not  %s\n",
				    rejected[i].text, err.msg,
				    rejected[i].message);
		assert_string_equal(err.msg, rejected[i].message);
		assert_int_equal(err.kind, ERR_MANIFEST);
	}
}

TEST_MAIN
