/*
 * tree-image: writes an image of any tree, for the tests: also of one that no
 * manifest can ask for.
 *
 *	tree-image OUTPUT [FORMAT [MTIME]] <DESCRIPTION
 *
 * The description is a list of fields, each ended by a NUL, eleven for a node:
 * type (d f l h c p), mode (octal), uid, gid, path, target, major, minor, file
 * (of this machine, for the content), text (the content when file is "") and
 * file capabilities.  Prints the image's identity on standard error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "fdio.h"
#include "image_write.h"

enum {
	TYPE,
	MODE,
	UID,
	GID,
	PATH,
	TARGET,
	MAJOR,
	MINOR,
	FROM,
	TEXT,
	CAPS,
	N_FIELDS
};

static const char letters[] = {
	[NODE_DIR] = 'd',      [NODE_FILE] = 'f', [NODE_SYMLINK] = 'l',
	[NODE_HARDLINK] = 'h', [NODE_CHAR] = 'c', [NODE_FIFO] = 'p',
};

static int find_type(char letter, enum node_type *type)
{
	for (size_t i = 0; i < sizeof(letters); i++)
		if (letters[i] == letter) {
			*type = (enum node_type)i;
			return 0;
		}
	return -1;
}

static int set_host_file(struct tree *tree, struct node *node, const char *path,
			 struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(err, errno, "%s", path);
	node->content = CONTENT_HOST;
	node->from = strdup(path);
	node->identity = (struct identity){.dev = st.st_dev,
					   .ino = st.st_ino,
					   .mtime = st.st_mtim,
					   .ctime = st.st_ctim};
	tree_set_size(tree, node, st.st_size);
	return 0;
}

static int fill_node(struct tree *tree, struct node *node, char **field,
		     struct err *err)
{
	node->mode = (mode_t)strtoul(field[MODE], NULL, 8);
	node->uid = (uid_t)strtoul(field[UID], NULL, 10);
	node->gid = (gid_t)strtoul(field[GID], NULL, 10);
	if (*field[TARGET])
		node->target = strdup(field[TARGET]);
	node->rdev = makedev((unsigned)strtoul(field[MAJOR], NULL, 10),
			     (unsigned)strtoul(field[MINOR], NULL, 10));
	if (*field[CAPS])
		node->caps = strdup(field[CAPS]);
	if (node->type != NODE_FILE)
		return 0;
	if (*field[FROM])
		return set_host_file(tree, node, field[FROM], err);
	node->content = CONTENT_TEXT;
	node->text = strdup(field[TEXT]);
	tree_set_size(tree, node, (off_t)strlen(field[TEXT]));
	return 0;
}

static int add_node(struct tree *tree, char **field, struct err *err)
{
	static const struct reason reason;
	enum node_type type;
	struct node *node;
	bool is_new;

	if (find_type(field[TYPE][0], &type) < 0)
		return err_set(err, ERR_USAGE, "%s: no type", field[TYPE]);
	if (*field[PATH] != '/')
		return err_set(err, ERR_USAGE,
			       "path \"%s\": it must begin with /",
			       field[PATH]);
	if (type == NODE_HARDLINK && *field[TARGET] != '/')
		return err_set(err, ERR_USAGE,
			       "%s: its target \"%s\" must begin with /",
			       field[PATH], field[TARGET]);
	node = tree_add(tree, field[PATH], type, &reason, &is_new, err);
	return node ? fill_node(tree, node, field, err) : -1;
}

static int read_tree(struct tree *tree, struct err *err)
{
	auto_free char *data = NULL;
	char *fields[N_FIELDS];
	size_t len, n = 0;
	int error = fd_read_all(STDIN_FILENO, 1 << 30, &data, &len);

	if (error < 0)
		return err_sys(err, -error, "standard input");
	tree_begin_batch(tree);
	for (char *at = data; at < data + len; at += strlen(at) + 1) {
		fields[n++] = at;
		if (n < N_FIELDS)
			continue;
		n = 0;
		if (add_node(tree, fields, err) < 0)
			return -1;
	}
	tree_end_batch(tree);
	return 0;
}

static int make_image(int argc, char **argv, struct err *err)
{
	char identity[65];
	struct image_options options = {
		.output = argv[1],
		.format = argc > 2 && *argv[2] ? argv[2] : NULL,
		.mtime = argc > 3 ? strtoll(argv[3], NULL, 10) : 0,
		.identity = getenv("NO_IDENTITY") ? NULL : identity,
	};
	auto_of(tree) struct tree *tree = tree_new();
	auto_of(source) struct source *source = NULL;

	if (argc < 2 || !tree)
		return err_set(err, ERR_USAGE, "OUTPUT [FORMAT [MTIME]]");
	if (source_open("/", &source, err) < 0 || read_tree(tree, err) < 0 ||
	    image_write(tree, source, &options, err) < 0)
		return -1;
	if (options.identity)
		fprintf(stderr, "%s\n", identity);
	return 0;
}

int main(int argc, char **argv)
{
	/* as the exit statuses of jailbuild */
	static const int statuses[] = {
		[ERR_USAGE] = 2, [ERR_MANIFEST] = 3, [ERR_INPUT] = 4,
		[ERR_HOST] = 5,	 [ERR_SYSTEM] = 5,
	};
	struct err err = {0};

	if (make_image(argc, argv, &err) < 0) {
		err_print("tree-image", &err);
		return statuses[err.kind];
	}
	return 0;
}
