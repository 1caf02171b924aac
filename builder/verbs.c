#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int print_help(const struct bake_verb *verb, const struct opt *options)
{
	printf("usage: jailbake %s %s\n\n%s\n\n", verb->name, verb->usage,
	       verb->help);
	opts_help(options, stdout);
	return 1;
}

int verb_parse(const struct bake_verb *verb, const struct opt *options,
	       int argc, char **argv, void *args, const bool *is_help, int n,
	       char ***operands, struct err *err)
{
	int first;

	if (opts_parse(options, false, argc, argv, args, &first, err) < 0)
		return -1;
	if (*is_help)
		return print_help(verb, options);
	*operands = argv + first;
	if (n >= 0 && argc - first != n)
		return err_set(err, ERR_USAGE,
			       "%s: %s operands; usage: jailbake %s %s",
			       verb->name,
			       argc - first < n ? "too few" : "too many",
			       verb->name, verb->usage);
	return 0;
}

int verb_check_output(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s", path);
	if (S_ISREG(st.st_mode))
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s: not a file; this cannot be written to a pipe, "
		       "device or directory",
		       path);
}

int verb_print_json(json_t *json, struct err *err)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	int status = 0;

	if (!text)
		status = err_sys(err, ENOMEM, "output");
	else if (puts(text) == EOF)
		status = err_sys(err, errno, "standard output");
	free(text);
	json_decref(json);
	return status;
}
