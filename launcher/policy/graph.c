#include "graph.h"

#include "array.h"

static bool add(struct graph *graph, struct node node, uint32_t older)
{
	struct node *room = array_push(graph->nodes, graph->n);
	uint32_t *link;

	if (!room)
		return false;
	*room = node;
	link = array_push(graph->older, graph->n_older);
	if (!link) {
		graph->n--;
		return false;
	}
	*link = older;
	return true;
}

struct graph *graph_new(void)
{
	auto_of(graph) struct graph *graph = calloc(1, sizeof(*graph));

	if (!graph || !add(graph, (struct node){0}, 0))
		return NULL;
	return TAKE(graph);
}

void graph_free(struct graph *graph)
{
	if (!graph)
		return;
	free(graph->nodes);
	free(graph->older);
	free(graph);
}

static bool is_same(const struct node *a, const struct node *b)
{
	return a->code == b->code && a->word == b->word && a->mask == b->mask &&
	       a->value == b->value && a->yes == b->yes && a->no == b->no;
}

static size_t hash_of(const struct node *node)
{
	const uint32_t parts[] = {node->code,  node->word, node->mask,
				  node->value, node->yes,  node->no};
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		hash = (hash ^ parts[i] ^ (hash >> 15)) * 16777619U;
	return hash % GRAPH_HEADS;
}

uint32_t graph_node(struct graph *graph, struct node node)
{
	uint32_t *head = &graph->heads[hash_of(&node)];
	uint32_t at = *head;

	while (at && !is_same(&graph->nodes[at], &node))
		at = graph->older[at];
	if (at)
		return at;
	if (graph->failed || !add(graph, node, *head)) {
		graph->failed = true;
		return 0;
	}
	*head = (uint32_t)(graph->n - 1);
	return *head;
}
