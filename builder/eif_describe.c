/*
 * What is printed of an enclave image: the names and the order of nitro-cli,
 * so that scripts which read its output can read ours.
 */
#include <errno.h>
#include <string.h>

#include "eif_examine.h"

json_t *eif_measurements(const struct pcrs *pcrs, const struct pcr *pcr8)
{
	char all[PCR_HEX_SIZE], boot[PCR_HEX_SIZE], rest[PCR_HEX_SIZE];
	char cert[PCR_HEX_SIZE];

	pcr_hex(&pcrs->all, all);
	pcr_hex(&pcrs->boot, boot);
	pcr_hex(&pcrs->rest, rest);
	if (pcr8)
		pcr_hex(pcr8, cert);
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:s*}}", "Measurements",
			 "HashAlgorithm", "Sha384 { ... }", "PCR0", all, "PCR1",
			 boot, "PCR2", rest, "PCR8", pcr8 ? cert : NULL);
}

static int compare_parts(const void *a, const void *b)
{
	const struct name_part *first = a, *second = b;

	return strcmp(first->type, second->type);
}

static json_t *describe_issuer(struct certificate_words *words)
{
	json_t *issuer = json_object();

	if (words->n_issuer)
		qsort(words->issuer, words->n_issuer, sizeof(*words->issuer),
		      compare_parts);
	for (size_t i = 0; issuer && i < words->n_issuer; i++)
		if (json_object_set_new(
			    issuer, words->issuer[i].type,
			    json_pack("s", words->issuer[i].value)) != 0) {
			json_decref(issuer);
			issuer = NULL;
		}
	return issuer;
}

static int describe_certificate(const struct certificate *certificate,
				json_t **out, struct err *err)
{
	struct certificate_words words = {0};
	int status;

	*out = NULL;
	if (!certificate)
		return 0;
	status = certificate_describe(certificate, &words, err);
	if (status == 0) {
		*out = json_pack("{s:o, s:s, s:s, s:s, s:s}", "IssuerName",
				 describe_issuer(&words), "Algorithm",
				 words.algorithm, "NotBefore", words.not_before,
				 "NotAfter", words.not_after, "Signature",
				 words.signature);
		if (!*out)
			status = err_sys(err, ENOMEM, "certificate");
	}
	certificate_words_clear(&words);
	return status;
}

/* The build's own fields, DockerInfo, and those of the custom metadata. */
static json_t *describe_metadata(const json_t *metadata)
{
	json_t *custom = json_object_get(metadata, "CustomMetadata");
	json_t *out = json_copy(json_object_get(metadata, "BuildMetadata"));
	json_t *flat =
		json_is_object(custom) ? json_copy(custom) : json_object();

	if (json_object_set(out, "DockerInfo",
			    json_object_get(metadata, "DockerInfo")) != 0 ||
	    json_object_update_missing(out, flat) != 0) {
		json_decref(out);
		out = NULL;
	}
	json_decref(flat);
	return out;
}

static json_t *join(const struct eif_facts *facts, json_t *certificate)
{
	bool is_signed = facts->signature != NULL;
	json_t *out = json_pack("{s:i}", "EifVersion",
				(int)facts->eif->header.version);
	json_t *measured =
		eif_measurements(&facts->pcrs, is_signed ? &facts->pcr8 : NULL);
	json_t *rest = json_pack(
		"{s:b, s:O*, s:b, s:o*, s:O, s:O, s:o}", "IsSigned", is_signed,
		"SigningCertificate", certificate, "CheckCRC",
		facts->crc == facts->eif->header.crc, "SignatureCheck",
		is_signed ? json_boolean(facts->is_signature_right) : NULL,
		"ImageName", json_object_get(facts->metadata, "ImageName"),
		"ImageVersion",
		json_object_get(facts->metadata, "ImageVersion"), "Metadata",
		describe_metadata(facts->metadata));

	if (json_object_update(out, measured) != 0 ||
	    json_object_update(out, rest) != 0) {
		json_decref(out);
		out = NULL;
	}
	json_decref(measured);
	json_decref(rest);
	return out;
}

int eif_describe(const struct eif_facts *facts, json_t **out, struct err *err)
{
	json_t *certificate;

	if (describe_certificate(facts->certificate, &certificate, err) < 0)
		return -1;
	*out = join(facts, certificate);
	json_decref(certificate);
	return *out ? 0 : err_sys(err, ENOMEM, "%s", facts->eif->name);
}
