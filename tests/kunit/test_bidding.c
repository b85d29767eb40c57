// SPDX-License-Identifier: GPL-2.0
/*
 * The decision with several key managers, and with standing secrets: who is asked
 * for a bid, who wins, and who comes next.
 */
#include "fake_clock.h"
#include "fake_manager.h"

/* What a manager does: its bid, and what it says when it wins. One that is silent
 * does not even bid, one that is mute bids and then says nothing.
 */
struct bid {
	u32 weight;
	bool constant;
	bool silent;
	bool mute;
	enum fake_answer answer;
};

#define MAX_BIDS 3

/*
 * struct auction - several managers
 * @name: the case
 * @bids: theirs, in order of registration
 * @n: how many
 * @winner: who dictates, from 1
 * @questions: that were sent
 */
static const struct auction {
	const char *name;
	struct bid bids[MAX_BIDS];
	unsigned int n;
	unsigned int winner;
	unsigned int questions;
} auctions[] = {
	{ "the highest bid", { { 5 }, { 9 }, { 7 } }, 3, 2, 4 },
	{ "of equal bids the first", { { 7 }, { 7 }, { 7 } }, 3, 1, 4 },
	{ "the greatest number", { { U32_MAX - 1 }, { U32_MAX } }, 2, 2, 3 },
	{ "who bids 0 does not win", { { 0 }, { 1 } }, 2, 2, 3 },
	{ "a constant weight is not asked", { { 5, true }, { 9, true } },
	  2, 2, 1 },
	{ "an only one, constant", { { 5, true } }, 1, 1, 1 },
	{ "constant and asked", { { 8, true }, { 7 } }, 2, 1, 2 },
	{ "asked and constant", { { 8, true }, { 9 } }, 2, 2, 2 },
	{ "who cannot is followed by the next",
	  { { 5 }, { 9, .answer = FAKE_CANNOT }, { 7 } }, 3, 3, 5 },
	{ "so is an unusable key",
	  { { 5, true }, { 9, true, .answer = FAKE_SHORT } }, 2, 1, 2 },
	{ "two fail",
	  { { 5 }, { 9, .answer = FAKE_ZERO }, { 7, .answer = FAKE_CANNOT } },
	  3, 1, 6 },
	{ "who does not bid leaves time for others",
	  { { 5 }, { 9, .silent = true } }, 2, 1, 3 },
	{ "so does who bids and gives no keys",
	  { { 5 }, { 9, .mute = true }, { 7, .mute = true } }, 3, 1, 6 },
	{ "and who has a constant weight",
	  { { 9, true, .mute = true }, { 5, true } }, 2, 2, 2 },
	{ "until nobody is left",
	  { { 5, .mute = true }, { 9, .mute = true } }, 2, 0, 4 },
};

static void auction_name(const struct auction *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(auction, auctions, auction_name);

static void bid_or_answer(struct fake_manager *fake)
{
	const struct bid *bid = fake->script;

	if (bid->silent || (bid->mute && fake->req->keys))
		return;
	if (fake->req->keys)
		fake_manager_answer(fake, bid->answer);
	else
		KUNIT_EXPECT_EQ(fake->reg->test,
				kmtia_request_bid(fake->req, true, bid->weight),
				0);
}

static struct fake_manager *bidder_new(struct fake_registry *reg,
				       const struct bid *bid, int number)
{
	const u8 uuid[KMTIA_UUID_LEN] = { number + 1 };
	const struct kmtia_manager_desc desc = {
		.uuid = uuid,
		.flags = KMTIA_MANAGER_FLAGS_DICTATE,
		.has_weight = bid->constant,
		.weight = bid->weight,
	};
	struct fake_manager *fake = fake_manager_new(reg, &desc);

	fake->script = bid;
	fake->asked = bid_or_answer;
	return fake;
}

static void auction_winner(struct kunit *test)
{
	const struct auction *auction = test->param_value;
	struct fake_registry *reg = test->priv;
	struct fake_manager *fakes[MAX_BIDS];
	unsigned long begin = fake_clock_now();
	struct fake_decision *fd;
	unsigned int i;

	for (i = 0; i < auction->n; i++)
		fakes[i] = bidder_new(reg, &auction->bids[i], i);
	fd = fake_decision_new(reg);
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d),
			auction->winner ? 0 : -ETIMEDOUT);
	if (auction->winner)
		KUNIT_EXPECT_PTR_EQ(test, fd->d.manager,
				    fakes[auction->winner - 1]->m);
	KUNIT_EXPECT_EQ(test, fd->d.questions, auction->questions);
	KUNIT_EXPECT_LE(test, fake_clock_now() - begin, (unsigned long)HZ);
	kmtia_decision_release(&fd->d);
	for (i = 0; i < auction->n; i++) {
		KUNIT_EXPECT_EQ(test, fakes[i]->checks,
				auction->n > 1 && !auction->bids[i].constant);
		fake_manager_forget(fakes[i]);
		KUNIT_EXPECT_EQ(test, fake_manager_refs(fakes[i]), 2);
		kmtia_manager_put(fakes[i]->m);
	}
}

/* --- Standing secrets --------------------------------------------------------- */

static void secret_stand(struct kunit *test, struct fake_manager *fake,
			 u32 weight)
{
	static const struct kmtia_rule_spec any = {
		.dictate = KMTIA_GRANT_ANY,
	};
	static const u8 bytes[KMTIA_SECRET_MIN_LEN] = { 1, 2, 3 };
	const struct kmtia_secret_desc desc = {
		.number = 1,
		.match = &any,
		.derivation = KMTIA_DERIVATION_MIX,
		.secret = bytes,
		.len = sizeof(bytes),
		.key_id = "standing",
		.weight = weight,
		.origin = KMTIA_ORIGIN_PEER,
	};

	KUNIT_ASSERT_EQ(test, kmtia_secret_set(fake->m, &desc), 0);
}

static void expect_standing(struct kunit *test, struct fake_decision *fd,
			    struct fake_manager *fake)
{
	KUNIT_EXPECT_EQ(test, fd->d.verdict, KMTIA_VERDICT_DICTATED);
	KUNIT_EXPECT_TRUE(test, fd->d.standing);
	KUNIT_EXPECT_PTR_EQ(test, fd->d.manager, fake->m);
	KUNIT_EXPECT_STREQ(test, fd->d.key_id, "standing");
	KUNIT_EXPECT_EQ(test, fd->d.origin, KMTIA_ORIGIN_PEER);
	KUNIT_EXPECT_EQ(test, fake->dictations + fake->checks, 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fake->m->counters[KMTIA_MANAGER_STANDING]),
			1);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fake->m->counters[KMTIA_MANAGER_QUESTIONS]),
			0);
}

static void standing_alone(struct kunit *test)
{
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd = fake_decision_new(reg);

	secret_stand(test, fake, 1);
	/* One who has stalled is not asked anyway. */
	set_bit(KMTIA_MANAGER_STALLED, &fake->m->state);
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), 0);
	expect_standing(test, fd, fake);
	KUNIT_EXPECT_EQ(test, fd->d.questions, 0);
	KUNIT_EXPECT_EQ(test, fd->waits, 0);
	kmtia_decision_release(&fd->d);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(fake), 2);
	kmtia_manager_put(fake->m);
}

/* Its key was used before: nobody is asked in its place. */
static void standing_unusable(struct kunit *test)
{
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd = fake_decision_new(reg);

	secret_stand(test, fake, 1);
	fd->used = true;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, fd->d.verdict, KMTIA_VERDICT_REFUSED);
	KUNIT_EXPECT_EQ(test, fd->d.questions, 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(fd->d.reason, "standing secret"));
	kmtia_decision_release(&fd->d);
	kmtia_manager_put(fake->m);
}

/* Others are asked for their bids, and the secret wins or loses. */
static void standing_among_others(struct kunit *test)
{
	static const u32 weights[] = { 6, 4 };
	static const struct bid bid = { 5 };
	struct fake_registry *reg = test->priv;
	struct fake_manager *other = fake_manager_add(reg, 1);
	struct fake_manager *fake = fake_manager_add(reg, 2);
	struct fake_decision *fd;
	unsigned int i;

	other->asked = bid_or_answer;
	other->script = &bid;
	for (i = 0; i < ARRAY_SIZE(weights); i++) {
		fd = fake_decision_new(reg);
		secret_stand(test, fake, weights[i]);
		KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), 0);
		if (weights[i] > 5)
			expect_standing(test, fd, fake);
		else
			KUNIT_EXPECT_PTR_EQ(test, fd->d.manager, other->m);
		KUNIT_EXPECT_EQ(test, other->checks, i + 1);
		KUNIT_EXPECT_EQ(test, fd->d.questions, i + 1);
		kmtia_decision_release(&fd->d);
	}
	fake_manager_forget(other);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(other), 2);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(fake), 2);
	kmtia_manager_put(other->m);
	kmtia_manager_put(fake->m);
}

/* --- The mate of an SA that was keyed --------------------------------------- */

/*
 * struct mate_case - who keys the mate of an SA that the first one has keyed
 * @name: the case
 * @first: the bid of who keyed it
 * @other: the bid of another one
 * @winner: who dictates, from 1
 */
static const struct mate_case {
	const char *name;
	struct bid first;
	struct bid other;
	unsigned int winner;
} mate_cases[] = {
	{ "the same one, whatever others bid", { 1 }, { 9 }, 1 },
	{ "also with a constant weight", { 1, true }, { 9, true }, 1 },
	{ "unless it does not bid", { 0 }, { 9 }, 2 },
	{ "nor answer", { 1, .silent = true }, { 9 }, 2 },
	{ "or fails", { 1, .answer = FAKE_CANNOT }, { 9 }, 2 },
};

static void mate_case_name(const struct mate_case *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mate_case, mate_cases, mate_case_name);

static void mate_winner(struct kunit *test)
{
	const struct mate_case *c = test->param_value;
	struct fake_registry *reg = test->priv;
	struct fake_manager *fakes[] = { bidder_new(reg, &c->first, 0),
					 bidder_new(reg, &c->other, 1) };
	struct fake_decision *fd = fake_decision_new(reg);
	unsigned int i;

	fd->d.mate_dictated = true;
	fd->d.mate_manager = fakes[0]->m->uuid;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), 0);
	KUNIT_EXPECT_PTR_EQ(test, fd->d.manager, fakes[c->winner - 1]->m);
	kmtia_decision_release(&fd->d);
	for (i = 0; i < ARRAY_SIZE(fakes); i++) {
		fake_manager_forget(fakes[i]);
		KUNIT_EXPECT_EQ(test, fake_manager_refs(fakes[i]), 2);
		kmtia_manager_put(fakes[i]->m);
	}
}

/* The mate of an SA that kept the keying module's key keeps it, too, without a
 * question; and is refused where no key may be kept.
 */
static void mate_kept(struct kunit *test)
{
	static const enum kmtia_failure_action actions[] = {
		KMTIA_FAILURE_ACTION_REJECT,
		KMTIA_FAILURE_ACTION_MANAGER,
		KMTIA_FAILURE_ACTION_KEEP,
	};
	struct fake_registry *reg = test->priv;
	struct fake_manager *fake = fake_manager_add(reg, 1);
	struct fake_decision *fd;
	unsigned int i;
	bool reject;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		reject = actions[i] == KMTIA_FAILURE_ACTION_REJECT;
		fd = fake_decision_new(reg);
		fd->rule.spec.on_failure = actions[i];
		fd->d.mate_kept = true;
		KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), reject ? -ENOKEY : 0);
		KUNIT_EXPECT_EQ(test, fd->d.verdict,
				reject ? KMTIA_VERDICT_REFUSED :
					 KMTIA_VERDICT_KEPT);
		KUNIT_EXPECT_EQ(test, fd->d.questions, 0);
		KUNIT_EXPECT_NOT_NULL(test, strstr(fd->d.reason, "direction"));
		kmtia_decision_release(&fd->d);
	}
	KUNIT_EXPECT_EQ(test, fake->dictations + fake->checks, 0);
	kmtia_manager_put(fake->m);
}

/* --- One deadline for all ----------------------------------------------------- */

#define LATE	(HZ / 2 - 10)	/* bids have half of the time */
#define LEFT	(HZ - LATE)	/* the winner has half of this, as another waits */

static void bid_late(struct fake_decision *fd)
{
	struct fake_manager **fakes = fd->script;
	struct kunit *test = fd->reg->test;

	switch (fd->waits) {
	case 1:
		/* Both are asked at once; they take most of their time. */
		KUNIT_EXPECT_EQ(test, atomic_read(&fd->d.open), 2);
		KUNIT_EXPECT_EQ(test, kmtia_request_time_left(fakes[0]->req),
				jiffies_to_msecs(HZ / 2));
		fake_clock_advance(LATE);
		kmtia_request_bid(fakes[0]->req, true, 1);
		kmtia_request_bid(fakes[1]->req, true, 2);
		break;
	case 2:
		KUNIT_EXPECT_EQ(test, kmtia_request_time_left(fakes[1]->req),
				jiffies_to_msecs(LEFT / 2));
		break;
	default:
		/* What is left is for the last one. */
		KUNIT_EXPECT_EQ(test, fd->waits, 3);
		KUNIT_EXPECT_EQ(test, kmtia_request_time_left(fakes[0]->req),
				jiffies_to_msecs(LEFT - LEFT / 2));
	}
}

static void one_deadline_for_all(struct kunit *test)
{
	struct fake_registry *reg = test->priv;
	struct fake_manager *fakes[] = { fake_manager_add(reg, 1),
					 fake_manager_add(reg, 2) };
	struct fake_decision *fd = fake_decision_new(reg);
	unsigned long begin = fake_clock_now();
	unsigned int i;

	fd->sleeps = bid_late;
	fd->script = fakes;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fake_clock_now() - begin, HZ);
	KUNIT_EXPECT_EQ(test, fd->waits, 3);
	KUNIT_EXPECT_EQ(test, fd->d.questions, 4);
	kmtia_decision_release(&fd->d);
	for (i = 0; i < ARRAY_SIZE(fakes); i++) {
		KUNIT_EXPECT_TRUE(test, kmtia_manager_stalled(fakes[i]->m));
		fake_manager_forget(fakes[i]);
		KUNIT_EXPECT_EQ(test, fake_manager_refs(fakes[i]), 2);
		kmtia_manager_put(fakes[i]->m);
	}
}

/* --- The suite ------------------------------------------------------------------ */

static int bidding_init(struct kunit *test)
{
	fake_clock_begin();
	test->priv = fake_registry_new(test);
	return 0;
}

static void bidding_exit(struct kunit *test)
{
	fake_registry_end(test->priv);
	fake_clock_end();
}

static struct kunit_case bidding_cases[] = {
	KUNIT_CASE_PARAM(auction_winner, auction_gen_params),
	KUNIT_CASE(standing_alone),
	KUNIT_CASE(standing_unusable),
	KUNIT_CASE(standing_among_others),
	KUNIT_CASE_PARAM(mate_winner, mate_case_gen_params),
	KUNIT_CASE(mate_kept),
	KUNIT_CASE(one_deadline_for_all),
	{}
};

static struct kunit_suite kmtia_bidding_suite = {
	.name = "kmtia_bidding",
	.init = bidding_init,
	.exit = bidding_exit,
	.test_cases = bidding_cases,
};

kunit_test_suite(kmtia_bidding_suite);
