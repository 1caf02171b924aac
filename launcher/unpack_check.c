#include "unpack_check.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "image_bounds.h"
#include "known_device.h"

/* Content that no ratio forbids: too little to be a bomb. */
#define RATIO_FLOOR (1u << 20)
#define COMPONENT_MAX 255u
/* Of a member in a plain tar: its header, one for a long name, padding. */
#define HEADER_ROOM 1024u

static int refuse(struct err *err, const char *words)
{
	return err_set(err, ERR_INPUT, "%s", words);
}

void unpack_limits_complete(struct unpack_limits *limits)
{
	if (!limits->bytes)
		limits->bytes = 2ull << 30;
	if (!limits->members)
		limits->members = 100000;
	if (!limits->depth)
		limits->depth = IMAGE_DEPTH_MAX;
	if (limits->depth > UNPACK_DEPTH_MAX)
		limits->depth = UNPACK_DEPTH_MAX;
	if (!limits->ratio)
		limits->ratio = 200;
	if (!limits->seconds)
		limits->seconds = 60;
}

int unpack_check_record(const struct unpack_record *record, struct err *err)
{
	bool has_data =
		record->kind == UNPACK_FILE || record->kind == UNPACK_DATA;
	bool has_target = record->kind == UNPACK_SYMLINK ||
			  record->kind == UNPACK_HARDLINK ||
			  record->kind == UNPACK_ERROR;

	if (record->magic != UNPACK_MAGIC)
		return refuse(err, "it has no magic number");
	if (record->kind < UNPACK_FILE || record->kind > UNPACK_ERROR)
		return err_set(err, ERR_INPUT, "it is of unknown kind %u",
			       record->kind);
	if (record->path_len > UNPACK_NAME_MAX ||
	    record->target_len > UNPACK_NAME_MAX ||
	    record->data_len > UNPACK_DATA_MAX)
		return refuse(err, "it is too long");
	if ((record->data_len > 0 && !has_data) ||
	    (record->target_len > 0 && !has_target) ||
	    (record->path_len > 0 && record->kind == UNPACK_DATA))
		return refuse(err, "it has a part that its kind has not");
	return 0;
}

/* Each component: not empty, ".", ".." or too long.  Sets how many. */
static int check_path(const char *path, unsigned *depth, struct err *err)
{
	*depth = 0;
	for (const char *at = path; *at != '\0' || at > path; (*depth)++) {
		size_t len = strcspn(at, "/");

		if (at == path && len == 0)
			return refuse(err, "an absolute path");
		if (len == 0)
			return refuse(err, "an empty component in a path");
		if (len == 1 && at[0] == '.')
			return refuse(err, "\".\" in a path");
		if (len == 2 && at[0] == '.' && at[1] == '.')
			return refuse(err, "\"..\" in a path");
		if (len > COMPONENT_MAX)
			return err_set(err, ERR_INPUT,
				       "a file name of %zu bytes (at most %u)",
				       len, COMPONENT_MAX);
		if (at[len] == '\0') {
			(*depth)++;
			break;
		}
		at += len + 1;
	}
	return 0;
}

/*
 * Where a link leads, by its words alone: below the top directory, which the
 * program that follows it sees as "/".  depth: of the directory it lies in.
 */
static int check_symlink(const char *target, unsigned depth, struct err *err)
{
	if (target[0] == '\0')
		return refuse(err, "a symbolic link to nothing");
	if (target[0] == '/')
		depth = 0;
	for (const char *at = target; *at != '\0';) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.') {
			if (depth == 0)
				return err_set(err, ERR_INPUT,
					       "a symbolic link that leads "
					       "out of the image (%.100s)",
					       target);
			depth--;
		} else if (len > 0 && !(len == 1 && at[0] == '.')) {
			depth++;
		}
		at += len;
		at += *at == '/';
	}
	return 0;
}

/* What the launcher itself makes or reads: no link may steer it elsewhere. */
static bool is_launchers(const char *path)
{
	static const char *const names[] = {"dev", "tmp", "etc", "proc",
					    ".jail"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	return false;
}

static int check_device(const struct unpack_record *record, struct err *err)
{
	if (record->kind == UNPACK_CHAR &&
	    known_device_numbered(record->dev_major, record->dev_minor))
		return 0;
	return err_set(err, ERR_INPUT,
		       "the %s device %u:%u (accepted are " KNOWN_DEVICE_WORDS
		       ")",
		       record->kind == UNPACK_CHAR ? "character" : "block",
		       record->dev_major, record->dev_minor);
}

static int check_mode(const struct unpack_record *record, struct err *err)
{
	if (record->mode & ~07777u)
		return refuse(err, "a mode out of range");
	if (record->mode & (S_ISUID | S_ISGID))
		return err_set(err, ERR_INPUT,
			       "it asks for set-id (mode %04o), which is never "
			       "unpacked; build the image without `allow "
			       "setuid`",
			       record->mode);
	if (record->uid > INT32_MAX || record->gid > INT32_MAX)
		return refuse(err, "an owner's id is out of range");
	if (record->mtime_ns >= 1000000000)
		return refuse(err, "a time out of range");
	return 0;
}

static int check_limits(const struct unpack_count *count, uint64_t size,
			unsigned depth, struct err *err)
{
	const struct unpack_limits *limits = &count->limits;
	uint64_t allowed;

	if (count->members >= limits->members)
		return err_set(err, ERR_INPUT, "more than %llu members",
			       (unsigned long long)limits->members);
	if (depth > limits->depth)
		return err_set(err, ERR_INPUT,
			       "a path of %u components (at most %u)", depth,
			       limits->depth);
	if (size > limits->bytes || count->bytes > limits->bytes - size)
		return err_set(err, ERR_INPUT,
			       "more than %llu bytes of content",
			       (unsigned long long)limits->bytes);
	if (count->image_size == 0 || count->bytes + size <= RATIO_FLOOR ||
	    __builtin_mul_overflow(count->image_size, limits->ratio, &allowed))
		return 0;
	if (count->bytes + size > allowed)
		return err_set(err, ERR_INPUT,
			       "more than %u bytes of content for each byte of "
			       "the image",
			       limits->ratio);
	return 0;
}

int unpack_check_plain(const struct unpack_limits *limits, uint64_t image_size,
		       uint64_t bytes, struct err *err)
{
	uint64_t headers = limits->members * HEADER_ROOM, allowed;

	if (bytes > headers && bytes - headers > limits->bytes)
		return err_set(err, ERR_INPUT,
			       "more than %llu bytes of content",
			       (unsigned long long)limits->bytes);
	if (image_size == 0 || bytes <= headers ||
	    __builtin_mul_overflow(image_size, limits->ratio, &allowed))
		return 0;
	if (bytes - headers > allowed)
		return err_set(err, ERR_INPUT,
			       "more than %u bytes of content for each byte of "
			       "the image",
			       limits->ratio);
	return 0;
}

static int check_kind(const struct unpack_record *record, const char *path,
		      const char *target, unsigned depth, struct err *err)
{
	unsigned target_depth;

	if (record->kind != UNPACK_FILE && record->size != 0)
		return refuse(err, "data for a member that has none");
	if (path[0] == '\0' && record->kind != UNPACK_DIR)
		return refuse(err, "the top of an image must be a directory");
	switch (record->kind) {
	case UNPACK_SYMLINK:
		if (is_launchers(path))
			return refuse(err, "this may not be a symbolic link");
		return check_symlink(target, depth - 1, err);
	case UNPACK_HARDLINK:
		if (target[0] == '\0')
			return refuse(err, "a hard link to nothing");
		if (check_path(target, &target_depth, err) < 0)
			return err_context(err, "hard link");
		return 0;
	case UNPACK_CHAR:
	case UNPACK_BLOCK:
		return check_device(record, err);
	default:
		return 0;
	}
}

int unpack_check_member(struct unpack_count *count,
			const struct unpack_record *record, const char *path,
			const char *target, struct err *err)
{
	unsigned depth;

	if (strlen(path) != record->path_len ||
	    strlen(target) != record->target_len)
		return refuse(err, "a NUL byte in a name");
	if (record->number != count->members + 1)
		return refuse(err, "a member out of order");
	if (check_path(path, &depth, err) < 0 ||
	    check_limits(count, record->size, depth, err) < 0 ||
	    check_mode(record, err) < 0 ||
	    check_kind(record, path, target, depth, err) < 0)
		return -1;
	count->members++;
	count->bytes += record->size;
	return 0;
}

static bool is_shared(const char *path)
{
	return strcmp(path, "tmp") == 0 || strcmp(path, "var/tmp") == 0 ||
	       strcmp(path, "dev/shm") == 0;
}

mode_t unpack_mode(const struct unpack_record *record, const char *path)
{
	switch (record->kind) {
	case UNPACK_DIR:
		if ((record->mode & S_ISVTX) && is_shared(path))
			return record->mode & 01777;
		return record->mode & 0755;
	case UNPACK_CHAR:
		return record->mode & 0666;
	default:
		return record->mode & 0755;
	}
}
