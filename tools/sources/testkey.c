// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys as a fixed function of the SPI, so that both ends of a test compute the
 * same without talking to each other. The function is public: it protects
 * nothing.
 *
 * The key is the first bytes of SHA-256(input 0) || SHA-256(input 1) || ...,
 * where input c is "kmtia test key", a zero byte, the SPI in network order (4
 * bytes), and one byte each of protocol, role of the slot, and c.
 */
#include "kmtiad/sources.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static const char label[] = "kmtia test key"; /* with its zero byte */

#define DIGEST_LEN 32

bool testkey_derive(uint32_t spi, uint8_t proto, uint8_t role, uint8_t *key, size_t len)
{
	uint8_t input[sizeof(label) + 7], digest[DIGEST_LEN];
	size_t done, n;

	memcpy(input, label, sizeof(label));
	input[sizeof(label)] = (uint8_t)(spi >> 24);
	input[sizeof(label) + 1] = (uint8_t)(spi >> 16);
	input[sizeof(label) + 2] = (uint8_t)(spi >> 8);
	input[sizeof(label) + 3] = (uint8_t)spi;
	input[sizeof(label) + 4] = proto;
	input[sizeof(label) + 5] = role;
	input[sizeof(label) + 6] = 0;

	/* The counter is a byte. */
	if (len > (size_t)256 * DIGEST_LEN)
		return false;
	for (done = 0; done < len; done += n, input[sizeof(label) + 6]++) {
		if (!EVP_Digest(input, sizeof(input), digest, NULL, EVP_sha256(), NULL))
			return false;
		n = len - done < DIGEST_LEN ? len - done : DIGEST_LEN;
		memcpy(key + done, digest, n);
	}
	OPENSSL_cleanse(digest, sizeof(digest));
	return true;
}
