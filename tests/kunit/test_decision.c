// SPDX-License-Identifier: GPL-2.0
/*
 * The decision: who is asked and when, until when an answer is awaited, and what
 * a late one does. What happens when no key comes is in test_failure.c.
 */
#include "fake_clock.h"
#include "fake_manager.h"

#include <linux/slab.h>

/* --- One bidder ------------------------------------------------------------ */

/*
 * struct way - how an only manager answers
 * @name: the case
 * @answer: what it says
 * @later: not in the callback, but while the creator sleeps
 * @two_slots: the SA has two keys
 * @exact: the keys are the answer's own bytes
 */
static const struct way {
	const char *name;
	enum fake_answer answer;
	bool later;
	bool two_slots;
	bool exact;
} ways[] = {
	{ "keys in the callback", FAKE_KEYS, false, false, true },
	{ "keys later", FAKE_KEYS, true, false, true },
	{ "two keys in the callback", FAKE_KEYS, false, true, true },
	{ "two keys later", FAKE_KEYS, true, true, true },
	{ "expand in the callback", FAKE_EXPAND },
	{ "expand later", FAKE_EXPAND, true },
	{ "mix in the callback", FAKE_MIX },
	{ "mix later, two keys", FAKE_MIX, true, true },
};

static void way_name(const struct way *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_name);

static void answer_now(struct fake_manager *fake)
{
	const enum fake_answer *what = fake->script;

	KUNIT_EXPECT_EQ(fake->reg->test,
			fake_manager_answer(fake, what ? *what : FAKE_KEYS), 0);
}

static void answer_asleep(struct fake_decision *fd)
{
	struct fake_manager *fake = fd->script;

	KUNIT_EXPECT_EQ(fd->reg->test, atomic_read(&fd->d.open), 1);
	answer_now(fake);
	KUNIT_EXPECT_EQ(fd->reg->test, atomic_read(&fd->d.open), 0);
}

static void expect_keys(struct kunit *test, struct fake_decision *fd,
			bool exact)
{
	const struct kmtia_slot *slot;
	unsigned int i, j, bytes, same, own;

	for (i = 0; i < fd->sa.n_slots; i++) {
		slot = &fd->sa.slots[i];
		bytes = kmtia_slot_bytes(slot);
		for (j = 0, same = 0, own = 0; j < bytes; j++) {
			same += fd->d.keys[i][j] ==
				fake_key_byte(slot->role, j);
			own += fd->d.keys[i][j] == fd->module_key[i][j];
		}
		KUNIT_EXPECT_EQ(test, same == bytes, exact);
		KUNIT_EXPECT_NE(test, own, bytes);
	}
}

static void one_bidder(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd = fake_decision_new(reg);

	fake->script = &way->answer;
	if (way->later)
		fd->sleeps = answer_asleep;
	else
		fake->asked = answer_now;
	fd->script = fake;
	if (way->two_slots)
		fake_decision_two_slots(fd);

	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), 0);
	KUNIT_EXPECT_EQ(test, fd->d.verdict, KMTIA_VERDICT_DICTATED);
	KUNIT_EXPECT_EQ(test, fd->d.err, 0);
	KUNIT_EXPECT_PTR_EQ(test, fd->d.manager, fake->m);
	KUNIT_EXPECT_EQ(test, fd->d.origin, KMTIA_ORIGIN_LOCAL);
	KUNIT_EXPECT_STREQ(test, fd->d.key_id, "fake");
	KUNIT_EXPECT_FALSE(test, fd->d.standing);
	/* Both questions are one. */
	KUNIT_EXPECT_EQ(test, fd->d.questions, 1);
	KUNIT_EXPECT_EQ(test, fake->checks, 0);
	KUNIT_EXPECT_EQ(test, fake->dictations, 1);
	KUNIT_EXPECT_TRUE(test, kmtia_request_is_check(fake->req));
	KUNIT_EXPECT_EQ(test, fd->waits, way->later);
	expect_keys(test, fd, way->exact);

	/* The request pins the manager, and so does the decision. */
	KUNIT_EXPECT_EQ(test, fake_manager_refs(fake), 4);
	fake_manager_forget(fake);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(fake), 3);
	kmtia_decision_release(&fd->d);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(fake), 2);
	kmtia_manager_put(fake->m);
}

static void no_slot(struct kunit *test)
{
	static const enum fake_answer expand = FAKE_EXPAND;
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd = fake_decision_new(reg);

	fd->sa.n_slots = 0;
	fake->asked = answer_now;
	fake->script = &expand;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), 0);
	KUNIT_EXPECT_EQ(test, fd->d.verdict, KMTIA_VERDICT_DICTATED);
	fake_manager_forget(fake);
	kmtia_decision_release(&fd->d);
	kmtia_manager_put(fake->m);
}

/* --- Until when ------------------------------------------------------------ */

/*
 * struct deadline - how long an answer may take
 * @hint: the manager's, seconds; 0 for its default
 * @timeout: the rule's, milliseconds
 * @ticks: what comes of it
 */
static const struct deadline {
	u32 hint;
	u32 timeout;
	unsigned long ticks;
} deadlines[] = {
	{ 0, 10000, 5 * HZ },
	{ 1, 10000, 1 * HZ },
	{ 2, 10000, 2 * HZ },
	{ 3, 10000, 3 * HZ },
	{ 4, 10000, 4 * HZ },
	{ 5, 10000, 5 * HZ },
	{ 6, 10000, 6 * HZ },
	{ 7, 10000, 7 * HZ },
	{ 8, 10000, 8 * HZ },
	{ 9, 10000, 9 * HZ },
	{ 10, 10000, 10 * HZ },
	{ 0, 1000, 1 * HZ },
	{ 10, 1, DIV_ROUND_UP(HZ, 1000) },
	{ 10, 20, DIV_ROUND_UP(20 * HZ, 1000) },
	{ 10, 1000, HZ },
	{ 1, 1000, HZ },
	{ 1, 999, DIV_ROUND_UP(999 * HZ, 1000) },
	{ 2, 1999, DIV_ROUND_UP(1999 * HZ, 1000) },
};

static void deadline_desc(const struct deadline *deadline, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "hint %u s, rule %u ms",
		 deadline->hint, deadline->timeout);
}

KUNIT_ARRAY_PARAM(deadline, deadlines, deadline_desc);

static void sleep_until_deadline(struct fake_decision *fd)
{
	const struct deadline *deadline = fd->reg->test->param_value;
	struct fake_manager *fake = fd->script;
	struct kunit *test = fd->reg->test;

	KUNIT_EXPECT_EQ(test, kmtia_request_time_left(fake->req),
			jiffies_to_msecs(deadline->ticks));
	fake_clock_advance(deadline->ticks - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fd->d.open), 1);
	KUNIT_EXPECT_EQ(test, fake->req->state, KMTIA_REQUEST_OPEN);
	KUNIT_EXPECT_FALSE(test, kmtia_manager_stalled(fake->m));
	KUNIT_EXPECT_EQ(test, kmtia_request_time_left(fake->req),
			jiffies_to_msecs(1));
	fake_clock_advance(1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fd->d.open), 0);
	KUNIT_EXPECT_EQ(test, fake->req->state, KMTIA_REQUEST_DEADLINE);
	KUNIT_EXPECT_TRUE(test, kmtia_manager_stalled(fake->m));
	KUNIT_EXPECT_EQ(test, kmtia_request_time_left(fake->req), 0);
}

static void deadline_to_the_tick(struct kunit *test)
{
	static const u8 uuid[KMTIA_UUID_LEN] = { 1 };
	const struct deadline *deadline = test->param_value;
	const struct kmtia_manager_desc desc = {
		.uuid = uuid,
		.flags = KMTIA_MANAGER_FLAGS_DICTATE,
		.timeout_hint = deadline->hint,
	};
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_new(reg, &desc);
	struct fake_decision *fd = fake_decision_new(reg);
	unsigned long begin = fake_clock_now();

	fd->rule.spec.timeout = deadline->timeout;
	fd->sleeps = sleep_until_deadline;
	fd->script = fake;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fake_clock_now() - begin, deadline->ticks);
	KUNIT_EXPECT_EQ(test, fd->waits, 1);
	fake_manager_forget(fake);
	kmtia_decision_release(&fd->d);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(fake), 2);
	kmtia_manager_put(fake->m);
}

static void answer_in_the_last_tick(struct fake_decision *fd)
{
	fake_clock_advance(HZ - 1);
	answer_asleep(fd);
	/* And what is due then finds nothing to do. */
	fake_clock_advance(1);
}

static void last_tick(struct kunit *test)
{
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd = fake_decision_new(reg);

	fd->sleeps = answer_in_the_last_tick;
	fd->script = fake;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), 0);
	KUNIT_EXPECT_EQ(test, fd->d.verdict, KMTIA_VERDICT_DICTATED);
	KUNIT_EXPECT_FALSE(test, kmtia_manager_stalled(fake->m));
	fake_manager_forget(fake);
	kmtia_decision_release(&fd->d);
	kmtia_manager_put(fake->m);
}

/* --- Late, stalled, heard again --------------------------------------------- */

static void answer_too_late(struct fake_decision *fd)
{
	struct fake_manager *fake = fd->script;
	struct kunit *test = fd->reg->test;
	struct kmtia_request *found;

	fake_clock_advance(HZ);
	KUNIT_EXPECT_EQ(test, fake->req->state, KMTIA_REQUEST_DEADLINE);
	KUNIT_EXPECT_EQ(test, fake_manager_answer(fake, FAKE_KEYS), -ENOENT);
	KUNIT_EXPECT_EQ(test, kmtia_request_bid(fake->req, false, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, fake->req->state, KMTIA_REQUEST_DEADLINE);
	found = kmtia_request_find(fake->m, fake->req->id + 1);
	KUNIT_EXPECT_NULL(test, found);
}

/* Decides again, and returns what kmtia_decide() did. */
static int decide_again(struct kunit *test, struct fake_manager *fake,
			unsigned int *questions)
{
	struct fake_decision *fd = fake_decision_new(fake->reg);
	int err = kmtia_decide(&fd->d);

	*questions = fd->d.questions;
	fake_manager_forget(fake);
	kmtia_decision_release(&fd->d);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(fake), 2);
	return err;
}

static void stalled_and_heard(struct kunit *test)
{
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd = fake_decision_new(reg);
	unsigned int *events = reg->events, asked;
	unsigned long at;

	fd->sleeps = answer_too_late;
	fd->script = fake;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fd->d.verdict, KMTIA_VERDICT_REFUSED);
	fake_manager_forget(fake);
	kmtia_decision_release(&fd->d);
	KUNIT_EXPECT_EQ(test, events[KMTIA_MONITOR_EVENT_STALLED], 1);

	/* Skipped at once, as often as it takes */
	at = fake_clock_now();
	KUNIT_EXPECT_EQ(test, decide_again(test, fake, &asked), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, asked, 0);
	KUNIT_EXPECT_EQ(test, decide_again(test, fake, &asked), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, asked, 0);
	KUNIT_EXPECT_EQ(test, fake_clock_now(), at);
	KUNIT_EXPECT_EQ(test, events[KMTIA_MONITOR_EVENT_STALLED], 1);

	/* Until it is heard */
	kmtia_manager_heard(fake->m);
	kmtia_manager_heard(fake->m);
	KUNIT_EXPECT_EQ(test, events[KMTIA_MONITOR_EVENT_RECOVERED], 1);
	fake->asked = answer_now;
	KUNIT_EXPECT_EQ(test, decide_again(test, fake, &asked), 0);
	KUNIT_EXPECT_EQ(test, asked, 1);
	kmtia_manager_put(fake->m);
}

static void miss_and_be_heard(struct fake_decision *fd)
{
	struct fake_manager *fake = fd->script;

	fake_clock_advance(HZ);
	kmtia_manager_heard(fake->m);
}

/* Its message comes between the deadline and the creator's waking. */
static void heard_before_the_creator_wakes(struct kunit *test)
{
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd = fake_decision_new(reg);

	fd->sleeps = miss_and_be_heard;
	fd->script = fake;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, kmtia_manager_stalled(fake->m));
	KUNIT_EXPECT_EQ(test, reg->events[KMTIA_MONITOR_EVENT_STALLED], 0);
	fake_manager_forget(fake);
	kmtia_decision_release(&fd->d);
	kmtia_manager_put(fake->m);
}

/* --- The suite -------------------------------------------------------------- */

static int decision_init(struct kunit *test)
{
	fake_clock_begin();
	test->priv = fake_registry_new(test);
	return 0;
}

static void decision_exit(struct kunit *test)
{
	fake_registry_end(test->priv);
	fake_clock_end();
}

static struct kunit_case decision_cases[] = {
	KUNIT_CASE_PARAM(one_bidder, way_gen_params),
	KUNIT_CASE(no_slot),
	KUNIT_CASE_PARAM(deadline_to_the_tick, deadline_gen_params),
	KUNIT_CASE(last_tick),
	KUNIT_CASE(stalled_and_heard),
	KUNIT_CASE(heard_before_the_creator_wakes),
	{}
};

static struct kunit_suite kmtia_decision_suite = {
	.name = "kmtia_decision",
	.init = decision_init,
	.exit = decision_exit,
	.test_cases = decision_cases,
};

kunit_test_suite(kmtia_decision_suite);
