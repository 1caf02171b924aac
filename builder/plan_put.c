#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan_parts.h"

/* What a node is made of, in words: "file /etc/x of the source". */
static void content_words(const struct node *node, char *out, size_t size)
{
	switch (node->content) {
	case CONTENT_SOURCE:
		snprintf(out, size, "%s", node->from);
		return;
	case CONTENT_HOST:
		snprintf(out, size, "copy of %s", node->from);
		return;
	case CONTENT_TEXT:
		snprintf(out, size, "text");
		return;
	case CONTENT_PART:
		snprintf(out, size, "part of %s", node->from);
		return;
	case CONTENT_NONE:
		snprintf(out, size, "%s%s", node->target ? "-> " : "",
			 node->target ? node->target
				      : node_type_name(node->type));
	}
}

static int refuse(const struct node *node, const struct node *want,
		  const struct reason *reason, struct err *err)
{
	char first[160], second[160], first_why[200], second_why[200];

	content_words(node, first, sizeof(first));
	content_words(want, second, sizeof(second));
	reason_words(&node->reason, first_why, sizeof(first_why));
	reason_words(reason, second_why, sizeof(second_why));
	return err_set(err, ERR_MANIFEST,
		       "%s: two contents: %s (%s) and %s (%s)", node->path,
		       second, second_why, first, first_why);
}

static int refuse_mode(const struct node *node, const struct node *want,
		       const struct reason *reason, struct err *err)
{
	char first[200], second[200];

	reason_words(&node->reason, first, sizeof(first));
	reason_words(reason, second, sizeof(second));
	return err_set(err, ERR_MANIFEST,
		       "%s: two modes: %04o (%s) and %04o (%s)", node->path,
		       want->mode, second, node->mode, first);
}

static int refuse_home(const struct node *node, const struct node *want,
		       const struct reason *reason, struct err *err)
{
	char first[200], second[200];

	reason_words(&node->reason, first, sizeof(first));
	reason_words(reason, second, sizeof(second));
	return err_set(err, ERR_MANIFEST,
		       "%s: the home of two users: %u (%s) and %u (%s)",
		       node->path, want->uid, second, node->uid, first);
}

static bool same_content(const struct node *node, const struct node *want)
{
	if (node->target || want->target)
		return node->target && want->target &&
		       strcmp(node->target, want->target) == 0;
	if (node->content != want->content || node->rdev != want->rdev)
		return false;
	switch (node->content) {
	case CONTENT_SOURCE:
	case CONTENT_HOST:
		return strcmp(node->from, want->from) == 0;
	case CONTENT_TEXT:
		return node->size == want->size &&
		       memcmp(node->text, want->text, (size_t)node->size) == 0;
	case CONTENT_PART:
		return node->part.fd == want->part.fd &&
		       node->part.offset == want->part.offset;
	case CONTENT_NONE:
		break;
	}
	return true;
}

static int copy_string(char **to, const char *from, size_t len)
{
	if (!from)
		return 0;
	*to = malloc(len + 1);
	if (!*to)
		return -ENOMEM;
	memcpy(*to, from, len);
	(*to)[len] = '\0';
	return 0;
}

static int fill(struct tree *tree, struct node *node, const struct node *want,
		struct err *err)
{
	if (copy_string(&node->target, want->target,
			want->target ? strlen(want->target) : 0) < 0 ||
	    copy_string(&node->from, want->from,
			want->from ? strlen(want->from) : 0) < 0 ||
	    copy_string(&node->text, want->text, (size_t)want->size) < 0)
		return err_sys(err, ENOMEM, "plan %s", node->path);
	node->mode = want->mode;
	node->uid = want->uid;
	node->gid = want->gid;
	node->rank = want->rank;
	node->exceptions = want->exceptions;
	node->rdev = want->rdev;
	node->content = want->content;
	node->identity = want->identity;
	tree_set_size(tree, node, want->size);
	return 0;
}

/* The firmer mode counts; only a home has an owner. */
static int merge_mode(struct node *node, const struct node *want,
		      const struct reason *reason, struct err *err)
{
	if (want->rank == RANK_GIVEN && node->rank == RANK_GIVEN &&
	    want->mode != node->mode)
		return refuse_mode(node, want, reason, err);
	if (want->exceptions & node->exceptions & IS_HOME &&
	    want->uid != node->uid)
		return refuse_home(node, want, reason, err);
	if (want->exceptions & IS_HOME) {
		node->uid = want->uid;
		node->gid = want->gid;
		node->exceptions |= IS_HOME;
	}
	if (want->rank <= node->rank)
		return 0;
	node->mode = want->mode;
	node->rank = want->rank;
	return 0;
}

int plan_put(struct plan *plan, const struct node *want,
	     const struct reason *reason, struct err *err)
{
	struct node *node;
	bool is_new;

	node = tree_add(plan->tree, want->path, want->type, reason, &is_new,
			err);
	if (!node)
		return -1;
	if (is_new)
		return fill(plan->tree, node, want, err);
	if (!same_content(node, want))
		return refuse(node, want, reason, err);
	return merge_mode(node, want, reason, err);
}
