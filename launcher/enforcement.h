#pragma once
/*
 * enforcement: by what each limit of a launch is enforced, in words: for the
 * report and for --explain.
 */
#include <stdio.h>

#include "limit.h"

struct jail_spec;

/* A static text, or one that lives as long as the spec. */
const char *enforcement_words(const struct jail_spec *spec, enum limit limit);

/* Why no cgroup enforces it; NULL: one does, or never could. */
const char *enforcement_why_no_cgroup(const struct jail_spec *spec,
				      enum limit limit);

/* A line for each limit that is set. */
void enforcement_explain(const struct jail_spec *spec, FILE *out);
