#include "spec_program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "environ.h"

static int add_program(struct jail_spec *spec, size_t *n, const char *dir,
		       size_t dir_len, struct err *err)
{
	char **grown = realloc(spec->programs, (*n + 2) * sizeof(*grown));
	char *program;

	if (!grown)
		return err_sys(err, ENOMEM, "program");
	spec->programs = grown;
	grown[*n] = NULL;
	if (asprintf(&program, "%.*s%s%s", (int)dir_len, dir,
		     dir_len ? "/" : "", spec->argv[0]) < 0)
		return err_sys(err, ENOMEM, "program");
	grown[(*n)++] = program;
	grown[*n] = NULL;
	return 0;
}

/* A name without slash is looked for along the jail's own PATH. */
static int find_programs(struct jail_spec *spec, struct err *err)
{
	const char *path = environ_get(&spec->env, "PATH");
	size_t n = 0;

	if (strchr(spec->argv[0], '/'))
		return add_program(spec, &n, "", 0, err);
	while (path && *path) {
		size_t len = strcspn(path, ":");

		if (*path == '/' && add_program(spec, &n, path, len, err) < 0)
			return -1;
		path += len + (path[len] == ':');
	}
	if (n == 0)
		return err_set(err, ERR_USAGE,
			       "\"%s\" cannot be looked for: PATH has no "
			       "absolute directory; give its path",
			       spec->argv[0]);
	return 0;
}

int spec_program(char *const *argv, size_t n_argv, const char *workdir,
		 struct jail_spec *spec, struct err *err)
{
	size_t i;

	if (n_argv == 0)
		return err_set(err, ERR_USAGE,
			       "no program: name one after the options (the "
			       "image has no entry)");
	if (*argv[0] == '\0')
		return err_set(err, ERR_USAGE, "the program's name is empty");
	spec->argv = calloc(n_argv + 1, sizeof(*spec->argv));
	if (!spec->argv)
		return err_sys(err, ENOMEM, "arguments");
	for (i = 0; i < n_argv; i++) {
		spec->argv[i] = strdup(argv[i]);
		if (!spec->argv[i])
			return err_sys(err, ENOMEM, "arguments");
	}
	spec->workdir = strdup(workdir ? workdir : "/");
	if (!spec->workdir)
		return err_sys(err, ENOMEM, "start directory");
	if (*spec->workdir != '/')
		return err_set(err, ERR_USAGE,
			       "-d %s: the start directory is an absolute path "
			       "in the jail",
			       spec->workdir);
	return find_programs(spec, err);
}
