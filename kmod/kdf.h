/* SPDX-License-Identifier: GPL-2.0 */
/* Keys from a secret: kdf.c */
#ifndef _KMTIA_KDF_H
#define _KMTIA_KDF_H

#include "kmtia.h"
#include "compat/sha2.h"

/**
 * struct kmtia_kdf - a secret, made ready
 * @derivation: what it is for
 * @key: with mix the secret as a key of HMAC; with expand the pseudorandom key,
 *	which is the same for all SAs
 *
 * Not the secret itself, but as good as it: to be wiped.
 */
struct kmtia_kdf {
	enum kmtia_derivation derivation;
	struct hmac_sha256_key key;
};

int kmtia_kdf_init(struct kmtia_kdf *kdf, enum kmtia_derivation derivation,
		   const u8 *secret, size_t len);
int kmtia_kdf_derive(const struct kmtia_kdf *kdf, const struct kmtia_sa *sa,
		     const char *key_id, u8 *const *module_keys,
		     u8 *const *keys);
void kmtia_kdf_wipe(struct kmtia_kdf *kdf);

#endif /* _KMTIA_KDF_H */
