#include "completion.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* What an option takes, by the name of its argument. */
struct takes {
	bool files, directories;
	char words[256]; /* with spaces between */
	const struct completion_words *more;
};

static bool is_row(const struct opt *opt)
{
	return opt->letter || opt->name;
}

static bool is_shown(const struct opt *opt)
{
	return opt->help && opt->name;
}

static bool is_word(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (isupper((unsigned char)text[i]) ||
		    (!isalnum((unsigned char)text[i]) &&
		     !strchr("-_", text[i])))
			return false;
	return len > 0;
}

static bool starts(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && strncmp(text, with, strlen(with)) == 0;
}

static void read_part(const char *part, size_t len, struct takes *takes)
{
	static const char *const files[] = {"FILE", "IMAGE", "PATH", "KERNEL",
					    "SRC"};
	size_t used = strlen(takes->words), i;

	if (is_word(part, len) && used + len + 2 < sizeof(takes->words))
		snprintf(takes->words + used, sizeof(takes->words) - used,
			 "%s%.*s", used ? " " : "", (int)len, part);
	if (starts(part, len, "DIR"))
		takes->directories = true;
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (starts(part, len, files[i]))
			takes->files = true;
}

static struct takes what_it_takes(const struct completion *completion,
				  const struct opt *opt)
{
	const struct completion_words *more = completion->words;
	struct takes takes = {0};
	const char *part = opt->arg;

	while (*part) {
		size_t len = strcspn(part, "|");

		read_part(part, len, &takes);
		part += len + (part[len] == '|');
	}
	for (; more->option && !takes.more; more++)
		if (strcmp(more->option, opt->name) == 0)
			takes.more = more;
	return takes;
}

static void print_words(const struct takes *takes, FILE *out)
{
	const char *word;
	size_t i;

	fputs(takes->words, out);
	for (i = 0; takes->more && (word = takes->more->word(i)); i++) {
		fprintf(out, "%s%s", i || *takes->words ? " " : "", word);
		if (takes->more->after)
			putc(takes->more->after, out);
	}
}

static bool has_words(const struct takes *takes)
{
	return *takes->words || takes->more;
}

/* The argument of "--name[=ARG]" never stands by itself. */
static bool has_own_word(const struct opt *opt)
{
	return opt->arg && opt->kind != OPT_MAYBE;
}

/* --- bash ------------------------------------------------------------------ */

static const char bash_start[] =
	"# Completion of %s for bash, made by %s --completion bash.\n"
	"_%s() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
	"prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal i n=0 verb='' words='' options='' started='' done='' list=''\n"
	"\tCOMPREPLY=()\n"
	"\t# bash parts words at = and :\n"
	"\tif [[ $cur == = || $prev == = ]]; then\n"
	"\t\tif [[ $cur == = ]]; then cur=''; else\n"
	"\t\t\tprev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	"\t\t[[ $prev == -* ]] || return\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t--) started=1; ((i + 1 < COMP_CWORD)) && done=1; break ;;\n"
	"\t\t= | :) ((i++)) ;;\n";

static const char bash_operands[] =
	"\t\t-*) ;;\n"
	"\t\t*)\n"
	"\t\t\tif ((n == 0)); then case ${COMP_WORDS[i]} in\n"
	"%s"
	"\t\t\t*) done=%s ;; esac; fi\n"
	"\t\t\t((n++))\n"
	"\t\t\t[[ $done ]] && break ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t[[ $done ]] && { compopt -o default; return; }\n"
	"\t[[ $started ]] && { compopt -o default; return; }\n";

static const char bash_end[] =
	"\tesac\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"\t((${#COMPREPLY[@]})) || compopt -o default\n"
	"}\n"
	"complete -F _%s %s\n";

static void bash_names(const struct opt *opt, FILE *out)
{
	if (opt->letter)
		fprintf(out, "-%c | ", opt->letter);
	fprintf(out, "--%s", opt->name);
}

static void bash_values(const struct takes *takes, FILE *out)
{
	if (takes->more && takes->more->is_list) {
		fputs("\t\t[[ $cur == *,* ]] && list=${cur%,*},\n"
		      "\t\tCOMPREPLY=($(compgen -P \"$list\" -W '",
		      out);
		print_words(takes, out);
		fputs("' -- \"${cur##*,}\"))\n", out);
	} else if (has_words(takes)) {
		fputs("\t\tCOMPREPLY=($(compgen -W '", out);
		print_words(takes, out);
		fputs("' -- \"$cur\"))\n", out);
	}
	if (takes->more && takes->more->after)
		fputs("\t\tcompopt -o nospace\n", out);
	if (takes->files)
		fputs("\t\t((${#COMPREPLY[@]})) || compopt -o default\n", out);
	else if (takes->directories)
		fputs("\t\t((${#COMPREPLY[@]})) || compopt -o dirnames\n", out);
	fputs("\t\treturn ;;\n", out);
}

/* Has a verb before this one such an option? */
static bool is_known(const struct completion *completion,
		     const struct completion_verb *end, const char *name)
{
	const struct completion_verb *verb;
	const struct opt *opt;

	for (verb = completion->verbs; verb < end; verb++)
		for (opt = verb->options; is_row(opt); opt++)
			if (is_shown(opt) && strcmp(opt->name, name) == 0)
				return true;
	return false;
}

/* Options whose next word is theirs. */
static void bash_skips(const struct completion *completion, FILE *out)
{
	const struct completion_verb *verb;
	const struct opt *opt;
	const char *gap = "\t\t";

	for (verb = completion->verbs; verb->options; verb++)
		for (opt = verb->options; is_row(opt); opt++) {
			if (!is_shown(opt) || !has_own_word(opt) ||
			    is_known(completion, verb, opt->name))
				continue;
			fputs(gap, out);
			bash_names(opt, out);
			gap = " | \\\n\t\t";
		}
	fputs(")\n\t\t\t((i++))\n"
	      "\t\t\t[[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;\n",
	      out);
}

static void bash_verbs(const struct completion *completion, FILE *out)
{
	const struct completion_verb *verb;
	char cases[1024] = "";
	size_t used = 0;

	for (verb = completion->verbs; verb->options; verb++)
		if (verb->name && used < sizeof(cases) - 64)
			used += (size_t)snprintf(cases + used,
						 sizeof(cases) - used,
						 "\t\t\t%.32s) verb=%.32s ;;\n",
						 verb->name, verb->name);
	fprintf(out, bash_operands, cases, completion->runs_program ? "1" : "");
}

static void bash_options(const struct completion *completion,
			 const struct completion_verb *verb, FILE *out)
{
	const struct opt *opt;

	fprintf(out, "\t%s)\n\t\toptions='", verb->name ? verb->name : "''");
	for (opt = verb->options; is_row(opt); opt++)
		if (is_shown(opt) && opt->letter)
			fprintf(out, "-%c --%s ", opt->letter, opt->name);
		else if (is_shown(opt))
			fprintf(out, "--%s ", opt->name);
	fputs("'\n\t\twords='", out);
	if (!verb->name)
		for (const struct completion_verb *other = completion->verbs;
		     other->options; other++)
			if (other->name)
				fprintf(out, "%s ", other->name);
	for (size_t i = 0; verb->operands && verb->operands[i]; i++)
		fprintf(out, "%s ", verb->operands[i]);
	fputs("'\n\t\tcase $prev in\n", out);
	for (opt = verb->options; is_row(opt); opt++) {
		const struct takes takes =
			opt->arg ? what_it_takes(completion, opt)
				 : (struct takes){0};

		if (!is_shown(opt) || !has_own_word(opt))
			continue;
		fputs("\t\t", out);
		bash_names(opt, out);
		fputs(")\n", out);
		bash_values(&takes, out);
	}
	fputs("\t\tesac ;;\n", out);
}

static void print_bash(const struct completion *completion, FILE *out)
{
	const char *program = completion->program;
	const struct completion_verb *verb;

	fprintf(out, bash_start, program, program, program);
	bash_skips(completion, out);
	bash_verbs(completion, out);
	fputs("\tcase $verb in\n", out);
	for (verb = completion->verbs; verb->options; verb++)
		bash_options(completion, verb, out);
	fprintf(out, bash_end, program, program);
}

/* --- zsh ------------------------------------------------------------------- */

/* Within single quotes, in a description of _arguments. */
static void zsh_escaped(const char *text, FILE *out)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else if (strchr("[]:\\", *text))
			fprintf(out, "\\%c", *text);
		else
			putc(*text, out);
}

static void zsh_values(const struct takes *takes, FILE *out)
{
	const bool is_list = takes->more && takes->more->is_list;

	if (has_words(takes) && (takes->files || takes->directories))
		fputs("_alternative \"words\\:word\\:(", out);
	else if (has_words(takes))
		fputs(is_list ? "_values -s , word " : "(", out);
	if (has_words(takes))
		print_words(takes, out);
	if (has_words(takes) && (takes->files || takes->directories))
		fputs(takes->files ? ")\" \"files\\:file\\:_files\""
				   : ")\" \"files\\:directory\\:_files -/\"",
		      out);
	else if (has_words(takes))
		fputs(is_list ? "" : ")", out);
	else if (takes->files || takes->directories)
		fputs(takes->files ? "_files" : "_files -/", out);
	else
		putc(' ', out);
}

static void zsh_option(const struct completion *completion,
		       const struct opt *opt, FILE *out)
{
	const struct takes takes =
		opt->arg ? what_it_takes(completion, opt) : (struct takes){0};
	const char *repeated = opt->kind == OPT_LIST ? "*" : "";

	fputs(" \\\n\t\t\t", out);
	if (opt->letter && !*repeated)
		fprintf(out, "'(-%c --%s)'", opt->letter, opt->name);
	else if (*repeated)
		fputs("'*'", out);
	if (opt->letter)
		fprintf(out, "{-%c%s,--%s%s}'[", opt->letter,
			opt->arg ? "+" : "", opt->name, opt->arg ? "=" : "");
	else
		fprintf(out, "'--%s%s[", opt->name,
			!opt->arg		 ? ""
			: opt->kind == OPT_MAYBE ? "=-"
						 : "=");
	zsh_escaped(opt->help, out);
	putc(']', out);
	if (opt->arg) {
		fputs(opt->kind == OPT_MAYBE ? "::" : ":", out);
		zsh_escaped(opt->arg, out);
		putc(':', out);
		zsh_values(&takes, out);
	}
	putc('\'', out);
}

static void zsh_operands(const struct completion *completion,
			 const struct completion_verb *verb, FILE *out)
{
	const struct completion_verb *other;
	bool has_names = false;

	fputs(" \\\n\t\t\t'1:", out);
	fputs(verb->name ? "word:_alternative \"words\\:word\\:("
			 : "program or verb:_alternative \"verbs\\:verb\\:(",
	      out);
	for (size_t i = 0; verb->operands && verb->operands[i]; i++)
		fprintf(out, "%s ", verb->operands[i]);
	for (other = completion->verbs; !verb->name && other->options; other++)
		if (other->name)
			fprintf(out, "%s ", other->name);
	has_names = verb->name || completion->runs_program;
	fputs(")\" \"files\\:file\\:_files\"'", out);
	fputs(has_names && completion->runs_program && !verb->name
		      ? " \\\n\t\t\t'*:: :_default'\n"
		      : " \\\n\t\t\t'*:file:_files'\n",
	      out);
}

static void zsh_verb(const struct completion *completion,
		     const struct completion_verb *verb, FILE *out)
{
	const struct opt *opt;

	fprintf(out, "\t%s)\n", verb->name ? verb->name : "*");
	if (verb->name)
		fputs("\t\tshift words\n\t\t(( CURRENT-- ))\n", out);
	fputs("\t\t_arguments -s -S", out);
	for (opt = verb->options; is_row(opt); opt++)
		if (is_shown(opt))
			zsh_option(completion, opt, out);
	zsh_operands(completion, verb, out);
	fputs("\t\t;;\n", out);
}

static void print_zsh(const struct completion *completion, FILE *out)
{
	const char *program = completion->program;
	const struct completion_verb *verb;

	fprintf(out,
		"#compdef %s\n"
		"# Completion of %s for zsh, made by %s --completion zsh.\n"
		"_%s() {\n\tcase ${words[2]} in\n",
		program, program, program, program);
	for (verb = completion->verbs; verb->options; verb++)
		if (verb->name)
			zsh_verb(completion, verb, out);
	for (verb = completion->verbs; verb->options; verb++)
		if (!verb->name)
			zsh_verb(completion, verb, out);
	fprintf(out,
		"\tesac\n}\n"
		"if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
		"\t_%s \"$@\"\nelse\n\tcompdef _%s %s\nfi\n",
		program, program, program);
}

int completion_print(const struct completion *completion, const char *shell,
		     FILE *out, struct err *err)
{
	if (strcmp(shell, "bash") == 0)
		print_bash(completion, out);
	else if (strcmp(shell, "zsh") == 0)
		print_zsh(completion, out);
	else
		return err_set(err, ERR_USAGE,
			       "--completion \"%s\": it is bash or zsh", shell);
	return 0;
}
