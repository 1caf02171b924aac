/*
 * policy-gen: run by make, on the machine that builds.
 *
 *	policy-gen x86_64|aarch64	the default policy, compiled for each set
 *					of features, as a C header
 *	policy-gen --table		the rules, as a table for the docs
 */
#include <stdio.h>
#include <string.h>

#include "compile.h"

struct built {
	struct program *programs[POLICY_FEATURE_SETS];
};

static bool is_same(const struct program *a, const struct program *b)
{
	return a->n == b->n &&
	       !memcmp(a->code, b->code, a->n * sizeof(*a->code));
}

/* The first set of features that has the same program. */
static unsigned same_as(const struct built *built, unsigned features)
{
	unsigned first = 0;

	while (!is_same(built->programs[first], built->programs[features]))
		first++;
	return first;
}

static void print_program(const char *machine, unsigned features,
			  const struct program *program)
{
	printf("static const struct sock_filter %s_%u[] = {\n", machine,
	       features);
	for (size_t i = 0; i < program->n; i++) {
		const struct sock_filter *code = &program->code[i];

		printf("\t{%#06x, %u, %u, %#010x},\n", code->code, code->jt,
		       code->jf, code->k);
	}
	printf("};\n");
}

static void print_header(const char *machine, const struct built *built)
{
	printf("#pragma once\n/* Made by policy-gen from rules.c. */\n");
	for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++)
		if (same_as(built, i) == i)
			print_program(machine, i, built->programs[i]);
	printf("static const struct built_program "
	       "policy_%s[POLICY_FEATURE_SETS] = {\n",
	       machine);
	for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++)
		printf("\t{%s_%u, %zu},\n", machine, same_as(built, i),
		       built->programs[i]->n);
	printf("};\n");
}

static int build(enum machine machine, struct built *built, struct err *err)
{
	for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++) {
		struct policy_request request = {.name = "default",
						 .features = i};
		auto_of(ruleset) struct ruleset *set = NULL;

		if (ruleset_make(&request, machine, &set, err) < 0 ||
		    compile(set, &built->programs[i], err) < 0)
			return -1;
	}
	return 0;
}

static int generate(enum machine machine, struct err *err)
{
	struct built built = {{NULL}};
	int result = build(machine, &built, err);

	if (result == 0)
		print_header(machine_name(machine), &built);
	for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++)
		program_free(built.programs[i]);
	return result;
}

static int work(const char *what, struct err *err)
{
	if (!strcmp(what, "--table")) {
		rules_print(stdout);
		return 0;
	}
	for (unsigned i = 0; i < MACHINES; i++)
		if (!strcmp(what, machine_name((enum machine)i)))
			return generate((enum machine)i, err);
	return err_set(err, ERR_USAGE, "usage: policy-gen MACHINE | --table");
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (work(argc == 2 ? argv[1] : "", &err) < 0) {
		err_print("policy-gen", &err);
		return 1;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("policy-gen");
		return 1;
	}
	return 0;
}
