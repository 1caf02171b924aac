#include "tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "test.h"

static const struct reason none = {.relation = "test"};

static struct node *add(struct tree *tree, const char *path,
			enum node_type type)
{
	struct err err = {0};
	bool is_new;

	return tree_add(tree, path, type, &none, &is_new, &err);
}

static char *printed(const struct tree *tree)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct err err = {0};

	assert_non_null(out);
	assert_int_equal(tree_print(tree, out, &err), 0);
	fclose(out);
	return text;
}

static void assert_sorted(const struct tree *tree)
{
	for (size_t i = 1; i < tree->n; i++)
		assert_true(strcmp(tree->nodes[i - 1]->path,
				   tree->nodes[i]->path) < 0);
	for (size_t i = 0; i < tree->n; i++)
		assert_ptr_equal(tree_find(tree, tree->nodes[i]->path),
				 tree->nodes[i]);
}

/* Names whose bytewise order is not the order of a walk. */
static const char *const paths[] = {
	"/b/c", "/a-b", "/a/b/c", "/a.x", "/a/b", "/z", "/a/\xc3\xa4", "/b",
};

TEST(nodes_are_sorted_and_have_parents)
{
	for (int batch = 0; batch < 2; batch++) {
		struct tree *tree = tree_new();

		if (batch)
			tree_begin_batch(tree);
		for (size_t i = 0; i < 8; i++)
			assert_non_null(add(tree, paths[i], NODE_DIR));
		if (batch)
			tree_end_batch(tree);
		assert_int_equal(tree->n, 10);
		assert_sorted(tree);
		assert_int_equal(tree_find(tree, "/a")->mode, 0755);
		tree_free(tree);
	}
}

TEST(many_nodes_stay_sorted)
{
	struct tree *tree = tree_new();
	char path[64];

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "/d%u/f%u", i * 7919 % 97,
			 i * 7919 % 2003);
		assert_non_null(add(tree, path, NODE_FILE));
	}
	assert_sorted(tree);
	assert_null(tree_find(tree, "/d1/f"));
	tree_free(tree);
}

TEST(an_equal_path_is_given_back)
{
	struct tree *tree = tree_new();
	struct err err = {0};
	struct node *first = add(tree, "/x", NODE_FILE);
	bool is_new = true;

	assert_ptr_equal(tree_add(tree, "/x", NODE_FILE, &none, &is_new, &err),
			 first);
	assert_false(is_new);
	tree_free(tree);
}

TEST(two_types_for_a_path_name_both_lines)
{
	struct entry one = {.file = "a.txt", .line = 3};
	struct entry two = {.file = "b.txt", .line = 9};
	char requester[] = "/usr/bin/x";
	struct reason first = {&one, requester, "link"};
	struct reason second = {.entry = &two};
	struct tree *tree = tree_new();
	struct err err = {0};
	struct node *node;
	bool is_new;

	node = tree_add(tree, "/bin", NODE_SYMLINK, &first, &is_new, &err);
	node->target = strdup("usr/bin");
	assert_null(tree_add(tree, "/bin", NODE_DIR, &second, &is_new, &err));
	assert_int_equal(err.kind, ERR_MANIFEST);
	assert_string_equal(err.msg, "/bin: a directory (b.txt:9) and a link "
				     "(a.txt:3, link of /usr/bin/x)");
	assert_null(
		tree_add(tree, "/bin/y/z", NODE_FILE, &second, &is_new, &err));
	assert_string_equal(err.msg, "/bin/y (b.txt:9) would lie below the "
				     "link /bin -> usr/bin (a.txt:3, link of "
				     "/usr/bin/x)");
	tree_free(tree);
}

TEST(a_directory_goes_with_all_that_is_in_it)
{
	struct tree *tree = tree_new();

	for (size_t i = 0; i < 8; i++)
		add(tree, paths[i], NODE_DIR);
	tree_set_size(tree, add(tree, "/a/b/f", NODE_FILE), 100);
	tree_set_size(tree, add(tree, "/f", NODE_FILE), 5);
	assert_int_equal(tree->content_size, 105);
	tree_remove(tree, "/a");
	assert_null(tree_find(tree, "/a"));
	assert_null(tree_find(tree, "/a/b/f"));
	assert_non_null(tree_find(tree, "/a-b"));
	assert_non_null(tree_find(tree, "/a.x"));
	assert_int_equal(tree->content_size, 5);
	assert_sorted(tree);
	tree_remove(tree, "/not there");
	assert_int_equal(tree->n, 7);
	tree_free(tree);
}

TEST(prints_a_line_a_node)
{
	struct tree *tree = tree_new();
	struct node *node = add(tree, "/bin/a b", NODE_FILE);
	char *text;

	node->mode = 0755;
	node->content = CONTENT_SOURCE;
	node->from = strdup("/x");
	tree_set_size(tree, node, 7);
	node = add(tree, "/l", NODE_SYMLINK);
	node->mode = 0777;
	node->target = strdup("bin\n");
	text = printed(tree);
	assert_string_equal(text, "dir 0755 0:0 - /\n"
				  "dir 0755 0:0 - /bin\n"
				  "file 0755 0:0 7 /bin/a\\x20b < /x\n"
				  "link 0777 0:0 - /l -> bin\\x0a\n");
	free(text);
	tree_free(tree);
}

TEST_MAIN
