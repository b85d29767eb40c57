// SPDX-License-Identifier: GPL-2.0
/*
 * Fake key managers and decisions: see fake_manager.h.
 */
#include "fake_clock.h"
#include "fake_manager.h"

#include <linux/in.h>
#include <linux/socket.h>
#include <linux/string.h>

/* --- The registry ---------------------------------------------------------- */

static void fake_event(struct kmtia_registry *registry,
		       enum kmtia_monitor_event event,
		       const struct kmtia_manager *manager)
{
	struct fake_registry *reg = container_of(registry, struct fake_registry,
						 registry);

	reg->events[event]++;
}

/**
 * fake_registry_new() - make an empty registry
 * @test: the test; it lives as long
 *
 * Return: the registry.
 */
struct fake_registry *fake_registry_new(struct kunit *test)
{
	struct fake_registry *reg = kunit_kzalloc(test, sizeof(*reg),
						  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, reg);
	reg->test = test;
	mutex_init(&reg->lock);
	kmtia_registry_init(&reg->registry, &reg->lock, fake_event);
	return reg;
}

/**
 * fake_registry_end() - end all registrations
 * @reg: the registry, whose managers the tests have let go of
 *
 * Fails the test if one of them is still pinned by anybody.
 */
void fake_registry_end(struct fake_registry *reg)
{
	kmtia_registry_clear(&reg->registry);
	KUNIT_EXPECT_EQ_MSG(reg->test, reg->released, reg->managers,
			    "a manager is still pinned");
	mutex_destroy(&reg->lock);
}

/* --- Managers -------------------------------------------------------------- */

/**
 * fake_manager_forget() - let go of the last question
 * @fake: who was asked
 */
void fake_manager_forget(struct fake_manager *fake)
{
	if (fake->req)
		kmtia_request_put(fake->req);
	fake->req = NULL;
}

static int fake_ask(struct kmtia_manager *manager, struct kmtia_request *req)
{
	struct fake_manager *fake = kmtia_manager_priv(manager);

	if (fake->refuse)
		return fake->refuse;
	fake_manager_forget(fake);
	fake->req = kmtia_request_get(req);
	if (fake->asked)
		fake->asked(fake);
	return 0;
}

static int fake_check(struct kmtia_manager *manager, struct kmtia_request *req)
{
	struct fake_manager *fake = kmtia_manager_priv(manager);

	fake->checks++;
	return fake_ask(manager, req);
}

static int fake_dictate(struct kmtia_manager *manager,
			struct kmtia_request *req)
{
	struct fake_manager *fake = kmtia_manager_priv(manager);

	fake->dictations++;
	return fake_ask(manager, req);
}

static void fake_notify(struct kmtia_manager *manager,
			const struct kmtia_notification *what)
{
}

static void fake_release(struct kmtia_manager *manager)
{
	struct fake_manager *fake = kmtia_manager_priv(manager);

	fake->reg->released++;
}

static const struct kmtia_manager_ops fake_ops = {
	.key_dictation_check	= fake_check,
	.key_dictation		= fake_dictate,
	.key_notify		= fake_notify,
	.release		= fake_release,
};

static void forget_release(struct kmtia_manager *manager)
{
}

static const struct kmtia_manager_ops watcher_ops = {
	.key_notify	= fake_notify,
	.release	= forget_release,
};

static const struct kmtia_manager_ops dictator_ops = {
	.key_dictation_check	= fake_check,
	.key_dictation		= fake_dictate,
	.key_notify		= fake_notify,
	.release		= forget_release,
};

/**
 * fake_manager_try() - try to register a manager, which is never asked
 * @reg: where
 * @desc: as who
 *
 * Return: as kmtia_manager_new(); the registry's reference is the only one.
 */
struct kmtia_manager *fake_manager_try(struct fake_registry *reg,
				       const struct kmtia_manager_desc *desc)
{
	return kmtia_manager_new(&reg->registry, desc,
				 desc->flags & KMTIA_MANAGER_FLAGS_DICTATE ?
				 &dictator_ops : &watcher_ops, NULL);
}

/**
 * fake_manager_new() - register a manager
 * @reg: where
 * @desc: as who
 *
 * Return: the manager.
 */
struct fake_manager *fake_manager_new(struct fake_registry *reg,
				      const struct kmtia_manager_desc *desc)
{
	struct fake_manager *fake = kunit_kzalloc(reg->test, sizeof(*fake),
						  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(reg->test, fake);
	fake->reg = reg;
	fake->m = kmtia_manager_new(&reg->registry, desc, &fake_ops, fake);
	KUNIT_ASSERT_FALSE(reg->test, IS_ERR(fake->m));
	refcount_inc(&fake->m->ref);
	reg->managers++;
	return fake;
}

/**
 * fake_manager_add() - register a manager that dictates, and bids when asked
 * @reg: where
 * @number: its UUID, and its name "tiaN"
 *
 * Return: the manager.
 */
struct fake_manager *fake_manager_add(struct fake_registry *reg, u8 number)
{
	const u8 uuid[KMTIA_UUID_LEN] = { number };
	const char name[] = { 't', 'i', 'a', '0' + number, 0 };
	const struct kmtia_manager_desc desc = {
		.uuid = uuid,
		.name = name,
		.flags = KMTIA_MANAGER_FLAGS_DICTATE,
	};

	return fake_manager_new(reg, &desc);
}

/**
 * fake_manager_refs() - how often is a manager pinned?
 * @fake: the manager
 *
 * Return: the number; 2 (the registry and the test) when nothing is going on.
 */
unsigned int fake_manager_refs(struct fake_manager *fake)
{
	return refcount_read(&fake->m->ref);
}

/* --- Answers --------------------------------------------------------------- */

/**
 * fake_key_byte() - what a good key consists of
 * @role: of its slot
 * @i: which byte
 *
 * Return: the byte; never 0.
 */
u8 fake_key_byte(enum kmtia_slot_role role, unsigned int i)
{
	return 0x40 + 0x40 * role + i % 0x40;
}

static void fake_slot(struct kmtia_key *key, u8 *bytes,
		      const struct kmtia_slot *slot, enum fake_answer what)
{
	unsigned int i, zero = 0;

	key->role = slot->role;
	key->key = bytes;
	key->len = kmtia_slot_bytes(slot);
	if (what == FAKE_ZERO)
		zero = (slot->bits - slot->salt_bits) / 8;
	for (i = 0; i <= key->len && i < FAKE_MAX_KEY; i++)
		bytes[i] = i < zero ? 0 : fake_key_byte(slot->role, i);
}

static void fake_secret(struct kmtia_answer *answer, u8 *bytes, bool mix)
{
	memset(bytes, 0x77, KMTIA_SECRET_MIN_LEN);
	answer->derivation = mix ? KMTIA_DERIVATION_MIX :
				   KMTIA_DERIVATION_EXPAND;
	answer->secret = bytes;
	answer->secret_len = KMTIA_SECRET_MIN_LEN;
}

/**
 * fake_request_answer() - answer a request
 * @req: the request
 * @sa: the SA that it is about
 * @what: the answer
 * @gen_key: may the keying module's own key be used if that fails?
 * @why: as in kmtia_request_answer()
 *
 * Return: as kmtia_request_answer().
 */
int fake_request_answer(struct kmtia_request *req, const struct kmtia_sa *sa,
			enum fake_answer what, bool gen_key, const char **why)
{
	u8 bytes[KMTIA_MAX_SLOTS][FAKE_MAX_KEY];
	struct kmtia_answer answer = {
		.gen_key = gen_key,
		.origin = KMTIA_ORIGIN_LOCAL,
		.key_id = "fake",
	};
	struct kmtia_key *last;
	unsigned int i;

	if (what == FAKE_CANNOT) {
		answer.status = 7;
		answer.text = "no quanta";
		return kmtia_request_answer(req, &answer, why);
	}
	if (what == FAKE_EXPAND || what == FAKE_MIX) {
		fake_secret(&answer, bytes[0], what == FAKE_MIX);
		return kmtia_request_answer(req, &answer, why);
	}
	for (i = 0; i < sa->n_slots; i++)
		fake_slot(&answer.keys[i], bytes[i], &sa->slots[i], what);
	answer.n_keys = sa->n_slots;
	last = &answer.keys[sa->n_slots - 1];
	if (what == FAKE_SHORT)
		last->len--;
	else if (what == FAKE_LONG)
		last->len++;
	else if (what == FAKE_EMPTY)
		last->len = 0;
	else if (what == FAKE_MISSING)
		answer.n_keys--;
	else if (what == FAKE_FOREIGN)
		last->role = last->role == KMTIA_SLOT_ROLE_AEAD ?
			     KMTIA_SLOT_ROLE_ENCRYPTION : KMTIA_SLOT_ROLE_AEAD;
	return kmtia_request_answer(req, &answer, why);
}

/**
 * fake_manager_answer() - answer the last question
 * @fake: who
 * @what: the answer
 *
 * Return: as kmtia_request_answer().
 */
int fake_manager_answer(struct fake_manager *fake, enum fake_answer what)
{
	const char *why;

	return fake_request_answer(fake->req, fake->req->sa, what, false, &why);
}

/* --- Decisions ------------------------------------------------------------- */

/* Time passes until the last deadline; a creator that could sleep for ever is a
 * fault of the code, and is woken.
 */
static void fake_sleep(struct fake_decision *fd)
{
	unsigned long expires;
	unsigned int i;

	while (atomic_read(&fd->d.open)) {
		if (!fake_clock_armed(&expires)) {
			KUNIT_FAIL(fd->reg->test, "nobody wakes the creator");
			for (i = 0; i < fd->d.n_requests; i++)
				kmtia_request_close(fd->d.requests[i],
						    KMTIA_REQUEST_WITHDRAWN, 0);
			return;
		}
		fake_clock_advance(time_after(expires, fake_clock_now()) ?
				   expires - fake_clock_now() : 0);
	}
}

static bool fake_wait_begin(struct kmtia_decision *d)
{
	struct fake_decision *fd = container_of(d, struct fake_decision, d);

	fd->waits++;
	if (fd->sleeps)
		fd->sleeps(fd);
	if (!fd->keep_sleeping)
		fake_sleep(fd);
	return false;
}

static void fake_wait_end(struct kmtia_decision *d, bool released)
{
}

static bool fake_key_fresh(struct kmtia_decision *d,
			   const struct kmtia_slot *slot, const u8 *key)
{
	return !container_of(d, struct fake_decision, d)->used;
}

static const struct kmtia_decision_ops fake_decision_ops = {
	.wait_begin	= fake_wait_begin,
	.wait_end	= fake_wait_end,
	.key_fresh	= fake_key_fresh,
};

/**
 * fake_decision_new() - an SA of AES-GCM that any manager may dictate
 * @reg: who is asked
 *
 * Return: the decision, to be given to kmtia_decide().
 */
struct fake_decision *fake_decision_new(struct fake_registry *reg)
{
	struct fake_decision *fd = kunit_kzalloc(reg->test, sizeof(*fd),
						 GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(reg->test, fd);
	fd->reg = reg;
	fd->rule.spec.priority = 10;
	fd->rule.spec.dictate = KMTIA_GRANT_ANY;
	fd->rule.spec.timeout = KMTIA_DEFAULT_TIMEOUT;
	fd->sa.id.family = AF_INET;
	fd->sa.id.proto = IPPROTO_ESP;
	fd->sa.id.spi = cpu_to_be32(0x1000);
	fd->sa.n_slots = 1;
	fd->sa.slots[0] = (struct kmtia_slot) {
		.role = KMTIA_SLOT_ROLE_AEAD,
		.algorithm = "rfc4106(gcm(aes))",
		.bits = 160,
		.salt_bits = 32,
		.icv_bits = 128,
		.once = true,
	};
	fd->d.ops = &fake_decision_ops;
	fd->d.registry = &reg->registry;
	fd->d.rule = &fd->rule;
	fd->d.sa = &fd->sa;
	for (i = 0; i < KMTIA_MAX_SLOTS; i++) {
		memset(fd->module_key[i], 0x11 * (i + 1), FAKE_MAX_KEY);
		fd->d.module_keys[i] = fd->module_key[i];
	}
	return fd;
}

/**
 * fake_decision_two_slots() - make the SA one of AES-CBC and HMAC-SHA256
 * @fd: the decision
 */
void fake_decision_two_slots(struct fake_decision *fd)
{
	fd->sa.n_slots = 2;
	fd->sa.slots[0] = (struct kmtia_slot) {
		.role = KMTIA_SLOT_ROLE_ENCRYPTION,
		.algorithm = "cbc(aes)",
		.bits = 128,
	};
	fd->sa.slots[1] = (struct kmtia_slot) {
		.role = KMTIA_SLOT_ROLE_AUTHENTICATION,
		.algorithm = "hmac(sha256)",
		.bits = 256,
		.icv_bits = 128,
	};
}
