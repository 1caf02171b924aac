#pragma once
/*
 * written: a policy as somebody wrote it: rules in order, of which the first
 * that holds decides, and an answer for all else.
 *
 * It is a struct rule whose words are owned: `calls` has only names that our
 * table knows, `why` is the place ("my.policy:12").
 */
#include "cleanup.h"
#include "err.h"
#include "names.h"
#include "rules.h"

struct written {
	struct rule *rules;
	size_t n;
	struct rule fallback; /* why: the place, owned */
	char **notes; /* what its author may not expect */
	size_t n_notes;
};

/* An empty policy of which everything is to be filled in. */
struct written *written_new(void);
void written_free(struct written *written);
DEFINE_AUTO(written)

/* Conditions of the rule without its words; calls and why are copied. */
int written_add(struct written *written, const struct rule *rule,
		struct err *err);
/* Drops all rules but the first n. */
void written_cut(struct written *written, size_t n);

int written_note(struct written *written, struct err *err, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));

/*
 * Adds a name or an @group to a list of names with a space between each two;
 * *list is owned and may be NULL.  ERR_USAGE: see name_find_call().
 */
int written_list(char **list, struct name name, struct err *err);

/*
 * Our own text (docs/SECCOMP.md).  name is for messages.  ERR_MANIFEST:
 * "name:LINE: ...".
 */
int policy_text_read(const char *text, size_t len, const char *name,
		     struct written **out, struct err *err);

/* "kill", "errno:EPERM" and so on: an answer; false when it is none. */
bool policy_text_action(const char *word, int *answer);

/* The same the other way round. */
void policy_text_print_action(int answer, FILE *out);

/* " if low0 == 0x2 and ..." */
void policy_text_print_conditions(const struct rule *rule, FILE *out);
