#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "listing.h"

/* The end of a [class] that begins at text, or NULL when it never ends. */
static const char *class_end(const char *text)
{
	const char *at = text + 1;

	if (*at == '!' || *at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']' && *at != '/')
		at++;
	return *at == ']' ? at + 1 : NULL;
}

bool pattern_has_magic(const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1])
			pattern++;
		else if (*pattern == '*' || *pattern == '?' ||
			 (*pattern == '[' && class_end(pattern)))
			return true;
	}
	return false;
}

static bool in_class(const char *class, const char *end, unsigned char byte)
{
	const char *at = class + 1;
	bool negated = *at == '!' || *at == '^', found = false;

	at += negated;
	do {
		unsigned char low = (unsigned char)*at++, high = low;

		if (*at == '-' && at + 1 < end - 1) {
			high = (unsigned char)at[1];
			at += 2;
		}
		if (low <= byte && byte <= high)
			found = true;
	} while (at < end - 1);
	return found != negated;
}

/*
 * One item of the pattern against one byte.  Returns the length of the item,
 * 0 when the byte is another.
 */
static size_t match_one(const char *pattern, unsigned char byte)
{
	const char *end;

	if (*pattern == '?')
		return byte != '/';
	if (*pattern == '[' && (end = class_end(pattern)))
		return byte != '/' && in_class(pattern, end, byte)
			       ? (size_t)(end - pattern)
			       : 0;
	if (*pattern == '\\' && pattern[1])
		return (unsigned char)pattern[1] == byte ? 2 : 0;
	return *pattern && (unsigned char)*pattern == byte;
}

/* Where a failed match may be taken up again. */
struct retry {
	const char *pattern, *path; /* behind the star; NULL: nowhere */
};

/* `*`: one byte more for the star, but no slash. */
static bool retry_star(struct retry *star)
{
	if (!star->pattern || *star->path == '\0' || *star->path == '/')
		return false;
	star->path++;
	return true;
}

/* `**`: one byte more, or, when a slash follows it, one component more. */
static bool retry_deep(struct retry *deep, bool whole)
{
	if (!deep->pattern || *deep->path == '\0')
		return false;
	deep->path++;
	if (whole) {
		deep->path = strchr(deep->path, '/');
		if (!deep->path) {
			deep->pattern = NULL;
			return false;
		}
		deep->path++;
	}
	return true;
}

/* Taking up the last star of each kind is enough: what an earlier one could
 * take instead, the later one can take too. */
bool pattern_match(const char *pattern, const char *path)
{
	struct retry star = {0}, deep = {0};
	bool whole = false;
	size_t len;

	while (*path || *pattern) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			whole = pattern[2] == '/';
			pattern += whole ? 3 : 2;
			deep = (struct retry){pattern, path};
			star = (struct retry){0};
			continue;
		}
		if (*pattern == '*') {
			star = (struct retry){++pattern, path};
			continue;
		}
		len = *path ? match_one(pattern, (unsigned char)*path) : 0;
		if (len) {
			pattern += len;
			path++;
		} else if (retry_star(&star)) {
			pattern = star.pattern;
			path = star.path;
		} else if (retry_deep(&deep, whole)) {
			pattern = deep.pattern;
			path = deep.path;
			star = (struct retry){0};
		} else {
			return false;
		}
	}
	return true;
}

static int add_match(struct matches *out, const char *path)
{
	char **place = array_push(out->paths, out->n);

	if (!place)
		return -ENOMEM;
	*place = strdup(path);
	return *place ? 0 : -ENOMEM;
}

static int expand_from(const struct source *source, const char *base,
		       const char *rest, struct matches *out);

static char *join(const char *base, const char *name)
{
	char *joined = NULL;
	const char *slash = strcmp(base, "/") == 0 ? "" : "/";

	if (asprintf(&joined, "%s%s%s", base, slash, name) < 0)
		return NULL;
	return joined;
}

/* base, and with deep every directory below it, carry on with rest. */
static int expand_deep(const struct source *source, const char *base,
		       const char *rest, unsigned depth, struct matches *out)
{
	auto_of(listing) struct listing *listing = NULL;
	int error = expand_from(source, base, *rest ? rest : "*", out);

	if (error < 0 || depth > 100)
		return error;
	error = listing_open(source, base, &listing);
	if (error < 0)
		return source_failed(error) ? error : 0;
	for (size_t i = 0; i < listing->n; i++) {
		auto_free char *path = join(base, listing->names[i]);
		struct stat st;

		if (!path)
			return -ENOMEM;
		error = source_lstat(source, path, &st);
		if (source_failed(error))
			return error;
		if (error < 0 || !S_ISDIR(st.st_mode))
			continue;
		error = expand_deep(source, path, rest, depth + 1, out);
		if (error < 0)
			return error;
	}
	return 0;
}

/* One component with magic: each name that matches carries on with rest. */
static int expand_names(const struct source *source, const char *base,
			const char *component, const char *rest,
			struct matches *out)
{
	auto_of(listing) struct listing *listing = NULL;
	int error = listing_open(source, base, &listing);

	if (error < 0)
		return error == -ENOENT || error == -ENOTDIR ? 0 : error;
	for (size_t i = 0; i < listing->n; i++) {
		auto_free char *path = NULL;

		if (!pattern_match(component, listing->names[i]))
			continue;
		path = join(base, listing->names[i]);
		if (!path)
			return -ENOMEM;
		error = expand_from(source, path, rest, out);
		if (error < 0)
			return error;
	}
	return 0;
}

/* A component without magic, its backslashes taken away. */
static void unquote(char *component)
{
	char *to = component;

	for (; *component; component++) {
		if (*component == '\\' && component[1])
			component++;
		*to++ = *component;
	}
	*to = '\0';
}

static int expand_from(const struct source *source, const char *base,
		       const char *rest, struct matches *out)
{
	auto_free char *component = NULL, *path = NULL;
	struct stat st;
	size_t len;

	rest += strspn(rest, "/");
	len = strcspn(rest, "/");
	if (len == 0) {
		int error = source_lstat(source, base, &st);

		if (source_failed(error))
			return error;
		return error == 0 ? add_match(out, base) : 0;
	}
	component = strndup(rest, len);
	if (!component)
		return -ENOMEM;
	rest += len;
	if (strcmp(component, "**") == 0)
		return expand_deep(source, base, rest, 0, out);
	if (pattern_has_magic(component))
		return expand_names(source, base, component, rest, out);
	unquote(component);
	path = join(base, component);
	return path ? expand_from(source, path, rest, out) : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
	char *const *first = a, *const *second = b;

	return strcmp(*first, *second);
}

int pattern_expand(const struct source *source, const char *pattern,
		   struct matches *out)
{
	int error = expand_from(source, "/", pattern, out);
	size_t kept = 0;

	if (error < 0 || out->n == 0)
		return error;
	qsort(out->paths, out->n, sizeof(char *), compare);
	for (size_t i = 1; i < out->n; i++) {
		if (strcmp(out->paths[kept], out->paths[i]) == 0)
			free(out->paths[i]);
		else
			out->paths[++kept] = out->paths[i];
	}
	out->n = kept + 1;
	return 0;
}

void matches_clear(struct matches *matches)
{
	for (size_t i = 0; i < matches->n; i++)
		free(matches->paths[i]);
	free(matches->paths);
	*matches = (struct matches){0};
}
