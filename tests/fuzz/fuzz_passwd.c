/*
 * The jail's /etc/passwd and /etc/group: a line with the user to look for, then
 * the two files, parted by a NUL byte.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "passwd.h"

static void look(const struct user_files *files, const char *name)
{
	struct jail_user user;
	struct err err = {0};
	size_t i;

	if (user_find(files, name, NULL, true, &user, &err) < 0) {
		assert(err.kind != ERR_NONE && *err.msg);
		return;
	}
	assert(user.uid != (uid_t)-1 && user.gid != (gid_t)-1);
	for (i = 0; i < user.n_groups; i++)
		assert(user.groups[i] != user.gid &&
		       (i == 0 || user.groups[i - 1] < user.groups[i]));
	user_free(&user);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct user_files files = {0};
	char *newline, *nul;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	newline = memchr(text, '\n', size);
	if (newline) {
		*newline = '\0';
		files.passwd = newline + 1;
		files.passwd_len = size - (size_t)(files.passwd - text);
		nul = memchr(files.passwd, '\0', files.passwd_len);
		if (nul) {
			files.group = nul + 1;
			files.group_len = size - (size_t)(files.group - text);
			files.passwd_len = (size_t)(nul - files.passwd);
		}
	}
	look(&files, text);
	free(text);
	return 0;
}
