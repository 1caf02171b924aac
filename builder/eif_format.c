#include "eif_format.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>

const struct eif_rule eif_rules[EIF_N_RULES] = {
	{EIF_KERNEL, "kernel", 1, 1, 1, 0, true},
	{EIF_CMDLINE, "cmdline", 1, 1, 0, EIF_CMDLINE_MAX, true},
	{EIF_METADATA, "metadata", 1, 1, 1, EIF_METADATA_MAX, false},
	{EIF_RAMDISK, "ramdisk", 1, EIF_SECTIONS_MAX, 1, 0, true},
	{EIF_SIGNATURE, "signature", 0, 1, 1, EIF_SIGNATURE_MAX, false},
};

const struct eif_rule *eif_rule_of(unsigned type)
{
	for (size_t i = 0; i < EIF_N_RULES; i++)
		if (eif_rules[i].type == type)
			return &eif_rules[i];
	return NULL;
}

bool eif_is_measured(enum eif_type type)
{
	const struct eif_rule *rule = eif_rule_of(type);

	return rule && rule->is_measured;
}

/* As it lies in the file. */
struct raw_header {
	char magic[4];
	uint16_t version, flags;
	uint64_t memory, cpus;
	uint16_t reserved, n_sections;
	uint64_t offsets[EIF_SECTIONS_MAX], sizes[EIF_SECTIONS_MAX];
	uint32_t unused, crc;
} __attribute__((packed));
_Static_assert(sizeof(struct raw_header) == EIF_HEADER, "as documented");
_Static_assert(offsetof(struct raw_header, crc) == EIF_CRC_AT, "the same");

struct raw_section_header {
	uint16_t type, flags;
	uint64_t size;
} __attribute__((packed));
_Static_assert(sizeof(struct raw_section_header) == EIF_SECTION_HEADER,
	       "as documented");

void eif_header_put(const struct eif_header *header,
		    unsigned char out[EIF_HEADER])
{
	struct raw_header raw = {
		.magic = EIF_MAGIC,
		.version = htobe16(header->version),
		.flags = htobe16(header->flags),
		.memory = htobe64(header->memory),
		.cpus = htobe64(header->cpus),
		.n_sections = htobe16(header->n_sections),
		.crc = htobe32(header->crc),
	};

	for (size_t i = 0; i < EIF_SECTIONS_MAX; i++) {
		raw.offsets[i] = htobe64(header->offsets[i]);
		raw.sizes[i] = htobe64(header->sizes[i]);
	}
	memcpy(out, &raw, sizeof(raw));
}

const char *eif_header_get(const unsigned char in[EIF_HEADER],
			   struct eif_header *header)
{
	struct raw_header raw;

	memcpy(&raw, in, sizeof(raw));
	*header = (struct eif_header){
		.version = be16toh(raw.version),
		.flags = be16toh(raw.flags),
		.n_sections = be16toh(raw.n_sections),
		.memory = be64toh(raw.memory),
		.cpus = be64toh(raw.cpus),
		.crc = be32toh(raw.crc),
	};
	for (size_t i = 0; i < EIF_SECTIONS_MAX; i++) {
		header->offsets[i] = be64toh(raw.offsets[i]);
		header->sizes[i] = be64toh(raw.sizes[i]);
	}
	if (memcmp(raw.magic, EIF_MAGIC, sizeof(raw.magic)) != 0)
		return "no enclave image: it does not begin with \".eif\"";
	if (raw.reserved || raw.unused)
		return "a reserved field of the header is not 0";
	return NULL;
}

void eif_section_header_put(const struct eif_section_header *header,
			    unsigned char out[EIF_SECTION_HEADER])
{
	struct raw_section_header raw = {
		.type = htobe16(header->type),
		.flags = htobe16(header->flags),
		.size = htobe64(header->size),
	};

	memcpy(out, &raw, sizeof(raw));
}

void eif_section_header_get(const unsigned char in[EIF_SECTION_HEADER],
			    struct eif_section_header *header)
{
	struct raw_section_header raw;

	memcpy(&raw, in, sizeof(raw));
	*header = (struct eif_section_header){
		.type = be16toh(raw.type),
		.flags = be16toh(raw.flags),
		.size = be64toh(raw.size),
	};
}
