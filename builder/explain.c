#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "explain_parts.h"

enum { MAX_LINKS = 40, INDENT = 2 };

void explain_name(const char *name, FILE *out)
{
	for (; *name; name++) {
		unsigned char byte = (unsigned char)*name;

		if (byte < ' ' || byte == 127 || byte == '\\')
			fprintf(out, "\\x%02x", byte);
		else
			putc(byte, out);
	}
}

void explain_entry(const struct entry *entry, FILE *out)
{
	if (!entry) {
		fprintf(out, "always made");
		return;
	}
	fprintf(out, "%s:%u: %s%s", entry->file, entry->line,
		entry->optional ? "?" : "", verb_name(entry->verb));
	for (size_t i = 0; i < entry->n_args; i++) {
		putc(' ', out);
		explain_name(entry->args[i], out);
	}
	for (size_t i = 0; i < entry->n_pairs; i++) {
		fprintf(out, " %s=", entry->pairs[i].key);
		explain_name(entry->pairs[i].value, out);
	}
}

static void put_entry(const struct entry *entry, FILE *out)
{
	explain_entry(entry, out);
	putc('\n', out);
}

static void put_node(const struct node *node, size_t depth, FILE *out)
{
	fprintf(out, "%*s", (int)(INDENT * depth), "");
	if (node->reason.requester && node->reason.relation)
		fprintf(out, "%s: ", node->reason.relation);
	explain_name(node->path, out);
	if (node->target) {
		fprintf(out, node->type == NODE_SYMLINK ? " -> " : " = ");
		explain_name(node->target, out);
	}
	if (node->type == NODE_FILE && !node->reason.requester &&
	    node->content == CONTENT_TEXT)
		fprintf(out, " (made)");
	putc('\n', out);
}

static const struct node *requester(const struct tree *tree,
				    const struct node *node)
{
	const char *path = node->reason.requester;
	const struct node *found = path ? tree_find(tree, path) : NULL;

	return found == node ? NULL : found;
}

struct nodes {
	const struct node **items;
	size_t n;
};

static int add_node(struct nodes *nodes, const struct node *node,
		    struct err *err)
{
	const struct node **item = array_push(nodes->items, nodes->n);

	if (!item)
		return err_sys(err, ENOMEM, "%s", node->path);
	*item = node;
	return 0;
}

static bool is(const char *name, size_t len, const char *other)
{
	return strlen(other) == len && strncmp(name, other, len) == 0;
}

/* head[0..head_len] middle tail */
static char *join(const char *head, size_t head_len, const char *middle,
		  const char *tail)
{
	char *out;

	return asprintf(&out, "%.*s%s%s", (int)head_len, head, middle, tail) < 0
		       ? NULL
		       : out;
}

/* The length of path[0..len] without its last part. */
static size_t above(const char *path, size_t len)
{
	while (len > 0 && path[--len] != '/')
		;
	return len;
}

/* One part of a path, at path[start] == '/', as the image's root has it. */
static int rewrite_part(const struct tree *tree, const char *path, size_t start,
			size_t end, const struct node **link, char **out)
{
	const char *part = path + start + 1;
	size_t len = end - start - 1;
	auto_free char *prefix = strndup(path, end);
	const struct node *node = prefix ? tree_find(tree, prefix) : NULL;

	*link = NULL;
	if (len == 0 || is(part, len, "."))
		*out = join(path, start, "", path + end);
	else if (is(part, len, ".."))
		*out = join(path, above(path, start), "", path + end);
	else if (node && node->type == NODE_SYMLINK && *node->target == '/')
		*out = join("", 0, (*link = node)->target, path + end);
	else if (node && node->type == NODE_SYMLINK) {
		auto_free char *tail =
			join("/", 1, (*link = node)->target, path + end);

		*out = tail ? join(path, start, "", tail) : NULL;
	} else
		return prefix ? 0 : -1;
	return prefix && *out ? 1 : -1;
}

/*
 * Rewrites the leftmost part of *path that is a link, ".", ".." or empty: all
 * before it are then real directories.  1: done; 0: there is none; -1.
 */
static int rewrite(const struct tree *tree, char **path,
		   const struct node **link)
{
	for (size_t start = 0, end; (*path)[start]; start = end) {
		char *out = NULL;
		int done;

		end = start + 1 + strcspn(*path + start + 1, "/");
		done = rewrite_part(tree, *path, start, end, link, &out);
		if (done == 0)
			continue;
		if (done > 0) {
			free(*path);
			*path = out;
		}
		return done;
	}
	return 0;
}

/* What a path leads to (NULL: nothing) and the links that it crosses. */
static int follow(const struct tree *tree, const char *path,
		  const struct node **found, struct nodes *crossed,
		  struct err *err)
{
	auto_free char *at =
		join(*path == '/' ? "" : "/", *path == '/' ? 0 : 1, path, "");
	const struct node *link;
	int more = at ? 1 : -1;

	while (more == 1 && crossed->n < MAX_LINKS) {
		more = rewrite(tree, &at, &link);
		if (more == 1 && link && add_node(crossed, link, err) < 0)
			return -1;
	}
	if (more < 0)
		return err_sys(err, ENOMEM, "%s", path);
	*found = more ? NULL : tree_find(tree, *at ? at : "/");
	return 0;
}

/* A node of that base name, for whoever does not know the directory. */
static int no_such_path(const struct tree *tree, const char *path,
			const struct nodes *crossed, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (crossed->n > 0)
		return err_set(err, ERR_USAGE,
			       "--why %s: the link %s -> %s leads to nothing "
			       "in the image",
			       path, crossed->items[crossed->n - 1]->path,
			       crossed->items[crossed->n - 1]->target);
	for (size_t i = 0; *base && i < tree->n; i++) {
		const char *other = strrchr(tree->nodes[i]->path, '/') + 1;

		if (strcmp(base, other) == 0)
			return err_set(err, ERR_USAGE,
				       "--why %s: the image has no such path; "
				       "it has %s",
				       path, tree->nodes[i]->path);
	}
	return err_set(err, ERR_USAGE, "--why %s: the image has no such path",
		       path);
}

/* From the manifest's line down to the node. */
static int put_chain(const struct tree *tree, const struct node *node,
		     FILE *out, struct err *err)
{
	struct nodes chain = {0};
	size_t depth = 0;
	int status = 0;

	for (; node && status == 0 && chain.n < tree->n;
	     node = requester(tree, node))
		status = add_node(&chain, node, err);
	if (status == 0 && chain.n > 0) {
		put_entry(chain.items[chain.n - 1]->reason.entry, out);
		while (chain.n-- > 0)
			put_node(chain.items[chain.n], ++depth, out);
	}
	free(chain.items);
	return status;
}

int explain_why(const struct tree *tree, const struct source *source,
		const char *path, FILE *out, struct err *err)
{
	const struct node *found = NULL;
	struct nodes crossed = {0};
	int status = follow(tree, path, &found, &crossed, err);

	(void)source;
	if (status == 0 && !found && tree_find(tree, path)) {
		/* a link that leads to nothing, or to itself */
		found = tree_find(tree, path);
		crossed.n = 0;
	}
	if (status == 0 && !found)
		status = no_such_path(tree, path, &crossed, err);
	for (size_t i = 0; status == 0 && i < crossed.n; i++)
		status = put_chain(tree, crossed.items[i], out, err);
	if (status == 0)
		status = put_chain(tree, found, out, err);
	free(crossed.items);
	return status;
}

/* Under one requester, in order; those without one by their entry. */
static int compare_requests(const void *a, const void *b)
{
	const struct node *const *one = a, *const *other = b;
	const char *first = (*one)->reason.requester;
	const char *second = (*other)->reason.requester;
	int order = strcmp(first ? first : "", second ? second : "");

	return order ? order : strcmp((*one)->path, (*other)->path);
}

static bool is_only_above(const struct node *node)
{
	const char *relation = node->reason.relation;

	return node->type == NODE_DIR && relation &&
	       strcmp(relation, "directory above") == 0;
}

/* The first of the nodes, sorted, that a path has requested. */
static size_t first_of(const struct nodes *nodes, const char *path)
{
	size_t low = 0, high = nodes->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *name = nodes->items[middle]->reason.requester;

		if (strcmp(name ? name : "", path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* depth is bounded: that a loop of requesters hangs on no root. */
static void put_below(const struct nodes *nodes, const struct node *node,
		      size_t depth, FILE *out)
{
	put_node(node, depth, out);
	if (depth > nodes->n)
		return;
	for (size_t i = first_of(nodes, node->path); i < nodes->n; i++) {
		const char *name = nodes->items[i]->reason.requester;

		if (!name || strcmp(name, node->path) != 0)
			break;
		if (nodes->items[i] != node)
			put_below(nodes, nodes->items[i], depth + 1, out);
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *const *one = a, *const *other = b;
	int order;

	if (!*one || !*other)
		return !*one - !*other; /* what is always made comes last */
	order = strcmp((*one)->file, (*other)->file);
	if (order)
		return order;
	return ((*one)->line > (*other)->line) -
	       ((*one)->line < (*other)->line);
}

struct entries {
	const struct entry **items;
	size_t n;
};

/* Every entry that brought a node in, once, in the manifest's order. */
static int list_entries(const struct nodes *nodes, struct entries *entries,
			struct err *err)
{
	size_t kept = 0;

	entries->items = calloc(nodes->n + 1, sizeof(struct entry *));
	if (!entries->items)
		return err_sys(err, ENOMEM, "explain");
	for (size_t i = 0; i < nodes->n; i++)
		entries->items[i] = nodes->items[i]->reason.entry;
	qsort(entries->items, nodes->n, sizeof(struct entry *),
	      compare_entries);
	for (size_t i = 0; i < nodes->n; i++)
		if (kept == 0 || entries->items[kept - 1] != entries->items[i])
			entries->items[kept++] = entries->items[i];
	entries->n = kept;
	return 0;
}

static bool is_top(const struct tree *tree, const struct node *node)
{
	return !requester(tree, node);
}

static int list_nodes(const struct tree *tree, struct nodes *nodes,
		      struct err *err)
{
	for (size_t i = 0; i < tree->n; i++)
		if (!is_only_above(tree->nodes[i]) &&
		    add_node(nodes, tree->nodes[i], err) < 0)
			return -1;
	if (nodes->n > 0)
		qsort(nodes->items, nodes->n, sizeof(struct node *),
		      compare_requests);
	return 0;
}

static void put_tree(const struct tree *tree, const struct nodes *nodes,
		     const struct entries *entries, FILE *out)
{
	for (size_t i = 0; i < entries->n; i++) {
		put_entry(entries->items[i], out);
		for (size_t k = 0; k < nodes->n; k++)
			if (nodes->items[k]->reason.entry ==
				    entries->items[i] &&
			    is_top(tree, nodes->items[k]))
				put_below(nodes, nodes->items[k], 1, out);
	}
}

int explain_tree(const struct tree *tree, const struct source *source,
		 FILE *out, struct err *err)
{
	struct nodes nodes = {0};
	struct entries entries = {0};
	int status = list_nodes(tree, &nodes, err);

	(void)source;
	if (status == 0)
		status = list_entries(&nodes, &entries, err);
	if (status == 0)
		put_tree(tree, &nodes, &entries, out);
	free(nodes.items);
	free(entries.items);
	return status;
}
