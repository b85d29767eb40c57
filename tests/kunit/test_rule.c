// SPDX-License-Identifier: GPL-2.0
/*
 * The list of rules: which rule of several an SA finds, and what becomes of one
 * that goes while somebody has it. What a single rule covers is in
 * test_selector.c.
 */
#include "kunit.h"

#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/wait.h>

static int rule_init(struct kunit *test)
{
	test->priv = kmtia_test_rules(test);
	return 0;
}

static void rule_exit(struct kunit *test)
{
	if (test->priv)
		kmtia_test_rules_end(test, test->priv);
}

/* Adds a rule for all SAs. */
static struct kmtia_rule *add(struct kunit *test, u32 priority)
{
	struct kmtia_rule_spec spec;

	kmtia_test_spec(&spec, priority);
	return kmtia_test_rule_add(test, test->priv, &spec);
}

/* The priority of the rule that the SA finds, or -1 */
static s64 found(struct kunit *test, const struct kmtia_sa *sa)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule *rule = kmtia_rule_match(&rules->rules, sa);
	s64 priority = rule ? (s64)rule->spec.priority : -1;

	kmtia_rule_put(rule);
	return priority;
}

static void expect_order(struct kunit *test, const u32 *order, unsigned int n)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule *rule;
	unsigned int i = 0;

	KUNIT_EXPECT_EQ(test, rules->rules.count, n);
	list_for_each_entry(rule, &rules->rules.list, node) {
		KUNIT_ASSERT_LT(test, i, n);
		KUNIT_EXPECT_EQ(test, rule->spec.priority, order[i]);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, n);
}

static void test_empty(struct kunit *test)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	KUNIT_EXPECT_NULL(test, kmtia_rule_match(&rules->rules, &sa));
	KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, 10), -ENOENT);
	kmtia_rules_flush(&rules->rules);
	KUNIT_EXPECT_EQ(test, kmtia_test_rules_removed(), 0U);
}

static void test_order(struct kunit *test)
{
	static const u32 added[] = { 30, 10, U32_MAX, 20, 0, 15 };
	static const u32 order[] = { 0, 10, 15, 20, 30, U32_MAX };
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_sa sa;
	unsigned int i;

	kmtia_test_sa(&sa, 1);
	for (i = 0; i < ARRAY_SIZE(added); i++)
		KUNIT_ASSERT_FALSE(test, IS_ERR(add(test, added[i])));
	expect_order(test, order, ARRAY_SIZE(order));
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		KUNIT_EXPECT_EQ(test, found(test, &sa), (s64)order[i]);
		KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, order[i]), 0);
		KUNIT_EXPECT_EQ(test, kmtia_test_rules_removed(), i + 1);
	}
	KUNIT_EXPECT_EQ(test, found(test, &sa), -1LL);
}

/* A rule that does not cover the SA is passed by; an exception is not. */
static void test_first_that_covers(struct kunit *test)
{
	struct kmtia_rule_spec spec;
	struct kmtia_sa sa, ah;

	kmtia_test_sa(&sa, 1);
	ah = sa;
	ah.id.proto = IPPROTO_AH;
	kmtia_test_spec(&spec, 10);
	spec.proto = IPPROTO_AH;
	KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_test_rule_add(test, test->priv, &spec)));
	kmtia_test_spec(&spec, 20);
	spec.dictate = KMTIA_GRANT_NONE;
	spec.has_reqid = true;
	spec.reqid = 7;
	KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_test_rule_add(test, test->priv, &spec)));
	KUNIT_ASSERT_FALSE(test, IS_ERR(add(test, 30)));

	KUNIT_EXPECT_EQ(test, found(test, &ah), 10LL);
	KUNIT_EXPECT_EQ(test, found(test, &sa), 30LL);
	sa.reqid = 7;
	KUNIT_EXPECT_EQ(test, found(test, &sa), 20LL);
}

static void test_duplicate(struct kunit *test)
{
	static const u32 order[] = { 10, 20 };
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule_spec spec;
	struct kmtia_rule *rule;

	rule = add(test, 20);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
	KUNIT_ASSERT_FALSE(test, IS_ERR(add(test, 10)));
	kmtia_test_spec(&spec, 20);
	spec.timeout = 7;
	KUNIT_EXPECT_PTR_EQ(test, kmtia_test_rule_add(test, rules, &spec),
			    ERR_PTR(-EEXIST));
	expect_order(test, order, 2);
	KUNIT_EXPECT_EQ(test, rule->spec.timeout, (u32)KMTIA_DEFAULT_TIMEOUT);

	KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, 20), 0);
	KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, 20), -ENOENT);
	KUNIT_EXPECT_FALSE(test, IS_ERR(kmtia_test_rule_add(test, rules, &spec)));
	expect_order(test, order, 2);
}

/* The count alone decides; so many rules need not be made. */
static void test_limit(struct kunit *test)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule *last, *more;

	rules->rules.count = KMTIA_MAX_RULES - 1;
	last = add(test, 10);
	more = add(test, 20);
	KUNIT_EXPECT_EQ(test, rules->rules.count, (unsigned int)KMTIA_MAX_RULES);
	KUNIT_EXPECT_FALSE(test, IS_ERR(last));
	KUNIT_EXPECT_PTR_EQ(test, more, ERR_PTR(-ENOSPC));
	KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, 10), 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(add(test, 20)));
	rules->rules.count = 1;
}

static void test_rule_is_a_copy(struct kunit *test)
{
	struct kmtia_rule_spec spec;
	struct kmtia_rule *rule;

	kmtia_test_spec(&spec, 10);
	spec.has_reqid = true;
	spec.reqid = 7;
	rule = kmtia_test_rule_add(test, test->priv, &spec);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
	KUNIT_EXPECT_EQ(test, memcmp(&rule->spec, &spec, sizeof(spec)), 0);
	spec.reqid = 8;
	KUNIT_EXPECT_EQ(test, rule->spec.reqid, 7U);
}

/* Only rules that were found count, each for itself. */
static void test_hits(struct kunit *test)
{
	struct kmtia_rule_spec spec;
	struct kmtia_rule *one, *two;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	kmtia_test_spec(&spec, 10);
	spec.has_reqid = true;
	spec.reqid = 7;
	one = kmtia_test_rule_add(test, test->priv, &spec);
	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	two = add(test, 20);
	KUNIT_ASSERT_FALSE(test, IS_ERR(two));
	found(test, &sa);
	found(test, &sa);
	sa.reqid = 7;
	found(test, &sa);
	KUNIT_EXPECT_TRUE(test, kmtia_rule_covers(&two->spec, &sa));
	KUNIT_EXPECT_EQ(test, atomic64_read(&one->hits), 1LL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&two->hits), 2LL);
}

/* Whoever has matched a rule keeps it as it was, also when it is deleted, or all
 * are flushed.
 */
static void test_deleted_while_held(struct kunit *test)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule *rule, *held;
	struct kmtia_rule_spec spec;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	rule = add(test, 10);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
	spec = rule->spec;
	held = kmtia_rule_match(&rules->rules, &sa);
	KUNIT_ASSERT_PTR_EQ(test, held, rule);
	/* The list's, the test's, and this one */
	KUNIT_EXPECT_EQ(test, refcount_read(&rule->ref), 3U);

	KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, 10), 0);
	KUNIT_EXPECT_EQ(test, kmtia_test_rules_removed(), 1U);
	KUNIT_EXPECT_EQ(test, found(test, &sa), -1LL);
	KUNIT_EXPECT_EQ(test, refcount_read(&rule->ref), 2U);
	KUNIT_EXPECT_EQ(test, memcmp(&held->spec, &spec, sizeof(spec)), 0);
	kmtia_rule_put(held);
	KUNIT_EXPECT_EQ(test, kmtia_test_rules_removed(), 1U);
}

static void test_flushed_while_held(struct kunit *test)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule *held;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR(add(test, 20)));
	KUNIT_ASSERT_FALSE(test, IS_ERR(add(test, 10)));
	held = kmtia_rule_match(&rules->rules, &sa);
	KUNIT_ASSERT_NOT_NULL(test, held);
	kmtia_rules_flush(&rules->rules);
	KUNIT_EXPECT_EQ(test, kmtia_test_rules_removed(), 2U);
	KUNIT_EXPECT_EQ(test, rules->rules.count, 0U);
	KUNIT_EXPECT_EQ(test, found(test, &sa), -1LL);
	KUNIT_EXPECT_EQ(test, held->spec.priority, 10U);
	KUNIT_EXPECT_EQ(test, refcount_read(&held->ref), 2U);
	kmtia_rule_put(held);
	/* The same priority is free again. */
	KUNIT_EXPECT_FALSE(test, IS_ERR(add(test, 10)));
	KUNIT_EXPECT_EQ(test, found(test, &sa), 10LL);
}

/* --- Many rules -------------------------------------------------------------- */

#define MANY_RULES	400
#define MANY_SAS	2000

static u32 below(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

/* Few values, so that rules and SAs meet */
static void some_addr(struct rnd_state *rnd, u16 family, union kmtia_addr *addr)
{
	unsigned int i, words = family == AF_INET ? 1 : 4;

	memset(addr, 0, sizeof(*addr));
	for (i = 0; i < words; i++)
		addr->a6[i] = htonl(below(rnd, 3) << 30 | below(rnd, 4) << 16 |
				    below(rnd, 3));
}

static void some_prefix(struct rnd_state *rnd, u16 family,
			union kmtia_addr *addr, u8 *len)
{
	unsigned int i;

	some_addr(rnd, family, addr);
	*len = below(rnd, family == AF_INET ? 33 : 129);
	for (i = 0; i < 4; i++) {
		if (*len <= i * 32)
			addr->a6[i] = 0;
		else if (*len < i * 32 + 32)
			addr->a6[i] &= htonl(~0U << (i * 32 + 32 - *len));
	}
}

static void some_spec(struct rnd_state *rnd, struct kmtia_rule_spec *spec,
		      u32 priority)
{
	u32 what = prandom_u32_state(rnd);

	kmtia_test_spec(spec, priority);
	if (what & 0x1)
		spec->dictate = KMTIA_GRANT_NONE;
	spec->proto = what & 0x6 ? 0 : what & 0x8 ? IPPROTO_AH : IPPROTO_ESP;
	spec->direction = what & 0x30 ? KMTIA_DIRECTION_UNKNOWN :
			  1 + below(rnd, 2);
	spec->family = what & 0xc0 ? what & 0x100 ? AF_INET : AF_INET6 : 0;
	if (spec->family) {
		spec->has_local = what & 0x200;
		spec->has_remote = !(what & 0x400);
	}
	if (spec->has_local)
		some_prefix(rnd, spec->family, &spec->local, &spec->local_len);
	if (spec->has_remote)
		some_prefix(rnd, spec->family, &spec->remote, &spec->remote_len);
	spec->has_reqid = !(what & 0x3000);
	spec->reqid = spec->has_reqid ? below(rnd, 8) : 0;
	spec->has_if_id = !(what & 0x1c000);
	spec->if_id = spec->has_if_id ? below(rnd, 8) : 0;
	spec->has_mark = !(what & 0x60000);
	if (spec->has_mark) {
		/* More masks than are told apart */
		spec->mark_mask = what & 0x80000 ? 0xff : below(rnd, 64) << 4;
		spec->mark = below(rnd, 1024) & spec->mark_mask;
	}
}

static void some_sa(struct rnd_state *rnd, struct kmtia_sa *sa)
{
	u32 what = prandom_u32_state(rnd);

	kmtia_test_sa(sa, 1);
	sa->id.family = what & 0x1 ? AF_INET : AF_INET6;
	sa->id.proto = what & 0x6 ? IPPROTO_ESP : IPPROTO_AH;
	some_addr(rnd, sa->id.family, &sa->saddr);
	some_addr(rnd, sa->id.family, &sa->id.daddr);
	sa->direction = below(rnd, 3);
	sa->reqid = below(rnd, 10);
	sa->if_id = below(rnd, 10);
	sa->id.mark_mask = what & 0x8 ? 0 : what & 0x10 ? U32_MAX : 0xf0;
	sa->id.mark = below(rnd, 1024) & sa->id.mark_mask;
}

/* What kmtia_rule_match() must find, by looking at all */
static s64 first_of_all(struct kmtia_rules *rules, const struct kmtia_sa *sa)
{
	struct kmtia_rule *rule;

	list_for_each_entry(rule, &rules->list, node)
		if (kmtia_rule_covers(&rule->spec, sa))
			return rule->spec.priority;
	return -1;
}

static void expect_same(struct kunit *test, struct rnd_state *rnd,
			struct kmtia_rules *rules)
{
	unsigned int i, none = 0;
	struct kmtia_sa sa;

	for (i = 0; i < MANY_SAS; i++) {
		s64 first;

		some_sa(rnd, &sa);
		first = first_of_all(rules, &sa);
		KUNIT_ASSERT_EQ(test, found(test, &sa), first);
		none += first < 0;
	}
	/* Neither trivial */
	KUNIT_EXPECT_NE(test, none, (unsigned int)MANY_SAS);
}

static int replace_some(struct rnd_state *rnd, struct kmtia_rules *rules)
{
	struct kmtia_rule_spec spec;
	struct kmtia_rule *rule;
	unsigned int i;

	for (i = 0; i < MANY_RULES; i += 3) {
		some_spec(rnd, &spec, i);
		rule = kmtia_rule_replace(rules, &spec);
		if (IS_ERR(rule))
			return PTR_ERR(rule);
	}
	return 0;
}

/* Of many, the index finds the one that a look at all of them finds; after each
 * kind of change, too.
 */
static void test_many(struct kunit *test)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule_spec spec;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 4711);
	for (i = 0; i < MANY_RULES; i++) {
		/* Not in order */
		some_spec(&rnd, &spec, i * 7 % MANY_RULES);
		KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_rule_add(&rules->rules,
							       &spec)));
		rules->n_others++;
	}
	expect_same(test, &rnd, &rules->rules);
	rules->n_others += DIV_ROUND_UP(MANY_RULES, 3);
	KUNIT_ASSERT_EQ(test, replace_some(&rnd, &rules->rules), 0);
	expect_same(test, &rnd, &rules->rules);
	for (i = 0; i < MANY_RULES; i += 2)
		KUNIT_ASSERT_EQ(test, kmtia_rule_del(&rules->rules, i), 0);
	expect_same(test, &rnd, &rules->rules);
	for (i = 1; i < MANY_RULES - 10; i += 2)
		KUNIT_ASSERT_EQ(test, kmtia_rule_del(&rules->rules, i), 0);
	expect_same(test, &rnd, &rules->rules);
}

/* --- Changes meanwhile ----------------------------------------------------- */

#define CHANGES		100
#define REPLACES	2000
#define LAST		(U32_MAX - 1)
#define PATIENCE	(60 * HZ)

/**
 * struct change - a rule comes and goes while another task matches
 * @rules: the list; a rule for all SAs is always at its end
 * @wait: the changing task waits until the other has found @want
 * @want: the rule that is to be found next
 * @seen: the one that was found
 * @reqid: of the SA that is looked for
 * @done: no more changes
 * @err: what went wrong
 * @made: the rules that came and went
 */
struct change {
	struct kmtia_rules *rules;
	wait_queue_head_t wait;
	u32 want;
	u32 seen;
	u32 reqid;
	bool done;
	int err;
	struct kmtia_rule *made[CHANGES];
};

/* A rule that tells whether it is whole */
static void marked_spec(struct kmtia_rule_spec *spec, u32 priority)
{
	kmtia_test_spec(spec, priority);
	spec->timeout = ~priority;
}

static bool whole(const struct kmtia_rule *rule)
{
	return rule->spec.timeout == ~rule->spec.priority;
}

static int change_once(struct change *change, unsigned int i)
{
	struct kmtia_rule_spec spec;
	struct kmtia_rule *rule;
	int err;

	marked_spec(&spec, i);
	WRITE_ONCE(change->want, i);
	rule = kmtia_rule_add(change->rules, &spec);
	if (IS_ERR(rule))
		return PTR_ERR(rule);
	change->made[i] = kmtia_rule_hold(rule);
	if (!wait_event_timeout(change->wait, READ_ONCE(change->seen) == i,
				PATIENCE))
		return -ETIMEDOUT;
	WRITE_ONCE(change->want, LAST);
	err = kmtia_rule_del(change->rules, i);
	if (err)
		return err;
	if (!wait_event_timeout(change->wait, READ_ONCE(change->seen) == LAST,
				PATIENCE))
		return -ETIMEDOUT;
	return 0;
}

static int change_thread(void *arg)
{
	struct change *change = arg;
	unsigned int i;

	for (i = 0; i < CHANGES && !change->err; i++)
		change->err = change_once(change, i);
	WRITE_ONCE(change->done, true);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* Matches all the time, and keeps each rule until it has found the next. */
static void match_all_the_time(struct kunit *test, struct change *change)
{
	struct kmtia_rule *rule, *held = NULL;
	unsigned int broken = 0;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	while (!READ_ONCE(change->done)) {
		rule = kmtia_rule_match(change->rules, &sa);
		if (!rule || !whole(rule) || (held && !whole(held)))
			broken++;
		if (rule && rule->spec.priority == READ_ONCE(change->want)) {
			WRITE_ONCE(change->seen, rule->spec.priority);
			wake_up(&change->wait);
		}
		kmtia_rule_put(held);
		held = rule;
		cond_resched();
	}
	kmtia_rule_put(held);
	KUNIT_EXPECT_EQ(test, broken, 0U);
}

static void test_changes_while_matching(struct kunit *test)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule_spec spec;
	struct task_struct *task;
	struct change *change;
	unsigned int i;

	change = kunit_kzalloc(test, sizeof(*change), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, change);
	change->rules = &rules->rules;
	change->seen = U32_MAX;
	init_waitqueue_head(&change->wait);
	marked_spec(&spec, LAST);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_test_rule_add(test, rules, &spec)));

	task = kthread_run(change_thread, change, "kmtia_change");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	match_all_the_time(test, change);
	kthread_stop(task);

	KUNIT_EXPECT_EQ(test, change->err, 0);
	KUNIT_EXPECT_EQ(test, kmtia_test_rules_removed(), (unsigned int)CHANGES);
	KUNIT_EXPECT_EQ(test, rules->rules.count, 1U);
	for (i = 0; i < CHANGES && change->made[i]; i++) {
		KUNIT_EXPECT_EQ(test, refcount_read(&change->made[i]->ref), 1U);
		KUNIT_EXPECT_GT(test, atomic64_read(&change->made[i]->hits), 0LL);
		kmtia_rule_put(change->made[i]);
	}
	KUNIT_EXPECT_EQ(test, i, (unsigned int)CHANGES);
	rules->n_others = i;
}

/* --- One in the place of another ---------------------------------------------- */

static void test_replace(struct kunit *test)
{
	struct kmtia_test_rules *rules = test->priv;
	struct kmtia_rule *rule, *held;
	struct kmtia_rule_spec spec;
	struct kmtia_sa sa;

	kmtia_test_sa(&sa, 1);
	marked_spec(&spec, 5);
	KUNIT_EXPECT_PTR_EQ(test, kmtia_rule_replace(&rules->rules, &spec),
			    ERR_PTR(-ENOENT));
	KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_rule_add(&rules->rules, &spec)));
	held = kmtia_rule_match(&rules->rules, &sa);
	spec.timeout = 77;
	rule = kmtia_rule_replace(&rules->rules, &spec);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
	KUNIT_EXPECT_EQ(test, rules->rules.count, 1U);
	KUNIT_EXPECT_EQ(test, kmtia_test_rules_removed(), 1U);
	/* Who has the old one keeps it. */
	KUNIT_EXPECT_EQ(test, held->spec.timeout, ~5U);
	KUNIT_EXPECT_EQ(test, refcount_read(&held->ref), 1U);
	kmtia_rule_put(held);
	held = kmtia_rule_match(&rules->rules, &sa);
	KUNIT_EXPECT_PTR_EQ(test, held, rule);
	kmtia_rule_put(held);
	KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, 5), 0);
	rules->n_others = 2;
}

/* All the time there is one, or the next; who matches must not get past them to
 * the rule behind.
 */
static int replace_thread(void *arg)
{
	struct change *change = arg;
	struct kmtia_rule_spec spec;
	unsigned int i;

	marked_spec(&spec, 1);
	for (i = 0; i < REPLACES && !change->err; i++) {
		/* Of another group of the index than the one before */
		spec.has_reqid = i % 2;
		spec.reqid = change->reqid;
		change->err = PTR_ERR_OR_ZERO(kmtia_rule_replace(change->rules,
								 &spec));
		cond_resched();
	}
	WRITE_ONCE(change->done, true);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void add_others(struct kunit *test, u32 other_reqid, unsigned int n)
{
	struct kmtia_rule_spec spec;
	unsigned int i;

	for (i = 1; i <= n; i++) {
		marked_spec(&spec, 1 + i);
		spec.has_reqid = true;
		spec.reqid = other_reqid;
		KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_test_rule_add(test, test->priv, &spec)));
	}
}

/* Beside so many that cover something else */
static void replaced_while_matching(struct kunit *test, unsigned int others)
{
	struct kmtia_test_rules *rules = test->priv;
	unsigned int through = 0, found = 0;
	struct kmtia_rule_spec spec;
	struct task_struct *task;
	struct kmtia_rule *rule;
	struct change *change;
	struct kmtia_sa sa;

	change = kunit_kzalloc(test, sizeof(*change), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, change);
	change->rules = &rules->rules;
	kmtia_test_sa(&sa, 1);
	change->reqid = sa.reqid;
	add_others(test, sa.reqid + 1, others);
	marked_spec(&spec, LAST);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_test_rule_add(test, rules, &spec)));
	marked_spec(&spec, 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kmtia_rule_add(&rules->rules, &spec)));
	task = kthread_run(replace_thread, change, "kmtia_replace");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	while (!READ_ONCE(change->done)) {
		rule = kmtia_rule_match(&rules->rules, &sa);
		through += !rule || rule->spec.priority != 1;
		found++;
		kmtia_rule_put(rule);
		cond_resched();
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, change->err, 0);
	KUNIT_EXPECT_EQ(test, through, 0U);
	KUNIT_EXPECT_GT(test, found, 0U);
	KUNIT_EXPECT_EQ(test, kmtia_rule_del(&rules->rules, 1), 0);
	rules->n_others = REPLACES + 1;
}

static void test_replaced_while_matching(struct kunit *test)
{
	replaced_while_matching(test, 0);
}

/* Old and new are found by an index then, in different places. */
static void test_replaced_among_many(struct kunit *test)
{
	replaced_while_matching(test, KMTIA_FEW_RULES);
}

static struct kunit_case rule_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_order),
	KUNIT_CASE(test_first_that_covers),
	KUNIT_CASE(test_duplicate),
	KUNIT_CASE(test_limit),
	KUNIT_CASE(test_rule_is_a_copy),
	KUNIT_CASE(test_hits),
	KUNIT_CASE(test_deleted_while_held),
	KUNIT_CASE(test_flushed_while_held),
	KUNIT_CASE(test_many),
	KUNIT_CASE(test_changes_while_matching),
	KUNIT_CASE(test_replace),
	KUNIT_CASE(test_replaced_while_matching),
	KUNIT_CASE(test_replaced_among_many),
	{}
};

static struct kunit_suite kmtia_rule_suite = {
	.name = "kmtia_rule",
	.init = rule_init,
	.exit = rule_exit,
	.test_cases = rule_cases,
};

kunit_test_suite(kmtia_rule_suite);
