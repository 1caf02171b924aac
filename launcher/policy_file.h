#pragma once
/*
 * policy_file: a policy that is named by the file it stands in.
 */
#include "policy/policy.h"

/* Not a name but a path: it has a slash or a dot. */
bool policy_is_file(const char *name);

/* The text of request->name, which the request then has; owned by the caller. */
int policy_file_read(struct policy_request *request, char **text,
		     struct err *err);
