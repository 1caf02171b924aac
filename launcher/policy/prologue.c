#include "prologue.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "array.h"

/* The newest number that every libseccomp we build with knows (2.5.4). */
#define LIBSECCOMP_NEWEST 450

/*
 * Numbers low to high, decided alike: by one answer, or, of a single call, by
 * the policy's choices and then, where they allow it, by the denials.
 */
struct block {
	unsigned low, high;
	bool is_settled;
	int answer; /* when it is settled */
	const struct denial *choices, *denials;
	size_t n_choices, n_denials;
	int otherwise; /* where no choice holds */
};

struct blocks {
	struct block *items;
	size_t n;
};

static bool libseccomp_can_say(const struct rule *rule)
{
	for (const struct condition *when = rule->when; when->kind; when++)
		if (when->kind != CONDITION_IS || when->is_wide)
			return false;
	return true;
}

bool prologue_decides(const struct ruleset *set, const struct denial *first,
		      size_t n)
{
	const char *name = syscall_name_of(set->machine, first->nr);

	if (set->fallback || first->nr > LIBSECCOMP_NEWEST ||
	    seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR)
		return true;
	/* Where answers differ, order decides; libseccomp promises none. */
	for (size_t i = 0; i < n; i++)
		if (!libseccomp_can_say(first[i].rule) ||
		    first[i].rule->answer != first->rule->answer ||
		    first[i].rule->answer < ANSWER_KILL)
			return true;
	return false;
}

static struct block settled(unsigned nr, int answer)
{
	return (struct block){
		.low = nr, .high = nr, .is_settled = true, .answer = answer};
}

/* Adds a block, as part of the one before where that decides the same. */
static int add_block(struct blocks *blocks, struct block block, struct err *err)
{
	struct block *last = blocks->n ? &blocks->items[blocks->n - 1] : NULL;

	if (last && last->high + 1 == block.low && last->is_settled &&
	    block.is_settled && last->answer == block.answer) {
		last->high = block.high;
		return 0;
	}
	last = array_push(blocks->items, blocks->n);
	if (!last)
		return err_sys(err, ENOMEM, "seccomp policy");
	*last = block;
	return 0;
}

static bool is_refusal(int answer)
{
	return answer != ANSWER_ALLOW && answer != ANSWER_LOG;
}

/* One answer where there is no question; else what is to be asked. */
static struct block block_of(const struct ruleset *set, unsigned nr)
{
	struct block block = {
		.low = nr,
		.high = nr,
		.otherwise =
			set->fallback ? set->fallback->answer : ANSWER_ALLOW,
	};

	block.choices = ruleset_choices(set, nr, &block.n_choices);
	block.denials = ruleset_denials(set, nr, &block.n_denials);
	if (block.n_choices && rule_is_unconditional(block.choices->rule)) {
		block.otherwise = block.choices->rule->answer;
		block.n_choices = 0;
	}
	if (block.n_choices == 0 && is_refusal(block.otherwise))
		return settled(nr, block.otherwise);
	if (block.n_choices == 0 && block.n_denials &&
	    rule_is_unconditional(block.denials->rule))
		return settled(nr, block.denials->rule->answer);
	if (block.n_choices == 0 && block.n_denials == 0)
		return settled(nr, block.otherwise);
	return block;
}

/* What the end of the program answers, or libseccomp's part decides. */
static bool is_left_to_the_end(const struct ruleset *set,
			       const struct block *block)
{
	const struct denial *denials;
	size_t n;

	if (set->fallback)
		return block->is_settled &&
		       block->answer == set->fallback->answer;
	denials = ruleset_denials(set, block->low, &n);
	return n == 0 || !prologue_decides(set, denials, n);
}

/* Every number up to the newest: not assigned, ours, or left to the end. */
static int find_blocks(const struct ruleset *set, struct blocks *out,
		       struct err *err)
{
	for (unsigned nr = 0; nr <= SYSCALL_NEWEST; nr++) {
		struct block block = settled(nr, rule_unreviewed.answer);

		if (syscall_name_of(set->machine, nr)) {
			block = block_of(set, nr);
			if (is_left_to_the_end(set, &block))
				continue;
		}
		if (add_block(out, block, err) < 0)
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

/* Where jumps go that is known only later; no rule is so long. */
#define TO_RULE_END UINT8_MAX
#define TO_CONDITION_END (UINT8_MAX - 1)

/* Conditional jump: which instructions to skip when true, when false. */
static size_t emit_jump(struct emitter *emitter, unsigned test, uint32_t value,
			uint8_t skip_true, uint8_t skip_false)
{
	return emit(emitter, (struct sock_filter)BPF_JUMP(
				     (__u16)(BPF_JMP | test | BPF_K), value,
				     skip_true, skip_false));
}

/* The jumps since start that wait for mark come here. */
static void land_here(struct program *program, size_t start, uint8_t mark)
{
	for (size_t i = start; i < program->n; i++) {
		struct sock_filter *code = &program->code[i];
		__u8 length = (__u8)(program->n - i - 1);

		if (BPF_CLASS(code->code) != BPF_JMP ||
		    BPF_OP(code->code) == BPF_JA)
			continue;
		if (code->jt == mark)
			code->jt = length;
		if (code->jf == mark)
			code->jf = length;
	}
}

/* Unconditional jumps to places that are known only later. */
#define TO_END UINT32_MAX
#define TO_FLOOR (UINT32_MAX - 1) /* the next lower: and be logged */

static size_t emit_always(struct emitter *emitter, uint32_t length)
{
	return emit(emitter,
		    (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, length));
}

static void land_always_here(struct program *program, size_t start,
			     uint32_t mark)
{
	for (size_t i = start; i < program->n; i++)
		if (program->code[i].code == (BPF_JMP | BPF_JA) &&
		    program->code[i].k == mark)
			program->code[i].k = (__u32)(program->n - i - 1);
}

static uint32_t action_of(int answer)
{
	switch (answer) {
	case ANSWER_ALLOW:
		return SECCOMP_RET_ALLOW;
	case ANSWER_KILL:
		return SECCOMP_RET_KILL_PROCESS;
	case ANSWER_LOG:
		return SECCOMP_RET_LOG;
	case ANSWER_TRAP:
		return SECCOMP_RET_TRAP;
	case ANSWER_FAKE:
		return SECCOMP_RET_ERRNO;
	default:
		return SECCOMP_RET_ERRNO | (uint32_t)answer;
	}
}

static void emit_answer(struct emitter *emitter, int answer)
{
	emit(emitter,
	     (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action_of(answer)));
}

static bool has_mask(const struct condition *when)
{
	return (when->kind == CONDITION_IS || when->kind == CONDITION_NOT) &&
	       (uint32_t)when->mask != UINT32_MAX;
}

/* After held was looked at, the accumulator is what when looks at. */
static bool is_loaded(const struct condition *held,
		      const struct condition *when)
{
	return held && !held->is_wide && !when->is_wide && !has_mask(held) &&
	       held->arg == when->arg;
}

/* Both machines are little-endian: the low half comes first. */
static void load_half(struct emitter *emitter, const struct condition *when,
		      bool high)
{
	emit_load(emitter, offsetof(struct seccomp_data, args) +
				   when->arg * sizeof(__u64) +
				   (high ? sizeof(__u32) : 0));
}

static void emit_mask(struct emitter *emitter, uint32_t mask)
{
	if (mask != UINT32_MAX)
		emit(emitter, (struct sock_filter)BPF_STMT(
				      BPF_ALU | BPF_AND | BPF_K, mask));
}

/* The jump that ends a condition; the half that counts is loaded. */
static void emit_test(struct emitter *emitter, enum condition_kind kind,
		      uint32_t value)
{
	static const struct {
		uint8_t test;
		bool is_reversed;
	} tests[] = {
		[CONDITION_IS] = {BPF_JEQ, false},
		[CONDITION_NOT] = {BPF_JEQ, true},
		[CONDITION_HAS] = {BPF_JSET, false},
		[CONDITION_LESS] = {BPF_JGE, true},
		[CONDITION_LESS_OR_IS] = {BPF_JGT, true},
		[CONDITION_MORE] = {BPF_JGT, false},
		[CONDITION_MORE_OR_IS] = {BPF_JGE, false},
	};

	if (tests[kind].is_reversed)
		emit_jump(emitter, tests[kind].test, value, TO_RULE_END, 0);
	else
		emit_jump(emitter, tests[kind].test, value, 0, TO_RULE_END);
}

/* The high half of 64 bits: it decides alone, or leaves it to the low one. */
static void emit_high_half(struct emitter *emitter,
			   const struct condition *when)
{
	uint32_t value = (uint32_t)(when->value >> 32);

	switch (when->kind) {
	case CONDITION_IS:
		emit_jump(emitter, BPF_JEQ, value, 0, TO_RULE_END);
		return;
	case CONDITION_NOT:
		emit_jump(emitter, BPF_JEQ, value, 0, TO_CONDITION_END);
		return;
	case CONDITION_HAS:
		emit_jump(emitter, BPF_JSET, value, TO_CONDITION_END, 0);
		return;
	case CONDITION_LESS:
	case CONDITION_LESS_OR_IS:
		emit_jump(emitter, BPF_JGT, value, TO_RULE_END, 0);
		emit_jump(emitter, BPF_JEQ, value, 0, TO_CONDITION_END);
		return;
	case CONDITION_MORE:
	case CONDITION_MORE_OR_IS:
		emit_jump(emitter, BPF_JGT, value, TO_CONDITION_END, 0);
		emit_jump(emitter, BPF_JEQ, value, 0, TO_RULE_END);
		return;
	case CONDITION_NONE:
		return;
	}
}

/* Goes on when the condition holds, else to the end of the rule. */
static void emit_condition(struct emitter *emitter,
			   const struct condition *when,
			   const struct condition *held)
{
	bool is_masked =
		when->kind == CONDITION_IS || when->kind == CONDITION_NOT;
	size_t start = emitter->program->n;

	if (when->is_wide) {
		load_half(emitter, when, true);
		if (is_masked)
			emit_mask(emitter, (uint32_t)(when->mask >> 32));
		emit_high_half(emitter, when);
	}
	if (!is_loaded(held, when))
		load_half(emitter, when, false);
	if (is_masked)
		emit_mask(emitter, (uint32_t)when->mask);
	emit_test(emitter, when->kind, (uint32_t)when->value);
	land_here(emitter->program, start, TO_CONDITION_END);
}

/*
 * Where its conditions hold, a rule answers, or goes to the floor.  Returns the
 * condition that was looked at last whichever of them failed, or NULL when that
 * depends.
 */
static const struct condition *emit_rule(struct emitter *emitter,
					 const struct rule *rule,
					 const struct condition *held,
					 bool to_floor)
{
	size_t start = emitter->program->n;
	bool is_sure = true;

	for (const struct condition *when = rule->when; when->kind; when++) {
		emit_condition(emitter, when, held);
		is_sure = is_sure && is_loaded(when, rule->when);
		held = when;
	}
	if (to_floor)
		emit_always(emitter, TO_FLOOR - (rule->answer == ANSWER_LOG));
	else
		emit_answer(emitter, rule->answer);
	land_here(emitter->program, start, TO_RULE_END);
	return is_sure ? held : NULL;
}

/* What the policy allows (or logs) and the denials may still refuse. */
static void emit_floor(struct emitter *emitter, const struct block *block,
		       size_t start, int answer)
{
	const struct condition *held = NULL;

	land_always_here(emitter->program, start,
			 TO_FLOOR - (answer == ANSWER_LOG));
	for (size_t i = 0; i < block->n_denials; i++)
		held = emit_rule(emitter, block->denials[i].rule, held, false);
	emit_answer(emitter, answer);
}

static bool has_choice(const struct block *block, int answer)
{
	for (size_t i = 0; i < block->n_choices; i++)
		if (block->choices[i].rule->answer == answer)
			return true;
	return false;
}

/* What happens to a number of the block; always ends in an answer. */
static void emit_body(struct emitter *emitter, const struct block *block)
{
	static const int allowed[] = {ANSWER_ALLOW, ANSWER_LOG};
	const struct condition *held = NULL;
	size_t start = emitter->program->n;

	if (block->is_settled) {
		emit_answer(emitter, block->answer);
		return;
	}
	for (size_t i = 0; i < block->n_choices; i++) {
		const struct rule *rule = block->choices[i].rule;

		held = emit_rule(emitter, rule, held,
				 rule_allows(rule) && block->n_denials);
	}
	if (is_refusal(block->otherwise))
		emit_answer(emitter, block->otherwise);
	else
		emit_floor(emitter, block, start, block->otherwise);
	for (size_t i = 0; block->n_denials && i < 2; i++)
		if (allowed[i] != block->otherwise &&
		    has_choice(block, allowed[i]))
			emit_floor(emitter, block, start, allowed[i]);
}

/* The number is in the accumulator; falls through when it is not in block. */
static void emit_block(struct emitter *emitter, const struct block *block)
{
	struct program *program = emitter->program;
	size_t skip;

	if (block->low != block->high) {
		emit_jump(emitter, BPF_JGE, block->low, 0, 2);
		emit_jump(emitter, BPF_JGT, block->high, 1, 0);
		emit_body(emitter, block);
		return;
	}
	emit_jump(emitter, BPF_JEQ, block->low, 1, 0);
	skip = emit_always(emitter, 0);
	emit_body(emitter, block);
	if (!emitter->failed)
		program->code[skip].k = (__u32)(program->n - skip - 1);
}

/*
 * A binary tree over the blocks.  Where it finds nothing it jumps to the end
 * of the prologue.
 */
static void emit_tree(struct emitter *emitter, const struct block *blocks,
		      size_t n)
{
	struct program *program = emitter->program;
	size_t middle = n / 2, test, length;

	if (n <= 2) {
		for (size_t i = 0; i < n; i++)
			emit_block(emitter, &blocks[i]);
		emit_always(emitter, TO_END);
		return;
	}
	test = emit_jump(emitter, BPF_JGE, blocks[middle].low, 0, 1);
	emit_always(emitter, 0);
	emit_tree(emitter, blocks, middle);
	length = program->n - test - 2;
	if (!emitter->failed)
		program->code[test + 1].k = (__u32)length;
	emit_tree(emitter, blocks + middle, n - middle);
}

static void emit_all(struct emitter *emitter, const struct ruleset *set,
		     const struct blocks *blocks)
{
	size_t start;

	emit_load(emitter, offsetof(struct seccomp_data, arch));
	emit_jump(emitter, BPF_JEQ, machine_audit_arch(set->machine), 1, 0);
	emit_answer(emitter, ANSWER_KILL);
	emit_load(emitter, offsetof(struct seccomp_data, nr));
	emit_jump(emitter, BPF_JGT, SYSCALL_NEWEST, 0, 1);
	emit_answer(emitter, rule_unreviewed.answer);
	start = emitter->program->n;
	emit_tree(emitter, blocks->items, blocks->n);
	land_always_here(emitter->program, start, TO_END);
	if (set->fallback)
		emit_answer(emitter, set->fallback->answer);
}

int prologue_emit(const struct ruleset *set, struct program *program,
		  struct err *err)
{
	struct emitter emitter = {program, false};
	struct blocks blocks = {NULL, 0};
	int result = find_blocks(set, &blocks, err);

	if (result == 0)
		emit_all(&emitter, set, &blocks);
	free(blocks.items);
	if (emitter.failed)
		return err_sys(err, ENOMEM, "seccomp policy");
	return result;
}
