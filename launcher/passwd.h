#pragma once
/*
 * passwd: who a user is, by the jail's own /etc/passwd and /etc/group.
 *
 * The files are the image author's, so hostile: they are opened beneath the
 * root, bounded, and read by this parser only (never NSS, which would load
 * code).  A line that is not well-formed does not exist.  Numbers always work.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct jail_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary, sorted, without gid */
	size_t n_groups;
	char *name; /* NULL: the number has no line in passwd */
	char *home, *shell;
};

/* The texts of the two files; NULL: the jail has none. */
struct user_files {
	char *passwd, *group;
	size_t passwd_len, group_len;
};

int user_files_read(int root_fd, struct user_files *out, struct err *err);
void user_files_free(struct user_files *files);

/*
 * user and group: a name, a number or #number; group may be NULL (the one of
 * the passwd line; for a number without line, the same number).
 */
int user_find(const struct user_files *files, const char *user,
	      const char *group, bool with_groups, struct jail_user *out,
	      struct err *err);
/* The first account whose uid is in a range, both ends included. */
bool user_files_between(const struct user_files *files, uid_t first, uid_t last,
			char *name, size_t size, uid_t *uid);

/* Adds a supplementary group, unless it is there or is the primary one. */
int user_add_group(struct jail_user *user, gid_t gid, struct err *err);
void user_free(struct jail_user *user);
