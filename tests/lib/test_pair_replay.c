// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pairs that are replayed; losses, and what cannot be fetched. */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_live.h"

#define NEW KMTIA_NOTIFY_EVENT_NEW

static struct fake_sa *in, *out;

/* --- Replays -------------------------------------------------------------------------- */

static void what_lives_at_a_late_start_is_told_in_pairs(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);
	struct fake_sa *alone;

	(void)state;
	in->seq = 6;
	out->seq = 7;
	alone = fake_sa_new(&fake_sa_in, 3);
	alone->sa.spi++;
	alone->seq = 8;
	/* It need not wait; if it were younger, it would, for the rest of the time. */
	alone->sa.age_ms = KMTIA_PAIR_WAIT_MS;
	assert_int_equal(kmtia_notify_get(h, 0), 3);
	assert_int_equal(m.m.notifications, 3);
	assert_int_equal(m.n, 0);
	/* As ever, it is kmtia_dispatch() that calls back, and the descriptor that says so. */
	assert_true(fake_readable(h));
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 0, 1, 2, 2);
	assert_true(m.told[0].what.replayed);
	assert_int_equal(m.told[0].what.seq, 7);
	assert_string_equal(m.told[0].keys_in, FAKE_KEY_IN);
	assert_string_equal(m.told[0].keys_out, FAKE_KEY_OUT FAKE_KEY_AUTH);
	fake_assert_told(&m, 1, 3, 0, 3);
	assert_int_equal(fake_live.from_seq, 5);
	assert_false(fake_readable(h));
	fake_close(h);
}

static void what_was_told_is_not_told_again_when_it_is_replayed(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	assert_false(fake_readable(h));
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(m.m.notifications, 6);
	/* Once it is gone, it is forgotten. */
	fake_sa_push(in, KMTIA_NOTIFY_EVENT_DELETE);
	fake_pair_dispatch(h, &m, 1);
	in->lives = true;
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_pair_dispatch(h, &m, 2);
	fake_close(h);
}

/* The kernel's worker lags: the SA is listed before it is told of, and has no number yet. */
static void what_is_told_after_it_was_replayed_is_not_told_again(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 2, 2);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	fake_later(60000);
	fake_pair_dispatch(h, &m, 1);
	/* By now they have numbers, and are flushed by them. */
	assert_int_equal(m.m.overruns, 0);
	fake_sa_push_flush(0);
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_pair_dispatch(h, &m, 2);
	fake_close(h);
}

/* A flush that was told of before the list was made, but is read after it */
static void what_has_no_number_is_not_flushed(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_push_flush(0);
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_pair_dispatch(h, &m, 1);
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	fake_close(h);
}

static void a_replay_ends_the_wait(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	out->lives = false;
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 0);
	assert_int_equal(kmtia_notify_get(h, 0), 1);
	fake_pair_dispatch(h, &m, 0);
	out->lives = true;
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 2, 2);
	assert_true(m.told[0].what.replayed);
	fake_close(h);
}

/* --- Losses --------------------------------------------------------------------------- */

static void fetch(struct kmtia *h, struct fake_manager *m)
{
	m->result = kmtia_notify_get(h, 0);
}

static void after_a_loss_each_pair_is_told_once(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);
	struct fake_sa *a, *b;

	(void)state;
	fake_pair_more(&a, &b);
	m.m.on_overrun = fetch;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_sa_push(a, NEW);
	fake_push_errno(fake.event_fd, ENOBUFS); /* that was @b */
	b->seq = ++fake_live.seq;
	fake_pair_dispatch(h, &m, 2);
	assert_int_equal(m.m.overruns, 1);
	assert_int_equal(m.m.result, 4);
	fake_assert_told(&m, 0, 1, 2, 2);
	assert_false(m.told[0].what.replayed);
	fake_assert_told(&m, 1, 3, 4, 4);
	assert_true(m.told[1].what.replayed);
	fake_later(60000);
	fake_pair_dispatch(h, &m, 2);
	fake_close(h);
}

static void what_cannot_be_fetched_is_told_without_keys(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_live.err = -ENOMEM;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 2, 2);
	assert_string_equal(m.told[0].keys_in, "");
	assert_string_equal(m.told[0].keys_out, "");
	assert_int_equal(m.told[0].in.spi, fake_sa_in.spi);
	assert_int_equal(m.told[0].in.slots[0].bits, 160);
	/* And this is said. */
	assert_int_equal(m.m.overruns, 1);
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(m.m.overruns, 1);
	fake_close(h);
}

static void fail_the_next(void)
{
	if (fake.count[KMTIA_CMD_NOTIFY_GET] > 1)
		fake_live.err = -ENOMEM;
}

/* The keys by which it was replayed are wiped by then, and not to be shown. */
static void what_was_replayed_and_cannot_be_fetched_is_told_without_keys(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_live.before = fail_the_next;
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	assert_non_null(m.m.pair.keyed.slots[0].key);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 2, 2);
	assert_string_equal(m.told[0].keys_in, "");
	assert_null(m.told[0].out.slots[1].key);
	assert_int_equal(m.told[0].out.slots[1].key_len, 0);
	fake_close(h);
}

static void what_was_fetched_before_it_failed_counts(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);
	struct fake_sa *a, *b;

	(void)state;
	fake_pair_more(&a, &b);
	out->lives = false;
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 0);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 1);
	out->lives = true;
	fake_live.err = -EIO;
	fake_live.after = 2;
	fake_sa_push(out, NEW);
	fake_sa_push(a, NEW);
	fake_sa_push(b, NEW);
	fake_pair_dispatch(h, &m, 3);
	fake_assert_told(&m, 1, 1, 2, 2);
	assert_string_equal(m.told[1].keys_in, FAKE_KEY_IN);
	fake_assert_told(&m, 2, 3, 4, 4);
	assert_string_equal(m.told[2].keys_in, "");
	/* Of one that was told of before nothing is known then. */
	in->lives = false;
	in = fake_sa_new(&fake_sa_in, 5);
	in->sa.spi = 0xc0000005;
	fake_sa_mates(in, out);
	fake_live.after = 0;
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 4);
	fake_assert_told(&m, 3, 5, 0, 5);
	fake_close(h);
}

static void list_without_sa(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_NOTIFY_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);

	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void a_malformed_list_is_a_failure(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake.on[KMTIA_CMD_NOTIFY_GET] = list_without_sa;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	assert_string_equal(m.told[0].keys_in, "");
	assert_int_equal(m.m.overruns, 1);
	fake_close(h);
}

static void a_list_may_have_an_sa_twice(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_new(&fake_sa_in, 1);
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	assert_string_equal(m.told[0].keys_in, FAKE_KEY_IN);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lives_at_a_late_start_is_told_in_pairs),
		cmocka_unit_test(what_was_told_is_not_told_again_when_it_is_replayed),
		cmocka_unit_test(what_is_told_after_it_was_replayed_is_not_told_again),
		cmocka_unit_test(what_has_no_number_is_not_flushed),
		cmocka_unit_test(a_replay_ends_the_wait),
		cmocka_unit_test(after_a_loss_each_pair_is_told_once),
		cmocka_unit_test(what_cannot_be_fetched_is_told_without_keys),
		cmocka_unit_test(what_was_replayed_and_cannot_be_fetched_is_told_without_keys),
		cmocka_unit_test(what_was_fetched_before_it_failed_counts),
		cmocka_unit_test(a_malformed_list_is_a_failure),
		cmocka_unit_test(a_list_may_have_an_sa_twice),
	};

	return cmocka_run_group_tests_name("pair replay", tests, NULL, NULL);
}
