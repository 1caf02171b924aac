#include "lockdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "test.h"

/* A node, and what the lockdown makes of it. */
static const struct {
	const char *path;
	enum node_type type;
	mode_t mode;
	uid_t uid;
	unsigned exceptions;
	const char *target; /* of a link; of a device "major:minor" */
	mode_t mode_after;
	uid_t uid_after;
	const char *note; /* part of what is told, or NULL */
	const char *error; /* all of the words, or NULL */
} cases[] = {
	{"/a", NODE_FILE, 0755, 0, 0, NULL, 0755, 0, NULL, NULL},
	{"/a", NODE_FILE, 0444, 0, 0, NULL, 0444, 0, NULL, NULL},
	{"/a", NODE_FILE, 04755, 0, 0, NULL, 0755, 0, "setuid stripped", NULL},
	{"/a", NODE_FILE, 02755, 0, 0, NULL, 0755, 0, "setgid stripped", NULL},
	{"/a", NODE_DIR, 02775, 0, 0, NULL, 0755, 0, "write for the group",
	 NULL},
	{"/a", NODE_FILE, 04755, 0, MAY_SETUID, NULL, 04755, 0, NULL, NULL},
	{"/a", NODE_FILE, 0666, 0, 0, NULL, 0644, 0, "group and others", NULL},
	{"/a", NODE_DIR, 0777, 0, MAY_WRITE, NULL, 0777, 0, NULL, NULL},
	{"/a", NODE_DIR, 0777, 0, MAY_SETUID, NULL, 0755, 0, "others", NULL},
	{"/tmp", NODE_DIR, 01777, 0, 0, NULL, 01777, 0, NULL, NULL},
	{"/tmpx", NODE_DIR, 01777, 0, 0, NULL, 0755, 0, "sticky", NULL},
	{"/a", NODE_FILE, 0644, 7, 0, NULL, 0644, 0, "owner 7:0", NULL},
	{"/home/u", NODE_DIR, 0700, 7, IS_HOME, NULL, 0700, 7, NULL, NULL},
	{"/home/u", NODE_DIR, 0722, 7, IS_HOME, NULL, 0700, 7, "write", NULL},
	{"/dev/null", NODE_CHAR, 0666, 0, 0, "1:3", 0666, 0, NULL, NULL},
	{"/dev/tty", NODE_CHAR, 0666, 0, 0, "5:0", 0666, 0, NULL, NULL},
	{"/dev/null", NODE_CHAR, 0666, 0, 0, "1:1", 0, 0, NULL,
	 "/dev/null (m:4): no device that an image may have"},
	{"/dev/mem", NODE_CHAR, 0666, 0, 0, "1:1", 0, 0, NULL,
	 "/dev/mem (m:4): no device that an image may have"},
	{"/x/null", NODE_CHAR, 0666, 0, 0, "1:3", 0, 0, NULL,
	 "/x/null (m:4): no device that an image may have"},
	{"/proc", NODE_DIR, 0755, 0, 0, NULL, 0755, 0, NULL, NULL},
	{"/procs/x", NODE_FILE, 0644, 0, 0, NULL, 0644, 0, NULL, NULL},
	{"/proc/x", NODE_FILE, 0644, 0, 0, NULL, 0, 0, NULL,
	 "/proc/x (m:4): nothing may lie below /proc or /sys"},
	{"/sys/x", NODE_FILE, 0644, 0, 0, NULL, 0, 0, NULL,
	 "/sys/x (m:4): nothing may lie below /proc or /sys"},
	{"/a\nb", NODE_FILE, 0644, 0, 0, NULL, 0, 0, NULL,
	 "/a\nb (m:4): a control character in the name; `omit` or -GLOB "
	 "leaves it out"},
	{"/a\x7f", NODE_FILE, 0644, 0, 0, NULL, 0, 0, NULL,
	 "/a\x7f (m:4): a control character in the name; `omit` or -GLOB "
	 "leaves it out"},
	{"/\xc3\xa4", NODE_FILE, 0644, 0, 0, NULL, 0644, 0, NULL, NULL},
	{"/l", NODE_SYMLINK, 0777, 0, 0, "a\x1b", 0, 0, NULL,
	 "/l (m:4): a control character in the link's target"},
};

static struct node *add(struct tree *tree, size_t i)
{
	static const struct entry entry = {.file = "m", .line = 4};
	const struct reason reason = {.entry = &entry};
	struct err err = {0};
	bool is_new;
	struct node *node = tree_add(tree, cases[i].path, cases[i].type,
				     &reason, &is_new, &err);

	assert_non_null(node);
	node->mode = cases[i].mode;
	node->uid = cases[i].uid;
	node->exceptions = cases[i].exceptions;
	if (cases[i].type == NODE_SYMLINK)
		node->target = strdup(cases[i].target);
	if (cases[i].type == NODE_CHAR)
		node->rdev = makedev(
			(unsigned)strtoul(cases[i].target, NULL, 10),
			(unsigned)strtoul(cases[i].target + 2, NULL, 10));
	return node;
}

static bool is_noted(const struct notes *notes, const char *words)
{
	for (size_t i = 0; i < notes->n; i++)
		if (notes->items[i].kind == NOTE_LOCKDOWN &&
		    strstr(notes->items[i].text, words))
			return true;
	return false;
}

TEST(every_rule_mends_or_refuses)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tree *tree = tree_new();
		struct node *node = add(tree, i);
		struct notes notes = {0};
		struct err err = {0};
		int result = lockdown(tree, &notes, &err);

		print_message("%s %o\n", cases[i].path, cases[i].mode);
		assert_int_equal(result, cases[i].error ? -1 : 0);
		if (cases[i].error) {
			assert_string_equal(err.msg, cases[i].error);
			assert_int_equal(err.kind, ERR_MANIFEST);
		} else {
			assert_int_equal(node->mode, cases[i].mode_after);
			assert_int_equal(node->uid, cases[i].uid_after);
			assert_int_equal(notes.n != 0, cases[i].note != NULL);
		}
		if (cases[i].note)
			assert_true(is_noted(&notes, cases[i].note));
		notes_clear(&notes);
		tree_free(tree);
	}
}

static const struct {
	const char *path, *target, *after; /* NULL: the same */
} links[] = {
	{"/l", "x", NULL},
	{"/a/l", "../x", NULL},
	{"/a/l", "..", NULL},
	{"/l", "..", "/"},
	{"/l", "../etc/passwd", "/etc/passwd"},
	{"/a/b/l", "../../../../x/./y/../z", "/x/z"},
	{"/a/l", "b/../../../x", "/x"},
	{"/a/b/c/l", "../../x", NULL},
	{"/l", "/../../x", NULL}, /* absolute: the root is its top */
	{"/a/l", "./.././../x", "/x"},
};

TEST(no_link_climbs_above_the_root)
{
	const struct reason reason = {0};

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct tree *tree = tree_new();
		struct notes notes = {0};
		struct err err = {0};
		struct node *node;
		bool is_new;

		node = tree_add(tree, links[i].path, NODE_SYMLINK, &reason,
				&is_new, &err);
		node->mode = 0777;
		node->target = strdup(links[i].target);
		assert_int_equal(lockdown(tree, &notes, &err), 0);
		assert_string_equal(node->target, links[i].after
							  ? links[i].after
							  : links[i].target);
		assert_int_equal(notes.n, links[i].after ? 1 : 0);
		notes_clear(&notes);
		tree_free(tree);
	}
}

TEST(file_capabilities_come_from_the_manifest_alone)
{
	const struct reason reason = {0};
	struct tree *tree = tree_new();
	struct notes notes = {0};
	struct err err = {0};
	bool is_new;
	struct node *node =
		tree_add(tree, "/ping", NODE_FILE, &reason, &is_new, &err);

	node->mode = 0755;
	node->caps = strdup("cap_net_raw");
	assert_int_equal(lockdown(tree, &notes, &err), -1);
	assert_string_equal(err.msg, "/ping: file capabilities "
				     "that no `caps` gives");
	node->exceptions = MAY_CAPS;
	assert_int_equal(lockdown(tree, &notes, &err), 0);
	tree_free(tree);
}

TEST_MAIN
