/*
 * jailbake: an image and a kernel become an enclave image; and what else can
 * be done with one.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "completion.h"
#include "printed.h"
#include "verbs.h"

/* The first one is meant when no verb is given. */
static const struct bake_verb *const verbs[] = {
	&verb_bake,    &verb_show, &verb_verify,  &verb_extract,
	&verb_measure, &verb_sign, &verb_payload, &verb_attach,
	&verb_pcr,     &verb_lint, &verb_try,
};
enum { N_VERBS = sizeof(verbs) / sizeof(*verbs) };

static int exit_status(enum err_kind kind)
{
	static const int statuses[] = {
		[ERR_NONE] = 0,	 [ERR_USAGE] = 2, [ERR_MANIFEST] = 3,
		[ERR_INPUT] = 4, [ERR_HOST] = 5,  [ERR_SYSTEM] = 5,
	};

	return statuses[kind];
}

static int print_help(void)
{
	printf("usage: jailbake [bake] OPTIONS -o FILE [-- PROGRAM [ARG...]]\n"
	       "       jailbake VERB ...\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		printf("  %-8s  %s\n", verbs[i]->name, verbs[i]->help);
	printf("\njailbake VERB --help tells more; jailbake --completion "
	       "bash|zsh prints a script\nfor that shell.\n");
	return 0;
}

static int print_version(void)
{
	puts("jailbake " JAIL_VERSION);
	return 0;
}

static int print_completion(const char *shell, struct err *err)
{
	static const struct completion_words no_words[] = {{0}};
	static const struct opt no_options[] = {{0}};
	struct completion_verb rows[N_VERBS + 2] = {{0}};
	const struct completion completion = {"jailbake", true, rows, no_words};

	for (size_t i = 0; i < N_VERBS; i++)
		rows[i] = (struct completion_verb){
			verbs[i]->name,
			verbs[i]->options ? verbs[i]->options : no_options,
			NULL};
	rows[N_VERBS] = (struct completion_verb){NULL, verbs[0]->options, NULL};
	return completion_print(&completion, shell, stdout, err);
}

static const struct bake_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

static int start(int argc, char **argv, struct err *err)
{
	const char *first = argc > 1 ? argv[1] : "--help";
	const struct bake_verb *verb = find_verb(first);

	if (argc <= 2 &&
	    (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0))
		return print_help();
	if (argc == 2 && strcmp(first, "--version") == 0)
		return print_version();
	if (argc == 3 && strcmp(first, "--completion") == 0)
		return print_completion(argv[2], err);
	if (verb)
		return verb->run(argc - 1, argv + 1, err);
	if (*first != '-')
		return err_set(err, ERR_USAGE,
			       "%s: no such verb (jailbake --help lists them)",
			       first);
	return verbs[0]->run(argc, argv, err);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	int result;

	/* what a bake gives must not depend on a configuration of libcrypto */
	signal(SIGXFSZ, SIG_IGN); /* it is an error of the write */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	result = start(argc, argv, &err);
	if (result == 0)
		result = printed_check(stdout, &err);
	if (result == 0)
		return 0;
	err_print("jailbake", &err);
	return exit_status(err.kind);
}
