#include "eif_examine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Whether the signature is the certificate's, and over what is here. */
static int check_signature(struct eif_facts *facts, struct err *err)
{
	const struct cose_signed *signature = facts->signature;
	struct cbor_out signed_bytes;
	int is_right;

	if (certificate_curve(facts->certificate) != signature->curve) {
		facts->signature_flaw =
			"its algorithm is not that of the certificate's key";
		return 0;
	}
	if (cose_to_be_signed(signature->curve, &signature->pcr, &signed_bytes,
			      err) < 0)
		return -1;
	is_right =
		signature_verify(facts->certificate, signed_bytes.data,
				 signed_bytes.len, &signature->signature, err);
	free(signed_bytes.data);
	if (is_right < 0)
		return -1;
	if (!is_right)
		facts->signature_flaw =
			"it was not made by the certificate's key";
	else if (memcmp(&signature->pcr, &facts->pcrs.all,
			sizeof(signature->pcr)) != 0)
		facts->signature_flaw =
			"it is for another PCR0: for another image";
	facts->is_signature_right = !facts->signature_flaw;
	return 0;
}

static int read_signature(struct eif_facts *facts, struct err *err)
{
	const struct eif *eif = facts->eif;
	const struct eif_section *section = eif_find(eif, EIF_SIGNATURE);
	auto_free char *data = NULL;

	if (!section)
		return 0;
	if (eif_load(eif, section, &data, err) < 0 ||
	    cose_read(data, (size_t)section->size, eif->name, &facts->signature,
		      err) < 0 ||
	    certificate_of((const char *)facts->signature->pem,
			   facts->signature->pem_len, eif->name,
			   &facts->certificate, err) < 0 ||
	    certificate_pcr(facts->certificate, &facts->pcr8, err) < 0)
		return -1;
	return check_signature(facts, err);
}

static int read_metadata(struct eif_facts *facts, struct err *err)
{
	const struct eif *eif = facts->eif;
	const struct eif_section *section = eif_find(eif, EIF_METADATA);
	auto_free char *text = NULL;

	if (eif_load(eif, section, &text, err) < 0)
		return -1;
	return eif_metadata_read(text, (size_t)section->size, eif->name,
				 &facts->metadata, err);
}

int eif_examine_open(struct eif *eif, struct eif_facts **out, struct err *err)
{
	auto_of(eif_facts) struct eif_facts *facts = calloc(1, sizeof(*facts));

	if (!facts) {
		err_sys(err, ENOMEM, "%s", eif->name);
		eif_free(eif);
		return -1;
	}
	facts->eif = eif;
	if (eif_measure(eif, &facts->pcrs, &facts->crc, err) < 0 ||
	    read_metadata(facts, err) < 0 || read_signature(facts, err) < 0)
		return -1;
	*out = TAKE(facts);
	return 0;
}

int eif_examine(const char *path, struct eif_facts **out, struct err *err)
{
	struct eif *eif;

	if (eif_open(path, &eif, err) < 0)
		return -1;
	return eif_examine_open(eif, out, err);
}

void eif_facts_free(struct eif_facts *facts)
{
	if (!facts)
		return;
	eif_free(facts->eif);
	json_decref(facts->metadata);
	cose_signed_free(facts->signature);
	certificate_free(facts->certificate);
	free(facts);
}

/* A command line is text in one line: the kernel sees it until its first NUL,
 * the measurement covers all of it. */
static int check_cmdline(const struct eif *eif, struct err *err)
{
	const struct eif_section *section = eif_find(eif, EIF_CMDLINE);
	size_t size = (size_t)section->size;
	auto_free char *text = NULL;

	if (eif_load(eif, section, &text, err) < 0)
		return -1;
	if (memchr(text, '\0', size) || memchr(text, '\n', size))
		return err_set(err, ERR_INPUT,
			       "%s: a NUL byte or a line break in the command "
			       "line",
			       eif->name);
	return 0;
}

int eif_accept(const struct eif_facts *facts, struct err *err)
{
	const struct eif *eif = facts->eif;

	if (facts->crc != eif->header.crc)
		return err_set(
			err, ERR_INPUT,
			"%s: its checksum is %08x and should be %08x: it "
			"is damaged",
			eif->name, eif->header.crc, facts->crc);
	if (check_cmdline(eif, err) < 0)
		return -1;
	if (facts->signature_flaw)
		return err_set(err, ERR_INPUT, "%s: its signature is bad: %s",
			       eif->name, facts->signature_flaw);
	return facts->certificate
		       ? certificate_check_time(facts->certificate, err)
		       : 0;
}
