#pragma once
/*
 * eif_read: an enclave image file, its sections found and bounded.
 *
 * The file is not trusted.  What is here is back to back, in the one order,
 * within the file, and ends where the file ends; two readers, of which one
 * follows the header's table and the other goes from section to section, see
 * the same.  Nothing is allocated by a size that the file says, beyond the
 * bounds of eif_rules.  What the sections hold is looked at by others.
 */
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "eif_format.h"
#include "err.h"
#include "pcr.h"

struct eif_section {
	const struct eif_rule *rule;
	uint64_t offset, size; /* of the data */
};

struct eif {
	int fd;
	char *name; /* for messages */
	uint64_t size;
	struct eif_header header;
	struct eif_section sections[EIF_SECTIONS_MAX];
	size_t n;
};

/* ERR_INPUT when it is no such file. */
int eif_open(const char *path, struct eif **out, struct err *err);

/* The same of an open file, which stays the caller's on failure only. */
int eif_read(int fd, const char *name, struct eif **out, struct err *err);
void eif_free(struct eif *eif);
DEFINE_AUTO(eif)

/* The first of a type; NULL: none. */
const struct eif_section *eif_find(const struct eif *eif, enum eif_type type);

/* A section that has a largest size: all its bytes and a NUL behind them, the
 * caller's to free. */
int eif_load(const struct eif *eif, const struct eif_section *section,
	     char **data, struct err *err);

/* Part of the file, piece by piece. */
typedef int eif_visit(void *context, const void *data, size_t len,
		      struct err *err);
int eif_pass(const struct eif *eif, uint64_t offset, uint64_t size,
	     eif_visit *visit, void *context, struct err *err);

/* Reads all of it: what it measures, and the checksum that belongs into its
 * header. */
int eif_measure(const struct eif *eif, struct pcrs *pcrs, uint32_t *crc,
		struct err *err);
