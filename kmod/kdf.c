// SPDX-License-Identifier: GPL-2.0
/*
 * Keys from a secret: HKDF-SHA256 (RFC 5869). Documentation/kdf.rst has the
 * bytes, and why they are so. The file knows neither XFRM nor netlink.
 */
#include "kdf.h"

#include <linux/minmax.h>
#include <linux/string.h>

#define KDF_LABEL	"kmtia-kdf"
#define KDF_VERSION	1
#define KDF_NAME_MAX	127	/* of an algorithm */
#define KDF_KEY_MAX	(255 * SHA256_DIGEST_SIZE)	/* what HKDF can make */

#define KDF_INFO_MAX	(sizeof(KDF_LABEL) - 1 + 1 + 1 + 1 + 4 + 1 + 2 +	\
			 1 + KDF_NAME_MAX + 1 + KMTIA_KEY_ID_MAX_LEN +	\
			 SHA256_DIGEST_SIZE)

/**
 * struct kdf_info - what makes a key another one than all others of its secret
 * @len: bytes in use
 * @bytes: as in kdf.rst
 */
struct kdf_info {
	size_t len;
	u8 bytes[KDF_INFO_MAX];
};

static void info_put(struct kdf_info *info, const void *bytes, size_t len)
{
	memcpy(info->bytes + info->len, bytes, len);
	info->len += len;
}

static void info_put_u8(struct kdf_info *info, u8 value)
{
	info->bytes[info->len++] = value;
}

static void info_put_text(struct kdf_info *info, const char *text)
{
	info_put_u8(info, strlen(text));
	info_put(info, text, strlen(text));
}

static void info_make(struct kdf_info *info, enum kmtia_derivation derivation,
		      const struct kmtia_sa *sa, const struct kmtia_slot *slot,
		      const char *key_id, const u8 *module_hash)
{
	__be16 bits = cpu_to_be16(slot->bits);

	info->len = 0;
	info_put(info, KDF_LABEL, sizeof(KDF_LABEL) - 1);
	info_put_u8(info, KDF_VERSION);
	info_put_u8(info, derivation);
	info_put_u8(info, sa->id.proto);
	info_put(info, &sa->id.spi, sizeof(sa->id.spi));
	info_put_u8(info, slot->role);
	info_put(info, &bits, sizeof(bits));
	info_put_text(info, slot->algorithm);
	info_put_text(info, key_id);
	if (derivation == KMTIA_DERIVATION_EXPAND)
		info_put(info, module_hash, SHA256_DIGEST_SIZE);
}

/* HKDF-Expand */
static void kdf_expand(const struct hmac_sha256_key *prk,
		       const struct kdf_info *info, u8 *out, size_t len)
{
	u8 block[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx ctx;
	size_t part;
	u8 counter;

	for (counter = 1; len; counter++) {
		hmac_sha256_init(&ctx, prk);
		if (counter > 1)
			hmac_sha256_update(&ctx, block, sizeof(block));
		hmac_sha256_update(&ctx, info->bytes, info->len);
		hmac_sha256_update(&ctx, &counter, 1);
		hmac_sha256_final(&ctx, block);
		part = min(len, sizeof(block));
		memcpy(out, block, part);
		out += part;
		len -= part;
	}
	memzero_explicit(block, sizeof(block));
}

/* HKDF-Extract with the secret as the salt */
static void kdf_mix(const struct kmtia_kdf *kdf, const struct kmtia_sa *sa,
		    u8 *const *module_keys, struct hmac_sha256_key *prk)
{
	u8 digest[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx ctx;
	unsigned int i;

	hmac_sha256_init(&ctx, &kdf->key);
	for (i = 0; i < sa->n_slots; i++)
		hmac_sha256_update(&ctx, module_keys[i],
				   kmtia_slot_bytes(&sa->slots[i]));
	hmac_sha256_final(&ctx, digest);
	hmac_sha256_preparekey(prk, digest, sizeof(digest));
	memzero_explicit(digest, sizeof(digest));
}

static void module_keys_hash(const struct kmtia_sa *sa, u8 *const *module_keys,
			     u8 *hash)
{
	struct kmtia_sha256_ctx ctx;
	unsigned int i;

	sha256_init(&ctx);
	for (i = 0; i < sa->n_slots; i++)
		sha256_update(&ctx, module_keys[i],
			      kmtia_slot_bytes(&sa->slots[i]));
	sha256_final(&ctx, hash);
	memzero_explicit(&ctx, sizeof(ctx));
}

/**
 * kmtia_kdf_init() - make a secret ready
 * @kdf: filled in; kmtia_kdf_wipe() must be called if this succeeds
 * @derivation: what for
 * @secret: the bytes; not needed afterwards
 * @len: how many
 *
 * Context: any.
 * Return: 0, or %-EINVAL if the length is not one that a secret may have.
 */
int kmtia_kdf_init(struct kmtia_kdf *kdf, enum kmtia_derivation derivation,
		   const u8 *secret, size_t len)
{
	static const u8 no_salt[SHA256_DIGEST_SIZE];
	u8 prk[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx ctx;

	if (len < KMTIA_SECRET_MIN_LEN || len > KMTIA_SECRET_MAX_LEN)
		return -EINVAL;
	kdf->derivation = derivation;
	if (derivation == KMTIA_DERIVATION_MIX) {
		hmac_sha256_preparekey(&kdf->key, secret, len);
		return 0;
	}
	hmac_sha256_preparekey(&kdf->key, no_salt, sizeof(no_salt));
	hmac_sha256_init(&ctx, &kdf->key);
	hmac_sha256_update(&ctx, secret, len);
	hmac_sha256_final(&ctx, prk);
	hmac_sha256_preparekey(&kdf->key, prk, sizeof(prk));
	memzero_explicit(prk, sizeof(prk));
	return 0;
}

static bool slots_fit(const struct kmtia_sa *sa)
{
	unsigned int i;

	for (i = 0; i < sa->n_slots; i++)
		if (kmtia_slot_bytes(&sa->slots[i]) > KDF_KEY_MAX ||
		    strlen(sa->slots[i].algorithm) > KDF_NAME_MAX)
			return false;
	return true;
}

/**
 * kmtia_kdf_derive() - derive the keys of an SA
 * @kdf: the secret
 * @sa: the SA
 * @key_id: name of the secret; at most KMTIA_KEY_ID_MAX_LEN bytes
 * @module_keys: the keying module's keys, a slot each
 * @keys: set to the keys, a slot each; not the same memory as @module_keys
 *
 * Context: any; takes some ten thousand instructions.
 * Return: 0, or %-EINVAL if a key is longer than HKDF can make (8,160 bytes).
 */
int kmtia_kdf_derive(const struct kmtia_kdf *kdf, const struct kmtia_sa *sa,
		     const char *key_id, u8 *const *module_keys,
		     u8 *const *keys)
{
	const struct hmac_sha256_key *prk = &kdf->key;
	u8 module_hash[SHA256_DIGEST_SIZE] = {};
	struct hmac_sha256_key mixed;
	struct kdf_info info;
	unsigned int i;

	if (!slots_fit(sa))
		return -EINVAL;
	if (kdf->derivation == KMTIA_DERIVATION_MIX) {
		kdf_mix(kdf, sa, module_keys, &mixed);
		prk = &mixed;
	} else {
		module_keys_hash(sa, module_keys, module_hash);
	}
	for (i = 0; i < sa->n_slots; i++) {
		info_make(&info, kdf->derivation, sa, &sa->slots[i], key_id,
			  module_hash);
		kdf_expand(prk, &info, keys[i], kmtia_slot_bytes(&sa->slots[i]));
	}
	memzero_explicit(&info, sizeof(info));
	memzero_explicit(&mixed, sizeof(mixed));
	memzero_explicit(module_hash, sizeof(module_hash));
	return 0;
}

/**
 * kmtia_kdf_wipe() - forget a secret
 * @kdf: the secret
 */
void kmtia_kdf_wipe(struct kmtia_kdf *kdf)
{
	memzero_explicit(kdf, sizeof(*kdf));
}
