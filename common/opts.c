#include "opts.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"

/* getopt_long() returns this plus the row, clear of every letter. */
#define ROW_BASE 256
#define MOST_ROWS 96

struct getopt_tables {
	struct option *longs;
	char *shorts;
};

static size_t count_rows(const struct opt *options)
{
	size_t n = 0;

	while (options[n].letter || options[n].name)
		n++;
	return n;
}

static void fill_tables(const struct opt *options, bool in_order,
			struct getopt_tables *tables)
{
	char *shorts = tables->shorts;
	struct option *longs = tables->longs;
	size_t row;

	if (in_order)
		*shorts++ = '+';
	*shorts++ = ':'; /* tell a missing argument from an unknown option */
	for (row = 0; options[row].letter || options[row].name; row++) {
		const struct opt *opt = &options[row];

		if (opt->letter)
			*shorts++ = opt->letter;
		if (opt->letter && opt->arg)
			*shorts++ = ':';
		if (!opt->name)
			continue;
		longs->name = opt->name;
		longs->has_arg = !opt->arg		  ? no_argument
				 : opt->kind == OPT_MAYBE ? optional_argument
							  : required_argument;
		longs->val = ROW_BASE + (int)row;
		longs++;
	}
}

static const struct opt *find_row(const struct opt *options, int value)
{
	if (value >= ROW_BASE)
		return &options[value - ROW_BASE];
	while (options->letter != value)
		options++;
	return options;
}

/* No file and no directory has the empty name. */
static int check_value(const struct opt *opt, const char *value,
		       struct err *err)
{
	static const char *const kinds[] = {"FILE", "DIR", "PATH", "IMAGE"};
	size_t i;

	for (i = 0; value && !*value && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strncmp(opt->arg, kinds[i], strlen(kinds[i])) == 0)
			return err_set(err, ERR_USAGE,
				       "%s%s is empty: it needs the name of a "
				       "%s",
				       opt->name ? "--" : "-",
				       opt->name ? opt->name
						 : (char[]){opt->letter, 0},
				       *opt->arg == 'D' ? "directory" : "file");
	return 0;
}

static int store(const struct opt *opt, const char *value, void *args,
		 struct err *err)
{
	void *member = (char *)args + opt->offset;
	struct opt_list *list = member;
	const char **item;

	switch (opt->kind) {
	case OPT_FLAG:
		*(bool *)member = true;
		break;
	case OPT_STRING:
		*(const char **)member = value;
		break;
	case OPT_LIST:
		item = array_push(list->items, list->n);
		if (!item)
			return err_sys(err, ENOMEM, "--%s", opt->name);
		*item = value;
		break;
	case OPT_MAYBE:
		*(struct opt_maybe *)member = (struct opt_maybe){true, value};
		break;
	case OPT_LATER:
		return err_set(err, ERR_USAGE, "--%s is not built yet",
			       opt->name);
	}
	return 0;
}

/* How the help is asked for: not every table has long names. */
static const char *help_option(const struct opt *options)
{
	for (; options->letter || options->name; options++)
		if (options->name && strcmp(options->name, "help") == 0)
			return "--help";
	return "-h";
}

static int refuse(const struct opt *options, int code, char **argv,
		  struct err *err)
{
	const char *word = argv[optind - 1], *help = help_option(options);
	char letter[3] = {'-', (char)optopt, 0};

	if (optopt >= ROW_BASE) /* a long option used wrongly */
		return err_set(err, ERR_USAGE,
			       code == ':' ? "--%s needs an argument (%s)"
					   : "--%s takes no argument (%s)",
			       options[optopt - ROW_BASE].name, help);
	if (optopt == 0)
		return err_set(err, ERR_USAGE,
			       "%s: unknown or ambiguous option (%s lists "
			       "them)",
			       word, help);
	return err_set(err, ERR_USAGE,
		       code == ':' ? "%s needs an argument (%s)"
				   : "%s: unknown option (%s lists them)",
		       letter, help);
}

static int parse(const struct opt *options, const struct getopt_tables *tables,
		 int argc, char **argv, void *args, struct err *err)
{
	const struct opt *row;
	int code;

	opterr = 0;
	optind = 0; /* glibc and musl: start anew */
	while ((code = getopt_long(argc, argv, tables->shorts, tables->longs,
				   NULL)) != -1) {
		if (code == '?' || code == ':')
			return refuse(options, code, argv, err);
		row = find_row(options, code);
		if (check_value(row, optarg, err) < 0 ||
		    store(row, optarg, args, err) < 0)
			return -1;
	}
	return 0;
}

int opts_parse(const struct opt *options, bool in_order, int argc, char **argv,
	       void *args, int *first, struct err *err)
{
	struct option longs[MOST_ROWS + 1] = {{0}};
	char shorts[2 * MOST_ROWS + 3] = "";
	struct getopt_tables tables = {longs, shorts};

	assert(count_rows(options) <= MOST_ROWS);
	fill_tables(options, in_order, &tables);
	if (parse(options, &tables, argc, argv, args, err) < 0)
		return -1;
	*first = optind;
	return 0;
}

void opt_list_free(struct opt_list *list)
{
	free(list->items);
	*list = (struct opt_list){0};
}

static const char *arg_gap(const struct opt *opt)
{
	return opt->arg && opt->kind != OPT_MAYBE ? " " : "";
}

static int head_width(const struct opt *opt)
{
	return (int)(strlen(opt->name) + strlen(arg_gap(opt)) +
		     (opt->arg ? strlen(opt->arg) : 0));
}

void opts_help(const struct opt *options, FILE *out)
{
	const struct opt *opt;
	int widest = 0;

	for (opt = options; opt->letter || opt->name; opt++)
		if (opt->help && head_width(opt) > widest)
			widest = head_width(opt);
	for (opt = options; opt->letter || opt->name; opt++) {
		if (!opt->help)
			continue;
		fprintf(out,
			opt->letter ? "  -%c, --%s%s%s%*s  %s\n"
				    : "  %c   --%s%s%s%*s  %s\n",
			opt->letter ? opt->letter : ' ', opt->name,
			arg_gap(opt), opt->arg ? opt->arg : "",
			widest - head_width(opt), "", opt->help);
	}
}
