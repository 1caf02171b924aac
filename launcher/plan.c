#include "plan.h"

#include <errno.h>
#include <string.h>

static size_t count_layers(void)
{
	size_t n = 0;

	while (layers[n])
		n++;
	return n;
}

/* A probe says why it leaves its layer out in words that are no error. */
static int probe_row(struct plan_row *row, const struct jail_spec *spec,
		     struct err *err)
{
	struct err words = {0};
	int is_on = row->layer->probe ? row->layer->probe(spec, &words) : 1;

	if (is_on < 0) {
		*err = words;
		return -1;
	}
	row->is_on = is_on;
	if (is_on)
		return 0;
	row->why = strdup(words.msg);
	return row->why ? 0 : err_sys(err, ENOMEM, "plan");
}

int plan_make(const struct jail_spec *spec, struct plan **out, struct err *err)
{
	auto_of(plan) struct plan *plan = calloc(1, sizeof(*plan));
	size_t i;

	if (!plan)
		return err_sys(err, ENOMEM, "plan");
	plan->spec = spec;
	plan->n = count_layers();
	plan->rows = calloc(plan->n + 1, sizeof(*plan->rows));
	if (!plan->rows)
		return err_sys(err, ENOMEM, "plan");
	for (i = 0; i < plan->n; i++) {
		plan->rows[i].layer = layers[i];
		if (probe_row(&plan->rows[i], spec, err) < 0)
			return -1;
	}
	*out = TAKE(plan);
	return 0;
}

int plan_prepare(struct plan *plan, struct err *err)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		struct plan_row *row = &plan->rows[i];

		if (row->is_on && row->layer->prepare &&
		    row->layer->prepare(plan->spec, &row->state, err) < 0)
			return -1;
	}
	return 0;
}

void plan_explain(const struct plan *plan, FILE *out)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (row->is_on)
			fprintf(out, "%-13s on   denies %s\n", row->layer->name,
				row->layer->denies);
		else
			fprintf(out, "%-13s off  %s\n", row->layer->name,
				row->why);
	}
}

void plan_free(struct plan *plan)
{
	size_t i;

	if (!plan)
		return;
	for (i = 0; plan->rows && i < plan->n; i++) {
		struct plan_row *row = &plan->rows[i];

		if (row->layer && row->layer->release)
			row->layer->release(row->state);
		free(row->why);
	}
	free(plan->rows);
	free(plan);
}
