#include "sha256.h"

#include <string.h>

#define BLOCK 64u

/* Of the cube roots of the first 64 primes, the first 32 bits behind the
 * point. */
static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotate(uint32_t value, unsigned n)
{
	return value >> n | value << (32 - n);
}

static inline uint32_t read_word(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? word
						      : __builtin_bswap32(word);
}

static void expand(const uint8_t *block, uint32_t words[64])
{
	for (unsigned i = 0; i < 16; i++)
		words[i] = read_word(block + 4 * (size_t)i);
	for (unsigned i = 16; i < 64; i++) {
		uint32_t early = words[i - 15], late = words[i - 2];

		early = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
		late = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
		words[i] = words[i - 16] + early + words[i - 7] + late;
	}
}

/* The letters are those of the standard. */
static void add_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t words[64];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	expand(block, words);
	for (unsigned i = 0; i < 64; i++) {
		uint32_t first, second;

		first = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
		first += h + (g ^ (e & (f ^ g))) + constants[i] + words[i];
		second = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
		second += (a & b) | (c & (a | b));
		h = g;
		g = f;
		f = e;
		e = d + first;
		d = c;
		c = b;
		b = a;
		a = first + second;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_init(struct sha256 *hash)
{
	*hash = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
					  0xa54ff53a, 0x510e527f, 0x9b05688c,
					  0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *hash, const void *data, size_t len)
{
	const uint8_t *at = data;
	size_t waiting = hash->bytes % BLOCK;

	hash->bytes += len;
	while (len > 0) {
		size_t n = BLOCK - waiting < len ? BLOCK - waiting : len;

		if (n == BLOCK) {
			add_block(hash->state, at);
		} else {
			memcpy(hash->block + waiting, at, n);
			if (waiting + n == BLOCK)
				add_block(hash->state, hash->block);
		}
		waiting = (waiting + n) % BLOCK;
		at += n;
		len -= n;
	}
}

/* One bit, zeros, and the length in bits fill the last block. */
static void add_end(struct sha256 *hash)
{
	uint8_t end[BLOCK + 8] = {0x80};
	uint64_t bits = 8 * hash->bytes;
	size_t zeros = (2 * BLOCK - 9 - hash->bytes % BLOCK) % BLOCK;

	for (unsigned i = 0; i < 8; i++)
		end[1 + zeros + i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(hash, end, 1 + zeros + 8);
}

void sha256_hex(struct sha256 *hash, char hex[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	add_end(hash);
	for (unsigned i = 0; i < 64; i++)
		hex[i] = digits[hash->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
	hex[64] = '\0';
}
