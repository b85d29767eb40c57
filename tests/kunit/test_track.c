// SPDX-License-Identifier: GPL-2.0
/*
 * The tracker, from the hook to some time after the SA's end: who is known when,
 * what is told in which order, and what is recognised if it is added again.
 */
#include "tracking.h"

#include <linux/in.h>
#include <linux/jiffies.h>

static struct kmtia_track *readd_of(struct kunit *test, const struct kmtia_sa *sa,
				    u64 key_hash)
{
	struct tracking *t = test->priv;
	struct kmtia_track *track;

	track = kmtia_tracker_readd(&t->tracker, sa, key_hash);
	kmtia_track_put(track);
	return track;
}

/* --- A life ---------------------------------------------------------------- */

static void test_life(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_tracker *tracker = &t->tracker;
	struct kmtia_track *track;
	u64 reuse_hash = 1;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	KUNIT_EXPECT_FALSE(test, kmtia_tracker_live(tracker, &sa.id, &reuse_hash));
	KUNIT_EXPECT_FALSE(test, kmtia_tracker_knows_spi(tracker, &sa));

	track = test_pending(test, &sa, NULL);
	track->reuse_hash = 77;
	KUNIT_EXPECT_EQ(test, (int)track->state, (int)KMTIA_TRACK_PENDING);
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_knows_spi(tracker, &sa));
	KUNIT_EXPECT_NULL(test, kmtia_tracker_next(tracker, 0));
	KUNIT_EXPECT_EQ(test, tracker->live, 0U);
	/* Nothing happens to an SA that is not in yet. */
	kmtia_tracker_event(tracker, &sa.id, KMTIA_NOTIFY_EVENT_DELETE);
	kmtia_tracker_gone(tracker, track, true);
	KUNIT_EXPECT_EQ(test, (int)track->state, (int)KMTIA_TRACK_PENDING);
	test_expect_no_event(test);

	KUNIT_EXPECT_TRUE(test, kmtia_tracker_live(tracker, &sa.id, &reuse_hash));
	KUNIT_EXPECT_EQ(test, reuse_hash, 77ULL);
	KUNIT_EXPECT_EQ(test, (int)track->state, (int)KMTIA_TRACK_LIVE);
	KUNIT_EXPECT_EQ(test, tracker->live, 1U);
	KUNIT_EXPECT_TRUE(test, list_empty(&tracker->pending));
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, track, 1);
	KUNIT_EXPECT_EQ(test, track->seq, 1ULL);

	kmtia_tracker_event(tracker, &sa.id, KMTIA_NOTIFY_EVENT_EXPIRE);
	KUNIT_EXPECT_EQ(test, (int)track->state, (int)KMTIA_TRACK_GONE);
	KUNIT_EXPECT_EQ(test, tracker->live, 0U);
	KUNIT_EXPECT_EQ(test, tracker->remembered, 1U);
	KUNIT_EXPECT_NULL(test, kmtia_tracker_next(tracker, 0));
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_knows_spi(tracker, &sa));
	test_expect_event(test, KMTIA_NOTIFY_EVENT_EXPIRE, track, 2);
	/* It dies once. */
	test_gone(test, &sa);
	kmtia_tracker_gone(tracker, track, true);
	KUNIT_EXPECT_EQ(test, tracker->remembered, 1U);
	test_expect_no_event(test);
}

/* XFRM's word is for the SA of that identity, and for who is making it. */
static void test_live_is_of_one(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track *one, *two;
	struct kmtia_sa sa, other;
	u64 reuse_hash;

	kmtia_test_sa(&sa, 1);
	other = sa;
	other.id.mark = 5;
	other.id.mark_mask = U32_MAX;
	one = test_pending(test, &sa, NULL);
	two = test_pending(test, &other, NULL);
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_live(&t->tracker, &other.id,
						   &reuse_hash));
	KUNIT_EXPECT_EQ(test, (int)one->state, (int)KMTIA_TRACK_PENDING);
	KUNIT_EXPECT_EQ(test, (int)two->state, (int)KMTIA_TRACK_LIVE);
	/* As if another task made it */
	one->creator = one;
	KUNIT_EXPECT_FALSE(test, kmtia_tracker_live(&t->tracker, &sa.id,
						    &reuse_hash));
	KUNIT_EXPECT_EQ(test, (int)one->state, (int)KMTIA_TRACK_PENDING);
	other.id.proto = IPPROTO_AH;
	KUNIT_EXPECT_FALSE(test, kmtia_tracker_live(&t->tracker, &other.id,
						    &reuse_hash));
}

/* One that we think live went unreported, if there is another in its place. */
static void test_unreported_death(struct kunit *test)
{
	struct kmtia_track *old, *new;
	struct tracking *t = test->priv;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	old = test_live(test, &sa, NULL);
	new = test_live(test, &sa, NULL);
	KUNIT_EXPECT_EQ(test, (int)old->state, (int)KMTIA_TRACK_GONE);
	KUNIT_EXPECT_EQ(test, (int)new->state, (int)KMTIA_TRACK_LIVE);
	KUNIT_EXPECT_EQ(test, t->tracker.live, 1U);
	/* Both of the old one's, and then that of the new one */
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, old, 1);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_DELETE, old, 2);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, new, 3);
	test_expect_no_event(test);
}

/* What a task had pending came to nothing when it begins the next. */
static void test_forget_own(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track *own, *others, *in, *same;
	struct kmtia_sa sa;

	kmtia_tracker_forget_own(&t->tracker, NULL);
	kmtia_test_sa(&sa, 1);
	in = test_live(test, &sa, NULL);
	sa.id.spi = cpu_to_be32(2);
	own = test_pending(test, &sa, NULL);
	sa.id.spi = cpu_to_be32(3);
	others = test_pending(test, &sa, NULL);
	others->creator = others;
	kmtia_tracker_forget_own(&t->tracker, NULL);
	KUNIT_EXPECT_EQ(test, refcount_read(&own->ref), 1U);
	KUNIT_EXPECT_EQ(test, refcount_read(&others->ref), 2U);
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_knows_spi(&t->tracker, &sa));
	sa.id.spi = cpu_to_be32(2);
	KUNIT_EXPECT_FALSE(test, kmtia_tracker_knows_spi(&t->tracker, &sa));
	KUNIT_EXPECT_NULL(test, xa_load(&t->tracker.by_handle, own->handle));
	KUNIT_EXPECT_EQ(test, (int)in->state, (int)KMTIA_TRACK_LIVE);
	/* What it had pending of the identity that it begins again it gets. */
	same = test_pending(test, &sa, NULL);
	KUNIT_EXPECT_PTR_EQ(test, same,
			    kmtia_tracker_forget_own(&t->tracker, &sa.id));
	KUNIT_EXPECT_EQ(test, refcount_read(&same->ref), 2U);
	kmtia_track_put(same);
	KUNIT_EXPECT_FALSE(test, kmtia_tracker_knows_spi(&t->tracker, &sa));
	sa.id.spi = cpu_to_be32(3);
	KUNIT_EXPECT_NULL(test, kmtia_tracker_forget_own(&t->tracker, &sa.id));
	KUNIT_EXPECT_EQ(test, refcount_read(&others->ref), 2U);
}

/* Pending ones are forgotten after a while, gone ones after kmtia_readd_ms. */
static void test_reaper(struct kunit *test)
{
	struct kmtia_track *waiting, *young, *dead;
	struct tracking *t = test->priv;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	dead = test_live(test, &sa, NULL);
	test_gone(test, &sa);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, dead, 1);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_DELETE, dead, 2);
	sa.id.spi = cpu_to_be32(2);
	waiting = test_pending(test, &sa, NULL);
	sa.id.spi = cpu_to_be32(3);
	young = test_pending(test, &sa, NULL);
	waiting->since -= kmtia_track_ticks(11000);
	test_reap(test);
	KUNIT_EXPECT_EQ(test, refcount_read(&waiting->ref), 1U);
	KUNIT_EXPECT_EQ(test, refcount_read(&young->ref), 2U);
	KUNIT_EXPECT_EQ(test, refcount_read(&dead->ref), 2U);
	KUNIT_EXPECT_EQ(test, t->tracker.remembered, 1U);
	/* More is to be reaped. */
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&t->tracker.reaper));

	dead->since -= kmtia_track_ticks(kmtia_readd_ms);
	kmtia_test_sa(&sa, 1);
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_knows_spi(&t->tracker, &sa));
	test_reap(test);
	KUNIT_EXPECT_EQ(test, refcount_read(&dead->ref), 1U);
	KUNIT_EXPECT_EQ(test, t->tracker.remembered, 0U);
	KUNIT_EXPECT_FALSE(test, kmtia_tracker_knows_spi(&t->tracker, &sa));
	young->since -= kmtia_track_ticks(11000);
	test_reap(test);
	KUNIT_EXPECT_EQ(test, refcount_read(&young->ref), 1U);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&t->tracker.reaper));
}

/* Keys of one that XFRM refused are wiped in time, whatever was deleted before. */
static void test_reaper_in_time(struct kunit *test)
{
	struct tracking *t = test->priv;
	unsigned long latest = jiffies + 11 * HZ;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	test_live(test, &sa, NULL);
	cancel_delayed_work_sync(&t->tracker.reaper);
	test_gone(test, &sa);
	sa.id.spi = cpu_to_be32(2);
	test_pending(test, &sa, NULL);
	KUNIT_ASSERT_TRUE(test, delayed_work_pending(&t->tracker.reaper));
	KUNIT_EXPECT_TRUE(test, time_before(t->tracker.reaper.timer.expires,
					    latest));
}

/* --- Added again ----------------------------------------------------------- */

static void test_readd(struct kunit *test)
{
	struct kmtia_sa sa, again;
	struct kmtia_track *track;

	kmtia_test_sa(&sa, 5);
	track = test_pending(test, &sa, NULL);
	/* One that is not in yet has not been there before. */
	KUNIT_EXPECT_NULL(test, readd_of(test, &sa, 5));
	kmtia_tracker_forget_own(&((struct tracking *)test->priv)->tracker, NULL);

	track = test_live(test, &sa, NULL);
	KUNIT_EXPECT_PTR_EQ(test, readd_of(test, &sa, 5), track);
	test_gone(test, &sa);
	KUNIT_EXPECT_PTR_EQ(test, readd_of(test, &sa, 5), track);
	KUNIT_EXPECT_NULL(test, readd_of(test, &sa, 6));
	/* With other addresses and another reqid it is still the same. */
	again = sa;
	again.id.daddr.a4 ^= cpu_to_be32(1);
	again.saddr.a4 ^= cpu_to_be32(2);
	again.reqid++;
	KUNIT_EXPECT_PTR_EQ(test, readd_of(test, &again, 5), track);
	again = sa;
	again.id.spi ^= cpu_to_be32(1);
	KUNIT_EXPECT_NULL(test, readd_of(test, &again, 5));
	again = sa;
	again.id.proto = IPPROTO_AH;
	KUNIT_EXPECT_NULL(test, readd_of(test, &again, 5));
	/* Random keys were never the keying module's. */
	track->randomised = true;
	KUNIT_EXPECT_NULL(test, readd_of(test, &sa, 5));
}

/* Of several with the same SPI the keys tell which. */
static void test_readd_of_several(struct kunit *test)
{
	struct kmtia_track *one, *two;
	struct kmtia_sa sa, other;

	kmtia_test_sa(&sa, 5);
	kmtia_test_sa_mate(&other, &sa, 5);
	one = test_live(test, &sa, NULL);
	two = test_live(test, &other, NULL);
	two->key_hash = 6;
	KUNIT_EXPECT_PTR_EQ(test, readd_of(test, &sa, 5), one);
	KUNIT_EXPECT_PTR_EQ(test, readd_of(test, &sa, 6), two);
	KUNIT_EXPECT_PTR_EQ(test, readd_of(test, &other, 5), one);
}

/* Who has the entry keeps it when it is forgotten. */
static void test_readd_while_forgotten(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track *track, *held;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 5);
	track = test_live(test, &sa, NULL);
	test_gone(test, &sa);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, track, 1);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_DELETE, track, 2);
	held = kmtia_tracker_readd(&t->tracker, &sa, 5);
	KUNIT_ASSERT_PTR_EQ(test, held, track);
	track->since -= kmtia_track_ticks(kmtia_readd_ms);
	test_reap(test);
	KUNIT_EXPECT_EQ(test, refcount_read(&track->ref), 2U);
	KUNIT_EXPECT_NULL(test, readd_of(test, &sa, 5));
	kmtia_track_put(held);
}

/* --- Events ---------------------------------------------------------------- */

/* In the order in which they happened; of one SA all that is not told yet comes
 * together.
 */
static void test_events_in_order(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track *one, *two;
	struct kmtia_sa sa, other;

	kmtia_test_sa(&sa, 1);
	kmtia_test_sa(&other, 2);
	test_expect_no_event(test);
	one = test_live(test, &sa, NULL);
	two = test_live(test, &other, NULL);
	kmtia_tracker_event(&t->tracker, &sa.id, KMTIA_NOTIFY_EVENT_UPDATE);
	kmtia_tracker_event(&t->tracker, &sa.id, KMTIA_NOTIFY_EVENT_UPDATE);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, one, 1);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_UPDATE, one, 2);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, two, 3);
	test_expect_no_event(test);
	kmtia_tracker_event(&t->tracker, &other.id, KMTIA_NOTIFY_EVENT_UPDATE);
	kmtia_tracker_event(&t->tracker, &sa.id, KMTIA_NOTIFY_EVENT_EXPIRE);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_UPDATE, two, 4);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_EXPIRE, one, 5);
	/* Numbers of new ones are kept, for who asks from a number on. */
	KUNIT_EXPECT_EQ(test, one->seq, 1ULL);
	KUNIT_EXPECT_EQ(test, two->seq, 3ULL);
	/* One that a reader found gone is told only if it is to be. */
	kmtia_tracker_gone(&t->tracker, two, false);
	KUNIT_EXPECT_EQ(test, (int)two->state, (int)KMTIA_TRACK_GONE);
	test_expect_no_event(test);
	KUNIT_EXPECT_EQ(test, t->tracker.remembered, 2U);
}

/* What nobody may be told of takes its number, but not the worker's time; unless
 * something is told before it, or it is an alarm.
 */
static void test_nobody_to_tell(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track *quiet, *told, *alarm;
	struct kmtia_sa sa, other, third;

	kmtia_test_sa(&sa, 1);
	kmtia_test_sa(&other, 2);
	kmtia_test_sa(&third, 3);
	t->rule->spec.notify = KMTIA_GRANT_NONE;
	quiet = test_live(test, &sa, NULL);
	KUNIT_EXPECT_EQ(test, quiet->seq, 1ULL);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->tracker.events));
	kmtia_tracker_event(&t->tracker, &sa.id, KMTIA_NOTIFY_EVENT_UPDATE);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->tracker.events));
	KUNIT_EXPECT_EQ(test, quiet->seq, 1ULL);

	t->rule->spec.notify = KMTIA_GRANT_ANY;
	told = test_live(test, &other, NULL);
	t->rule->spec.notify = KMTIA_GRANT_NONE;
	test_gone(test, &sa);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, told, 3);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_DELETE, quiet, 4);
	test_expect_no_event(test);

	alarm = test_pending(test, &third, NULL);
	alarm->randomised = true;
	kmtia_tracker_live(&t->tracker, &third.id, &(u64){ 0 });
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, alarm, 5);
	t->rule->spec.notify = KMTIA_GRANT_ANY;
}

static void expect_flush(struct kunit *test, u8 proto, u64 seq)
{
	struct tracking *t = test->priv;
	struct kmtia_track_event event;

	KUNIT_ASSERT_TRUE(test, kmtia_tracker_pop(&t->tracker, &event));
	KUNIT_EXPECT_EQ(test, (int)event.event, (int)KMTIA_NOTIFY_EVENT_FLUSH);
	KUNIT_EXPECT_NULL(test, event.track);
	KUNIT_EXPECT_EQ(test, event.proto, proto);
	KUNIT_EXPECT_EQ(test, event.seq, seq);
}

static void test_flush(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_tracker *tracker = &t->tracker;
	struct kmtia_track *one, *two;
	struct kmtia_sa sa, other;

	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_ESP));
	expect_flush(test, IPPROTO_ESP, 1);
	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_AH));
	expect_flush(test, IPPROTO_AH, 2);
	/* Of both it is one event, whether they came together or not. */
	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_ESP) | BIT(KMTIA_FLUSH_AH));
	expect_flush(test, 0, 3);
	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_AH));
	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_ESP));
	expect_flush(test, 0, 4);
	test_expect_no_event(test);
	kmtia_tracker_flushed(tracker, 0);
	test_expect_no_event(test);

	/* It has its place among the others: here only the last one counts. */
	kmtia_test_sa(&sa, 1);
	kmtia_test_sa(&other, 2);
	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_ESP));
	one = test_live(test, &sa, NULL);
	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_ESP));
	two = test_live(test, &other, NULL);
	kmtia_tracker_flushed(tracker, BIT(KMTIA_FLUSH_AH));
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, one, 5);
	expect_flush(test, IPPROTO_ESP, 6);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, two, 7);
	expect_flush(test, IPPROTO_AH, 8);
	test_expect_no_event(test);
}

/* Where the namespace goes nothing is found, and nothing told, any more. */
static void test_dead(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track *track;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	track = test_live(test, &sa, NULL);
	test_expect_event(test, KMTIA_NOTIFY_EVENT_NEW, track, 1);
	t->tracker.dead = true;
	test_gone(test, &sa);
	kmtia_tracker_gone(&t->tracker, track, true);
	kmtia_tracker_flushed(&t->tracker, BIT(KMTIA_FLUSH_ESP));
	KUNIT_EXPECT_EQ(test, (int)track->state, (int)KMTIA_TRACK_LIVE);
	test_expect_no_event(test);
}

/* The end comes with events untold, of SAs in every state: the suite's exit
 * function sees that nothing is left.
 */
static void test_end_with_all(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_sa sa, mate;
	struct kmtia_track *one;

	kmtia_test_sa(&sa, 1);
	kmtia_test_sa_mate(&mate, &sa, 2);
	one = test_live(test, &sa, NULL);
	test_live(test, &mate, one);
	kmtia_test_sa(&sa, 3);
	test_live(test, &sa, NULL);
	test_gone(test, &sa);
	kmtia_test_sa(&sa, 4);
	test_pending(test, &sa, NULL);
	kmtia_tracker_flushed(&t->tracker, BIT(KMTIA_FLUSH_ESP));
	KUNIT_EXPECT_FALSE(test, list_empty(&t->tracker.events));
}

/* --- Readers --------------------------------------------------------------- */

/* By number, which nobody has twice; only live ones */
static void test_walk(struct kunit *test)
{
	struct kmtia_track *made[4], *track;
	struct tracking *t = test->priv;
	struct kmtia_sa sa;
	unsigned int i;
	u64 at = 0;

	for (i = 0; i < ARRAY_SIZE(made); i++) {
		kmtia_test_sa(&sa, i + 1);
		made[i] = i == 2 ? test_pending(test, &sa, NULL) :
				   test_live(test, &sa, NULL);
		KUNIT_EXPECT_EQ(test, made[i]->handle, i + 1ULL);
	}
	kmtia_test_sa(&sa, 1);
	test_gone(test, &sa);
	for (i = 1; i < ARRAY_SIZE(made); i += 2) {
		track = kmtia_tracker_next(&t->tracker, at);
		KUNIT_ASSERT_PTR_EQ(test, track, made[i]);
		KUNIT_EXPECT_EQ(test, be32_to_cpu(track->id.spi), i + 1);
		at = track->handle + 1;
		kmtia_track_put(track);
	}
	KUNIT_EXPECT_NULL(test, kmtia_tracker_next(&t->tracker, at));
	KUNIT_EXPECT_EQ(test, test_live(test, &sa, NULL)->handle, 5ULL);
}

static void test_describe(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_tracked tracked;
	struct kmtia_track *track;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	track = test_live(test, &sa, NULL);
	track->origin = KMTIA_ORIGIN_PEER;
	track->manager[0] = 9;
	track->since -= kmtia_track_ticks(5000);
	memset(&tracked, 0xa5, sizeof(tracked));
	kmtia_tracker_describe(&t->tracker, track, &tracked);
	KUNIT_EXPECT_EQ(test, tracked.handle, track->handle);
	KUNIT_EXPECT_EQ(test, tracked.rule, 10U);
	KUNIT_EXPECT_EQ(test, (int)tracked.origin, (int)KMTIA_ORIGIN_PEER);
	KUNIT_EXPECT_EQ(test, tracked.manager[0], 9);
	KUNIT_EXPECT_STREQ(test, tracked.key_id, "");
	KUNIT_EXPECT_FALSE(test, tracked.has_mate);
	KUNIT_EXPECT_GE(test, tracked.age_ms, 5000ULL);
	track->key_id = kstrdup("a key", GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, track->key_id);
	kmtia_tracker_describe(&t->tracker, track, &tracked);
	KUNIT_EXPECT_STREQ(test, tracked.key_id, "a key");
}

static struct kunit_case track_cases[] = {
	KUNIT_CASE(test_life),
	KUNIT_CASE(test_live_is_of_one),
	KUNIT_CASE(test_unreported_death),
	KUNIT_CASE(test_forget_own),
	KUNIT_CASE(test_reaper),
	KUNIT_CASE(test_reaper_in_time),
	KUNIT_CASE(test_readd),
	KUNIT_CASE(test_readd_of_several),
	KUNIT_CASE(test_readd_while_forgotten),
	KUNIT_CASE(test_events_in_order),
	KUNIT_CASE(test_nobody_to_tell),
	KUNIT_CASE(test_flush),
	KUNIT_CASE(test_dead),
	KUNIT_CASE(test_end_with_all),
	KUNIT_CASE(test_walk),
	KUNIT_CASE(test_describe),
	{}
};

static struct kunit_suite kmtia_track_suite = {
	.name = "kmtia_track",
	.init = test_tracking_init,
	.exit = test_tracking_exit,
	.test_cases = track_cases,
};

kunit_test_suite(kmtia_track_suite);
