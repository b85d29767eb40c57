// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pairs: what the callback may do, and the ends of registrations. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fake_live.h"

#define NEW KMTIA_NOTIFY_EVENT_NEW

static struct fake_sa *in, *out, *a, *b;

/* --- In callbacks ----------------------------------------------------------------------- */

static void unregister(struct kmtia *h, struct fake_pair_manager *m)
{
	m->m.result = kmtia_unregister(h);
}

static void the_callback_may_unregister(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_pair_more(&a, &b);
	m.on_pair = unregister;
	fake_secret(FAKE_KEY_IN, strlen(FAKE_KEY_IN));
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_sa_push(a, NEW);
	fake_sa_push(b, NEW);
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(m.m.result, 0);
	assert_int_equal(fake_secret_passed(), 2);
	assert_int_equal(fake_secret_leaked(), 0);
	assert_int_equal(kmtia_get_fd(h), -1);
	fake_close(h);
}

static void register_anew(struct kmtia *h, struct fake_pair_manager *m)
{
	if (m->n > 1)
		return;
	assert_int_equal(kmtia_unregister(h), 0);
	fake_live.prev_seq = 0;
	m->m.result = fake_pair_register_again(h, m);
}

static void the_callback_may_register_anew(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	in->sa.direction = KMTIA_DIRECTION_UNKNOWN;
	out->sa.direction = KMTIA_DIRECTION_UNKNOWN;
	m.on_pair = register_anew;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	assert_int_equal(m.m.result, 0);
	/* The new registration knows nothing of it. */
	assert_int_equal(kmtia_notify_get(h, 0), 2);
	fake_pair_dispatch(h, &m, 3);
	fake_close(h);
}

static void fetch_all(struct kmtia *h, struct fake_pair_manager *m)
{
	if (m->n > 1)
		return;
	b->lives = true;
	m->m.result = kmtia_notify_get(h, 0);
}

/* The mate of one that is about to be told of alone comes. */
static void the_callback_may_fetch(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_pair_more(&a, &b);
	out->lives = false;
	b->lives = false;
	m.on_pair = fetch_all;
	fake_secret(FAKE_KEY_IN, strlen(FAKE_KEY_IN));
	fake_sa_push(in, NEW);
	fake_sa_push(a, NEW);
	fake_pair_dispatch(h, &m, 0);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 2);
	assert_int_equal(m.m.result, 3);
	fake_assert_told(&m, 0, 1, 0, 1);
	fake_assert_told(&m, 1, 3, 4, 4);
	assert_string_equal(m.told[1].keys_in, FAKE_KEY_IN);
	assert_int_equal(fake_secret_leaked(), 0);
	fake_later(60000);
	fake_pair_dispatch(h, &m, 2);
	fake_close(h);
}

static int stop_at;

static void stop(struct kmtia *h, struct fake_pair_manager *m)
{
	if (m->n == stop_at)
		kmtia_stop(h);
}

static void stop_all(struct kmtia *h, struct fake_manager *m)
{
	(void)m;
	kmtia_stop(h);
}

static void what_is_left_when_run_is_stopped_is_told_by_the_next(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_pair_more(&a, &b);
	m.on_pair = stop;
	stop_at = 1;
	fake_secret(FAKE_KEY_IN, strlen(FAKE_KEY_IN));
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_sa_push(a, NEW);
	fake_sa_push(b, NEW);
	assert_int_equal(kmtia_run(h), 0);
	assert_int_equal(m.n, 1);
	assert_int_equal(fake_secret_leaked(), 0);
	assert_true(fake_readable(h));
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 1, 3, 4, 4);
	assert_string_equal(m.told[1].keys_in, FAKE_KEY_IN);
	assert_false(fake_readable(h));
	/* Or before any was told of */
	m.m.on_notify = stop_all;
	a = fake_sa_new(&fake_sa_in, 5);
	a->sa.age_ms = KMTIA_PAIR_WAIT_MS;
	fake_sa_push(a, NEW);
	assert_int_equal(kmtia_run(h), 0);
	assert_int_equal(m.n, 2);
	assert_true(fake_readable(h));
	fake_pair_dispatch(h, &m, 3);
	fake_close(h);
}

static void what_is_left_is_fetched_anew(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_pair_more(&a, &b);
	fake_sa_push(a, NEW);
	fake_pair_dispatch(h, &m, 0);
	fake_later(KMTIA_PAIR_WAIT_MS);
	fake_pair_dispatch(h, &m, 1);
	m.on_pair = stop;
	stop_at = 2;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_sa_push(b, NEW);
	assert_int_equal(kmtia_run(h), 0);
	assert_int_equal(m.n, 2);
	fake_assert_told(&m, 1, 1, 2, 2);
	/* It would have been told with this one. */
	a->lives = false;
	fake_pair_dispatch(h, &m, 3);
	fake_assert_told(&m, 2, 0, 4, 4);

	stop_at = 4;
	in = fake_sa_new(&fake_sa_in, 5);
	in->sa.spi = 0xc0000005;
	in->sa.age_ms = KMTIA_PAIR_WAIT_MS;
	out = fake_sa_new(&fake_sa_out, 6);
	out->sa.age_ms = KMTIA_PAIR_WAIT_MS;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	assert_int_equal(kmtia_run(h), 0);
	assert_int_equal(m.n, 4);
	out->lives = false;
	fake_pair_dispatch(h, &m, 4);
	fake_close(h);
}

/* --- The ends of registrations ------------------------------------------------------------ */

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void the_timer_is_there_while_it_is_needed(void **state)
{
	struct kmtia_manager manager = fake_identity(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct kmtia_callbacks callbacks = fake_callbacks(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct fake_pair_manager m = { 0 };
	struct kmtia *h = fake_open();
	int n;

	(void)state;
	fake_live_begin();
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_int_equal(fake.timers, 0);
	fake_sa_push(fake_sa_new(&fake_sa_in, 1), NEW);
	fake_pair_dispatch(h, &m, 0);
	n = open_descriptors();
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(fake_pair_register_again(h, &m), 0);
	assert_int_equal(fake.timers, 1);
	assert_int_equal(open_descriptors(), n + 1);
	fake_later(0);
	fake_live.prev_seq = 0;
	fake_sa_push(fake_sa_new(&fake_sa_out, 2), NEW);
	fake_pair_dispatch(h, &m, 0);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_int_equal(open_descriptors(), n);
	fake_close(h);
}

static void without_a_timer_there_is_no_registration(void **state)
{
	struct fake_pair_manager m = { 0 };
	struct kmtia *h = fake_open();
	int n = open_descriptors();

	(void)state;
	fake.timer_errno = EMFILE;
	assert_int_equal(fake_pair_register_again(h, &m), -EMFILE);
	assert_non_null(strstr(kmtia_strerror(h, -EMFILE), "cannot make a timer"));
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 0);
	assert_int_equal(kmtia_get_fd(h), -1);
	fake.timer_errno = 0;
	assert_int_equal(fake_pair_register_again(h, &m), 0);
	assert_int_equal(kmtia_unregister(h), 0);
	/* What the caller polls stays. */
	assert_int_equal(open_descriptors(), n + 2);
	fake_close(h);
}

static void unloading_forgets_all(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_pair_more(&a, &b);
	fake_sa_push(a, NEW);
	fake_sa_push(b, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 1);
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.m.registrations, 1);
	fake_later(60000);
	assert_false(fake_readable(h));
	fake_pair_dispatch(h, &m, 1);
	/* The new one counts from the beginning: these are others. */
	fake_live_begin();
	fake_load();
	fake_pair_dispatch(h, &m, 1);
	assert_true(m.m.registered);
	in = fake_sa_new(&fake_sa_in, 3);
	out = fake_sa_new(&fake_sa_out, 4);
	in->sa.spi = a->sa.spi;
	fake_sa_mates(in, out);
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_pair_dispatch(h, &m, 2);
	fake_assert_told(&m, 1, 3, 4, 4);
	fake_close(h);
}

/* It goes in the very moment in which they are fetched. */
static void without_the_module_a_pair_is_told_without_keys(void **state)
{
	struct fake_pair_manager m;
	struct kmtia *h = fake_pair_begin(&m, &in, &out);

	(void)state;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_unload_silently();
	fake_pair_dispatch(h, &m, 1);
	assert_string_equal(m.told[0].keys_in, "");
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_callback_may_unregister),
		cmocka_unit_test(the_callback_may_register_anew),
		cmocka_unit_test(the_callback_may_fetch),
		cmocka_unit_test(what_is_left_when_run_is_stopped_is_told_by_the_next),
		cmocka_unit_test(what_is_left_is_fetched_anew),
		cmocka_unit_test(the_timer_is_there_while_it_is_needed),
		cmocka_unit_test(without_a_timer_there_is_no_registration),
		cmocka_unit_test(unloading_forgets_all),
		cmocka_unit_test(without_the_module_a_pair_is_told_without_keys),
	};

	return cmocka_run_group_tests_name("pair end", tests, NULL, NULL);
}
