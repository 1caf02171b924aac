#pragma once
/*
 * mountinfo: a line of /proc/self/mountinfo, one for each mount that a process
 * can reach:
 *
 *	32 31 0:29 ROOT POINT rw,... [shared:5] - TYPE SOURCE OPTIONS
 */
#include <stdbool.h>

#define MOUNTINFO "/proc/self/mountinfo"
/* Of a host with some hundred thousand mounts. */
#define MOUNTINFO_MOST (64u << 20)

struct mountinfo {
	int id, parent;
	char *root, *point;
	char *flags; /* of the mount: "ro,nosuid" */
	char *type, *options; /* of the file system; NULL: not told */
};

/* In place.  false: it is no such line. */
bool mountinfo_parse(char *line, struct mountinfo *out);
