#include "questions.h"

uint32_t question_answer(struct graph *graph, uint32_t action)
{
	return graph_node(graph,
			  (struct node){.code = BPF_RET, .value = action});
}

static bool is_one_bit(uint32_t bits)
{
	return bits && !(bits & (bits - 1));
}

static void swap_ways(struct node *question)
{
	uint32_t yes = question->yes;

	question->yes = question->no;
	question->no = yes;
}

/* Bits that are set, or not: no mask has to be applied for that. */
static void ask_for_bits(struct node *question)
{
	if (question->mask == ALL_BITS)
		return;
	if (question->value == 0)
		swap_ways(question);
	else if (question->value != question->mask ||
		 !is_one_bit(question->mask))
		return;
	question->code = BPF_JSET;
	question->value = question->mask;
	question->mask = ALL_BITS;
}

static uint32_t ask_whether_set(struct graph *graph, struct node question)
{
	question.value &= question.mask;
	question.mask = ALL_BITS;
	return question.value ? graph_node(graph, question) : question.no;
}

static uint32_t ask_whether_equal(struct graph *graph, struct node question)
{
	if (question.value & ~question.mask)
		return question.no;
	if (question.mask == 0)
		return question.yes;
	ask_for_bits(&question);
	return graph_node(graph, question);
}

uint32_t question_ask(struct graph *graph, struct node question)
{
	if (question.yes == question.no)
		return question.yes;
	if (question.code == BPF_JSET)
		return ask_whether_set(graph, question);
	if (question.code == BPF_JEQ)
		return ask_whether_equal(graph, question);
	if (question.code == BPF_JGT) {
		if (question.value == UINT32_MAX)
			return question.no;
		question.code = BPF_JGE;
		question.value++;
	}
	if (question.value > question.mask)
		return question.no;
	return question.value ? graph_node(graph, question) : question.yes;
}
