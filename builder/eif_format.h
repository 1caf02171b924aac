#pragma once
/*
 * eif_format: the enclave image format, version 4: a header of 548 bytes, then
 * sections, each behind a header of its own, back to back.  Every number is
 * big-endian.  docs/EIF.md has the table.
 */
#include <stdbool.h>
#include <stdint.h>

enum {
	EIF_HEADER = 548,
	EIF_CRC_AT = 544, /* the header's last four bytes */
	EIF_SECTION_HEADER = 12,
	EIF_SECTIONS_MAX = 32,
	EIF_VERSION = 4,
	EIF_FLAG_AARCH64 = 1, /* else x86_64; no other bit has a meaning */
	EIF_CMDLINE_MAX = 2047,
	EIF_SIGNATURE_MAX = 32768,
	EIF_METADATA_MAX = 1 << 20, /* our own bound */
};

#define EIF_MAGIC ".eif"
/* What nitro-cli writes; nothing reads it. */
#define EIF_DEFAULT_MEMORY UINT64_C(0x40000000)
#define EIF_DEFAULT_CPUS 2

enum eif_type {
	EIF_KERNEL = 1,
	EIF_CMDLINE = 2,
	EIF_RAMDISK = 3,
	EIF_SIGNATURE = 4,
	EIF_METADATA = 5,
};

/* One row is the whole truth about one type of section. */
struct eif_rule {
	enum eif_type type;
	const char *name; /* for messages, and of the file for `extract` */
	unsigned least, most;
	uint64_t smallest, largest; /* bytes; largest 0: whatever */
	bool is_measured;
};

enum { EIF_N_RULES = 5 };

/* In the order in which the sections stand in a file. */
extern const struct eif_rule eif_rules[EIF_N_RULES];

/* NULL: no such type. */
const struct eif_rule *eif_rule_of(unsigned type);

bool eif_is_measured(enum eif_type type);

struct eif_header {
	uint16_t version, flags, n_sections;
	uint64_t memory, cpus;
	uint64_t offsets[EIF_SECTIONS_MAX]; /* of the sections' headers */
	uint64_t sizes[EIF_SECTIONS_MAX]; /* of their data */
	uint32_t crc;
};

struct eif_section_header {
	uint16_t type, flags;
	uint64_t size;
};

void eif_header_put(const struct eif_header *header,
		    unsigned char out[EIF_HEADER]);

/* NULL, or why these bytes are no header of any version, in words. */
const char *eif_header_get(const unsigned char in[EIF_HEADER],
			   struct eif_header *header);

void eif_section_header_put(const struct eif_section_header *header,
			    unsigned char out[EIF_SECTION_HEADER]);
void eif_section_header_get(const unsigned char in[EIF_SECTION_HEADER],
			    struct eif_section_header *header);
