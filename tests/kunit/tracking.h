/* SPDX-License-Identifier: GPL-2.0 */
/* A tracker that nobody works for, for the suites about it: tracking.c */
#ifndef _KMTIA_KUNIT_TRACKING_H
#define _KMTIA_KUNIT_TRACKING_H

#include "kunit.h"

/**
 * struct tracking - a tracker, and what its entries need
 * @tracker: the tracker
 * @rules: one rule
 * @rule: it, which every entry refers to
 * @n_made: entries of which the test has a reference
 * @made: they
 */
struct tracking {
	struct kmtia_tracker tracker;
	struct kmtia_test_rules *rules;
	struct kmtia_rule *rule;
	unsigned int n_made;
	struct kmtia_track *made[16];
};

int test_tracking_init(struct kunit *test);
void test_tracking_exit(struct kunit *test);
struct kmtia_track *test_pending(struct kunit *test, const struct kmtia_sa *sa,
				 const struct kmtia_track *mate);
struct kmtia_track *test_live(struct kunit *test, const struct kmtia_sa *sa,
			      const struct kmtia_track *mate);
void test_gone(struct kunit *test, const struct kmtia_sa *sa);
struct kmtia_track *test_mate_of(struct kunit *test, const struct kmtia_sa *sa);
void test_expect_event(struct kunit *test, enum kmtia_notify_event what,
		       const struct kmtia_track *track, u64 seq);
void test_expect_no_event(struct kunit *test);
void test_reap(struct kunit *test);

#endif /* _KMTIA_KUNIT_TRACKING_H */
