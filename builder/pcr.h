#pragma once
/*
 * pcr: what an enclave's hypervisor measures, as it comes by: the platform
 * configuration registers 0, 1 and 2 of an image, and those of single texts.
 *
 * A register starts as 48 zero bytes and is extended once: with the SHA-384 of
 * the content (PCR0, 1, 2, 8), or with a text itself (PCR3, 4).
 */
#include <stddef.h>

#include "cleanup.h"
#include "eif_format.h"
#include "err.h"

enum { PCR_SIZE = 48, PCR_HEX_SIZE = 2 * PCR_SIZE + 1 };

struct pcr {
	unsigned char bytes[PCR_SIZE];
};

/* What an image comes to: kernel, command line and all ramdisks; the first
 * three of these; the other ramdisks. */
struct pcrs {
	struct pcr all, boot, rest;
};

struct measure;

int measure_new(struct measure **out, struct err *err);
void measure_free(struct measure *measure);
DEFINE_AUTO(measure)

/* A section of this type follows; those that are not measured are ignored.
 * Kernel and command line stand before the ramdisks. */
int measure_section(struct measure *measure, enum eif_type type,
		    struct err *err);
int measure_add(struct measure *measure, const void *data, size_t len,
		struct err *err);
int measure_end(struct measure *measure, struct pcrs *out, struct err *err);

/* The register after its one extension by the digest of data: PCR8. */
int pcr_of_content(const void *data, size_t len, struct pcr *out,
		   struct err *err);

/* By the text itself: PCR3, PCR4. */
int pcr_of_text(const char *text, struct pcr *out, struct err *err);

void pcr_hex(const struct pcr *pcr, char hex[PCR_HEX_SIZE]);
