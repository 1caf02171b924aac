#pragma once
/*
 * signing: ECDSA keys and certificates, as an enclave image is signed with
 * them: on P-256, P-384 or P-521, each with its own digest.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "pcr.h"

enum { SIGNATURE_RAW_MAX = 2 * 66, PEM_MAX = 65536 };

/* One row is the whole truth about one curve. */
struct curve {
	const char *name; /* as libcrypto calls it */
	const char *common; /* "P-384" */
	const char *algorithm; /* "ES384" */
	const char *digest; /* "sha384" */
	unsigned cose; /* the algorithm's number in COSE is -1 - cose */
	size_t size; /* of r and of s, in bytes */
};

const struct curve *curve_by_cose(uint64_t cose); /* NULL: none */

struct certificate;

/* The first certificate of a PEM text, which is kept as it is. */
int certificate_read(const char *path, struct certificate **out,
		     struct err *err);
int certificate_of(const char *pem, size_t len, const char *name,
		   struct certificate **out, struct err *err);
void certificate_free(struct certificate *certificate);
DEFINE_AUTO(certificate)

const struct curve *certificate_curve(const struct certificate *certificate);
const char *certificate_pem(const struct certificate *certificate, size_t *len);

/* PCR8. */
int certificate_pcr(const struct certificate *certificate, struct pcr *out,
		    struct err *err);

/* ERR_INPUT when it is not valid yet, or no longer. */
int certificate_check_time(const struct certificate *certificate,
			   struct err *err);

/* What can be told of it. */
struct certificate_words {
	char *algorithm, *not_before, *not_after;
	char *signature; /* "30:64:..." */
	struct name_part {
		char *type, *value; /* "commonName" */
	} * issuer;
	size_t n_issuer;
};
int certificate_describe(const struct certificate *certificate,
			 struct certificate_words *out, struct err *err);
void certificate_words_clear(struct certificate_words *words);

/* A signature as r and s, one behind the other, of the curve's size each. */
struct raw_signature {
	unsigned char bytes[SIGNATURE_RAW_MAX];
	size_t len;
};

/* Signs with the key of a PEM file; ERR_INPUT when it is not that of the
 * certificate. */
int sign_with(const char *key_path, const struct certificate *certificate,
	      const void *data, size_t len, struct raw_signature *out,
	      struct err *err);

/* Also takes what other programs make: DER.  False: neither form. */
bool signature_from(const void *data, size_t len, const struct curve *curve,
		    struct raw_signature *out);

/* 1: it is the certificate's key that signed data; 0: it is not; -1. */
int signature_verify(const struct certificate *certificate, const void *data,
		     size_t len, const struct raw_signature *signature,
		     struct err *err);

/* The digest that goes with a curve, in hex. */
int curve_digest(const struct curve *curve, const void *data, size_t len,
		 char hex[2 * 64 + 1], struct err *err);
