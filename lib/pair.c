// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pairs: key_notify_pair is told once of two SAs that belong together, with their keys.
 *
 * The kernel tells of each SA by itself and without keys, and of the second one whose mate
 * it is. So the first waits for the second, a short time, and a timer wakes who polls when
 * that is over. Then both are fetched, and the caller is told (report.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "internal.h"

/* --- What the kernel says ------------------------------------------------------------ */

/* One that lives for long needs not wait. */
static uint64_t end_of_wait(const struct kmtia_sa *sa)
{
	uint64_t age = sa->age_ms < KMTIA_PAIR_WAIT_MS ? sa->age_ms : KMTIA_PAIR_WAIT_MS;

	return kmtia_now() + KMTIA_PAIR_WAIT_MS - age;
}

/* If its mate is there, the wait is over. */
static void meet(struct kmtia_pairs *p, struct kmtia_note *note, const struct kmtia_sa *mate_sa)
{
	struct kmtia_note *mate;

	if (mate_sa && !note->has_mate) {
		note->mate = kmtia_identity_of(mate_sa);
		note->has_mate = true;
	}
	mate = kmtia_note_mate(&p->notes, note);
	if (mate) {
		note->due = 0;
		if (!mate->has_mate)
			mate->mate = note->id;
		mate->has_mate = true;
	}
	if (note->due < p->due)
		p->due = note->due;
}

static int note_new(struct kmtia_pairs *p, const struct kmtia_notification *what,
		    const struct kmtia_sa *sa, const struct kmtia_sa *mate)
{
	struct kmtia_note *note = kmtia_note_find(&p->notes, sa);

	if (!note) {
		note = kmtia_note_new(&p->notes, sa);
		if (!note)
			return -ENOMEM;
		note->what = *what;
		note->due = end_of_wait(sa);
	}
	/* It was replayed before it was told. */
	if (!note->what.seq)
		note->what.seq = what->seq;
	if (note->sa)
		meet(p, note, mate);
	return 0;
}

/* Note what happened to @sa. */
int kmtia_pairs_note(struct kmtia *h, const struct kmtia_notification *what,
		     const struct kmtia_sa *sa, const struct kmtia_sa *mate)
{
	struct kmtia_note *note;

	if (!h->pairs)
		return 0;
	switch (what->event) {
	case KMTIA_NOTIFY_EVENT_NEW:
		return note_new(h->pairs, what, sa, mate);
	case KMTIA_NOTIFY_EVENT_DELETE:
	case KMTIA_NOTIFY_EVENT_EXPIRE:
		note = kmtia_note_find(&h->pairs->notes, sa);
		if (note)
			kmtia_note_forget(&h->pairs->notes, note);
		break;
	case KMTIA_NOTIFY_EVENT_FLUSH:
		kmtia_notes_flush(&h->pairs->notes, what);
		break;
	}
	return 0;
}

/* --- Life ---------------------------------------------------------------------------- */

/* Part of what the caller polls, if there is a key_notify_pair. */
int kmtia_pairs_open(struct kmtia *h)
{
	struct kmtia_pairs *p;
	int err;

	if (!h->callbacks.key_notify_pair)
		return 0;
	p = malloc(sizeof(*p));
	if (!p)
		return kmtia_fail(h, -ENOMEM, "no memory for pairs of SAs");
	kmtia_notes_init(&p->notes);
	p->due = KMTIA_NEVER;
	p->armed = KMTIA_NEVER;
	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	err = p->timer_fd < 0 ? -errno : kmtia_loop_add(h, p->timer_fd);
	h->pairs = p;
	if (!err)
		return 0;
	kmtia_pairs_close(h);
	return kmtia_fail(h, err, "cannot make a timer");
}

/* The module went, and all that it knew. */
void kmtia_pairs_forget(struct kmtia *h)
{
	if (!h->pairs)
		return;
	kmtia_notes_forget(&h->pairs->notes);
	h->pairs->due = KMTIA_NEVER;
}

void kmtia_pairs_close(struct kmtia *h)
{
	struct kmtia_pairs *p = h->pairs;

	if (!p)
		return;
	kmtia_pairs_forget(h);
	if (p->timer_fd >= 0) {
		kmtia_loop_remove(h, p->timer_fd);
		close(p->timer_fd);
	}
	free(p);
	h->pairs = NULL;
}

/* Have who polls woken in time. */
void kmtia_pairs_settle(struct kmtia *h)
{
	struct itimerspec at = { 0 };
	struct kmtia_pairs *p = h->pairs;

	if (!p || p->due == p->armed)
		return;
	/* All zero would be never. */
	if (!p->due) {
		at.it_value.tv_nsec = 1;
	} else if (p->due != KMTIA_NEVER) {
		at.it_value.tv_sec = p->due / 1000;
		at.it_value.tv_nsec = p->due % 1000 * 1000000;
	}
	timerfd_settime(p->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
	p->armed = p->due;
}
