#include "requirement.h"

#include <string.h>

#include "enforcement.h"
#include "layer.h"
#include "nearest.h"
#include "plan.h"
#include "spec.h"
#include "syscall_guard.h"

#define NS_PREFIX "ns-"

/* --- names besides those of layers: why it is not there, or NULL */

static const char *why_not_itemised(const struct plan *plan)
{
	const struct syscall_guard *guard = plan_guard(plan);

	return guard ? listener_why_not(&guard->listener)
		     : "there is no seccomp (-I)";
}

static const char *why_no_scopes(const struct plan *plan)
{
	const struct landlock *landlock = &plan->spec->landlock;

	if (landlock_has_scopes(landlock))
		return NULL;
	return landlock->abi ? "the kernel's Landlock has none (Linux 6.12)"
			     : landlock->why.msg;
}

static const char *why_no_uid(const struct plan *plan)
{
	return plan->spec->own_uid ? NULL : "--uid-pool was not given";
}

static const char *why_no_namespace(const struct plan *plan,
				    enum namespace which)
{
	const struct namespaces *own = &plan->spec->namespaces;

	if (namespaces_have(own, which))
		return NULL;
	return own->lacks.error[which] ? strerror(own->lacks.error[which])
				       : "it is not asked for (--ns, --net)";
}

/* Why one of a row is not there: by its own words, or, NULL, a namespace. */
static const struct other {
	const char *name;
	const char *(*why_not)(const struct plan *plan);
	enum namespace which;
} others[] = {
	{.name = "itemised", .why_not = why_not_itemised},
	{.name = "landlock-scopes", .why_not = why_no_scopes},
	{.name = "uid-pool", .why_not = why_no_uid},
	{.name = NS_PREFIX "pid", .which = NAMESPACE_PID},
	{.name = NS_PREFIX "ipc", .which = NAMESPACE_IPC},
	{.name = NS_PREFIX "uts", .which = NAMESPACE_UTS},
	{.name = NS_PREFIX "cgroup", .which = NAMESPACE_CGROUP},
	{.name = NS_PREFIX "net", .which = NAMESPACE_NET},
	{.name = NS_PREFIX "mnt", .which = NAMESPACE_MNT},
};

#define N_OTHERS (sizeof(others) / sizeof(*others))

/* --- what was said */

static bool is_word(const char *name, const char *word, size_t len)
{
	return strlen(name) == len && strncmp(name, word, len) == 0;
}

/* The next word of a list, which it moves along; NULL: no more. */
static const char *next_word(const char **list, size_t *len)
{
	const char *word = *list;

	if (!word)
		return NULL;
	*len = strcspn(word, ",");
	*list = word[*len] ? word + *len + 1 : NULL;
	return word;
}

const char *requirement_name(size_t i)
{
	size_t n = 0;

	while (layers[n])
		n++;
	if (i < n)
		return layers[i]->name;
	return i - n < N_OTHERS ? others[i - n].name : NULL;
}

/* Which of others[]; "pid" is "ns-pid".  N_OTHERS: none. */
static size_t find_other(const char *word, size_t len)
{
	const size_t prefix = strlen(NS_PREFIX);
	size_t i;

	for (i = 0; i < N_OTHERS; i++) {
		const char *name = others[i].name;

		if (is_word(name, word, len))
			break;
		if (strncmp(name, NS_PREFIX, prefix) == 0 &&
		    is_word(name + prefix, word, len))
			break;
	}
	return i;
}

static const struct layer *find_layer(const char *word, size_t len)
{
	size_t i;

	for (i = 0; layers[i]; i++)
		if (is_word(layers[i]->name, word, len))
			return layers[i];
	return NULL;
}

static int refuse_name(const char *word, size_t len, struct err *err)
{
	char copy[64];
	struct nearest nearest;
	const char *name, *best;
	size_t i;

	snprintf(copy, sizeof(copy), "%.*s", (int)len, word);
	nearest_start(&nearest, copy);
	for (i = 0; (name = requirement_name(i)); i++)
		nearest_offer(&nearest, name);
	best = nearest_best(&nearest);
	if (best)
		return err_set(err, ERR_USAGE,
			       "--require: \"%s\" is no layer; did you mean "
			       "\"%s\"?",
			       copy, best);
	return err_set(err, ERR_USAGE,
		       "--require: \"%s\" is no layer; jaillaunch(1) has their "
		       "names",
		       copy);
}

int requirements_read(const struct opt_list *lists, struct err *err)
{
	size_t i, len;

	for (i = 0; i < lists->n; i++) {
		const char *list = lists->items[i], *word;

		while ((word = next_word(&list, &len)))
			if (!find_layer(word, len) &&
			    find_other(word, len) == N_OTHERS)
				return refuse_name(word, len, err);
	}
	return 0;
}

bool requirements_have(const struct opt_list *lists, const char *name)
{
	size_t i, len;

	for (i = 0; i < lists->n; i++) {
		const char *list = lists->items[i], *word;

		while ((word = next_word(&list, &len)))
			if (is_word(name, word, len))
				return true;
	}
	return false;
}

/* --- whether it is so */

/* A limit that no group holds is one without this layer. */
static const char *why_no_groups(const struct jail_spec *spec)
{
	const char *why = NULL;
	size_t i;

	for (i = 0; i < N_LIMITS && !why; i++)
		if (spec->limits[i].is_set)
			why = enforcement_why_no_cgroup(spec, (enum limit)i);
	return why;
}

static const char *why_no_other(const struct plan *plan,
				const struct other *other)
{
	return other->why_not ? other->why_not(plan)
			      : why_no_namespace(plan, other->which);
}

static const char *why_no_layer(const struct plan *plan,
				const struct layer *layer)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->rows[i].layer == layer && !plan->rows[i].is_on)
			return plan->rows[i].why;
	return layer == &layer_cgroup ? why_no_groups(plan->spec) : NULL;
}

static int check_word(const struct plan *plan, const char *word, size_t len,
		      struct err *err)
{
	const struct layer *layer = find_layer(word, len);
	const char *why =
		layer ? why_no_layer(plan, layer)
		      : why_no_other(plan, &others[find_other(word, len)]);

	if (!why)
		return 0;
	return err_set(err, ERR_HOST,
		       "--require %.*s: it cannot be had in this launch: %s",
		       (int)len, word, why);
}

int requirements_check(const struct opt_list *lists, const struct plan *plan,
		       struct err *err)
{
	size_t i, len;

	for (i = 0; i < lists->n; i++) {
		const char *list = lists->items[i], *word;

		while ((word = next_word(&list, &len)))
			if (check_word(plan, word, len, err) < 0)
				return -1;
	}
	return 0;
}
