/*
 * policy-gen: run by make, on the machine that builds.
 *
 *	policy-gen x86_64|aarch64	the named policies, compiled for each set
 *					of features, as a C header
 *	policy-gen --table		the rules, as a table for the docs
 *	policy-gen --families		the families, likewise
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compile.h"
#include "named.h"
#include "names.h"

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

static void print_program(const char *machine, size_t policy, unsigned features,
			  const struct program *program)
{
	printf("static const struct sock_filter %s_%zu_%u[] = {\n", machine,
	       policy, features);
	for (size_t i = 0; i < program->n; i++) {
		const struct sock_filter *code = &program->code[i];

		printf("\t{%#06x, %u, %u, %#010x},\n", code->code, code->jt,
		       code->jf, code->k);
	}
	printf("};\n");
}

static void print_programs(const char *machine, size_t policy,
			   const struct built *built)
{
	for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++)
		if (same_as(built, i) == i)
			print_program(machine, policy, i, built->programs[i]);
}

static void print_row(const char *machine, size_t policy,
		      const struct built *built)
{
	printf("\t{\"%s\", {\n", named_policies[policy].name);
	for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++)
		printf("\t\t{%s_%zu_%u, %zu},\n", machine, policy,
		       same_as(built, i), built->programs[i]->n);
	printf("\t}},\n");
}

static void print_header(const char *machine, const struct built *built)
{
	printf("#pragma once\n/* Made by policy-gen. */\n");
	for (size_t i = 0; i < n_named_policies; i++)
		print_programs(machine, i, &built[i]);
	printf("static const struct built_policy policy_%s[] = {\n", machine);
	for (size_t i = 0; i < n_named_policies; i++)
		print_row(machine, i, &built[i]);
	printf("};\n");
}

static int build(const char *name, enum machine machine, struct built *built,
		 struct err *err)
{
	for (unsigned i = 0; i < POLICY_FEATURE_SETS; i++) {
		struct policy_request request = {.name = name, .features = i};
		auto_of(ruleset) struct ruleset *set = NULL;

		if (ruleset_make(&request, NULL, machine, &set, err) < 0 ||
		    compile(set, &built->programs[i], err) < 0)
			return -1;
	}
	return 0;
}

static int generate(enum machine machine, struct err *err)
{
	auto_free struct built *built =
		calloc(n_named_policies, sizeof(*built));
	int result = built ? 0 : err_sys(err, ENOMEM, "policy-gen");

	for (size_t i = 0; result == 0 && i < n_named_policies; i++)
		result = build(named_policies[i].name, machine, &built[i], err);
	if (result == 0)
		print_header(machine_name(machine), built);
	for (size_t i = 0; built && i < n_named_policies; i++)
		for (unsigned k = 0; k < POLICY_FEATURE_SETS; k++)
			program_free(built[i].programs[k]);
	return result;
}

static int work(const char *what, struct err *err)
{
	if (!strcmp(what, "--table")) {
		rules_print(stdout);
		return 0;
	}
	if (!strcmp(what, "--families")) {
		families_print(stdout);
		return 0;
	}
	for (unsigned i = 0; i < MACHINES; i++)
		if (!strcmp(what, machine_name((enum machine)i)))
			return generate((enum machine)i, err);
	return err_set(err, ERR_USAGE,
		       "usage: policy-gen MACHINE | --table "
		       "| --families");
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
