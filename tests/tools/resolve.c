/*
 * resolve: what each program would load, without running it.
 *
 *	resolve [--sysroot DIR] [--roots DIR] [--hwcaps] [--why] [--versions]
 *		[--library NAME] [--quiet] [FILE...]
 *
 * For each FILE "FILE:", then a line "NAME => PATH" or "NAME => not found" for
 * each object but the program, its interpreter first; or "error: words".
 * Files come from standard input, one a line, when none is given.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opts.h"
#include "resolver.h"

struct args {
	const char *sysroot, *library;
	struct opt_list roots;
	bool hwcaps, why, quiet, versions;
};

static const struct opt options[] = {
	{'s', "sysroot", "DIR", OPT_INTO(struct args, sysroot),
	 "take the files from DIR"},
	{0, "library", "NAME", OPT_INTO(struct args, library),
	 "what each FILE would get by dlopen(NAME)"},
	{0, "roots", "DIR", OPT_INTO(struct args, roots),
	 "libraries may lie below DIR too"},
	{0, "hwcaps", NULL, OPT_INTO(struct args, hwcaps),
	 "list variants for newer CPUs too"},
	{0, "why", NULL, OPT_INTO(struct args, why),
	 "say how a library was found, or where it was searched"},
	{0, "versions", NULL, OPT_INTO(struct args, versions),
	 "check the versions of symbols too"},
	{'q', "quiet", NULL, OPT_INTO(struct args, quiet), "print nothing"},
	{0},
};

static void print_why(const struct object *object)
{
	if (object->searched)
		printf(" (searched: %s)", object->searched);
	if (object->by_cache)
		printf(" (cache)");
	if (object->by_main_origin)
		printf(" (origin)");
	if (object->is_variant)
		printf(" (variant)");
}

static void print_closure(const struct closure *closure,
			  const struct args *args)
{
	for (size_t i = 1; i < closure->n && !args->quiet; i++) {
		const struct object *object = &closure->objects[i];

		printf("%s => %s", object->name,
		       object->path ? object->path : "not found");
		if (args->why)
			print_why(object);
		putchar('\n');
	}
}

static int resolve_one(struct resolver *resolver, const char *path,
		       const struct args *args)
{
	struct closure closure;
	struct err err = {0};
	int status = resolver_closure(resolver, path, &closure, &err);

	if (!args->quiet)
		printf("%s:\n", path);
	if (status == 0) {
		print_closure(&closure, args);
		if (args->versions)
			status = closure_check_versions(&closure, &err);
		closure_clear(&closure);
	}
	if (status < 0 && !args->quiet)
		printf("error: %s\n", err.msg);
	return status;
}

static int find_one(struct resolver *resolver, const char *name,
		    const char *like)
{
	auto_free char *path = NULL;
	struct err err = {0};
	int status = resolver_find_library(resolver, name, like, &path, &err);

	if (status == 0)
		printf("%s\n", path);
	else
		printf("error: %s\n", err.msg);
	return status;
}

static int resolve_listed(struct resolver *resolver, const struct args *args)
{
	char *line = NULL;
	size_t room = 0;
	int status = 0;

	while (getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		status |= resolve_one(resolver, line, args);
	}
	free(line);
	return status;
}

int main(int argc, char **argv)
{
	struct args args = {.sysroot = "/"};
	struct resolver_options resolve_options = {0};
	auto_of(source) struct source *source = NULL;
	auto_of(resolver) struct resolver *resolver = NULL;
	struct err err = {0};
	auto_free const char **roots = NULL;
	int first, status = 0;

	if (opts_parse(options, false, argc, argv, &args, &first, &err) < 0 ||
	    source_open(args.sysroot, &source, &err) < 0) {
		err_print("resolve", &err);
		return 2;
	}
	resolve_options.all_hwcaps = args.hwcaps;
	roots = calloc(args.roots.n + 1, sizeof(*roots));
	if (!roots)
		return 2;
	for (size_t i = 0; i < args.roots.n; i++)
		roots[i] = args.roots.items[i];
	resolve_options.roots = roots;
	if (resolver_new(source, &resolve_options, &resolver, &err) < 0) {
		err_print("resolve", &err);
		return 2;
	}
	for (int i = first; i < argc; i++)
		status |= args.library
				  ? find_one(resolver, args.library, argv[i])
				  : resolve_one(resolver, argv[i], &args);
	if (first == argc && args.library)
		status = find_one(resolver, args.library, NULL);
	else if (first == argc)
		status = resolve_listed(resolver, &args);
	opt_list_free(&args.roots);
	return status < 0;
}
