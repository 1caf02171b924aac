#pragma once
/*
 * nearest: "did you mean": of the names offered, the one most like a word.
 *
 *	nearest_start(&nearest, word);
 *	for each name: nearest_offer(&nearest, name);
 *	best = nearest_best(&nearest);
 */

struct nearest {
	const char *word;
	unsigned distance;
	char best[64];
};

void nearest_start(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *name);

/*
 * NULL when no name is near: no more than a third of the letters (one at
 * least) inserted, removed, changed or swapped with their neighbour.
 */
const char *nearest_best(const struct nearest *nearest);
