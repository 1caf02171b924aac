#pragma once
/*
 * user_namespace: how somebody who is not root makes a jail.  In a user
 * namespace of his own he has every capability, over what belongs to that
 * namespace; outside he is who he was.  One uid and one gid of it are his own,
 * under the numbers that the jail's user has: there are no others, so all that
 * is the caller's is that user's, and nothing can become anyone else's.
 */
#include <stddef.h>
#include <sys/types.h>

/* Lines for uid_map and gid_map. */
struct user_map {
	char uid[40], gid[40];
};

/* In the supervisor: who we are outside is what we are now. */
void user_map_make(uid_t uid, gid_t gid, struct user_map *out);

/* By a process in the new namespace, which needs /proc.  0 or -errno. */
int user_map_write(const struct user_map *map);

/* Why none can be made, after an attempt failed with an errno, and what to do. */
void user_namespace_why_not(int error, char *out, size_t size);
