#pragma once
/*
 * policy_name: the seccomp policies that the launcher has, by the names that a
 * manifest and --seccomp give them.
 */

/* NULL-terminated. */
extern const char *const policy_names[];
