// SPDX-License-Identifier: LGPL-2.1-or-later
/* Notifications, as they come and as they are fetched; losses. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static const uint8_t secret[] = "twenty-key-bytes-xyz";

#define SECRET_LEN 20

static void push(uint64_t seq, uint64_t prev, uint32_t event)
{
	fake_push(fake.event_fd, fake_notification(seq, prev, event, &fake_sa_in, &fake_sa_out));
}

/* --- As they come ------------------------------------------------------------------ */

static void a_notification_is_passed_on(void **state)
{
	struct kmtia_sa sa = fake_sa_out;
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	sa.tracked = true;
	sa.handle = 99;
	sa.origin = KMTIA_ORIGIN_LOCAL;
	fake_push(fake.event_fd, fake_notification(1ULL << 35, 0, KMTIA_NOTIFY_EVENT_NEW, &sa,
						   &fake_sa_in));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.notifications, 1);
	assert_int_equal(m.what.seq, 1ULL << 35);
	assert_int_equal(m.what.event, KMTIA_NOTIFY_EVENT_NEW);
	assert_false(m.what.replayed);
	assert_true(m.pair.keyed_is_outbound);
	assert_int_equal(m.pair.keyed.spi, sa.spi);
	assert_true(m.pair.keyed.tracked);
	assert_int_equal(m.pair.keyed.handle, 99);
	assert_int_equal(m.pair.keyed.origin, KMTIA_ORIGIN_LOCAL);
	assert_int_equal(m.pair.inbound.spi, fake_sa_in.spi);
	assert_int_equal(m.overruns, 0);
	fake_close(h);
}

static void a_flush_has_no_pair(void **state)
{
	struct nl_msg *msg = fake_notification(1, 0, KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL);
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	nla_put_u32(msg, KMTIA_A_NOTIFICATION_PROTO, IPPROTO_AH);
	fake_push(fake.event_fd, msg);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.what.event, KMTIA_NOTIFY_EVENT_FLUSH);
	assert_int_equal(m.what.proto, IPPROTO_AH);
	assert_false(m.pair.given);
	fake_push(fake.event_fd, fake_notification(2, 1, KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.what.proto, 0);
	fake_close(h);
}

/* --- Losses -------------------------------------------------------------------------- */

static void numbers_in_a_row_are_no_loss(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	push(3, 0, KMTIA_NOTIFY_EVENT_NEW); /* 1 and 2 were not for us */
	push(9, 3, KMTIA_NOTIFY_EVENT_NEW);
	push(10, 9, KMTIA_NOTIFY_EVENT_DELETE);
	assert_int_equal(kmtia_dispatch(h), 3);
	assert_int_equal(m.notifications, 3);
	assert_int_equal(m.overruns, 0);
	fake_close(h);
}

static void a_skipped_number_is_a_loss(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	push(3, 0, KMTIA_NOTIFY_EVENT_NEW);
	push(10, 9, KMTIA_NOTIFY_EVENT_NEW); /* 9 was sent, and is not here */
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.notifications, 2);
	assert_int_equal(m.overruns, 1);
	/* Once for each loss, not for ever after. */
	push(11, 10, KMTIA_NOTIFY_EVENT_NEW);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.overruns, 1);
	fake_close(h);
}

static void the_first_of_all_may_be_lost_too(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	push(7, 6, KMTIA_NOTIFY_EVENT_NEW);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.overruns, 1);
	fake_close(h);
}

static void the_numbers_begin_anew_with_a_registration(void **state)
{
	const uint32_t flags = KMTIA_MANAGER_FLAGS_NOTIFY;
	struct kmtia_manager manager = fake_identity(flags);
	struct kmtia_callbacks callbacks = fake_callbacks(flags);
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	push(7, 0, KMTIA_NOTIFY_EVENT_NEW);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	push(8, 0, KMTIA_NOTIFY_EVENT_NEW);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.overruns, 0);
	fake_close(h);
}

static void a_full_socket_is_a_loss_and_no_end(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	push(1, 0, KMTIA_NOTIFY_EVENT_NEW);
	fake_push_errno(fake.event_fd, ENOBUFS);
	push(2, 1, KMTIA_NOTIFY_EVENT_NEW);
	/* All that is there first, then one report. */
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.notifications, 2);
	assert_int_equal(m.overruns, 1);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_int_equal(m.overruns, 1);
	fake_close(h);
}

static void lose_then_ack(const struct fake_request *r)
{
	fake_push_errno(r->fd, ENOBUFS);
	fake_ack_ok(r);
}

static void a_loss_seen_by_a_command_is_reported_by_dispatch(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 1, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	fake.on[KMTIA_CMD_DICTATE_REPLY] = lose_then_ack;
	assert_int_equal(kmtia_answer_cannot(m.req, 1, NULL, NULL), 0);
	assert_int_equal(m.overruns, 0);
	assert_true(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_int_equal(m.overruns, 1);
	assert_false(fake_readable(h));
	fake_close(h);
}

static void without_an_overrun_callback_losses_pass(void **state)
{
	const uint32_t flags = KMTIA_MANAGER_FLAGS_NOTIFY;
	struct kmtia_manager manager = fake_identity(flags);
	struct kmtia_callbacks callbacks = fake_callbacks(flags);
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	callbacks.overrun = NULL;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	fake_push_errno(fake.event_fd, ENOBUFS);
	push(10, 9, KMTIA_NOTIFY_EVENT_NEW);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.notifications, 1);
	assert_int_equal(m.overruns, 0);
	assert_false(fake_readable(h));
	fake_close(h);
}

static void an_unreadable_notification_is_a_loss(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	struct nl_msg *no_event = fake_message(KMTIA_CMD_NOTIFY, 0, 0);
	struct nl_msg *wild_proto = fake_notification(5, 4, KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL);

	(void)state;
	nla_put_u64(no_event, KMTIA_A_NOTIFICATION_SEQ, 1);
	nla_put_u64(no_event, KMTIA_A_NOTIFICATION_PREV_SEQ, 0);
	fake_push(fake.event_fd, no_event);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.overruns, 1);
	/* Without an SA. */
	fake_push(fake.event_fd, fake_notification(2, 1, KMTIA_NOTIFY_EVENT_NEW, NULL, NULL));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.overruns, 2);
	/* A protocol beyond all. */
	push(4, 2, KMTIA_NOTIFY_EVENT_NEW);
	nla_put_u32(wild_proto, KMTIA_A_NOTIFICATION_PROTO, 256);
	fake_push(fake.event_fd, wild_proto);
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.overruns, 3);
	assert_int_equal(m.notifications, 1);
	fake_close(h);
}

/* --- As they are fetched ---------------------------------------------------------------- */

static struct kmtia_sa keyed_sa(const struct kmtia_sa *sa)
{
	struct kmtia_sa keyed = *sa;

	keyed.slots[0].key = secret;
	keyed.slots[0].key_len = SECRET_LEN;
	keyed.tracked = true;
	keyed.handle = sa->spi;
	return keyed;
}

static struct nl_msg *replayed(const struct fake_request *r, uint64_t seq,
			       const struct kmtia_sa *sa)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_NOTIFY_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);
	struct kmtia_sa keyed = keyed_sa(sa);

	nla_put_u64(msg, KMTIA_A_NOTIFICATION_SEQ, seq);
	nla_put_u32(msg, KMTIA_A_NOTIFICATION_EVENT, KMTIA_NOTIFY_EVENT_NEW);
	fake_put_sa(msg, KMTIA_A_NOTIFICATION_SA, &keyed);
	return msg;
}

static void replay_two(const struct fake_request *r)
{
	fake_push(r->fd, replayed(r, 4, &fake_sa_in));
	fake_push(r->fd, replayed(r, 6, &fake_sa_out));
	fake_done(r, 0, NULL);
}

static void fetching_calls_back_with_keys(void **state)
{
	const struct fake_request *r;
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_two;
	assert_int_equal(kmtia_notify_get(h, 1ULL << 33), 2);
	r = fake_last(KMTIA_CMD_NOTIFY_GET);
	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP);
	assert_int_equal(nla_len(r->tb[KMTIA_A_NOTIFICATION_FROM_SEQ]), 8);
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_NOTIFICATION_FROM_SEQ]), 1ULL << 33);
	assert_int_equal(m.notifications, 2);
	assert_true(m.what.replayed);
	assert_int_equal(m.what.seq, 6);
	assert_int_equal(m.pair.keyed.slots[0].key_len, SECRET_LEN);
	assert_memory_equal(m.keys[0], secret, SECRET_LEN);
	assert_null(m.pair.keyed.slots[1].key);
	/* What is fetched is no part of what comes by itself. */
	push(8, 0, KMTIA_NOTIFY_EVENT_NEW);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.overruns, 0);
	fake_close(h);
}

static void fetched_keys_are_wiped(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_two;
	fake_secret(secret, SECRET_LEN);
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	assert_int_equal(fake_secret_passed(), 2);
	assert_int_equal(fake_secret_leaked(), 0);
	assert_false(fake_secret_in_buffer());
	kmtia_close(h);
	assert_int_equal(fake_secret_leaked(), 0);
	fake_reset();
}

static void replay_and_ask(const struct fake_request *r)
{
	struct kmtia_sa keyed = keyed_sa(&fake_sa_in);

	fake_push(r->fd, replayed(r, 4, &fake_sa_in));
	fake_push(r->fd, fake_question(KMTIA_CMD_DICTATE, 50, &keyed, NULL, false));
	fake_push(r->fd, replayed(r, 6, &fake_sa_out));
	fake_push(r->fd, fake_notification(7, 0, KMTIA_NOTIFY_EVENT_DELETE, &fake_sa_in, NULL));
	fake_done(r, 0, NULL);
}

static void what_comes_while_fetching_waits_and_wakes(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_and_ask;
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	assert_int_equal(m.notifications, 2);
	assert_int_equal(m.dictations, 0);
	assert_true(fake_readable(h));
	fake_secret(secret, SECRET_LEN);
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.notifications, 3);
	assert_int_equal(m.what.event, KMTIA_NOTIFY_EVENT_DELETE);
	assert_int_equal(m.dictations, 1);
	/* A question has no keys; had it some, they would not be kept. */
	assert_null(kmtia_request_pair(m.req)->keyed->slots[0].key);
	assert_int_equal(fake_secret_leaked(), 0);
	kmtia_request_drop(m.req);
	fake_close(h);
}

static struct kmtia_request *held;

static void answer_held(struct kmtia *h, struct fake_manager *m)
{
	(void)h;
	(void)m;
	if (held)
		assert_int_equal(kmtia_answer_cannot(held, 1, NULL, NULL), 0);
	held = NULL;
}

static void an_answer_while_fetching_does_not_disturb_it(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 1, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	held = m.req;
	/* When the answer's ACK comes, the rest of the list is before it. */
	m.on_notify = answer_held;
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_and_ask;
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	assert_null(held);
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.dictations, 2);
	kmtia_request_drop(m.req);
	fake_close(h);
}

static void fetch(struct kmtia *h, struct fake_manager *m)
{
	m->result = kmtia_notify_get(h, 0);
}

static void fetching_after_an_overrun_works_in_its_callback(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_overrun = fetch;
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_and_ask;
	fake_push_errno(fake.event_fd, ENOBUFS);
	/* The question and the notification that came meanwhile are handled, too. */
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.result, 2);
	assert_int_equal(m.overruns, 1);
	assert_int_equal(m.notifications, 3);
	assert_int_equal(m.dictations, 1);
	assert_false(fake_readable(h));
	kmtia_request_drop(m.req);
	fake_close(h);
}

static void unregister(struct kmtia *h, struct fake_manager *m)
{
	(void)m;
	assert_int_equal(kmtia_unregister(h), 0);
}

static void the_callback_may_unregister_while_fetching(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_notify = unregister;
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_two;
	fake_secret(secret, SECRET_LEN);
	assert_int_equal(kmtia_notify_get(h, 0), -ENOTCONN);
	assert_int_equal(m.notifications, 1);
	assert_int_equal(fake_secret_leaked(), 0);
	fake_close(h);
}

static void refuse(const struct fake_request *r)
{
	fake_ack(r, -EPERM, &(struct fake_extack){ .text = "not a manager" });
}

static void replay_one_and_fail(const struct fake_request *r)
{
	fake_push(r->fd, replayed(r, 4, &fake_sa_in));
	fake_done(r, -ENOMEM, "out of memory half-way");
}

static void replay_without_sa(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_NOTIFY_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);

	nla_put_u64(msg, KMTIA_A_NOTIFICATION_SEQ, 1);
	nla_put_u32(msg, KMTIA_A_NOTIFICATION_EVENT, KMTIA_NOTIFY_EVENT_NEW);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void failures_while_fetching_are_reported(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_NOTIFY_GET] = refuse;
	assert_int_equal(kmtia_notify_get(h, 0), -EPERM);
	assert_string_equal(kmtia_strerror(h, -EPERM), "not a manager (Operation not permitted)");
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_one_and_fail;
	assert_int_equal(kmtia_notify_get(h, 0), -ENOMEM);
	assert_string_equal(kmtia_strerror(h, -ENOMEM),
			    "out of memory half-way (Cannot allocate memory)");
	assert_int_equal(m.notifications, 1);
	fake.on[KMTIA_CMD_NOTIFY_GET] = replay_without_sa;
	assert_int_equal(kmtia_notify_get(h, 0), -EBADMSG);
	assert_int_equal(m.notifications, 1);
	fake.on[KMTIA_CMD_NOTIFY_GET] = fake_dump_empty;
	assert_int_equal(kmtia_notify_get(h, 0), 0);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notification_is_passed_on),
		cmocka_unit_test(a_flush_has_no_pair),
		cmocka_unit_test(numbers_in_a_row_are_no_loss),
		cmocka_unit_test(a_skipped_number_is_a_loss),
		cmocka_unit_test(the_first_of_all_may_be_lost_too),
		cmocka_unit_test(the_numbers_begin_anew_with_a_registration),
		cmocka_unit_test(a_full_socket_is_a_loss_and_no_end),
		cmocka_unit_test(a_loss_seen_by_a_command_is_reported_by_dispatch),
		cmocka_unit_test(without_an_overrun_callback_losses_pass),
		cmocka_unit_test(an_unreadable_notification_is_a_loss),
		cmocka_unit_test(fetching_calls_back_with_keys),
		cmocka_unit_test(fetched_keys_are_wiped),
		cmocka_unit_test(what_comes_while_fetching_waits_and_wakes),
		cmocka_unit_test(an_answer_while_fetching_does_not_disturb_it),
		cmocka_unit_test(fetching_after_an_overrun_works_in_its_callback),
		cmocka_unit_test(the_callback_may_unregister_while_fetching),
		cmocka_unit_test(failures_while_fetching_are_reported),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
