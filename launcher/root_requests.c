#include "root_requests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "limit.h"
#include "root_look.h"
#include "root_view.h"
#include "spec.h"

/* Absolute, and of one form: no ".", "..", doubled slash or one at the end. */
static int check_target(const struct root_view *view, const char *option,
			const char *request, const char *target,
			struct err *err)
{
	const char *at;

	if (*target != '/' || target[1] == '\0')
		return err_set(err, ERR_USAGE,
			       "%s \"%s\": DST is an absolute path in the "
			       "jail, below /",
			       option, request);
	for (at = target; at; at = strchr(at + 1, '/')) {
		size_t len = strcspn(at + 1, "/");

		if (len == 0 || strncmp(at + 1, ".", len) == 0 ||
		    (len == 2 && strncmp(at + 1, "..", 2) == 0))
			return err_set(err, ERR_USAGE,
				       "%s \"%s\": write DST without \".\", "
				       "\"..\", \"//\" and a slash at the end",
				       option, request);
	}
	if (root_view_find(view, target) || strcmp(target, "/dev") == 0)
		return err_set(err, ERR_USAGE, "%s %s: %s is mounted already",
			       option, request, target);
	return 0;
}

/* [SIZE][,noexec], or noexec alone. */
static int take_tmpfs_words(char *words, uint64_t *size, bool *is_noexec,
			    struct err *err)
{
	char *comma = strchr(words, ',');
	const char *last = comma ? comma + 1 : words;

	*is_noexec = strcmp(last, "noexec") == 0;
	if (*is_noexec && !comma)
		return 0;
	if (*is_noexec)
		*comma = '\0';
	return limit_parse_size(words, size, err);
}

static int add_tmpfs(struct root_view *view, const struct jail_spec *spec,
		     const char *request, struct err *err)
{
	auto_free char *target = strdup(request);
	char *colon = target ? strchr(target, ':') : NULL;
	struct root_place *place;
	struct stat st;
	uint64_t size = root_view_size(view, spec);
	bool is_noexec = false;
	int is_there;

	if (!target)
		return err_sys(err, ENOMEM, "--tmpfs");
	if (colon) {
		*colon = '\0';
		if (take_tmpfs_words(colon + 1, &size, &is_noexec, err) < 0)
			return err_context(err, "--tmpfs %s", request);
	}
	if (check_target(view, "--tmpfs", request, target, err) < 0)
		return -1;
	place = root_view_add(view, PLACE_TMPFS, target, err);
	if (!place)
		return -1;
	place->is_given = place->is_writable = true;
	place->is_noexec = is_noexec;
	place->size = size;
	place->mode = 0700;
	place->uid = spec->user.uid;
	place->gid = spec->user.gid;
	is_there = root_look_at(view->root_fd, target, &st, err);
	if (is_there == 1) {
		place->mode = st.st_mode & 07777;
		place->uid = st.st_uid;
		place->gid = st.st_gid;
	}
	return is_there < 0 ? -1 : 0;
}

struct bind {
	char *source, *target; /* in one text */
	bool is_writable, is_noexec;
};

static int take_bind_words(const char *request, const char *words,
			   struct bind *out, struct err *err)
{
	for (const char *at = words;; at++) {
		size_t len = strcspn(at, ",");

		if (len == 2 && strncmp(at, "rw", len) == 0)
			out->is_writable = true;
		else if (len == 2 && strncmp(at, "ro", len) == 0)
			out->is_writable = false;
		else if (len == 6 && strncmp(at, "noexec", len) == 0)
			out->is_noexec = true;
		else
			return err_set(err, ERR_USAGE,
				       "--bind \"%s\": \"%.*s\" is none of ro, "
				       "rw and noexec",
				       request, (int)len, at);
		at += len;
		if (*at == '\0')
			return 0;
	}
}

/* SRC:DST[:WORD[,WORD]]; SRC may have colons, DST not. */
static int split_bind(const char *request, char *text, struct bind *out,
		      struct err *err)
{
	char *colon = strrchr(text, ':');
	const char *words = NULL;

	if (colon && colon[1] != '/' && memchr(text, ':', colon - text)) {
		*colon = '\0';
		words = colon + 1;
		colon = strrchr(text, ':');
	}
	if (!colon || colon == text)
		return err_set(err, ERR_USAGE,
			       "--bind \"%s\" is not SRC:DST or SRC:DST:rw",
			       request);
	*colon = '\0';
	*out = (struct bind){.source = text, .target = colon + 1};
	return words ? take_bind_words(request, words, out, err) : 0;
}

static int add_bind(struct root_view *view, const char *request,
		    struct err *err)
{
	auto_free char *text = strdup(request);
	struct root_place *place;
	struct bind bind;
	struct stat st;

	if (!text)
		return err_sys(err, ENOMEM, "--bind");
	if (split_bind(request, text, &bind, err) < 0)
		return -1;
	if (check_target(view, "--bind", request, bind.target, err) < 0)
		return -1;
	place = root_view_add(view, PLACE_BIND, bind.target, err);
	if (!place)
		return -1;
	place->is_given = true;
	place->is_writable = bind.is_writable;
	place->is_noexec = bind.is_noexec;
	place->source_fd = open(bind.source, O_PATH | O_CLOEXEC);
	if (place->source_fd < 0 || fstat(place->source_fd, &st) < 0)
		return err_sys_kind(err, ERR_USAGE, errno, "--bind %s: %s",
				    request, bind.source);
	place->is_file = !S_ISDIR(st.st_mode);
	place->source = realpath(bind.source, NULL);
	return place->source
		       ? 0
		       : err_sys_kind(err, ERR_USAGE, errno, "--bind %s: %s",
				      request, bind.source);
}

int root_requests_add(struct root_view *view, const struct jail_spec *spec,
		      struct err *err)
{
	const struct spec_flags *flags = spec->flags;
	size_t i;

	for (i = 0; i < flags->tmpfs.n; i++)
		if (add_tmpfs(view, spec, flags->tmpfs.items[i], err) < 0)
			return -1;
	for (i = 0; i < flags->binds.n; i++)
		if (add_bind(view, flags->binds.items[i], err) < 0)
			return -1;
	return 0;
}
