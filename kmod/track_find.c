// SPDX-License-Identifier: GPL-2.0
/*
 * What the hook and readers ask the tracker.
 */
#include "internal.h"

#include <linux/jiffies.h>
#include <linux/rhashtable.h>

/* --- Questions of the hook ------------------------------------------------ */

/**
 * kmtia_tracker_readd() - is this an SA that was here before?
 * @tracker: the tracker
 * @sa: the SA
 * @key_hash: keyed hash of all keys that the keying module gave it
 *
 * IKE daemons read keys back, delete an SA and add it again, with other
 * addresses or encapsulation: only protocol, SPI and keys tell.
 *
 * Return: the entry with a reference for the caller, or NULL.
 */
struct kmtia_track *kmtia_tracker_readd(struct kmtia_tracker *tracker,
					const struct kmtia_sa *sa, u64 key_hash)
{
	struct kmtia_track *track, *found = NULL;
	struct rhlist_head *list, *pos;

	rcu_read_lock();
	spin_lock_bh(&tracker->lock);
	list = kmtia_tables_by_spi(tracker, &sa->id);
	rhl_for_each_entry_rcu(track, pos, list, spi_node) {
		if (track->state == KMTIA_TRACK_PENDING || track->randomised ||
		    track->key_hash != key_hash)
			continue;
		refcount_inc(&track->ref);
		found = track;
		break;
	}
	spin_unlock_bh(&tracker->lock);
	rcu_read_unlock();
	return found;
}

/**
 * kmtia_tracker_knows_spi() - was there an SA of this protocol and SPI?
 * @tracker: the tracker
 * @sa: the SA
 *
 * Return: true if one is pending, live or remembered.
 */
bool kmtia_tracker_knows_spi(struct kmtia_tracker *tracker,
			     const struct kmtia_sa *sa)
{
	bool known;

	rcu_read_lock();
	known = kmtia_tables_by_spi(tracker, &sa->id);
	rcu_read_unlock();
	return known;
}

/**
 * kmtia_tracker_mate() - the SA of the other direction, if that is certain
 * @tracker: the tracker
 * @sa: the SA, not in the tracker yet
 *
 * Certain is: all that mates have in common is equal, the addresses are
 * swapped, and exactly one SA without a mate fits.
 *
 * Return: its entry with a reference for the caller, or NULL.
 */
struct kmtia_track *kmtia_tracker_mate(struct kmtia_tracker *tracker,
				       const struct kmtia_sa *sa)
{
	struct kmtia_track *track, *mate = NULL;
	struct rhlist_head *list, *pos;
	unsigned int fits = 0;

	if (kmtia_addr_equal(&sa->saddr, &sa->id.daddr))
		return NULL;
	rcu_read_lock();
	spin_lock_bh(&tracker->lock);
	list = kmtia_tables_by_pair(tracker, sa);
	rhl_for_each_entry_rcu(track, pos, list, pair_node) {
		if (track->mate || track->shadow ||
		    !kmtia_addr_equal(&track->id.daddr, &sa->saddr))
			continue;
		mate = track;
		if (++fits > 1)
			break;
	}
	if (fits == 1)
		refcount_inc(&mate->ref);
	spin_unlock_bh(&tracker->lock);
	rcu_read_unlock();
	return fits == 1 ? mate : NULL;
}

/**
 * kmtia_tracker_pair() - note the mate of an SA that nobody is asked about
 * @tracker: the tracker
 * @sa: the SA
 * @track: its entry, not in the tracker yet
 */
void kmtia_tracker_pair(struct kmtia_tracker *tracker,
			const struct kmtia_sa *sa, struct kmtia_track *track)
{
	struct kmtia_track *mate = kmtia_tracker_mate(tracker, sa);

	if (mate)
		kmtia_track_mate_set(track, mate);
	kmtia_track_put(mate);
}

/* --- Readers -------------------------------------------------------------- */

/**
 * kmtia_tracker_next() - the live entry of the lowest handle not below another
 * @tracker: the tracker
 * @handle: where to begin
 *
 * Return: the entry with a reference for the caller, or NULL.
 */
struct kmtia_track *kmtia_tracker_next(struct kmtia_tracker *tracker,
				       u64 handle)
{
	unsigned long index = handle;
	struct kmtia_track *track;

	spin_lock_bh(&tracker->lock);
	for (track = xa_find(&tracker->by_handle, &index, ULONG_MAX, XA_PRESENT);
	     track && track->state != KMTIA_TRACK_LIVE;
	     track = xa_find_after(&tracker->by_handle, &index, ULONG_MAX,
				   XA_PRESENT))
		;
	if (track)
		refcount_inc(&track->ref);
	spin_unlock_bh(&tracker->lock);
	return track;
}

/**
 * kmtia_tracker_describe() - what is known about a tracked SA
 * @tracker: the tracker
 * @track: the entry
 * @out: filled in
 */
void kmtia_tracker_describe(struct kmtia_tracker *tracker,
			    const struct kmtia_track *track,
			    struct kmtia_tracked *out)
{
	struct kmtia_track *mate;

	memset(out, 0, sizeof(*out));
	out->handle = track->handle;
	out->rule = track->rule->spec.priority;
	out->origin = track->origin;
	memcpy(out->manager, track->manager, KMTIA_UUID_LEN);
	if (track->key_id)
		strscpy(out->key_id, track->key_id, sizeof(out->key_id));
	spin_lock_bh(&tracker->lock);
	out->age_ms = (u64)(kmtia_track_clock() - track->since) *
		      MSEC_PER_SEC / KMTIA_TRACK_HZ;
	mate = xa_load(&tracker->by_handle, kmtia_track_mate(track));
	if (mate) {
		out->has_mate = true;
		out->mate = mate->id;
		out->mate_saddr = mate->saddr;
	}
	spin_unlock_bh(&tracker->lock);
}
