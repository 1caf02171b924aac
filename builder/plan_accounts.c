/*
 * user, group: who exists in the jail: /etc/passwd, /etc/group and the homes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "homes.h"
#include "plan_parts.h"

#define NOBODY 65534

struct account {
	const char *name, *home, *shell;
	unsigned long uid, gid;
	const struct entry *entry; /* NULL: always there */
	char *made; /* the home's default name, owned */
};

struct accounts {
	struct account *users, *groups;
	size_t n_users, n_groups;
};

static void accounts_clear(struct accounts *accounts)
{
	for (size_t i = 0; i < accounts->n_users; i++)
		free(accounts->users[i].made);
	free(accounts->users);
	free(accounts->groups);
}

static int add_user(struct accounts *accounts, const struct account *user,
		    struct err *err)
{
	struct account *place = array_push(accounts->users, accounts->n_users);

	if (!place)
		return err_sys(err, ENOMEM, "user %s", user->name);
	*place = *user;
	if (place->home)
		return 0;
	if (asprintf(&place->made, "/home/%s", user->name) < 0) {
		place->made = NULL;
		return err_sys(err, ENOMEM, "user %s", user->name);
	}
	place->home = place->made;
	return 0;
}

static int add_group(struct accounts *accounts, const struct account *group,
		     struct err *err)
{
	struct account *place;

	place = array_push(accounts->groups, accounts->n_groups);
	if (!place)
		return err_sys(err, ENOMEM, "group %s", group->name);
	*place = *group;
	place->made = NULL; /* it stays the user's */
	return 0;
}

static unsigned long number(const char *text, unsigned long otherwise)
{
	return text ? strtoul(text, NULL, 10) : otherwise;
}

static int read_entry(struct accounts *accounts, const struct entry *entry,
		      struct err *err)
{
	unsigned long uid = number(entry_value(entry, "uid"), 0);
	const char *shell = entry_value(entry, "shell");
	struct account account = {
		.name = entry->args[0],
		.uid = uid,
		.gid = number(entry_value(entry, "gid"), uid),
		.home = entry_value(entry, "home"),
		.shell = shell ? shell : "/bin/sh",
		.entry = entry,
	};

	return entry->verb == VERB_USER ? add_user(accounts, &account, err)
					: add_group(accounts, &account, err);
}

/* root and nobody are always there; the manifest cannot name them. */
static int collect(const struct manifest *manifest, struct accounts *accounts,
		   struct err *err)
{
	static const struct account always[] = {
		{.name = "root", .home = "/root", .shell = "/bin/sh"},
		{.name = "nobody",
		 .home = "/nonexistent",
		 .shell = "/usr/sbin/nologin",
		 .uid = NOBODY,
		 .gid = NOBODY},
	};
	static const struct account always_groups[] = {
		{.name = "root"},
		{.name = "nogroup", .gid = NOBODY},
	};

	for (size_t i = 0; i < 2; i++)
		if (add_user(accounts, &always[i], err) < 0 ||
		    add_group(accounts, &always_groups[i], err) < 0)
			return -1;
	for (size_t i = 0; i < manifest->n; i++) {
		const struct entry *entry = &manifest->entries[i];

		if ((entry->verb == VERB_USER || entry->verb == VERB_GROUP) &&
		    read_entry(accounts, entry, err) < 0)
			return -1;
	}
	return 0;
}

/* A group of the user's own name for a gid that no group has. */
static int add_own_groups(struct accounts *accounts, struct err *err)
{
	for (size_t u = 0; u < accounts->n_users; u++) {
		struct account own = accounts->users[u];
		bool is_there = false;

		for (size_t g = 0; g < accounts->n_groups; g++)
			is_there |= accounts->groups[g].gid == own.gid;
		if (!is_there && add_group(accounts, &own, err) < 0)
			return -1;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct account *first = a, *second = b;

	return strcmp(first->name, second->name);
}

static int by_uid(const void *a, const void *b)
{
	const struct account *first = a, *second = b;

	if (first->uid != second->uid)
		return first->uid < second->uid ? -1 : 1;
	return strcmp(first->name, second->name);
}

static int by_gid(const void *a, const void *b)
{
	const struct account *first = a, *second = b;

	if (first->gid != second->gid)
		return first->gid < second->gid ? -1 : 1;
	return strcmp(first->name, second->name);
}

static int refuse_pair(const struct account *first,
		       const struct account *second, const char *what,
		       struct err *err)
{
	const struct account *given = second->entry ? second : first;
	const struct account *other = second->entry ? first : second;

	if (!other->entry)
		return entry_error(given->entry, err,
				   "%s: %s that %s always has", given->name,
				   what, other->name);
	return entry_error(given->entry, err, "%s: %s that %s (%s:%u) has",
			   given->name, what, other->name, other->entry->file,
			   other->entry->line);
}

static void swap(struct account *a, struct account *b)
{
	struct account kept = *a;

	*a = *b;
	*b = kept;
}

/*
 * Sorts, and drops what is said twice alike.  On failure, too, each account is
 * there once, to be cleared.
 */
static int settle(struct account *accounts, size_t *n, const char *what,
		  int (*by_number)(const void *, const void *), struct err *err)
{
	size_t kept = 0;

	qsort(accounts, *n, sizeof(*accounts), by_name);
	for (size_t i = 1; i < *n; i++) {
		struct account *last = &accounts[kept], *next = &accounts[i];

		if (strcmp(last->name, next->name) != 0) {
			swap(&accounts[++kept], next);
			continue;
		}
		if (last->uid != next->uid || last->gid != next->gid ||
		    (last->home && strcmp(last->home, next->home) != 0))
			return refuse_pair(last, next, "the name", err);
	}
	for (size_t i = kept + 1; i < *n; i++)
		free(accounts[i].made);
	*n = kept + 1;
	qsort(accounts, *n, sizeof(*accounts), by_number);
	for (size_t i = 1; i < *n; i++) {
		bool same = by_number == by_uid
				    ? accounts[i - 1].uid == accounts[i].uid
				    : accounts[i - 1].gid == accounts[i].gid;

		if (same)
			return refuse_pair(&accounts[i - 1], &accounts[i], what,
					   err);
	}
	return 0;
}

static int put_text(struct plan *plan, char *path, char *text, size_t len,
		    struct err *err)
{
	struct reason always = {.relation = NULL};
	struct node want = {
		.path = path,
		.type = NODE_FILE,
		.content = CONTENT_TEXT,
		.text = text,
		.size = (off_t)len,
		.mode = 0644,
		.rank = RANK_GIVEN,
	};

	return plan_put(plan, &want, &always, err);
}

typedef void write_line(FILE *out, const struct account *account);

static void write_user(FILE *out, const struct account *user)
{
	fprintf(out, "%s:x:%lu:%lu:%s:%s:%s\n", user->name, user->uid,
		user->gid, user->name, user->home, user->shell);
}

static void write_group(FILE *out, const struct account *group)
{
	fprintf(out, "%s:x:%lu:\n", group->name, group->gid);
}

static int write_file(struct plan *plan, const char *name,
		      const struct account *accounts, size_t n,
		      write_line *write, struct err *err)
{
	auto_free char *text = NULL, *path = strdup(name);
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out || !path) {
		if (out)
			fclose(out);
		return err_sys(err, ENOMEM, "%s", name);
	}
	for (size_t i = 0; i < n; i++)
		write(out, &accounts[i]);
	if (fclose(out) == EOF)
		return err_sys(err, ENOMEM, "%s", name);
	return put_text(plan, path, text, len, err);
}

static int make_home(struct plan *plan, const struct account *user,
		     struct err *err)
{
	struct reason reason = {.entry = user->entry, .relation = "home"};
	auto_free char *path = NULL;
	struct node want = {
		.type = NODE_DIR,
		.mode = 0700,
		.rank = RANK_HOME,
		.exceptions = IS_HOME,
		.uid = (uid_t)user->uid,
		.gid = (gid_t)user->gid,
	};

	if (home_is_shared(user->home))
		return 0;
	path = strdup(user->home);
	if (!path)
		return err_sys(err, ENOMEM, "home %s", user->home);
	want.path = path;
	return plan_put(plan, &want, &reason, err);
}

static int write_accounts(struct plan *plan, struct accounts *accounts,
			  struct err *err)
{
	if (settle(accounts->users, &accounts->n_users, "the uid", by_uid,
		   err) < 0 ||
	    add_own_groups(accounts, err) < 0 ||
	    settle(accounts->groups, &accounts->n_groups, "the gid", by_gid,
		   err) < 0)
		return -1;
	for (size_t i = 0; i < accounts->n_users; i++)
		if (make_home(plan, &accounts->users[i], err) < 0)
			return -1;
	if (write_file(plan, "/etc/passwd", accounts->users, accounts->n_users,
		       write_user, err) < 0)
		return -1;
	return write_file(plan, "/etc/group", accounts->groups,
			  accounts->n_groups, write_group, err);
}

int plan_accounts(struct plan *plan, struct err *err)
{
	struct accounts accounts = {0};
	int result = collect(plan->manifest, &accounts, err);

	if (result == 0)
		result = write_accounts(plan, &accounts, err);
	accounts_clear(&accounts);
	return result;
}
