// SPDX-License-Identifier: GPL-2.0
/*
 * From a state of XFRM to a decision and back: what is counted for each way in
 * which an SA is refused, a flush while an answer is awaited, and that a state
 * that is refused keeps the keying module's key.
 */
#include "fake_clock.h"
#include "kunit.h"

#include <linux/slab.h>
#include <net/xfrm.h>

#define MODULE_BYTE	0x21	/* the keying module's key consists of these */
#define MANAGER_BYTE	0x42	/* the key manager's of these */

/**
 * struct creating - an SA that is being created
 * @kn: where
 * @rule: that covers it
 * @x: its state
 * @m: who may dictate
 * @req: what he was asked, with a reference; or NULL
 * @sleeps: what happens while the creator sleeps
 * @refuse: what the manager's callback returns
 * @stats: the counters before
 */
struct creating {
	struct kmtia_net *kn;
	struct kmtia_rule *rule;
	struct xfrm_state *x;
	struct kmtia_manager *m;
	struct kmtia_request *req;
	void (*sleeps)(struct creating *c);
	int refuse;
	u64 stats[KMTIA_N_STATS];
};

/* kmtia_wait_ops are told the namespace only. */
static struct creating *creating_now;

static int manager_asked(struct kmtia_manager *manager,
			 struct kmtia_request *req)
{
	struct creating *c = kmtia_manager_priv(manager);

	if (c->refuse)
		return c->refuse;
	c->req = kmtia_request_get(req);
	return 0;
}

static void manager_told(struct kmtia_manager *manager,
			 const struct kmtia_notification *what)
{
}

static const struct kmtia_manager_ops manager_ops = {
	.key_dictation_check	= manager_asked,
	.key_dictation		= manager_asked,
	.key_notify		= manager_told,
};

/* Whatever the script does, the time is up then. */
static bool creator_sleeps(struct net *net)
{
	struct creating *c = creating_now;

	if (c->sleeps)
		c->sleeps(c);
	fake_clock_advance(10 * HZ);
	return true;
}

static void creator_wakes(struct net *net)
{
}

static const struct kmtia_wait_ops creator_wait = {
	.begin	= creator_sleeps,
	.end	= creator_wakes,
};

/* --- What happens meanwhile ------------------------------------------------------ */

static int answer(struct creating *c, u32 status, unsigned int len)
{
	u8 key[TEST_GCM_BYTES];
	struct kmtia_answer answer = {
		.status = status,
		.origin = KMTIA_ORIGIN_LOCAL,
		.n_keys = status ? 0 : 1,
		.keys[0] = { KMTIA_SLOT_ROLE_AEAD, key, len },
	};
	const char *why;

	memset(key, MANAGER_BYTE, sizeof(key));
	return kmtia_request_answer(c->req, &answer, &why);
}

static void gives_key(struct creating *c)
{
	answer(c, 0, TEST_GCM_BYTES);
}

static void gives_short_key(struct creating *c)
{
	answer(c, 0, TEST_GCM_BYTES - 1);
}

static void gives_none(struct creating *c)
{
	answer(c, 3, 0);
}

/* As xfrm_user and PF_KEY report it */
static void flush(u8 proto)
{
	const struct km_event event = {
		.event = XFRM_MSG_FLUSHSA,
		.data.proto = proto,
		.net = &init_net,
	};

	km_state_notify(NULL, &event);
}

static void flushed_then_key(struct creating *c)
{
	flush(IPPROTO_ESP);
	gives_key(c);
}

static void flushed_all_then_key(struct creating *c)
{
	flush(IPSEC_PROTO_ANY);
	gives_key(c);
}

static void key_then_flushed(struct creating *c)
{
	gives_key(c);
	flush(IPPROTO_ESP);
}

/* Of the other protocol */
static void ah_flushed(struct creating *c)
{
	flush(IPPROTO_AH);
	gives_key(c);
}

static void unregistered(struct creating *c)
{
	kmtia_manager_end(c->m, false);
}

static const struct outcome {
	const char *name;
	void (*sleeps)(struct creating *c);
	int refuse;
	int err;
	enum kmtia_stat counter;
} outcomes[] = {
	{ "key", gives_key, 0, 0, KMTIA_STAT_DICTATED },
	{ "key, AH is flushed", ah_flushed, 0, 0, KMTIA_STAT_DICTATED },
	{ "flushed, then key", flushed_then_key, 0, -ECANCELED,
	  KMTIA_STAT_FAIL_OTHER },
	{ "all flushed, then key", flushed_all_then_key, 0, -ECANCELED,
	  KMTIA_STAT_FAIL_OTHER },
	{ "key, then flushed", key_then_flushed, 0, -ECANCELED,
	  KMTIA_STAT_FAIL_OTHER },
	{ "unusable", gives_short_key, 0, -EKEYREJECTED,
	  KMTIA_STAT_FAIL_UNUSABLE },
	{ "cannot", gives_none, 0, -EKEYREJECTED, KMTIA_STAT_FAIL_CANNOT },
	{ "deadline", NULL, 0, -ETIMEDOUT, KMTIA_STAT_FAIL_TIMEOUT },
	{ "death", unregistered, 0, -EKEYREVOKED, KMTIA_STAT_FAIL_DIED },
	{ "socket full", NULL, -ENOBUFS, -ENOBUFS, KMTIA_STAT_FAIL_BUSY },
	{ "no memory", NULL, -ENOMEM, -ENOMEM, KMTIA_STAT_FAIL_OTHER },
};

static void outcome_name(const struct outcome *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(outcome, outcomes, outcome_name);

/* --- One SA ------------------------------------------------------------------------ */

static struct xfrm_state *state_new(struct kunit *test)
{
	struct xfrm_state *x = xfrm_state_alloc(&init_net);

	KUNIT_ASSERT_NOT_NULL(test, x);
	x->props.family = AF_INET;
	x->props.saddr.a4 = htonl(0x0a010001);
	x->id.daddr.a4 = htonl(0x0a010002);
	x->id.spi = htonl(0x1234);
	x->id.proto = IPPROTO_ESP;
	x->aead = kzalloc(sizeof(*x->aead) + TEST_GCM_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, x->aead);
	strscpy(x->aead->alg_name, TEST_GCM, sizeof(x->aead->alg_name));
	x->aead->alg_key_len = TEST_GCM_BYTES * 8;
	x->aead->alg_icv_len = 128;
	memset(x->aead->alg_key, MODULE_BYTE, TEST_GCM_BYTES);
	return x;
}

static void expect_counted(struct kunit *test, struct creating *c,
			   const struct outcome *o)
{
	unsigned int i;
	u64 n, expected;

	for (i = KMTIA_STAT_DICTATED; i < KMTIA_N_STATS; i++) {
		n = atomic64_read(&c->kn->stats[i]) - c->stats[i];
		expected = i == o->counter ||
			   (o->err && i == KMTIA_STAT_REFUSED);
		KUNIT_EXPECT_EQ_MSG(test, n, expected, "counter %u", i);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&c->kn->pending), 0);
}

static void outcome_counted(struct kunit *test)
{
	const struct outcome *o = test->param_value;
	struct kmtia_creation *creation;
	struct creating *c = test->priv;
	unsigned int i;
	int err;

	c->sleeps = o->sleeps;
	c->refuse = o->refuse;
	for (i = 0; i < KMTIA_N_STATS; i++)
		c->stats[i] = atomic64_read(&c->kn->stats[i]);
	err = kmtia_creation_begin(c->kn, c->x, &creator_wait, NULL, &creation);
	KUNIT_EXPECT_EQ(test, err, o->err);
	KUNIT_ASSERT_NOT_NULL(test, creation);
	for (i = 0; i < TEST_GCM_BYTES; i++)
		KUNIT_EXPECT_EQ(test, (u8)c->x->aead->alg_key[i],
				o->err ? MODULE_BYTE : MANAGER_BYTE);
	err = kmtia_creation_end(creation, err, NULL);
	KUNIT_EXPECT_EQ(test, err, o->err);
	expect_counted(test, c, o);
	/* XFRM does not take it in after all, and its creator makes another. */
	kmtia_tracker_forget_own(&c->kn->tracker, NULL);
}

/* --- Offered again ------------------------------------------------------------------- */

/* The keying module offers the SA, with a key of that byte, and XFRM does not
 * take it in. Returns whether the manager was asked.
 */
static bool offered(struct kunit *test, u8 byte)
{
	struct kmtia_creation *creation;
	struct creating *c = test->priv;
	bool asked;
	int err;

	memset(c->x->aead->alg_key, byte, TEST_GCM_BYTES);
	err = kmtia_creation_begin(c->kn, c->x, &creator_wait, NULL, &creation);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_ASSERT_NOT_NULL(test, creation);
	KUNIT_EXPECT_EQ(test, (u8)c->x->aead->alg_key[0], MANAGER_BYTE);
	KUNIT_EXPECT_EQ(test, (u8)c->x->aead->alg_key[TEST_GCM_BYTES - 1],
			MANAGER_BYTE);
	KUNIT_EXPECT_EQ(test, kmtia_creation_end(creation, err, NULL), 0);
	asked = c->req;
	if (c->req)
		kmtia_request_put(c->req);
	c->req = NULL;
	return asked;
}

static struct kmtia_track *pending(struct kunit *test)
{
	struct creating *c = test->priv;

	KUNIT_ASSERT_FALSE(test, list_empty(&c->kn->tracker.pending));
	return list_last_entry(&c->kn->tracker.pending, struct kmtia_track,
			       node);
}

static void offered_again(struct kunit *test)
{
	struct creating *c = test->priv;
	struct kmtia_track *others;

	c->sleeps = gives_key;
	KUNIT_EXPECT_TRUE(test, offered(test, MODULE_BYTE));
	KUNIT_EXPECT_FALSE(test, offered(test, MODULE_BYTE));
	KUNIT_EXPECT_FALSE(test, offered(test, MODULE_BYTE));
	/* Another key is another SA. */
	KUNIT_EXPECT_TRUE(test, offered(test, MODULE_BYTE + 1));
	/* As another task's */
	others = pending(test);
	others->creator = NULL;
	KUNIT_EXPECT_TRUE(test, offered(test, MODULE_BYTE + 1));
	others->creator = current;
	kmtia_tracker_forget_own(&c->kn->tracker, NULL);
	KUNIT_EXPECT_TRUE(test, offered(test, MODULE_BYTE + 1));
	pending(test)->asked_hash++;
	KUNIT_EXPECT_TRUE(test, offered(test, MODULE_BYTE + 1));
	/* Where there was no memory for them */
	kmtia_track_wipe(pending(test));
	KUNIT_EXPECT_TRUE(test, offered(test, MODULE_BYTE + 1));
	kmtia_tracker_forget_own(&c->kn->tracker, NULL);
	KUNIT_EXPECT_TRUE(test, offered(test, MODULE_BYTE + 1));
	kmtia_tracker_forget_own(&c->kn->tracker, NULL);
}

/* They are kept no longer than XFRM may refuse the SA. */
static void kept_until_live(struct kunit *test)
{
	struct creating *c = test->priv;
	struct kmtia_track *track;
	u64 reuse_hash;

	c->sleeps = gives_key;
	offered(test, MODULE_BYTE);
	track = pending(test);
	KUNIT_ASSERT_NOT_NULL(test, track->keys);
	KUNIT_EXPECT_EQ(test, track->keys[0], MANAGER_BYTE);
	KUNIT_EXPECT_TRUE(test, kmtia_tracker_live(&c->kn->tracker, &track->id,
						   &reuse_hash));
	/* Where the keys were something else is now. */
	KUNIT_EXPECT_TRUE(test, list_empty(&track->event_node));
	/* Not to be remembered: it would hold the rule. */
	kmtia_tracker_gone(&c->kn->tracker, track, false);
	track->since -= kmtia_track_ticks(kmtia_readd_ms);
	flush_work(&c->kn->tracker.work);
	mod_delayed_work(kmtia_wq, &c->kn->tracker.reaper, 0);
	flush_delayed_work(&c->kn->tracker.reaper);
	KUNIT_EXPECT_EQ(test, c->kn->tracker.remembered, 0U);
}

/* --- The suite ------------------------------------------------------------------------ */

static int creation_init(struct kunit *test)
{
	static const u8 uuid[KMTIA_UUID_LEN] = { 0xc0 };
	static const struct kmtia_manager_desc desc = {
		.uuid = uuid,
		.name = "creating",
		.flags = KMTIA_MANAGER_FLAGS_DICTATE,
	};
	struct creating *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct kmtia_rule_spec spec = {
		.priority = 10,
		.dictate = KMTIA_GRANT_ANY,
		.timeout = KMTIA_DEFAULT_TIMEOUT,
	};

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	creating_now = c;
	fake_clock_begin();
	c->kn = kmtia_pernet(&init_net);
	c->x = state_new(test);
	c->m = kmtia_manager_register(&init_net, &desc, &manager_ops, c);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c->m));
	KUNIT_ASSERT_EQ(test, kmtia_hook_use(&spec, NULL), 0);
	mutex_lock(&c->kn->lock);
	c->rule = kmtia_rule_add(&c->kn->rules, &spec);
	mutex_unlock(&c->kn->lock);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c->rule));
	kmtia_rule_hold(c->rule);
	return 0;
}

static void creation_exit(struct kunit *test)
{
	struct creating *c = test->priv;

	fake_clock_end();
	if (c->req)
		kmtia_request_put(c->req);
	KUNIT_EXPECT_EQ(test, refcount_read(&c->m->ref), c->m->dead ? 1 : 2);
	kmtia_manager_unregister(c->m);
	mutex_lock(&c->kn->lock);
	kmtia_rules_flush(&c->kn->rules);
	mutex_unlock(&c->kn->lock);
	KUNIT_EXPECT_EQ(test, refcount_read(&c->rule->ref), 1);
	kmtia_rule_put(c->rule);
	c->x->km.state = XFRM_STATE_DEAD;
	xfrm_state_put(c->x);
}

static struct kunit_case creation_cases[] = {
	KUNIT_CASE_PARAM(outcome_counted, outcome_gen_params),
	KUNIT_CASE(offered_again),
	KUNIT_CASE(kept_until_live),
	{}
};

static struct kunit_suite kmtia_creation_suite = {
	.name = "kmtia_creation",
	.init = creation_init,
	.exit = creation_exit,
	.test_cases = creation_cases,
};

kunit_test_suite(kmtia_creation_suite);
