#include "refusals.h"

#include <string.h>

static uint32_t half(const uint64_t *args, unsigned i)
{
	return (uint32_t)(args[i / 2] >> (i % 2 ? 32 : 0));
}

/* By what the filter looked at they are the same; the rest may differ. */
static bool is_like(const struct refusal *kind, const struct seccomp_data *call,
		    struct filter_answer answer)
{
	unsigned i;

	if (kind->answer.looked_at != answer.looked_at)
		return false;
	for (i = 0; i < 12; i++) {
		uint64_t args[6];

		memcpy(args, call->args, sizeof(args));
		if (answer.looked_at >> i & 1 &&
		    half(kind->args, i) != half(args, i))
			return false;
	}
	return true;
}

static struct refusal *add_kind(struct refusals *refusals,
				const struct seccomp_data *call,
				struct filter_answer answer, bool is_mixed)
{
	struct refusal *kind;

	if (refusals->n == REFUSALS_MOST) {
		refusals->n_more++;
		return NULL;
	}
	kind = &refusals->items[refusals->n++];
	*kind = (struct refusal){.number = (uint32_t)call->nr,
				 .answer = answer,
				 .is_mixed = is_mixed,
				 .count = 1};
	memcpy(kind->args, call->args, sizeof(kind->args));
	return kind;
}

struct refusal *refusals_add(struct refusals *refusals,
			     const struct seccomp_data *call,
			     struct filter_answer answer)
{
	struct refusal *mixed = NULL;
	uint32_t i, n_kinds = 0;

	for (i = 0; i < refusals->n; i++) {
		struct refusal *kind = &refusals->items[i];

		if (kind->number != (uint32_t)call->nr)
			continue;
		n_kinds++;
		if (kind->answer.action != answer.action)
			continue;
		if (kind->is_mixed)
			mixed = kind;
		else if (is_like(kind, call, answer)) {
			kind->count++;
			return kind;
		}
	}
	if (mixed) {
		mixed->count++;
		return mixed;
	}
	return add_kind(refusals, call, answer,
			n_kinds >= REFUSALS_OF_ONE_CALL);
}
