/*
 * syscalls: makes every system call of the machine, and a few hundred numbers
 * beyond, and compares what happens with the rules of a policy.
 *
 *	syscalls [--policy NAME|FILE] [--features N] [--allow LIST]
 *			[--deny LIST] [--verbose]
 *		each call twice: bare, and with the filter loaded by ourselves
 *	syscalls --inside ...
 *		each call once, in a process that the launcher has confined
 *
 * A child makes one call, with arguments that the kernel rejects (-1: no such
 * descriptor, address, process, flag); for each rule about arguments there is
 * one more attempt with arguments that the rule is about.  A child without
 * filter that gets the very answer of the rule does not show that the filter
 * works; such calls are counted apart.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "policy/ruleset.h"
#include "tools/policy_options.h"

#define BEYOND 300 /* numbers above the newest reviewed one */

/* What became of a call. */
struct outcome {
	bool returned;
	long result; /* -errno on failure */
	int status; /* of the child that made it, as of waitpid() */
};

struct attempt {
	unsigned nr;
	uint64_t args[6];
};

struct tally {
	unsigned attempts, refused, distinct, wrong;
};

struct run {
	const struct policy_options *options;
	const struct ruleset *set;
	struct sock_fprog filter;
	struct outcome *shared; /* the child writes it */
	struct tally tally;
};

/*
 * Without a stack of its own: vfork() returns twice on the same one.  On
 * aarch64 -1 in x8 and friends is fine too.
 */
__attribute__((always_inline)) static inline long
raw_call(unsigned nr, const uint64_t args[6])
{
#if defined(__x86_64__)
	register uint64_t r10 __asm__("r10") = args[3];
	register uint64_t r8 __asm__("r8") = args[4];
	register uint64_t r9 __asm__("r9") = args[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((uint64_t)nr), "D"(args[0]), "S"(args[1]),
			   "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register uint64_t x8 __asm__("x8") = nr;
	register uint64_t x0 __asm__("x0") = args[0];
	register uint64_t x1 __asm__("x1") = args[1];
	register uint64_t x2 __asm__("x2") = args[2];
	register uint64_t x3 __asm__("x3") = args[3];
	register uint64_t x4 __asm__("x4") = args[4];
	register uint64_t x5 __asm__("x5") = args[5];

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return (long)x0;
#endif
}

static void wake(int signal_number)
{
	(void)signal_number; /* pause() and the like return with EINTR */
}

static void bound_time(void)
{
	struct sigaction action = {.sa_handler = wake};
	struct itimerval soon = {{0, 50000}, {0, 50000}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
}

/* Both children have no_new_privs, which some calls depend on. */
static void make_call(const struct run *run, const struct attempt *attempt,
		      bool with_filter)
{
	static const uint64_t no_args[6];
	struct outcome *outcome = run->shared;
	long self = raw_call(SYS_getpid, no_args);
	long result;

	bound_time();
	signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler says too much */
	signal(SIGILL, SIG_DFL);
	signal(SIGHUP, SIG_IGN); /* clone(1): its child's end would end us */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (with_filter)
		install_filter(&run->filter);
	result = raw_call(attempt->nr, attempt->args);
	if (raw_call(SYS_getpid, no_args) != self) /* fork, vfork, clone */
		raw_call(SYS_exit_group, no_args);
	outcome->result = result;
	outcome->returned = true;
	raw_call(SYS_exit_group, no_args);
}

static struct outcome try_call(const struct run *run,
			       const struct attempt *attempt, bool with_filter)
{
	pid_t child;

	*run->shared = (struct outcome){0};
	child = fork();
	if (child < 0)
		die(1, "fork", strerror(errno));
	if (child == 0)
		make_call(run, attempt, with_filter);
	if (waitpid(child, &run->shared->status, 0) != child)
		die(1, "waitpid", strerror(errno));
	return *run->shared;
}

/* The two are as alike as two runs of a call are: the same errno, or success. */
static bool is_alike(struct outcome a, struct outcome b)
{
	if (a.returned != b.returned)
		return false;
	if (!a.returned)
		return a.status == b.status;
	return a.result == b.result || (a.result >= 0 && b.result >= 0);
}

static bool is_refused_by(struct outcome outcome, const struct rule *rule)
{
	if (rule->answer == ANSWER_KILL || rule->answer == ANSWER_TRAP)
		return !outcome.returned && WIFSIGNALED(outcome.status) &&
		       WTERMSIG(outcome.status) == SIGSYS;
	if (rule->answer == ANSWER_FAKE)
		return outcome.returned && outcome.result == 0;
	return outcome.returned && outcome.result == -rule->answer;
}

static bool is_killed_by_filter(struct outcome outcome)
{
	return !outcome.returned && WIFSIGNALED(outcome.status) &&
	       WTERMSIG(outcome.status) == SIGSYS;
}

static const char *outcome_text(struct outcome outcome)
{
	static char text[64];

	if (!outcome.returned && WIFSIGNALED(outcome.status))
		return sigabbrev_np(WTERMSIG(outcome.status));
	if (!outcome.returned)
		return "ended";
	if (outcome.result < 0 && outcome.result > -4096)
		return strerrorname_np((int)-outcome.result);
	snprintf(text, sizeof(text), "%ld", outcome.result);
	return text;
}

static void report(const struct run *run, const struct attempt *attempt,
		   const struct rule *rule, const char *verdict,
		   struct outcome outcome)
{
	const char *name = syscall_name_of(run->set->machine, attempt->nr);

	printf("%s: %u %s(%#llx, %#llx, %#llx, %#llx): %s; the table: %s%s%s\n",
	       verdict, attempt->nr, name ? name : "?",
	       (unsigned long long)attempt->args[0],
	       (unsigned long long)attempt->args[1],
	       (unsigned long long)attempt->args[2],
	       (unsigned long long)attempt->args[3], outcome_text(outcome),
	       rule ? rule_answer_text(rule) : "allowed", rule ? ", @" : "",
	       rule ? rule->group : "");
}

/*
 * Not made without a filter: it would hang up the terminal of whoever tests;
 * or it cannot return the same twice.
 */
static bool is_made_bare(const struct run *run, const struct attempt *attempt)
{
	const char *name = syscall_name_of(run->set->machine, attempt->nr);

	return !run->options->inside && !(name && !strcmp(name, "vhangup"));
}

/* Linux 6.14 and later let them past every filter: it is who calls them. */
static bool is_the_kernels(const struct run *run, unsigned nr)
{
	const char *name = syscall_name_of(run->set->machine, nr);

	return name && (!strcmp(name, "uretprobe") || !strcmp(name, "uprobe"));
}

/*
 * In a jail a refusal is the keeper's to give; on a busy machine the timer may
 * come before it, and break the call off.
 */
static bool is_broken_off(const struct run *run, const struct rule *rule,
			  struct outcome outcome)
{
	return run->options->inside && rule && !rule_allows(rule) &&
	       outcome.returned && outcome.result == -EINTR;
}

static void judge(struct run *run, const struct attempt *attempt)
{
	const struct rule *rule =
		ruleset_find(run->set, attempt->nr, attempt->args);
	struct outcome got = try_call(run, attempt, !run->options->inside);
	struct outcome bare = got;
	bool is_right;

	for (int i = 0; i < 20 && is_broken_off(run, rule, got); i++)
		got = try_call(run, attempt, false);
	run->tally.attempts++;
	if (is_made_bare(run, attempt))
		bare = try_call(run, attempt, false);
	if (rule && !rule_allows(rule)) {
		is_right = is_refused_by(got, rule);
		run->tally.refused++;
		run->tally.distinct += is_right && !is_refused_by(bare, rule);
	} else {
		is_right = !is_killed_by_filter(got) && is_alike(got, bare);
	}
	is_right = is_right || is_the_kernels(run, attempt->nr);
	run->tally.wrong += !is_right;
	if (!is_right || run->options->verbose)
		report(run, attempt, rule,
		       !is_right			     ? "WRONG"
		       : !rule || !is_refused_by(bare, rule) ? "ok"
							     : "ok (no proof)",
		       got);
}

/*
 * -1 everywhere is what the kernel rejects, but for these, which would do
 * something that lasts.
 */
static const struct {
	const char *name;
	uint64_t args[3];
} gentle[] = {
	{"msgget", {0x6a61696c, 0, 0}}, /* no such key, and not to be made */
	{"semget", {0x6a61696c, 0, 0}},
	{"shmget", {0x6a61696c, 0, 0}},
	{"kill", {0x7fffffff, 0, 0}},
};

static struct attempt plain_attempt(const struct run *run, unsigned nr)
{
	const char *name = syscall_name_of(run->set->machine, nr);
	struct attempt attempt = {.nr = nr};

	memset(attempt.args, 0xff, sizeof(attempt.args));
	for (size_t i = 0; name && i < sizeof(gentle) / sizeof(*gentle); i++)
		if (!strcmp(gentle[i].name, name))
			memcpy(attempt.args, gentle[i].args,
			       sizeof(gentle[i].args));
	return attempt;
}

/* A value for which the condition holds. */
static uint64_t value_for(const struct condition *when)
{
	switch (when->kind) {
	case CONDITION_HAS:
		return when->value & -when->value;
	case CONDITION_NOT:
	case CONDITION_MORE:
		return when->value + 1;
	case CONDITION_LESS:
		return when->value - 1;
	default:
		return when->value;
	}
}

/* Arguments that the rule is about; -1 where it does not care. */
static struct attempt attempt_at(const struct run *run,
				 const struct denial *denial)
{
	const struct condition *when = denial->rule->when;
	struct attempt attempt = plain_attempt(run, denial->nr);

	for (; when->kind; when++)
		if (when->kind == CONDITION_NOT &&
		    (when[1].kind != CONDITION_NOT || when[1].arg != when->arg))
			attempt.args[when->arg] = (uint32_t)value_for(when);
	for (when = denial->rule->when; when->kind; when++)
		if (when->kind != CONDITION_NOT)
			attempt.args[when->arg] = value_for(when);
	return attempt;
}

/* That of the rule, and its neighbours on both sides of each condition. */
static void try_around(struct run *run, const struct denial *denial)
{
	const struct condition *when = denial->rule->when;
	struct attempt attempt = attempt_at(run, denial);

	for (; when->kind; when++) {
		uint64_t at = attempt.args[when->arg];
		const uint64_t near[] = {at, at + 1, at - 1, at | 1ULL << 32};

		for (size_t i = 0; i < 4; i++) {
			attempt.args[when->arg] = near[i];
			judge(run, &attempt);
		}
		attempt.args[when->arg] = at;
	}
}

static void try_every_rule(struct run *run)
{
	for (size_t i = 0; i < run->set->n; i++) {
		struct attempt attempt = attempt_at(run, &run->set->denials[i]);

		if (!run->set->denials[i].rule->when[0].kind)
			continue; /* every attempt at the call is about it */
		if (!ruleset_find(run->set, attempt.nr, attempt.args)) {
			report(run, &attempt, run->set->denials[i].rule,
			       "WRONG (no arguments found)",
			       (struct outcome){0});
			run->tally.wrong++;
		}
		judge(run, &attempt);
	}
	for (size_t i = 0; i < run->set->n_choices; i++)
		try_around(run, &run->set->choices[i]);
}

static void try_every_number(struct run *run)
{
	static const unsigned odd[] = {
		0x40000000, 0x40000000 + 39, 0x40000000 + 161, 0x40000000 + 520,
		0x7fffffff, 0x80000000,	     0xfffffffe,       UINT32_MAX,
	};

	for (unsigned nr = 0; nr <= SYSCALL_NEWEST + BEYOND; nr++) {
		struct attempt attempt = plain_attempt(run, nr);

		judge(run, &attempt);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct attempt attempt = plain_attempt(run, odd[i]);

		judge(run, &attempt);
	}
}

#if defined(__x86_64__)
/* getpid() by the door of 32-bit programs. */
static void try_foreign_abi(struct run *run)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		long result = 20;

		if (!run->options->inside)
			install_filter(&run->filter);
		__asm__ volatile("int $0x80"
				 : "+a"(result)
				 :
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(result > 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		die(1, "fork", strerror(errno));
	run->tally.attempts++;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
		run->tally.refused++;
		return;
	}
	run->tally.wrong++;
	printf("WRONG: int 0x80 is not killed: status %#x\n", status);
}
#else
static void try_foreign_abi(struct run *run)
{
	(void)run; /* needs a 32-bit program */
}
#endif

int main(int argc, char **argv)
{
	struct policy_options options = policy_options_parse(argc, argv);
	struct policy_request request = policy_options_request(&options);
	auto_of(written) struct written *written = NULL;
	auto_of(ruleset) struct ruleset *set = NULL;
	struct run run = {.options = &options,
			  .filter = policy_options_filter(&options)};
	struct rlimit no_core = {1, 1};
	struct err err = {0};

	if (policy_read(&request, MACHINE_NATIVE, &written, &err) < 0 ||
	    ruleset_make(&request, written, MACHINE_NATIVE, &set, &err) < 0)
		die(2, "policy", err.msg);
	run.set = set;
	run.shared = mmap(NULL, sizeof(*run.shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.shared == MAP_FAILED)
		die(1, "mmap", strerror(errno));
	setvbuf(stdout, NULL, _IOLBF, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	try_every_number(&run);
	try_every_rule(&run);
	try_foreign_abi(&run);
	printf("%u calls, %u refused, %u of them shown, %u wrong\n",
	       run.tally.attempts, run.tally.refused, run.tally.distinct,
	       run.tally.wrong);
	free(options.owned);
	free(options.text);
	/* A sanitizer looks for leaks at exit by ptrace, which is refused. */
	fflush(stdout);
	_exit(run.tally.wrong != 0);
}
