/*
 * output: what the program may write to standard output and error.  It gets
 * pipes in place of the caller's files, which the supervisor then has alone.
 */
#include "../layer.h"

#include "../output.h"
#include "../spec.h"

static const char *const steps[] = {"replace standard output and error", NULL};

static int output_probe(const struct jail_spec *spec, struct err *err)
{
	if (spec->output)
		return 1;
	err_set(err, ERR_NONE, "no limit output");
	return 0;
}

static int apply(const void *state)
{
	const struct jail_spec *spec = state;

	return output_join(spec->output);
}

const struct layer layer_output = {
	.name = "output",
	.denies = "more output than was granted, and the caller's own files "
		  "for it",
	.steps = steps,
	.probe = output_probe,
	.prepare = layer_keep_spec,
	.apply = apply,
};
