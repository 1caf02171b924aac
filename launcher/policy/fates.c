#include "fates.h"

#include <errno.h>

#include "array.h"
#include "facts.h"

#define FIRST_UNREVIEWED (SYSCALL_NEWEST + 1)

/* What is longer would take seconds, and not become what the kernel takes. */
#define READ_MOST (8UL * BPF_MAXINSNS)

/* An instruction as a call of one number comes to it. */
struct visit {
	bool is_reached;
	bool is_loaded; /* the accumulator holds word & mask, whatever way */
	uint32_t word, mask;
	uint32_t question; /* what is asked from here on */
};

struct reader {
	const struct program *program;
	struct graph *graph;
	struct visit *visits;
	uint32_t abi, number;
	bool is_foreign; /* of any number, and any ABI but abi */
	bool is_odd; /* not to be told */
	struct memo *memos; /* what facts made of a question */
	size_t n_memos;
};

struct memo {
	uint32_t from, to;
};

static bool is_fixed(const struct visit *visit)
{
	return visit->word == WORD_NUMBER || visit->word == WORD_ABI;
}

/* The answer about number or ABI. */
static bool is_yes(struct reader *reader, const struct visit *visit,
		   const struct sock_filter *code)
{
	uint32_t value = visit->word == WORD_ABI ? reader->abi : reader->number;

	if (reader->is_foreign) {
		reader->is_odd |= visit->word != WORD_ABI ||
				  BPF_OP(code->code) != BPF_JEQ ||
				  code->k != reader->abi;
		return false;
	}
	switch (BPF_OP(code->code)) {
	case BPF_JEQ:
		return value == code->k;
	case BPF_JGT:
		return value > code->k;
	case BPF_JGE:
		return value >= code->k;
	default: /* which numbers are alike would be hard to say */
		reader->is_odd = true;
		return false;
	}
}

static void go(struct reader *reader, size_t to, const struct visit *with)
{
	struct visit *visit = reader->visits;

	if (to >= reader->program->n) {
		reader->is_odd = true;
		return;
	}
	visit += to;
	if (!visit->is_reached) {
		*visit = *with;
		visit->is_reached = true;
	} else if (!with->is_loaded || visit->word != with->word ||
		   visit->mask != with->mask) {
		visit->is_loaded = false;
	}
}

static void visit_jump(struct reader *reader, size_t at)
{
	const struct sock_filter *code = &reader->program->code[at];
	const struct visit *visit = &reader->visits[at];
	bool asks = !is_fixed(visit), yes = asks || is_yes(reader, visit, code);

	reader->is_odd |= !visit->is_loaded;
	if (yes)
		go(reader, at + 1 + code->jt, visit);
	if (asks || !yes)
		go(reader, at + 1 + code->jf, visit);
}

static void visit(struct reader *reader, size_t at)
{
	const struct sock_filter *code = &reader->program->code[at];
	struct visit with = reader->visits[at];

	switch (code->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		with.is_loaded = true;
		with.word = code->k;
		with.mask = ALL_BITS;
		go(reader, at + 1, &with);
		return;
	case BPF_ALU | BPF_AND | BPF_K:
		reader->is_odd |= !with.is_loaded || is_fixed(&with);
		with.mask &= code->k;
		go(reader, at + 1, &with);
		return;
	case BPF_RET | BPF_K:
		return;
	case BPF_JMP | BPF_JA:
		go(reader, at + 1 + code->k, &with);
		return;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		visit_jump(reader, at);
		return;
	default:
		reader->is_odd = true;
	}
}

/* What is asked from an instruction on; those behind it are known. */
static uint32_t question_at(struct reader *reader, size_t at)
{
	const struct sock_filter *code = &reader->program->code[at];
	const struct visit *visit = &reader->visits[at], *next = visit + 1;

	if (code->code == (BPF_RET | BPF_K))
		return question_answer(reader->graph, code->k);
	if (code->code == (BPF_JMP | BPF_JA))
		return next[code->k].question;
	if (BPF_CLASS(code->code) != BPF_JMP)
		return next->question;
	if (is_fixed(visit))
		return next[is_yes(reader, visit, code) ? code->jt : code->jf]
			.question;
	return question_ask(reader->graph,
			    (struct node){.code = BPF_OP(code->code),
					  .word = visit->word,
					  .mask = visit->mask,
					  .value = code->k,
					  .yes = next[code->jt].question,
					  .no = next[code->jf].question});
}

static uint32_t without_known(struct reader *reader, uint32_t question)
{
	struct memo *memo;

	for (size_t i = 0; i < reader->n_memos; i++)
		if (reader->memos[i].from == question)
			return reader->memos[i].to;
	memo = array_push(reader->memos, reader->n_memos);
	if (!memo) {
		reader->graph->failed = true;
		return 0;
	}
	memo->from = question;
	memo->to = facts_apply(reader->graph, question);
	return memo->to;
}

static uint32_t read_one(struct reader *reader, uint32_t number)
{
	size_t n = reader->program->n;

	reader->number = number;
	memset(reader->visits, 0, n * sizeof(*reader->visits));
	reader->visits[0].is_reached = true;
	for (size_t i = 0; i < n; i++)
		if (reader->visits[i].is_reached)
			visit(reader, i);
	for (size_t i = n; i-- > 0 && !reader->is_odd;)
		if (reader->visits[i].is_reached)
			reader->visits[i].question = question_at(reader, i);
	if (reader->is_odd || reader->graph->failed)
		return 0;
	return without_known(reader, reader->visits[0].question);
}

static int compare(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return a < b ? -1 : a > b;
}

/* Where something may change: each reviewed number, and what is compared. */
static uint32_t *find_starts(const struct program *program, size_t *n)
{
	uint32_t *starts =
		calloc(FIRST_UNREVIEWED + 1 + 2 * program->n, sizeof(*starts));

	if (!starts)
		return NULL;
	for (*n = 0; *n <= FIRST_UNREVIEWED; (*n)++)
		starts[*n] = (uint32_t)*n;
	for (size_t i = 0; i < program->n; i++) {
		const struct sock_filter *code = &program->code[i];

		if (BPF_CLASS(code->code) != BPF_JMP ||
		    code->k < FIRST_UNREVIEWED)
			continue;
		starts[(*n)++] = code->k;
		if (code->k < UINT32_MAX)
			starts[(*n)++] = code->k + 1;
	}
	qsort(starts, *n, sizeof(*starts), compare);
	return starts;
}

static void add(struct reader *reader, struct fates *out, uint32_t low,
		uint32_t question)
{
	struct fate *last = out->n ? &out->items[out->n - 1] : NULL;

	if (last && last->question == question)
		return;
	if (last)
		last->high = low - 1;
	last = array_push(out->items, out->n);
	if (last)
		*last = (struct fate){low, UINT32_MAX, question};
	else
		reader->graph->failed = true;
}

static void read_all(struct reader *reader, const uint32_t *starts, size_t n,
		     struct fates *out)
{
	for (size_t i = 0; i < n && !reader->is_odd && !reader->graph->failed;
	     i++)
		if (i == 0 || starts[i] != starts[i - 1])
			add(reader, out, starts[i],
			    read_one(reader, starts[i]));
	reader->is_foreign = true;
	if (!reader->is_odd && !reader->graph->failed)
		out->foreign = read_one(reader, 0);
}

int fates_read(const struct program *program, uint32_t abi, struct graph *graph,
	       struct fates *out, struct err *err)
{
	size_t n = 0;
	auto_free uint32_t *starts = NULL;
	auto_free struct visit *visits = NULL;
	struct reader reader = {.program = program, .graph = graph, .abi = abi};

	if (program->n > READ_MOST)
		return 1;
	starts = find_starts(program, &n);
	reader.visits = visits = calloc(program->n, sizeof(*visits));
	if (!starts || !visits)
		return err_sys(err, ENOMEM, "seccomp policy");
	read_all(&reader, starts, n, out);
	free(reader.memos);
	if (graph->failed)
		return err_sys(err, ENOMEM, "seccomp policy");
	return reader.is_odd ? 1 : 0;
}
