#include "presets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "self.h"

void presets_free(struct presets *presets)
{
	if (!presets)
		return;
	free(presets->dirs);
	free(presets->beside);
	free(presets);
}

/* DIRECTORY/../manifests of our own directory, when that is there. */
static int look_beside(struct presets *presets)
{
	auto_free char *directory = NULL;
	int error = self_directory(&directory);

	if (error < 0)
		return error == -ENOMEM ? error : 0;
	if (asprintf(&presets->beside, "%s/../manifests", directory) < 0) {
		presets->beside = NULL;
		return -ENOMEM;
	}
	if (access(presets->beside, R_OK | X_OK) < 0) {
		free(presets->beside);
		presets->beside = NULL;
	}
	return 0;
}

/* The others need not be there; these were asked for. */
static int check_given(const struct opt_list *given, struct err *err)
{
	struct stat st;

	for (size_t i = 0; i < given->n; i++) {
		const char *dir = given->items[i];

		if (stat(dir, &st) < 0)
			return err_sys_kind(err, ERR_USAGE, errno,
					    "--presets %s", dir);
		if (!S_ISDIR(st.st_mode))
			return err_sys_kind(err, ERR_USAGE, ENOTDIR,
					    "--presets %s", dir);
		if (access(dir, X_OK) < 0)
			return err_sys_kind(err, ERR_USAGE, errno,
					    "--presets %s", dir);
	}
	return 0;
}

int presets_find(const struct opt_list *given, struct presets **out,
		 struct err *err)
{
	auto_of(presets) struct presets *presets = calloc(1, sizeof(*presets));
	size_t n = 0;

	if (check_given(given, err) < 0)
		return -1;
	if (!presets || look_beside(presets) < 0)
		return err_sys(err, ENOMEM, "presets");
	presets->dirs = calloc(given->n + 3, sizeof(*presets->dirs));
	if (!presets->dirs)
		return err_sys(err, ENOMEM, "presets");
	for (; n < given->n; n++)
		presets->dirs[n] = given->items[n];
	if (presets->beside)
		presets->dirs[n++] = presets->beside;
	presets->dirs[n] = JAIL_SHARE "/manifests";
	*out = TAKE(presets);
	return 0;
}
