#pragma once
/*
 * go_jail_list: lists of system calls as go-jail's users have written them, as
 * a policy of ours.
 */
#include "err.h"

/*
 * The text of a policy that allows a list and nothing else (EPERM).  A call
 * brings those by which newer C libraries do the same, so that a list made for
 * an older system still starts a program.  Names are looked at when the policy
 * is read, but for their letters.
 */
int go_jail_policy(const char *list, char **out, struct err *err);

/* A copy, or NULL. */
char *go_jail_without_blanks(const char *list);
