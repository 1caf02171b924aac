#include "spec_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest.h"

#define DEFAULT_PATH                                                           \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The caller's whole environment, under what the jail itself determines. */
static int keep_callers(struct environ_list *env, struct err *err)
{
	char **var;

	for (var = environ; *var; var++)
		if (strchr(*var, '=') > *var && environ_put(env, *var, err) < 0)
			return -1;
	return 0;
}

static int set_identity(struct jail_spec *spec, struct err *err)
{
	const struct jail_user *user = &spec->user;
	char number[16];
	const char *name = user->name;

	if (!name) {
		snprintf(number, sizeof(number), "%u", (unsigned)user->uid);
		name = number;
	}
	if (environ_set(&spec->env, "HOME",
			user->home && *user->home ? user->home : "/",
			err) < 0 ||
	    environ_set(&spec->env, "USER", name, err) < 0 ||
	    environ_set(&spec->env, "LOGNAME", name, err) < 0 ||
	    environ_set(&spec->env, "SHELL",
			user->shell && *user->shell ? user->shell : "/bin/sh",
			err) < 0)
		return -1;
	return environ_set(&spec->env, "PS1",
			   user->uid == 0 ? "[jail]# " : "[jail]$ ", err);
}

static int set_basics(const struct spec_input *input, struct jail_spec *spec,
		      struct err *err)
{
	const char *term = getenv("TERM");

	if (input->flags->keep_env && keep_callers(&spec->env, err) < 0)
		return -1;
	if (!environ_get(&spec->env, "PATH") &&
	    environ_set(&spec->env, "PATH", DEFAULT_PATH, err) < 0)
		return -1;
	if (input->has_terminal && term &&
	    environ_set(&spec->env, "TERM", term, err) < 0)
		return -1;
	return set_identity(spec, err);
}

static int take_env(const struct manifest *manifest, struct jail_spec *spec,
		    struct err *err)
{
	size_t i;

	if (!manifest)
		return 0;
	for (i = 0; i < manifest->n; i++)
		if (manifest->entries[i].verb == VERB_ENV &&
		    environ_put(&spec->env, manifest->entries[i].args[0], err) <
			    0)
			return -1;
	return 0;
}

/* -e K=V sets; -e K hands on the caller's, if there is one. */
static int take_env_flags(const struct spec_flags *flags,
			  struct jail_spec *spec, struct err *err)
{
	size_t i;

	for (i = 0; i < flags->env.n; i++) {
		const char *item = flags->env.items[i];
		const char *value = strchr(item, '=') ? NULL : getenv(item);

		if (*item == '\0')
			return err_set(err, ERR_USAGE,
				       "-e needs NAME=VALUE or NAME");
		if (strchr(item, '=')) {
			if (environ_put(&spec->env, item, err) < 0)
				return -1;
		} else if (value &&
			   environ_set(&spec->env, item, value, err) < 0) {
			return -1;
		}
	}
	return 0;
}

int spec_environment(const struct spec_input *input,
		     const struct manifest *spec_file, struct jail_spec *spec,
		     struct err *err)
{
	if (set_basics(input, spec, err) < 0 ||
	    take_env(input->image, spec, err) < 0 ||
	    take_env(spec_file, spec, err) < 0)
		return -1;
	return take_env_flags(input->flags, spec, err);
}
