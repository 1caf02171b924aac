#include "sha256.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* FIPS 180-4 and NIST's SHA256ShortMsg. */
static const struct {
	const char *text;
	size_t times;
	const char *digest;
} vectors[] = {
	{"", 1,
	 "e3b0c44298fc1c149afbf4c8996fb924"
	 "27ae41e4649b934ca495991b7852b855"},
	{"abc", 1,
	 "ba7816bf8f01cfea414140de5dae2223"
	 "b00361a396177a9cb410ff61f20015ad"},
	{"\xd3", 1,
	 "28969cdfa74a12c82f3bad960b0b000a"
	 "ca2ac329deea5c2328ebc6f2ba9802c1"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	 "248d6a61d20638b8e5c026930c3e6039"
	 "a33ce45964ff2167f6ecedd419db06c1"},
	{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	 "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	 1,
	 "cf5b16a778af8380036ce59e7b049237"
	 "0b249b11e8f07a51afac45037afee9d1"},
	{"a", 1000000,
	 "cdc76e5c9914fb9281a1c7e284d73e67"
	 "f1809a48a497200e046d39ccc7112cd0"},
};

TEST(gives_the_digests_of_the_standard)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct sha256 hash;
		char hex[SHA256_HEX_SIZE];

		sha256_init(&hash);
		for (size_t n = 0; n < vectors[i].times; n++)
			sha256_add(&hash, vectors[i].text,
				   strlen(vectors[i].text));
		sha256_hex(&hash, hex);
		assert_string_equal(hex, vectors[i].digest);
	}
}

static void expect(const uint8_t *data, size_t len, const char *hex)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char wanted[SHA256_HEX_SIZE];

	SHA256(data, len, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(wanted + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(hex, wanted);
}

/* Every length around the blocks' edges, cut at every place. */
TEST(it_does_not_matter_how_the_bytes_are_cut)
{
	uint8_t data[200];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(7 * i + 3);
	for (size_t len = 0; len <= sizeof(data); len++)
		for (size_t cut = 0; cut <= len; cut++) {
			struct sha256 hash;
			char hex[SHA256_HEX_SIZE];

			sha256_init(&hash);
			sha256_add(&hash, data, cut);
			sha256_add(&hash, data + cut, len - cut);
			sha256_hex(&hash, hex);
			expect(data, len, hex);
		}
}

TEST_MAIN
