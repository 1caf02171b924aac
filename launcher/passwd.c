#include "passwd.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "rootfd.h"

#define MAX_FILE (1 << 20)
#define MAX_GROUPS 4096

/* A field of a line: not NUL-terminated. */
struct field {
	const char *text;
	size_t len;
};

struct lines {
	const char *at, *end;
};

static int read_one(int root_fd, const char *path, char **text, size_t *len,
		    struct err *err)
{
	int error = root_read_file(root_fd, path, MAX_FILE, text, len);

	if (error == 0 || error == -ENOENT || error == -ENOTDIR)
		return 0;
	if (error == -EINVAL)
		return err_set(err, ERR_INPUT,
			       "the jail's %s is not a regular file", path);
	if (error == -EFBIG)
		return err_set(err, ERR_INPUT,
			       "the jail's %s is larger than %d bytes", path,
			       MAX_FILE);
	return err_sys(err, -error, "the jail's %s", path);
}

int user_files_read(int root_fd, struct user_files *out, struct err *err)
{
	*out = (struct user_files){0};
	if (read_one(root_fd, "/etc/passwd", &out->passwd, &out->passwd_len,
		     err) == 0 &&
	    read_one(root_fd, "/etc/group", &out->group, &out->group_len,
		     err) == 0)
		return 0;
	user_files_free(out);
	return -1;
}

void user_files_free(struct user_files *files)
{
	free(files->passwd);
	free(files->group);
	*files = (struct user_files){0};
}

static struct lines lines_of(const char *text, size_t len)
{
	return (struct lines){text, text ? text + len : NULL};
}

/*
 * Splits the next line into exactly n fields; lines with a NUL byte or
 * another number of fields are passed over.  False: no more.
 */
static bool next_line(struct lines *lines, struct field *fields, size_t n)
{
	while (lines->at < lines->end) {
		size_t left = (size_t)(lines->end - lines->at), found = 0;
		const char *newline = memchr(lines->at, '\n', left);
		const char *end = newline ? newline : lines->end;
		const char *at = lines->at;

		lines->at = newline ? newline + 1 : lines->end;
		if (memchr(at, '\0', (size_t)(end - at)))
			continue;
		for (;;) {
			const char *colon = memchr(at, ':', (size_t)(end - at));
			const char *stop = colon ? colon : end;

			if (found < n)
				fields[found] =
					(struct field){at, (size_t)(stop - at)};
			found++;
			if (!colon)
				break;
			at = colon + 1;
		}
		if (found == n && fields[0].len > 0)
			return true;
	}
	return false;
}

static bool field_is(const struct field *field, const char *text)
{
	return strlen(text) == field->len &&
	       memcmp(field->text, text, field->len) == 0;
}

/* Digits only; the number (uid_t)-1 means "no change" to the kernel. */
static bool read_number(const struct field *field, uint32_t *out)
{
	uint64_t number = 0;
	size_t i;

	if (field->len == 0 || field->len > 10)
		return false;
	for (i = 0; i < field->len; i++) {
		if (field->text[i] < '0' || field->text[i] > '9')
			return false;
		number = 10 * number + (uint64_t)(field->text[i] - '0');
	}
	if (number >= UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	return true;
}

/* "1000" or "#1000". */
static bool is_number(const char *text, uint32_t *out)
{
	if (*text == '#')
		text++;
	return read_number(&(struct field){text, strlen(text)}, out);
}

static bool is_digits(const char *text)
{
	text += *text == '#';
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* name:password:uid:gid:comment:home:shell */
enum { PW_NAME, PW_UID = 2, PW_GID, PW_HOME = 5, PW_SHELL, PW_FIELDS };
/* name:password:gid:member,member */
enum { GR_NAME, GR_GID = 2, GR_MEMBERS, GR_FIELDS };

static int keep_line(const struct field *fields, uid_t uid, gid_t gid,
		     struct jail_user *out, struct err *err)
{
	out->uid = uid;
	out->gid = gid;
	out->name = strndup(fields[PW_NAME].text, fields[PW_NAME].len);
	out->home = strndup(fields[PW_HOME].text, fields[PW_HOME].len);
	out->shell = strndup(fields[PW_SHELL].text, fields[PW_SHELL].len);
	if (!out->name || !out->home || !out->shell)
		return err_sys(err, ENOMEM, "/etc/passwd");
	return 1;
}

/* 1: found; 0: no such line. */
static int find_passwd_line(const struct user_files *files, const char *user,
			    bool by_number, uint32_t number,
			    struct jail_user *out, struct err *err)
{
	struct lines lines = lines_of(files->passwd, files->passwd_len);
	struct field fields[PW_FIELDS];
	uint32_t uid, gid;

	while (next_line(&lines, fields, PW_FIELDS)) {
		if (!read_number(&fields[PW_UID], &uid) ||
		    !read_number(&fields[PW_GID], &gid))
			continue;
		if (by_number ? uid == number
			      : field_is(&fields[PW_NAME], user))
			return keep_line(fields, uid, gid, out, err);
	}
	return 0;
}

/* "root, jailuser, …": what a message can hold of the names in a file. */
static void list_names(const char *text, size_t len, size_t n_fields, char *out,
		       size_t size)
{
	struct lines lines = lines_of(text, len);
	struct field fields[PW_FIELDS];
	size_t n = 0;

	*out = '\0';
	while (next_line(&lines, fields, n_fields)) {
		int width = (int)fields[0].len;

		if (fields[0].len + n + 8 > size) {
			snprintf(out + n, size - n, ", ...");
			return;
		}
		n += (size_t)snprintf(out + n, size - n, "%s%.*s",
				      n ? ", " : "", width, fields[0].text);
	}
	if (n == 0)
		snprintf(out, size, "nothing well-formed");
}

static int unknown_name(const char *kind, const char *name, const char *path,
			const char *text, size_t len, size_t n_fields,
			struct err *err)
{
	char names[200];

	if (is_digits(name))
		return err_set(err, ERR_USAGE,
			       "%s \"%s\": no number is larger than %u", kind,
			       name, UINT32_MAX - 1);
	if (!text)
		return err_set(err, ERR_USAGE,
			       "%s \"%s\": the jail has no %s; a number always "
			       "works",
			       kind, name, path);
	list_names(text, len, n_fields, names, sizeof(names));
	return err_set(err, ERR_USAGE,
		       "%s \"%s\" is not in the jail's %s (it has: %s); a "
		       "number always works",
		       kind, name, path, names);
}

static int find_group(const struct user_files *files, const char *group,
		      gid_t *out, struct err *err)
{
	struct lines lines = lines_of(files->group, files->group_len);
	struct field fields[GR_FIELDS];

	if (is_number(group, out))
		return 0;
	while (next_line(&lines, fields, GR_FIELDS))
		if (field_is(&fields[GR_NAME], group) &&
		    read_number(&fields[GR_GID], out))
			return 0;
	return unknown_name("group", group, "/etc/group", files->group,
			    files->group_len, GR_FIELDS, err);
}

static bool is_member(const struct field *members, const char *name)
{
	const char *at = members->text, *end = at + members->len;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *stop = comma ? comma : end;

		if (field_is(&(struct field){at, (size_t)(stop - at)}, name))
			return true;
		at = stop + 1;
	}
	return false;
}

static int compare_gids(const void *a, const void *b)
{
	gid_t left = *(const gid_t *)a, right = *(const gid_t *)b;

	return (left > right) - (left < right);
}

static void sort_groups(struct jail_user *user)
{
	size_t i, kept = 0;

	if (user->n_groups == 0)
		return;
	qsort(user->groups, user->n_groups, sizeof(*user->groups),
	      compare_gids);
	for (i = 0; i < user->n_groups; i++)
		if (user->groups[i] != user->gid &&
		    (kept == 0 || user->groups[kept - 1] != user->groups[i]))
			user->groups[kept++] = user->groups[i];
	user->n_groups = kept;
}

static int find_groups(const struct user_files *files, struct jail_user *user,
		       struct err *err)
{
	struct lines lines = lines_of(files->group, files->group_len);
	struct field fields[GR_FIELDS];
	uint32_t gid;

	while (next_line(&lines, fields, GR_FIELDS)) {
		gid_t *place;

		if (!is_member(&fields[GR_MEMBERS], user->name) ||
		    !read_number(&fields[GR_GID], &gid))
			continue;
		if (user->n_groups == MAX_GROUPS)
			return err_set(err, ERR_INPUT,
				       "the jail's /etc/group has \"%s\" in "
				       "more than %d groups",
				       user->name, MAX_GROUPS);
		place = array_push(user->groups, user->n_groups);
		if (!place)
			return err_sys(err, ENOMEM, "/etc/group");
		*place = gid;
	}
	sort_groups(user);
	return 0;
}

static int find_parts(const struct user_files *files, const char *user,
		      const char *group, bool with_groups,
		      struct jail_user *out, struct err *err)
{
	uint32_t number = 0;
	bool by_number = is_number(user, &number);
	int found = find_passwd_line(files, user, by_number, number, out, err);

	if (found < 0)
		return -1;
	if (!found && !by_number)
		return unknown_name("user", user, "/etc/passwd", files->passwd,
				    files->passwd_len, PW_FIELDS, err);
	if (!found)
		out->uid = out->gid = number;
	if (group && find_group(files, group, &out->gid, err) < 0)
		return -1;
	if (with_groups && out->name)
		return find_groups(files, out, err);
	return 0;
}

int user_find(const struct user_files *files, const char *user,
	      const char *group, bool with_groups, struct jail_user *out,
	      struct err *err)
{
	*out = (struct jail_user){0};
	if (find_parts(files, user, group, with_groups, out, err) == 0)
		return 0;
	user_free(out);
	return -1;
}

bool user_files_between(const struct user_files *files, uid_t first, uid_t last,
			char *name, size_t size, uid_t *uid)
{
	struct lines lines = lines_of(files->passwd, files->passwd_len);
	struct field fields[PW_FIELDS];

	while (next_line(&lines, fields, PW_FIELDS)) {
		if (!read_number(&fields[PW_UID], uid) || *uid < first ||
		    *uid > last)
			continue;
		snprintf(name, size, "%.*s", (int)fields[PW_NAME].len,
			 fields[PW_NAME].text);
		return true;
	}
	return false;
}

int user_add_group(struct jail_user *user, gid_t gid, struct err *err)
{
	gid_t *place = array_push(user->groups, user->n_groups);

	if (!place)
		return err_sys(err, ENOMEM, "groups");
	*place = gid;
	sort_groups(user);
	return 0;
}

void user_free(struct jail_user *user)
{
	free(user->groups);
	free(user->name);
	free(user->home);
	free(user->shell);
	*user = (struct jail_user){0};
}
