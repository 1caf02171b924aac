#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "memo.h"
#include "rootfd.h"

#define MAX_LINKS 40 /* the kernel's own limit */

/* What lstat() says of a path whose directories are all real ones. */
struct place {
	char *path;
	int error; /* -errno, or 0 */
	struct stat st;
	char *target; /* of a symbolic link */
};

/* Where a path leads when links are followed. */
struct answer {
	int error;
	struct place *place;
};

struct source_memory {
	const struct source_view *view; /* NULL: root_fd */
	void *context;
	char *name;
	struct place root;
	struct memo places; /* real path -> struct place */
	struct memo answers; /* any path -> struct answer */
	char *buffer; /* for joining paths */
	size_t room;
};

static void place_free(void *value)
{
	struct place *place = value;

	free(place->path);
	free(place->target);
	free(place);
}

static struct source *source_new(const char *name)
{
	auto_of(source) struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->root_fd = -1;
	source->memory = calloc(1, sizeof(*source->memory));
	if (!source->memory)
		return NULL;
	source->memory->name = strdup(name);
	source->memory->root.path = strdup("/");
	if (!source->memory->name || !source->memory->root.path)
		return NULL;
	source->name = source->memory->name;
	return TAKE(source);
}

int source_open_view(const struct source_view *view, void *context,
		     const char *name, struct source **out, struct err *err)
{
	auto_of(source) struct source *source = source_new(name);
	struct source_memory *memory;
	int error;

	if (!source) {
		view->release(context);
		return err_sys(err, ENOMEM, "open %s", name);
	}
	memory = source->memory;
	memory->view = view;
	memory->context = context;
	error = view->look(context, "/", &memory->root.st,
			   &memory->root.target);
	if (error < 0)
		return err_sys(err, -error, "open %s", name);
	*out = TAKE(source);
	return 0;
}

int source_open(const char *dir, struct source **out, struct err *err)
{
	auto_of(source) struct source *source =
		source_new(strcmp(dir, "/") == 0 ? "" : dir);

	if (!source)
		return err_sys(err, ENOMEM, "open %s", dir);
	source->root_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (source->root_fd < 0 ||
	    fstat(source->root_fd, &source->memory->root.st) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "sysroot %s", dir);
	*out = TAKE(source);
	return 0;
}

void source_free(struct source *source)
{
	struct source_memory *memory = source ? source->memory : NULL;

	if (memory && memory->view)
		memory->view->release(memory->context);
	if (memory) {
		memo_clear(&memory->places, place_free);
		memo_clear(&memory->answers, free);
		free(memory->root.path);
		free(memory->name);
		free(memory->buffer);
		free(memory);
	}
	if (source && source->root_fd >= 0)
		close(source->root_fd);
	free(source);
}

/* dir/name in memory->buffer; its length, or 0: no memory. */
static size_t join(struct source_memory *memory, const char *dir,
		   const char *name, size_t name_len)
{
	size_t dir_len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
	size_t len = dir_len + 1 + name_len;

	if (len >= memory->room) {
		char *grown = realloc(memory->buffer, 2 * (len + 1));

		if (!grown)
			return 0;
		memory->buffer = grown;
		memory->room = 2 * (len + 1);
	}
	memcpy(memory->buffer, dir, dir_len);
	memory->buffer[dir_len] = '/';
	memcpy(memory->buffer + dir_len + 1, name, name_len);
	memory->buffer[len] = '\0';
	return len;
}

static int read_target(int fd, char **target)
{
	char buffer[PATH_MAX];
	ssize_t len = readlinkat(fd, "", buffer, sizeof(buffer));

	if (len < 0)
		return -errno;
	if ((size_t)len == sizeof(buffer))
		return -ENAMETOOLONG;
	*target = strndup(buffer, (size_t)len);
	return *target ? 0 : -ENOMEM;
}

static int look_on_disk(const struct source *source, struct place *place)
{
	auto_close int fd = root_open_nolinks(source->root_fd, place->path,
					      O_PATH | O_NOFOLLOW, 0);

	if (fd < 0)
		return fd;
	if (fstat(fd, &place->st) < 0)
		return -errno;
	if (S_ISLNK(place->st.st_mode))
		return read_target(fd, &place->target);
	return 0;
}

static int look(const struct source *source, struct place *place)
{
	const struct source_memory *memory = source->memory;

	if (memory->view)
		return memory->view->look(memory->context, place->path,
					  &place->st, &place->target);
	return look_on_disk(source, place);
}

/* What stands in a real directory under a name; NULL: no memory. */
static struct place *place_in(const struct source *source, const char *dir,
			      const char *name, size_t name_len)
{
	struct source_memory *memory = source->memory;
	size_t len = join(memory, dir, name, name_len);
	void **known =
		len ? memo_at(&memory->places, memory->buffer, len) : NULL;
	struct place *place;

	if (!known || *known)
		return known ? *known : NULL;
	place = calloc(1, sizeof(*place));
	if (place)
		place->path = strdup(memory->buffer);
	if (!place || !place->path) {
		free(place);
		return NULL;
	}
	place->error = look(source, place);
	*known = place;
	return place;
}

static struct place *parent_of(const struct source *source, struct place *place)
{
	struct source_memory *memory = source->memory;
	const char *slash = strrchr(place->path, '/');
	size_t len = (size_t)(slash - place->path);

	if (len == 0)
		return &memory->root;
	return memo_get(&memory->places, place->path, len);
}

struct walk {
	const struct source *source;
	struct place *at;
	bool follow_last;
	char ***links; /* NULL: not wanted */
	size_t n_links;
	char *pending; /* the path that is walked, when a link was crossed */
};

static int keep_link(struct walk *walk, const struct place *link)
{
	char **copy;

	if (!walk->links)
		return 0;
	/* One more for the NULL at the end, which array_push() zeroes. */
	copy = array_push(*walk->links, walk->n_links);
	if (!copy)
		return -ENOMEM;
	*copy = strdup(link->path);
	return *copy ? 0 : -ENOMEM;
}

/* Goes on at the link's target and then `rest`. */
static int cross(struct walk *walk, const struct place *link, const char *rest,
		 const char **path)
{
	char *joined = NULL;
	int error = keep_link(walk, link);

	if (error < 0)
		return error;
	if (*link->target == '/')
		walk->at = &walk->source->memory->root;
	if (asprintf(&joined, "%s%s", link->target, rest) < 0)
		return -ENOMEM;
	free(walk->pending);
	walk->pending = joined;
	*path = joined;
	return *link->target ? 0 : -ENOENT;
}

/* The next component of *path; moves *path behind it. */
static int step(struct walk *walk, const char **path, unsigned *links_left)
{
	const char *name = *path;
	size_t len = strcspn(name, "/");
	struct place *next;

	*path = name + len;
	if (!S_ISDIR(walk->at->st.st_mode))
		return -ENOTDIR;
	if (len == 0 || (len == 1 && *name == '.'))
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		if (walk->at != &walk->source->memory->root)
			walk->at = parent_of(walk->source, walk->at);
		return 0;
	}
	next = place_in(walk->source, walk->at->path, name, len);
	if (!next)
		return -ENOMEM;
	if (next->error < 0)
		return next->error;
	if (!next->target || (**path == '\0' && !walk->follow_last)) {
		walk->at = next;
		return 0;
	}
	if ((*links_left)-- == 0)
		return -ELOOP;
	return cross(walk, next, *path, path);
}

static int walk_path(struct walk *walk, const char *path)
{
	unsigned links_left = MAX_LINKS;
	int error = *path ? 0 : -ENOENT;

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	walk->at = &walk->source->memory->root;
	while (error == 0 && *path) {
		if (*path == '/') {
			path += strspn(path, "/");
			/* "file/" is no name of a file */
			if (*path == '\0' && !S_ISDIR(walk->at->st.st_mode))
				error = -ENOTDIR;
			continue;
		}
		error = step(walk, &path, &links_left);
	}
	free(walk->pending);
	walk->pending = NULL;
	return error;
}

static int follow(const struct source *source, const char *path,
		  struct place **out)
{
	void **known = memo_at(&source->memory->answers, path, strlen(path));
	struct walk walk = {.source = source, .follow_last = true};
	struct answer *answer;

	if (!known)
		return -ENOMEM;
	answer = *known;
	if (!answer) {
		answer = calloc(1, sizeof(*answer));
		if (!answer)
			return -ENOMEM;
		answer->error = walk_path(&walk, path);
		answer->place = walk.at;
		*known = answer;
	}
	*out = answer->place;
	return answer->error;
}

int source_realpath(const struct source *source, const char *path, char **real,
		    char ***links)
{
	char **crossed = NULL;
	struct walk walk = {.source = source,
			    .follow_last = true,
			    .links = links ? &crossed : NULL};
	struct place *place;
	int error;

	if (links)
		error = walk_path(&walk, path), place = walk.at;
	else
		error = follow(source, path, &place);
	if (error == 0 && links && !array_push(crossed, walk.n_links))
		error = -ENOMEM;
	if (error == 0) {
		*real = strdup(place->path);
		error = *real ? 0 : -ENOMEM;
	}
	if (error == 0 && links) {
		*links = crossed;
		return 0;
	}
	for (size_t i = 0; crossed && i < walk.n_links; i++)
		free(crossed[i]);
	free(crossed);
	return error;
}

void source_links_free(char **links)
{
	for (char **link = links; link && *link; link++)
		free(*link);
	free(links);
}

int source_stat(const struct source *source, const char *path, struct stat *st)
{
	struct place *place;
	int error = follow(source, path, &place);

	if (error == 0)
		*st = place->st;
	return error;
}

bool source_failed(int error)
{
	/* All other errors come of the looking. */
	static const int answers[] = {ENOENT,	    ENOTDIR, EACCES, ELOOP,
				      ENAMETOOLONG, EINVAL,  EISDIR, ENXIO,
				      ENODEV,	    EFBIG};

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (error == -answers[i])
			return false;
	return error < 0;
}

int source_lstat(const struct source *source, const char *path, struct stat *st)
{
	struct walk walk = {.source = source};
	int error = walk_path(&walk, path);

	if (error == 0)
		*st = walk.at->st;
	return error;
}

int source_readlink(const struct source *source, const char *path,
		    char **target)
{
	struct walk walk = {.source = source};
	int error = walk_path(&walk, path);

	if (error < 0)
		return error;
	if (!walk.at->target)
		return -EINVAL;
	*target = strdup(walk.at->target);
	return *target ? 0 : -ENOMEM;
}

int source_open_file(const struct source *source, const char *path,
		     struct stat *st)
{
	auto_close int fd = -1;
	struct place *place;
	int error = follow(source, path, &place);

	if (error < 0)
		return error;
	/* Not even opened: to open a device may be to act on it. */
	if (!S_ISREG(place->st.st_mode))
		return -EINVAL;
	if (source->memory->view)
		return source->memory->view->open(source->memory->context,
						  place->path, st);
	fd = root_open_nolinks(source->root_fd, place->path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, st) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	return take_fd(&fd);
}
