#include "manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "directives.h"
#include "fdio.h"
#include "manifest_parts.h"
#include "nearest.h"
#include "words.h"

/* A file that is being or has been read; files[i] of the manifest names it. */
struct opened {
	dev_t dev;
	ino_t ino;
	bool is_open; /* its end is not yet reached: naming it is a cycle */
};

struct reader {
	struct manifest *manifest;
	const char *const *preset_dirs; /* NULL: `use` is refused */
	struct opened *opened;
	size_t n_opened;
	use_row *uses; /* NULL with preset_dirs */
	size_t current; /* index of the file whose lines are being read */
	unsigned depth;
	struct words words; /* of the line being read */
	bool is_launch; /* lines for the builder are passed by */
};

static int read_file(struct reader *reader, const char *path,
		     const struct entry *user, struct err *err);

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "manifest");
}

/* --- use ----------------------------------------------------------------- */

/* The directory of a file's name, with the slash; "" for the current one. */
static size_t directory_length(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? (size_t)(slash - file) + 1 : 0;
}

/* A file, and not the one that is being read? */
static bool is_other_file(const struct reader *reader, const char *path)
{
	const struct opened *self = &reader->opened[reader->current];
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) &&
	       (st.st_dev != self->dev || st.st_ino != self->ino);
}

/* "%.*s%s%s", owned by the caller; NULL: no memory. */
static char *join(const char *head, size_t len, const char *middle,
		  const char *tail)
{
	char *joined;

	if (asprintf(&joined, "%.*s%s%s", (int)len, head, middle, tail) < 0)
		return NULL;
	return joined;
}

static void offer_presets(struct nearest *nearest, const char *dir)
{
	auto_closedir DIR *list = opendir(*dir ? dir : ".");
	struct dirent *item;
	char name[64];

	while (list && (item = readdir(list)) != NULL) {
		size_t len = strlen(item->d_name);

		if (len <= 4 || len - 4 >= sizeof(name) ||
		    strcmp(item->d_name + len - 4, ".txt") != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len - 4,
			 item->d_name);
		nearest_offer(nearest, name);
	}
}

static int unknown_preset(const struct reader *reader, const char *name,
			  const char *beside, const struct entry *user,
			  struct err *err)
{
	const char *const *dir;
	struct nearest nearest;

	nearest_start(&nearest, name);
	offer_presets(&nearest, beside);
	for (dir = reader->preset_dirs; *dir; dir++)
		offer_presets(&nearest, *dir);
	if (nearest_best(&nearest))
		return entry_error(user, err,
				   "no preset \"%.60s\"; did you mean \"%s\"?",
				   name, nearest_best(&nearest));
	return entry_error(user, err,
			   "no preset \"%.60s\" beside this file%s%.150s; a "
			   "file of your own is written ./FILE",
			   name, reader->preset_dirs[0] ? " or in " : "",
			   reader->preset_dirs[0] ? reader->preset_dirs[0]
						  : "");
}

/* NAME.txt beside the file that says so (but for itself), else a preset. */
static int find_preset(const struct reader *reader, const char *name,
		       const struct entry *user, char **path, struct err *err)
{
	auto_free char *file = join(name, strlen(name), ".txt", "");
	auto_free char *beside =
		strndup(user->file, directory_length(user->file));
	const char *const *dir;

	*path = file && beside ? join(beside, strlen(beside), "", file) : NULL;
	if (*path && is_other_file(reader, *path))
		return 0;
	for (dir = reader->preset_dirs; *path && *dir; dir++) {
		free(*path);
		*path = join(*dir, strlen(*dir), "/", file);
		if (*path && access(*path, F_OK) == 0)
			return 0;
	}
	return *path ? unknown_preset(reader, name, beside, user, err)
		     : no_memory(err);
}

static int read_used(struct reader *reader, const struct entry *user,
		     const char *what, struct err *err)
{
	size_t beside = *what == '/' ? 0 : directory_length(user->file);
	auto_free char *path = NULL;

	if (!reader->preset_dirs)
		return entry_error(user, err,
				   "use is not possible here: this manifest "
				   "must stand alone");
	if (reader->depth == MANIFEST_MAX_DEPTH)
		return entry_error(user, err,
				   "more than %d files use each "
				   "other",
				   MANIFEST_MAX_DEPTH);
	if (*what != '.' && *what != '/') {
		if (find_preset(reader, what, user, &path, err) < 0)
			return -1;
	} else {
		what += strncmp(what, "./", 2) == 0 ? 2 : 0;
		path = join(user->file, beside, "", what);
		if (!path)
			return no_memory(err);
	}
	return read_file(reader, path, user, err);
}

/* "a -> b -> a": from the file that is named again to where that is. */
static int cycle(const struct reader *reader, size_t from,
		 const struct entry *user, struct err *err)
{
	char chain[300] = "";
	size_t i, len = 0;

	for (i = from; i < reader->n_opened; i++)
		if (reader->opened[i].is_open && len < sizeof(chain))
			len += (size_t)snprintf(chain + len,
						sizeof(chain) - len, "%s -> ",
						reader->manifest->files[i]);
	return entry_error(user, err, "files use each other in a circle: %s%s",
			   chain, reader->manifest->files[from]);
}

/* --- text ---------------------------------------------------------------- */

/* Takes the `use` entry that was added last out again and reads its file. */
static int follow_use(struct reader *reader, const struct entry *place,
		      struct err *err)
{
	struct manifest *manifest = reader->manifest;
	struct entry *last = &manifest->entries[manifest->n - 1];
	auto_free char *what = TAKE(last->args[0]);

	free(last->args);
	manifest->n--;
	return read_used(reader, place, what, err);
}

static int read_line(struct reader *reader, char *line, size_t len,
		     const struct entry *place, struct err *err)
{
	struct manifest *manifest = reader->manifest;
	struct err why = {0};

	if (len > MANIFEST_MAX_LINE)
		return entry_error(place, err,
				   "a line of %zu bytes; %zu are possible", len,
				   MANIFEST_MAX_LINE);
	if (words_split(line, len, &reader->words, &why) < 0) {
		*err = why;
		return why.kind == ERR_MANIFEST
			       ? entry_error(place, err, "%s", why.msg)
			       : -1;
	}
	if (reader->words.n == 0)
		return 0;
	if (manifest_add_line(manifest, &reader->words, place, err) < 0)
		return -1;
	if (manifest->entries[manifest->n - 1].verb == VERB_USE)
		return follow_use(reader, place, err);
	return 0;
}

/* "bin ...", "?tree ..." and the like. */
static bool is_for_builder(const char *line, const char *end)
{
	const char *blank = memchr(line, ' ', (size_t)(end - line));
	int verb;

	if (!blank)
		return false;
	line += *line == '?';
	for (verb = VERB_BIN; verb <= VERB_OPAQUE; verb++) {
		const char *name = directive_of((enum verb)verb)->verb;
		size_t len = strlen(name);

		if (len == (size_t)(blank - line) &&
		    memcmp(name, line, len) == 0)
			return true;
	}
	return false;
}

/* text[len] is written too. */
static int read_text(struct reader *reader, char *text, size_t len,
		     struct err *err)
{
	struct entry place = {
		.file = reader->manifest->files[reader->current],
	};
	char *end = text + len;

	while (text < end) {
		char *line = text;
		char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		text = stop + 1;
		place.line++;
		if (place.line == 1 && stop - line >= 3 &&
		    memcmp(line, "\xef\xbb\xbf", 3) == 0)
			return entry_error(&place, err,
					   "a byte order mark; save the file "
					   "without it");
		if (reader->is_launch && is_for_builder(line, stop))
			continue;
		if (read_line(reader, line, (size_t)(stop - line), &place,
			      err) < 0)
			return -1;
	}
	return 0;
}

/* --- files --------------------------------------------------------------- */

/* Notes a file as being read; the name is copied. */
static int enter(struct reader *reader, const char *name, const struct stat *st,
		 struct err *err)
{
	struct manifest *manifest = reader->manifest;
	struct opened *opened;
	char **file;

	if (manifest->n_files == MANIFEST_MAX_FILES)
		return err_set(err, ERR_MANIFEST, "%.200s: more than %d files",
			       name, MANIFEST_MAX_FILES);
	file = array_push(manifest->files, manifest->n_files);
	opened = array_push(reader->opened, reader->n_opened);
	if (!file || !opened)
		return no_memory(err);
	*file = strdup(name);
	*opened = (struct opened){st->st_dev, st->st_ino, true};
	reader->current = reader->n_opened - 1;
	return *file ? 0 : no_memory(err);
}

static int refuse_file(const char *path, const struct entry *user, int error,
		       struct err *err)
{
	const char *reason = error == -EFBIG ? "has more than 1 MiB"
					     : strerrordesc_np(-error);

	if (error == -ENOMEM)
		return no_memory(err);
	if (user)
		return entry_error(user, err, "%.200s: %s", path, reason);
	return err_set(err, ERR_INPUT, "%.300s: %s", path, reason);
}

/* 1: this file has been read. */
static int check_again(struct reader *reader, const struct stat *st,
		       const struct entry *user, struct err *err)
{
	size_t i;

	for (i = 0; i < reader->n_opened; i++) {
		if (reader->opened[i].dev != st->st_dev ||
		    reader->opened[i].ino != st->st_ino)
			continue;
		if (reader->opened[i].is_open)
			return cycle(reader, i, user, err);
		if (user)
			reader->uses[reader->current][i] = true;
		return 1;
	}
	return 0;
}

/* "-" on the command line; what it uses lies in the working directory. */
static bool is_standard_input(const char *path, const struct entry *user)
{
	return !user && strcmp(path, "-") == 0;
}

static int open_file(const char *path, const struct entry *user)
{
	if (is_standard_input(path, user))
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

/* user: the entry that uses the file; NULL: the command line does. */
static int read_file(struct reader *reader, const char *path,
		     const struct entry *user, struct err *err)
{
	auto_close int fd = open_file(path, user);
	size_t before = reader->current, self, len;
	auto_free char *text = NULL;
	struct stat st;
	int result;

	if (is_standard_input(path, user))
		path = "standard input";
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse_file(path, user, -errno, err);
	result = check_again(reader, &st, user, err);
	if (result != 0)
		return result < 0 ? -1 : 0;
	result = fd_read_all(fd, MANIFEST_MAX_BYTES, &text, &len);
	if (result < 0)
		return refuse_file(path, user, result, err);
	/* Whatever was to write it has failed: that is no manifest. */
	if (len == 0 && !user && S_ISFIFO(st.st_mode))
		return err_set(err, ERR_INPUT,
			       "%.300s: nothing came; a manifest was expected",
			       path);
	if (enter(reader, path, &st, err) < 0)
		return -1;
	self = reader->current;
	if (user)
		reader->uses[before][self] = true;
	reader->depth++;
	result = read_text(reader, text, len, err);
	reader->depth--;
	reader->opened[self].is_open = false;
	reader->current = before;
	return result;
}

static void reader_clear(struct reader *reader)
{
	manifest_free(reader->manifest);
	free(reader->opened);
	free(reader->uses);
	words_clear(&reader->words);
}

static int finish(struct reader *reader, int result, struct manifest **out,
		  struct err *err)
{
	if (result == 0)
		result = manifest_settle(reader->manifest, reader->uses, err);
	if (result == 0)
		*out = TAKE(reader->manifest);
	reader_clear(reader);
	return result;
}

int manifest_read(const char *const *paths, size_t n_paths,
		  const char *const *preset_dirs, struct manifest **out,
		  struct err *err)
{
	struct reader reader = {
		.manifest = calloc(1, sizeof(*reader.manifest)),
		.preset_dirs = preset_dirs,
		.uses = calloc(MANIFEST_MAX_FILES, sizeof(use_row)),
	};
	int result = reader.manifest && reader.uses ? 0 : no_memory(err);
	size_t i;

	for (i = 0; result == 0 && i < n_paths; i++)
		result = read_file(&reader, paths[i], NULL, err);
	return finish(&reader, result, out, err);
}

static int read_embedded(const char *text, size_t len, const char *name,
			 bool is_launch, struct manifest **out, struct err *err)
{
	struct reader reader = {
		.manifest = calloc(1, sizeof(*reader.manifest)),
		.is_launch = is_launch,
	};
	auto_free char *copy = NULL;
	int result = reader.manifest ? 0 : no_memory(err);

	if (result == 0 && len > MANIFEST_MAX_BYTES)
		result = err_set(err, ERR_MANIFEST,
				 "%.200s: has more than 1 MiB", name);
	if (result == 0)
		result = enter(&reader, name, &(struct stat){0}, err);
	if (result == 0) {
		copy = malloc(len + 1);
		result = copy ? 0 : no_memory(err);
	}
	if (result == 0) {
		memcpy(copy, text, len);
		result = read_text(&reader, copy, len, err);
	}
	return finish(&reader, result, out, err);
}

int manifest_read_text(const char *text, size_t len, const char *name,
		       struct manifest **out, struct err *err)
{
	return read_embedded(text, len, name, false, out, err);
}

int manifest_read_launch(const char *text, size_t len, const char *name,
			 struct manifest **out, struct err *err)
{
	return read_embedded(text, len, name, true, out, err);
}
