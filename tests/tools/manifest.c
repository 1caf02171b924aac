/*
 * manifest [-t|-v|-l] [-p PRESET_DIR] FILE...: reads manifests and prints the
 * canonical form.  -t: one FILE, read as text in memory, as the launcher does.
 * Instead, as lines of columns between tabs: -v: the table of directives (verb,
 * usage, help); -l: that of the limits (name, unit, help).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcntl.h>

#include "directives.h"
#include "err.h"
#include "fdio.h"
#include "limit.h"
#include "manifest.h"

static void print_table(void)
{
	int verb;

	for (verb = 0; verb < N_VERBS; verb++) {
		const struct directive *row = directive_of((enum verb)verb);

		printf("%s\t%s\t%s\n", row->verb, row->usage, row->help);
	}
}

static void print_limits(void)
{
	static const char *const units[] = {
		[LIMIT_BYTES] = "size",
		[LIMIT_MILLISECONDS] = "time",
		[LIMIT_COUNT] = "number",
		[LIMIT_THOUSANDTHS] = "processors",
	};
	int limit;

	for (limit = 0; limit < N_LIMITS; limit++)
		printf("%s\t%s\t%s\n", limit_rows[limit].name,
		       units[limit_rows[limit].unit], limit_rows[limit].help);
}

static int read_as_text(const char *path, struct manifest **manifest,
			struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t len;
	int error = fd < 0 ? -1 : fd_read_all(fd, 1 << 24, &text, &len);

	if (error < 0)
		return err_set(err, ERR_INPUT, "%s: cannot be read", path);
	return manifest_read_text(text, len, path, manifest, err);
}

int main(int argc, char **argv)
{
	auto_of(manifest) struct manifest *manifest = NULL;
	const char *presets[] = {NULL, NULL};
	struct err err = {0};
	int letter, as_text = 0, result;

	while ((letter = getopt(argc, argv, "tvlp:")) != -1) {
		if (letter == 'v')
			return print_table(), 0;
		if (letter == 'l')
			return print_limits(), 0;
		if (letter == 'p')
			presets[0] = optarg;
		as_text |= letter == 't';
	}
	if (as_text)
		result = read_as_text(argv[optind], &manifest, &err);
	else
		result = manifest_read((const char *const *)(argv + optind),
				       (size_t)(argc - optind), presets,
				       &manifest, &err);
	if (result == 0)
		result = manifest_write(manifest, stdout, &err);
	if (result == 0)
		return 0;
	fprintf(stderr, "%s\n", err.msg);
	return err.kind == ERR_MANIFEST ? 3 : 4;
}
