#include "program_find.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *program_path(const struct manifest *manifest)
{
	const char *path =
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	for (size_t i = 0; manifest && i < manifest->n; i++) {
		const struct entry *entry = &manifest->entries[i];

		if (entry->verb == VERB_ENV &&
		    strncmp(entry->args[0], "PATH=", 5) == 0)
			path = entry->args[0] + 5;
	}
	return path;
}

static int try_program(const struct source *root, const char *path)
{
	struct stat st;
	int error = source_stat(root, path, &st);

	if (error == 0 && !S_ISREG(st.st_mode))
		error = -EISDIR;
	if (error == 0 && !(st.st_mode & 0111))
		error = -EACCES;
	return error;
}

int program_find(const struct source *root, const char *program,
		 const char *path)
{
	int error = -ENOENT;

	if (*program == '/')
		return try_program(root, program);
	while (error != 0 && error != -ENOMEM && *path) {
		int len = (int)strcspn(path, ":");
		auto_free char *full = NULL;

		if (*path != '/') /* the launcher passes it by, too */
			;
		else if (asprintf(&full, "%.*s/%s", len, path, program) < 0)
			error = -ENOMEM;
		else
			error = try_program(root, full);
		path += len + (path[len] == ':');
	}
	return error;
}
