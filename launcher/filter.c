#include "filter.h"

#include <errno.h>
#include <string.h>

#include "policy/syscalls.h"

/*
 * Programs call these at every start of a thread or process, and libc has a
 * way out that nobody notices: itemised, each would cost two switches of
 * processes, and say nothing.
 */
const unsigned filter_silent[] = {435 /* clone3 */, 437 /* openat2 */, 0};

#define ARCH offsetof(struct seccomp_data, arch)
#define NUMBER offsetof(struct seccomp_data, nr)
#define ARGUMENTS offsetof(struct seccomp_data, args)

/* --- one call */

static uint32_t load(const struct seccomp_data *call, uint32_t offset,
		     uint32_t *looked_at)
{
	uint32_t word = 0;

	if (offset % 4 == 0 && offset <= sizeof(*call) - sizeof(word))
		memcpy(&word, (const char *)call + offset, sizeof(word));
	if (offset >= ARGUMENTS)
		*looked_at |= 1u << (offset - ARGUMENTS) / 4;
	return word;
}

static bool jumps(const struct sock_filter *code, uint32_t word)
{
	switch (BPF_OP(code->code)) {
	case BPF_JEQ:
		return word == code->k;
	case BPF_JGT:
		return word > code->k;
	case BPF_JGE:
		return word >= code->k;
	default: /* BPF_JSET */
		return (word & code->k) != 0;
	}
}

struct filter_answer filter_run(const struct sock_fprog *program,
				const struct seccomp_data *call)
{
	struct filter_answer answer = {SECCOMP_RET_KILL_PROCESS, 0};
	uint32_t word = 0;
	size_t at;

	for (at = 0; at < program->len; at++) {
		const struct sock_filter *code = &program->filter[at];

		if (code->code == (BPF_LD | BPF_W | BPF_ABS))
			word = load(call, code->k, &answer.looked_at);
		else if (code->code == (BPF_ALU | BPF_AND | BPF_K))
			word &= code->k;
		else if (code->code == (BPF_JMP | BPF_JA))
			at += code->k;
		else if (BPF_CLASS(code->code) == BPF_JMP)
			at += jumps(code, word) ? code->jt : code->jf;
		else if (code->code == (BPF_RET | BPF_K))
			return (struct filter_answer){code->k,
						      answer.looked_at};
		else
			break;
	}
	return answer;
}

/* --- all calls */

/* What the accumulator can hold where an instruction is reached. */
enum { HOLDS_ARCH = 1, HOLDS_NUMBER = 2, HOLDS_ANYTHING = 4 };
/* What can come of a call. */
enum { CAN_BE_ALLOWED = 1, CAN_BE_REFUSED = 2, CAN_BE_KILLED = 4 };

static unsigned outcome_of(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return CAN_BE_ALLOWED;
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
		return CAN_BE_KILLED;
	default:
		return CAN_BE_REFUSED;
	}
}

static unsigned holds_after(const struct sock_filter *code)
{
	if (code->code != (BPF_LD | BPF_W | BPF_ABS))
		return HOLDS_ANYTHING;
	if (code->k == ARCH)
		return HOLDS_ARCH;
	return code->k == NUMBER ? HOLDS_NUMBER : HOLDS_ANYTHING;
}

/* Marks where a conditional jump can go; there is room for all of it. */
static void branch(const struct sock_filter *code, unsigned nr, unsigned holds,
		   unsigned char *next)
{
	const uint32_t arch = machine_audit_arch(MACHINE_NATIVE);

	if (holds & HOLDS_ARCH)
		next[jumps(code, arch) ? code->jt : code->jf] |= HOLDS_ARCH;
	if (holds & HOLDS_NUMBER)
		next[jumps(code, nr) ? code->jt : code->jf] |= HOLDS_NUMBER;
	if (holds & HOLDS_ANYTHING) {
		next[code->jt] |= HOLDS_ANYTHING;
		next[code->jf] |= HOLDS_ANYTHING;
	}
}

/* Jumps only go forward: one pass. */
static unsigned outcomes(const struct sock_fprog *program, unsigned nr)
{
	/* A conditional jump skips 255 at most. */
	unsigned char holds[BPF_MAXINSNS + 257] = {0};
	unsigned found = 0;
	size_t at;

	holds[0] = HOLDS_ANYTHING;
	for (at = 0; at < program->len; at++) {
		const struct sock_filter *code = &program->filter[at];

		if (!holds[at])
			continue;
		if (BPF_CLASS(code->code) == BPF_RET)
			found |= outcome_of(code->k);
		else if (code->code == (BPF_JMP | BPF_JA) &&
			 code->k < program->len - at - 1)
			holds[at + 1 + code->k] |= holds[at];
		else if (BPF_CLASS(code->code) == BPF_JMP)
			branch(code, nr, holds[at], holds + at + 1);
		else
			holds[at + 1] |= (unsigned char)holds_after(code);
	}
	return found;
}

struct filter_counts filter_count(const struct sock_fprog *program)
{
	struct filter_counts counts = {0};
	unsigned nr;

	for (nr = 0; nr <= SYSCALL_NEWEST; nr++) {
		if (!syscall_name_of(MACHINE_NATIVE, nr))
			continue;
		switch (outcomes(program, nr)) {
		case CAN_BE_ALLOWED:
			counts.allowed++;
			break;
		case CAN_BE_REFUSED:
			counts.refused++;
			break;
		case CAN_BE_KILLED:
			counts.killed++;
			break;
		default:
			counts.by_arguments++;
		}
	}
	return counts;
}

/* --- the filter that asks */

#define LOAD(offset)                                                           \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset))
#define RETURN(action) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action))

struct asking {
	struct sock_filter *code;
	size_t n;
};

static void add(struct asking *asking, struct sock_filter code)
{
	asking->code[asking->n++] = code;
}

/* If the word is so, the next instruction; else the one behind it. */
static void add_test(struct asking *asking, unsigned op, uint32_t k)
{
	add(asking, (struct sock_filter){(unsigned short)(BPF_JMP | op | BPF_K),
					 0, 1, k});
}

/* ENOSYS in silence, or by the listener. */
static void add_enosys(struct asking *asking, uint32_t enosys)
{
	const unsigned *silent;

	add(asking, LOAD(NUMBER));
	for (silent = filter_silent; *silent; silent++) {
		add_test(asking, BPF_JEQ, *silent);
		add(asking, RETURN(enosys));
	}
	add_test(asking, BPF_JGT, SYSCALL_NEWEST);
	add(asking, RETURN(enosys));
	add(asking, RETURN(SECCOMP_RET_USER_NOTIF));
}

static bool asks(uint32_t action, bool kills_itself)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
		return true;
	case SECCOMP_RET_KILL_PROCESS:
		return !kills_itself;
	default:
		return false;
	}
}

size_t filter_make_asking(const struct sock_fprog *program, bool kills_itself,
			  struct sock_filter *out)
{
	const uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;
	struct asking asking = {out, 0};
	size_t at, tail = program->len + 3u;
	bool ever_asks = false;

	if (program->len + FILTER_ASKING_MORE > BPF_MAXINSNS)
		return 0;
	add(&asking, LOAD(ARCH));
	add(&asking, (struct sock_filter)BPF_JUMP(
			     BPF_JMP | BPF_JEQ | BPF_K,
			     machine_audit_arch(MACHINE_NATIVE), 1, 0));
	add(&asking, RETURN(SECCOMP_RET_KILL_PROCESS));
	for (at = 0; at < program->len; at++) {
		struct sock_filter code = program->filter[at];

		if (code.code == (BPF_RET | BPF_K) &&
		    asks(code.k, kills_itself)) {
			ever_asks = true;
			if (code.k == enosys)
				code = (struct sock_filter)BPF_STMT(
					BPF_JMP | BPF_JA,
					(uint32_t)(tail - asking.n - 1));
			else
				code = RETURN(SECCOMP_RET_USER_NOTIF);
		}
		add(&asking, code);
	}
	add_enosys(&asking, enosys);
	return ever_asks ? asking.n : 0;
}
