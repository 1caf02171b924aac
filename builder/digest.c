#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct digest {
	EVP_MD_CTX *context;
};

static int failed(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "libcrypto cannot make a SHA-256");
}

int digest_new(struct digest **out, struct err *err)
{
	auto_of(digest) struct digest *digest = calloc(1, sizeof(*digest));

	if (digest)
		digest->context = EVP_MD_CTX_new();
	if (!digest || !digest->context ||
	    !EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL))
		return failed(err);
	*out = TAKE(digest);
	return 0;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

int digest_add(struct digest *digest, const void *data, size_t len,
	       struct err *err)
{
	return EVP_DigestUpdate(digest->context, data, len) ? 0 : failed(err);
}

int digest_end(struct digest *digest, char hex[DIGEST_HEX], struct err *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!EVP_DigestFinal_ex(digest->context, bytes, &n) ||
	    2 * n >= DIGEST_HEX)
		return failed(err);
	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	return 0;
}
