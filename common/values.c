#include "values.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capability_names.h"
#include "directives.h"
#include "known_device.h"
#include "limit.h"
#include "nearest.h"
#include "uid_range.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *const variables[] = {"triplet", "lib", "arch", NULL};
static const char *const allows[] = {"setuid", "writable", NULL};
static const char *const dlopens[] = {"required", "recommended", "all", "none",
				      NULL};
static const char *const hwcaps[] = {"none", "all", NULL};
static const char *const caches[] = {"auto", "yes", "no", NULL};
static const char *const needs[] = {"proc", "shm", "pts", NULL};
static int is_one_of(const char *value, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(value, *names) == 0)
			return 1;
	return 0;
}

/* "a b c", or "a b ..." where the room ends. */
static void join(const char *const *names, char *out, size_t size)
{
	*out = '\0';
	for (; *names; names++) {
		bool fits = strlen(out) + strlen(*names) + 6 < size;

		strcat(out, *out ? " " : "");
		strcat(out, fits ? *names : "...");
		if (!fits)
			return;
	}
}

/* Not one of the names: with the nearest, or with all of them. */
static int unknown(const char *what, const char *value,
		   const char *const *names, struct err *err)
{
	struct nearest nearest;
	char all[200];
	size_t i;

	nearest_start(&nearest, value);
	for (i = 0; names[i]; i++)
		nearest_offer(&nearest, names[i]);
	if (nearest_best(&nearest))
		return err_set(err, ERR_MANIFEST,
			       "unknown %s \"%.60s\"; did you mean \"%s\"?",
			       what, value, nearest_best(&nearest));
	join(names, all, sizeof(all));
	return err_set(err, ERR_MANIFEST, "unknown %s \"%.60s\"; known: %s",
		       what, value, all);
}

static int one_of(const char *what, const char *value, const char *const *names,
		  struct err *err)
{
	return is_one_of(value, names) ? 0 : unknown(what, value, names, err);
}

static int check_variables(const char *value, struct err *err)
{
	const char *at = value;
	char name[16];

	while ((at = strchr(at, '{')) != NULL) {
		size_t len = strcspn(++at, "}");

		if (at[len] == '\0')
			return err_set(err, ERR_MANIFEST,
				       "\"%.100s\": \"{\" without \"}\"; a "
				       "pattern's \"?\" stands for a brace",
				       value);
		snprintf(name, sizeof(name), "%.*s",
			 (int)(len < sizeof(name) ? len : sizeof(name) - 1),
			 at);
		if (!is_one_of(name, variables))
			return err_set(err, ERR_MANIFEST,
				       "unknown variable \"{%.*s}\"; known: "
				       "{triplet} {lib} {arch}",
				       (int)(len < 60 ? len : 60), at);
		at += len;
	}
	return 0;
}

static int check_bytes(const char *value, struct err *err)
{
	for (; *value; value++)
		if ((unsigned char)*value < 32 || *value == 127)
			return err_set(err, ERR_MANIFEST,
				       "a control character (\\x%02x) in a "
				       "path",
				       (unsigned char)*value);
	return 0;
}

/* No "." or "..", no long component; "//" and a "/" at the end vanish. */
static int squeeze(char *value, struct err *err)
{
	char *put = value, *start;
	const char *at = value;

	while (*at) {
		size_t len;

		if (*at == '/') {
			*put++ = '/';
			at += strspn(at, "/");
		}
		start = put;
		len = strcspn(at, "/");
		memmove(start, at, len);
		put += len;
		at += len;
		if (len > NAME_MAX)
			return err_set(err, ERR_MANIFEST,
				       "a name of %zu bytes in a path; %d are "
				       "possible",
				       len, NAME_MAX);
		if ((len == 1 && *start == '.') ||
		    (len == 2 && memcmp(start, "..", 2) == 0))
			return err_set(err, ERR_MANIFEST,
				       "\"%.*s\" in a path; write the path "
				       "without it",
				       (int)len, start);
	}
	if (put > value + 1 && put[-1] == '/')
		put--;
	*put = '\0';
	return 0;
}

static int check_path(char *value, const char *what, struct err *err)
{
	if (strlen(value) >= PATH_MAX)
		return err_set(err, ERR_MANIFEST,
			       "a path of %zu bytes; %d are possible",
			       strlen(value), PATH_MAX - 1);
	if (*value != '/')
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\" is not %s; begin it with \"/\"",
			       value, what);
	if (check_bytes(value, err) < 0 || check_variables(value, err) < 0)
		return -1;
	return squeeze(value, err);
}

int value_any(char *value __attribute__((unused)),
	      struct err *err __attribute__((unused)))
{
	return 0;
}

int value_sources(char *value, struct err *err)
{
	return check_path(value, "an absolute path", err);
}

int value_path(char *value, struct err *err)
{
	if (strpbrk(value, "*?"))
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\": a pattern where one path is needed",
			       value);
	return check_path(value, "an absolute path", err);
}

int value_plain_path(char *value, struct err *err)
{
	if (strchr(value, '{'))
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\": no variables here", value);
	return value_path(value, err);
}

static int name_or_path(char *value, const char *what, struct err *err)
{
	if (*value == '\0')
		return err_set(err, ERR_MANIFEST, "an empty name");
	if (strchr(value, '/'))
		return check_path(value, what, err);
	if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0 ||
	    *value == '-')
		return err_set(err, ERR_MANIFEST, "\"%.100s\" is not %s", value,
			       what);
	if (strlen(value) > NAME_MAX)
		return err_set(err, ERR_MANIFEST,
			       "a name of %zu bytes; %d are possible",
			       strlen(value), NAME_MAX);
	if (check_bytes(value, err) < 0)
		return -1;
	return check_variables(value, err);
}

int value_program(char *value, struct err *err)
{
	return name_or_path(value, "a program's name or absolute path", err);
}

int value_library(char *value, struct err *err)
{
	return name_or_path(value, "a library's name or absolute path", err);
}

int value_local(char *value, struct err *err)
{
	if (strncmp(value, "./", 2) != 0 && strncmp(value, "../", 3) != 0 &&
	    *value != '/')
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\" is not a local path; begin it with "
			       "\"./\" (beside the manifest) or \"/\"",
			       value);
	if (strlen(value) >= PATH_MAX)
		return err_set(err, ERR_MANIFEST,
			       "a path of %zu bytes; %d are possible",
			       strlen(value), PATH_MAX - 1);
	return check_bytes(value, err);
}

int value_target(char *value, struct err *err)
{
	if (*value == '\0' || strlen(value) >= PATH_MAX)
		return err_set(err, ERR_MANIFEST,
			       "a link's target has 1 to %d bytes, not %zu",
			       PATH_MAX - 1, strlen(value));
	if (check_bytes(value, err) < 0)
		return -1;
	return check_variables(value, err);
}

int value_exclusion(char *value, struct err *err)
{
	if (value[0] != '-' || value[1] == '\0')
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\": what to leave out is written "
			       "-GLOB",
			       value);
	if (check_bytes(value, err) < 0)
		return -1;
	return check_variables(value, err);
}

int value_package(char *value, struct err *err)
{
	size_t name = strspn(value, LOWER DIGITS "+-."), arch = 0;

	if (value[name] == ':')
		arch = 1 + strspn(value + name + 1, LOWER DIGITS "-");
	if (name < 2 || strspn(value, LOWER DIGITS) == 0 || arch == 1 ||
	    value[name + arch] != '\0')
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\" is not a package's name (as in "
			       "\"libc6\" or \"libc6:arm64\")",
			       value);
	return 0;
}

int value_glob(char *value, struct err *err)
{
	if (*value == '\0')
		return err_set(err, ERR_MANIFEST, "an empty pattern");
	if (strchr(value, '/') && *value != '/' && *value != '*')
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\" cannot match; a pattern is a name "
			       "or an absolute path",
			       value);
	if (check_bytes(value, err) < 0)
		return -1;
	return check_variables(value, err);
}

int value_package_glob(char *value, struct err *err)
{
	return value_glob(value + (*value == '-'), err);
}

int value_mode(char *value, struct err *err)
{
	size_t len = strspn(value, "01234567");

	if (len < 3 || len > 5 || value[len] != '\0' ||
	    strtoul(value, NULL, 8) > 07777)
		return err_set(err, ERR_MANIFEST,
			       "\"%.60s\" is not three or four octal "
			       "digits, as in 0755",
			       value);
	return 0;
}

int value_id(char *value, struct err *err)
{
	size_t len = strspn(value, DIGITS);
	unsigned long long id;

	if (len == 0 || value[len] != '\0')
		return err_set(err, ERR_MANIFEST, "\"%.60s\" is not a number",
			       value);
	id = strtoull(value, NULL, 10);
	if (id == 0)
		return err_set(err, ERR_MANIFEST,
			       "0 is root's; take 1 to 4294967294");
	if (id > UINT32_MAX - 1)
		return err_set(err, ERR_MANIFEST,
			       "%.60s is out of range; take 1 to 4294967294",
			       value);
	return 0;
}

static int is_user_name(const char *value)
{
	size_t len = strspn(value, LOWER DIGITS "_-");

	return len > 0 && len <= 32 && value[len] == '\0' &&
	       strchr(LOWER "_", value[0]);
}

int value_new_name(char *value, struct err *err)
{
	if (strcmp(value, "root") == 0 || strcmp(value, "nobody") == 0)
		return err_set(err, ERR_MANIFEST,
			       "\"%s\" is always there; leave the line out",
			       value);
	if (!is_user_name(value))
		return err_set(err, ERR_MANIFEST,
			       "\"%.60s\" cannot be a name; take a-z 0-9 _ -, "
			       "at most 32, no digit or - first",
			       value);
	return 0;
}

int value_user(char *value, struct err *err)
{
	size_t digits = strspn(value, DIGITS);

	if (digits > 0 && value[digits] == '\0') {
		if (strtoull(value, NULL, 10) > UINT32_MAX - 1)
			return err_set(err, ERR_MANIFEST,
				       "%.60s is out of range; a uid is at "
				       "most 4294967294",
				       value);
		return 0;
	}
	if (!is_user_name(value))
		return err_set(err, ERR_MANIFEST,
			       "\"%.60s\" is not a user's name or number",
			       value);
	return 0;
}

int value_preset(char *value, struct err *err)
{
	size_t len = strspn(value, LOWER UPPER DIGITS "._+-");

	if (strncmp(value, "./", 2) == 0 || strncmp(value, "../", 3) == 0 ||
	    *value == '/')
		return check_bytes(value, err);
	if (len == 0 || value[len] != '\0' || strchr(".+-", *value))
		return err_set(err, ERR_MANIFEST,
			       "\"%.100s\" is not a preset's name; a file is "
			       "written ./FILE",
			       value);
	return 0;
}

int value_name(char *value, struct err *err)
{
	size_t len = strspn(value, LOWER UPPER DIGITS "._-");

	if (len == 0 || len > 64 || value[len] != '\0' || strchr("._-", *value))
		return err_set(err, ERR_MANIFEST,
			       "\"%.60s\" is not a name; take letters, digits "
			       "and . _ -, at most 64",
			       value);
	return 0;
}

int value_command(char *value, struct err *err)
{
	if (*value == '\0')
		return err_set(err, ERR_MANIFEST,
			       "an empty name; name the program to start");
	return check_bytes(value, err);
}

int value_env(char *value, struct err *err)
{
	size_t len = strspn(value, LOWER UPPER DIGITS "_");

	if (len == 0 || strchr(DIGITS, *value) || value[len] != '=')
		return err_set(err, ERR_MANIFEST,
			       "\"%.60s\" is not NAME=VALUE (letters, digits, "
			       "_ in NAME)",
			       value);
	return 0;
}

int value_limit(char *value, struct err *err)
{
	enum limit limit;
	uint64_t number;

	if (limit_parse(value, &limit, &number, err) < 0) {
		err->kind = ERR_MANIFEST;
		return -1;
	}
	return 0;
}

int value_uid_pool(char *value, struct err *err)
{
	struct uid_range range;

	if (uid_range_parse(value, &range, err) == 0)
		return 0;
	err->kind = ERR_MANIFEST;
	return -1;
}

int value_allow(char *value, struct err *err)
{
	return one_of("exception", value, allows, err);
}

static int check_capability(const char *name, struct err *err)
{
	const char *names[N_CAPABILITIES + 1] = {NULL};
	char whole[N_CAPABILITIES][32];

	for (size_t i = 0; i < N_CAPABILITIES; i++) {
		snprintf(whole[i], sizeof(whole[i]), "cap_%s",
			 capability_names[i]);
		names[i] = whole[i];
	}
	return one_of("capability", name, names, err);
}

/* "CAP_NET_RAW" is how manuals write it. */
int value_caps(char *value, struct err *err)
{
	char name[64];
	char *at;
	size_t len;

	for (at = value; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');

	for (;; value += len + 1) {
		len = strcspn(value, ",");
		snprintf(name, sizeof(name), "%.*s",
			 (int)(len < sizeof(name) ? len : sizeof(name) - 1),
			 value);
		if (check_capability(name, err) < 0)
			return -1;
		if (value[len] == '\0')
			return 0;
	}
}

int value_device(char *value, struct err *err)
{
	const char *names[N_KNOWN_DEVICES + 1] = {NULL};

	for (size_t i = 0; i < N_KNOWN_DEVICES; i++)
		names[i] = known_devices[i].name;
	return one_of("device", value, names, err);
}

int value_dlopen(char *value, struct err *err)
{
	return one_of("dlopen", value, dlopens, err);
}

int value_hwcaps(char *value, struct err *err)
{
	return one_of("hwcaps", value, hwcaps, err);
}

int value_cache(char *value, struct err *err)
{
	return one_of("cache", value, caches, err);
}

int value_need(char *value, struct err *err)
{
	return one_of("need", value, needs, err);
}
