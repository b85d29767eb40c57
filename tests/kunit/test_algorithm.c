// SPDX-License-Identifier: GPL-2.0
/*
 * The slots that sa.c makes of a state, for every algorithm that the kernel has
 * for IPsec. What is a counter mode, and what is salt, is asked of the kernel:
 * of XFRM's own lists, and of the ciphers, by the lengths of key that they take.
 */
#include "kunit.h"
#include "compat/xfrm.h"

#include <crypto/aead.h>
#include <crypto/skcipher.h>
#include <net/net_namespace.h>

#define KEY_ROOM	64	/* for any key of these algorithms */

/* A state like those that the hook sees: no more than sa.c reads. */
static struct xfrm_state *state(struct kunit *test, u8 proto)
{
	struct xfrm_state *x = kunit_kzalloc(test, sizeof(*x), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, x);
	write_pnet(&x->xs_net, &init_net);
	x->id.proto = proto;
	x->id.spi = cpu_to_be32(0x1001);
	x->props.family = AF_INET;
	x->props.saddr.a4 = cpu_to_be32(0xc0000201);
	x->id.daddr.a4 = cpu_to_be32(0xc0000202);
	return x;
}

static void set_aead(struct kunit *test, struct xfrm_state *x, const char *name,
		     unsigned int bits, unsigned int icv_bits)
{
	x->aead = kunit_kzalloc(test, sizeof(*x->aead) + KEY_ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, x->aead);
	strscpy(x->aead->alg_name, name, sizeof(x->aead->alg_name));
	x->aead->alg_key_len = bits;
	x->aead->alg_icv_len = icv_bits;
}

static void set_enc(struct kunit *test, struct xfrm_state *x, const char *name,
		    unsigned int bits)
{
	x->ealg = kunit_kzalloc(test, sizeof(*x->ealg) + KEY_ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, x->ealg);
	strscpy(x->ealg->alg_name, name, sizeof(x->ealg->alg_name));
	x->ealg->alg_key_len = bits;
}

static void set_auth(struct kunit *test, struct xfrm_state *x, const char *name,
		     unsigned int bits, unsigned int icv_bits)
{
	x->aalg = kunit_kzalloc(test, sizeof(*x->aalg) + KEY_ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, x->aalg);
	strscpy(x->aalg->alg_name, name, sizeof(x->aalg->alg_name));
	x->aalg->alg_key_len = bits;
	x->aalg->alg_trunc_len = icv_bits;
}

/* XFRM makes the IVs of counter modes from the sequence number. */
static bool is_counter_mode(const char *geniv)
{
	return geniv && !strcmp(geniv, "seqiv");
}

/* --- AEADs ---------------------------------------------------------------- */

/* All that XFRM knows in 6.1 to 7.3; there is no list of them to walk through. */
static const struct {
	const char *name;
	unsigned int salt_bits;
	unsigned int key_bits[3];
} aeads[] = {
	{ "rfc4106(gcm(aes))", 32, { 128, 192, 256 } },
	{ "rfc4309(ccm(aes))", 24, { 128, 192, 256 } },
	{ "rfc4543(gcm(aes))", 32, { 128, 192, 256 } },
	{ "rfc7539esp(chacha20,poly1305)", 32, { 256 } },
};

static const unsigned int icvs[] = { 64, 96, 128 };

static void expect_aead(struct kunit *test, const char *name, unsigned int bits,
			unsigned int salt_bits, unsigned int icv_bits)
{
	struct xfrm_state *x = state(test, IPPROTO_ESP);
	struct kmtia_sa sa;

	set_aead(test, x, name, bits, icv_bits);
	kmtia_sa_read(x, &sa);
	KUNIT_ASSERT_EQ_MSG(test, sa.n_slots, 1U, "%s", name);
	KUNIT_EXPECT_EQ(test, (int)sa.slots[0].role, (int)KMTIA_SLOT_ROLE_AEAD);
	KUNIT_EXPECT_STREQ(test, sa.slots[0].algorithm, name);
	KUNIT_EXPECT_EQ(test, sa.slots[0].bits, bits);
	KUNIT_EXPECT_EQ(test, sa.slots[0].icv_bits, icv_bits);
	KUNIT_EXPECT_EQ_MSG(test, sa.slots[0].salt_bits, salt_bits, "%s", name);
	KUNIT_EXPECT_TRUE_MSG(test, sa.slots[0].once, "%s", name);
	KUNIT_EXPECT_PTR_EQ(test, kmtia_sa_key(x, &sa.slots[0]),
			    (u8 *)x->aead->alg_key);
}

static void test_aead(struct kunit *test)
{
	const struct xfrm_algo_desc *algo;
	unsigned int i, j, k, known = 0;

	for (i = 0; i < ARRAY_SIZE(aeads); i++) {
		for (j = 0; j < ARRAY_SIZE(icvs); j++) {
			for (k = 0; k < 3 && aeads[i].key_bits[k]; k++)
				expect_aead(test, aeads[i].name,
					    aeads[i].key_bits[k] +
					    aeads[i].salt_bits,
					    aeads[i].salt_bits, icvs[j]);
			algo = xfrm_aead_get_byname(aeads[i].name, icvs[j], 1);
			if (!algo)
				continue;
			known++;
			KUNIT_EXPECT_STREQ(test, algo->name, aeads[i].name);
			KUNIT_EXPECT_TRUE(test,
					  is_counter_mode(algo->uinfo.aead.geniv));
		}
	}
	/* Those of GCM, at least, this kernel can do. */
	KUNIT_EXPECT_GE(test, known, 4U);
}

/* A cipher takes AES' lengths of key, and the salt besides: so many bytes are it.
 * Chacha20 has one length.
 */
static void test_aead_salt(struct kunit *test)
{
	unsigned int i, len, taken, asked = 0;
	struct crypto_aead *tfm;
	u8 key[KEY_ROOM] = {};

	for (i = 0; i < ARRAY_SIZE(aeads); i++) {
		tfm = crypto_alloc_aead(aeads[i].name, 0, 0);
		if (IS_ERR(tfm))
			continue;
		asked++;
		for (len = 1, taken = 0; len < KEY_ROOM; len++) {
			unsigned int bits = len * 8 - aeads[i].salt_bits;

			if (crypto_aead_setkey(tfm, key, len))
				continue;
			KUNIT_EXPECT_EQ_MSG(test, bits, aeads[i].key_bits[taken],
					    "%s", aeads[i].name);
			if (++taken == 3)
				break;
		}
		KUNIT_EXPECT_EQ_MSG(test, taken, aeads[i].key_bits[1] ? 3U : 1U,
				    "%s", aeads[i].name);
		crypto_free_aead(tfm);
	}
	KUNIT_EXPECT_GE(test, asked, 2U);
}

/* --- Encryption, authentication ------------------------------------------- */

static void expect_enc(struct kunit *test, const struct xfrm_algo_desc *algo,
		       unsigned int bits)
{
	bool counter = is_counter_mode(algo->uinfo.encr.geniv);
	struct xfrm_state *x = state(test, IPPROTO_ESP);
	struct kmtia_sa sa;

	set_enc(test, x, algo->name, bits);
	kmtia_sa_read(x, &sa);
	KUNIT_ASSERT_EQ_MSG(test, sa.n_slots, bits ? 1U : 0U, "%s", algo->name);
	if (!bits)
		return;
	KUNIT_EXPECT_EQ(test, (int)sa.slots[0].role, (int)KMTIA_SLOT_ROLE_ENCRYPTION);
	KUNIT_EXPECT_STREQ(test, sa.slots[0].algorithm, algo->name);
	KUNIT_EXPECT_EQ(test, sa.slots[0].bits, bits);
	KUNIT_EXPECT_EQ(test, sa.slots[0].icv_bits, 0U);
	KUNIT_EXPECT_EQ_MSG(test, sa.slots[0].once, counter, "%s", algo->name);
	KUNIT_EXPECT_EQ_MSG(test, sa.slots[0].salt_bits, counter ? 32U : 0U,
			    "%s", algo->name);
	KUNIT_EXPECT_PTR_EQ(test, kmtia_sa_key(x, &sa.slots[0]),
			    (u8 *)x->ealg->alg_key);
}

static void test_encryption(struct kunit *test)
{
	const struct xfrm_algo_desc *algo;
	unsigned int i, counters = 0;

	for (i = 0; (algo = xfrm_ealg_get_byidx(i)); i++) {
		expect_enc(test, algo, algo->desc.sadb_alg_minbits);
		expect_enc(test, algo, algo->desc.sadb_alg_maxbits);
		counters += is_counter_mode(algo->uinfo.encr.geniv);
	}
	KUNIT_EXPECT_GE(test, i, 10U);
	KUNIT_EXPECT_EQ(test, counters, 1U);
}

/* The one counter mode: AES' lengths, and a nonce of 4 bytes. */
static void test_encryption_nonce(struct kunit *test)
{
	struct crypto_skcipher *tfm;
	unsigned int len, taken = 0;
	u8 key[KEY_ROOM] = {};

	tfm = crypto_alloc_skcipher("rfc3686(ctr(aes))", 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(tfm));
	for (len = 1; len < KEY_ROOM; len++) {
		if (crypto_skcipher_setkey(tfm, key, len))
			continue;
		KUNIT_EXPECT_EQ(test, len, 20 + 8 * taken);
		taken++;
	}
	KUNIT_EXPECT_EQ(test, taken, 3U);
	crypto_free_skcipher(tfm);
}

static void expect_auth(struct kunit *test, const struct xfrm_algo_desc *algo,
			u8 proto)
{
	unsigned int icv_bits = algo->uinfo.auth.icv_truncbits;
	unsigned int bits = algo->uinfo.auth.icv_fullbits;
	struct xfrm_state *x = state(test, proto);
	struct kmtia_sa sa;

	set_auth(test, x, algo->name, bits, icv_bits);
	kmtia_sa_read(x, &sa);
	KUNIT_ASSERT_EQ_MSG(test, sa.n_slots, bits ? 1U : 0U, "%s", algo->name);
	if (!bits)
		return;
	KUNIT_EXPECT_EQ(test, (int)sa.slots[0].role,
			(int)KMTIA_SLOT_ROLE_AUTHENTICATION);
	KUNIT_EXPECT_STREQ(test, sa.slots[0].algorithm, algo->name);
	KUNIT_EXPECT_EQ(test, sa.slots[0].bits, bits);
	KUNIT_EXPECT_EQ(test, sa.slots[0].icv_bits, icv_bits);
	KUNIT_EXPECT_EQ(test, sa.slots[0].salt_bits, 0U);
	KUNIT_EXPECT_FALSE(test, sa.slots[0].once);
	KUNIT_EXPECT_PTR_EQ(test, kmtia_sa_key(x, &sa.slots[0]),
			    (u8 *)x->aalg->alg_key);
}

static void test_authentication(struct kunit *test)
{
	const struct xfrm_algo_desc *algo;
	unsigned int i;

	for (i = 0; (algo = xfrm_aalg_get_byidx(i)); i++) {
		expect_auth(test, algo, IPPROTO_ESP);
		expect_auth(test, algo, IPPROTO_AH);
	}
	KUNIT_EXPECT_GE(test, i, 8U);
}

/* Each cipher with each digest: two slots in this order, or the one that has a
 * key; with AH the digest alone.
 */
static void test_both(struct kunit *test)
{
	const struct xfrm_algo_desc *enc, *auth;
	unsigned int i, j, n;
	struct kmtia_sa sa;

	for (i = 0; (enc = xfrm_ealg_get_byidx(i)); i++) {
		for (j = 0; (auth = xfrm_aalg_get_byidx(j)); j++) {
			struct xfrm_state *x = state(test, IPPROTO_ESP);

			set_enc(test, x, enc->name, enc->desc.sadb_alg_maxbits);
			set_auth(test, x, auth->name, auth->uinfo.auth.icv_fullbits,
				 auth->uinfo.auth.icv_truncbits);
			kmtia_sa_read(x, &sa);
			n = 0;
			if (enc->desc.sadb_alg_maxbits)
				KUNIT_EXPECT_STREQ(test, sa.slots[n++].algorithm,
						   enc->name);
			if (auth->uinfo.auth.icv_fullbits)
				KUNIT_EXPECT_STREQ(test, sa.slots[n++].algorithm,
						   auth->name);
			KUNIT_EXPECT_EQ(test, sa.n_slots, n);
			x->id.proto = IPPROTO_AH;
			kmtia_sa_read(x, &sa);
			KUNIT_EXPECT_EQ(test, sa.n_slots,
					!!auth->uinfo.auth.icv_fullbits);
		}
	}
}

/* --- Keys of a state ------------------------------------------------------ */

static struct xfrm_state *state_of_two(struct kunit *test, struct kmtia_sa *sa)
{
	struct xfrm_state *x = state(test, IPPROTO_ESP);

	set_enc(test, x, "rfc3686(ctr(aes))", 160);
	set_auth(test, x, "hmac(sha1)", 153, 96);	/* 20 bytes */
	kmtia_sa_read(x, sa);
	KUNIT_ASSERT_EQ(test, sa->n_slots, 2U);
	return x;
}

/* What is written is the keys, to the last byte, and nothing behind them. */
static void test_write(struct kunit *test)
{
	struct kmtia_sa sa;
	struct xfrm_state *x = state_of_two(test, &sa);
	u8 enc[20], auth[20];
	u8 *keys[] = { enc, auth };

	memset(enc, 0x11, sizeof(enc));
	memset(auth, 0x22, sizeof(auth));
	KUNIT_EXPECT_TRUE(test, kmtia_sa_zero(x, &sa));
	kmtia_sa_write(x, &sa, keys);
	KUNIT_EXPECT_EQ(test, memcmp(x->ealg->alg_key, enc, 20), 0);
	KUNIT_EXPECT_EQ(test, memcmp(x->aalg->alg_key, auth, 20), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(x->ealg->alg_key + 20, 0, KEY_ROOM - 20));
	KUNIT_EXPECT_NULL(test, memchr_inv(x->aalg->alg_key + 20, 0, KEY_ROOM - 20));
	KUNIT_EXPECT_FALSE(test, kmtia_sa_zero(x, &sa));
}

static void test_randomise(struct kunit *test)
{
	struct kmtia_sa sa;
	struct xfrm_state *x = state_of_two(test, &sa);
	u64 hash;

	kmtia_sa_randomise(x, &sa);
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(x->ealg->alg_key, 0, 20));
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(x->aalg->alg_key, 0, 20));
	KUNIT_EXPECT_NULL(test, memchr_inv(x->ealg->alg_key + 20, 0, KEY_ROOM - 20));
	KUNIT_EXPECT_NULL(test, memchr_inv(x->aalg->alg_key + 20, 0, KEY_ROOM - 20));
	hash = kmtia_sa_key_hash(x, &sa);
	kmtia_sa_randomise(x, &sa);
	KUNIT_EXPECT_NE(test, kmtia_sa_key_hash(x, &sa), hash);
}

/* Keys that are all zero are those that lockdown shows; one byte is a key. */
static void test_zero(struct kunit *test)
{
	struct kmtia_sa sa;
	struct xfrm_state *x = state_of_two(test, &sa);

	KUNIT_EXPECT_TRUE(test, kmtia_sa_zero(x, &sa));
	x->aalg->alg_key[19] = 1;
	KUNIT_EXPECT_FALSE(test, kmtia_sa_zero(x, &sa));
	x->aalg->alg_key[19] = 0;
	x->aalg->alg_key[20] = 1;	/* behind the key */
	KUNIT_EXPECT_TRUE(test, kmtia_sa_zero(x, &sa));
	sa.n_slots = 0;
	KUNIT_EXPECT_FALSE(test, kmtia_sa_zero(x, &sa));
}

/* All keys count where an SA is to be recognised. */
static void test_hashes(struct kunit *test)
{
	struct kmtia_sa sa;
	struct xfrm_state *x = state_of_two(test, &sa);
	u64 all = kmtia_sa_key_hash(x, &sa);

	x->aalg->alg_key[19] = 1;
	KUNIT_EXPECT_NE(test, kmtia_sa_key_hash(x, &sa), all);
	x->aalg->alg_key[19] = 0;
	KUNIT_EXPECT_EQ(test, kmtia_sa_key_hash(x, &sa), all);
	x->ealg->alg_key[0] = 1;
	KUNIT_EXPECT_NE(test, kmtia_sa_key_hash(x, &sa), all);
	/* The same bytes in the other slot are other keys. */
	all = kmtia_sa_key_hash(x, &sa);
	x->ealg->alg_key[0] = 0;
	x->aalg->alg_key[0] = 1;
	KUNIT_EXPECT_NE(test, kmtia_sa_key_hash(x, &sa), all);
}

static struct kunit_case algorithm_cases[] = {
	KUNIT_CASE(test_aead),
	KUNIT_CASE(test_aead_salt),
	KUNIT_CASE(test_encryption),
	KUNIT_CASE(test_encryption_nonce),
	KUNIT_CASE(test_authentication),
	KUNIT_CASE(test_both),
	KUNIT_CASE(test_write),
	KUNIT_CASE(test_randomise),
	KUNIT_CASE(test_zero),
	KUNIT_CASE(test_hashes),
	{}
};

static struct kunit_suite kmtia_algorithm_suite = {
	.name = "kmtia_algorithm",
	.test_cases = algorithm_cases,
};

kunit_test_suite(kmtia_algorithm_suite);
