// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Telling of pairs: what is due is fetched, as it is now and with what keys are granted, and
 * key_notify_pair called. At the end of kmtia_dispatch() only: then no other command is under
 * way, and what went meanwhile is known.
 */
#include <errno.h>

#include "internal.h"

/* --- Fetching ------------------------------------------------------------------------ */

static void want(struct kmtia_note *note, uint64_t *from_seq)
{
	uint64_t before = note->what.seq ? note->what.seq - 1 : 0;

	note->wanted = true;
	if (before < *from_seq)
		*from_seq = before;
}

/* Mark those whose wait is over, and their mates; false: none is. The kernel has them, and
 * others, after @from_seq. */
static bool want_due(struct kmtia_pairs *p, uint64_t *from_seq)
{
	uint64_t now = kmtia_now();
	struct kmtia_note *note, *mate;

	*from_seq = UINT64_MAX;
	for (note = p->notes.waiting; note; note = note->after) {
		if (note->due > now)
			continue;
		want(note, from_seq);
		mate = kmtia_note_mate(&p->notes, note);
		if (mate)
			want(mate, from_seq);
	}
	return *from_seq != UINT64_MAX;
}

static void unwant(struct kmtia_note *note)
{
	note->wanted = false;
	kmtia_msg_free(note->msg);
	note->msg = NULL;
}

/* Those that are still wanted wait on. When is the next one due? */
static void want_none(struct kmtia_pairs *p)
{
	struct kmtia_note *note, *mate;

	p->due = KMTIA_NEVER;
	for (note = p->notes.waiting; note; note = note->after) {
		mate = kmtia_note_mate(&p->notes, note);
		if (mate)
			unwant(mate);
		unwant(note);
		if (note->due < p->due)
			p->due = note->due;
	}
}

static int read_sa(struct nlmsghdr *nlh, struct kmtia_sa *sa)
{
	struct nlattr *tb[KMTIA_A_NOTIFICATION_MAX + 1];
	int err = kmtia_fields_parse(nlh, tb, KMTIA_A_NOTIFICATION_MAX);

	return err ? err : kmtia_sa_parse(tb[KMTIA_A_NOTIFICATION_SA], sa);
}

/* The keys stay where they are, in the message, and are wiped with it. */
static int take(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct kmtia_note *note;
	struct kmtia_sa sa;

	(void)arg;
	if (read_sa(nlh, &sa))
		return -EBADMSG;
	note = kmtia_note_find(&h->pairs->notes, &sa);
	if (!note || !note->wanted || note->msg)
		return 0;
	note->msg = kmtia_msg_new(nlh, kmtia_now());
	return note->msg ? 0 : -ENOMEM;
}

/* --- Telling ------------------------------------------------------------------------- */

/* All that is known of an SA, and what its keys are in. */
struct report {
	struct kmtia_notification what;
	struct kmtia_sa sa;
	struct kmtia_msg *msg;
};

/* False: it is gone, as it was not among all those that were @fetched. */
static bool report_take(struct kmtia_pairs *p, struct kmtia_note *note, bool fetched,
			struct report *r)
{
	if (!note->msg && (fetched || !note->sa)) {
		kmtia_note_forget(&p->notes, note);
		return false;
	}
	r->what = note->what;
	r->msg = note->msg;
	if (r->msg)
		read_sa(kmtia_msg_header(r->msg), &r->sa);
	else
		r->sa = *note->sa;
	note->msg = NULL;
	note->wanted = false;
	kmtia_note_told(&p->notes, note);
	return true;
}

/* A callback may end the registration, and begin another one. */
static bool goes_on(const struct kmtia *h, unsigned int generation)
{
	return h->pairs && h->event.generation == generation;
}

/* @r is in the order in which they came. Where the directions are not known, a pair has
 * but one of them in it: then each for itself. */
static void report(struct kmtia *h, const struct report *r, size_t n)
{
	unsigned int generation = h->event.generation;
	struct kmtia_pair pair;

	if (n == 2) {
		kmtia_pair_fill(&pair, &r[1].sa, &r[0].sa);
		if (pair.inbound) {
			h->callbacks.key_notify_pair(h, &r[1].what, &pair, h->user);
			return;
		}
	}
	for (; n && goes_on(h, generation); r++, n--) {
		kmtia_pair_fill(&pair, &r->sa, NULL);
		h->callbacks.key_notify_pair(h, &r->what, &pair, h->user);
	}
}

static void tell(struct kmtia *h, struct kmtia_note *note, bool fetched)
{
	struct kmtia_pairs *p = h->pairs;
	struct kmtia_note *mate = kmtia_note_mate(&p->notes, note), *order[] = { note, mate };
	struct report r[2];
	size_t i, n = 0;

	/* One that was told of alone came before. */
	if (mate && !mate->sa) {
		order[0] = mate;
		order[1] = note;
	}
	for (i = 0; i < ARRAY_SIZE(order) && order[i]; i++)
		n += report_take(p, order[i], fetched, &r[n]);
	report(h, r, n);
	while (n--)
		kmtia_msg_free(r[n].msg);
}

/* The first that is wanted. If its mate is not, that came while others were told of: both
 * the next time. */
static struct kmtia_note *next_wanted(struct kmtia_pairs *p)
{
	struct kmtia_note *note, *mate;

	for (note = p->notes.waiting; note; note = note->after) {
		mate = kmtia_note_mate(&p->notes, note);
		if (note->wanted && (!mate || mate->wanted))
			return note;
	}
	return NULL;
}

static void tell_wanted(struct kmtia *h, bool fetched)
{
	unsigned int generation = h->event.generation;
	struct kmtia_note *note;

	while (goes_on(h, generation) && !(h->running && h->stop)) {
		note = next_wanted(h->pairs);
		if (!note)
			break;
		tell(h, note, fetched);
	}
}

/* Tell what there is to tell. Returns false if there was nothing; else more may have
 * come meanwhile. */
bool kmtia_pairs_tell(struct kmtia *h)
{
	uint64_t from_seq;
	bool any;
	int err;

	if (!h->pairs || h->pairs->due > kmtia_now() || (h->running && h->stop))
		return false;
	any = want_due(h->pairs, &from_seq);
	if (any) {
		err = kmtia_notify_fetch(h, from_seq, take, NULL);
		/* Then without keys, but not without a word. */
		if (err)
			h->event.lost = true;
		tell_wanted(h, !err);
	}
	if (h->pairs)
		want_none(h->pairs);
	return any;
}
