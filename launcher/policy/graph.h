#pragma once
/*
 * graph: nodes that lead, yes or no, to other nodes.
 *
 * Equal nodes are one, so that a node is its number.  Its ways lead to smaller
 * numbers: who goes through them upwards meets what a node leads to before the
 * node itself.  Node 0 is no node; graph_node() returns it when memory ran out
 * and remembers that, so that one look at the end is enough.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct node {
	uint16_t code; /* what it is: see questions.h and layout.c */
	uint32_t word, mask, value;
	uint32_t yes, no;
};

#define GRAPH_HEADS 1024

struct graph {
	struct node *nodes;
	size_t n;
	bool failed;
	uint32_t heads[GRAPH_HEADS]; /* the newest node of each hash ... */
	uint32_t *older; /* ... and, for each node, the one before */
	size_t n_older;
};

struct graph *graph_new(void); /* NULL: no memory */
void graph_free(struct graph *graph);
DEFINE_AUTO(graph)

uint32_t graph_node(struct graph *graph, struct node node);
