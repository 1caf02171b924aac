/*
 * show and verify: an enclave image is looked at; show tells what it says,
 * verify whether all of it is true.
 */
#include "eif_examine.h"
#include "verbs.h"

struct args {
	bool help;
};

static const struct opt options[] = {
	VERB_HELP(struct args),
	{0},
};

static int run_show(int argc, char **argv, struct err *err)
{
	auto_of(eif_facts) struct eif_facts *facts = NULL;
	struct args args = {0};
	char **files;
	json_t *told;
	int status = verb_parse(&verb_show, options, argc, argv, &args,
				&args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (eif_examine(files[0], &facts, err) < 0 ||
	    eif_describe(facts, &told, err) < 0)
		return -1;
	return verb_print_json(told, err);
}

static int run_verify(int argc, char **argv, struct err *err)
{
	auto_of(eif_facts) struct eif_facts *facts = NULL;
	struct args args = {0};
	char **files;
	int status = verb_parse(&verb_verify, options, argc, argv, &args,
				&args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (eif_examine(files[0], &facts, err) < 0)
		return -1;
	return eif_accept(facts, err);
}

const struct bake_verb verb_show = {
	.name = "show",
	.usage = "FILE",
	.help = "print what an enclave image says, as nitro-cli describe-eif",
	.options = options,
	.run = run_show,
};

const struct bake_verb verb_verify = {
	.name = "verify",
	.usage = "FILE",
	.help = "refuse an enclave image that is not right in every part",
	.options = options,
	.run = run_verify,
};
