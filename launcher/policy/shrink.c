#include "shrink.h"

#include <errno.h>
#include <stdbool.h>

#define FAR UINT8_MAX /* how far a conditional jump skips at most */

static bool is_return(const struct sock_filter *code)
{
	return BPF_CLASS(code->code) == BPF_RET;
}

static bool is_always(const struct sock_filter *code)
{
	return code->code == (BPF_JMP | BPF_JA);
}

static bool is_conditional(const struct sock_filter *code)
{
	return BPF_CLASS(code->code) == BPF_JMP && !is_always(code);
}

/* Where a jump to target really ends, no further than limit. */
static size_t follow(const struct program *program, size_t target, size_t limit)
{
	const struct sock_filter *code = program->code;

	while (is_always(&code[target]) && target + 1 + code[target].k <= limit)
		target += 1 + code[target].k;
	if (!is_return(&code[target]))
		return target;
	for (size_t last = limit; last > target; last--)
		if (is_return(&code[last]) && code[last].k == code[target].k)
			return last;
	return target;
}

static void straighten(struct program *program)
{
	for (size_t i = 0; i < program->n; i++) {
		struct sock_filter *code = &program->code[i];
		size_t next = i + 1, limit = next + FAR;

		if (!is_conditional(code))
			continue;
		if (limit >= program->n)
			limit = program->n - 1;
		code->jt =
			(__u8)(follow(program, next + code->jt, limit) - next);
		code->jf =
			(__u8)(follow(program, next + code->jf, limit) - next);
	}
}

/* A mark for each instruction that can be run; jumps only go forward. */
static void mark_reached(const struct program *program, size_t *reached)
{
	reached[0] = 1;
	for (size_t i = 0; i < program->n; i++) {
		const struct sock_filter *code = &program->code[i];

		if (!reached[i] || is_return(code))
			continue;
		if (is_always(code)) {
			reached[i + 1 + code->k] = 1;
		} else if (is_conditional(code)) {
			reached[i + 1 + code->jt] = 1;
			reached[i + 1 + code->jf] = 1;
		} else {
			reached[i + 1] = 1;
		}
	}
}

/* place[i]: how many of the instructions before i stay. */
static void drop_unreached(struct program *program, const size_t *reached,
			   size_t *place)
{
	size_t n = 0;

	for (size_t i = 0; i < program->n; i++) {
		place[i] = n;
		n += reached[i];
	}
	for (size_t i = 0; i < program->n; i++) {
		struct sock_filter code = program->code[i];
		size_t next = i + 1;

		if (!reached[i])
			continue;
		if (is_always(&code)) {
			code.k = (__u32)(place[next + code.k] - place[i] - 1);
		} else if (is_conditional(&code)) {
			code.jt = (__u8)(place[next + code.jt] - place[i] - 1);
			code.jf = (__u8)(place[next + code.jf] - place[i] - 1);
		}
		program->code[place[i]] = code;
	}
	program->n = n;
}

int program_shrink(struct program *program, struct err *err)
{
	auto_free size_t *reached = calloc(program->n, sizeof(*reached));
	auto_free size_t *place = calloc(program->n, sizeof(*place));

	if (!reached || !place)
		return err_sys(err, ENOMEM, "seccomp policy");
	straighten(program);
	mark_reached(program, reached);
	drop_unreached(program, reached, place);
	return 0;
}
