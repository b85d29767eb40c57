// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Notes: which SAs live, as far as the kernel has told; which of them wait for a mate, and
 * which the caller was told of, so that what is replayed is not told again (pair.c).
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* An end that was lost leaves its note behind, and the kernel has no limit of its own. */
#define MAX_TOLD 65536

struct kmtia_identity kmtia_identity_of(const struct kmtia_sa *sa)
{
	struct kmtia_identity id = {
		.family = sa->family,
		.proto = sa->proto,
		.spi = sa->spi,
		.mark = sa->mark,
		.mark_mask = sa->mark_mask,
	};

	memcpy(id.daddr, sa->daddr, sizeof(id.daddr));
	return id;
}

static bool same(const struct kmtia_identity *a, const struct kmtia_identity *b)
{
	return a->spi == b->spi && a->proto == b->proto && a->family == b->family &&
	       a->mark == b->mark && a->mark_mask == b->mark_mask &&
	       !memcmp(a->daddr, b->daddr, sizeof(a->daddr));
}

/* SPIs are random, or count up: their last bits do for a hash. */
static struct kmtia_note **row_of(struct kmtia_notes *notes, uint32_t spi)
{
	return &notes->rows[spi % ARRAY_SIZE(notes->rows)];
}

void kmtia_notes_init(struct kmtia_notes *notes)
{
	memset(notes, 0, sizeof(*notes));
	notes->tail = &notes->waiting;
}

/* By its number, which no other SA ever has. */
static struct kmtia_note **find_link(struct kmtia_notes *notes, uint32_t spi, uint64_t handle)
{
	struct kmtia_note **link = row_of(notes, spi);

	while (*link && (*link)->handle != handle)
		link = &(*link)->next;
	return link;
}

struct kmtia_note *kmtia_note_find(struct kmtia_notes *notes, const struct kmtia_sa *sa)
{
	return *find_link(notes, sa->spi, sa->handle);
}

/* The latest of that identity, as the end of one before it may have been lost. */
struct kmtia_note *kmtia_note_mate(struct kmtia_notes *notes, const struct kmtia_note *note)
{
	struct kmtia_note *mate;

	if (!note->has_mate)
		return NULL;
	mate = *row_of(notes, note->mate.spi);
	while (mate && (mate == note || !same(&mate->id, &note->mate)))
		mate = mate->next;
	return mate;
}

/* --- They end ---------------------------------------------------------------------- */

/* The caller is told of it now: it waits no more. */
void kmtia_note_told(struct kmtia_notes *notes, struct kmtia_note *note)
{
	if (!note->sa)
		return;
	*note->link = note->after;
	if (note->after)
		note->after->link = note->link;
	else
		notes->tail = note->link;
	free(note->sa);
	note->sa = NULL;
	notes->n_told++;
}

static void forget(struct kmtia_notes *notes, struct kmtia_note **link)
{
	struct kmtia_note *note = *link;

	kmtia_note_told(notes, note);
	notes->n_told--;
	*link = note->next;
	kmtia_msg_free(note->msg);
	free(note);
}

void kmtia_note_forget(struct kmtia_notes *notes, struct kmtia_note *note)
{
	struct kmtia_note **link = find_link(notes, note->id.spi, note->handle);

	if (*link)
		forget(notes, link);
}

static void forget_if(struct kmtia_notes *notes, const void *arg,
		      bool (*is_to_go)(const struct kmtia_note *note, const void *arg))
{
	struct kmtia_note **link;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(notes->rows); i++) {
		link = &notes->rows[i];
		while (*link) {
			if (is_to_go(*link, arg))
				forget(notes, link);
			else
				link = &(*link)->next;
		}
	}
}

static bool any(const struct kmtia_note *note, const void *arg)
{
	(void)note;
	(void)arg;
	return true;
}

void kmtia_notes_forget(struct kmtia_notes *notes)
{
	forget_if(notes, NULL, any);
}

/* One that has no number yet may have come after the flush. If it has not, it will not be
 * found when it is fetched. */
static bool is_flushed(const struct kmtia_note *note, const void *arg)
{
	const struct kmtia_notification *flush = arg;

	return note->what.seq && note->what.seq < flush->seq &&
	       (!flush->proto || note->id.proto == flush->proto);
}

void kmtia_notes_flush(struct kmtia_notes *notes, const struct kmtia_notification *flush)
{
	forget_if(notes, flush, is_flushed);
}

/* --- They begin -------------------------------------------------------------------- */

static bool is_old(const struct kmtia_note *note, const void *arg)
{
	(void)arg;
	return !note->sa && !note->wanted;
}

/* Note a new SA, which waits from now on; NULL without memory. */
struct kmtia_note *kmtia_note_new(struct kmtia_notes *notes, const struct kmtia_sa *sa)
{
	struct kmtia_note **row = row_of(notes, sa->spi);
	struct kmtia_note *note = calloc(1, sizeof(*note));

	if (!note)
		return NULL;
	note->sa = malloc(sizeof(*sa));
	if (!note->sa) {
		free(note);
		return NULL;
	}
	if (notes->n_told >= MAX_TOLD)
		forget_if(notes, NULL, is_old);
	*note->sa = *sa;
	kmtia_sa_forget_keys(note->sa);
	note->handle = sa->handle;
	note->id = kmtia_identity_of(sa);
	note->next = *row;
	*row = note;
	note->link = notes->tail;
	*notes->tail = note;
	notes->tail = &note->after;
	return note;
}
