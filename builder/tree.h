#pragma once
/*
 * tree: the plan of the image, every node that it will hold and no other.
 *
 * Nodes are sorted bytewise by path, no path is there twice, and the parent of
 * every node is there and is a directory.  tree_add() and its like keep this;
 * nobody else adds, removes or moves a node.  Paths are absolute in the image,
 * without "." or ".." or a slash at the end; the root is "/".
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"
#include "manifest.h"
#include "source.h"

enum node_type {
	NODE_DIR,
	NODE_FILE,
	NODE_SYMLINK,
	NODE_HARDLINK, /* target: the path of the NODE_FILE with the content;
			  always sorts before this one */
	NODE_CHAR,
	NODE_FIFO,
};

/* Where a file's bytes come from. */
enum content {
	CONTENT_NONE,
	CONTENT_SOURCE, /* the file `from` in the source */
	CONTENT_HOST, /* the file `from` of this machine (`copy`) */
	CONTENT_TEXT, /* `text`, `size` bytes, made by us */
	CONTENT_PART, /* `size` bytes of an open archive called `from` */
};

/* Where CONTENT_PART lies.  The descriptor is another's. */
struct part {
	int fd;
	off_t offset;
};

/* Which file was looked at when planning; the writer refuses another. */
struct identity {
	dev_t dev;
	ino_t ino;
	struct timespec mtime, ctime;
};

/* What the lockdown is to leave as it is. */
enum exception {
	MAY_SETUID = 1, /* `allow setuid` */
	MAY_WRITE = 2, /* `allow writable` */
	MAY_CAPS = 4, /* `caps` */
	IS_HOME = 8, /* a user's, who owns it */
};

/* Why a node is there. */
struct reason {
	const struct entry *entry; /* NULL: we always make it */
	char *requester; /* what needed it, a path; or NULL */
	const char *relation; /* "needed library", "interpreter", "link", ... */
};

struct node {
	char *path;
	enum node_type type;
	mode_t mode; /* the bits 07777 */
	uid_t uid;
	gid_t gid;
	off_t size; /* NODE_FILE */
	char *target; /* NODE_SYMLINK, NODE_HARDLINK */
	dev_t rdev; /* NODE_CHAR */
	enum content content;
	char *from;
	char *text;
	char *caps; /* NODE_FILE: file capabilities, "cap_x[,cap_y]"; or NULL */
	struct part part;
	struct identity identity;
	struct reason reason;
	unsigned exceptions; /* enum exception */
	int rank; /* how firmly mode and owner are set: see plan.h */
	bool is_going; /* tree.c: being removed */
};

struct tree_index;

struct tree {
	struct node **nodes;
	size_t n;
	off_t content_size; /* sum of the sizes of files: tree_set_size() */
	struct tree_index *index; /* tree.c: by path */
	bool in_batch;
};

struct tree *tree_new(void); /* with "/" in it; NULL: no memory */
void tree_free(struct tree *tree);
DEFINE_AUTO(tree)

struct node *tree_find(const struct tree *tree, const char *path);

/*
 * Adds a node at path; directories above are added (0755, root).  The node is
 * owned by the tree, zeroed but for path, type and reason (a copy), for the
 * caller to fill.  If an equal path is there with the same type, that node is returned
 * and *is_new is false: the caller compares.  ERR_MANIFEST when the types
 * differ or a part of path is no directory, naming both reasons.
 */
struct node *tree_add(struct tree *tree, const char *path, enum node_type type,
		      const struct reason *reason, bool *is_new,
		      struct err *err);

void tree_set_size(struct tree *tree, struct node *node, off_t size);

/*
 * Between these two, nodes stand in the order of their coming: adding many is
 * then not quadratic.  tree_find() works as ever.
 */
void tree_begin_batch(struct tree *tree);
void tree_end_batch(struct tree *tree);

/* Removes a node (and, for a directory, all below it). */
void tree_remove(struct tree *tree, const char *path);

/* Removes every node (with all below it) that matches says true of; the root
 * is not asked about.  Returns how many nodes went. */
size_t tree_remove_if(struct tree *tree,
		      bool (*matches)(const struct node *node, void *context),
		      void *context);

/* Several names of one file of the source become hard links of the first. */
int tree_join_same(struct tree *tree, struct err *err);

/* "web.txt:7", or "always made", with relation and requester, for messages. */
void reason_words(const struct reason *reason, char *out, size_t size);

/* "directory", "link", ... */
const char *node_type_name(enum node_type type);

/* --print=tree: a line a node, sorted; what golden tests compare. */
int tree_print(const struct tree *tree, FILE *out, struct err *err);
