#pragma once
/*
 * homes: which directories can be a user's own.
 */
#include <stdbool.h>

/* A directory that cannot be someone's without the rest being his too. */
bool home_is_shared(const char *home);
