#include "lockdown.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "known_device.h"

/* 0, or -1 and why the node cannot be in an image. */
typedef int check_node(struct node *node, struct notes *notes, struct err *err);

struct rule {
	const char *name;
	check_node *check;
	const char *holds; /* of every node afterwards */
};

static int refuse(const struct node *node, struct err *err, const char *why)
{
	char reason[400];

	if (!node->reason.entry && !node->reason.requester)
		return err_set(err, ERR_MANIFEST, "%s: %s", node->path, why);
	reason_words(&node->reason, reason, sizeof(reason));
	return err_set(err, ERR_MANIFEST, "%s (%s): %s", node->path, reason,
		       why);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

static int check_name(struct node *node, struct notes *notes, struct err *err)
{
	(void)notes;
	for (const char *at = node->path; *at; at++)
		if ((unsigned char)*at < 32 || *at == 127)
			return refuse(node, err,
				      "a control character in the name; `omit` "
				      "or -GLOB leaves it out");
	return 0;
}

static int check_kernel(struct node *node, struct notes *notes, struct err *err)
{
	(void)notes;
	if ((is_below(node->path, "/proc") || is_below(node->path, "/sys")) &&
	    strcmp(node->path, "/proc") != 0 && strcmp(node->path, "/sys") != 0)
		return refuse(node, err, "nothing may lie below /proc or /sys");
	return 0;
}

static int check_owner(struct node *node, struct notes *notes, struct err *err)
{
	if (node->uid == 0 && node->gid == 0)
		return 0;
	if (node->exceptions & IS_HOME)
		return 0;
	if (notes_add(notes, NOTE_LOCKDOWN, err, "%s: owner %u:%u is now root",
		      node->path, node->uid, node->gid) < 0)
		return -1;
	node->uid = node->gid = 0;
	return 0;
}

static int check_setuid(struct node *node, struct notes *notes, struct err *err)
{
	mode_t bits = node->mode & (S_ISUID | S_ISGID);

	if (!bits || (node->exceptions & MAY_SETUID))
		return 0;
	node->mode &= ~bits;
	return notes_add(notes, NOTE_LOCKDOWN, err,
			 "%s: %s stripped (allow setuid %s)", node->path,
			 bits == (S_ISUID | S_ISGID) ? "setuid and setgid"
			 : bits & S_ISUID	     ? "setuid"
						     : "setgid",
			 node->path);
}

static int check_writable(struct node *node, struct notes *notes,
			  struct err *err)
{
	mode_t bits = node->mode & (S_IWGRP | S_IWOTH);

	if (!bits || node->type == NODE_SYMLINK || node->type == NODE_CHAR ||
	    strcmp(node->path, "/tmp") == 0 || (node->exceptions & MAY_WRITE))
		return 0;
	node->mode &= ~bits;
	return notes_add(notes, NOTE_LOCKDOWN, err,
			 "%s: write for %s stripped (allow writable %s)",
			 node->path,
			 bits == (S_IWGRP | S_IWOTH) ? "group and others"
			 : bits & S_IWGRP	     ? "the group"
						     : "others",
			 node->path);
}

/* A sticky bit means something only where others may write. */
static int check_sticky(struct node *node, struct notes *notes, struct err *err)
{
	if (!(node->mode & S_ISVTX) || (node->mode & (S_IWGRP | S_IWOTH)))
		return 0;
	node->mode &= ~(mode_t)S_ISVTX;
	return notes_add(notes, NOTE_LOCKDOWN, err, "%s: sticky bit stripped",
			 node->path);
}

static int check_device(struct node *node, struct notes *notes, struct err *err)
{
	const struct known_device *device;

	(void)notes;
	if (node->type != NODE_CHAR)
		return 0;
	device = known_device_numbered(major(node->rdev), minor(node->rdev));
	if (device && strncmp(node->path, "/dev/", 5) == 0 &&
	    strcmp(node->path + 5, device->name) == 0)
		return 0;
	return refuse(node, err, "no device that an image may have");
}

/* How many ".." of a relative target lead above the root, seen from dir. */
static bool climbs_out(const char *path, const char *target)
{
	long depth = -1; /* the link's own name is no level */

	for (const char *at = path; *at; at++)
		depth += *at == '/';
	while (*target) {
		size_t len = strcspn(target, "/");

		if (len == 2 && target[0] == '.' && target[1] == '.')
			depth--;
		else if (len > 0 && !(len == 1 && *target == '.'))
			depth++;
		if (depth < 0)
			return true;
		target += len;
		target += strspn(target, "/");
	}
	return false;
}

/* The target without the ".." that have no effect in a root, absolute. */
static char *absolute_target(const char *path, const char *target)
{
	const char *slash = strrchr(path, '/');
	char *out = malloc(strlen(path) + strlen(target) + 3);
	size_t n = (size_t)(slash - path);

	if (!out)
		return NULL;
	memcpy(out, path, n);
	while (*target) {
		size_t len = strcspn(target, "/");

		if (len == 2 && target[0] == '.' && target[1] == '.') {
			while (n > 0 && out[n - 1] != '/')
				n--;
			n -= n > 0;
		} else if (len > 0 && !(len == 1 && *target == '.')) {
			out[n++] = '/';
			memcpy(out + n, target, len);
			n += len;
		}
		target += len;
		target += strspn(target, "/");
	}
	if (n == 0)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}

static int check_link(struct node *node, struct notes *notes, struct err *err)
{
	char *target;

	if (node->type != NODE_SYMLINK || *node->target == '/' ||
	    !climbs_out(node->path, node->target))
		return 0;
	target = absolute_target(node->path, node->target);
	if (!target)
		return err_sys(err, ENOMEM, "%s", node->path);
	if (notes_add(notes, NOTE_LOCKDOWN, err,
		      "%s: target %s, which climbs above the root, is now %s",
		      node->path, node->target, target) < 0) {
		free(target);
		return -1;
	}
	free(node->target);
	node->target = target;
	return 0;
}

static int check_target(struct node *node, struct notes *notes, struct err *err)
{
	(void)notes;
	if (node->type != NODE_SYMLINK)
		return 0;
	for (const char *at = node->target; *at; at++)
		if ((unsigned char)*at < 32 || *at == 127)
			return refuse(node, err,
				      "a control character in the link's "
				      "target");
	return 0;
}

/* Capabilities come from `caps` alone: nothing reads the source's. */
static int check_caps(struct node *node, struct notes *notes, struct err *err)
{
	(void)notes;
	if (!node->caps ||
	    (node->exceptions & MAY_CAPS && node->type == NODE_FILE))
		return 0;
	return refuse(node, err, "file capabilities that no `caps` gives");
}

static const struct rule rules[] = {
	{"names", check_name, "no control character in a name"},
	{"kernel", check_kernel, "nothing below /proc and /sys"},
	{"owner", check_owner, "root owns all but the users' homes"},
	{"setuid", check_setuid, "no setuid or setgid bit"},
	{"writable", check_writable,
	 "no write for group or others but in /tmp and on devices"},
	{"sticky", check_sticky, "no sticky bit but where others write"},
	{"devices", check_device,
	 "no device but null zero full random urandom tty"},
	{"links", check_link, "no link climbs above the root"},
	{"targets", check_target, "no control character in a link's target"},
	{"capabilities", check_caps, "no file capability but by `caps`"},
};
#define N_RULES (sizeof(rules) / sizeof(*rules))

int lockdown_node(struct node *node, struct notes *notes, struct err *err)
{
	for (size_t rule = 0; rule < N_RULES; rule++)
		if (rules[rule].check(node, notes, err) < 0)
			return -1;
	return 0;
}

int lockdown(struct tree *tree, struct notes *notes, struct err *err)
{
	for (size_t i = 0; i < tree->n; i++)
		if (lockdown_node(tree->nodes[i], notes, err) < 0)
			return -1;
	return 0;
}

void lockdown_help(FILE *out)
{
	for (size_t rule = 0; rule < N_RULES; rule++)
		fprintf(out, "%-13s %s\n", rules[rule].name, rules[rule].holds);
}
