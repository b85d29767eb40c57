// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "fake_manager.h"

const uint8_t fake_uuid[KMTIA_UUID_LEN] = {
	0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8
};

static void note_pair(struct fake_manager *m, const struct kmtia_pair *pair)
{
	struct fake_pair *p = &m->pair;
	size_t i;

	memset(p, 0, sizeof(*p));
	memset(m->keys, 0, sizeof(m->keys));
	m->live = pair;
	p->given = pair;
	if (!pair)
		return;
	assert_non_null(pair->keyed);
	p->keyed = *pair->keyed;
	p->has_inbound = pair->inbound;
	p->has_outbound = pair->outbound;
	p->keyed_is_inbound = pair->inbound == pair->keyed;
	p->keyed_is_outbound = pair->outbound == pair->keyed;
	if (pair->inbound)
		p->inbound = *pair->inbound;
	if (pair->outbound)
		p->outbound = *pair->outbound;
	for (i = 0; i < pair->keyed->n_slots; i++) {
		const struct kmtia_slot *slot = &pair->keyed->slots[i];

		assert_true(slot->key_len <= sizeof(m->keys[i]));
		if (slot->key)
			memcpy(m->keys[i], slot->key, slot->key_len);
	}
}

static void check(struct kmtia *h, const struct kmtia_pair *pair, bool *will_dictate,
		  uint32_t *weight, void *user)
{
	struct fake_manager *m = user;

	m->checks++;
	m->preset_will = *will_dictate;
	m->preset_weight = *weight;
	note_pair(m, pair);
	*will_dictate = m->will_dictate;
	if (m->sets_weight)
		*weight = m->weight;
	if (m->on_check)
		m->on_check(h, m);
}

static void dictation(struct kmtia *h, struct kmtia_request *req,
		      const struct kmtia_pair *pair, void *user)
{
	struct fake_manager *m = user;

	m->dictations++;
	m->req = req;
	note_pair(m, pair);
	if (m->on_dictation)
		m->on_dictation(h, m);
}

static void notify(struct kmtia *h, const struct kmtia_notification *what,
		   const struct kmtia_pair *pair, void *user)
{
	struct fake_manager *m = user;

	m->notifications++;
	m->what = *what;
	note_pair(m, pair);
	if (m->on_notify)
		m->on_notify(h, m);
}

static void overrun(struct kmtia *h, void *user)
{
	struct fake_manager *m = user;

	m->overruns++;
	if (m->on_overrun)
		m->on_overrun(h, m);
}

static void registration(struct kmtia *h, bool registered, int err, void *user)
{
	struct fake_manager *m = user;

	m->registrations++;
	m->registered = registered;
	m->err = err;
	strncpy(m->sentence, kmtia_strerror(h, err), sizeof(m->sentence) - 1);
	if (m->on_registration)
		m->on_registration(h, m);
}

struct kmtia_manager fake_identity(uint32_t flags)
{
	struct kmtia_manager manager = {
		.size = sizeof(manager),
		.name = "test",
		.description = "a manager that notes",
		.flags = flags,
	};

	memcpy(manager.uuid, fake_uuid, sizeof(fake_uuid));
	return manager;
}

struct kmtia_callbacks fake_callbacks(uint32_t flags)
{
	struct kmtia_callbacks callbacks = {
		.size = sizeof(callbacks),
		.key_notify = notify,
		.overrun = overrun,
		.registration = registration,
	};

	if (flags & KMTIA_MANAGER_FLAGS_DICTATE) {
		callbacks.key_dictation_check = check;
		callbacks.key_dictation = dictation;
	}
	return callbacks;
}

struct kmtia *fake_register(struct fake_manager *m)
{
	const uint32_t flags = KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY;
	struct kmtia_manager manager = fake_identity(flags);
	struct kmtia_callbacks callbacks = fake_callbacks(flags);
	struct kmtia *h = fake_open();

	memset(m, 0, sizeof(*m));
	assert_int_equal(kmtia_register(h, &manager, &callbacks, m), 0);
	return h;
}
