#include "facts.h"

#include <string.h>

/* Larger graphs are left as they are: the table grows with the square. */
#define FACTS_QUESTIONS 1024

/*
 * One root's questions, from it to the answers.  A fact is the answer to one of
 * them: bit 2 * i for yes, 2 * i + 1 for no.
 */
struct facts {
	struct graph *graph;
	size_t n;
	uint32_t *questions; /* node numbers, downwards */
	uint32_t *places; /* of a node in questions */
	uint32_t *ways; /* [2 * i], [2 * i + 1]: where yes and no lead now */
	uint64_t *known; /* a row of facts for each question */
	bool *is_met; /* some way leads to the question */
	size_t row; /* words in a row */
};

/* What facts say of a word. */
struct knowledge {
	uint32_t mask, value; /* these bits are known, and these of them set */
	uint32_t low, high;
};

enum verdict { UNKNOWN = -1, NO, YES };

static void learn(struct knowledge *knowledge, const struct node *fact,
		  bool is_yes)
{
	bool is_limit = fact->code == BPF_JGE && fact->mask == ALL_BITS;
	uint32_t mask = 0, value = 0;

	if (is_limit && is_yes && fact->value > knowledge->low)
		knowledge->low = fact->value;
	if (is_limit && !is_yes && fact->value <= knowledge->high)
		knowledge->high = fact->value - 1;
	if (fact->code == BPF_JEQ && is_yes) {
		mask = fact->mask;
		value = fact->value;
	}
	if (fact->code == BPF_JSET && !is_yes)
		mask = fact->value;
	knowledge->mask |= mask;
	knowledge->value |= value;
}

/* The word's limits and its bits say something of each other. */
static struct knowledge settled(struct knowledge knowledge)
{
	uint32_t room = knowledge.high
				? UINT32_MAX >> __builtin_clz(knowledge.high)
				: 0;
	uint32_t least = knowledge.value;
	uint32_t most = knowledge.value | ~knowledge.mask;

	if (least > knowledge.low)
		knowledge.low = least;
	if (most < knowledge.high)
		knowledge.high = most;
	knowledge.mask |= ~room;
	return knowledge;
}

static enum verdict verdict_of(const struct knowledge *knowledge,
			       const struct node *question)
{
	uint32_t value = question->value, mask = question->mask;

	switch (question->code) {
	case BPF_JGE:
		if (mask == ALL_BITS && knowledge->low >= value)
			return YES;
		return knowledge->high < value ? NO : UNKNOWN;
	case BPF_JSET:
		if (knowledge->value & value)
			return YES;
		return (knowledge->mask & value) == value ? NO : UNKNOWN;
	default:
		if ((knowledge->value ^ value) & knowledge->mask & mask)
			return NO;
		if (mask == ALL_BITS &&
		    (value < knowledge->low || value > knowledge->high))
			return NO;
		return (knowledge->mask & mask) == mask ? YES : UNKNOWN;
	}
}

/* What a single fact rules out that is no knowledge of bits or limits. */
static bool contradicts(const struct node *fact, bool is_yes,
			const struct node *question)
{
	if (question->code != BPF_JEQ || (fact->mask & ~question->mask))
		return false;
	if (fact->code == BPF_JEQ && !is_yes)
		return (question->value & fact->mask) == fact->value;
	return fact->code == BPF_JSET && is_yes && question->mask == ALL_BITS &&
	       !(question->value & fact->value);
}

static bool has(const uint64_t *known, size_t fact)
{
	return known[fact / 64] >> fact % 64 & 1;
}

static enum verdict answer_known(const struct facts *facts,
				 const uint64_t *known,
				 const struct node *question)
{
	struct knowledge knowledge = {.high = UINT32_MAX};

	for (size_t i = 0; i < 2 * facts->n; i++) {
		const struct node *fact =
			&facts->graph->nodes[facts->questions[i / 2]];
		bool is_yes = i % 2 == 0;

		if (!has(known, i) || fact->word != question->word)
			continue;
		if (fact == question)
			return is_yes ? YES : NO;
		if (contradicts(fact, is_yes, question))
			return NO;
		learn(&knowledge, fact, is_yes);
	}
	knowledge = settled(knowledge);
	return verdict_of(&knowledge, question);
}

/* Where a way leads with these facts, past what they answer. */
static uint32_t follow(const struct facts *facts, const uint64_t *known,
		       uint32_t at)
{
	const struct node *nodes = facts->graph->nodes;
	enum verdict verdict;

	while (!is_answer(&nodes[at])) {
		verdict = answer_known(facts, known, &nodes[at]);
		if (verdict == UNKNOWN)
			break;
		at = verdict == YES ? nodes[at].yes : nodes[at].no;
	}
	return at;
}

/* Holds at the question what holds on every way there. */
static void meet(const struct facts *facts, uint32_t at, const uint64_t *known)
{
	size_t place = facts->places[at];
	uint64_t *row = &facts->known[place * facts->row];

	if (is_answer(&facts->graph->nodes[at]))
		return;
	for (size_t i = 0; i < facts->row; i++)
		row[i] = facts->is_met[place] ? row[i] & known[i] : known[i];
	facts->is_met[place] = true;
}

static void spread(const struct facts *facts)
{
	facts->is_met[0] = true;
	for (size_t i = 0; i < facts->n; i++) {
		const struct node *question =
			&facts->graph->nodes[facts->questions[i]];
		uint64_t *known = &facts->known[i * facts->row];

		for (size_t way = 0; facts->is_met[i] && way < 2; way++) {
			size_t fact = 2 * i + way;
			uint64_t bit = 1ULL << fact % 64;

			known[fact / 64] |= bit;
			facts->ways[fact] =
				follow(facts, known,
				       way ? question->no : question->yes);
			meet(facts, facts->ways[fact], known);
			known[fact / 64] &= ~bit;
		}
	}
}

/* Upwards, so that what a question leads to is there already. */
static uint32_t rebuild(struct facts *facts)
{
	for (size_t i = facts->n; i-- > 0;) {
		uint32_t at = facts->questions[i];
		struct node question = facts->graph->nodes[at];
		uint32_t *ways[] = {&question.yes, &question.no};

		if (!facts->is_met[i])
			continue;
		for (size_t way = 0; way < 2; way++) {
			uint32_t to = facts->ways[2 * i + way];

			*ways[way] = is_answer(&facts->graph->nodes[to])
					     ? to
					     : facts->places[to];
		}
		facts->places[at] = question_ask(facts->graph, question);
	}
	return facts->places[facts->questions[0]];
}

/* The questions below root, each before those that it leads to. */
static void collect(struct facts *facts, uint32_t root)
{
	const struct node *nodes = facts->graph->nodes;
	uint32_t *is_below = facts->places;

	is_below[root] = 1;
	for (uint32_t at = root; at > 0; at--) {
		if (!is_below[at] || is_answer(&nodes[at]))
			continue;
		is_below[nodes[at].yes] = is_below[nodes[at].no] = 1;
		is_below[at] = (uint32_t)facts->n;
		facts->questions[facts->n++] = at;
	}
}

/* One round; 0: no memory. */
static uint32_t apply_once(struct graph *graph, uint32_t root)
{
	auto_free uint32_t *places = calloc(root + 1, sizeof(*places));
	auto_free uint32_t *questions = calloc(root + 1, sizeof(*questions));
	auto_free uint32_t *ways = NULL;
	auto_free uint64_t *known = NULL;
	auto_free bool *is_met = NULL;
	struct facts facts = {
		.graph = graph, .questions = questions, .places = places};

	if (!places || !questions)
		return 0;
	collect(&facts, root);
	if (facts.n > FACTS_QUESTIONS || facts.n == 0)
		return root;
	facts.row = (2 * facts.n + 63) / 64;
	facts.ways = ways = calloc(2 * facts.n, sizeof(*ways));
	facts.known = known = calloc(facts.n * facts.row, sizeof(*known));
	facts.is_met = is_met = calloc(facts.n, sizeof(*is_met));
	if (!ways || !known || !is_met)
		return 0;
	spread(&facts);
	return rebuild(&facts);
}

uint32_t facts_apply(struct graph *graph, uint32_t root)
{
	uint32_t before;

	do {
		before = root;
		root = apply_once(graph, root);
		if (root == 0)
			graph->failed = true;
	} while (root != before && !graph->failed);
	return root;
}
