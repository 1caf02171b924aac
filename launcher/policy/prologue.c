#include "prologue.h"

#include <assert.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "array.h"

/* The newest number that every libseccomp we build with knows (2.5.4). */
#define LIBSECCOMP_NEWEST 450

/*
 * Numbers low to high, decided alike: by the denials of one call, or, where
 * there are none, not reviewed.
 */
struct block {
	unsigned low, high;
	const struct denial *denials;
	size_t n;
};

struct blocks {
	struct block *items;
	size_t n;
};

size_t denials_of_one(const struct ruleset *set, size_t first)
{
	size_t n = 1;

	while (first + n < set->n &&
	       set->denials[first + n].nr == set->denials[first].nr)
		n++;
	return n;
}

static bool libseccomp_can_say(const struct rule *rule)
{
	for (const struct condition *when = rule->when; when->kind; when++)
		if (when->kind != CONDITION_IS)
			return false;
	return true;
}

bool prologue_decides(const struct ruleset *set, const struct denial *first,
		      size_t n)
{
	const char *name = syscall_name_of(set->machine, first->nr);

	if (first->nr > LIBSECCOMP_NEWEST ||
	    seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR)
		return true;
	/* Where answers differ, order decides; libseccomp promises none. */
	for (size_t i = 0; i < n; i++)
		if (!libseccomp_can_say(first[i].rule) ||
		    first[i].rule->answer != first->rule->answer)
			return true;
	return false;
}

static bool is_unconditional(const struct block *block)
{
	return block->n == 0 ||
	       block->denials->rule->when[0].kind == CONDITION_NONE;
}

static int answer_of(const struct block *block)
{
	return block->n ? block->denials->rule->answer : rule_unreviewed.answer;
}

/* Adds a block, as part of the one before where that decides the same. */
static int add_block(struct blocks *blocks, struct block block, struct err *err)
{
	struct block *last = blocks->n ? &blocks->items[blocks->n - 1] : NULL;

	if (last && last->high + 1 == block.low && is_unconditional(last) &&
	    is_unconditional(&block) && answer_of(last) == answer_of(&block)) {
		last->high = block.high;
		return 0;
	}
	last = array_push(blocks->items, blocks->n);
	if (!last)
		return err_sys(err, ENOMEM, "seccomp policy");
	*last = block;
	return 0;
}

/* Every number up to the newest: not assigned, ours, or left to libseccomp. */
static int find_blocks(const struct ruleset *set, struct blocks *out,
		       struct err *err)
{
	size_t next = 0;

	for (unsigned nr = 0; nr <= SYSCALL_NEWEST; nr++) {
		struct block block = {nr, nr, NULL, 0};

		if (!syscall_name_of(set->machine, nr)) {
			if (add_block(out, block, err) < 0)
				return -1;
			continue;
		}
		if (next == set->n || set->denials[next].nr != nr)
			continue;
		block.denials = &set->denials[next];
		block.n = denials_of_one(set, next);
		next += block.n;
		if (prologue_decides(set, block.denials, block.n) &&
		    add_block(out, block, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Instructions go through emit(), which remembers that memory ran out;
 * prologue_emit() looks once, at the end.
 */
struct emitter {
	struct program *program;
	bool failed;
};

static size_t emit(struct emitter *emitter, struct sock_filter instruction)
{
	struct program *program = emitter->program;
	struct sock_filter *room = array_push(program->code, program->n);

	if (!room) {
		emitter->failed = true;
		return 0;
	}
	*room = instruction;
	return program->n - 1;
}

static size_t emit_load(struct emitter *emitter, size_t offset)
{
	return emit(emitter, (struct sock_filter)BPF_STMT(
				     BPF_LD | BPF_W | BPF_ABS, (__u32)offset));
}

/* Conditional jump: which instructions to skip when true, when false. */
static size_t emit_jump(struct emitter *emitter, unsigned test, uint32_t value,
			size_t skip_true, size_t skip_false)
{
	/* The table has no rule so long; see test_policy. */
	assert(skip_true <= UINT8_MAX && skip_false <= UINT8_MAX);
	return emit(emitter, (struct sock_filter)BPF_JUMP(
				     (__u16)(BPF_JMP | test | BPF_K), value,
				     (__u8)skip_true, (__u8)skip_false));
}

static void emit_answer(struct emitter *emitter, int answer)
{
	uint32_t action;

	if (answer == ANSWER_KILL)
		action = SECCOMP_RET_KILL_PROCESS;
	else if (answer == ANSWER_ALLOW)
		action = SECCOMP_RET_ALLOW;
	else
		action = SECCOMP_RET_ERRNO | (uint32_t)answer;
	emit(emitter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static bool has_mask(const struct condition *when)
{
	return when->kind != CONDITION_HAS && when->mask != UINT32_MAX;
}

/* After held was looked at, the accumulator is what when looks at. */
static bool is_loaded(const struct condition *held,
		      const struct condition *when)
{
	return held && !has_mask(held) && held->arg == when->arg;
}

static size_t condition_size(const struct condition *when,
			     const struct condition *held)
{
	return 1 + !is_loaded(held, when) + has_mask(when);
}

/* Goes on when the condition holds, else skips. */
static void emit_condition(struct emitter *emitter,
			   const struct condition *when,
			   const struct condition *held, size_t skip)
{
	/* Both machines are little-endian: the low half comes first. */
	if (!is_loaded(held, when))
		emit_load(emitter, offsetof(struct seccomp_data, args) +
					   when->arg * sizeof(__u64));
	if (has_mask(when))
		emit(emitter, (struct sock_filter)BPF_STMT(
				      BPF_ALU | BPF_AND | BPF_K, when->mask));
	if (when->kind == CONDITION_IS)
		emit_jump(emitter, BPF_JEQ, when->value, 0, skip);
	else if (when->kind == CONDITION_NOT)
		emit_jump(emitter, BPF_JEQ, when->value, skip, 0);
	else
		emit_jump(emitter, BPF_JSET, when->value, 0, skip);
}

static size_t rule_size(const struct rule *rule, const struct condition *held)
{
	size_t size = 1; /* the answer */

	for (const struct condition *when = rule->when; when->kind; when++) {
		size += condition_size(when, held);
		held = when;
	}
	return size;
}

/*
 * Returns the condition that was looked at last whichever of them failed, or
 * NULL when that depends.
 */
static const struct condition *emit_rule(struct emitter *emitter,
					 const struct rule *rule,
					 const struct condition *held)
{
	size_t left = rule_size(rule, held);
	bool is_sure = true;

	for (const struct condition *when = rule->when; when->kind; when++) {
		left -= condition_size(when, held);
		emit_condition(emitter, when, held, left);
		is_sure = is_sure && is_loaded(when, rule->when);
		held = when;
	}
	emit_answer(emitter, rule->answer);
	return is_sure ? held : NULL;
}

/* What happens to a number of the block; always ends in an answer. */
static void emit_body(struct emitter *emitter, const struct block *block)
{
	const struct condition *held = NULL;

	if (is_unconditional(block)) {
		emit_answer(emitter, answer_of(block));
		return;
	}
	for (size_t i = 0; i < block->n; i++)
		held = emit_rule(emitter, block->denials[i].rule, held);
	emit_answer(emitter, ANSWER_ALLOW);
}

/* The number is in the accumulator; falls through when it is not in block. */
static void emit_block(struct emitter *emitter, const struct block *block)
{
	struct program *program = emitter->program;
	size_t test = program->n, length;

	if (block->low == block->high) {
		emit_jump(emitter, BPF_JEQ, block->low, 0, 0);
		emit_body(emitter, block);
	} else {
		emit_jump(emitter, BPF_JGE, block->low, 0, 2);
		emit_jump(emitter, BPF_JGT, block->high, 1, 0);
		emit_body(emitter, block);
		return;
	}
	length = program->n - test - 1;
	assert(length <= UINT8_MAX);
	if (!emitter->failed)
		program->code[test].jf = (__u8)length;
}

/*
 * A binary tree over the blocks.  Where it finds nothing it jumps to its end,
 * which fix_ends() makes of BPF_JA with a zero.
 */
static void emit_tree(struct emitter *emitter, const struct block *blocks,
		      size_t n)
{
	struct program *program = emitter->program;
	size_t middle = n / 2, test, length;

	if (n <= 2) {
		for (size_t i = 0; i < n; i++)
			emit_block(emitter, &blocks[i]);
		emit(emitter,
		     (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
		return;
	}
	test = emit_jump(emitter, BPF_JGE, blocks[middle].low, 0, 1);
	emit(emitter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_tree(emitter, blocks, middle);
	length = program->n - test - 2;
	if (!emitter->failed)
		program->code[test + 1].k = (__u32)length;
	emit_tree(emitter, blocks + middle, n - middle);
}

/* What emit_tree() left open jumps to the end of the program. */
static void fix_ends(struct program *program, size_t start)
{
	for (size_t i = start; i < program->n; i++)
		if (program->code[i].code == (BPF_JMP | BPF_JA) &&
		    program->code[i].k == 0)
			program->code[i].k = (__u32)(program->n - i - 1);
}

static void emit_all(struct emitter *emitter, enum machine machine,
		     const struct blocks *blocks)
{
	size_t start;

	emit_load(emitter, offsetof(struct seccomp_data, arch));
	emit_jump(emitter, BPF_JEQ, machine_audit_arch(machine), 1, 0);
	emit_answer(emitter, ANSWER_KILL);
	emit_load(emitter, offsetof(struct seccomp_data, nr));
	emit_jump(emitter, BPF_JGT, SYSCALL_NEWEST, 0, 1);
	emit_answer(emitter, rule_unreviewed.answer);
	start = emitter->program->n;
	emit_tree(emitter, blocks->items, blocks->n);
	fix_ends(emitter->program, start);
}

int prologue_emit(const struct ruleset *set, struct program *program,
		  struct err *err)
{
	struct emitter emitter = {program, false};
	struct blocks blocks = {NULL, 0};
	int result = find_blocks(set, &blocks, err);

	if (result == 0)
		emit_all(&emitter, set->machine, &blocks);
	free(blocks.items);
	if (emitter.failed)
		return err_sys(err, ENOMEM, "seccomp policy");
	return result;
}
