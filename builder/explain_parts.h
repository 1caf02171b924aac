#pragma once
/*
 * explain_parts: what the files of explain share.
 */
#include <stdio.h>

#include "manifest.h"

/* A name on one line, whatever bytes it has. */
void explain_name(const char *name, FILE *out);

/* "bash.txt:3: bin bash"; NULL: "always made".  No newline. */
void explain_entry(const struct entry *entry, FILE *out);
