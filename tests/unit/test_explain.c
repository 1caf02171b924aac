#include "explain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char word_bash[] = "bash", word_bin[] = "/bin", word_usr[] = "usr/bin";
static char *bash_args[] = {word_bash}, *link_args[] = {word_bin, word_usr};
static const struct entry bash = {.verb = VERB_BIN,
				  .args = bash_args,
				  .n_args = 1,
				  .file = "a.txt",
				  .line = 3};
static const struct entry link_bin = {.verb = VERB_LINK,
				      .args = link_args,
				      .n_args = 2,
				      .file = "a.txt",
				      .line = 1};

static struct node *add(struct tree *tree, const char *path,
			enum node_type type, const struct entry *entry,
			const char *requester, const char *relation)
{
	struct err err = {0};
	bool is_new;
	auto_free char *copy = requester ? strdup(requester) : NULL;
	struct reason reason = {entry, copy, relation};
	struct node *node = tree_add(tree, path, type, &reason, &is_new, &err);

	assert_non_null(node);
	return node;
}

static void add_file(struct tree *tree, const char *path, off_t size,
		     const struct entry *entry, const char *requester,
		     const char *relation)
{
	struct node *node =
		add(tree, path, NODE_FILE, entry, requester, relation);

	node->content = CONTENT_SOURCE;
	node->from = strdup(path);
	tree_set_size(tree, node, size);
}

/* bash with two libraries, one by a link; /bin is a link. */
static struct tree *sample(void)
{
	struct tree *tree = tree_new();
	struct node *node;

	add_file(tree, "/usr/bin/bash", 1265648, &bash, NULL, NULL);
	add(tree, "/usr/lib/libtinfo.so.6", NODE_SYMLINK, &bash,
	    "/usr/bin/bash", "needed library")
		->target = strdup("libtinfo.so.6.3");
	add_file(tree, "/usr/lib/libtinfo.so.6.3", 200000, &bash,
		 "/usr/lib/libtinfo.so.6", "link");
	add_file(tree, "/usr/lib/libc.so.6", 1900000, &bash,
		 "/usr/lib/libtinfo.so.6.3", "needed library");
	add(tree, "/bin", NODE_SYMLINK, &link_bin, NULL, NULL)->target =
		strdup("usr/bin");
	add(tree, "/lib", NODE_SYMLINK, NULL, NULL, NULL)->target =
		strdup("/usr/./lib/../lib");
	add(tree, "/loop", NODE_SYMLINK, NULL, NULL, NULL)->target =
		strdup("loop");
	node = add(tree, "/etc/passwd", NODE_FILE, NULL, NULL, NULL);
	node->content = CONTENT_TEXT;
	node->text = strdup("x");
	tree_set_size(tree, node, 1);
	return tree;
}

static char *why(const char *path, struct err *err)
{
	struct tree *tree = sample();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int status = explain_why(tree, NULL, path, out, err);

	fclose(out);
	tree_free(tree);
	if (status == 0)
		return text;
	free(text);
	return NULL;
}

static const struct {
	const char *path, *words;
} chains[] = {
	{"/usr/bin/bash", "a.txt:3: bin bash\n"
			  "  /usr/bin/bash\n"},
	{"/usr/lib/libc.so.6",
	 "a.txt:3: bin bash\n"
	 "  /usr/bin/bash\n"
	 "    needed library: /usr/lib/libtinfo.so.6 -> libtinfo.so.6.3\n"
	 "      link: /usr/lib/libtinfo.so.6.3\n"
	 "        needed library: /usr/lib/libc.so.6\n"},
	{"//bin/./bash", "a.txt:1: link /bin usr/bin\n"
			 "  /bin -> usr/bin\n"
			 "a.txt:3: bin bash\n"
			 "  /usr/bin/bash\n"},
	{"/", "always made\n  /\n"},
	{"/loop", "always made\n  /loop -> loop\n"},
};

TEST(a_chain_leads_from_the_line_to_the_path)
{
	for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++) {
		struct err err = {0};
		auto_free char *text = why(chains[i].path, &err);

		assert_non_null(text);
		assert_string_equal(text, chains[i].words);
	}
}

TEST(dots_are_resolved_as_in_the_root)
{
	struct err err = {0};
	/* "bin/.." is /usr, since /bin is a link */
	auto_free char *text = why("/bin/../bin/bash", &err);
	auto_free char *lib = why("/lib/libc.so.6", &err);

	assert_non_null(text);
	assert_non_null(strstr(text, "/bin -> usr/bin\n"));
	assert_non_null(strstr(text, "  /usr/bin/bash\n"));
	assert_non_null(lib);
	assert_non_null(strstr(lib, "needed library: /usr/lib/libc.so.6\n"));
	assert_null(why("/bin/../etc/passwd", &err)); /* /usr/etc/passwd */
}

TEST(what_is_not_there_is_said_with_what_is)
{
	static const struct {
		const char *path, *words;
	} cases[] = {
		{"/sbin/bash",
		 "--why /sbin/bash: the image has no such path; it has "
		 "/usr/bin/bash"},
		{"nothing", "--why nothing: the image has no such path"},
		{"/loop/x", "--why /loop/x: the link /loop -> loop leads to "
			    "nothing in the image"},
		{"/etc/passwd/x",
		 "--why /etc/passwd/x: the image has no such path"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};

		assert_null(why(cases[i].path, &err));
		assert_string_equal(err.msg, cases[i].words);
		assert_int_equal(err.kind, ERR_USAGE);
	}
}

TEST(the_tree_of_requesters_has_every_node_once)
{
	struct tree *tree = sample();
	struct err err = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(explain_tree(tree, NULL, out, &err), 0);
	fclose(out);
	assert_string_equal(text,
			    "a.txt:1: link /bin usr/bin\n"
			    "  /bin -> usr/bin\n"
			    "a.txt:3: bin bash\n"
			    "  /usr/bin/bash\n"
			    "    needed library: /usr/lib/libtinfo.so.6 -> "
			    "libtinfo.so.6.3\n"
			    "      link: /usr/lib/libtinfo.so.6.3\n"
			    "        needed library: /usr/lib/libc.so.6\n"
			    "always made\n"
			    "  /\n"
			    "  /etc/passwd (made)\n"
			    "  /lib -> /usr/./lib/../lib\n"
			    "  /loop -> loop\n");
	free(text);
	tree_free(tree);
}

static void write_file(int dir_fd, const char *path, const char *text)
{
	int fd = openat(dir_fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A source of nothing but a package database. */
static void make_source(char *base, struct source *source)
{
	static const char *const dirs[] = {"var", "var/lib", "var/lib/dpkg",
					   "var/lib/dpkg/info"};

	assert_non_null(mkdtemp(base));
	source->root_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	source->name = base;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(mkdirat(source->root_fd, dirs[i], 0755), 0);
	write_file(source->root_fd, "var/lib/dpkg/info/bash.list",
		   "/.\n/bin\n/bin/bash\n");
	write_file(source->root_fd, "var/lib/dpkg/info/libtinfo6:amd64.list",
		   "/usr/lib/libtinfo.so.6.3\n");
	write_file(source->root_fd, "var/lib/dpkg/info/format", "1\n");
}

static void remove_source(const char *base, struct source *source)
{
	char command[256];

	close(source->root_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	assert_int_equal(system(command), 0);
}

TEST(sizes_are_by_line_package_and_file)
{
	char base[] = "explain.XXXXXX";
	struct tree *tree = sample();
	struct source source;
	struct err err = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	make_source(base, &source);
	assert_int_equal(explain_size(tree, &source, out, &err), 0);
	fclose(out);
	assert_string_equal(
		text,
		"by line of the manifest:\n"
		"       3365648     3.4 MB      3 files  a.txt:3: bin bash\n"
		"             1        1 B      1 file   always made\n"
		"\n"
		"by package:\n"
		"       1900000     1.9 MB      1 file   (no package)\n"
		"       1265648     1.3 MB      1 file   bash\n"
		"        200000   200.0 kB      1 file   libtinfo6\n"
		"             1        1 B      1 file   (made)\n"
		"\n"
		"by file:\n"
		"       1900000     1.9 MB  /usr/lib/libc.so.6\n"
		"       1265648     1.3 MB  /usr/bin/bash\n"
		"        200000   200.0 kB  /usr/lib/libtinfo.so.6.3\n"
		"             1        1 B  /etc/passwd\n"
		"\n"
		"       3365649     3.4 MB      4 files  in all\n");
	remove_source(base, &source);
	free(text);
	tree_free(tree);
}

TEST_MAIN
