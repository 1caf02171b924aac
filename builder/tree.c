#include "tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "array.h"
#include "printed.h"

/* Open addressing; room is a power of two, never more than half full. */
struct tree_index {
	struct node **slots;
	size_t room;
};

static uint64_t hash_path(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
	return hash ^ hash >> 32;
}

/* Where a path is, or the free slot where it belongs. */
static struct node **index_slot(const struct tree_index *index,
				const char *path)
{
	size_t at = hash_path(path) & (index->room - 1);

	while (index->slots[at] && strcmp(index->slots[at]->path, path) != 0)
		at = (at + 1) & (index->room - 1);
	return &index->slots[at];
}

static void index_fill(const struct tree *tree)
{
	struct tree_index *index = tree->index;

	memset(index->slots, 0, index->room * sizeof(*index->slots));
	for (size_t i = 0; i < tree->n; i++)
		*index_slot(index, tree->nodes[i]->path) = tree->nodes[i];
}

/* Makes room for one more node. */
static int index_reserve(struct tree *tree)
{
	struct tree_index *index = tree->index;
	struct node **slots;

	if (2 * (tree->n + 1) <= index->room)
		return 0;
	slots = calloc(2 * index->room, sizeof(*slots));
	if (!slots)
		return -1;
	free(index->slots);
	index->slots = slots;
	index->room *= 2;
	index_fill(tree);
	return 0;
}

static void node_free(struct node *node)
{
	if (!node)
		return;
	free(node->path);
	free(node->target);
	free(node->from);
	free(node->text);
	free(node->caps);
	free(node->reason.requester);
	free(node);
}
DEFINE_AUTO(node)

static struct node *node_new(const char *path, enum node_type type,
			     const struct reason *reason)
{
	auto_of(node) struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->path = strdup(path);
	node->type = type;
	node->reason = *reason;
	node->reason.requester = NULL;
	if (reason->requester)
		node->reason.requester = strdup(reason->requester);
	if (!node->path || (reason->requester && !node->reason.requester))
		return NULL;
	return TAKE(node);
}

/* Index of the first node whose path is not below the given one. */
static size_t lower_bound(const struct tree *tree, const char *path)
{
	size_t low = 0, high = tree->n;

	if (tree->n && strcmp(tree->nodes[tree->n - 1]->path, path) < 0)
		return tree->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(tree->nodes[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct tree *tree, struct node *node)
{
	size_t at = tree->in_batch ? tree->n : lower_bound(tree, node->path);

	if (index_reserve(tree) < 0 || !array_push(tree->nodes, tree->n))
		return -1;
	memmove(&tree->nodes[at + 1], &tree->nodes[at],
		(tree->n - 1 - at) * sizeof(*tree->nodes));
	tree->nodes[at] = node;
	*index_slot(tree->index, node->path) = node;
	return 0;
}

struct tree *tree_new(void)
{
	const struct reason always = {.relation = "root"};
	auto_of(tree) struct tree *tree = calloc(1, sizeof(*tree));
	auto_of(node) struct node *root = NULL;

	if (!tree)
		return NULL;
	tree->index = calloc(1, sizeof(*tree->index));
	if (!tree->index)
		return NULL;
	tree->index->room = 64;
	tree->index->slots = calloc(64, sizeof(*tree->index->slots));
	root = node_new("/", NODE_DIR, &always);
	if (!tree->index->slots || !root)
		return NULL;
	root->mode = 0755;
	if (insert(tree, root) < 0)
		return NULL;
	root = NULL;
	return TAKE(tree);
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->n; i++)
		node_free(tree->nodes[i]);
	free(tree->nodes);
	if (tree->index)
		free(tree->index->slots);
	free(tree->index);
	free(tree);
}

struct node *tree_find(const struct tree *tree, const char *path)
{
	return *index_slot(tree->index, path);
}

const char *node_type_name(enum node_type type)
{
	static const char *const names[] = {
		[NODE_DIR] = "directory", [NODE_FILE] = "file",
		[NODE_SYMLINK] = "link",  [NODE_HARDLINK] = "hard link",
		[NODE_CHAR] = "device",	  [NODE_FIFO] = "FIFO",
	};

	return names[type];
}

void reason_words(const struct reason *reason, char *out, size_t size)
{
	char place[256] = "always made";

	if (reason->entry)
		snprintf(place, sizeof(place), "%s:%u", reason->entry->file,
			 reason->entry->line);
	if (reason->requester)
		snprintf(out, size, "%s, %s of %s", place,
			 reason->relation ? reason->relation : "part",
			 reason->requester);
	else
		snprintf(out, size, "%s", place);
}

static int refuse_types(const struct node *node, enum node_type type,
			const struct reason *reason, struct err *err)
{
	char first[400], second[400];

	reason_words(&node->reason, first, sizeof(first));
	reason_words(reason, second, sizeof(second));
	return err_set(err, ERR_MANIFEST, "%s: a %s (%s) and a %s (%s)",
		       node->path, node_type_name(type), second,
		       node_type_name(node->type), first);
}

/* A file or link where a directory above `path` would have to be. */
static int refuse_parent(const struct node *node, const char *path,
			 const struct reason *reason, struct err *err)
{
	char first[400], second[400];

	reason_words(&node->reason, first, sizeof(first));
	reason_words(reason, second, sizeof(second));
	return err_set(err, ERR_MANIFEST,
		       "%s (%s) would lie below the %s %s%s%s (%s)", path,
		       second, node_type_name(node->type), node->path,
		       node->target ? " -> " : "",
		       node->target ? node->target : "", first);
}

static struct node *add_new(struct tree *tree, const char *path,
			    enum node_type type, const struct reason *reason,
			    struct err *err)
{
	auto_of(node) struct node *node = node_new(path, type, reason);

	if (!node || insert(tree, node) < 0) {
		err_sys(err, ENOMEM, "plan %s", path);
		return NULL;
	}
	return TAKE(node);
}

/* The directory that holds path, added if need be; the caller frees nothing. */
static int add_parents(struct tree *tree, const char *path,
		       const struct reason *reason, struct err *err)
{
	auto_free char *above = strdup(path);
	struct reason why = {reason->entry, NULL, "directory above"};
	struct node *node;
	char *slash;

	if (!above)
		return err_sys(err, ENOMEM, "plan %s", path);
	slash = strrchr(above, '/');
	if (slash == above)
		return 0; /* the root */
	*slash = '\0';
	node = tree_find(tree, above);
	if (node && node->type != NODE_DIR)
		return refuse_parent(node, path, reason, err);
	if (node)
		return 0;
	if (add_parents(tree, above, reason, err) < 0)
		return -1;
	why.requester = above;
	if (reason->requester)
		why.requester = reason->requester;
	node = add_new(tree, above, NODE_DIR, &why, err);
	if (!node)
		return -1;
	node->mode = 0755;
	return 0;
}

struct node *tree_add(struct tree *tree, const char *path, enum node_type type,
		      const struct reason *reason, bool *is_new,
		      struct err *err)
{
	struct node *node = tree_find(tree, path);

	*is_new = !node;
	if (node && node->type != type) {
		refuse_types(node, type, reason, err);
		return NULL;
	}
	if (node)
		return node;
	if (add_parents(tree, path, reason, err) < 0)
		return NULL;
	return add_new(tree, path, type, reason, err);
}

void tree_set_size(struct tree *tree, struct node *node, off_t size)
{
	tree->content_size += size - node->size;
	node->size = size;
}

static int compare_paths(const void *a, const void *b)
{
	const struct node *const *first = a, *const *second = b;

	return strcmp((*first)->path, (*second)->path);
}

void tree_begin_batch(struct tree *tree)
{
	tree->in_batch = true;
}

void tree_end_batch(struct tree *tree)
{
	tree->in_batch = false;
	qsort(tree->nodes, tree->n, sizeof(struct node *), compare_paths);
}

static bool parent_is_going(const struct tree *tree, const struct node *node)
{
	char *slash = strrchr(node->path, '/');
	struct node *parent;

	if (slash == node->path)
		return false; /* below the root, which stays */
	*slash = '\0';
	parent = tree_find(tree, node->path);
	*slash = '/';
	return parent->is_going;
}

/* Frees every node that is going; the others keep their order. */
static size_t sweep(struct tree *tree)
{
	size_t kept = 0, n = tree->n;

	for (size_t i = 0; i < n; i++) {
		struct node *node = tree->nodes[i];

		if (!node->is_going) {
			tree->nodes[kept++] = node;
			continue;
		}
		tree->content_size -= node->size;
		node_free(node);
	}
	tree->n = kept;
	index_fill(tree);
	return n - kept;
}

size_t tree_remove_if(struct tree *tree,
		      bool (*matches)(const struct node *node, void *context),
		      void *context)
{
	/* A directory stands before what is in it. */
	for (size_t i = 1; i < tree->n; i++) {
		struct node *node = tree->nodes[i];

		node->is_going =
			parent_is_going(tree, node) || matches(node, context);
	}
	return sweep(tree);
}

static bool is_node(const struct node *node, void *context)
{
	return node == context;
}

void tree_remove(struct tree *tree, const char *path)
{
	struct node *node = tree_find(tree, path);

	if (node)
		tree_remove_if(tree, is_node, node);
}

/* Equal: the same file of the source, in all that a hard link shares. */
static int compare_files(const struct node *a, const struct node *b)
{
	if (a->identity.dev != b->identity.dev)
		return a->identity.dev < b->identity.dev ? -1 : 1;
	if (a->identity.ino != b->identity.ino)
		return a->identity.ino < b->identity.ino ? -1 : 1;
	if (a->mode != b->mode)
		return a->mode < b->mode ? -1 : 1;
	return strcmp(a->caps ? a->caps : "", b->caps ? b->caps : "");
}

static int compare_names(const void *a, const void *b)
{
	const struct node *const *first = a, *const *second = b;
	int order = compare_files(*first, *second);

	return order ? order : strcmp((*first)->path, (*second)->path);
}

static int become_link(struct tree *tree, struct node *node,
		       const struct node *to, struct err *err)
{
	node->target = strdup(to->path);
	if (!node->target)
		return err_sys(err, ENOMEM, "plan %s", node->path);
	tree_set_size(tree, node, 0);
	node->type = NODE_HARDLINK;
	node->content = CONTENT_NONE;
	return 0;
}

int tree_join_same(struct tree *tree, struct err *err)
{
	auto_free struct node **files = calloc(tree->n, sizeof(struct node *));
	size_t n = 0, first = 0;

	if (!files)
		return err_sys(err, ENOMEM, "plan");
	for (size_t i = 0; i < tree->n; i++)
		if (tree->nodes[i]->content == CONTENT_SOURCE)
			files[n++] = tree->nodes[i];
	qsort(files, n, sizeof(struct node *), compare_names);
	for (size_t i = 1; i < n; i++) {
		if (compare_files(files[first], files[i]) != 0)
			first = i;
		else if (become_link(tree, files[i], files[first], err) < 0)
			return -1;
	}
	return 0;
}

/* A name of any bytes on one line, without ambiguity. */
static void print_name(const char *name, FILE *out)
{
	for (; *name; name++) {
		unsigned char byte = (unsigned char)*name;

		if (byte <= ' ' || byte == 127 || byte == '\\')
			fprintf(out, "\\x%02x", byte);
		else
			putc(byte, out);
	}
}

static void print_detail(const struct node *node, FILE *out)
{
	if (node->type == NODE_FILE)
		fprintf(out, " %lld ", (long long)node->size);
	else if (node->type == NODE_CHAR)
		fprintf(out, " %u:%u ", major(node->rdev), minor(node->rdev));
	else
		fprintf(out, " - ");
}

static void print_node(const struct node *node, FILE *out)
{
	static const char *const words[] = {
		[NODE_DIR] = "dir",	 [NODE_FILE] = "file",
		[NODE_SYMLINK] = "link", [NODE_HARDLINK] = "same",
		[NODE_CHAR] = "char",	 [NODE_FIFO] = "fifo",
	};
	static const char *const origins[] = {
		[CONTENT_NONE] = NULL,	  [CONTENT_SOURCE] = "",
		[CONTENT_HOST] = "copy:", [CONTENT_TEXT] = NULL,
		[CONTENT_PART] = "part:",
	};

	fprintf(out, "%s %04o %u:%u", words[node->type], node->mode, node->uid,
		node->gid);
	print_detail(node, out);
	print_name(node->path, out);
	if (node->target) {
		fprintf(out, node->type == NODE_SYMLINK ? " -> " : " = ");
		print_name(node->target, out);
	}
	if (origins[node->content] && (node->content != CONTENT_SOURCE ||
				       strcmp(node->from, node->path) != 0)) {
		fprintf(out, " < %s", origins[node->content]);
		print_name(node->from, out);
	}
	if (node->caps)
		fprintf(out, " caps=%s", node->caps);
	putc('\n', out);
}

int tree_print(const struct tree *tree, FILE *out, struct err *err)
{
	for (size_t i = 0; i < tree->n; i++)
		print_node(tree->nodes[i], out);
	return printed_check(out, err);
}
