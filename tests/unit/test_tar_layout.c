#include "tar_layout.h"

#include <stdbool.h>

#include "test.h"

static const struct tar_kind plain = {.is_mountable = false};

static struct node *add(struct tree *tree, const char *path,
			enum node_type type, const char *target)
{
	static const struct reason none;
	struct err err = {0};
	bool is_new;
	struct node *node = tree_add(tree, path, type, &none, &is_new, &err);

	assert_non_null(node);
	if (target)
		node->target = strdup(target);
	return node;
}

static struct tar_layout *laid_out(const struct tree *tree)
{
	struct tar_layout *layout = NULL;
	struct err err = {0};

	assert_int_equal(tar_layout_make(tree, &plain, &layout, &err), 0);
	return layout;
}

TEST(a_directory_is_followed_by_all_that_is_below_it)
{
	static const char *const added[] = {"/a/b", "/a-b",	"/a.b",
					    "/ab",  "/a/b-c/d", "/a/b/c"};
	static const char *const walked[] = {"/",      "/a",	 "/a/b",
					     "/a/b/c", "/a/b-c", "/a/b-c/d",
					     "/a-b",   "/a.b",	 "/ab"};
	struct tree *tree = tree_new();
	struct tar_layout *layout;

	for (size_t i = 0; i < 6; i++)
		add(tree, added[i], NODE_DIR, NULL);
	layout = laid_out(tree);
	assert_int_equal(layout->n, 9);
	for (size_t i = 0; i < 9; i++)
		assert_string_equal(layout->members[i].node->path, walked[i]);
	tar_layout_free(layout);
	tree_free(tree);
}

TEST(every_place_is_known_beforehand)
{
	struct tree *tree = tree_new();
	struct tar_layout *layout;
	char longer[201] = "/";

	memset(longer + 1, 'x', 199);
	tree_set_size(tree, add(tree, "/a", NODE_FILE, NULL), 513);
	add(tree, longer, NODE_SYMLINK, longer);
	tree_set_size(tree, add(tree, "/z", NODE_FILE, NULL), 0);
	layout = laid_out(tree);
	assert_int_equal(layout->members[1].header, 512);
	assert_int_equal(layout->members[1].content, 1024);
	/* two long names of two blocks each, and the header itself */
	assert_int_equal(layout->members[2].header, 2048);
	assert_int_equal(layout->members[2].content, 2048 + 2 * 1024 + 512);
	assert_int_equal(layout->members[3].header, 4608);
	assert_int_equal(layout->size, 8192); /* 5120 + 1024, whole pages */
	tar_layout_free(layout);
	tree_free(tree);
}

TEST(the_first_name_of_a_file_holds_its_content)
{
	struct tree *tree = tree_new();
	struct tar_layout *layout;

	tree_set_size(tree, add(tree, "/d-file", NODE_FILE, NULL), 5);
	add(tree, "/d/link", NODE_HARDLINK, "/d-file");
	add(tree, "/z", NODE_HARDLINK, "/d-file");
	layout = laid_out(tree);
	assert_string_equal(layout->members[2].node->path, "/d/link");
	assert_int_equal(layout->members[2].type, NODE_FILE);
	assert_string_equal(layout->members[2].file->path, "/d-file");
	for (size_t i = 3; i < 5; i++) {
		assert_int_equal(layout->members[i].type, NODE_HARDLINK);
		assert_string_equal(layout->members[i].target, "/d/link");
	}
	tar_layout_free(layout);
	tree_free(tree);
}

TEST(a_link_to_what_is_no_file_is_refused)
{
	static const char *const targets[] = {"/nothing", "/d"};

	for (size_t i = 0; i < 2; i++) {
		struct tree *tree = tree_new();
		struct tar_layout *layout = NULL;
		struct err err = {0};

		add(tree, "/d", NODE_DIR, NULL);
		add(tree, "/link", NODE_HARDLINK, targets[i]);
		assert_int_equal(tar_layout_make(tree, &plain, &layout, &err),
				 -1);
		assert_null(layout);
		assert_int_equal(err.kind, ERR_MANIFEST);
		assert_non_null(strstr(err.msg, "/link: hard link to /"));
		tree_free(tree);
	}
}

TEST_MAIN
