// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * No memory, at any point: nothing crashes, nothing leaks, nothing is silent. The
 * same story is told again and again, each time with another allocation failing.
 */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static const uint8_t key[] = "sixteen-byte-key-and-a-salt, or a secret of 32 bytes";

#define KEY_LEN 20
#define SECRET_LEN 32

static int troubles; /* errors that were returned */
static int listed;

static int note(int result)
{
	troubles += result < 0;
	return result;
}

static void answer(struct kmtia *h, struct fake_manager *m)
{
	const uint8_t *keys[] = { key };
	const size_t lens[] = { KEY_LEN };

	(void)h;
	if (m->dictations == 1)
		note(kmtia_answer_keys(m->req, keys, lens, 1, NULL));
	else
		note(kmtia_answer_mix(m->req, key, SECRET_LEN, NULL));
}

static void set_secret(struct kmtia *h, struct fake_manager *m)
{
	struct kmtia_secret secret = {
		.size = sizeof(secret),
		.secret = key,
		.secret_len = SECRET_LEN,
	};

	note(m->err);
	if (!m->registered)
		return;
	note(kmtia_secret_set(h, &secret));
	note(kmtia_secret_delete(h, secret.number));
}

static void ack_with_a_question_before(const struct fake_request *r)
{
	fake_push(r->fd, fake_question(KMTIA_CMD_CHECK, 100 + fake.count[KMTIA_CMD_DICTATE_REPLY],
				       &fake_sa_out, NULL, false));
	fake_ack_ok(r);
}

static void replay_one(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_NOTIFY_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);
	struct kmtia_sa sa = fake_sa_in;

	sa.slots[0].key = key;
	sa.slots[0].key_len = KEY_LEN;
	nla_put_u64(msg, KMTIA_A_NOTIFICATION_SEQ, 1);
	nla_put_u32(msg, KMTIA_A_NOTIFICATION_EVENT, KMTIA_NOTIFY_EVENT_NEW);
	fake_put_sa(msg, KMTIA_A_NOTIFICATION_SA, &sa);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void one_rule(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_RULE_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);

	nla_put_u32(msg, KMTIA_A_RULE_PRIORITY, 10);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static int list_rule(const struct kmtia_rule *rule, void *user)
{
	(void)rule;
	(void)user;
	listed++;
	return 0;
}

static void be_a_manager(struct kmtia *h, struct fake_manager *m)
{
	const uint32_t flags = KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY;
	struct kmtia_manager manager = fake_identity(flags);
	struct kmtia_callbacks callbacks = fake_callbacks(flags);
	int i;

	manager.grace_ms = 1;
	if (note(kmtia_register(h, &manager, &callbacks, m)))
		return;
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 1, &fake_sa_in, NULL, false));
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 3, &fake_sa_in, NULL, false));
	/* Once more, should the first end with an error. */
	for (i = 0; i < 2; i++)
		note(kmtia_dispatch(h));
	note(kmtia_notify_get(h, 0));
	fake_unload();
	fake_load();
	for (i = 0; i < 2; i++)
		note(kmtia_dispatch(h));
	note(m->registered ? 0 : -1);
	note(kmtia_unregister(h));
}

static void on_event(struct kmtia *h, const struct kmtia_event *event, void *user)
{
	(void)h;
	(void)event;
	(void)user;
}

static void administer(struct kmtia *h)
{
	struct kmtia_rule rule = { .size = sizeof(rule), .priority = 10 };

	fake_unload();
	fake_load();
	note(kmtia_rule_add(h, &rule));
	note(kmtia_rules(h, list_rule, NULL));
	note(kmtia_rule_flush(h));
	note(kmtia_manager_delete(h, fake_uuid));
	note(kmtia_monitor(h, on_event, NULL));
}

static void tell_the_story(struct fake_manager *m)
{
	struct kmtia *h;

	fake.on[KMTIA_CMD_DICTATE_REPLY] = ack_with_a_question_before;
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_one;
	fake.on[KMTIA_CMD_RULE_GET] = one_rule;
	memset(m, 0, sizeof(*m));
	m->on_dictation = answer;
	m->on_registration = set_secret;
	troubles = 0;
	listed = 0;
	if (note(kmtia_open(&h))) {
		assert_null(h);
		return;
	}
	be_a_manager(h, m);
	administer(h);
	kmtia_close(h);
}

static void without_memory_nothing_breaks_or_is_silent(void **state)
{
	struct fake_manager m;
	int n, failures = 0;

	(void)state;
	for (n = 1; n < 1000; n++) {
		fake_reset();
		fake_secret(key, KEY_LEN);
		fake_fail_allocation(n);
		tell_the_story(&m);
		assert_int_equal(fake.sockets, 0);
		assert_int_equal(fake_secret_leaked(), 0);
		if (!fake_allocation_failed())
			break;
		failures++;
		/* A bid that could not be sent, or a request that could not be
		 * made, is as if nobody were there: the kernel's deadline. */
		if (!troubles && !m.overruns && m.dictations == 2 &&
		    fake.count[KMTIA_CMD_CHECK_REPLY] == 2)
			fail_msg("allocation %d failed silently", n);
	}
	assert_in_range(failures, 30, 998);
	/* And the last time all went well. */
	assert_int_equal(troubles, 0);
	assert_int_equal(m.dictations, 2);
	assert_int_equal(m.checks, 2);
	assert_int_equal(m.notifications, 1);
	assert_int_equal(m.overruns, 0);
	assert_int_equal(m.registrations, 2);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_SET], 1);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_DEL], 2);
	assert_int_equal(fake.joined, fake.group);
	assert_int_equal(listed, 1);
	fake_reset();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_breaks_or_is_silent),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
