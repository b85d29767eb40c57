// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pairs without memory: nothing crashes, nothing leaks, no pair is passed over in silence.
 * As in test_memory.c, each time another allocation fails. And how much is remembered.
 */
#include <string.h>

#include "fake_live.h"
#include "internal.h"

#define NEW KMTIA_NOTIFY_EVENT_NEW

static int troubles; /* errors that were returned */

static int note(int result)
{
	troubles += result < 0;
	return result;
}

static void fetch(struct kmtia *h, struct fake_manager *m)
{
	(void)m;
	note(kmtia_notify_get(h, 0));
}

/* A pair that comes by itself, and one of which the second is replayed. */
static void be_told(struct kmtia *h)
{
	struct fake_sa *in = fake_sa_new(&fake_sa_in, 1), *out = fake_sa_new(&fake_sa_out, 2);
	struct fake_sa *a = fake_sa_new(&fake_sa_in, 3), *b = fake_sa_new(&fake_sa_out, 4);
	int i;

	a->sa.spi++;
	b->sa.spi++;
	fake_sa_mates(in, out);
	fake_sa_mates(a, b);
	b->lives = false;
	fake_sa_push(in, NEW);
	fake_sa_push(out, NEW);
	fake_sa_push(a, NEW);
	/* Once more, should the first end with an error. */
	for (i = 0; i < 2; i++)
		note(kmtia_dispatch(h));
	b->lives = true;
	note(kmtia_notify_get(h, 0));
	for (i = 0; i < 2; i++)
		note(kmtia_dispatch(h));
	fake_later(KMTIA_PAIR_WAIT_MS);
	note(kmtia_dispatch(h));
}

static void tell_the_story(struct fake_pair_manager *m)
{
	struct kmtia *h;

	memset(m, 0, sizeof(*m));
	m->m.on_overrun = fetch;
	troubles = 0;
	fake_live_begin();
	fake_live.granted = true;
	if (note(kmtia_open(&h)))
		return;
	if (!note(fake_pair_register_again(h, m))) {
		fake_later(0);
		be_told(h);
		fake_unload();
		note(kmtia_dispatch(h));
	}
	kmtia_close(h);
}

static bool is_told(const struct fake_pair_manager *m, uint64_t in, uint64_t out)
{
	int i;

	for (i = 0; i < m->n; i++) {
		const struct fake_told *t = &m->told[i];

		if (t->inbound == in && t->outbound == out)
			return !strcmp(t->keys_in, FAKE_KEY_IN) &&
			       !strcmp(t->keys_out, FAKE_KEY_OUT FAKE_KEY_AUTH);
	}
	return false;
}

static void without_memory_nothing_breaks_or_is_silent(void **state)
{
	struct fake_pair_manager m;
	int n, failures = 0;

	(void)state;
	for (n = 1; n < 1000; n++) {
		fake_reset();
		fake_secret(FAKE_KEY_IN, strlen(FAKE_KEY_IN));
		fake_fail_allocation(n);
		tell_the_story(&m);
		assert_int_equal(fake.sockets, 0);
		assert_int_equal(fake_secret_leaked(), 0);
		if (!fake_allocation_failed())
			break;
		failures++;
		if (!troubles && !m.m.overruns && !(is_told(&m, 1, 2) && is_told(&m, 3, 4)))
			fail_msg("allocation %d failed silently", n);
		/* Registered, and in the end told of each, but perhaps without keys. */
		if (m.m.notifications)
			assert_int_equal(m.n, 2);
	}
	assert_in_range(failures, 30, 998);
	/* And the last time all went well. */
	assert_int_equal(troubles, 0);
	assert_int_equal(m.m.overruns, 0);
	assert_int_equal(m.n, 2);
	assert_true(is_told(&m, 1, 2));
	assert_true(is_told(&m, 3, 4));
	fake_reset();
}

/* --- How much is remembered --------------------------------------------------------------- */

static struct kmtia_note *new_note(struct kmtia_notes *notes, uint64_t handle)
{
	struct kmtia_sa sa = fake_sa_in;
	struct kmtia_note *note;

	sa.spi = (uint32_t)handle;
	sa.handle = handle;
	note = kmtia_note_new(notes, &sa);
	assert_non_null(note);
	return note;
}

static struct kmtia_note *find(struct kmtia_notes *notes, uint64_t handle)
{
	struct kmtia_sa sa = { .spi = (uint32_t)handle, .handle = handle };

	return kmtia_note_find(notes, &sa);
}

static void what_is_remembered_is_bounded(void **state)
{
	const unsigned int most = 65536;
	struct kmtia_notes notes;
	struct kmtia_note *waits, *wanted;
	unsigned int i;

	(void)state;
	fake_reset();
	kmtia_notes_init(&notes);
	waits = new_note(&notes, 1);
	wanted = new_note(&notes, 2);
	wanted->wanted = true;
	kmtia_note_told(&notes, wanted);
	for (i = 3; i < most + 2; i++)
		kmtia_note_told(&notes, new_note(&notes, i));
	assert_int_equal(notes.n_told, most);
	assert_non_null(find(&notes, 3));
	assert_non_null(find(&notes, most + 1));
	new_note(&notes, most + 2);
	assert_int_equal(notes.n_told, 1);
	assert_null(find(&notes, 3));
	assert_null(find(&notes, most + 1));
	assert_ptr_equal(find(&notes, 1), waits);
	assert_ptr_equal(find(&notes, 2), wanted);
	assert_ptr_equal(notes.waiting, waits);
	assert_ptr_equal(waits->after, find(&notes, most + 2));
	kmtia_notes_forget(&notes);
	assert_int_equal(notes.n_told, 0);
	assert_null(notes.waiting);
	assert_ptr_equal(notes.tail, &notes.waiting);
}

static void a_mate_is_the_latest_of_its_identity(void **state)
{
	struct kmtia_sa sa = fake_sa_in;
	struct kmtia_note *first, *second, *mate;
	struct kmtia_notes notes;

	(void)state;
	fake_reset();
	kmtia_notes_init(&notes);
	mate = new_note(&notes, 100);
	assert_null(kmtia_note_mate(&notes, mate));
	mate->has_mate = true;
	mate->mate = kmtia_identity_of(&sa);
	assert_null(kmtia_note_mate(&notes, mate));
	sa.handle = 1;
	first = kmtia_note_new(&notes, &sa);
	assert_ptr_equal(kmtia_note_mate(&notes, mate), first);
	sa.handle = 2;
	second = kmtia_note_new(&notes, &sa);
	assert_ptr_equal(kmtia_note_mate(&notes, mate), second);
	kmtia_note_forget(&notes, second);
	assert_ptr_equal(kmtia_note_mate(&notes, mate), first);
	/* Nobody is his own, and each part of the identity counts. */
	first->has_mate = true;
	first->mate = first->id;
	assert_null(kmtia_note_mate(&notes, first));
	mate->mate.mark_mask = 1;
	assert_null(kmtia_note_mate(&notes, mate));
	mate->mate = first->id;
	mate->mate.daddr[3]++;
	assert_null(kmtia_note_mate(&notes, mate));
	mate->mate = first->id;
	mate->mate.proto++;
	assert_null(kmtia_note_mate(&notes, mate));
	kmtia_notes_forget(&notes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_breaks_or_is_silent),
		cmocka_unit_test(what_is_remembered_is_bounded),
		cmocka_unit_test(a_mate_is_the_latest_of_its_identity),
	};

	return cmocka_run_group_tests_name("pair memory", tests, NULL, NULL);
}
