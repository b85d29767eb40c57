// SPDX-License-Identifier: GPL-2.0
/* Which SA is whose mate: certainly, or not at all. */
#include "tracking.h"

#include <linux/in.h>
#include <linux/socket.h>

static void test_mate_is_certain(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track *one, *two;
	struct kmtia_tracked tracked;
	struct kmtia_sa sa, mate;

	kmtia_test_sa(&sa, 1);
	kmtia_test_sa_mate(&mate, &sa, 2);
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &sa));
	/* Already when it is pending */
	one = test_pending(test, &sa, NULL);
	KUNIT_EXPECT_PTR_EQ(test, test_mate_of(test, &mate), one);
	/* One of the same direction has nothing to do with it. */
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &sa));
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_live(&t->tracker, &sa.id,
						   &tracked.handle));
	KUNIT_EXPECT_PTR_EQ(test, test_mate_of(test, &mate), one);

	two = test_live(test, &mate, one);
	KUNIT_EXPECT_EQ(test, kmtia_track_mate(one), two->handle);
	KUNIT_EXPECT_EQ(test, kmtia_track_mate(two), one->handle);
	kmtia_tracker_describe(&t->tracker, one, &tracked);
	KUNIT_EXPECT_TRUE(test, tracked.has_mate);
	KUNIT_EXPECT_TRUE(test, kmtia_sa_id_equal(&tracked.mate, &mate.id));
	KUNIT_EXPECT_TRUE(test, kmtia_addr_equal(&tracked.mate_saddr, &mate.saddr));
	KUNIT_EXPECT_EQ(test, tracked.rule, 10U);
	/* Both have one. */
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &mate));
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &sa));

	test_gone(test, &mate);
	KUNIT_EXPECT_EQ(test, kmtia_track_mate(one), 0ULL);
	kmtia_tracker_describe(&t->tracker, one, &tracked);
	KUNIT_EXPECT_FALSE(test, tracked.has_mate);
	KUNIT_EXPECT_PTR_EQ(test, test_mate_of(test, &mate), one);
	test_gone(test, &sa);
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &mate));
}

/* Two that fit: none is certain, until one of them is gone. */
static void test_mate_is_uncertain(struct kunit *test)
{
	struct kmtia_sa sa, again, mate;
	struct kmtia_track *one;

	kmtia_test_sa(&sa, 1);
	kmtia_test_sa(&again, 3);
	kmtia_test_sa_mate(&mate, &sa, 2);
	one = test_live(test, &sa, NULL);
	test_live(test, &again, NULL);
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &mate));
	test_gone(test, &again);
	KUNIT_EXPECT_PTR_EQ(test, test_mate_of(test, &mate), one);
}

/* Two were certain of the same mate: the one that is in first has it. */
static void test_mate_is_taken(struct kunit *test)
{
	struct kmtia_track *one, *first, *second;
	struct kmtia_sa sa, mate, other;
	struct tracking *t = test->priv;
	u64 reuse_hash;

	kmtia_test_sa(&sa, 1);
	kmtia_test_sa_mate(&mate, &sa, 2);
	kmtia_test_sa_mate(&other, &sa, 3);
	one = test_live(test, &sa, NULL);
	second = test_pending(test, &other, one);
	first = test_live(test, &mate, one);
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_live(&t->tracker, &other.id,
						   &reuse_hash));
	KUNIT_EXPECT_EQ(test, kmtia_track_mate(one), first->handle);
	KUNIT_EXPECT_EQ(test, kmtia_track_mate(first), one->handle);
	KUNIT_EXPECT_EQ(test, kmtia_track_mate(second), 0ULL);
	/* Its end leaves the others a pair. */
	test_gone(test, &other);
	KUNIT_EXPECT_EQ(test, kmtia_track_mate(one), first->handle);
}

/* One that took the place of a live SA is not a mate to rely on. */
static void test_mate_is_a_shadow(struct kunit *test)
{
	struct kmtia_track *track;
	struct kmtia_sa sa, mate;

	kmtia_test_sa(&sa, 1);
	kmtia_test_sa_mate(&mate, &sa, 2);
	track = test_live(test, &sa, NULL);
	track->shadow = true;
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &mate));
	track->shadow = false;
	KUNIT_EXPECT_PTR_EQ(test, test_mate_of(test, &mate), track);
}

/* Each thing that mates have in common, another */
static void test_mate_differs(struct kunit *test)
{
	struct kmtia_track *track;
	struct kmtia_sa sa, mate;

	kmtia_test_sa(&sa, 1);
	track = test_live(test, &sa, NULL);
#define EXPECT_NO_MATE(field, value) do {				\
	kmtia_test_sa_mate(&mate, &sa, 2);				\
	KUNIT_EXPECT_PTR_EQ(test, test_mate_of(test, &mate), track);		\
	mate.field = (value);						\
	KUNIT_EXPECT_NULL_MSG(test, test_mate_of(test, &mate), #field);	\
} while (0)
	EXPECT_NO_MATE(reqid, 2);
	EXPECT_NO_MATE(if_id, 2);
	EXPECT_NO_MATE(mode, 1);
	EXPECT_NO_MATE(id.proto, IPPROTO_AH);
	EXPECT_NO_MATE(id.family, AF_INET6);
	EXPECT_NO_MATE(id.mark, 5);
	EXPECT_NO_MATE(id.mark_mask, 5);
	EXPECT_NO_MATE(saddr.a4, cpu_to_be32(0x0a010003));
	EXPECT_NO_MATE(id.daddr.a4, cpu_to_be32(0x0a010003));
#undef EXPECT_NO_MATE
	/* Which way it protects is not one of them. */
	kmtia_test_sa_mate(&mate, &sa, 2);
	mate.direction = KMTIA_DIRECTION_UNKNOWN;
	KUNIT_EXPECT_PTR_EQ(test, test_mate_of(test, &mate), track);
}

/* Of two SAs between an address and itself nobody knows which is which. */
static void test_mate_of_itself(struct kunit *test)
{
	struct kmtia_sa sa, mate;

	kmtia_test_sa(&sa, 1);
	sa.saddr = sa.id.daddr;
	kmtia_test_sa_mate(&mate, &sa, 2);
	test_live(test, &sa, NULL);
	KUNIT_EXPECT_NULL(test, test_mate_of(test, &mate));
}

static struct kunit_case pair_cases[] = {
	KUNIT_CASE(test_mate_is_certain),
	KUNIT_CASE(test_mate_is_uncertain),
	KUNIT_CASE(test_mate_is_taken),
	KUNIT_CASE(test_mate_is_a_shadow),
	KUNIT_CASE(test_mate_differs),
	KUNIT_CASE(test_mate_of_itself),
	{}
};

static struct kunit_suite kmtia_pair_suite = {
	.name = "kmtia_pair",
	.init = test_tracking_init,
	.exit = test_tracking_exit,
	.test_cases = pair_cases,
};

kunit_test_suite(kmtia_pair_suite);
