#include <errno.h>
#include <string.h>

#include "array.h"
#include "directives.h"
#include "manifest_parts.h"
#include "nearest.h"

#define MAX_KEYS 8 /* more than any directive has */

/* A line: its row, its words (in the end the arguments only), its keys. */
struct line {
	const struct directive *row;
	enum verb verb;
	bool optional;
	struct word *words;
	size_t n;
	struct pair pairs[MAX_KEYS]; /* sorted; in the table and the words */
	size_t n_pairs;
	const struct entry *place;
};

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "manifest");
}

/* What a value check said, with the place before it. */
static int at_line(const struct line *line, struct err *err)
{
	char words[sizeof(err->msg)];

	if (err->kind != ERR_MANIFEST)
		return -1;
	memcpy(words, err->msg, sizeof(words));
	return entry_error(line->place, err, "%s", words);
}

/* --- which verb ---------------------------------------------------------- */

static int unknown_verb(const struct line *line, struct err *err)
{
	const char *word = line->words[0].text;
	struct nearest nearest;
	size_t i;

	nearest_start(&nearest, word);
	for (i = 0; i < N_VERBS; i++)
		nearest_offer(&nearest, verb_name((enum verb)i));
	if (strchr(word, '/'))
		return entry_error(line->place, err,
				   "arguments behind \"%.100s\"; to start it "
				   "with them: entry %.100s ...",
				   word, word);
	if (nearest_best(&nearest))
		return entry_error(line->place, err,
				   "unknown directive \"%.60s\"; did you mean "
				   "\"%s\"?",
				   word, nearest_best(&nearest));
	return entry_error(line->place, err,
			   "unknown directive \"%.60s\"; for programs, write "
			   "\"bin %.60s ...\"",
			   word, word);
}

/* "?verb" or "? verb". */
static void read_mark(struct line *line)
{
	struct word *first = &line->words[0];

	if (!first->is_plain || first->text[0] != '?')
		return;
	line->optional = true;
	first->text++;
	first->key = word_key(first->text);
	if (*first->text == '\0') {
		line->words++;
		line->n--;
	}
}

static size_t count_plain_words(const struct line *line)
{
	size_t i, n = 0;

	for (i = 0; i < line->n; i++)
		n += line->words[i].key == 0;
	return n;
}

/* A name or path and nothing else but keys means "bin".  NULL: an error. */
static const struct directive *find_row(struct line *line, struct err *err)
{
	const struct directive *row = NULL;

	if (line->words[0].is_plain)
		row = directive_find(line->words[0].text, &line->verb);
	if (row) {
		line->words++;
		line->n--;
		return row;
	}
	if (line->words[0].key || count_plain_words(line) != 1) {
		unknown_verb(line, err);
		return NULL;
	}
	return directive_of(line->verb = VERB_BIN);
}

static int read_verb(struct line *line, struct err *err)
{
	read_mark(line);
	if (line->n == 0)
		return entry_error(line->place, err,
				   "\"?\" marks a directive or program; none "
				   "follows");
	line->row = find_row(line, err);
	if (!line->row)
		return -1;
	if (line->optional && !line->row->is_source)
		return entry_error(line->place, err,
				   "\"?\" has no meaning before \"%s\": it "
				   "marks a source that may be missing",
				   line->row->verb);
	return 0;
}

/* --- arguments ----------------------------------------------------------- */

static int too_few(const struct line *line, struct err *err)
{
	const struct directive *row = line->row;

	if (line->n == 0)
		return entry_error(line->place, err,
				   "%s needs more: %s %s (a program of this "
				   "name: bin %s)",
				   row->verb, row->verb, row->usage, row->verb);
	return entry_error(line->place, err, "%s needs more: %s %s", row->verb,
			   row->verb, row->usage);
}

/* Takes the arrow of "P -> T" out of the words. */
static int remove_arrow(struct line *line, struct err *err)
{
	if (!line->row->has_arrow)
		return 0;
	if (line->n != 3 || strcmp(line->words[1].text, "->") != 0)
		return entry_error(line->place, err, "write it as: %s %s",
				   line->row->verb, line->row->usage);
	line->words[1] = line->words[2];
	line->n--;
	return 0;
}

static int check_count(const struct line *line, struct err *err)
{
	const struct directive *row = line->row;

	if (line->n < row->least_args)
		return too_few(line, err);
	if (line->n > row->most_args && row->most_args == 0)
		return entry_error(line->place, err, "%s takes no argument",
				   row->verb);
	if (line->n > row->most_args)
		return entry_error(line->place, err,
				   "%s takes %u argument%s, not %zu: %s %s "
				   "(blanks go into double quotes)",
				   row->verb, row->most_args,
				   row->most_args == 1 ? "" : "s", line->n,
				   row->verb, row->usage);
	return 0;
}

static int add_argument(const struct line *line, struct entry *entry,
			char *text, struct err *err)
{
	size_t check = entry->n_args < 2 ? entry->n_args : 2;
	char **arg;

	while (check > 0 && !line->row->checks[check])
		check--;
	if (line->row->checks[check](text, err) < 0)
		return at_line(line, err);
	arg = array_push(entry->args, entry->n_args);
	if (!arg)
		return no_memory(err);
	*arg = strdup(text);
	return *arg ? 0 : no_memory(err);
}

/* --- keys ---------------------------------------------------------------- */

static int unknown_key(const struct line *line, const struct word *word,
		       struct err *err)
{
	return entry_error(line->place, err,
			   "%s has no key \"%.*s\": %s %s (an argument with "
			   "\"=\" goes into quotes)",
			   line->row->verb,
			   (int)(word->key < 60 ? word->key : 60), word->text,
			   line->row->verb, line->row->usage);
}

static const struct key *find_key(const struct line *line,
				  const struct word *word)
{
	const struct key *key = line->row->keys;

	while (key->name && (strlen(key->name) != word->key ||
			     memcmp(key->name, word->text, word->key) != 0))
		key++;
	return key->name ? key : NULL;
}

static const char *line_value(const struct line *line, const char *key)
{
	size_t i;

	for (i = 0; i < line->n_pairs; i++)
		if (strcmp(line->pairs[i].key, key) == 0)
			return line->pairs[i].value;
	return NULL;
}

static int take_pair(struct line *line, const struct word *word,
		     struct err *err)
{
	const struct key *key = find_key(line, word);
	char *value = word->text + word->key + 1;
	size_t i;

	if (!key)
		return unknown_key(line, word, err);
	if (line_value(line, key->name))
		return entry_error(line->place, err,
				   "%s= is there twice; keep one", key->name);
	if (key->check(value, err) < 0) {
		err_context(err, "%s=", key->name);
		return at_line(line, err);
	}
	for (i = line->n_pairs++;
	     i > 0 && strcmp(line->pairs[i - 1].key, key->name) > 0; i--)
		line->pairs[i] = line->pairs[i - 1];
	word->text[word->key] = '\0';
	line->pairs[i] = (struct pair){word->text, value};
	return 0;
}

/* Parts the words into pairs and arguments. */
static int take_pairs(struct line *line, struct err *err)
{
	const struct key *key = line->row->keys;
	size_t i, n = 0;

	if (!key)
		return 0;
	for (i = 0; i < line->n; i++) {
		if (line->words[i].key == 0)
			line->words[n++] = line->words[i];
		else if (take_pair(line, &line->words[i], err) < 0)
			return -1;
	}
	line->n = n;
	for (; key->name; key++)
		if (key->is_required && n > 0 && !line_value(line, key->name))
			return entry_error(line->place, err,
					   "%s needs %s=: %s %s",
					   line->row->verb, key->name,
					   line->row->verb, line->row->usage);
	return 0;
}

/* as= names one path. */
static int check_as(const struct line *line, struct err *err)
{
	if (!line_value(line, "as"))
		return 0;
	if (line->n > 1)
		return entry_error(line->place, err,
				   "as= with %zu arguments: it names one path",
				   line->n);
	if (text_is_pattern(line->words[0].text))
		return entry_error(line->place, err,
				   "as= with a pattern: it names one path");
	return 0;
}

/* --- entries ------------------------------------------------------------- */

static int copy_pairs(const struct line *line, struct entry *entry,
		      struct err *err)
{
	size_t i;

	for (i = 0; i < line->n_pairs; i++) {
		struct pair *pair = array_push(entry->pairs, entry->n_pairs);

		if (!pair)
			return no_memory(err);
		pair->key = strdup(line->pairs[i].key);
		pair->value = strdup(line->pairs[i].value);
		if (!pair->key || !pair->value)
			return no_memory(err);
	}
	return 0;
}

/* An entry with the n words given as arguments. */
static int add_entry(struct manifest *manifest, const struct line *line,
		     const struct word *words, size_t n, struct err *err)
{
	struct entry *entry;
	size_t i;

	if (manifest->n == MANIFEST_MAX_ENTRIES)
		return entry_error(line->place, err, "more than %d entries",
				   MANIFEST_MAX_ENTRIES);
	entry = array_push(manifest->entries, manifest->n);
	if (!entry)
		return no_memory(err);
	*entry = *line->place;
	entry->verb = line->verb;
	entry->optional = line->optional;
	for (i = 0; i < n; i++)
		if (add_argument(line, entry, words[i].text, err) < 0)
			return -1;
	return copy_pairs(line, entry, err);
}

int manifest_add_line(struct manifest *manifest, struct words *words,
		      const struct entry *place, struct err *err)
{
	struct line line = {
		.row = directive_of(VERB_BIN),
		.words = words->items,
		.n = words->n,
		.place = place,
	};
	size_t i;

	if (read_verb(&line, err) < 0 || remove_arrow(&line, err) < 0 ||
	    take_pairs(&line, err) < 0 || check_count(&line, err) < 0 ||
	    check_as(&line, err) < 0)
		return -1;
	if (!line.row->is_list)
		return add_entry(manifest, &line, line.words, line.n, err);
	for (i = 0; i < line.n; i++)
		if (add_entry(manifest, &line, &line.words[i], 1, err) < 0)
			return -1;
	return 0;
}
