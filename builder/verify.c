#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "image_read.h"
#include "manifest.h"
#include "tar_header.h"
#include "tar_layout.h"
#include "tar_stream.h"
#include "verify_lockdown.h"

#define MANIFEST "/.jail/manifest"

struct check {
	const char *path;
	struct image *image;
};

static int violation(struct check *check, const char *name, const char *words,
		     struct err *err)
{
	if (flaws_add(&check->image->flaws, name, "%s", words) < 0)
		return err_sys(err, ENOMEM, "%s", check->path);
	return 0;
}

/* Reading and writing it again gives the same bytes. */
static int compare_canonical(struct check *check,
			     const struct manifest *manifest,
			     const struct node *node, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	int status, differs;

	if (!memory)
		return err_sys(err, ENOMEM, "%s", check->path);
	status = manifest_write(manifest, memory, err);
	if (fclose(memory) != 0 && status == 0)
		status = err_sys(err, ENOMEM, "%s", check->path);
	differs = len != (size_t)node->size || !text ||
		  memcmp(text, node->text, len) != 0;
	free(text);
	if (status == 0 && differs)
		status = violation(check, MANIFEST, "not in canonical form",
				   err);
	return status;
}

static int check_manifest(struct check *check, struct manifest **manifest,
			  struct err *err)
{
	const struct node *node = tree_find(check->image->tree, MANIFEST);
	struct err why = {0};

	if (!node || node->content != CONTENT_TEXT)
		return violation(check, MANIFEST,
				 "not there: no image of jailbuild", err);
	if (manifest_read_text(node->text, (size_t)node->size, MANIFEST,
			       manifest, &why) < 0) {
		if (why.kind == ERR_SYSTEM) {
			*err = why;
			return -1;
		}
		return violation(check, NULL, why.msg, err);
	}
	return compare_canonical(check, *manifest, node, err);
}

/* How the bytes of a tar are told from those that were expected. */
struct compare {
	struct check *check;
	struct tar_stream *stream;
	char *wanted, *found; /* header_max or TAR_BLOCK bytes each */
	bool differs;
};

static int differ(struct compare *compare, const char *name, const char *words,
		  struct err *err)
{
	compare->differs = true;
	return violation(compare->check, name, words, err);
}

static int compare_header(struct compare *compare,
			  const struct tar_member *member, struct err *err)
{
	size_t len = (size_t)(member->content - member->header), got;

	if (tar_header_put(member, compare->check->image->mtime,
			   compare->wanted, err) < 0 ||
	    tar_stream_read(compare->stream, compare->found, len, &got, err) <
		    0)
		return -1;
	if (got == len && memcmp(compare->wanted, compare->found, len) == 0)
		return 0;
	return differ(compare, member->node->path,
		      "its header is not as jailbuild writes it", err);
}

/* Contents may be anything, but must be there. */
static int skip_content(struct compare *compare, off_t size, struct err *err)
{
	off_t got;

	if (tar_stream_skip(compare->stream, size, &got, err) < 0)
		return -1;
	return got < size ? differ(compare, NULL, "ends too early", err) : 0;
}

static int compare_zeros(struct compare *compare, off_t size, const char *name,
			 struct err *err)
{
	static const char zeros[TAR_BLOCK];

	for (off_t done = 0; done < size; done += TAR_BLOCK) {
		off_t left = size - done;
		size_t want = left < TAR_BLOCK ? (size_t)left : TAR_BLOCK, got;

		if (tar_stream_read(compare->stream, compare->found, want, &got,
				    err) < 0)
			return -1;
		if (got < want || memcmp(compare->found, zeros, want) != 0)
			return differ(compare, name,
				      "is not followed by zeros alone", err);
	}
	return 0;
}

static int compare_member(struct compare *compare,
			  const struct tar_member *member, struct err *err)
{
	off_t size = member->type == NODE_FILE ? member->file->size : 0;
	off_t over = size % TAR_BLOCK;

	if (compare_header(compare, member, err) < 0)
		return -1;
	if (!compare->differs && skip_content(compare, size, err) < 0)
		return -1;
	if (compare->differs || over == 0)
		return 0;
	return compare_zeros(compare, TAR_BLOCK - over, member->node->path,
			     err);
}

static int compare_end(struct compare *compare, const struct tar_layout *layout,
		       struct err *err)
{
	const struct tar_member *last = &layout->members[layout->n - 1];
	off_t end = last->content;
	size_t got;

	if (last->type == NODE_FILE)
		end += (last->file->size + TAR_BLOCK - 1) / TAR_BLOCK *
		       TAR_BLOCK;
	if (compare_zeros(compare, layout->size - end, "the last member", err) <
	    0)
		return -1;
	if (compare->differs)
		return 0;
	if (tar_stream_read(compare->stream, compare->found, 1, &got, err) < 0)
		return -1;
	return got ? differ(compare, NULL, "there is more behind its end", err)
		   : 0;
}

static int compare_bytes(struct compare *compare,
			 const struct tar_layout *layout, struct err *err)
{
	size_t room = layout->header_max;
	auto_free char *wanted = calloc(room, 1);
	auto_free char *found = calloc(room, 1);

	if (!wanted || !found)
		return err_sys(err, ENOMEM, "%s", compare->check->path);
	compare->wanted = wanted;
	compare->found = found;
	for (size_t i = 0; i < layout->n && !compare->differs; i++)
		if (compare_member(compare, &layout->members[i], err) < 0)
			return -1;
	return compare->differs ? 0 : compare_end(compare, layout, err);
}

/*
 * Whether the archive claims to carry an index: its first member, the root,
 * has a pax header, which nothing else would give it.  Whether the index is
 * right, the comparison says.
 */
static int has_index(struct tar_stream *stream, bool *out, struct err *err)
{
	char block[TAR_BLOCK] = {0};
	size_t got;

	if (tar_stream_read(stream, block, sizeof(block), &got, err) < 0)
		return -1;
	*out = block[TAR_TYPE_OFFSET] == TAR_TYPE_PAX;
	return 0;
}

static int make_layout(const struct check *check, int fd,
		       struct tar_layout **layout, struct err *err)
{
	auto_of(tar_stream) struct tar_stream *stream = NULL;
	struct tar_kind kind = {.mtime = check->image->mtime};

	if (tar_stream_open(fd, check->path, &stream, err) < 0 ||
	    has_index(stream, &kind.is_mountable, err) < 0)
		return -1;
	return tar_layout_make(check->image->tree, &kind, layout, err);
}

static int check_bytes(struct check *check, struct err *err)
{
	auto_close int fd =
		open(check->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_of(tar_stream) struct tar_stream *stream = NULL;
	auto_of(tar_layout) struct tar_layout *layout = NULL;
	struct compare compare = {.check = check};

	if (fd < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", check->path);
	if (check->image->mtime < 0)
		return violation(check, "/", "a time before 1970", err);
	if (make_layout(check, fd, &layout, err) < 0 ||
	    tar_stream_open(fd, check->path, &stream, err) < 0)
		return -1;
	compare.stream = stream;
	return compare_bytes(&compare, layout, err);
}

static void print_flaws(const struct flaws *flaws, const char *path, FILE *out)
{
	for (size_t i = 0; i < flaws->n; i++)
		fprintf(out, "%s: %s\n", path, flaws->items[i]);
	if (flaws->n_more > 0)
		fprintf(out, "%s: and %zu violations more\n", path,
			flaws->n_more);
}

int verify_image(const char *path, FILE *out, size_t *n_violations,
		 struct err *err)
{
	auto_of(image) struct image *image = NULL;
	auto_of(manifest) struct manifest *manifest = NULL;
	struct check check = {.path = path};

	if (image_read(path, &image, err) < 0)
		return -1;
	check.image = image;
	if (check_manifest(&check, &manifest, err) < 0)
		return -1;
	/* what is no tree cannot be written again */
	if (!image->is_dir && image->flaws.n == 0 &&
	    check_bytes(&check, err) < 0)
		return -1;
	if (verify_lockdown(image, manifest, err) < 0)
		return -1;
	print_flaws(&image->flaws, path, out);
	*n_violations = image->flaws.n + image->flaws.n_more;
	return 0;
}
