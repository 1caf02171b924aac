#include "dispatch.h"

#include <errno.h>

#include "layout.h"
#include "fates.h"

/*
 * What one more comparison costs, in steps of the kernel's run over the
 * numbers: it is translated in about 100 ns, and a step takes 1.
 */
#define COMPARISON 100

/*
 * How fates are told apart: those before `middle` from the rest; or, where
 * `middle` is 0, one number after the other from those that all go to `rest`.
 */
struct division {
	uint64_t cost;
	size_t middle;
	uint32_t rest;
};

struct planner {
	const struct fate *items;
	size_t n;
	uint32_t *weights; /* numbers before an fate that the kernel tries */
	uint32_t *counts; /* by question: fates that lead there */
	struct division *divisions; /* [first * n + last] */
};

static struct division *division(const struct planner *planner, size_t first,
				 size_t last)
{
	return &planner->divisions[first * planner->n + last];
}

static uint64_t weight(const struct planner *planner, size_t first, size_t last)
{
	return planner->weights[last + 1] - planner->weights[first];
}

static bool is_range(const struct fate *fate)
{
	return fate->low != fate->high;
}

static void divide_in_two(const struct planner *planner, size_t first,
			  size_t last)
{
	struct division *best = division(planner, first, last);

	best->cost = UINT64_MAX;
	for (size_t middle = first + 1; middle <= last; middle++) {
		uint64_t cost = division(planner, first, middle - 1)->cost +
				division(planner, middle, last)->cost;

		if (cost < best->cost)
			*best = (struct division){cost, middle, 0};
	}
	best->cost += COMPARISON + weight(planner, first, last);
}

/* If all that leads elsewhere than rest is n single numbers. */
static void divide_one_by_one(const struct planner *planner, size_t first,
			      size_t last, uint32_t rest, uint64_t n)
{
	struct division *best = division(planner, first, last);
	uint64_t cost = n * (COMPARISON + weight(planner, first, last)) -
			n * (n - 1) / 2;

	if (cost < best->cost)
		*best = (struct division){cost, 0, rest};
}

/* Every division that starts with first; those of later ones are there. */
static void plan_from(const struct planner *planner, size_t first)
{
	const struct fate *items = planner->items;
	uint32_t rest = items[first].question, *counts = planner->counts;
	bool has_range = is_range(&items[first]), has_ranges = false;

	counts[rest] = 1;
	for (size_t last = first + 1; last < planner->n; last++) {
		uint32_t question = items[last].question;

		counts[question]++;
		if (is_range(&items[last])) {
			has_ranges |= has_range && question != rest;
			has_range = true;
			rest = question;
		} else if (!has_range && counts[question] > counts[rest]) {
			rest = question;
		}
		divide_in_two(planner, first, last);
		if (!has_ranges)
			divide_one_by_one(planner, first, last, rest,
					  last - first + 1 - counts[rest]);
	}
	for (size_t i = first; i < planner->n; i++)
		counts[items[i].question] = 0;
}

static uint32_t ask(struct graph *graph, uint16_t test, uint32_t number,
		    uint32_t yes, uint32_t no)
{
	return question_ask(graph, (struct node){.code = test,
						 .word = WORD_NUMBER,
						 .mask = ALL_BITS,
						 .value = number,
						 .yes = yes,
						 .no = no});
}

/* No deeper than there are fates, and then only at the very worst. */
static uint32_t build(const struct planner *planner, struct graph *graph,
		      size_t first, size_t last)
{
	const struct fate *items = planner->items;
	const struct division *how = division(planner, first, last);
	uint32_t at = how->rest;

	if (first == last)
		return items[first].question;
	if (how->middle)
		return ask(graph, BPF_JGE, items[how->middle].low,
			   build(planner, graph, how->middle, last),
			   build(planner, graph, first, how->middle - 1));
	for (size_t i = last + 1; i-- > first;)
		if (items[i].question != how->rest)
			at = ask(graph, BPF_JEQ, items[i].low,
				 items[i].question, at);
	return at;
}

static void weigh(const struct planner *planner)
{
	planner->weights[0] = 0;
	for (size_t i = 0; i < planner->n; i++) {
		uint32_t end = planner->items[i].high;

		/* A newer kernel has more numbers, with one answer. */
		planner->weights[i + 1] =
			end > SYSCALL_NEWEST ? SYSCALL_NEWEST + 1 : end + 1;
	}
}

/* The cheapest tree; 0: no memory. */
static uint32_t tree(const struct fates *fates, struct graph *graph)
{
	size_t n = fates->n;
	auto_free uint32_t *weights = calloc(n + 1, sizeof(*weights));
	auto_free uint32_t *counts = calloc(graph->n, sizeof(*counts));
	auto_free struct division *divisions =
		calloc(n * n, sizeof(*divisions));
	struct planner planner = {fates->items, n, weights, counts, divisions};

	if (!weights || !counts || !divisions)
		return 0;
	weigh(&planner);
	for (size_t first = n; first-- > 0;)
		plan_from(&planner, first);
	return build(&planner, graph, 0, n - 1);
}

static int write_anew(const struct fates *fates, uint32_t abi,
		      struct graph *graph, struct program *program,
		      struct err *err)
{
	struct node is_ours = {
		.code = BPF_JEQ,
		.word = WORD_ABI,
		.mask = ALL_BITS,
		.value = abi,
		.yes = tree(fates, graph),
		.no = fates->foreign,
	};
	uint32_t root = is_ours.yes ? question_ask(graph, is_ours) : 0;

	if (!root || graph->failed)
		return err_sys(err, ENOMEM, "seccomp policy");
	return layout(graph, root, program, err);
}

int program_dispatch(struct program *program, uint32_t abi, struct err *err)
{
	auto_of(graph) struct graph *graph = graph_new();
	struct fates fates = {0};
	int result;

	if (!graph)
		return err_sys(err, ENOMEM, "seccomp policy");
	result = fates_read(program, abi, graph, &fates, err);
	if (result == 0)
		result = write_anew(&fates, abi, graph, program, err);
	free(fates.items);
	return result < 0 ? -1 : 0;
}
