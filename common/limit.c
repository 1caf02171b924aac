#include "limit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"

#define DAYS (24ull * 60 * 60 * 1000)
#define EXBIBYTE (1ull << 60)

const struct limit_row limit_rows[N_LIMITS] = {
	[LIMIT_AS] = {"as", LIMIT_BYTES, 4096, EXBIBYTE,
		      "address space of each process"},
	[LIMIT_CORE] = {"core", LIMIT_BYTES, 0, EXBIBYTE, "a core dump"},
	[LIMIT_CPU_TIME] = {"cpu-time", LIMIT_MILLISECONDS, 1, 36500 * DAYS,
			    "processor time"},
	[LIMIT_CPUS] = {"cpus", LIMIT_THOUSANDTHS, 10, 4096000, "processors"},
	[LIMIT_FSIZE] = {"fsize", LIMIT_BYTES, 0, EXBIBYTE, "a file written"},
	[LIMIT_MEMORY] = {"memory", LIMIT_BYTES, 4096, EXBIBYTE,
			  "memory, all processes together"},
	[LIMIT_NOFILE] = {"nofile", LIMIT_COUNT, 3, 1 << 30,
			  "open descriptors of each process"},
	[LIMIT_OUTPUT] = {"output", LIMIT_BYTES, 0, EXBIBYTE,
			  "bytes on standard output and error"},
	[LIMIT_PIDS] = {"pids", LIMIT_COUNT, 1, 1 << 22,
			"processes and threads"},
	[LIMIT_STACK] = {"stack", LIMIT_BYTES, 4096, EXBIBYTE,
			 "stack of each process"},
	[LIMIT_TMP] = {"tmp", LIMIT_BYTES, 4096, EXBIBYTE,
		       "each of the jail's own file systems"},
	[LIMIT_WALL_TIME] = {"wall-time", LIMIT_MILLISECONDS, 1, 36500 * DAYS,
			     "time from start to end"},
};

static const struct suffix {
	enum limit_unit unit;
	const char *name;
	uint64_t factor;
} suffixes[] = {
	{LIMIT_BYTES, "", 1},
	{LIMIT_BYTES, "K", 1ull << 10},
	{LIMIT_BYTES, "M", 1ull << 20},
	{LIMIT_BYTES, "G", 1ull << 30},
	{LIMIT_BYTES, "T", 1ull << 40},
	{LIMIT_MILLISECONDS, "", 1000},
	{LIMIT_MILLISECONDS, "ms", 1},
	{LIMIT_MILLISECONDS, "s", 1000},
	{LIMIT_MILLISECONDS, "m", 60ull * 1000},
	{LIMIT_MILLISECONDS, "h", 60ull * 60 * 1000},
	{LIMIT_COUNT, "", 1},
	{LIMIT_THOUSANDTHS, "", 1000},
};

static const char *const forms[] = {
	[LIMIT_BYTES] = "a size (bytes, or with K M G T, as in \"128M\")",
	[LIMIT_MILLISECONDS] =
		"a time in whole ms (or with ms s m h, as in \"1.5s\")",
	[LIMIT_COUNT] = "a whole number",
	[LIMIT_THOUSANDTHS] = "a number of processors (as in \"1.5\")",
};

static const char *const base_units[] = {
	[LIMIT_BYTES] = " bytes",
	[LIMIT_MILLISECONDS] = " ms",
	[LIMIT_COUNT] = "",
	[LIMIT_THOUSANDTHS] = " thousandths of a processor",
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static const struct suffix *find_suffix(enum limit_unit unit, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (suffixes[i].unit == unit &&
		    strcmp(suffixes[i].name, name) == 0)
			return &suffixes[i];
	return NULL;
}

/*
 * Digits with at most one point between them, as a whole number and the power
 * of ten that it must be divided by.  What follows, or NULL.
 */
static const char *read_digits(const char *text, uint64_t *number,
			       uint64_t *scale)
{
	bool has_point = false;

	*number = 0;
	*scale = 1;
	if (!is_digit(*text))
		return NULL;
	for (;; text++) {
		if (*text == '.' && !has_point && is_digit(text[1])) {
			has_point = true;
			continue;
		}
		if (!is_digit(*text))
			return text;
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *text - '0', number) ||
		    (has_point && __builtin_mul_overflow(*scale, 10, scale)))
			return NULL;
	}
}

/* False: not in the form of the unit, or not a whole number of base units. */
static bool read_value(const char *text, enum limit_unit unit, uint64_t *value)
{
	uint64_t number, scale;
	const char *end = read_digits(text, &number, &scale);
	const struct suffix *suffix = end ? find_suffix(unit, end) : NULL;

	if (!suffix || __builtin_mul_overflow(number, suffix->factor, &number))
		return false;
	*value = number / scale;
	return number % scale == 0;
}

/* " as core ...", as in the table. */
static void list_names(char *out, size_t size)
{
	size_t i, len = 0;

	for (i = 0; i < N_LIMITS && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, " %s",
					limit_rows[i].name);
}

static int find_limit(const char *text, size_t len, enum limit *limit,
		      struct err *err)
{
	struct nearest nearest;
	char name[32], names[256];
	size_t i;

	snprintf(name, sizeof(name), "%.*s", (int)(len < 31 ? len : 31), text);
	nearest_start(&nearest, name);
	for (i = 0; i < N_LIMITS; i++) {
		if (strcmp(limit_rows[i].name, name) == 0) {
			*limit = (enum limit)i;
			return 0;
		}
		nearest_offer(&nearest, limit_rows[i].name);
	}
	if (nearest_best(&nearest))
		return err_set(err, ERR_USAGE,
			       "unknown limit \"%s\"; did you mean \"%s\"?",
			       name, nearest_best(&nearest));
	list_names(names, sizeof(names));
	return err_set(err, ERR_USAGE, "unknown limit \"%s\"; known:%s", name,
		       names);
}

static int parse_value(const struct limit_row *row, const char *text,
		       uint64_t *value, struct err *err)
{
	if (strcmp(text, "unlimited") == 0) {
		*value = LIMIT_UNLIMITED;
		return 0;
	}
	if (!read_value(text, row->unit, value))
		return err_set(err, ERR_USAGE,
			       "limit %s: \"%.60s\" is not %s or \"unlimited\"",
			       row->name, text, forms[row->unit]);
	if (*value < row->least || *value > row->most)
		return err_set(err, ERR_USAGE,
			       "limit %s: \"%.60s\" is out of range (%ju to "
			       "%ju%s)",
			       row->name, text, (uintmax_t)row->least,
			       (uintmax_t)row->most, base_units[row->unit]);
	return 0;
}

int limit_parse(const char *text, enum limit *limit, uint64_t *value,
		struct err *err)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return err_set(
			err, ERR_USAGE,
			"limit \"%.60s\" has no value; write NAME=VALUE, "
			"as in \"memory=128M\"",
			text);
	if (find_limit(text, (size_t)(equals - text), limit, err) < 0)
		return -1;
	return parse_value(&limit_rows[*limit], equals + 1, value, err);
}

int limit_parse_size(const char *text, uint64_t *value, struct err *err)
{
	return parse_value(&limit_rows[LIMIT_TMP], text, value, err);
}
