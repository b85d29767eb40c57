// SPDX-License-Identifier: GPL-2.0
/*
 * What a bare HKDF-SHA256 (RFC 5869) costs with the kernel's own SHA-256: from a
 * secret of 32 bytes and 20 more, with 64 bytes of context, 36 bytes of key. Says
 * so in the kernel's log when it is loaded, in nanoseconds.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/string.h>

#include "compat/sha2.h"

#define TIMES	1000
#define KEY_LEN	36

static void hkdf(const u8 *salt, const u8 *input, const u8 *info, u8 *key)
{
	u8 prk[SHA256_DIGEST_SIZE], block[SHA256_DIGEST_SIZE];
	struct hmac_sha256_key mac_key;
	struct hmac_sha256_ctx ctx;
	unsigned int done, n;
	u8 number = 0;

	hmac_sha256_preparekey(&mac_key, salt, 32);
	hmac_sha256_init(&ctx, &mac_key);
	hmac_sha256_update(&ctx, input, 20);
	hmac_sha256_final(&ctx, prk);
	hmac_sha256_preparekey(&mac_key, prk, sizeof(prk));
	for (done = 0; done < KEY_LEN; done += n) {
		n = min_t(unsigned int, sizeof(block), KEY_LEN - done);
		hmac_sha256_init(&ctx, &mac_key);
		if (number++)
			hmac_sha256_update(&ctx, block, sizeof(block));
		hmac_sha256_update(&ctx, info, 64);
		hmac_sha256_update(&ctx, &number, 1);
		hmac_sha256_final(&ctx, block);
		memcpy(key + done, block, n);
	}
}

static int __init kmtia_kdf_bench_init(void)
{
	u8 salt[32] = "salt", input[20] = "input", info[64] = "info";
	u8 key[KEY_LEN];
	unsigned int i;
	u64 start;

	hkdf(salt, input, info, key);
	start = ktime_get_ns();
	for (i = 0; i < TIMES; i++) {
		/* Another one each time, so that none is left out */
		memcpy(input, key, sizeof(input));
		hkdf(salt, input, info, key);
	}
	pr_info("hkdf %llu\n", (ktime_get_ns() - start) / TIMES);
	return 0;
}

static void __exit kmtia_kdf_bench_exit(void)
{
}

module_init(kmtia_kdf_bench_init);
module_exit(kmtia_kdf_bench_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("What a bare HKDF costs");
