// SPDX-License-Identifier: GPL-2.0
/*
 * A tracker that nobody works for: what happens in it waits until the test takes
 * it away. At the end of a case nobody but the test may have a reference of an
 * entry, nor of the rule that all of them refer to.
 */
#include "tracking.h"

#include <linux/workqueue.h>

static void no_work(struct work_struct *work)
{
}

/**
 * test_tracking_init() - a tracker for a case, for struct kunit_suite::init
 * @test: the case; gets a struct tracking as its private data
 *
 * Return: 0 or a negative errno.
 */
int test_tracking_init(struct kunit *test)
{
	struct kmtia_rule_spec spec;
	struct tracking *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_EQ(test, kmtia_tracker_init(&t->tracker), 0);
	/* The real ones want a network namespace around the tracker. */
	INIT_WORK(&t->tracker.work, no_work);
	INIT_DELAYED_WORK(&t->tracker.watch, no_work);
	t->rules = kmtia_test_rules(test);
	kmtia_test_spec(&spec, 10);
	spec.notify = KMTIA_GRANT_ANY;
	t->rule = kmtia_test_rule_add(test, t->rules, &spec);
	test->priv = t;
	return PTR_ERR_OR_ZERO(t->rule);
}

/**
 * test_tracking_exit() - compare, for struct kunit_suite::exit
 * @test: the case
 */
void test_tracking_exit(struct kunit *test)
{
	struct tracking *t = test->priv;
	unsigned int i;

	if (!t)
		return;
	kmtia_tracker_exit(&t->tracker);
	for (i = 0; i < t->n_made; i++) {
		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&t->made[i]->ref), 1U,
				    "SA %u", i);
		kmtia_track_put(t->made[i]);
	}
	kmtia_test_rules_end(test, t->rules);
}

/**
 * test_pending() - an SA that has passed the hook
 * @test: the case
 * @sa: the SA; its SPI is the hash of its keys
 * @mate: its mate, or NULL
 *
 * Return: its entry; the reference is the case's.
 */
struct kmtia_track *test_pending(struct kunit *test, const struct kmtia_sa *sa,
				 const struct kmtia_track *mate)
{
	struct tracking *t = test->priv;
	struct kmtia_track *track;

	KUNIT_ASSERT_LT(test, t->n_made, (unsigned int)ARRAY_SIZE(t->made));
	track = kmtia_track_new(kmtia_tracker_handle(&t->tracker), sa,
				t->rule);
	KUNIT_ASSERT_NOT_NULL(test, track);
	t->made[t->n_made++] = track;
	track->key_hash = be32_to_cpu(sa->id.spi);
	if (mate)
		kmtia_track_mate_set(track, mate);
	KUNIT_ASSERT_EQ(test, kmtia_track_add(&t->tracker, track), 0);
	return track;
}

/**
 * test_live() - an SA that XFRM has inserted, too
 * @test: the case
 * @sa: the SA
 * @mate: its mate, or NULL
 *
 * Return: its entry; the reference is the case's.
 */
struct kmtia_track *test_live(struct kunit *test, const struct kmtia_sa *sa,
			      const struct kmtia_track *mate)
{
	struct kmtia_track *track = test_pending(test, sa, mate);
	struct tracking *t = test->priv;
	u64 reuse_hash;

	KUNIT_ASSERT_TRUE(test, kmtia_tracker_live(&t->tracker, &sa->id,
						   &reuse_hash));
	return track;
}

/**
 * test_gone() - XFRM says that an SA was deleted
 * @test: the case
 * @sa: the SA
 */
void test_gone(struct kunit *test, const struct kmtia_sa *sa)
{
	struct tracking *t = test->priv;

	kmtia_tracker_event(&t->tracker, &sa->id, KMTIA_NOTIFY_EVENT_DELETE);
}

/**
 * test_mate_of() - whose mate an SA would be
 * @test: the case
 * @sa: the SA
 *
 * Return: the entry, without a reference, or NULL.
 */
struct kmtia_track *test_mate_of(struct kunit *test, const struct kmtia_sa *sa)
{
	struct tracking *t = test->priv;
	struct kmtia_track *mate = kmtia_tracker_mate(&t->tracker, sa);

	kmtia_track_put(mate);
	return mate;
}

/**
 * test_expect_event() - the next event is this one
 * @test: the case
 * @what: what happened
 * @track: to which SA
 * @seq: the event's number
 */
void test_expect_event(struct kunit *test, enum kmtia_notify_event what,
		       const struct kmtia_track *track, u64 seq)
{
	struct tracking *t = test->priv;
	struct kmtia_track_event event;

	KUNIT_ASSERT_TRUE(test, kmtia_tracker_pop(&t->tracker, &event));
	KUNIT_EXPECT_EQ(test, (int)event.event, (int)what);
	KUNIT_EXPECT_PTR_EQ(test, (const struct kmtia_track *)event.track, track);
	KUNIT_EXPECT_EQ(test, event.seq, seq);
	kmtia_track_put(event.track);
}

/**
 * test_expect_no_event() - nothing is left to be told
 * @test: the case
 */
void test_expect_no_event(struct kunit *test)
{
	struct tracking *t = test->priv;
	struct kmtia_track_event event;

	KUNIT_EXPECT_FALSE(test, kmtia_tracker_pop(&t->tracker, &event));
}

/**
 * test_reap() - run the reaper now, and wait for it
 * @test: the case
 */
void test_reap(struct kunit *test)
{
	struct tracking *t = test->priv;

	mod_delayed_work(kmtia_wq, &t->tracker.reaper, 0);
	flush_delayed_work(&t->tracker.reaper);
}
