#include "layout.h"

#include <errno.h>

#include "array.h"

#define FAR UINT8_MAX /* how far a conditional jump skips at most */

/* What the accumulator has of a question's word where it is come to. */
enum holding { HOLDS_IT, HOLDS_UNMASKED, HOLDS_OTHER };
#define HOLDINGS 3

/* The instructions that a question begins with, for each that is come with. */
struct entries {
	bool is_needed[HOLDINGS];
	uint32_t steps[HOLDINGS];
};

/*
 * From questions to steps: nodes that are instructions.  code and value are the
 * instruction's; one that jumps nowhere leads to `yes`.
 */
struct stepper {
	const struct node *questions;
	uint32_t root;
	struct entries *entries; /* of each question */
	struct graph *steps;
};

static bool is_conditional(const struct node *step)
{
	return BPF_CLASS(step->code) == BPF_JMP;
}

static bool is_return(const struct node *step)
{
	return BPF_CLASS(step->code) == BPF_RET;
}

static enum holding holding_of(const struct node *from, const struct node *to)
{
	if (is_answer(to))
		return HOLDS_IT;
	if (from->word != to->word || (to->mask & ~from->mask))
		return HOLDS_OTHER;
	return from->mask == to->mask ? HOLDS_IT : HOLDS_UNMASKED;
}

static void find_entries(struct stepper *stepper)
{
	const struct node *questions = stepper->questions;

	stepper->entries[stepper->root].is_needed[HOLDS_OTHER] = true;
	for (uint32_t at = stepper->root; at > 0; at--) {
		const struct node *from = &questions[at];
		const bool *needed = stepper->entries[at].is_needed;
		const uint32_t ways[] = {from->yes, from->no};

		if (!(needed[0] || needed[1] || needed[2]) || is_answer(from))
			continue;
		for (size_t i = 0; i < 2; i++) {
			enum holding with =
				holding_of(from, &questions[ways[i]]);

			stepper->entries[ways[i]].is_needed[with] = true;
		}
	}
}

static uint32_t step(struct stepper *stepper, unsigned code, uint32_t value,
		     uint32_t yes, uint32_t no)
{
	return graph_node(stepper->steps, (struct node){.code = (uint16_t)code,
							.value = value,
							.yes = yes,
							.no = no});
}

static uint32_t step_to(const struct stepper *stepper, const struct node *from,
			uint32_t to)
{
	enum holding with = holding_of(from, &stepper->questions[to]);

	return stepper->entries[to].steps[with];
}

static uint32_t test_step(struct stepper *stepper, const struct node *question)
{
	return step(stepper, BPF_JMP | question->code | BPF_K, question->value,
		    step_to(stepper, question, question->yes),
		    step_to(stepper, question, question->no));
}

static uint32_t mask_step(struct stepper *stepper, const struct node *question,
			  uint32_t test)
{
	if (question->mask == ALL_BITS)
		return test;
	return step(stepper, BPF_ALU | BPF_AND | BPF_K, question->mask, test,
		    0);
}

static void take_steps(struct stepper *stepper, uint32_t at)
{
	const struct node *question = &stepper->questions[at];
	struct entries *entries = &stepper->entries[at];
	const bool *needed = entries->is_needed;
	uint32_t test, mask;

	if (is_answer(question)) {
		if (needed[HOLDS_IT] || needed[HOLDS_OTHER])
			entries->steps[HOLDS_IT] = entries->steps[HOLDS_OTHER] =
				step(stepper, BPF_RET | BPF_K, question->value,
				     0, 0);
		return;
	}
	if (!needed[0] && !needed[1] && !needed[2])
		return;
	entries->steps[HOLDS_IT] = test = test_step(stepper, question);
	if (!needed[HOLDS_UNMASKED] && !needed[HOLDS_OTHER])
		return;
	entries->steps[HOLDS_UNMASKED] = mask =
		mask_step(stepper, question, test);
	if (needed[HOLDS_OTHER])
		entries->steps[HOLDS_OTHER] =
			step(stepper, BPF_LD | BPF_W | BPF_ABS, question->word,
			     mask, 0);
}

/*
 * From steps to code.  Jumps only go forward, so the end is written first: what
 * a step leads to has its place before the step.
 */
struct writer {
	const struct node *steps;
	uint32_t *places; /* of a step: instructions from it to the end */
	struct sock_filter *code; /* the last instruction is the first here */
	size_t n;
	bool failed;
};

static void put(struct writer *writer, unsigned code, uint32_t jt, uint32_t jf,
		uint32_t value)
{
	struct sock_filter *room = array_push(writer->code, writer->n);

	if (room)
		*room = (struct sock_filter){(__u16)code, (__u8)jt, (__u8)jf,
					     value};
	else
		writer->failed = true;
}

/* What lies between the instruction to be written next and a step. */
static uint32_t distance(const struct writer *writer, uint32_t to)
{
	return (uint32_t)writer->n - writer->places[to];
}

/* Brings a step that a conditional jump could not reach near. */
static void bring_near(struct writer *writer, uint32_t to)
{
	const struct node *step = &writer->steps[to];

	/* Less than FAR: the other way may have to be brought near, too. */
	if (distance(writer, to) < FAR)
		return;
	if (is_return(step))
		put(writer, step->code, 0, 0, step->value);
	else
		put(writer, BPF_JMP | BPF_JA, 0, 0, distance(writer, to));
	writer->places[to] = (uint32_t)writer->n;
}

static void write_step(struct writer *writer, uint32_t at)
{
	const struct node *step = &writer->steps[at];
	uint32_t jt = 0, jf = 0;

	if (is_conditional(step)) {
		bring_near(writer, step->yes);
		bring_near(writer, step->no);
		jt = distance(writer, step->yes);
		jf = distance(writer, step->no);
	} else if (!is_return(step) && distance(writer, step->yes) > 0) {
		put(writer, BPF_JMP | BPF_JA, 0, 0,
		    distance(writer, step->yes));
	}
	put(writer, step->code, jt, jf, step->value);
	writer->places[at] = (uint32_t)writer->n;
}

/*
 * A step that has to be written before this one; 0: none.  That for "no" goes
 * to the end, which was measured to load 1 us sooner than the other way round:
 * more of the jumps in machine code are short at once.
 */
static uint32_t first_missing(const struct writer *writer, uint32_t at)
{
	const struct node *step = &writer->steps[at];

	if (is_return(step))
		return 0;
	if (is_conditional(step) && !writer->places[step->no])
		return step->no;
	if (!writer->places[step->yes])
		return step->yes;
	return 0;
}

/* waiting has room for every step. */
static void write_all(struct writer *writer, uint32_t root, uint32_t *waiting)
{
	size_t n = 0;

	waiting[n++] = root;
	while (n && !writer->failed) {
		uint32_t missing = first_missing(writer, waiting[n - 1]);

		if (missing)
			waiting[n++] = missing;
		else
			write_step(writer, waiting[--n]);
	}
}

static void turn_round(struct sock_filter *code, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct sock_filter other = code[i];

		code[i] = code[n - 1 - i];
		code[n - 1 - i] = other;
	}
}

static int write_steps(const struct graph *steps, uint32_t root,
		       struct program *program, struct err *err)
{
	auto_free uint32_t *places = calloc(steps->n, sizeof(*places));
	auto_free uint32_t *waiting = calloc(steps->n, sizeof(*waiting));
	struct writer writer = {.steps = steps->nodes, .places = places};

	if (!places || !waiting)
		return err_sys(err, ENOMEM, "seccomp policy");
	write_all(&writer, root, waiting);
	if (writer.failed) {
		free(writer.code);
		return err_sys(err, ENOMEM, "seccomp policy");
	}
	turn_round(writer.code, writer.n);
	free(program->code);
	program->code = writer.code;
	program->n = writer.n;
	return 0;
}

int layout(const struct graph *questions, uint32_t root,
	   struct program *program, struct err *err)
{
	auto_of(graph) struct graph *steps = graph_new();
	auto_free struct entries *entries = calloc(root + 1, sizeof(*entries));
	struct stepper stepper = {questions->nodes, root, entries, steps};

	if (!steps || !entries)
		return err_sys(err, ENOMEM, "seccomp policy");
	find_entries(&stepper);
	for (uint32_t at = 1; at <= root; at++)
		take_steps(&stepper, at);
	if (steps->failed)
		return err_sys(err, ENOMEM, "seccomp policy");
	return write_steps(steps, entries[root].steps[HOLDS_OTHER], program,
			   err);
}
