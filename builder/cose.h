#pragma once
/*
 * cose: the signature section of an enclave image: a certificate, and a
 * COSE_Sign1 (RFC 9052) over PCR0, in the shape that the hypervisor reads.
 */
#include <stddef.h>

#include "cbor.h"
#include "cleanup.h"
#include "err.h"
#include "pcr.h"
#include "signing.h"

/* The bytes that a signature is made over.  data is to be freed. */
int cose_to_be_signed(const struct curve *curve, const struct pcr *pcr,
		      struct cbor_out *out, struct err *err);

/* The whole section.  ERR_INPUT when it becomes too great. */
int cose_section(const struct certificate *certificate, const struct pcr *pcr,
		 const struct raw_signature *signature, struct cbor_out *out,
		 struct err *err);

struct cose_signed {
	unsigned char *pem; /* of the certificate, with a NUL behind */
	size_t pem_len;
	const struct curve *curve; /* by the algorithm that it names */
	struct pcr pcr; /* what was signed */
	struct raw_signature signature;
};

/* Strict: anything that cose_section() would not write is refused. */
int cose_read(const void *data, size_t len, const char *name,
	      struct cose_signed **out, struct err *err);
void cose_signed_free(struct cose_signed *signature);
DEFINE_AUTO(cose_signed)
