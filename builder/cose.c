#include "cose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eif_format.h"

/* The header parameter "alg". */
enum { COSE_ALG = 1 };

static void put_protected(const struct curve *curve, struct cbor_out *out)
{
	cbor_put_head(out, CBOR_MAP, 1);
	cbor_put_head(out, CBOR_UINT, COSE_ALG);
	cbor_put_head(out, CBOR_NEGATIVE, curve->cose);
}

static void put_payload(const struct pcr *pcr, struct cbor_out *out)
{
	cbor_put_head(out, CBOR_MAP, 2);
	cbor_put_text(out, "register_index");
	cbor_put_head(out, CBOR_UINT, 0);
	cbor_put_text(out, "register_value");
	cbor_put_numbers(out, pcr->bytes, sizeof(pcr->bytes));
}

/* What a part writes, as one byte string. */
static void put_wrapped(struct cbor_out *out, struct cbor_out *part)
{
	cbor_put_bytes(out, part->data, part->len);
	out->has_failed |= part->has_failed;
	free(part->data);
}

static void put_two(const struct curve *curve, const struct pcr *pcr,
		    void (*between)(struct cbor_out *out), struct cbor_out *out)
{
	struct cbor_out head = {0}, payload = {0};

	put_protected(curve, &head);
	put_wrapped(out, &head);
	between(out);
	put_payload(pcr, &payload);
	put_wrapped(out, &payload);
}

static void put_no_external_data(struct cbor_out *out)
{
	cbor_put_bytes(out, "", 0);
}

static void put_no_unprotected(struct cbor_out *out)
{
	cbor_put_head(out, CBOR_MAP, 0);
}

static int finish(struct cbor_out *out, struct err *err)
{
	if (!out->has_failed)
		return 0;
	free(out->data);
	*out = (struct cbor_out){0};
	return err_sys(err, ENOMEM, "signature");
}

int cose_to_be_signed(const struct curve *curve, const struct pcr *pcr,
		      struct cbor_out *out, struct err *err)
{
	*out = (struct cbor_out){0};
	cbor_put_head(out, CBOR_ARRAY, 4);
	cbor_put_text(out, "Signature1");
	put_two(curve, pcr, put_no_external_data, out);
	return finish(out, err);
}

int cose_section(const struct certificate *certificate, const struct pcr *pcr,
		 const struct raw_signature *signature, struct cbor_out *out,
		 struct err *err)
{
	struct cbor_out sign1 = {0};
	size_t pem_len;
	const char *pem = certificate_pem(certificate, &pem_len);

	cbor_put_head(&sign1, CBOR_ARRAY, 4);
	put_two(certificate_curve(certificate), pcr, put_no_unprotected,
		&sign1);
	cbor_put_bytes(&sign1, signature->bytes, signature->len);
	*out = (struct cbor_out){0};
	cbor_put_head(out, CBOR_ARRAY, 1);
	cbor_put_head(out, CBOR_MAP, 2);
	cbor_put_text(out, "signing_certificate");
	cbor_put_numbers(out, pem, pem_len);
	cbor_put_text(out, "signature");
	cbor_put_numbers(out, sign1.data, sign1.len);
	out->has_failed |= sign1.has_failed;
	free(sign1.data);
	if (finish(out, err) < 0)
		return -1;
	if (out->len <= EIF_SIGNATURE_MAX)
		return 0;
	free(out->data);
	*out = (struct cbor_out){0};
	return err_set(err, ERR_INPUT,
		       "the certificate makes a signature section of more than "
		       "%d bytes; leave the other certificates out of its file",
		       EIF_SIGNATURE_MAX);
}

static bool read_protected(const unsigned char *data, size_t len,
			   const struct curve **curve)
{
	struct cbor_in in = {data, len};
	uint64_t n, label, algorithm;

	if (!cbor_take_head(&in, CBOR_MAP, &n) || n != 1 ||
	    !cbor_take_head(&in, CBOR_UINT, &label) || label != COSE_ALG ||
	    !cbor_take_head(&in, CBOR_NEGATIVE, &algorithm) || in.left)
		return false;
	*curve = curve_by_cose(algorithm);
	return *curve != NULL;
}

/* False without memory too: *no_memory tells. */
static bool read_payload(const unsigned char *data, size_t len, struct pcr *pcr,
			 bool *no_memory)
{
	struct cbor_in in = {data, len};
	auto_free unsigned char *value = NULL;
	uint64_t n, index;
	size_t size = 0;
	bool is_read = cbor_take_head(&in, CBOR_MAP, &n) && n == 2 &&
		       cbor_take_text(&in, "register_index") &&
		       cbor_take_head(&in, CBOR_UINT, &index) && index == 0 &&
		       cbor_take_text(&in, "register_value") &&
		       cbor_take_numbers(&in, &value, &size);

	*no_memory = !value && size > 0;
	if (!is_read || !value || size != sizeof(pcr->bytes) || in.left)
		return false;
	memcpy(pcr->bytes, value, sizeof(pcr->bytes));
	return true;
}

static bool read_sign1(const unsigned char *data, size_t len,
		       struct cose_signed *out, bool *no_memory)
{
	struct cbor_in in = {data, len};
	const unsigned char *head, *payload, *signature;
	size_t head_len, payload_len, signature_len;
	uint64_t n;

	if (!cbor_take_head(&in, CBOR_ARRAY, &n) || n != 4 ||
	    !cbor_take_bytes(&in, &head, &head_len) ||
	    !cbor_take_head(&in, CBOR_MAP, &n) || n != 0 ||
	    !cbor_take_bytes(&in, &payload, &payload_len) ||
	    !cbor_take_bytes(&in, &signature, &signature_len) || in.left ||
	    !read_protected(head, head_len, &out->curve) ||
	    !read_payload(payload, payload_len, &out->pcr, no_memory))
		return false;
	if (signature_len != 2 * out->curve->size)
		return false;
	memcpy(out->signature.bytes, signature, signature_len);
	out->signature.len = signature_len;
	return true;
}

static bool read_section(const void *data, size_t len, struct cose_signed *out,
			 bool *no_memory)
{
	struct cbor_in in = {data, len};
	auto_free unsigned char *sign1 = NULL;
	size_t sign1_len = 0;
	uint64_t n;
	bool is_read = cbor_take_head(&in, CBOR_ARRAY, &n) && n == 1 &&
		       cbor_take_head(&in, CBOR_MAP, &n) && n == 2 &&
		       cbor_take_text(&in, "signing_certificate") &&
		       cbor_take_numbers(&in, &out->pem, &out->pem_len) &&
		       cbor_take_text(&in, "signature") &&
		       cbor_take_numbers(&in, &sign1, &sign1_len) && !in.left;

	*no_memory =
		(!out->pem && out->pem_len > 0) || (!sign1 && sign1_len > 0);
	if (!is_read || !out->pem)
		return false;
	out->pem[out->pem_len] = '\0';
	return read_sign1(sign1, sign1_len, out, no_memory);
}

int cose_read(const void *data, size_t len, const char *name,
	      struct cose_signed **out, struct err *err)
{
	auto_of(cose_signed) struct cose_signed *signature =
		calloc(1, sizeof(*signature));
	bool no_memory = false;

	if (!signature)
		return err_sys(err, ENOMEM, "%s", name);
	if (!read_section(data, len, signature, &no_memory)) {
		if (no_memory)
			return err_sys(err, ENOMEM, "%s", name);
		return err_set(err, ERR_INPUT,
			       "%s: the signature section has not the form "
			       "that an enclave reads",
			       name);
	}
	*out = TAKE(signature);
	return 0;
}

void cose_signed_free(struct cose_signed *signature)
{
	if (!signature)
		return;
	free(signature->pem);
	free(signature);
}
