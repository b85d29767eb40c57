// SPDX-License-Identifier: LGPL-2.1-or-later
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_live.h"

#define MAX_SAS 64

struct fake_live fake_live;

static struct fake_sa sas[MAX_SAS];
static size_t n_sas;

/* --- The kernel ------------------------------------------------------------------- */

static struct kmtia_sa identity_of(const struct fake_sa *sa)
{
	struct kmtia_sa id = {
		.family = sa->sa.family,
		.spi = sa->sa.spi,
		.proto = sa->sa.proto,
		.mark = sa->sa.mark,
		.mark_mask = sa->sa.mark_mask,
	};

	memcpy(id.daddr, sa->sa.daddr, sizeof(id.daddr));
	memcpy(id.saddr, sa->sa.saddr, sizeof(id.saddr));
	return id;
}

static bool has_mate(const struct fake_sa *sa)
{
	return sa->mate && sa->mate->lives;
}

static struct nl_msg *replayed(const struct fake_request *r, const struct fake_sa *from)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_NOTIFY_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);
	struct kmtia_sa sa = from->sa, mate;
	size_t i;

	for (i = 0; !fake_live.granted && i < sa.n_slots; i++)
		sa.slots[i].key = NULL;
	nla_put_u64(msg, KMTIA_A_NOTIFICATION_SEQ, from->seq);
	nla_put_u32(msg, KMTIA_A_NOTIFICATION_EVENT, KMTIA_NOTIFY_EVENT_NEW);
	fake_put_sa(msg, KMTIA_A_NOTIFICATION_SA, &sa);
	if (has_mate(from)) {
		mate = identity_of(from->mate);
		fake_put_sa(msg, KMTIA_A_NOTIFICATION_MATE, &mate);
	}
	return msg;
}

/* As the module does: those that it has not told of yet, too. */
static void dump(const struct fake_request *r)
{
	uint64_t from_seq = nla_get_u64(r->tb[KMTIA_A_NOTIFICATION_FROM_SEQ]);
	int left = fake_live.after;
	size_t i;

	assert_int_equal(r->fd, fake.event_fd);
	fake_live.from_seq = from_seq;
	if (fake_live.before)
		fake_live.before();
	for (i = 0; i < n_sas && (!fake_live.err || left); i++) {
		if (!sas[i].lives || (sas[i].seq && sas[i].seq <= from_seq))
			continue;
		fake_push(r->fd, replayed(r, &sas[i]));
		left--;
	}
	fake_done(r, fake_live.err, NULL);
}

void fake_live_begin(void)
{
	memset(&fake_live, 0, sizeof(fake_live));
	memset(sas, 0, sizeof(sas));
	n_sas = 0;
	fake.on[KMTIA_CMD_NOTIFY_GET] = dump;
}

static void give_keys(struct kmtia_sa *sa)
{
	static const char *const keys[] = {
		[KMTIA_SLOT_ROLE_ENCRYPTION] = FAKE_KEY_OUT,
		[KMTIA_SLOT_ROLE_AUTHENTICATION] = FAKE_KEY_AUTH,
		[KMTIA_SLOT_ROLE_AEAD] = FAKE_KEY_IN,
	};
	size_t i;

	for (i = 0; i < sa->n_slots; i++) {
		const char *key = keys[sa->slots[i].role];

		assert_int_equal(strlen(key) * 8, sa->slots[i].bits);
		sa->slots[i].key = (const uint8_t *)key;
		sa->slots[i].key_len = strlen(key);
	}
}

struct fake_sa *fake_sa_new(const struct kmtia_sa *like, uint64_t handle)
{
	struct fake_sa *sa = &sas[n_sas++];

	assert_in_range(n_sas, 1, MAX_SAS);
	sa->sa = *like;
	sa->sa.tracked = true;
	sa->sa.handle = handle;
	sa->lives = true;
	give_keys(&sa->sa);
	return sa;
}

void fake_sa_mates(struct fake_sa *a, struct fake_sa *b)
{
	a->mate = b;
	b->mate = a;
}

static void push(struct nl_msg *msg)
{
	fake_push(fake.event_fd, msg);
	fake_live.prev_seq = fake_live.seq;
}

void fake_sa_push(struct fake_sa *from, uint32_t event)
{
	struct kmtia_sa sa = from->sa, mate = { 0 };
	size_t i;

	fake_live.seq++;
	if (event == KMTIA_NOTIFY_EVENT_NEW)
		from->seq = fake_live.seq;
	if (event == KMTIA_NOTIFY_EVENT_DELETE || event == KMTIA_NOTIFY_EVENT_EXPIRE) {
		from->lives = false;
		sa = identity_of(from);
		sa.tracked = true;
		sa.handle = from->sa.handle;
	}
	for (i = 0; i < sa.n_slots; i++)
		sa.slots[i].key = NULL;
	if (has_mate(from))
		mate = identity_of(from->mate);
	push(fake_notification(fake_live.seq, fake_live.prev_seq, event, &sa,
			       has_mate(from) ? &mate : NULL));
}

void fake_sa_push_flush(uint8_t proto)
{
	struct nl_msg *msg = fake_notification(++fake_live.seq, fake_live.prev_seq,
					       KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL);

	nla_put_u32(msg, KMTIA_A_NOTIFICATION_PROTO, proto);
	push(msg);
}

/* --- The manager ------------------------------------------------------------------ */

static void note_keys(char *to, size_t size, const struct kmtia_sa *sa)
{
	size_t i, len = 0;

	for (i = 0; i < sa->n_slots; i++) {
		if (!sa->slots[i].key)
			continue;
		assert_true(len + sa->slots[i].key_len < size);
		memcpy(to + len, sa->slots[i].key, sa->slots[i].key_len);
		len += sa->slots[i].key_len;
	}
}

static void notify_pair(struct kmtia *h, const struct kmtia_notification *what,
			const struct kmtia_pair *pair, void *user)
{
	struct fake_pair_manager *m = user;
	struct fake_told *told = &m->told[m->n++];

	assert_in_range(m->n, 1, FAKE_MAX_TOLD);
	memset(told, 0, sizeof(*told));
	told->what = *what;
	told->keyed = pair->keyed->handle;
	if (pair->inbound) {
		told->in = *pair->inbound;
		told->inbound = pair->inbound->handle;
		note_keys(told->keys_in, sizeof(told->keys_in), pair->inbound);
	}
	if (pair->outbound) {
		told->out = *pair->outbound;
		told->outbound = pair->outbound->handle;
		note_keys(told->keys_out, sizeof(told->keys_out), pair->outbound);
	}
	if (m->on_pair)
		m->on_pair(h, m);
	/* What the callee was given stays as it is until it returns. */
	assert_int_equal(pair->keyed->handle, told->keyed);
	if (pair->inbound && pair->inbound->n_slots && pair->inbound->slots[0].key)
		assert_memory_equal(pair->inbound->slots[0].key, told->keys_in,
				    pair->inbound->slots[0].key_len);
}

struct kmtia_callbacks fake_pair_callbacks(void)
{
	struct kmtia_callbacks callbacks = fake_callbacks(KMTIA_MANAGER_FLAGS_NOTIFY);

	callbacks.key_notify_pair = notify_pair;
	return callbacks;
}

int fake_pair_register_again(struct kmtia *h, struct fake_pair_manager *m)
{
	struct kmtia_manager manager = fake_identity(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct kmtia_callbacks callbacks = fake_pair_callbacks();

	return kmtia_register(h, &manager, &callbacks, m);
}

struct kmtia *fake_pair_register(struct fake_pair_manager *m)
{
	struct kmtia *h = fake_open();

	fake_live_begin();
	fake_live.granted = true;
	memset(m, 0, sizeof(*m));
	assert_int_equal(fake_pair_register_again(h, m), 0);
	return h;
}

struct kmtia *fake_pair_begin(struct fake_pair_manager *m, struct fake_sa **in,
			      struct fake_sa **out)
{
	struct kmtia *h = fake_pair_register(m);

	*in = fake_sa_new(&fake_sa_in, 1);
	*out = fake_sa_new(&fake_sa_out, 2);
	fake_sa_mates(*in, *out);
	fake_later(0);
	return h;
}

void fake_pair_more(struct fake_sa **in, struct fake_sa **out)
{
	*in = fake_sa_new(&fake_sa_in, 3);
	*out = fake_sa_new(&fake_sa_out, 4);
	(*in)->sa.spi++;
	(*out)->sa.spi++;
	fake_sa_mates(*in, *out);
}

void fake_pair_dispatch(struct kmtia *h, const struct fake_pair_manager *m, int n)
{
	assert_in_range(kmtia_dispatch(h), 0, 100);
	assert_int_equal(m->n, n);
}

void fake_assert_told(const struct fake_pair_manager *m, int i, uint64_t inbound,
		      uint64_t outbound, uint64_t keyed)
{
	const struct fake_told *told = &m->told[i];

	assert_in_range(i, 0, m->n - 1);
	assert_int_equal(told->what.event, KMTIA_NOTIFY_EVENT_NEW);
	assert_int_equal(told->what.proto, 0);
	assert_int_equal(told->inbound, inbound);
	assert_int_equal(told->outbound, outbound);
	assert_int_equal(told->keyed, keyed);
}
