#pragma once
/*
 * bpf: runs a seccomp filter in a test, as the kernel would.
 *
 * Only the instructions that filters of ours and of libseccomp consist of; any
 * other, a jump out of the program or a load out of the data fails the test.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not an action of seccomp: the filter is broken. */
#define BPF_BROKEN UINT32_MAX

static inline int bpf_load(const struct seccomp_data *data, uint32_t offset,
			   uint32_t *out)
{
	if (offset % 4 != 0 || offset > sizeof(*data) - sizeof(*out))
		return -1;
	memcpy(out, (const char *)data + offset, sizeof(*out));
	return 0;
}

/* One instruction that is no return: how many it skips, or out of any program. */
static inline size_t bpf_step(const struct sock_filter *i,
			      const struct seccomp_data *data, uint32_t *a)
{
	switch (i->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return bpf_load(data, i->k, a) < 0 ? BPF_MAXINSNS : 0;
	case BPF_ALU | BPF_AND | BPF_K:
		*a &= i->k;
		return 0;
	case BPF_JMP | BPF_JA:
		return i->k;
	case BPF_JMP | BPF_JEQ | BPF_K:
		return *a == i->k ? i->jt : i->jf;
	case BPF_JMP | BPF_JGT | BPF_K:
		return *a > i->k ? i->jt : i->jf;
	case BPF_JMP | BPF_JGE | BPF_K:
		return *a >= i->k ? i->jt : i->jf;
	case BPF_JMP | BPF_JSET | BPF_K:
		return *a & i->k ? i->jt : i->jf;
	default:
		return BPF_MAXINSNS;
	}
}

static inline uint32_t bpf_run(const struct sock_filter *code, size_t n,
			       const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < n; at++) {
		if (code[at].code == (BPF_RET | BPF_K))
			return code[at].k;
		at += bpf_step(&code[at], data, &a);
	}
	return BPF_BROKEN;
}

/*
 * What the kernel does for each number when a filter is loaded: it runs the
 * filter up to its answer, or to where an argument is looked at.  Returns the
 * number of instructions; *answer is BPF_BROKEN where it depends on arguments.
 */
static inline size_t bpf_prepare(const struct sock_filter *code, size_t n,
				 const struct seccomp_data *data,
				 uint32_t *answer)
{
	size_t steps = 0;
	uint32_t a = 0;

	*answer = BPF_BROKEN;
	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *i = &code[at];

		steps++;
		if (i->code == (BPF_RET | BPF_K))
			*answer = i->k;
		if (i->code == (BPF_RET | BPF_K) ||
		    (BPF_CLASS(i->code) == BPF_LD &&
		     i->k >= offsetof(struct seccomp_data, args)))
			break;
		at += bpf_step(i, data, &a);
	}
	return steps;
}
