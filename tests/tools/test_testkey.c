// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test function "spi-sha256". The vectors were computed with Python:
 *
 *	hashlib.sha256(b"kmtia test key\0" + struct.pack(">I", spi)
 *		       + bytes([proto, role, c])).digest()
 *
 * for c = 0, 1, ..., joined, and cut to the length.
 */
#include "tools_test.h"
#include "kmtiad/sources.h"

static const struct {
	uint32_t spi;
	uint8_t proto, role;
	size_t len;
	const char *key;
} vectors[] = {
	{ 0xc0000001, 50, 0, 20, "288d5b7a3d569ace805c0e01fcc3be5e8e94ba7e" },
	{ 0xc0000001, 50, 0, 36,
	  "288d5b7a3d569ace805c0e01fcc3be5e8e94ba7e9298b0022750041037ae39e2c65f5ab9" },
	{ 0xc0000001, 50, 1, 16, "f8e832b862fe4c78defecaccdbc3449d" },
	{ 0xc0000001, 50, 2, 32,
	  "bb5f0d0ab2ce67c6d0e309b8f0d75531bee372884ca5392ad45e9186d6e8f3c5" },
	{ 0xffffffff, 51, 2, 64,
	  "af89db540fca24ac99179ea634c54a39b1ef4b5706371ca9934756254b0341af"
	  "145774706f4af94118d5d4c2a2efeaace238159b3744c4c224f1edb40621195e" },
	{ 0x00000001, 50, 2, 20, "7405814bcca9c53e456cbaecbaf78de3db533e8d" },
	{ 0x00001001, 50, 0, 1, "dc" },
	{ 0x12345678, 50, 1, 100,
	  "d81972ddc453bf93bcb8c966412aaf0c6747a91e2c38f2b1a04e024ff70f6d5d"
	  "a636adc54ec317892b32da6cb112cd8ef030d768009ab99a2d6cd815df14bd98"
	  "4d713a4b4e5345899a202c47bf84aed38c2fd985d0b7da96eb176d855df11c35"
	  "06ca5495" },
};

static void known_vectors(void **state)
{
	char hex[2 * 128 + 1];
	uint8_t key[128];
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		memset(key, 0xa5, sizeof(key));
		assert_true(testkey_derive(vectors[i].spi, vectors[i].proto, vectors[i].role, key,
					   vectors[i].len));
		for (j = 0; j < vectors[i].len; j++)
			snprintf(hex + 2 * j, 3, "%02x", key[j]);
		assert_string_equal(hex, vectors[i].key);
		assert_int_equal(key[vectors[i].len], 0xa5);
	}
}

static void lengths(void **state)
{
	static uint8_t key[8193];

	(void)state;
	assert_true(testkey_derive(1, 50, 0, key, 0));
	assert_true(testkey_derive(1, 50, 0, key, 8192));
	assert_false(testkey_derive(1, 50, 0, key, 8193));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_vectors),
		cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests_name("tools_testkey", tests, NULL, NULL);
}
