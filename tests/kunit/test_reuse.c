// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of who has had which key: bounded, and what it forgets first. The
 * hashes are made up; two that are equal modulo the number of sets share one.
 */
#include "kunit.h"

#include <linux/random.h>

/* The n-th key of a set; never 0 */
static u64 key(unsigned int set, unsigned int n)
{
	return (u64)(n + 1) * KMTIA_REUSE_SETS + set;
}

static struct kmtia_sa_id id_of(u32 spi)
{
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, spi);
	return sa.id;
}

static int reuse_init(struct kunit *test)
{
	struct kmtia_reuse *reuse;

	reuse = kunit_kzalloc(test, sizeof(*reuse), GFP_KERNEL);
	if (!reuse)
		return -ENOMEM;
	kmtia_reuse_init(reuse);
	test->priv = reuse;
	return kmtia_reuse_prepare(reuse);
}

static void reuse_exit(struct kunit *test)
{
	if (test->priv)
		kmtia_reuse_exit(test->priv);
}

/* Before anything was prepared nothing is known, and nothing can be noted. */
static void test_unprepared(struct kunit *test)
{
	struct kmtia_sa_id id = id_of(1);
	struct kmtia_reuse reuse = {};

	kmtia_reuse_init(&reuse);
	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(&reuse, key(0, 0), &id));
	kmtia_reuse_commit(&reuse, key(0, 0), &id);
	KUNIT_EXPECT_EQ(test, reuse.count, 0U);
	KUNIT_EXPECT_NULL(test, reuse.entries);
	kmtia_reuse_exit(&reuse);
}

static void test_prepare_again(struct kunit *test)
{
	struct kmtia_reuse *reuse = test->priv;
	struct kmtia_sa_id id = id_of(1), other = id_of(2);
	void *entries = reuse->entries, *next = reuse->next;

	KUNIT_ASSERT_NOT_NULL(test, entries);
	kmtia_reuse_commit(reuse, key(0, 0), &id);
	KUNIT_EXPECT_EQ(test, kmtia_reuse_prepare(reuse), 0);
	KUNIT_EXPECT_PTR_EQ(test, (void *)reuse->entries, entries);
	KUNIT_EXPECT_PTR_EQ(test, (void *)reuse->next, next);
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
}

/* To ask is not to note. */
static void test_only_commit_notes(struct kunit *test)
{
	struct kmtia_reuse *reuse = test->priv;
	struct kmtia_sa_id id = id_of(1), other = id_of(2);

	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, key(0, 0), &id));
	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
	KUNIT_EXPECT_EQ(test, reuse->count, 0U);
	kmtia_reuse_commit(reuse, key(0, 0), &id);
	KUNIT_EXPECT_EQ(test, reuse->count, 1U);
	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, key(0, 0), &id));
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
	/* Of the same set, and of another */
	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, key(0, 1), &other));
	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, key(1, 0), &other));
}

/* Another SA is one of another SPI, protocol or address; not of another mark. */
static void test_same_sa(struct kunit *test)
{
	struct kmtia_sa_id id = id_of(1), other;
	struct kmtia_reuse *reuse = test->priv;

	kmtia_reuse_commit(reuse, key(0, 0), &id);
	other = id;
	other.spi ^= cpu_to_be32(1);
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
	other = id;
	other.proto = IPPROTO_AH;
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
	other = id;
	other.daddr.a6[0] ^= cpu_to_be32(1);
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
	other = id;
	other.daddr.a6[3] ^= cpu_to_be32(1);
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
	other = id;
	other.mark = 5;
	other.mark_mask = U32_MAX;
	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, key(0, 0), &other));
}

/* Who had it first keeps it; saying so again changes nothing, nor does it make
 * others be forgotten.
 */
static void test_commit_again(struct kunit *test)
{
	struct kmtia_sa_id id = id_of(1), other = id_of(2);
	struct kmtia_reuse *reuse = test->priv;
	unsigned int i;

	kmtia_reuse_commit(reuse, key(7, 0), &id);
	kmtia_reuse_commit(reuse, key(7, 1), &id);
	for (i = 0; i < 4 * KMTIA_REUSE_WAYS; i++)
		kmtia_reuse_commit(reuse, key(7, 1), &id);
	kmtia_reuse_commit(reuse, key(7, 1), &other);
	KUNIT_EXPECT_EQ(test, reuse->count, 2U);
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(7, 0), &other));
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(7, 1), &other));
	KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, key(7, 1), &id));
	for (i = 2; i < KMTIA_REUSE_WAYS; i++)
		kmtia_reuse_commit(reuse, key(7, i), &id);
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(7, 0), &other));
}

static void test_oldest_is_forgotten(struct kunit *test)
{
	struct kmtia_sa_id id = id_of(1), other = id_of(2);
	struct kmtia_reuse *reuse = test->priv;
	unsigned int n, i;

	kmtia_reuse_commit(reuse, key(8, 0), &id);
	/* Round and round, far beyond what a byte counts */
	for (n = 0; n < 300; n++) {
		kmtia_reuse_commit(reuse, key(7, n), &id);
		for (i = 0; i <= n && i < KMTIA_REUSE_WAYS; i++)
			KUNIT_EXPECT_FALSE(test,
					   kmtia_reuse_fresh(reuse, key(7, n - i),
							     &other));
		if (n >= KMTIA_REUSE_WAYS)
			KUNIT_EXPECT_TRUE(test,
					  kmtia_reuse_fresh(reuse,
							    key(7, n - KMTIA_REUSE_WAYS),
							    &other));
	}
	KUNIT_EXPECT_EQ(test, reuse->count, KMTIA_REUSE_WAYS + 1U);
	KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(8, 0), &other));
}

/* Full, and then over again: exactly as many as there is room for. */
static void test_bounds(struct kunit *test)
{
	struct kmtia_sa_id id = id_of(1), other = id_of(2);
	struct kmtia_reuse *reuse = test->priv;
	unsigned int n, set, known = 0;

	for (n = 0; n < 2 * KMTIA_REUSE_WAYS; n++)
		for (set = 0; set < KMTIA_REUSE_SETS; set++)
			kmtia_reuse_commit(reuse, key(set, n), &id);
	KUNIT_EXPECT_EQ(test, reuse->count, (unsigned int)KMTIA_REUSE_MAX);
	for (n = 0; n < 2 * KMTIA_REUSE_WAYS; n++)
		for (set = 0; set < KMTIA_REUSE_SETS; set++)
			if (!kmtia_reuse_fresh(reuse, key(set, n), &other))
				known += n >= KMTIA_REUSE_WAYS ? 1 : KMTIA_REUSE_MAX;
	KUNIT_EXPECT_EQ(test, known, (unsigned int)KMTIA_REUSE_MAX);
}

/* Hashes of any bits stay within bounds (KASAN looks on). */
static void test_any_hash(struct kunit *test)
{
	static const u64 hashes[] = {
		1, KMTIA_REUSE_SETS - 1, KMTIA_REUSE_SETS, U32_MAX,
		(u64)U32_MAX + 1, S64_MAX, 1ULL << 63, U64_MAX - 1, U64_MAX,
	};
	struct kmtia_sa_id id = id_of(1), other = id_of(2);
	struct kmtia_reuse *reuse = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hashes); i++) {
		KUNIT_EXPECT_TRUE(test, kmtia_reuse_fresh(reuse, hashes[i], &other));
		kmtia_reuse_commit(reuse, hashes[i], &id);
		KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, hashes[i], &other));
	}
	KUNIT_EXPECT_EQ(test, reuse->count, (unsigned int)ARRAY_SIZE(hashes));
}

/* 0 is an entry that is not in use, and no key's: nothing is noted for it. */
static void test_hash_of_zero(struct kunit *test)
{
	struct kmtia_sa_id id = id_of(1), other = id_of(2);
	struct kmtia_reuse *reuse = test->priv;
	struct kmtia_slot slot = { .bits = 160 };
	unsigned int i;
	u8 bytes[20];

	kmtia_reuse_commit(reuse, 0, &id);
	KUNIT_EXPECT_EQ(test, reuse->count, 0U);
	for (i = 0; i < KMTIA_REUSE_WAYS; i++)
		kmtia_reuse_commit(reuse, key(0, i), &id);
	KUNIT_EXPECT_EQ(test, reuse->count, (unsigned int)KMTIA_REUSE_WAYS);
	for (i = 0; i < KMTIA_REUSE_WAYS; i++)
		KUNIT_EXPECT_FALSE(test, kmtia_reuse_fresh(reuse, key(0, i), &other));
	for (i = 0; i < 1000; i++) {
		get_random_bytes(bytes, sizeof(bytes));
		KUNIT_EXPECT_NE(test, kmtia_slot_key_hash(&slot, bytes), 0ULL);
	}
}

/* A key is hashed whole, to its last byte and no further. */
static void test_key_hash(struct kunit *test)
{
	struct kmtia_slot slot = { .bits = 153 };	/* 20 bytes */
	u8 bytes[21] = {};
	unsigned int i;
	u64 hash;

	hash = kmtia_slot_key_hash(&slot, bytes);
	bytes[20] = 1;
	KUNIT_EXPECT_EQ(test, kmtia_slot_key_hash(&slot, bytes), hash);
	for (i = 0; i < 20; i++) {
		bytes[i] ^= 1;
		KUNIT_EXPECT_NE_MSG(test, kmtia_slot_key_hash(&slot, bytes), hash,
				    "byte %u", i);
		bytes[i] ^= 1;
	}
}

static struct kunit_case reuse_cases[] = {
	KUNIT_CASE(test_unprepared),
	KUNIT_CASE(test_prepare_again),
	KUNIT_CASE(test_only_commit_notes),
	KUNIT_CASE(test_same_sa),
	KUNIT_CASE(test_commit_again),
	KUNIT_CASE(test_oldest_is_forgotten),
	KUNIT_CASE(test_bounds),
	KUNIT_CASE(test_any_hash),
	KUNIT_CASE(test_hash_of_zero),
	KUNIT_CASE(test_key_hash),
	{}
};

static struct kunit_suite kmtia_reuse_suite = {
	.name = "kmtia_reuse",
	.init = reuse_init,
	.exit = reuse_exit,
	.test_cases = reuse_cases,
};

kunit_test_suite(kmtia_reuse_suite);
