/*
 * The lists of directories of DT_RPATH, DT_RUNPATH and of the loader itself.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "linker.h"

void ldpath_free(struct ldpath *path)
{
	if (path)
		free(path->dirs);
	free(path);
}

void libdir_free(void *value)
{
	struct libdir *dir = value;

	for (size_t i = 0; i < dir->n_tries; i++)
		free(dir->tries[i]);
	free(dir->tries);
	free(dir);
}

/* "a", "b", "c" -> dir->tries gets "a/b/c/" if that is a directory. */
static bool add_try(struct linker *linker, struct libdir *dir, const char *sub)
{
	auto_free char *path = NULL, *copy = NULL;
	struct stat st;
	char **place;

	if (asprintf(&path, "/%s%s", dir->name, sub) < 0)
		return false;
	if (*sub && (source_stat(linker->source, path, &st) < 0 ||
		     !S_ISDIR(st.st_mode)))
		return true;
	copy = strdup(sub);
	place = copy ? array_push(dir->tries, dir->n_tries) : NULL;
	if (place)
		*place = TAKE(copy);
	return place != NULL;
}

/* Before glibc 2.37 every directory had these.  On x86_64 the platform and the
 * one hardware capability that every CPU has share a name. */
static bool add_legacy_tries(struct linker *linker, struct libdir *dir)
{
	const char *platform = loader_platform(&linker->loader->abi);
	bool is_twice = linker->loader->abi.machine == EM_X86_64;
	static const char *const formats[] = {"tls/P/P/", "tls/P/", "tls/",
					      "P/P/", "P/"};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		const char *first = strchr(formats[i], 'P');
		bool has_two = first && strchr(first + 1, 'P');
		auto_free char *sub = NULL;

		if ((first && !platform) || (has_two && !is_twice))
			continue;
		if (asprintf(&sub, "%s%s%s%s%s",
			     *formats[i] == 't' ? "tls/" : "",
			     first ? platform : "", first ? "/" : "",
			     has_two ? platform : "", has_two ? "/" : "") < 0 ||
		    !add_try(linker, dir, sub))
			return false;
	}
	return true;
}

/* name ends with a slash or is "". */
static const struct libdir *find_dir(struct linker *linker, const char *name)
{
	void **known = memo_at(&linker->dirs, name, strlen(name));
	auto_free char *path = NULL;
	struct libdir *dir;
	struct stat st;

	if (!known || *known)
		return known ? *known : NULL;
	dir = calloc(1, sizeof(*dir));
	if (!dir)
		return NULL;
	*known = dir;
	dir->name = memo_intern(linker->names, name);
	if (!dir->name || asprintf(&path, "/%s", name) < 0)
		return NULL;
	dir->exists = source_stat(linker->source, path, &st) == 0 &&
		      S_ISDIR(st.st_mode);
	if (linker->loader->has_legacy_dirs && dir->exists &&
	    !add_legacy_tries(linker, dir))
		return NULL;
	return add_try(linker, dir, "") ? dir : NULL;
}

static bool add_dir(struct linker *linker, struct ldpath *path,
		    const char *name, bool by_origin)
{
	const struct libdir *dir = find_dir(linker, name);
	struct ldpath_dir *place;

	if (!dir)
		return false;
	for (size_t i = 0; i < path->n; i++)
		if (path->dirs[i].dir == dir)
			return true;
	place = array_push(path->dirs, path->n);
	if (place)
		*place = (struct ldpath_dir){dir, by_origin};
	return place != NULL;
}

/* The length of NAME or {NAME} at text, or 0. */
static size_t token_length(const char *text, const char *name)
{
	bool is_braced = *text == '{';
	size_t len = strlen(name);
	const char *end = text + is_braced + len;

	if (strncmp(text + is_braced, name, len) != 0)
		return 0;
	if (is_braced)
		return *end == '}' ? len + 2 : 0;
	/* $LIBDIR is not $LIB */
	if ((*end >= 'A' && *end <= 'Z') || (*end >= 'a' && *end <= 'z') ||
	    (*end >= '0' && *end <= '9') || *end == '_')
		return 0;
	return len;
}

struct token {
	const char *name, *value;
};

/* A name that is no token stays as it stands. */
static bool expand_into(FILE *out, const char *text,
			const struct token tokens[3], bool *by_origin)
{
	while (*text) {
		size_t len = 0, i;

		for (i = 0; *text == '$' && i < 3 && len == 0; i++)
			len = token_length(text + 1, tokens[i].name);
		if (len == 0) {
			putc(*text++, out);
			continue;
		}
		if (!tokens[i - 1].value)
			return false;
		if (i == 1)
			*by_origin = true;
		fputs(tokens[i - 1].value, out);
		text += 1 + len;
	}
	return true;
}

char *ldpath_expand(const struct loader *loader, const char *text,
		    const char *origin, bool *by_origin)
{
	const struct token tokens[3] = {
		{"ORIGIN", origin},
		{"PLATFORM", loader_platform(&loader->abi)},
		{"LIB", loader->lib},
	};
	char *expanded = NULL;
	size_t len;
	FILE *out;
	bool has_values;

	*by_origin = false;
	if (!strchr(text, '$'))
		return strdup(text);
	out = open_memstream(&expanded, &len);
	if (!out)
		return NULL;
	has_values = expand_into(out, text, tokens, by_origin);
	if (fclose(out) != 0) {
		free(expanded);
		return NULL;
	}
	if (!has_values)
		*expanded = '\0';
	return expanded;
}

/* An element of a list of glibc's: slashes at its end count once; an empty one
 * is the working directory, one whose token has no value is dropped. */
static bool add_element(struct linker *linker, struct ldpath *path,
			const char *element, const char *origin)
{
	auto_free char *expanded = NULL, *name = NULL;
	bool by_origin;
	size_t len;

	if (*element == '\0')
		return add_dir(linker, path, "", false);
	expanded = ldpath_expand(linker->loader, element, origin, &by_origin);
	if (!expanded)
		return false;
	len = strlen(expanded);
	if (len == 0)
		return true;
	while (len > 0 && expanded[len - 1] == '/')
		len--;
	if (asprintf(&name, "%.*s/", (int)len, expanded) < 0)
		return false;
	return add_dir(linker, path, name, by_origin);
}

static bool add_elements(struct linker *linker, struct ldpath *path,
			 const char *text, const char *origin)
{
	auto_free char *copy = strdup(text);
	char *rest = copy, *element;

	if (!copy)
		return false;
	while ((element = strsep(&rest, ":")))
		if (!add_element(linker, path, element, origin))
			return false;
	return true;
}

/* musl: $ORIGIN only, and any other token voids the whole list.  NULL: no
 * memory; "": void. */
static char *expand_musl(const char *text, const char *origin, bool *by_origin)
{
	char *expanded = NULL;
	size_t len;
	FILE *out = open_memstream(&expanded, &len);

	*by_origin = false;
	while (out && *text) {
		bool is_braced = strncmp(text, "${ORIGIN}", 9) == 0;

		if (*text != '$') {
			putc(*text++, out);
			continue;
		}
		if (!origin ||
		    (!is_braced && strncmp(text, "$ORIGIN", 7) != 0)) {
			fclose(out);
			*expanded = '\0';
			return expanded;
		}
		fputs(origin, out);
		*by_origin = true;
		text += is_braced ? 9 : 7;
	}
	if (!out || fclose(out) != 0) {
		free(expanded);
		return NULL;
	}
	return expanded;
}

static bool add_elements_musl(struct linker *linker, struct ldpath *path,
			      const char *text, const char *origin)
{
	bool by_origin;
	auto_free char *copy = expand_musl(text, origin, &by_origin);
	char *rest = copy, *element;

	if (!copy)
		return false;
	while ((element = strsep(&rest, ":\n"))) {
		auto_free char *name = NULL;

		if (*element == '\0')
			continue;
		if (asprintf(&name, "%s/", element) < 0 ||
		    !add_dir(linker, path, name, by_origin))
			return false;
	}
	return true;
}

int ldpath_new(struct linker *linker, const char *text, const char *origin,
	       struct ldpath **out, struct err *err)
{
	auto_of(ldpath) struct ldpath *path = calloc(1, sizeof(*path));
	bool is_musl = linker->loader->kind == LOADER_MUSL;
	bool is_done =
		path && (is_musl ? add_elements_musl(linker, path, text, origin)
				 : add_elements(linker, path, text, origin));

	if (!is_done)
		return err_sys(err, ENOMEM, "read the list %s", text);
	*out = path->n ? TAKE(path) : NULL;
	return 0;
}

int ldpath_system(struct linker *linker, struct ldpath **out, struct err *err)
{
	const struct loader *loader = linker->loader;
	auto_of(ldpath) struct ldpath *path = calloc(1, sizeof(*path));

	if (loader->kind == LOADER_MUSL)
		return ldpath_new(linker, loader->system_path, "", out, err);
	for (size_t i = 0; path && i < loader->n_system_dirs; i++)
		if (!add_dir(linker, path, loader->system_dirs[i], false))
			ldpath_free(TAKE(path));
	if (!path)
		return err_sys(err, ENOMEM, "list the system directories");
	*out = TAKE(path);
	return 0;
}
