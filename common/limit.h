#pragma once
/*
 * limit: what can be limited, and how its values are written: `limit K=V` in
 * a manifest, --limit K=V on the command line.
 */
#include <stdint.h>

#include "err.h"

enum limit {
	LIMIT_AS,
	LIMIT_CORE,
	LIMIT_CPU_TIME,
	LIMIT_CPUS,
	LIMIT_FSIZE,
	LIMIT_MEMORY,
	LIMIT_NOFILE,
	LIMIT_OUTPUT,
	LIMIT_PIDS,
	LIMIT_STACK,
	LIMIT_TMP,
	LIMIT_WALL_TIME,
	N_LIMITS,
};

/* What a value counts. */
enum limit_unit {
	LIMIT_BYTES, /* "65536", "128M", "1.5G": powers of 1024 */
	LIMIT_MILLISECONDS, /* "10", "10s", "1.5s", "500ms", "10m", "1h" */
	LIMIT_COUNT, /* "64" */
	LIMIT_THOUSANDTHS, /* of a processor: "2", "0.5" */
};

#define LIMIT_UNLIMITED UINT64_MAX /* "unlimited" */

struct limit_row {
	const char *name;
	enum limit_unit unit;
	uint64_t least, most;
	const char *help;
};

/* Indexed by enum limit, sorted by name. */
extern const struct limit_row limit_rows[N_LIMITS];

/*
 * "memory=128M" becomes LIMIT_MEMORY and 134217728.  Errors (ERR_USAGE) name
 * the limit and what would be right.
 */
int limit_parse(const char *text, enum limit *limit, uint64_t *value,
		struct err *err);

/* A size alone ("64M", "unlimited"), within what limit tmp may be. */
int limit_parse_size(const char *text, uint64_t *value, struct err *err);
