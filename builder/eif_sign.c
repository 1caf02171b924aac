#include "eif_sign.h"

#include <stdlib.h>

#include "cose.h"

static int put(struct eif_writer *writer, const struct certificate *certificate,
	       const struct raw_signature *signature, const struct pcr *pcr,
	       struct err *err)
{
	struct cbor_out section;
	int status;

	if (cose_section(certificate, pcr, signature, &section, err) < 0)
		return -1;
	status = eif_put(writer, EIF_SIGNATURE, section.data, section.len, err);
	free(section.data);
	return status;
}

int eif_sign(struct eif_writer *writer, const struct certificate *certificate,
	     const char *key_path, const struct pcr *pcr, struct err *err)
{
	struct raw_signature signature;
	struct cbor_out data;
	int status;

	if (certificate_check_time(certificate, err) < 0 ||
	    cose_to_be_signed(certificate_curve(certificate), pcr, &data, err) <
		    0)
		return -1;
	status = sign_with(key_path, certificate, data.data, data.len,
			   &signature, err);
	free(data.data);
	return status < 0 ? -1 : put(writer, certificate, &signature, pcr, err);
}

int eif_attach(struct eif_writer *writer, const struct certificate *certificate,
	       const void *signature, size_t len, const char *name,
	       const struct pcr *pcr, struct err *err)
{
	const struct curve *curve = certificate_curve(certificate);
	struct raw_signature raw;
	struct cbor_out data;
	int is_right;

	if (certificate_check_time(certificate, err) < 0)
		return -1;
	if (!signature_from(signature, len, curve, &raw))
		return err_set(err, ERR_INPUT,
			       "%s: no signature of %s: %zu bytes (r and s) "
			       "or DER",
			       name, curve->common, 2 * curve->size);
	if (cose_to_be_signed(curve, pcr, &data, err) < 0)
		return -1;
	is_right =
		signature_verify(certificate, data.data, data.len, &raw, err);
	free(data.data);
	if (is_right < 0)
		return -1;
	if (!is_right)
		return err_set(err, ERR_INPUT,
			       "%s: not the signature of this image by the "
			       "certificate's key (jailbake payload tells what "
			       "is to be signed)",
			       name);
	return put(writer, certificate, &raw, pcr, err);
}
