#include "pcr.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct measure {
	EVP_MD_CTX *all, *boot, *rest;
	enum eif_type section;
	unsigned n_ramdisks;
};

static int refuse(struct err *err)
{
	return err_sys(err, ENOMEM, "SHA-384");
}

static bool start(EVP_MD_CTX **context)
{
	*context = EVP_MD_CTX_new();
	return *context && EVP_DigestInit_ex(*context, EVP_sha384(), NULL);
}

int measure_new(struct measure **out, struct err *err)
{
	auto_of(measure) struct measure *measure = calloc(1, sizeof(*measure));

	if (!measure || !start(&measure->all) || !start(&measure->boot) ||
	    !start(&measure->rest))
		return refuse(err);
	*out = TAKE(measure);
	return 0;
}

void measure_free(struct measure *measure)
{
	if (!measure)
		return;
	EVP_MD_CTX_free(measure->all);
	EVP_MD_CTX_free(measure->boot);
	EVP_MD_CTX_free(measure->rest);
	free(measure);
}

/*
 * Up to the end of the first ramdisk PCR0 and PCR1 are one and the same, so
 * that nothing is hashed twice for them.
 */
static int part(struct measure *measure, struct err *err)
{
	return EVP_MD_CTX_copy_ex(measure->boot, measure->all) ? 0
							       : refuse(err);
}

int measure_section(struct measure *measure, enum eif_type type,
		    struct err *err)
{
	measure->section = type;
	if (type != EIF_RAMDISK)
		return 0;
	measure->n_ramdisks++;
	return measure->n_ramdisks == 2 ? part(measure, err) : 0;
}

int measure_add(struct measure *measure, const void *data, size_t len,
		struct err *err)
{
	if (!eif_is_measured(measure->section))
		return 0;
	assert(measure->section == EIF_RAMDISK || measure->n_ramdisks == 0);
	if (!EVP_DigestUpdate(measure->all, data, len) ||
	    (measure->n_ramdisks > 1 &&
	     !EVP_DigestUpdate(measure->rest, data, len)))
		return refuse(err);
	return 0;
}

/* SHA-384 of 48 zeros and some more. */
static int extend(const void *data, size_t len, struct pcr *out,
		  struct err *err)
{
	static const unsigned char zeros[PCR_SIZE];
	EVP_MD_CTX *context = NULL;
	bool is_done = start(&context) &&
		       EVP_DigestUpdate(context, zeros, sizeof(zeros)) &&
		       EVP_DigestUpdate(context, data, len) &&
		       EVP_DigestFinal_ex(context, out->bytes, NULL);

	EVP_MD_CTX_free(context);
	return is_done ? 0 : refuse(err);
}

static int end(EVP_MD_CTX *context, struct pcr *out, struct err *err)
{
	unsigned char digest[PCR_SIZE];

	if (!EVP_DigestFinal_ex(context, digest, NULL))
		return refuse(err);
	return extend(digest, sizeof(digest), out, err);
}

int measure_end(struct measure *measure, struct pcrs *out, struct err *err)
{
	if (measure->n_ramdisks < 2 && part(measure, err) < 0)
		return -1;
	if (end(measure->all, &out->all, err) < 0 ||
	    end(measure->boot, &out->boot, err) < 0)
		return -1;
	return end(measure->rest, &out->rest, err);
}

int pcr_of_content(const void *data, size_t len, struct pcr *out,
		   struct err *err)
{
	unsigned char digest[PCR_SIZE];

	if (!EVP_Digest(data, len, digest, NULL, EVP_sha384(), NULL))
		return refuse(err);
	return extend(digest, sizeof(digest), out, err);
}

int pcr_of_text(const char *text, struct pcr *out, struct err *err)
{
	return extend(text, strlen(text), out, err);
}

void pcr_hex(const struct pcr *pcr, char hex[PCR_HEX_SIZE])
{
	for (size_t i = 0; i < PCR_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", pcr->bytes[i]);
}
