/*
 * The command line of capejail: a directory, a user, a program.  Its prompt is
 * ours, and its policy is the one of that name.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "args.h"
#include "guise.h"
#include "opts.h"

struct capejail {
	const char *root, *chdir, *user;
	struct opt_list env;
	bool no_net, insecure, help;
};

/* clang-format off */
static const struct opt options[] = {
	{'r', NULL, "DIR", OPT_INTO(struct capejail, root),
	 "root of the jail: a directory, or an image (else: /)"},
	{'d', NULL, "DIR", OPT_INTO(struct capejail, chdir),
	 "directory to start in, in the jail (else: /)"},
	{'u', NULL, "USER", OPT_INTO(struct capejail, user),
	 "user in the jail: a name of its /etc/passwd, or a number"},
	{'e', NULL, "K=V", OPT_INTO(struct capejail, env),
	 "set a variable; may be repeated"},
	{'n', NULL, NULL, OPT_INTO(struct capejail, no_net),
	 "no network"},
	{'I', NULL, NULL, OPT_INTO(struct capejail, insecure),
	 "insecure: no seccomp"},
	{'h', NULL, NULL, OPT_INTO(struct capejail, help),
	 "print this"},
	{0},
};
/* clang-format on */

static int capejail_help(FILE *out)
{
	const struct opt *opt;

	fputs("usage: capejail [OPTIONS] -u USER [--] PROGRAM [ARG...]\n\n"
	      "Runs PROGRAM in a jail.  This is jaillaunch, with the command "
	      "line of capejail.\n\n",
	      out);
	for (opt = options; opt->letter; opt++)
		fprintf(out, "  -%c %-5s  %s\n", opt->letter,
			opt->arg ? opt->arg : "", opt->help);
	return 0;
}

static bool is_image(const char *root)
{
	struct stat st;

	return stat(root, &st) == 0 && S_ISREG(st.st_mode);
}

/*
 * Without -n the network is the host's.  Where no filter could refuse it, an
 * empty one of the jail's own does for -n.
 */
static void translate(struct capejail *given, struct args *args)
{
	if (given->root && is_image(given->root))
		args->image.file = given->root;
	else
		args->image.root = given->root ? given->root : "/";
	args->spec.user = given->user;
	args->spec.allow_root = given->user && guise_names_root(given->user);
	args->spec.no_groups = true;
	args->spec.chdir = given->chdir;
	args->spec.env = given->env;
	args->spec.insecure = given->insecure;
	args->spec.seccomp = given->insecure ? NULL : "cape";
	args->spec.net = !given->no_net	   ? "host"
			 : given->insecure ? "private"
					   : "none";
}

static int capejail_parse(int argc, char **argv, struct guise_words *words,
			  struct args *args, int *first, struct err *err)
{
	struct capejail given = {0};

	if (opts_parse(options, true, argc, argv, &given, first, err) < 0) {
		opt_list_free(&given.env);
		return -1;
	}
	translate(&given, args); /* owns the list from here */
	words->help = given.help;
	if (given.help || *first < argc)
		return 0;
	return err_set(err, ERR_USAGE,
		       "no program: name one after the options "
		       "(-h lists them)");
}

const struct guise guise_capejail = {
	.name = "capejail",
	.parse = capejail_parse,
	.help = capejail_help,
};
