/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the key derivation must do: come to the vectors that tests/py/kdf.py
 * computes from kdf.rst, come to another key where one bit of any input is
 * another, refuse what kdf.rst has no key for. For a module that says so in the
 * kernel's log (kmtia_kdf_check.c), and for KUnit (tests/kunit/test_kdf.c).
 */
#ifndef _KDF_TRIALS_H
#define _KDF_TRIALS_H

#include <linux/in.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kdf.h"
#include "kdf_vectors.h"

#define GUARD 16
#define GUARD_BYTE 0xa5

/* --- A derivation, with copies of a vector's input that may be changed --- */

struct trial {
	struct kmtia_sa sa;
	enum kmtia_derivation derivation;
	unsigned int secret_len;
	u8 *secret;
	char *key_id;
	char *algorithms[KMTIA_MAX_SLOTS];
	u8 *module_keys[KMTIA_MAX_SLOTS];
	u8 *keys[KMTIA_MAX_SLOTS];	/* each with a guard behind it */
};

static void trial_free(struct trial *trial)
{
	unsigned int i;

	for (i = 0; i < KMTIA_MAX_SLOTS; i++) {
		kfree(trial->algorithms[i]);
		kfree(trial->module_keys[i]);
		kfree(trial->keys[i]);
	}
	kfree(trial->key_id);
	kfree(trial->secret);
	kfree(trial);
}

static bool slot_copy(struct trial *trial, unsigned int i,
		      const struct kdf_vector_slot *from)
{
	struct kmtia_slot *slot = &trial->sa.slots[i];
	unsigned int len;

	slot->role = from->role;
	slot->bits = from->bits;
	len = kmtia_slot_bytes(slot);
	trial->algorithms[i] = kstrdup(from->algorithm, GFP_KERNEL);
	trial->module_keys[i] = kmemdup(from->module_key, len, GFP_KERNEL);
	trial->keys[i] = kmalloc(len + GUARD, GFP_KERNEL);
	slot->algorithm = trial->algorithms[i];
	if (!trial->algorithms[i] || !trial->module_keys[i] || !trial->keys[i])
		return false;
	memset(trial->keys[i], GUARD_BYTE, len + GUARD);
	return true;
}

static struct trial *trial_new(const struct kdf_vector *vector)
{
	struct trial *trial = kzalloc(sizeof(*trial), GFP_KERNEL);
	bool done;
	unsigned int i;

	if (!trial)
		return NULL;
	trial->sa.id.proto = vector->proto;
	trial->sa.id.spi = cpu_to_be32(vector->spi);
	trial->sa.n_slots = vector->n_slots;
	trial->derivation = vector->derivation;
	trial->secret_len = vector->secret_len;
	trial->secret = kmemdup(vector->secret, vector->secret_len, GFP_KERNEL);
	/* Room for a change of the empty one */
	trial->key_id = kzalloc(strlen(vector->key_id) + 2, GFP_KERNEL);
	done = trial->secret && trial->key_id;
	for (i = 0; done && i < vector->n_slots; i++)
		done = slot_copy(trial, i, &vector->slots[i]);
	if (!done) {
		trial_free(trial);
		return NULL;
	}
	memcpy(trial->key_id, vector->key_id, strlen(vector->key_id));
	return trial;
}

static int trial_run(struct trial *trial)
{
	struct kmtia_kdf kdf;
	int err;

	err = kmtia_kdf_init(&kdf, trial->derivation, trial->secret,
			     trial->secret_len);
	if (err)
		return err;
	err = kmtia_kdf_derive(&kdf, &trial->sa, trial->key_id,
			       trial->module_keys, trial->keys);
	kmtia_kdf_wipe(&kdf);
	return memchr_inv(&kdf, 0, sizeof(kdf)) ? -EBADMSG : err;
}

static bool slot_as_expected(const struct trial *trial, unsigned int i,
			     const struct kdf_vector_slot *expected)
{
	unsigned int len = DIV_ROUND_UP(expected->bits, 8);

	return !memcmp(trial->keys[i], expected->key, len) &&
	       !memchr_inv(trial->keys[i] + len, GUARD_BYTE, GUARD) &&
	       !memcmp(trial->module_keys[i], expected->module_key, len);
}

/* --- What is tested, for whoever prints it --- */

/* Does kdf.c come to the keys of the vector, and write nothing else? */
static bool vector_holds(const struct kdf_vector *vector)
{
	struct trial *trial = trial_new(vector);
	bool holds;
	unsigned int i;

	if (!trial)
		return false;
	holds = !trial_run(trial);
	for (i = 0; i < vector->n_slots; i++)
		holds = holds && slot_as_expected(trial, i, &vector->slots[i]);
	trial_free(trial);
	return holds;
}

/**
 * struct change - a change of the input
 * @name: of the test
 * @all: the keys of all slots change, not the first alone
 * @apply: does it; returns whether the vector has what is changed
 */
struct change {
	const char *name;
	bool all;
	bool (*apply)(struct trial *trial);
};

static bool first_of_secret(struct trial *trial)
{
	trial->secret[0] ^= 0x80;
	return true;
}

static bool last_of_secret(struct trial *trial)
{
	trial->secret[trial->secret_len - 1] ^= 1;
	return true;
}

static bool length_of_secret(struct trial *trial)
{
	trial->secret_len--;
	return trial->secret_len >= KMTIA_SECRET_MIN_LEN;
}

static bool derivation(struct trial *trial)
{
	trial->derivation = trial->derivation == KMTIA_DERIVATION_MIX ?
			    KMTIA_DERIVATION_EXPAND : KMTIA_DERIVATION_MIX;
	return true;
}

static bool protocol(struct trial *trial)
{
	trial->sa.id.proto ^= IPPROTO_ESP ^ IPPROTO_AH;
	return true;
}

static bool first_of_spi(struct trial *trial)
{
	trial->sa.id.spi ^= cpu_to_be32(0x80000000);
	return true;
}

static bool last_of_spi(struct trial *trial)
{
	trial->sa.id.spi ^= cpu_to_be32(1);
	return true;
}

static bool spi_swapped(struct trial *trial)
{
	__be32 spi = trial->sa.id.spi;

	trial->sa.id.spi = (__force __be32)swab32((__force u32)spi);
	return trial->sa.id.spi != spi;
}

static bool role(struct trial *trial)
{
	trial->sa.slots[0].role ^= trial->sa.slots[0].role == 2 ? 2 : 1;
	return true;
}

static bool first_of_algorithm(struct trial *trial)
{
	trial->algorithms[0][0] ^= 1;
	return true;
}

static bool last_of_algorithm(struct trial *trial)
{
	trial->algorithms[0][strlen(trial->algorithms[0]) - 1] ^= 1;
	return true;
}

/* As many bytes, so that they can be compared */
static bool bits(struct trial *trial)
{
	struct kmtia_slot *slot = &trial->sa.slots[0];
	unsigned int bytes = kmtia_slot_bytes(slot);

	slot->bits ^= 1;
	if (kmtia_slot_bytes(slot) == bytes)
		return true;
	slot->bits = (slot->bits ^ 1) - 1;
	return kmtia_slot_bytes(slot) == bytes;
}

static bool first_of_key_id(struct trial *trial)
{
	trial->key_id[0] ^= 1;
	return true;
}

static bool last_of_key_id(struct trial *trial)
{
	if (!trial->key_id[0])
		return false;
	trial->key_id[strlen(trial->key_id) - 1] ^= 1;
	return true;
}

/* The bytes of name and key-id, one after the other, are the same. */
static bool border_of_names(struct trial *trial)
{
	unsigned int end = strlen(trial->algorithms[0]) - 1;

	if (trial->key_id[0])
		return false;
	trial->key_id[0] = trial->algorithms[0][end];
	trial->algorithms[0][end] = 0;
	return true;
}

static bool first_of_module_key(struct trial *trial)
{
	trial->module_keys[0][0] ^= 0x80;
	return true;
}

static bool last_of_module_key(struct trial *trial)
{
	unsigned int i = trial->sa.n_slots - 1;

	trial->module_keys[i][kmtia_slot_bytes(&trial->sa.slots[i]) - 1] ^= 1;
	return true;
}

static bool swapped_module_keys(struct trial *trial)
{
	struct kmtia_slot *slots = trial->sa.slots;

	if (trial->sa.n_slots != 2 ||
	    kmtia_slot_bytes(&slots[0]) != kmtia_slot_bytes(&slots[1]))
		return false;
	swap(trial->module_keys[0], trial->module_keys[1]);
	return true;
}

static const struct change changes[] = {
	{ "the first bit of the secret", true, first_of_secret },
	{ "the last bit of the secret", true, last_of_secret },
	{ "the length of the secret", true, length_of_secret },
	{ "the derivation", true, derivation },
	{ "the protocol", true, protocol },
	{ "the first bit of the SPI", true, first_of_spi },
	{ "the last bit of the SPI", true, last_of_spi },
	{ "the order of the SPI's bytes", true, spi_swapped },
	{ "the role", false, role },
	{ "the first character of the algorithm", false, first_of_algorithm },
	{ "the last character of the algorithm", false, last_of_algorithm },
	{ "the length in bits", false, bits },
	{ "the first character of the key-id", true, first_of_key_id },
	{ "the last character of the key-id", true, last_of_key_id },
	{ "the border of algorithm and key-id", false, border_of_names },
	{ "the first bit of the keying module's keys", true, first_of_module_key },
	{ "the last bit of the keying module's keys", true, last_of_module_key },
	{ "the order of the keying module's keys", true, swapped_module_keys },
};

/* A key of one byte may be the same by chance. */
static bool slot_is_comparable(const struct kdf_vector_slot *slot)
{
	return slot->bits >= 64;
}

/* Makes the change the keys other keys? @applied counts the vectors that have
 * what is changed.
 */
static bool change_tells(const struct kdf_vector *vector,
			 const struct change *change, unsigned int *applied)
{
	const struct kdf_vector_slot *slot = vector->slots;
	struct trial *trial = trial_new(vector);
	bool tells = true;
	unsigned int i;

	if (!trial)
		return false;
	if (!slot_is_comparable(slot) || !change->apply(trial))
		goto out;
	++*applied;
	tells = !trial_run(trial);
	for (i = 0; i < vector->n_slots; i++) {
		bool same = !memcmp(trial->keys[i], slot[i].key,
				    DIV_ROUND_UP(slot[i].bits, 8));

		tells = tells && same == (i && !change->all);
	}
out:
	trial_free(trial);
	return tells;
}

/**
 * struct misuse - what kdf.rst has no key for
 * @name: of the test
 * @derivation: which
 * @secret_len: length of the secret
 * @bits: length of the key
 */
struct misuse {
	const char *name;
	enum kmtia_derivation derivation;
	unsigned int secret_len;
	unsigned int bits;
};

static const struct misuse misuses[] = {
	{ "mix, a secret of 31 bytes", KMTIA_DERIVATION_MIX, 31, 160 },
	{ "mix, a secret of 1025 bytes", KMTIA_DERIVATION_MIX, 1025, 160 },
	{ "expand, a secret of 31 bytes", KMTIA_DERIVATION_EXPAND, 31, 160 },
	{ "expand, a secret of 1025 bytes", KMTIA_DERIVATION_EXPAND, 1025, 160 },
	{ "mix, a key of 65281 bits", KMTIA_DERIVATION_MIX, 32, 65281 },
	{ "expand, a key of 65281 bits", KMTIA_DERIVATION_EXPAND, 32, 65281 },
	{ "mix, a key of 65696 bits, which is 160 in 16",
	  KMTIA_DERIVATION_MIX, 32, 65696 },
};

/* Is there no key? */
static bool misuse_is_refused(const struct misuse *misuse)
{
	static const u8 input[65696 / 8];
	struct kdf_vector vector = {
		.derivation = misuse->derivation,
		.proto = IPPROTO_AH,
		.key_id = "",
		.secret = input,
		.secret_len = misuse->secret_len,
		.n_slots = 1,
		.slots = {
			{ KMTIA_SLOT_ROLE_AUTHENTICATION, "hmac(sha256)",
			  misuse->bits, input },
		},
	};
	struct trial *trial = trial_new(&vector);
	bool refused;

	if (!trial)
		return false;
	refused = trial_run(trial) == -EINVAL;
	trial_free(trial);
	return refused;
}

#endif /* _KDF_TRIALS_H */
