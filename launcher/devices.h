#pragma once
/*
 * devices: the nodes that a jail's /dev may have: a fixed table; numbers never
 * come from an image or the host.
 */
#include "err.h"

#define DEVICES_DEFAULT "null,zero,full,random,urandom"

/*
 * In a root that is ours: /dev has exactly those of the table that are on the
 * comma list ("none": no one).
 */
int devices_make(int root_fd, const char *list, struct err *err);

/* Is it a list?  0, or -1 with ERR_USAGE. */
int devices_parse(const char *list, struct err *err);

/* Exactly those on the list in an empty directory of ours. */
int devices_fill(int dev_fd, const char *list, struct err *err);

/* In somebody's directory: are all on the list there? */
int devices_check(int root_fd, const char *root_name, const char *list,
		  struct err *err);
