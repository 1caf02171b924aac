#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "explain.h"
#include "explain_parts.h"
#include "owners.h"

/* One line of a table. */
struct share {
	const struct entry *entry; /* by line; else */
	const char *name; /* a package or a path */
	off_t size;
	size_t n_files;
};

struct shares {
	struct share *items;
	size_t n;
};

/* "1.2 MB": powers of 1000, one digit behind the point. */
static void human(off_t size, char *out, size_t room)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)size;
	size_t unit = 0;

	while (value >= 999.95 && unit < 4) {
		value /= 1000;
		unit++;
	}
	snprintf(out, room, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static int compare_size(const void *a, const void *b)
{
	const struct share *one = a, *other = b;

	if (one->size != other->size)
		return one->size < other->size ? 1 : -1;
	if (one->entry && other->entry) {
		int order = strcmp(one->entry->file, other->entry->file);

		if (order)
			return order;
		return one->entry->line < other->entry->line ? -1 : 1;
	}
	if (one->name && other->name)
		return strcmp(one->name, other->name);
	return one->entry || one->name ? -1 : 1;
}

static void put_share(off_t size, size_t n_files, FILE *out)
{
	char words[32];

	human(size, words, sizeof(words));
	fprintf(out, "%14lld  %9s", (long long)size, words);
	if (n_files > 0)
		fprintf(out, "  %5zu %s", n_files,
			n_files == 1 ? "file " : "files");
}

/* The greatest first. */
static void put_shares(struct shares *shares, const char *title, FILE *out)
{
	fprintf(out, "by %s:\n", title);
	if (shares->n > 0)
		qsort(shares->items, shares->n, sizeof(*shares->items),
		      compare_size);
	for (size_t i = 0; i < shares->n; i++) {
		const struct share *share = &shares->items[i];

		put_share(share->size, share->n_files, out);
		fprintf(out, "  ");
		if (share->name)
			explain_name(share->name, out);
		else
			explain_entry(share->entry, out);
		putc('\n', out);
	}
	putc('\n', out);
}

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "add up sizes");
}

/* Adds to the last share, or begins another if is_other. */
static int add_share(struct shares *shares, bool is_other,
		     const struct share *share, struct err *err)
{
	struct share *last;

	if (shares->n == 0 || is_other) {
		last = array_push(shares->items, shares->n);
		if (!last)
			return no_memory(err);
		*last = *share;
		return 0;
	}
	last = &shares->items[shares->n - 1];
	last->size += share->size;
	last->n_files += share->n_files;
	return 0;
}

static int compare_entry(const void *a, const void *b)
{
	const struct node *const *one = a, *const *other = b;
	const struct entry *first = (*one)->reason.entry;
	const struct entry *second = (*other)->reason.entry;

	return (first > second) - (first < second);
}

/* The pointers' order is arbitrary; put_shares() sorts what comes of it. */
static int put_by_entry(const struct node **files, size_t n, FILE *out,
			struct err *err)
{
	struct shares shares = {0};
	int status = 0;

	qsort(files, n, sizeof(struct node *), compare_entry);
	for (size_t i = 0; status == 0 && i < n; i++) {
		const struct entry *entry = files[i]->reason.entry;
		struct share share = {
			.entry = entry, .size = files[i]->size, .n_files = 1};

		status = add_share(
			&shares, i == 0 || files[i - 1]->reason.entry != entry,
			&share, err);
	}
	if (status == 0)
		put_shares(&shares, "line of the manifest", out);
	free(shares.items);
	return status;
}

/* Files that no database can tell about have words for a package. */
static const char *origin(const struct node *node)
{
	switch (node->content) {
	case CONTENT_SOURCE:
		return NULL;
	case CONTENT_HOST:
		return "(copied from this machine)";
	case CONTENT_TEXT:
	case CONTENT_PART:
	case CONTENT_NONE:
		break;
	}
	return "(made)";
}

static int compare_name(const void *a, const void *b)
{
	const struct share *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static int sum_names(struct shares *all, FILE *out, struct err *err)
{
	struct shares shares = {0};
	int status = 0;

	if (all->n > 0)
		qsort(all->items, all->n, sizeof(*all->items), compare_name);
	for (size_t i = 0; status == 0 && i < all->n; i++)
		status = add_share(&shares,
				   i == 0 || strcmp(all->items[i - 1].name,
						    all->items[i].name) != 0,
				   &all->items[i], err);
	if (status == 0)
		put_shares(&shares, "package", out);
	free(shares.items);
	return status;
}

static int compare_from(const void *a, const void *b)
{
	const struct node *const *one = a, *const *other = b;

	return strcmp((*one)->from ? (*one)->from : "",
		      (*other)->from ? (*other)->from : "");
}

/* Files sorted by source path stand beside the packages, sorted alike. */
static int list_packages(const struct node **files, size_t n,
			 const struct owned *owned, struct shares *all,
			 struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct share *share = array_push(all->items, all->n);

		if (!share)
			return no_memory(err);
		share->name = origin(files[i]);
		if (!share->name)
			share->name = owned[i].package ? owned[i].package
						       : "(no package)";
		share->size = files[i]->size;
		share->n_files = 1;
	}
	return 0;
}

static int put_by_package(const struct source *source,
			  const struct node **files, size_t n, FILE *out,
			  struct err *err)
{
	auto_free struct owned *owned = calloc(n + 1, sizeof(*owned));
	struct shares all = {0};
	int status;

	if (!owned)
		return no_memory(err);
	qsort(files, n, sizeof(struct node *), compare_from);
	for (size_t i = 0; i < n; i++)
		owned[i].path = files[i]->from ? files[i]->from : "";
	status = owners_find(source, owned, n, err);
	if (status == 0)
		status = list_packages(files, n, owned, &all, err);
	if (status == 0)
		status = sum_names(&all, out, err);
	free(all.items);
	owners_clear(owned, n);
	return status;
}

static int put_by_file(const struct node **files, size_t n, FILE *out,
		       struct err *err)
{
	struct shares shares = {0};
	int status = 0;

	for (size_t i = 0; status == 0 && i < n; i++) {
		struct share share = {.name = files[i]->path,
				      .size = files[i]->size};

		status = add_share(&shares, true, &share, err);
	}
	if (status == 0)
		put_shares(&shares, "file", out);
	free(shares.items);
	return status;
}

int explain_size(const struct tree *tree, const struct source *source,
		 FILE *out, struct err *err)
{
	auto_free const struct node **files =
		calloc(tree->n + 1, sizeof(struct node *));
	size_t n = 0;

	if (!files)
		return no_memory(err);
	for (size_t i = 0; i < tree->n; i++)
		if (tree->nodes[i]->type == NODE_FILE)
			files[n++] = tree->nodes[i];
	if (put_by_entry(files, n, out, err) < 0 ||
	    put_by_package(source, files, n, out, err) < 0 ||
	    put_by_file(files, n, out, err) < 0)
		return -1;
	put_share(tree->content_size, n, out);
	fprintf(out, "  in all\n");
	return 0;
}
