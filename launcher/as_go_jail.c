/*
 * The command line of go-jail, in the syntax of Go: a user, a group, a bounding
 * set, a list of system calls, a program.  It changes no root and is executed
 * in place.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "array.h"
#include "cleanup.h"
#include "go_jail_list.h"
#include "guise.h"

struct go_jail {
	const char *user, *group, *caps, *allow, *deny;
	bool help;
};

/* clang-format off */
static const struct flag {
	const char *name, *arg;
	size_t offset;
	const char *help; /* NULL: another name */
} flags[] = {
	{"user", "NAME|#UID", offsetof(struct go_jail, user),
	 "user to run the command as (required)"},
	{"group", "NAME|#GID", offsetof(struct go_jail, group),
	 "group to run the command as (required)"},
	{"caps", "LIST", offsetof(struct go_jail, caps),
	 "capabilities of the bounding set (none)"},
	{"syscall-allow", "LIST", offsetof(struct go_jail, allow),
	 "the system calls, and @groups of them, that are allowed; all\n"
	 "    \tothers fail with EPERM"},
	{"syscall-deny", "LIST", offsetof(struct go_jail, deny),
	 "system calls that fail with EPERM"},
	{"syscall-block", "LIST", offsetof(struct go_jail, deny), NULL},
};
/* clang-format on */

static int go_jail_help(FILE *out)
{
	size_t i;

	fputs("usage: go-jail [FLAGS] [--] COMMAND [ARG...]\n\n"
	      "Executes COMMAND with few privileges.  This is jaillaunch, with "
	      "the command\nline of go-jail.\n\n",
	      out);
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (flags[i].help)
			fprintf(out, "  -%s %s\n    \t%s\n", flags[i].name,
				flags[i].arg, flags[i].help);
	return 0;
}

static const struct flag *find_flag(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (strncmp(flags[i].name, name, len) == 0 &&
		    flags[i].name[len] == '\0')
			return &flags[i];
	return NULL;
}

static bool is_help(const char *name)
{
	return strcmp(name, "h") == 0 || strcmp(name, "help") == 0;
}

/*
 * One flag: -name VALUE, -name=VALUE, with one dash or two.  How many words it
 * is, or -1.
 */
static int read_flag(char *const *words, struct go_jail *given, struct err *err)
{
	const char *name = words[0] + (words[0][1] == '-' ? 2 : 1);
	size_t len = strcspn(name, "=");
	const struct flag *flag = find_flag(name, len);
	const char **value;

	if (is_help(name)) {
		given->help = true;
		return 1;
	}
	if (!flag)
		return err_set(err, ERR_USAGE,
			       "flag provided but not defined: -%.*s (-h lists "
			       "them)",
			       (int)len, name);
	value = (const char **)(void *)((char *)given + flag->offset);
	*value = name[len] ? name + len + 1 : words[1];
	if (!*value)
		return err_set(err, ERR_USAGE, "flag needs an argument: -%s",
			       flag->name);
	return name[len] ? 1 : 2;
}

/* Until "--", "-" or what is no flag. */
static int read_flags(char *const *argv, struct go_jail *given, int *first,
		      struct err *err)
{
	int at = 1;

	while (argv[at] && argv[at][0] == '-' && argv[at][1] && !given->help) {
		int used;

		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		used = read_flag(argv + at, given, err);
		if (used < 0)
			return -1;
		at += used;
	}
	*first = at;
	return 0;
}

/* --- what jaillaunch makes of it */

static int check(const struct go_jail *given, bool has_command, struct err *err)
{
	if (!given->user || !*given->user || !given->group || !*given->group)
		return err_set(err, ERR_USAGE,
			       "-user and -group are both needed");
	if (given->allow && *given->allow && given->deny && *given->deny)
		return err_set(err, ERR_USAGE,
			       "-syscall-allow and -syscall-deny: one, not "
			       "both");
	return has_command ? 0
			   : err_set(err, ERR_USAGE,
				     "no command: name one after "
				     "the flags (-h lists them)");
}

static int translate_list(const struct go_jail *given,
			  struct guise_words *words, struct spec_flags *spec,
			  struct err *err)
{
	auto_free char *made = NULL;
	const char *kept;
	const char **item;

	if (given->allow && *given->allow) {
		if (go_jail_policy(given->allow, &made, err) < 0)
			return -1;
		spec->policy_text = guise_keep(words, TAKE(made), err);
		spec->policy_name = "-syscall-allow";
		if (!spec->policy_text)
			return -1;
		spec->policy_open = guise_keep(
			words, go_jail_without_blanks(given->allow), err);
		return spec->policy_open ? 0 : -1;
	}
	if (!given->deny || !*given->deny)
		return 0;
	kept = guise_keep(words, go_jail_without_blanks(given->deny), err);
	if (!kept)
		return -1;
	item = array_push(spec->syscall_deny.items, spec->syscall_deny.n);
	if (!item)
		return err_sys(err, ENOMEM, "-syscall-deny");
	*item = kept;
	return 0;
}

/*
 * The directory stays what it is, if the user may enter it: whoever is root
 * calls from his home.
 */
static int translate(const struct go_jail *given, struct guise_words *words,
		     struct args *args, struct err *err)
{
	struct spec_flags *spec = &args->spec;
	char *here = getcwd(NULL, 0);

	args->image.root = "/";
	spec->user = given->user;
	spec->group = given->group;
	spec->no_groups = true;
	spec->allow_root =
		guise_names_root(given->user) || guise_names_root(given->group);
	spec->in_place = true;
	spec->keep_env = true;
	spec->net = "host";
	spec->start_here = here ? guise_keep(words, here, err) : NULL;
	if (here && !spec->start_here)
		return -1;
	if (given->caps) {
		spec->caps = guise_keep(
			words, go_jail_without_blanks(given->caps), err);
		if (!spec->caps)
			return -1;
	}
	return translate_list(given, words, spec, err);
}

static int go_jail_parse(int argc, char **argv, struct guise_words *words,
			 struct args *args, int *first, struct err *err)
{
	struct go_jail given = {0};

	(void)argc; /* argv ends with NULL */
	words->in_flags = true;
	if (read_flags(argv, &given, first, err) < 0)
		return -1;
	words->in_flags = false;
	words->help = given.help;
	if (given.help)
		return 0;
	if (check(&given, argv[*first], err) < 0)
		return -1;
	return translate(&given, words, args, err);
}

const struct guise guise_go_jail = {
	.name = "go-jail",
	.parse = go_jail_parse,
	.help = go_jail_help,
	.flag_status = 2,
	.failure_status = 1,
};
