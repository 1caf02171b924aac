#include "nearest.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME sizeof(((struct nearest *)0)->best)

void nearest_start(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){.word = word, .distance = UINT_MAX};
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One more row of the edit-distance table: a[i] against each letter of b. */
static void next_row(const char *a, size_t i, const char *b, size_t n,
		     unsigned rows[3][MAX_NAME + 1])
{
	unsigned *now = rows[2], *before = rows[1];
	size_t j;

	now[0] = (unsigned)i + 1;
	for (j = 0; j < n; j++) {
		now[j + 1] = least(least(now[j], before[j + 1]) + 1,
				   before[j] + (a[i] != b[j]));
		if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
			now[j + 1] = least(now[j + 1], rows[0][j - 1] + 1);
	}
}

static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][MAX_NAME + 1];
	size_t n = strlen(b), i;

	for (i = 0; i <= n; i++)
		rows[2][i] = (unsigned)i;
	for (i = 0; a[i]; i++) {
		memmove(rows[0], rows[1], 2 * sizeof(rows[0]));
		next_row(a, i, b, n, rows);
	}
	return rows[2][n];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	unsigned found;

	if (strlen(name) >= MAX_NAME || strlen(nearest->word) >= MAX_NAME)
		return;
	found = distance(nearest->word, name);
	if (found >= nearest->distance)
		return;
	nearest->distance = found;
	snprintf(nearest->best, sizeof(nearest->best), "%s", name);
}

const char *nearest_best(const struct nearest *nearest)
{
	size_t third = strlen(nearest->word) / 3;

	return nearest->distance <= (third ? third : 1) ? nearest->best : NULL;
}
