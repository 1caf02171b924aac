#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "fdio.h"
#include "pattern.h"
#include "plan_parts.h"

mode_t plan_mode(const char *text, mode_t otherwise)
{
	return text ? (mode_t)strtoul(text, NULL, 8) & 07777 : otherwise;
}

int plan_missing(const struct entry *entry, int error, const char *path,
		 struct err *err)
{
	if (entry->optional && (error == -ENOENT || error == -ENOTDIR))
		return 0;
	entry_error(entry, err, "%s: %s", path, strerrordesc_np(-error));
	if (source_failed(error))
		err->kind = ERR_SYSTEM;
	else if (error == -EACCES || error == -EPERM)
		err->kind = ERR_INPUT; /* whoever builds may not read it */
	err->sys = -error;
	return -1;
}

static struct identity identity_of(const struct stat *st)
{
	return (struct identity){st->st_dev, st->st_ino, st->st_mtim,
				 st->st_ctim};
}

/* A failure to look at the source, on behalf of whatever wants it. */
static int refuse_look(const struct reason *reason, int error, const char *path,
		       struct err *err)
{
	struct entry unknown = {.file = "(always made)"};
	struct entry must = reason->entry ? *reason->entry : unknown;

	must.optional = false;
	return plan_missing(&must, error, path, err);
}

int plan_source_file(struct plan *plan, const char *real, const char *image,
		     const struct stat *st, const char *mode,
		     const struct reason *reason, struct err *err)
{
	auto_free char *path = strdup(image), *from = strdup(real);
	struct node want = {
		.type = NODE_FILE,
		.content = CONTENT_SOURCE,
		.mode = plan_mode(mode, st->st_mode & 07777),
		.rank = mode ? RANK_GIVEN : RANK_SOURCE,
		.size = st->st_size,
		.identity = identity_of(st),
	};

	if (!path || !from)
		return err_sys(err, ENOMEM, "plan %s", image);
	want.path = path;
	want.from = from;
	return plan_put(plan, &want, reason, err);
}

static int put_dir(struct plan *plan, char *path, const struct stat *st,
		   const struct reason *reason, struct err *err)
{
	struct node want = {
		.path = path,
		.type = NODE_DIR,
		.mode = st->st_mode & 07777,
		.rank = RANK_SOURCE,
	};

	return plan_put(plan, &want, reason, err);
}

static int put_link(struct plan *plan, char *path, const struct reason *reason,
		    struct err *err)
{
	auto_free char *target = NULL;
	struct node want = {.path = path, .type = NODE_SYMLINK, .mode = 0777};
	int error;

	if (tree_find(plan->tree, path) && strset_has(&plan->seen, path))
		return 0;
	error = source_readlink(plan->source, path, &target);
	if (error < 0)
		return refuse_look(reason, error, path, err);
	want.target = target;
	if (plan_put(plan, &want, reason, err) < 0)
		return -1;
	if (strset_add(&plan->seen, path) < 0)
		return err_sys(err, ENOMEM, "plan %s", path);
	return 0;
}

static int put_fifo(struct plan *plan, char *path, const struct stat *st,
		    const struct reason *reason, struct err *err)
{
	struct node want = {
		.path = path,
		.type = NODE_FIFO,
		.mode = st->st_mode & 07777,
		.rank = RANK_SOURCE,
	};

	return plan_put(plan, &want, reason, err);
}

/* What stands at a real path. */
static int put_real(struct plan *plan, char *real, const struct reason *reason,
		    struct err *err)
{
	struct stat st;
	int error = source_lstat(plan->source, real, &st);

	if (error < 0)
		return refuse_look(reason, error, real, err);
	if (S_ISREG(st.st_mode))
		return plan_source_file(plan, real, real, &st, NULL, reason,
					err);
	if (S_ISDIR(st.st_mode))
		return put_dir(plan, real, &st, reason, err);
	if (S_ISLNK(st.st_mode))
		return put_link(plan, real, reason, err);
	if (S_ISFIFO(st.st_mode))
		return put_fifo(plan, real, &st, reason, err);
	return notes_add(&plan->notes, NOTE_LOCKDOWN, err,
			 "%s: a device or socket, left out", real);
}

/*
 * "a/x/../b" is only found where x is: the loader takes paths such as
 * $ORIGIN/../lib as they are.
 */
static int put_dotdots(struct plan *plan, const char *path,
		       const struct reason *reason, struct err *err)
{
	const char *at = path;

	while ((at = strstr(at, "/.."))) {
		auto_free char *above = NULL;

		at += 3;
		if (*at != '/' && *at != '\0')
			continue;
		above = strndup(path, (size_t)(at - 3 - path));
		if (!above)
			return err_sys(err, ENOMEM, "plan %s", path);
		if (*above &&
		    plan_source_path(plan, above, reason, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int put_all(struct plan *plan, const char *path, char *real,
		   char *const *links, const struct reason *reason,
		   struct err *err)
{
	struct reason on_the_way = *reason;

	on_the_way.requester = real;
	on_the_way.relation = "link";
	for (; links && *links; links++)
		if (put_link(plan, *links, &on_the_way, err) < 0)
			return -1;
	if (put_real(plan, real, reason, err) < 0 ||
	    put_dotdots(plan, path, reason, err) < 0)
		return -1;
	if (strset_add(&plan->seen, path) < 0)
		return err_sys(err, ENOMEM, "plan %s", path);
	return 0;
}

int plan_source_path(struct plan *plan, const char *path,
		     const struct reason *reason, char **real, struct err *err)
{
	auto_free char *found = NULL;
	char **links = NULL;
	int error, result;

	if (!real && strset_has(&plan->seen, path))
		return 0;
	error = source_realpath(plan->source, path, &found, &links);
	if (error < 0)
		return refuse_look(reason, error, path, err);
	result = put_all(plan, path, found, links, reason, err);
	source_links_free(links);
	if (result < 0)
		return -1;
	if (real)
		*real = TAKE(found);
	return 0;
}

bool head_is_elf(const char *head, size_t n)
{
	return n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
}

int plan_head(struct plan *plan, const struct entry *entry, const char *real,
	      char *head, size_t size, size_t *n, struct stat *st,
	      struct err *err)
{
	auto_close int fd = source_open_file(plan->source, real, st);
	struct entry must = *entry;
	ssize_t got;

	must.optional = false;
	if (fd < 0)
		return plan_missing(&must, fd, real, err);
	got = fd_pread_full(fd, head, size, 0);
	if (got < 0)
		return plan_missing(&must, (int)got, real, err);
	*n = (size_t)got;
	return 0;
}

int plan_is_elf(struct plan *plan, const char *real, struct err *err)
{
	struct err why = {0};

	if (resolver_elf(plan->resolver, real, &why))
		return 1;
	if (why.kind == ERR_INPUT)
		return 0; /* whoever must read it will say why it cannot */
	*err = why;
	return -1;
}

int plan_add_root(struct plan *plan, const char *path, const char *image,
		  const struct entry *entry, bool was_found, struct err *err)
{
	struct plan_root *root;
	int added = strset_add(&plan->rooted, image);

	if (added == 0)
		return 0;
	root = added < 0 ? NULL : array_push(plan->roots, plan->n_roots);
	if (!root)
		return err_sys(err, ENOMEM, "plan %s", image);
	root->path = strdup(path);
	root->image = strdup(image);
	root->entry = entry;
	root->was_found = was_found;
	if (!root->path || !root->image)
		return err_sys(err, ENOMEM, "plan %s", image);
	return 0;
}

int plan_add_library(struct plan *plan, const char *name, const char *path,
		     const char *like, const struct entry *entry,
		     struct err *err)
{
	struct plan_library *library;

	library = array_push(plan->libraries, plan->n_libraries);
	if (!library)
		return err_sys(err, ENOMEM, "plan %s", name);
	library->name = strdup(name);
	library->path = strdup(path);
	library->like = like ? strdup(like) : NULL;
	library->entry = entry;
	if (!library->name || !library->path || (like && !library->like))
		return err_sys(err, ENOMEM, "plan %s", name);
	return 0;
}

int plan_add_script(struct plan *plan, const char *image,
		    const char *interpreter, const struct entry *entry,
		    bool was_found, struct err *err)
{
	struct plan_script *script = array_push(plan->scripts, plan->n_scripts);

	if (!script)
		return err_sys(err, ENOMEM, "plan %s", image);
	script->image = strdup(image);
	script->interpreter = strdup(interpreter);
	script->entry = entry;
	script->was_found = was_found;
	if (!script->image || !script->interpreter)
		return err_sys(err, ENOMEM, "plan %s", image);
	return 0;
}

int plan_matches(struct plan *plan, const struct entry *entry,
		 const char *pattern, struct matches *out, struct err *err)
{
	auto_free char *expanded = NULL;
	int error;

	if (plan_expand(plan, entry, pattern, &expanded, err) < 0)
		return -1;
	error = pattern_expand(plan->source, expanded, out);
	if (error < 0)
		return plan_missing(entry, error, expanded, err);
	if (out->n == 0 && !entry->optional)
		return entry_error(entry, err,
				   pattern_has_magic(expanded)
					   ? "%s%s: nothing matches"
					   : "%s%s: not there",
				   plan->source->name, expanded);
	return 0;
}

/* The link at the top of the source that leads below /usr; or NULL. */
static int top_link(struct plan *plan, const char *path, char **top,
		    char **target, struct err *err)
{
	size_t len = 1 + strcspn(path + 1, "/");
	char **links = NULL;
	struct stat st;
	int error;

	*top = strndup(path, len);
	if (!*top)
		return err_sys(err, ENOMEM, "plan %s", path);
	error = source_lstat(plan->source, *top, &st);
	if (source_failed(error))
		return err_sys(err, -error, "%s", *top);
	if (error < 0 || !S_ISLNK(st.st_mode))
		return 0;
	error = source_realpath(plan->source, *top, target, &links);
	source_links_free(links);
	if (source_failed(error))
		return err_sys(err, -error, "%s", *top);
	if (error == 0 && strncmp(*target, "/usr/", 5) != 0) {
		free(*target);
		*target = NULL;
	}
	return 0;
}

int plan_made_path(struct plan *plan, const struct entry *entry,
		   const char *path, char **out, struct err *err)
{
	auto_free char *expanded = NULL, *top = NULL, *target = NULL;
	struct reason reason = {entry, NULL, "link"};

	if (plan_expand(plan, entry, path, &expanded, err) < 0 ||
	    top_link(plan, expanded, &top, &target, err) < 0)
		return -1;
	if (!target) {
		*out = TAKE(expanded);
		return 0;
	}
	if (strcmp(top, expanded) == 0)
		return entry_error(entry, err,
				   "%s: a link to %s in the source, which a %s "
				   "would hide; use %s",
				   top, target, verb_name(entry->verb), target);
	reason.requester = expanded;
	if (plan_source_path(plan, top, &reason, NULL, err) < 0)
		return -1;
	if (asprintf(out, "%s%s", target, expanded + strlen(top)) < 0) {
		*out = NULL;
		return err_sys(err, ENOMEM, "plan %s", expanded);
	}
	return 0;
}
