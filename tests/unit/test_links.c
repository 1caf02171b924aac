#include "links.h"

#include <stdbool.h>

#include "test.h"

static void add(struct tree *tree, const char *path, enum node_type type,
		const char *target)
{
	static const struct reason none;
	struct err err = {0};
	bool is_new;
	struct node *node = tree_add(tree, path, type, &none, &is_new, &err);

	assert_non_null(node);
	if (target)
		node->target = strdup(target);
}

TEST(names_of_one_file_share_a_count_and_know_the_last)
{
	struct tree *tree = tree_new();
	struct links *links = NULL;
	struct err err = {0};

	add(tree, "/a", NODE_FILE, NULL);
	add(tree, "/b", NODE_DIR, NULL);
	add(tree, "/b/c", NODE_HARDLINK, "/a");
	add(tree, "/b/d", NODE_SYMLINK, "/a");
	add(tree, "/e", NODE_HARDLINK, "/a");
	assert_int_equal(links_find(tree, &links, &err), 0);
	assert_int_equal(links->n, 6);
	for (size_t i = 1; i < 6; i += 2) { /* "/a", "/b/c", "/e" */
		assert_int_equal(links->items[i].file, 1);
		assert_int_equal(links->items[i].count, 3);
		assert_int_equal(links->items[i].last, 5);
	}
	assert_int_equal(links->items[4].count, 1);
	links_free(links);
	tree_free(tree);
}

TEST(a_directory_counts_itself_and_what_is_below_counts_it)
{
	struct tree *tree = tree_new();
	struct links *links = NULL;
	struct err err = {0};

	/* "/a-b" stands between "/a" and "/a/b" */
	add(tree, "/a/b", NODE_DIR, NULL);
	add(tree, "/a-b", NODE_DIR, NULL);
	assert_int_equal(links_find(tree, &links, &err), 0);
	assert_string_equal(tree->nodes[2]->path, "/a-b");
	assert_int_equal(links->items[0].count, 4);
	assert_int_equal(links->items[1].count, 3);
	assert_int_equal(links->items[3].count, 2);
	assert_int_equal(links->items[2].parent, 0);
	assert_int_equal(links->items[3].parent, 1);
	links_free(links);
	tree_free(tree);
}

TEST(a_hard_link_to_no_file_is_refused_by_name)
{
	struct tree *tree = tree_new();
	struct links *links = NULL;
	struct err err = {0};

	add(tree, "/a", NODE_DIR, NULL);
	add(tree, "/b", NODE_HARDLINK, "/a");
	assert_int_equal(links_find(tree, &links, &err), -1);
	assert_int_equal(err.kind, ERR_MANIFEST);
	assert_string_equal(err.msg,
			    "/b: hard link to /a, which is no file of the "
			    "image");
	tree_free(tree);
}

TEST_MAIN
