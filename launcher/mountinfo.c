#include "mountinfo.h"

#include <stdlib.h>
#include <string.h>

/* The kernel writes blanks and backslashes of paths as \040. */
static void decode(char *path)
{
	char *to = path;

	for (; *path; to++) {
		if (*path == '\\' && path[1] && path[2] && path[3]) {
			*to = (char)((path[1] - '0') << 6 |
				     (path[2] - '0') << 3 | (path[3] - '0'));
			path += 4;
		} else {
			*to = *path++;
		}
	}
	*to = '\0';
}

/* A source may be empty: there are two blanks then. */
static void parse_rest(char *rest, struct mountinfo *out)
{
	out->type = strsep(&rest, " ");
	strsep(&rest, " ");
	out->options = rest;
}

bool mountinfo_parse(char *line, struct mountinfo *out)
{
	char *fields[6], *rest = strstr(line, " - ");
	size_t i;

	if (!rest)
		return false;
	*rest = '\0';
	for (i = 0; i < 6; i++) {
		fields[i] = strsep(&line, " ");
		if (!fields[i])
			return false;
	}
	out->id = (int)strtol(fields[0], NULL, 10);
	out->parent = (int)strtol(fields[1], NULL, 10);
	out->root = fields[3];
	out->point = fields[4];
	out->flags = fields[5];
	decode(out->root);
	decode(out->point);
	parse_rest(rest + 3, out);
	return true;
}
