/*
 * policy_text: our own grammar of policies, in and out.
 *
 *	default ACTION
 *	ACTION NAME... [if CONDITION [and CONDITION]...]
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "errno_name.h"
#include "nearest.h"
#include "written.h"

#define LINES_MOST 100000

/* --- actions */

static const struct {
	const char *word;
	int answer;
} actions[] = {
	{"allow", ANSWER_ALLOW},
	{"kill", ANSWER_KILL},
	{"log", ANSWER_LOG},
	{"trap", ANSWER_TRAP},
};
#define N_ACTIONS (sizeof(actions) / sizeof(*actions))
#define ERRNO_PREFIX "errno:"

bool policy_text_action(const char *word, int *answer)
{
	int number;

	for (size_t i = 0; i < N_ACTIONS; i++)
		if (strcmp(word, actions[i].word) == 0) {
			*answer = actions[i].answer;
			return true;
		}
	if (strncmp(word, ERRNO_PREFIX, strlen(ERRNO_PREFIX)) != 0)
		return false;
	number = name_errno(word + strlen(ERRNO_PREFIX));
	*answer = number ? number : ANSWER_FAKE;
	return number >= 0;
}

void policy_text_print_action(int answer, FILE *out)
{
	const char *name = answer > 0 ? errno_name(answer) : NULL;

	for (size_t i = 0; i < N_ACTIONS; i++)
		if (answer == actions[i].answer) {
			fputs(actions[i].word, out);
			return;
		}
	if (name)
		fprintf(out, ERRNO_PREFIX "%s", name);
	else
		fprintf(out, ERRNO_PREFIX "%d", answer > 0 ? answer : 0);
}

static int bad_action(const char *word, struct err *err)
{
	struct nearest nearest;
	const char *best;

	if (strncmp(word, ERRNO_PREFIX, strlen(ERRNO_PREFIX)) == 0)
		return err_set(err, ERR_USAGE,
			       "\"%s\": behind errno: goes a name as EPERM, or "
			       "a number up to %d",
			       word, ERRNO_MOST);
	nearest_start(&nearest, word);
	for (size_t i = 0; i < N_ACTIONS; i++)
		nearest_offer(&nearest, actions[i].word);
	nearest_offer(&nearest, "default");
	nearest_offer(&nearest, "errno:EPERM");
	best = nearest_best(&nearest);
	return err_set(err, ERR_USAGE,
		       best ? "no action is named \"%s\"; the nearest is "
			      "\"%s\""
			    : "no action is named \"%s\"; there are allow, "
			      "kill, errno:NAME, log, trap and default",
		       word, best);
}

/* --- conditions */

static const struct {
	const char *word;
	enum condition_kind kind;
} operators[] = {
	{"==", CONDITION_IS},  {"!=", CONDITION_NOT},
	{"<", CONDITION_LESS}, {"<=", CONDITION_LESS_OR_IS},
	{">", CONDITION_MORE}, {">=", CONDITION_MORE_OR_IS},
};
#define N_OPERATORS (sizeof(operators) / sizeof(*operators))

static const char *next(char **cursor)
{
	return strtok_r(NULL, " \t", cursor);
}

static int read_number(const char *word, uint64_t most, uint64_t *out,
		       struct err *err)
{
	char *end;

	if (!word)
		return err_set(err, ERR_USAGE, "a number is missing");
	errno = 0;
	*out = strtoull(word, &end, 0);
	if (!isdigit((unsigned char)word[0]) || *end)
		return err_set(err, ERR_USAGE,
			       "\"%s\" is not a number (10, 0xa or 012)", word);
	if (errno == ERANGE || *out > most)
		return err_set(err, ERR_USAGE, "%s is more than %s bits", word,
			       most == UINT32_MAX ? "32" : "64");
	return 0;
}

static int read_operator(const char *word, enum condition_kind *out,
			 struct err *err)
{
	for (size_t i = 0; word && i < N_OPERATORS; i++)
		if (strcmp(word, operators[i].word) == 0) {
			*out = operators[i].kind;
			return 0;
		}
	return err_set(err, ERR_USAGE,
		       "%s%s%s where ==, !=, <, <=, >, >= or & MASK belongs",
		       word ? "\"" : "", word ? word : "the line ends",
		       word ? "\"" : "");
}

static int read_argument(const char *word, struct condition *out,
			 struct err *err)
{
	if (word && strlen(word) == 4 && word[3] >= '0' && word[3] <= '5') {
		out->arg = (unsigned)(word[3] - '0');
		out->is_wide = strncmp(word, "arg", 3) == 0;
		if (out->is_wide || strncmp(word, "low", 3) == 0)
			return 0;
	}
	return err_set(err, ERR_USAGE,
		       "%s%s%s where arg0 ... arg5 (64 bits) or low0 ... low5 "
		       "(the low 32) belongs",
		       word ? "\"" : "", word ? word : "the line ends",
		       word ? "\"" : "");
}

/* Behind "arg0 & MASK": nothing (any of the bits), == or !=. */
static int read_masked(char **cursor, const char **word, uint64_t most,
		       struct condition *out, struct err *err)
{
	if (read_number(next(cursor), most, &out->mask, err) < 0)
		return -1;
	*word = next(cursor);
	if (!*word || strcmp(*word, "and") == 0) {
		out->kind = CONDITION_HAS;
		out->value = out->mask;
		return 0;
	}
	if (read_operator(*word, &out->kind, err) < 0)
		return -1;
	if (out->kind != CONDITION_IS && out->kind != CONDITION_NOT)
		return err_set(err, ERR_USAGE,
			       "behind a mask goes == or !=, not %s", *word);
	if (read_number(next(cursor), most, &out->value, err) < 0)
		return -1;
	if (out->value & ~out->mask)
		return err_set(err, ERR_USAGE,
			       "%#" PRIx64 " has bits that the mask %#" PRIx64
			       " has not: never equal",
			       out->value, out->mask);
	*word = next(cursor);
	return 0;
}

/* *word is what stands behind the condition. */
static int read_condition(char **cursor, const char **word,
			  struct condition *out, struct err *err)
{
	uint64_t most;

	if (read_argument(next(cursor), out, err) < 0)
		return -1;
	most = out->is_wide ? UINT64_MAX : UINT32_MAX;
	*word = next(cursor);
	if (*word && strcmp(*word, "&") == 0)
		return read_masked(cursor, word, most, out, err);
	out->mask = most;
	if (read_operator(*word, &out->kind, err) < 0 ||
	    read_number(next(cursor), most, &out->value, err) < 0)
		return -1;
	*word = next(cursor);
	return 0;
}

static int read_conditions(char **cursor, struct rule *rule, struct err *err)
{
	const char *word = "and";

	for (size_t n = 0; word; n++) {
		if (strcmp(word, "and") != 0)
			return err_set(err, ERR_USAGE,
				       "\"%s\" where \"and\" or the end of the "
				       "line belongs",
				       word);
		if (n == RULE_CONDITIONS - 1)
			return err_set(err, ERR_USAGE,
				       "more than %d conditions",
				       RULE_CONDITIONS - 1);
		if (read_condition(cursor, &word, &rule->when[n], err) < 0)
			return -1;
	}
	return 0;
}

void policy_text_print_conditions(const struct rule *rule, FILE *out)
{
	const char *between = " if ";

	for (const struct condition *when = rule->when; when->kind; when++) {
		uint64_t all = when->is_wide ? UINT64_MAX : UINT32_MAX;
		const char *operator= NULL;

		fprintf(out, "%s%s%u", between, when->is_wide ? "arg" : "low",
			when->arg);
		between = " and ";
		if (when->kind == CONDITION_HAS) {
			fprintf(out, " & %#" PRIx64, when->value);
			continue;
		}
		for (size_t i = 0; i < N_OPERATORS; i++)
			if (operators[i].kind == when->kind)
				operator= operators[i].word;
		if ((when->kind == CONDITION_IS ||
		     when->kind == CONDITION_NOT) &&
		    when->mask != all)
			fprintf(out, " & %#" PRIx64, when->mask);
		fprintf(out, " %s %#" PRIx64, operator, when->value);
	}
}

/* --- lines */

static int read_default(const char *word, char **cursor,
			struct written *written, struct err *err)
{
	if (!word)
		return err_set(err, ERR_USAGE,
			       "default needs an action, as in \"default "
			       "errno:EPERM\"");
	if (written->fallback.group)
		return err_set(err, ERR_USAGE,
			       "a second default (the first: "
			       "%s)",
			       written->fallback.why);
	if (!policy_text_action(word, &written->fallback.answer))
		return bad_action(word, err);
	word = next(cursor);
	if (word)
		return err_set(err, ERR_USAGE, "\"%s\" behind the default",
			       word);
	written->fallback.group = "written";
	written->fallback.calls = "";
	return 0;
}

static int read_rule(const char *action, char **cursor, const char *place,
		     struct written *written, struct err *err)
{
	struct rule rule = {.group = "written", .why = place};
	auto_free char *calls = NULL;
	const char *word;
	size_t n = 0;

	if (!policy_text_action(action, &rule.answer))
		return bad_action(action, err);
	for (; (word = next(cursor)) && strcmp(word, "if") != 0; n++)
		if (written_list(&calls, (struct name){word, strlen(word)},
				 err) < 0)
			return -1;
	if (n == 0)
		return err_set(err, ERR_USAGE, "%s which system calls?",
			       action);
	if (word && read_conditions(cursor, &rule, err) < 0)
		return -1;
	rule.calls = calls ? calls : "";
	return *rule.calls ? written_add(written, &rule, err) : 0;
}

static int read_line(char *line, const char *place, struct written *written,
		     struct err *err)
{
	char *cursor = NULL;
	const char *word;
	char *comment = strchr(line, '#');

	if (comment)
		*comment = '\0';
	for (const char *at = line; *at; at++)
		if ((*at < ' ' && *at != '\t') || *at > '~')
			return err_set(err, ERR_USAGE,
				       "byte \\x%02x, which no policy has",
				       (unsigned char)*at);
	word = strtok_r(line, " \t", &cursor);
	if (!word)
		return 0;
	if (strcmp(word, "default") == 0) {
		if (read_default(next(&cursor), &cursor, written, err) < 0)
			return -1;
		written->fallback.why = strdup(place);
		return written->fallback.why ? 0
					     : err_sys(err, ENOMEM, "policy");
	}
	return read_rule(word, &cursor, place, written, err);
}

static int read_lines(char *text, const char *name, struct written *written,
		      struct err *err)
{
	char *line;
	unsigned number = 0;

	while ((line = strsep(&text, "\n"))) {
		auto_free char *place = NULL;

		if (asprintf(&place, "%s:%u", name, ++number) < 0)
			return err_sys(err, ENOMEM, "seccomp policy");
		if (read_line(line, place, written, err) < 0)
			return err->kind == ERR_SYSTEM
				       ? -1
				       : err_reword(err, ERR_MANIFEST, "%s",
						    place);
		if (number == LINES_MOST)
			return err_set(err, ERR_MANIFEST,
				       "%s: more than %d lines", name,
				       LINES_MOST);
	}
	return 0;
}

int policy_text_read(const char *text, size_t len, const char *name,
		     struct written **out, struct err *err)
{
	auto_of(written) struct written *written = written_new();
	auto_free char *copy = strndup(text, len);

	if (!written || !copy)
		return err_sys(err, ENOMEM, "seccomp policy");
	if (memchr(text, '\0', len))
		return err_set(err, ERR_MANIFEST,
			       "%s: a NUL byte: not a "
			       "policy",
			       name);
	if (read_lines(copy, name, written, err) < 0)
		return -1;
	if (!written->fallback.group)
		return err_set(err, ERR_MANIFEST,
			       "%s: no default: add a line as \"default "
			       "errno:EPERM\" (what is not named is refused) "
			       "or \"default allow\"",
			       name);
	*out = TAKE(written);
	return 0;
}
