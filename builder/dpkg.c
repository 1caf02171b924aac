#include "dpkg.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "listing.h"
#include "rootfd.h"

#define LIST_LIMIT (64 << 20) /* bytes of one package's list */

static const struct {
	unsigned machine;
	const char *name;
} architectures[] = {
	{EM_X86_64, "amd64"},  {EM_AARCH64, "arm64"}, {EM_386, "i386"},
	{EM_ARM, "armhf"},     {EM_RISCV, "riscv64"}, {EM_S390, "s390x"},
	{EM_PPC64, "ppc64el"}, {EM_MIPS, "mips64el"}, {EM_LOONGARCH, "loong64"},
};

static const char *architecture(unsigned machine)
{
	size_t n = sizeof(architectures) / sizeof(*architectures);

	for (size_t i = 0; i < n; i++)
		if (architectures[i].machine == machine)
			return architectures[i].name;
	return "";
}

static int split_lines(struct packages *packages)
{
	char *at = packages->text;

	while (*at) {
		char **line, *end = at + strcspn(at, "\n");
		char *next = end + (*end == '\n');

		*end = '\0';
		if (*at == '/') {
			line = array_push(packages->lines, packages->n);
			if (!line)
				return -ENOMEM;
			*line = at;
		}
		at = next;
	}
	return 0;
}

static int read_list(const struct source *source, const char *name,
		     const char *arch, struct packages *out)
{
	auto_free char *path = NULL;
	int error;

	if (asprintf(&path, DPKG_INFO "/%s%s%s.list", name, *arch ? ":" : "",
		     arch) < 0)
		return -ENOMEM;
	error = root_read_file(source->root_fd, path, LIST_LIMIT, &out->text,
			       NULL);
	if (error < 0)
		return error;
	error = split_lines(out);
	if (error < 0)
		packages_clear(out);
	return error;
}

int dpkg_files(const struct source *source, const char *name, unsigned machine,
	       struct packages *out)
{
	const char *arch = architecture(machine);
	struct stat st;
	int error;

	error = source_stat(source, DPKG_INFO, &st);
	if (source_failed(error))
		return error;
	if (error < 0 || !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	error = read_list(source, name, "", out);
	if (error == -ENOENT && *arch && !strchr(name, ':'))
		error = read_list(source, name, arch, out);
	return error;
}

void packages_clear(struct packages *packages)
{
	free(packages->lines);
	free(packages->text);
	*packages = (struct packages){0};
}

/* The line of a list whose last component is base. */
static const char *find_base(char *text, const char *base)
{
	size_t len = strlen(base);
	char *at = text;

	while (len > 0 && (at = strstr(at, base))) {
		char *line = at;

		if (at > text && at[-1] == '/' &&
		    (at[len] == '\n' || at[len] == '\0')) {
			at[len] = '\0';
			while (line > text && line[-1] != '\n')
				line--;
			return line;
		}
		at++;
	}
	return NULL;
}

char *dpkg_package_of(const char *file)
{
	size_t len = strlen(file);

	if (len <= 5 || strcmp(file + len - 5, ".list") != 0)
		return NULL;
	return strndup(file,
		       strcspn(file, ":") < len ? strcspn(file, ":") : len - 5);
}

int dpkg_owner(const struct source *source, const char *base, char **package,
	       char **path)
{
	auto_of(listing) struct listing *listing = NULL;

	*package = *path = NULL;
	if (listing_open(source, DPKG_INFO, &listing) < 0)
		return 0;
	for (size_t i = 0; i < listing->n; i++) {
		auto_free char *name = dpkg_package_of(listing->names[i]);
		auto_free char *text = NULL;
		const char *line;

		if (!name || root_read_file(listing->fd, listing->names[i],
					    LIST_LIMIT, &text, NULL) < 0)
			continue;
		line = find_base(text, base);
		if (!line)
			continue;
		*path = strdup(line);
		if (!*path)
			return -ENOMEM;
		*package = TAKE(name);
		return 0;
	}
	return 0;
}
