// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pairs: two SAs are told of at once, with their keys; the wait for the second. */
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include <linux/udp.h>

#include "fake_live.h"

#define NEW KMTIA_NOTIFY_EVENT_NEW

static struct fake_sa *in, *out;

/* --- Both are there ------------------------------------------------------------------ */

static void assert_keys(const struct fake_told *told)
{
	assert_string_equal(told->keys_in, FAKE_KEY_IN);
	assert_string_equal(told->keys_out, FAKE_KEY_OUT FAKE_KEY_AUTH);
}

static void a_pair_is_told_once_inbound_first(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	/* The kernel names no mate then. */
	out->lives = false;
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 0);
	out->lives = true;
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 2, 2);
	assert_int_equal(m.told[0].what.seq, 2);
	assert_false(m.told[0].what.replayed);
	assert_keys(&m.told[0]);
	/* Each by itself, as ever, without keys. */
	assert_int_equal(m.m.notifications, 2);
	assert_null(m.m.pair.keyed.slots[0].key);
	fake_later(60000);
	assert_false(fake_readable(h));
	fake_pair_dispatch(h, &m, 1);
	fake_close(h);
}

static void a_pair_is_told_once_outbound_first(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_push(out, NEW);
	fake_sa_push(in, NEW);
	/* Both at once, as far as the library sees. */
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 2, 1);
	assert_keys(&m.told[0]);
	fake_later(60000);
	fake_pair_dispatch(h, &m, 1);
	fake_close(h);
}

static void all_that_is_known_of_both_is_told(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);
	const struct kmtia_sa *sa = &m.told[0].in;

	(void)state;
	in->sa.encap_type = UDP_ENCAP_ESPINUDP;
	in->sa.encap_sport = 4500;
	in->sa.encap_dport = 61234;
	in->sa.hard_add_expires = 3600;
	in->sa.soft_byte_limit = 1ULL << 40;
	in->sa.selector = (struct kmtia_selector){
		.family = AF_INET,
		.daddr = { 10 },
		.daddr_len = 8,
		.proto = IPPROTO_TCP,
		.dport = 443,
		.dport_mask = 0xffff,
	};
	in->sa.has_rule = true;
	in->sa.rule = 10;
	in->sa.origin = KMTIA_ORIGIN_LOCAL;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(sa->spi, fake_sa_in.spi);
	assert_int_equal(sa->encap_type, UDP_ENCAP_ESPINUDP);
	assert_int_equal(sa->encap_sport, 4500);
	assert_int_equal(sa->encap_dport, 61234);
	assert_int_equal(sa->hard_add_expires, 3600);
	assert_int_equal(sa->soft_byte_limit, 1ULL << 40);
	assert_memory_equal(&sa->selector, &in->sa.selector, sizeof(sa->selector));
	assert_int_equal(sa->rule, 10);
	assert_int_equal(sa->origin, KMTIA_ORIGIN_LOCAL);
	assert_string_equal(sa->slots[0].algorithm, "rfc4106(gcm(aes))");
	assert_int_equal(sa->slots[0].bits, 160);
	assert_int_equal(m.told[0].out.spi, fake_sa_out.spi);
	assert_string_equal(m.told[0].out.slots[1].algorithm, "hmac(sha256)");
	assert_int_equal(m.told[0].out.reqid, 5);
	fake_close(h);
}

static void without_a_grant_there_are_no_keys(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_live.granted = false;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 2, 2);
	assert_null(m.told[0].in.slots[0].key);
	assert_null(m.told[0].out.slots[0].key);
	assert_null(m.told[0].out.slots[1].key);
	assert_int_equal(m.m.overruns, 0);
	fake_close(h);
}

static void keys_are_wiped_when_they_were_told(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_secret(FAKE_KEY_IN, strlen(FAKE_KEY_IN));
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(fake_secret_passed(), 1);
	/* And what is kept while it waits never has keys. */
	in->lives = false;
	in = fake_sa_new(&fake_sa_in, 3);
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	assert_int_equal(fake_secret_passed(), 2);
	assert_int_equal(fake_secret_leaked(), 0);
	assert_false(fake_secret_in_buffer());
	kmtia_close(h);
	assert_int_equal(fake_secret_leaked(), 0);
	fake_reset();
}

static void a_burst_is_fetched_at_once(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);
	struct kmtia_sa sa = fake_sa_in, mate = fake_sa_out;
	struct fake_sa *a, *b;
	uint64_t i;

	(void)state;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	for (i = 10; i < 30; i += 2) {
		/* In the same row of the notes, too. */
		sa.spi += 1024;
		mate.spi++;
		a = fake_sa_new(&sa, i);
		b = fake_sa_new(&mate, i + 1);
		fake_sa_mates(a, b);
		fake_sa_push(a, NEW);
		fake_sa_push(b, NEW);
	}
	fake_pair_dispatch(h, &m, 11);
	for (i = 10; i < 30; i += 2)
		fake_assert_told(&m, (int)i / 2 - 4, i, i + 1, i + 1);
	/* No more than what is needed. */
	assert_int_equal(fake.count[KMTIA_CMD_NOTIFY_GET], 2);
	assert_int_equal(fake_live.from_seq, 2);
	fake_close(h);
}

/* A pair shows an SA as inbound or as outbound; a guess would be worse than none. */
static void two_of_unknown_direction_are_told_one_by_one(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	in->sa.direction = KMTIA_DIRECTION_UNKNOWN;
	out->sa.direction = KMTIA_DIRECTION_UNKNOWN;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 0, 0, 0, 1);
	fake_assert_told(&m, 1, 0, 0, 2);
	fake_later(60000);
	fake_pair_dispatch(h, &m, 2);
	fake_close(h);
}

/* --- The wait ------------------------------------------------------------------------- */

static void an_sa_alone_is_told_when_the_wait_ends(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	out->lives = false;
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 0);
	assert_false(fake_readable(h));
	fake_later(KMTIA_PAIR_WAIT_MS - 1);
	assert_false(fake_readable(h));
	fake_pair_dispatch(h, &m, 0);
	fake_later(1);
	assert_true(fake_readable(h));
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 0, 1);
	assert_int_equal(m.told[0].what.seq, 1);
	assert_string_equal(m.told[0].keys_in, FAKE_KEY_IN);
	assert_false(fake_readable(h));
	fake_close(h);
}

/* By the real clock. */
static void the_end_of_the_wait_wakes_who_polls(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_register(&m);
	struct pollfd p = { .fd = kmtia_get_fd(h), .events = POLLIN };

	(void)state;
	fake_sa_push(fake_sa_new(&fake_sa_in, 1), NEW);
	fake_pair_dispatch(h, &m, 0);
	assert_int_equal(poll(&p, 1, 60000), 1);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 0, 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	fake_close(h);
}

/* It may be that the rule lets the manager watch one of the two only. */
static void a_mate_that_is_only_named_is_waited_for(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 0);
	assert_int_equal(m.m.pair.inbound.spi, fake_sa_in.spi);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 0, 2, 2);
	fake_close(h);
}

static void each_waits_for_itself(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);
	struct fake_sa *third = fake_sa_new(&fake_sa_in, 3);

	(void)state;
	out->lives = false;
	third->sa.spi = 0xc0000003;
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 0);
	fake_later(KMTIA_PAIR_WAIT_MS / 2);
	fake_sa_push(third, NEW);
	fake_pair_dispatch(h, &m, 0);
	fake_later(KMTIA_PAIR_WAIT_MS / 2);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 1, 0, 1);
	assert_false(fake_readable(h));
	fake_later(KMTIA_PAIR_WAIT_MS / 2);
	assert_true(fake_readable(h));
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 1, 3, 0, 3);
	fake_close(h);
}

static void a_late_mate_is_told_with_the_first(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	out->lives = false;
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 0);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 1);
	out->lives = true;
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 1, 1, 2, 2);
	assert_keys(&m.told[1]);
	fake_later(60000);
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_pair_dispatch(h, &m, 2);
	fake_close(h);
}

/* --- Which end before ------------------------------------------------------------------ */

static void who_ends_while_it_waits_is_not_told_of(void **state)
{
	static const uint32_t ends[] = { KMTIA_NOTIFY_EVENT_DELETE, KMTIA_NOTIFY_EVENT_EXPIRE };
	struct fake_pair_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct kmtia *h = fake_pair_begin(&m, &in, &out);

		out->lives = false;
		fake_sa_push(in, NEW);
		fake_pair_dispatch(h, &m, 0);
		fake_sa_push(in, ends[i]);
		fake_pair_dispatch(h, &m, 0);
		fake_later(KMTIA_PAIR_WAIT_MS);
		fake_pair_dispatch(h, &m, 0);
		assert_int_equal(m.m.notifications, 2);
		assert_int_equal(fake.count[KMTIA_CMD_NOTIFY_GET], 0);
		assert_false(fake_readable(h));
		fake_close(h);
	}
}

static void what_is_gone_when_it_is_fetched_is_not_told_of(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	in->lives = false; /* which is told next */
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 0, 2, 2);
	fake_sa_push(in, KMTIA_NOTIFY_EVENT_DELETE);
	fake_pair_dispatch(h, &m, 1);

	in = fake_sa_new(&fake_sa_in, 3);
	fake_sa_mates(in, out);
	fake_sa_push(in, NEW);
	/* Known as one that came before, and both gone. */
	in->lives = false;
	out->lives = false;
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(m.m.overruns, 0);
	/* If they were not, but only not to be seen, that is made up for. */
	in->lives = true;
	out->lives = true;
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 1, 3, 2, 3);
	fake_close(h);
}

/* The other one gets another mate. */
static void a_new_pair_of_an_old_sa_is_told(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_sa_push(in, KMTIA_NOTIFY_EVENT_DELETE);
	fake_pair_dispatch(h, &m, 1);
	fake_assert_told(&m, 0, 0, 2, 2);
	/* Of the same identity, even. */
	in = fake_sa_new(&fake_sa_in, 3);
	fake_sa_mates(in, out);
	fake_sa_push(in, NEW);
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 1, 3, 2, 3);
	fake_close(h);
}

static void a_flush_ends_the_wait_of_what_came_before(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);
	struct fake_sa *ah = fake_sa_new(&fake_sa_in, 3), *later;

	(void)state;
	ah->sa.proto = IPPROTO_AH;
	out->lives = false;
	fake_sa_push(in, NEW);
	fake_sa_push(ah, NEW);
	fake_pair_dispatch(h, &m, 0);
	/* Had they been flushed, they would not be there to be fetched; but here they are. */
	fake_sa_push_flush(IPPROTO_ESP);
	later = fake_sa_new(&fake_sa_out, 4);
	fake_sa_push(later, NEW);
	fake_pair_dispatch(h, &m, 0);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 0, 3, 0, 3);
	fake_assert_told(&m, 1, 0, 4, 4);
	fake_sa_push(fake_sa_new(&fake_sa_in, 5), NEW);
	fake_sa_push_flush(0);
	fake_pair_dispatch(h, &m, 2);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 2);
	/* Of what was forgotten the kernel may speak again. */
	assert_int_equal(kmtia_notify_get(h, 0), 4);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 6);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_told_once_inbound_first),
		cmocka_unit_test(a_pair_is_told_once_outbound_first),
		cmocka_unit_test(all_that_is_known_of_both_is_told),
		cmocka_unit_test(without_a_grant_there_are_no_keys),
		cmocka_unit_test(keys_are_wiped_when_they_were_told),
		cmocka_unit_test(a_burst_is_fetched_at_once),
		cmocka_unit_test(two_of_unknown_direction_are_told_one_by_one),
		cmocka_unit_test(an_sa_alone_is_told_when_the_wait_ends),
		cmocka_unit_test(the_end_of_the_wait_wakes_who_polls),
		cmocka_unit_test(a_mate_that_is_only_named_is_waited_for),
		cmocka_unit_test(each_waits_for_itself),
		cmocka_unit_test(a_late_mate_is_told_with_the_first),
		cmocka_unit_test(who_ends_while_it_waits_is_not_told_of),
		cmocka_unit_test(what_is_gone_when_it_is_fetched_is_not_told_of),
		cmocka_unit_test(a_new_pair_of_an_old_sa_is_told),
		cmocka_unit_test(a_flush_ends_the_wait_of_what_came_before),
	};

	return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
