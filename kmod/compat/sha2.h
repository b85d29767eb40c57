/* SPDX-License-Identifier: GPL-2.0 */
/*
 * HMAC-SHA256 as a library: before 6.17 the kernel has it only with a transform
 * that must be allocated. The names are those of <crypto/sha2.h>, which
 * describes the functions.
 */
#ifndef _KMTIA_COMPAT_SHA2_H
#define _KMTIA_COMPAT_SHA2_H

#include <crypto/sha2.h>
#include <linux/string.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define kmtia_sha256_ctx sha256_ctx
#else
#define kmtia_sha256_ctx sha256_state

#define HMAC_IPAD	0x36
#define HMAC_OPAD	0x5c

/* The states after the block that the key makes */
struct hmac_sha256_key {
	struct sha256_state inner;
	struct sha256_state outer;
};

struct hmac_sha256_ctx {
	struct sha256_state inner;
	struct sha256_state outer;
};

static inline void hmac_sha256_preparekey(struct hmac_sha256_key *key,
					  const u8 *raw_key, size_t raw_key_len)
{
	u8 block[SHA256_BLOCK_SIZE] = {};
	unsigned int i;

	if (raw_key_len > SHA256_BLOCK_SIZE)
		sha256(raw_key, raw_key_len, block);
	else
		memcpy(block, raw_key, raw_key_len);
	for (i = 0; i < SHA256_BLOCK_SIZE; i++)
		block[i] ^= HMAC_IPAD;
	sha256_init(&key->inner);
	sha256_update(&key->inner, block, SHA256_BLOCK_SIZE);
	for (i = 0; i < SHA256_BLOCK_SIZE; i++)
		block[i] ^= HMAC_IPAD ^ HMAC_OPAD;
	sha256_init(&key->outer);
	sha256_update(&key->outer, block, SHA256_BLOCK_SIZE);
	memzero_explicit(block, sizeof(block));
}

static inline void hmac_sha256_init(struct hmac_sha256_ctx *ctx,
				    const struct hmac_sha256_key *key)
{
	ctx->inner = key->inner;
	ctx->outer = key->outer;
}

static inline void hmac_sha256_update(struct hmac_sha256_ctx *ctx,
				      const u8 *data, size_t len)
{
	sha256_update(&ctx->inner, data, len);
}

static inline void hmac_sha256_final(struct hmac_sha256_ctx *ctx, u8 *out)
{
	sha256_final(&ctx->inner, out);
	sha256_update(&ctx->outer, out, SHA256_DIGEST_SIZE);
	sha256_final(&ctx->outer, out);
	memzero_explicit(ctx, sizeof(*ctx));
}
#endif

#endif /* _KMTIA_COMPAT_SHA2_H */
