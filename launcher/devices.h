#pragma once
/*
 * devices: the nodes that a jail's /dev may have: a fixed table; numbers never
 * come from an image or the host.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define DEVICES_DEFAULT "null,zero,full,random,urandom"
#define DEVICES_NAME_SIZE 64

/*
 * In a root that is ours: /dev has exactly those of the table that are on the
 * comma list ("none": no one).
 */
int devices_make(int root_fd, const char *list, struct err *err);

/* The names of the table, by number; NULL: there are no more. */
const char *device_name(size_t i);

/* Is it a list?  0, or -1 with ERR_USAGE. */
int devices_parse(const char *list, struct err *err);

/* Exactly those on the list in an empty directory of ours. */
int devices_fill(int dev_fd, const char *list, struct err *err);

/*
 * Likewise, of the host's nodes, for who cannot make any: the directory is the
 * working directory.
 */
int devices_bind(int dev_fd, const char *list, struct err *err);

/* One name for every list of the same devices.  0, or -1: no list. */
int devices_name(const char *list, char name[DEVICES_NAME_SIZE]);

/* In somebody's directory: are all on the list there? */
int devices_check(int root_fd, const char *root_name, const char *list,
		  struct err *err);
