#pragma once
/*
 * eif_examine: all that an enclave image says, and whether it is true: what it
 * measures, its checksum, its metadata, its signature.
 */
#include <jansson.h>
#include <stdbool.h>

#include "cleanup.h"
#include "cose.h"
#include "eif_metadata.h"
#include "eif_read.h"
#include "err.h"
#include "signing.h"

struct eif_facts {
	struct eif *eif;
	struct pcrs pcrs;
	uint32_t crc; /* that it should have */
	json_t *metadata;
	/* NULL and zeroes when it is not signed */
	struct cose_signed *signature;
	struct certificate *certificate;
	struct pcr pcr8;
	bool is_signature_right;
	const char *signature_flaw; /* when it is not, in words */
};

/* ERR_INPUT when it cannot be read; a wrong checksum or signature is a fact
 * like others. */
int eif_examine(const char *path, struct eif_facts **out, struct err *err);

/* The same of one that is open; it is taken, also on failure. */
int eif_examine_open(struct eif *eif, struct eif_facts **out, struct err *err);
void eif_facts_free(struct eif_facts *facts);
DEFINE_AUTO(eif_facts)

/* ERR_INPUT when there is anything for which an enclave, or a reader of AWS's,
 * would refuse it. */
int eif_accept(const struct eif_facts *facts, struct err *err);

/* {"Measurements": ...}, as nitro-cli prints it; NULL: no memory. */
json_t *eif_measurements(const struct pcrs *pcrs, const struct pcr *pcr8);

/* What `nitro-cli describe-eif` prints. */
int eif_describe(const struct eif_facts *facts, json_t **out, struct err *err);
