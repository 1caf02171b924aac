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

static inline uint32_t bpf_run(const struct sock_filter *code, size_t n,
			       const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *i = &code[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (bpf_load(data, i->k, &a) < 0)
				return BPF_BROKEN;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			at += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return BPF_BROKEN;
		}
	}
	return BPF_BROKEN;
}
