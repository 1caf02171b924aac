/*
 * What is not known is refused, and so is what is said twice: a second reader
 * might believe the other word.
 */
#include "tar_extension.h"

#include <string.h>

static int refuse(struct err *err, const char *words)
{
	return err_set(err, ERR_INPUT, "%s", words);
}

/* Copies a name that is not longer than its buffer allows and has no NUL. */
static int set_name(char *to, const char *from, size_t len, struct err *err)
{
	if (len > UNPACK_NAME_MAX)
		return err_set(err, ERR_INPUT,
			       "a name of %zu bytes (at most %u)", len,
			       UNPACK_NAME_MAX);
	if (memchr(from, '\0', len))
		return refuse(err, "a NUL byte in a name");
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

static int decimal(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	if (len == 0 || len > 18)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*out = value;
	return 0;
}

int tar_extension_long(char *to, bool *is_set, const char *text, size_t size,
		       struct err *err)
{
	size_t len = strnlen(text, size), i;

	if (*is_set)
		return refuse(err, "two long names for one member");
	*is_set = true;
	for (i = len; i < size; i++)
		if (text[i] != '\0')
			return refuse(err, "a NUL byte in a name");
	return set_name(to, text, len, err);
}

/* "-12.5" is thirteen seconds before the epoch and half a second more. */
static int pax_time(const char *text, size_t len,
		    struct tar_extension *extension)
{
	bool is_negative = len > 0 && text[0] == '-';
	const char *dot = memchr(text, '.', len);
	const char *whole = text + is_negative;
	size_t n_whole = (size_t)((dot ? dot : text + len) - whole);
	uint64_t seconds;
	uint32_t ns = 0, unit = 100000000;

	if (decimal(whole, n_whole, &seconds) < 0)
		return -1;
	for (const char *at = dot ? dot + 1 : text + len; at < text + len;
	     at++) {
		if (*at < '0' || *at > '9')
			return -1;
		ns += (uint32_t)(*at - '0') * unit;
		unit /= 10;
	}
	extension->mtime = is_negative ? -(int64_t)seconds : (int64_t)seconds;
	if (is_negative && ns > 0) {
		extension->mtime--;
		ns = 1000000000 - ns;
	}
	extension->mtime_ns = ns;
	return 0;
}

static bool is_text(const char *value, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(value, text, len) == 0;
}

enum pax_key {
	PAX_PATH,
	PAX_LINKPATH,
	PAX_SIZE,
	PAX_MTIME,
	PAX_UID,
	PAX_GID,
	PAX_CHARSET,
	PAX_IGNORED,
};

/* The keys that are known; no other is accepted. */
static const struct {
	const char *name;
	enum pax_key key;
} pax_keys[] = {
	{"path", PAX_PATH},
	{"linkpath", PAX_LINKPATH},
	{"size", PAX_SIZE},
	{"mtime", PAX_MTIME},
	{"uid", PAX_UID},
	{"gid", PAX_GID},
	/* bytes are bytes here: it changes nothing */
	{"hdrcharset", PAX_CHARSET},
	/* the mountable index; readers of tar skip it */
	{"comment", PAX_IGNORED},
	/* written by common packers; nothing that we make depends on them */
	{"atime", PAX_IGNORED},
	{"ctime", PAX_IGNORED},
	{"uname", PAX_IGNORED},
	{"gname", PAX_IGNORED},
};
#define N_PAX_KEYS (sizeof(pax_keys) / sizeof(pax_keys[0]))

static int pax_number(const char *value, size_t len, uint64_t *out,
		      bool *is_set)
{
	if (*is_set)
		return -1;
	*is_set = true;
	return decimal(value, len, out);
}

static int pax_name(char *to, const char *value, size_t len, bool *is_set,
		    struct err *err)
{
	if (*is_set)
		return refuse(err, "two long names for one member");
	*is_set = true;
	if (len == 0)
		return refuse(err, "an empty name in an extended header");
	return set_name(to, value, len, err);
}

static int pax_set(struct tar_extension *extension, enum pax_key key,
		   const char *name, const char *value, size_t len,
		   struct err *err)
{
	int status = 0;

	switch (key) {
	case PAX_PATH:
		return pax_name(extension->path, value, len,
				&extension->has_path, err);
	case PAX_LINKPATH:
		return pax_name(extension->target, value, len,
				&extension->has_target, err);
	case PAX_SIZE:
		status = pax_number(value, len, &extension->size,
				    &extension->has_size);
		break;
	case PAX_UID:
		status = pax_number(value, len, &extension->uid,
				    &extension->has_uid);
		break;
	case PAX_GID:
		status = pax_number(value, len, &extension->gid,
				    &extension->has_gid);
		break;
	case PAX_MTIME:
		status = extension->has_mtime ? -1
					      : pax_time(value, len, extension);
		extension->has_mtime = true;
		break;
	case PAX_CHARSET:
		if (!is_text(value, len, "BINARY") &&
		    !is_text(value, len, "ISO-IR 10646 2000 UTF-8"))
			status = -1;
		break;
	case PAX_IGNORED:
		break;
	}
	if (status < 0)
		return err_set(err, ERR_INPUT,
			       "bad or repeated %s in an extended header",
			       name);
	return 0;
}

/* One "LEN key=value\n" of len bytes in all; at is behind "LEN ". */
static int pax_record(struct tar_extension *extension, const char *at,
		      size_t len, struct err *err)
{
	const char *equals = len > 0 ? memchr(at, '=', len) : NULL;
	size_t n_key;

	if (!equals || at[len - 1] != '\n')
		return refuse(err, "malformed extended header");
	n_key = (size_t)(equals - at);
	for (size_t i = 0; i < N_PAX_KEYS; i++)
		if (is_text(at, n_key, pax_keys[i].name))
			return pax_set(extension, pax_keys[i].key,
				       pax_keys[i].name, equals + 1,
				       len - n_key - 2, err);
	if (is_text(at, n_key, "SCHILY.xattr.security.capability")) {
		extension->has_capabilities = true;
		return 0;
	}
	return err_set(err, ERR_INPUT,
		       "unknown key \"%.*s\" in an extended header (only the "
		       "standard ones are accepted: no extended attributes, "
		       "ACLs or sparse files)",
		       (int)(n_key < 60 ? n_key : 60), at);
}

int tar_extension_pax(struct tar_extension *extension, const char *records,
		      size_t size, struct err *err)
{
	const char *at = records, *end = at + size;

	while (at < end) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		size_t n_digits = space ? (size_t)(space - at) : 0;
		uint64_t len;

		if (n_digits == 0 || at[0] == '0' ||
		    decimal(at, n_digits, &len) < 0 ||
		    len > (size_t)(end - at) || len <= n_digits + 1)
			return refuse(err, "malformed extended header");
		if (pax_record(extension, space + 1, len - n_digits - 1, err) <
		    0)
			return -1;
		at += len;
	}
	return 0;
}
