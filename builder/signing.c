#include "signing.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "array.h"
#include "fdio.h"

static const struct curve curves[] = {
	{"prime256v1", "P-256", "ES256", "sha256", 6, 32},
	{"secp384r1", "P-384", "ES384", "sha384", 34, 48},
	{"secp521r1", "P-521", "ES512", "sha512", 35, 66},
};

struct certificate {
	char *name; /* for messages */
	X509 *x509;
	EVP_PKEY *key;
	const struct curve *curve;
	char *pem;
	size_t pem_len;
};

const struct curve *curve_by_cose(uint64_t cose)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
		if (curves[i].cose == cose)
			return &curves[i];
	return NULL;
}

/* Words of libcrypto's last failure. */
static const char *reason(void)
{
	const char *words = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return words ? words : "damaged";
}

static int find_curve(EVP_PKEY *key, const char *name, const struct curve **out,
		      struct err *err)
{
	char group[64] = "";
	size_t len;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &len))
		for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
			if (strcmp(curves[i].name, group) == 0) {
				*out = &curves[i];
				return 0;
			}
	return err_set(err, ERR_INPUT,
		       "%s: %s%s; an enclave image is signed with a key on "
		       "P-256, P-384 or P-521 (openssl ecparam -name secp384r1 "
		       "-genkey)",
		       name, *group ? "a key on " : "no key on a curve", group);
}

static int read_x509(struct certificate *certificate, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(certificate->pem, (int)certificate->pem_len);

	if (bio)
		certificate->x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (!certificate->x509)
		return err_set(err, ERR_INPUT,
			       "%s: no certificate in PEM form: %s",
			       certificate->name, reason());
	certificate->key = X509_get_pubkey(certificate->x509);
	if (!certificate->key)
		return err_set(err, ERR_INPUT, "%s: its public key: %s",
			       certificate->name, reason());
	return find_curve(certificate->key, certificate->name,
			  &certificate->curve, err);
}

int certificate_of(const char *pem, size_t len, const char *name,
		   struct certificate **out, struct err *err)
{
	auto_of(certificate) struct certificate *certificate =
		calloc(1, sizeof(*certificate));

	if (!certificate)
		return err_sys(err, ENOMEM, "%s", name);
	certificate->name = strdup(name);
	certificate->pem = malloc(len + 1);
	certificate->pem_len = len;
	if (!certificate->name || !certificate->pem)
		return err_sys(err, ENOMEM, "%s", name);
	memcpy(certificate->pem, pem, len);
	certificate->pem[len] = '\0';
	if (read_x509(certificate, err) < 0)
		return -1;
	*out = TAKE(certificate);
	return 0;
}

static int read_pem(const char *path, char **text, size_t *len, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error = fd < 0 ? -errno : fd_read_all(fd, PEM_MAX, text, len);

	if (error == -EFBIG)
		return err_set(err, ERR_INPUT,
			       "%s: more than %d bytes: too great for a "
			       "signed enclave image",
			       path, PEM_MAX);
	return error < 0 ? err_sys_kind(err, ERR_INPUT, -error, "%s", path) : 0;
}

int certificate_read(const char *path, struct certificate **out,
		     struct err *err)
{
	auto_free char *text = NULL;
	size_t len = 0;

	if (read_pem(path, &text, &len, err) < 0 || !text)
		return -1;
	return certificate_of(text, len, path, out, err);
}

void certificate_free(struct certificate *certificate)
{
	if (!certificate)
		return;
	X509_free(certificate->x509);
	EVP_PKEY_free(certificate->key);
	free(certificate->name);
	free(certificate->pem);
	free(certificate);
}

const struct curve *certificate_curve(const struct certificate *certificate)
{
	return certificate->curve;
}

const char *certificate_pem(const struct certificate *certificate, size_t *len)
{
	*len = certificate->pem_len;
	return certificate->pem;
}

int certificate_pcr(const struct certificate *certificate, struct pcr *out,
		    struct err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate->x509, &der), status;

	if (len < 0)
		return err_set(err, ERR_INPUT, "%s: %s", certificate->name,
			       reason());
	status = pcr_of_content(der, (size_t)len, out, err);
	OPENSSL_free(der);
	return status;
}

/* What is no time has words, too: "Bad time value". */
static char *time_words(const ASN1_TIME *time)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *copy = NULL;
	long len;

	if (bio) {
		ASN1_TIME_print(bio, time);
		len = BIO_get_mem_data(bio, &text);
		copy = strndup(text, (size_t)len);
	}
	BIO_free(bio);
	return copy;
}

static int refuse_time(const struct certificate *certificate, const char *words,
		       const ASN1_TIME *time, struct err *err)
{
	auto_free char *when = time_words(time);

	return err_set(err, ERR_INPUT,
		       "%s: the certificate %s %s; an enclave would refuse the "
		       "image",
		       certificate->name, words, when ? when : "?");
}

int certificate_check_time(const struct certificate *certificate,
			   struct err *err)
{
	const ASN1_TIME *first = X509_get0_notBefore(certificate->x509);
	const ASN1_TIME *last = X509_get0_notAfter(certificate->x509);

	/* 0 is an error: such a time cannot be read */
	if (X509_cmp_current_time(first) >= 0)
		return refuse_time(certificate, "is not valid before", first,
				   err);
	if (X509_cmp_current_time(last) <= 0)
		return refuse_time(certificate, "expired on", last, err);
	return 0;
}

static char *signature_words(const X509 *x509)
{
	const ASN1_BIT_STRING *signature;
	const unsigned char *data;
	char *text, *at;
	int len;

	X509_get0_signature(&signature, NULL, x509);
	data = ASN1_STRING_get0_data(signature);
	len = ASN1_STRING_length(signature);
	text = at = calloc((size_t)len + 1, 3);
	for (int i = 0; text && i < len; i++)
		at += sprintf(at, "%s%02X", i ? ":" : "", data[i]);
	return text;
}

static int add_name_part(struct certificate_words *words,
			 const X509_NAME_ENTRY *entry)
{
	struct name_part *part = array_push(words->issuer, words->n_issuer);
	unsigned char *value = NULL;
	char type[128];

	if (!part)
		return -1;
	OBJ_obj2txt(type, sizeof(type), X509_NAME_ENTRY_get_object(entry), 0);
	part->type = strdup(type);
	if (ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry)) >= 0)
		part->value = strdup((const char *)value);
	else
		part->value = strdup("");
	OPENSSL_free(value);
	return part->type && part->value ? 0 : -1;
}

int certificate_describe(const struct certificate *certificate,
			 struct certificate_words *out, struct err *err)
{
	const X509 *x509 = certificate->x509;
	const X509_NAME *issuer = X509_get_issuer_name(x509);
	int nid = X509_get_signature_nid(x509);
	const char *algorithm = OBJ_nid2ln(nid);

	*out = (struct certificate_words){
		.algorithm = strdup(algorithm ? algorithm : "unknown"),
		.not_before = time_words(X509_get0_notBefore(x509)),
		.not_after = time_words(X509_get0_notAfter(x509)),
		.signature = signature_words(x509),
	};
	for (int i = 0; i < X509_NAME_entry_count(issuer); i++)
		if (add_name_part(out, X509_NAME_get_entry(issuer, i)) < 0)
			return err_sys(err, ENOMEM, "%s", certificate->name);
	if (out->algorithm && out->not_before && out->not_after &&
	    out->signature)
		return 0;
	return err_sys(err, ENOMEM, "%s", certificate->name);
}

void certificate_words_clear(struct certificate_words *words)
{
	for (size_t i = 0; i < words->n_issuer; i++) {
		free(words->issuer[i].type);
		free(words->issuer[i].value);
	}
	free(words->issuer);
	free(words->algorithm);
	free(words->not_before);
	free(words->not_after);
	free(words->signature);
	*words = (struct certificate_words){0};
}

/* A key with a passphrase is not asked for one. */
static int no_passphrase(char *text, int size, int is_writing, void *context)
{
	(void)text, (void)size, (void)is_writing;
	*(bool *)context = true;
	return -1;
}

static int read_key(const char *path, EVP_PKEY **key, struct err *err)
{
	auto_free char *text = NULL;
	bool is_encrypted = false;
	size_t len = 0;
	BIO *bio;

	if (read_pem(path, &text, &len, err) < 0)
		return -1;
	bio = BIO_new_mem_buf(text, (int)len);
	*key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
					     &is_encrypted)
		   : NULL;
	BIO_free(bio);
	OPENSSL_cleanse(text, len);
	if (*key)
		return 0;
	if (is_encrypted)
		return err_set(err, ERR_INPUT,
			       "%s: the key has a passphrase; decrypt it "
			       "(openssl pkey), or sign elsewhere (jailbake "
			       "payload, jailbake attach)",
			       path);
	return err_set(err, ERR_INPUT, "%s: no private key in PEM form: %s",
		       path, reason());
}

/* DER to r and s. */
static bool from_der(const void *data, size_t len, const struct curve *curve,
		     struct raw_signature *out)
{
	const unsigned char *at = data, *end = at + len;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
	int size = (int)curve->size;
	bool is_good = signature && at == end &&
		       BN_bn2binpad(ECDSA_SIG_get0_r(signature), out->bytes,
				    size) == size &&
		       BN_bn2binpad(ECDSA_SIG_get0_s(signature),
				    out->bytes + size, size) == size;

	ECDSA_SIG_free(signature);
	ERR_clear_error();
	out->len = 2 * curve->size;
	return is_good;
}

bool signature_from(const void *data, size_t len, const struct curve *curve,
		    struct raw_signature *out)
{
	if (len == 2 * curve->size) {
		memcpy(out->bytes, data, len);
		out->len = len;
		return true;
	}
	return len < 256 && from_der(data, len, curve, out);
}

static int make_signature(EVP_PKEY *key, const struct curve *curve,
			  const void *data, size_t len,
			  struct raw_signature *out, struct err *err)
{
	const EVP_MD *digest = EVP_get_digestbyname(curve->digest);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char der[256];
	size_t der_len = sizeof(der);
	bool is_done =
		context &&
		EVP_DigestSignInit(context, NULL, digest, NULL, key) > 0 &&
		EVP_DigestSign(context, der, &der_len, data, len) > 0 &&
		from_der(der, der_len, curve, out);

	EVP_MD_CTX_free(context);
	return is_done ? 0
		       : err_set(err, ERR_SYSTEM, "sign the image: %s",
				 reason());
}

int sign_with(const char *key_path, const struct certificate *certificate,
	      const void *data, size_t len, struct raw_signature *out,
	      struct err *err)
{
	EVP_PKEY *key;
	int status;

	if (read_key(key_path, &key, err) < 0)
		return -1;
	if (EVP_PKEY_eq(key, certificate->key) != 1)
		status = err_set(err, ERR_INPUT,
				 "%s: not the key of the certificate %s",
				 key_path, certificate->name);
	else
		status = make_signature(key, certificate->curve, data, len, out,
					err);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return status;
}

/* r and s as DER; the length, or 0. */
static size_t to_der(const struct raw_signature *raw, size_t size,
		     unsigned char **der)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw->bytes, (int)size, NULL);
	BIGNUM *s = BN_bin2bn(raw->bytes + size, (int)size, NULL);
	int len = 0;

	*der = NULL;
	if (signature && r && s && ECDSA_SIG_set0(signature, r, s)) {
		r = s = NULL; /* the signature's now */
		len = i2d_ECDSA_SIG(signature, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return len > 0 ? (size_t)len : 0;
}

int signature_verify(const struct certificate *certificate, const void *data,
		     size_t len, const struct raw_signature *signature,
		     struct err *err)
{
	const struct curve *curve = certificate->curve;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *der;
	size_t der_len;
	int status = -1;

	if (signature->len != 2 * curve->size) {
		EVP_MD_CTX_free(context);
		return 0;
	}
	der_len = to_der(signature, curve->size, &der);
	if (context && der_len &&
	    EVP_DigestVerifyInit(context, NULL,
				 EVP_get_digestbyname(curve->digest), NULL,
				 certificate->key) > 0)
		status = EVP_DigestVerify(context, der, der_len, data, len) > 0;
	EVP_MD_CTX_free(context);
	OPENSSL_free(der);
	ERR_clear_error();
	return status < 0 ? err_sys(err, ENOMEM, "%s", certificate->name)
			  : status;
}

int curve_digest(const struct curve *curve, const void *data, size_t len,
		 char hex[2 * 64 + 1], struct err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n;

	if (!EVP_Digest(data, len, digest, &n,
			EVP_get_digestbyname(curve->digest), NULL))
		return err_sys(err, ENOMEM, "%s", curve->digest);
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
	return 0;
}
