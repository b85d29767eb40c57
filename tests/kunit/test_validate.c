// SPDX-License-Identifier: GPL-2.0
/*
 * Which keys an SA may have: those of an answer must fit its slots to the byte,
 * must not be zero, and must not be another SA's.
 */
#include "kunit.h"

#include <linux/jiffies.h>
#include <linux/wait.h>

#define KEY_ROOM	64	/* for any key of these tests */
#define GUARD		8	/* bytes behind it that nobody may write */
#define UNTOUCHED	0xa5

/* --- Answers --------------------------------------------------------------- */

/**
 * struct answering - a question that is open, and all that it needs
 * @registry: of the manager
 * @manager: who is asked
 * @decision: whose question it is
 * @sa: the SA
 * @req: the question
 * @room: where the keys go
 * @used: another SA has had any key
 */
struct answering {
	struct kmtia_registry registry;
	struct kmtia_manager manager;
	struct kmtia_decision decision;
	struct kmtia_sa sa;
	struct kmtia_request *req;
	u8 room[KMTIA_MAX_SLOTS][KEY_ROOM + GUARD];
	bool used;
};

static bool key_fresh(struct kmtia_decision *d, const struct kmtia_slot *slot,
		      const u8 *key)
{
	return !container_of(d, struct answering, decision)->used;
}

static const struct kmtia_decision_ops decision_ops = {
	.key_fresh = key_fresh,
};

static const struct kmtia_manager_ops manager_ops = {};

enum shape { GCM, CBC_SHA1, CTR_SHA1, ODD, NO_SLOT, SALT_ONLY };

#define AEAD(n, salt, is_once) {					\
	.role = KMTIA_SLOT_ROLE_AEAD, .algorithm = "aead",		\
	.bits = (n), .salt_bits = (salt), .once = (is_once),		\
}

#define ENC(n, salt, is_once) {						\
	.role = KMTIA_SLOT_ROLE_ENCRYPTION, .algorithm = "enc",		\
	.bits = (n), .salt_bits = (salt), .once = (is_once),		\
}

#define AUTH(n) {							\
	.role = KMTIA_SLOT_ROLE_AUTHENTICATION, .algorithm = "auth",	\
	.bits = (n),							\
}

static const struct {
	unsigned int n_slots;
	struct kmtia_slot slots[KMTIA_MAX_SLOTS];
} shapes[] = {
	[GCM] = { 1, { AEAD(160, 32, true) } },
	[CBC_SHA1] = { 2, { ENC(256, 0, false), AUTH(160) } },
	[CTR_SHA1] = { 2, { ENC(160, 32, true), AUTH(160) } },
	[ODD] = { 1, { AUTH(161) } },
	[NO_SLOT] = { 0 },
	[SALT_ONLY] = { 1, { AEAD(32, 32, false) } },
};

/**
 * struct given - a key in an answer
 * @role: for which slot
 * @len: bytes
 * @at: the only one that is not zero; none if it is not below @len
 */
struct given {
	enum kmtia_slot_role role;
	unsigned int len;
	unsigned int at;
};

#define ZERO		KEY_ROOM	/* for struct given::at */
#define G_AEAD(len, at)	{ KMTIA_SLOT_ROLE_AEAD, len, at }
#define G_ENC(len, at)	{ KMTIA_SLOT_ROLE_ENCRYPTION, len, at }
#define G_AUTH(len, at)	{ KMTIA_SLOT_ROLE_AUTHENTICATION, len, at }

/**
 * struct answer_case - an answer with keys, and what it comes to
 * @name: of the test
 * @shape: the SA's slots
 * @n_keys: how many are given
 * @keys: they
 * @used: another SA has had them
 * @err: what the answerer is told
 * @state: of the question
 * @why: the sentence, or NULL
 */
struct answer_case {
	const char *name;
	enum shape shape;
	unsigned int n_keys;
	struct given keys[KMTIA_MAX_SLOTS];
	bool used;
	int err;
	enum kmtia_request_state state;
	const char *why;
};

#define TAKEN		.err = 0, .state = KMTIA_REQUEST_KEYS
#define UNFIT		.err = -EINVAL, .state = KMTIA_REQUEST_UNUSABLE
#define REJECTED	.err = -EKEYREJECTED, .state = KMTIA_REQUEST_UNUSABLE
#define NO_ANSWER	.err = -EINVAL, .state = KMTIA_REQUEST_OPEN

static const struct answer_case answer_cases[] = {
	{ "aead", GCM, 1, { G_AEAD(20, 0) }, false, TAKEN },
	{ "aead, a byte less", GCM, 1, { G_AEAD(19, 0) }, false,
	  UNFIT, "the aead key has the wrong length" },
	{ "aead, a byte more", GCM, 1, { G_AEAD(21, 0) }, false,
	  UNFIT, "the aead key has the wrong length" },
	{ "aead, without the salt", GCM, 1, { G_AEAD(16, 0) }, false,
	  UNFIT, "the aead key has the wrong length" },
	{ "aead, empty", GCM, 1, { G_AEAD(0, 0) }, false,
	  UNFIT, "the aead key has the wrong length" },
	{ "aead, none", GCM, 0, {}, false,
	  UNFIT, "the aead key is missing" },
	{ "aead, for encryption", GCM, 1, { G_ENC(20, 0) }, false,
	  UNFIT, "the encryption key is for no slot of the SA" },
	{ "aead, and one more", GCM, 2, { G_AEAD(20, 0), G_AUTH(20, 0) }, false,
	  UNFIT, "the authentication key is for no slot of the SA" },

	{ "two slots", CBC_SHA1, 2, { G_ENC(32, 0), G_AUTH(20, 0) }, false,
	  TAKEN },
	{ "two slots, the other order", CBC_SHA1, 2,
	  { G_AUTH(20, 1), G_ENC(32, 2) }, false, TAKEN },
	{ "two slots, no encryption", CBC_SHA1, 1, { G_AUTH(20, 0) }, false,
	  UNFIT, "the encryption key is missing" },
	{ "two slots, no authentication", CBC_SHA1, 1, { G_ENC(32, 0) }, false,
	  UNFIT, "the authentication key is missing" },
	{ "two slots, lengths swapped", CBC_SHA1, 2,
	  { G_ENC(20, 0), G_AUTH(32, 0) }, false,
	  UNFIT, "the encryption key has the wrong length" },
	{ "two slots, the second a byte less", CBC_SHA1, 2,
	  { G_ENC(32, 0), G_AUTH(19, 0) }, false,
	  UNFIT, "the authentication key has the wrong length" },
	{ "two slots, the second a byte more", CBC_SHA1, 2,
	  { G_ENC(32, 0), G_AUTH(21, 0) }, false,
	  UNFIT, "the authentication key has the wrong length" },
	{ "two slots of a role", CBC_SHA1, 2, { G_ENC(32, 0), G_ENC(32, 0) },
	  false, NO_ANSWER, "two slots have the same role" },
	{ "more slots than there can be", CBC_SHA1, KMTIA_MAX_SLOTS + 1,
	  { G_ENC(32, 0), G_AUTH(20, 0) }, false,
	  NO_ANSWER, "there are too many slots" },
	{ "no such role", GCM, 1,
	  { { KMTIA_SLOT_ROLE_AUTHENTICATION + 1, 20, 0 } }, false,
	  NO_ANSWER, "there is no such role of a slot" },

	{ "161 bits in 21 bytes", ODD, 1, { G_AUTH(21, 20) }, false, TAKEN },
	{ "161 bits in 20 bytes", ODD, 1, { G_AUTH(20, 0) }, false,
	  UNFIT, "the authentication key has the wrong length" },
	{ "no slot, no key", NO_SLOT, 0, {}, false, TAKEN },
	{ "no slot, a key", NO_SLOT, 1, { G_AEAD(0, ZERO) }, false,
	  UNFIT, "the aead key is for no slot of the SA" },

	{ "zero", GCM, 1, { G_AEAD(20, ZERO) }, false,
	  REJECTED, "the aead key is all zero" },
	{ "zero but for the first byte of the salt", GCM, 1, { G_AEAD(20, 16) },
	  false, REJECTED, "the aead key is all zero" },
	{ "zero but for the last byte before the salt", GCM, 1, { G_AEAD(20, 15) },
	  false, TAKEN },
	{ "zero, the first of two", CBC_SHA1, 2,
	  { G_ENC(32, ZERO), G_AUTH(20, 0) }, false,
	  REJECTED, "the encryption key is all zero" },
	{ "zero, the second of two", CBC_SHA1, 2,
	  { G_ENC(32, 0), G_AUTH(20, ZERO) }, false,
	  REJECTED, "the authentication key is all zero" },
	{ "zero but for the last byte", CBC_SHA1, 2,
	  { G_ENC(32, 31), G_AUTH(20, 19) }, false, TAKEN },
	{ "zero, counter mode, but for its nonce", CTR_SHA1, 2,
	  { G_ENC(20, 19), G_AUTH(20, 0) }, false,
	  REJECTED, "the encryption key is all zero" },
	{ "zero, nothing but salt", SALT_ONLY, 1, { G_AEAD(4, ZERO) }, false,
	  TAKEN },

	{ "used, aead", GCM, 1, { G_AEAD(20, 0) }, true,
	  REJECTED, "the aead key was used by another SA" },
	{ "used, counter mode", CTR_SHA1, 2, { G_ENC(20, 0), G_AUTH(20, 0) },
	  true, REJECTED, "the encryption key was used by another SA" },
	{ "used, but no counter mode", CBC_SHA1, 2,
	  { G_ENC(32, 0), G_AUTH(20, 0) }, true, TAKEN },
};

static void answer_name(const struct answer_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(answer, answer_cases, answer_name);

static struct answering *ask(struct kunit *test, const struct answer_case *c)
{
	struct answering *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct kmtia_decision *d;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->used = c->used;
	kmtia_test_sa(&a->sa, 1);
	a->sa.n_slots = shapes[c->shape].n_slots;
	memcpy(a->sa.slots, shapes[c->shape].slots, sizeof(a->sa.slots));
	memset(a->room, UNTOUCHED, sizeof(a->room));

	refcount_set(&a->manager.ref, 1);
	a->manager.registry = &a->registry;
	a->manager.ops = &manager_ops;
	spin_lock_init(&a->manager.lock);
	INIT_LIST_HEAD(&a->manager.open);

	d = &a->decision;
	d->ops = &decision_ops;
	d->sa = &a->sa;
	for (i = 0; i < KMTIA_MAX_SLOTS; i++)
		d->keys[i] = a->room[i];
	init_waitqueue_head(&d->wait);
	a->req = kmtia_request_new(d, &a->manager, true, true, jiffies + HZ);
	KUNIT_ASSERT_FALSE(test, IS_ERR(a->req));
	return a;
}

/* Nothing of the question is left. */
static void end_question(struct kunit *test, struct answering *a)
{
	kmtia_request_finish(a->req);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->req->ref), 1U);
	kmtia_request_put(a->req);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->manager.ref), 1U);
	KUNIT_EXPECT_TRUE(test, list_empty(&a->manager.open));
	KUNIT_EXPECT_EQ(test, atomic_read(&a->decision.open), 0);
}

static void fill_key(u8 *key, const struct given *given)
{
	memset(key, 0, KEY_ROOM);
	if (given->at < given->len)
		key[given->at] = 1 + given->role;
}

static void expect_keys(struct kunit *test, const struct answering *a,
			const struct answer_case *c)
{
	u8 expected[KEY_ROOM];
	unsigned int i, j, len;

	for (i = 0; i < a->sa.n_slots; i++) {
		len = kmtia_slot_bytes(&a->sa.slots[i]);
		for (j = 0; j < c->n_keys; j++) {
			if (c->keys[j].role != a->sa.slots[i].role)
				continue;
			fill_key(expected, &c->keys[j]);
			KUNIT_EXPECT_EQ(test, memcmp(a->room[i], expected, len), 0);
		}
	}
}

/* Keys that do not fit are not even copied; none is copied beyond its slot. */
static void expect_bounds(struct kunit *test, const struct answering *a, int err)
{
	unsigned int i, len;

	for (i = 0; i < KMTIA_MAX_SLOTS; i++) {
		len = i < a->sa.n_slots && err != -EINVAL ?
		      kmtia_slot_bytes(&a->sa.slots[i]) : 0;
		KUNIT_EXPECT_NULL(test, memchr_inv(a->room[i] + len, UNTOUCHED,
						   sizeof(a->room[i]) - len));
	}
}

static void test_answer(struct kunit *test)
{
	const struct answer_case *c = test->param_value;
	struct kmtia_answer answer = {
		.origin = KMTIA_ORIGIN_LOCAL,
		.n_keys = c->n_keys,
	};
	struct answering *a = ask(test, c);
	u8 keys[KMTIA_MAX_SLOTS][KEY_ROOM];
	const char *why = "never set";
	unsigned int i;

	for (i = 0; i < KMTIA_MAX_SLOTS; i++) {
		fill_key(keys[i], &c->keys[i]);
		answer.keys[i].role = c->keys[i].role;
		answer.keys[i].key = keys[i];
		answer.keys[i].len = c->keys[i].len;
	}
	KUNIT_EXPECT_EQ(test, kmtia_request_answer(a->req, &answer, &why), c->err);
	KUNIT_EXPECT_EQ(test, (int)a->req->state, (int)c->state);
	if (c->why)
		KUNIT_EXPECT_STREQ(test, why ?: "nothing", c->why);
	else
		KUNIT_EXPECT_NULL(test, why);
	expect_bounds(test, a, c->err);
	if (!c->err)
		expect_keys(test, a, c);
	/* An answer that is none may be followed by one. */
	if (c->state != KMTIA_REQUEST_OPEN)
		KUNIT_EXPECT_EQ(test, kmtia_request_answer(a->req, &answer, &why),
				-ENOENT);
	end_question(test, a);
}

/* Keys that the kernel made itself are held to the same. */
static void test_keys_check(struct kunit *test)
{
	static const struct answer_case gcm = { "gcm", GCM };
	struct answering *a = ask(test, &gcm);
	const char *why = NULL;

	memset(a->room[0], 0, 20);
	KUNIT_EXPECT_EQ(test, kmtia_keys_check(&a->decision, &why), -EKEYREJECTED);
	KUNIT_EXPECT_STREQ(test, why ?: "nothing", "the aead key is all zero");
	a->room[0][15] = 1;
	KUNIT_EXPECT_EQ(test, kmtia_keys_check(&a->decision, &why), 0);
	a->used = true;
	KUNIT_EXPECT_EQ(test, kmtia_keys_check(&a->decision, &why), -EKEYREJECTED);
	KUNIT_EXPECT_STREQ(test, why ?: "nothing",
			   "the aead key was used by another SA");
	end_question(test, a);
}

static struct kunit_case validate_cases[] = {
	KUNIT_CASE_PARAM(test_answer, answer_gen_params),
	KUNIT_CASE(test_keys_check),
	{}
};

static struct kunit_suite kmtia_validate_suite = {
	.name = "kmtia_validate",
	.test_cases = validate_cases,
};

kunit_test_suite(kmtia_validate_suite);
