#pragma once
/*
 * syscall_guard: the policy that is in force in a launch, and what it refused,
 * in words: for the report, for --explain and for -v.
 */
#include <stdio.h>

#include "listener.h"
#include "policy_load.h"

struct json;

struct syscall_guard {
	struct loaded_policy policy;
	struct listener listener;
};

/* Which policy it is, and what becomes of the calls: one line. */
void syscall_guard_explain(const struct syscall_guard *guard, FILE *out);

/* What was refused, a line a kind; at the end of a launch. */
void syscall_guard_tell(const struct syscall_guard *guard, FILE *out);

/* Both, as members of the report. */
void syscall_guard_report(const struct syscall_guard *guard, struct json *json);
