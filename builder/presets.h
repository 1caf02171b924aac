#pragma once
/*
 * presets: the directories where `use NAME` is looked for: those of --presets,
 * then that beside the program (as in the tree where it was built), then the
 * installed one.
 */
#include "cleanup.h"
#include "err.h"
#include "opts.h"

struct presets {
	const char **dirs; /* NULL-terminated */
	char *beside;
};

int presets_find(const struct opt_list *given, struct presets **out,
		 struct err *err);
void presets_free(struct presets *presets);
DEFINE_AUTO(presets)
