#include "jail_check.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdio.h"
#include "manifest.h"
#include "program_find.h"
#include "source.h"
#include "words.h"

enum { TEXT_MAX = 4 << 20 };

/* A path of the jail in the tree; directories of it are real ones. */
static const struct node *find(const struct jail_start *start, const char *path)
{
	auto_free char *full = NULL;
	const struct node *node;

	if (asprintf(&full, "%s%s", start->jail,
		     strcmp(path, "/") == 0 ? "" : path) < 0)
		return NULL;
	node = tree_find(start->tree, full);
	if (node && node->type == NODE_HARDLINK)
		node = tree_find(start->tree, node->target);
	return node;
}

static int look(void *context, const char *path, struct stat *st, char **target)
{
	const struct node *node = find(context, path);

	if (!node)
		return -ENOENT;
	*st = (struct stat){
		.st_mode =
			node->mode | (node->type == NODE_DIR	   ? S_IFDIR
				      : node->type == NODE_SYMLINK ? S_IFLNK
								   : S_IFREG),
	};
	if (node->type != NODE_SYMLINK)
		return 0;
	*target = strdup(node->target);
	return *target ? 0 : -ENOMEM;
}

static int open_nothing(void *context, const char *path, struct stat *st)
{
	(void)context, (void)path, (void)st;
	return -EINVAL;
}

static void release_nothing(void *context)
{
	(void)context;
}

/* The small text that a file of the jail is; *text stays NULL when there is
 * none. */
static int read_text(const struct jail_start *start, const char *path,
		     char **text, struct err *err)
{
	const struct node *node = find(start, path);
	ssize_t got;

	*text = NULL;
	if (!node || node->content != CONTENT_PART || node->size > TEXT_MAX)
		return 0;
	*text = calloc((size_t)node->size + 1, 1);
	if (!*text)
		return err_sys(err, ENOMEM, "%s", path);
	got = fd_pread_full(node->part.fd, *text, (size_t)node->size,
			    node->part.offset);
	return got < 0 ? err_sys_kind(err, ERR_INPUT, (int)-got, "%s",
				      start->image->name)
		       : 0;
}

static int read_manifest(const struct jail_start *start, struct manifest **out,
			 struct err *err)
{
	auto_free char *text = NULL, *name = NULL;

	if (read_text(start, "/.jail/manifest", &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (asprintf(&name, "%s:/.jail/manifest", start->image->name) < 0)
		return err_sys(err, ENOMEM, "%s", start->image->name);
	return manifest_read_launch(text, strlen(text), name, out, err);
}

/* A number, as jaillaunch takes it, with or without # before it. */
static bool is_number(const char *text, unsigned long *out)
{
	text += *text == '#';
	errno = 0;
	*out = strtoul(text, NULL, 10);
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* The uid that /etc/passwd says; false when it has no such user. */
static bool find_uid(const char *passwd, const char *user, unsigned long *uid)
{
	size_t len = strlen(user);

	for (const char *at = passwd; at && *at; at = strchr(at, '\n')) {
		const char *field;

		at += *at == '\n';
		if (strncmp(at, user, len) != 0 || at[len] != ':')
			continue;
		field = at + len + 1;
		field += strcspn(field, ":\n");
		if (*field != ':' || strchr(user, ':'))
			continue;
		*uid = strtoul(field + 1, NULL, 10);
		return true;
	}
	return false;
}

static int check_uid(const struct jail_start *start, const char *user,
		     unsigned long uid, struct err *err)
{
	if (uid >= UINT32_MAX)
		return err_set(
			err, ERR_USAGE,
			"user \"%s\": no number is larger than 4294967294",
			user);
	if (uid == 0 && !start->may_be_root)
		return err_set(
			err, ERR_USAGE,
			"user \"%s\" is root (uid 0), which jaillaunch "
			"refuses; say --jail-option=--allow-root if that "
			"is meant",
			user);
	return 0;
}

static int check_user(const struct jail_start *start, const char *user,
		      struct err *err)
{
	auto_free char *passwd = NULL;
	unsigned long uid;

	if (!user)
		return err_set(err, ERR_USAGE,
			       "no user: -u USER (the image's manifest has no "
			       "run-as)");
	if (is_number(user, &uid))
		return check_uid(start, user, uid, err);
	if (read_text(start, "/etc/passwd", &passwd, err) < 0)
		return -1;
	if (passwd && find_uid(passwd, user, &uid))
		return check_uid(start, user, uid, err);
	return err_set(err, ERR_USAGE,
		       "user \"%s\" is not in the /etc/passwd of %s; a number "
		       "always works",
		       user, start->image->name);
}

static int check_program(const struct jail_start *start,
			 const struct manifest *manifest, const char *program,
			 struct err *err)
{
	static const struct source_view view = {look, open_nothing,
						release_nothing};
	auto_of(source) struct source *source = NULL;
	struct jail_start context = *start;
	int error;

	if (!program)
		return err_set(err, ERR_USAGE,
			       "no program: -- PROGRAM ARG... (the image's "
			       "manifest has no entry)");
	if (strchr(program, '/') && *program != '/')
		return 0; /* from wherever the workdir is */
	if (source_open_view(&view, &context, start->image->name, &source,
			     err) < 0)
		return -1;
	error = program_find(source, program, program_path(manifest));
	if (error == 0)
		return 0;
	if (error == -ENOMEM)
		return err_sys(err, ENOMEM, "%s", program);
	return err_set(err, ERR_USAGE, "%s: no such program in %s%s", program,
		       start->image->name,
		       error == -EACCES ? ": it is not executable" : "");
}

/* What the image says itself. */
static const char *own(const struct manifest *manifest, enum verb verb)
{
	const struct entry *entry =
		manifest ? manifest_find(manifest, verb) : NULL;

	return entry ? entry->args[0] : NULL;
}

int jail_entry(const struct jail_start *start, char **line, struct err *err)
{
	auto_of(manifest) struct manifest *manifest = NULL;
	const struct entry *entry;
	size_t len;
	FILE *memory;

	*line = NULL;
	if (read_manifest(start, &manifest, err) < 0)
		return -1;
	entry = manifest ? manifest_find(manifest, VERB_ENTRY) : NULL;
	if (!entry)
		return 0;
	memory = open_memstream(line, &len);
	if (!memory)
		return err_sys(err, ENOMEM, "%s", start->image->name);
	for (size_t i = 0; i < entry->n_args; i++) {
		fputs(i ? " " : "", memory);
		word_write(memory, entry->args[i], false);
	}
	if (fclose(memory) == 0)
		return 0;
	return err_sys(err, ENOMEM, "%s", start->image->name);
}

int jail_check_program(const struct jail_start *start, struct err *err)
{
	return check_program(start, NULL, start->program, err);
}

int jail_check(const struct jail_start *start, struct err *err)
{
	auto_of(manifest) struct manifest *manifest = NULL;
	const char *user = start->user, *program = start->program;

	if (read_manifest(start, &manifest, err) < 0)
		return -1;
	if (!user)
		user = own(manifest, VERB_RUN_AS);
	if (!program)
		program = own(manifest, VERB_ENTRY);
	if (check_user(start, user, err) < 0)
		return -1;
	return check_program(start, manifest, program, err);
}
