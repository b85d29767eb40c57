// SPDX-License-Identifier: GPL-2.0
/*
 * SAs that were dictated or are watched, from the hook to some time after their
 * end: pairs, SAs that are added again, events to tell.
 *
 * The tracker is a cache. XFRM does not report every birth and death (migrate,
 * a device that goes, a namespace that goes), so whoever reads an entry looks
 * whether the SA is still there, and reports it gone if it is not.
 */
#include "internal.h"
#include "compat/xfrm.h"

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* Between the hook and XFRM's event there is work of the same task only, but a
 * device may have to take the SA, and a host may be busy. An entry that waits
 * in vain does no harm.
 */
#define PENDING_MAX	(10 * HZ)

static struct kmem_cache *track_cache;

/**
 * kmtia_tracker_cache_init() - make the cache of tracked SAs
 *
 * Return: 0 or %-ENOMEM.
 */
int __init kmtia_tracker_cache_init(void)
{
	track_cache = kmem_cache_create("kmtia_sa", sizeof(struct kmtia_track),
					0, KMTIA_SLAB_FLAGS, kmtia_cache_ctor);
	return track_cache ? 0 : -ENOMEM;
}

/**
 * kmtia_tracker_cache_exit() - free the cache of tracked SAs
 *
 * Context: after rcu_barrier().
 */
void kmtia_tracker_cache_exit(void)
{
	kmem_cache_destroy(track_cache);
}

/* --- The tables ---------------------------------------------------------- */

struct spi_key {
	__be32 spi;
	u8 proto;
};

static u32 spi_hash(__be32 spi, u8 proto, u32 seed)
{
	return jhash_2words((__force u32)spi, proto, seed);
}

static u32 spi_key_hash(const void *data, u32 len, u32 seed)
{
	const struct spi_key *key = data;

	return spi_hash(key->spi, key->proto, seed);
}

static u32 spi_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct kmtia_track *track = data;

	return spi_hash(track->id.spi, track->id.proto, seed);
}

static int spi_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct spi_key *key = arg->key;
	const struct kmtia_track *track = obj;

	return track->id.spi != key->spi || track->id.proto != key->proto;
}

static const struct rhashtable_params spi_params = {
	.head_offset = offsetof(struct kmtia_track, spi_node),
	.hashfn = spi_key_hash,
	.obj_hashfn = spi_obj_hash,
	.obj_cmpfn = spi_cmp,
	.automatic_shrinking = true,
};

/* What mates have in common; the order of the addresses is not. */
struct pair_key {
	const struct kmtia_sa_id *id;
	const union kmtia_addr *saddr;
	u32 reqid;
	u32 if_id;
	u8 mode;
};

static void pair_key_of(const struct kmtia_track *track, struct pair_key *key)
{
	key->id = &track->id;
	key->saddr = &track->saddr;
	key->reqid = track->reqid;
	key->if_id = track->if_id;
	key->mode = track->mode;
}

static u32 pair_hash(const struct pair_key *key, u32 seed)
{
	u32 words[4];
	int i;

	for (i = 0; i < 4; i++)
		words[i] = (__force u32)(key->saddr->a6[i] ^
					 key->id->daddr.a6[i]);
	return jhash2(words, 4, jhash_3words(key->reqid, key->if_id,
					     key->id->proto, seed));
}

static u32 pair_key_hash(const void *data, u32 len, u32 seed)
{
	return pair_hash(data, seed);
}

static u32 pair_obj_hash(const void *data, u32 len, u32 seed)
{
	struct pair_key key;

	pair_key_of(data, &key);
	return pair_hash(&key, seed);
}

static int pair_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct pair_key *a = arg->key;
	struct pair_key b;
	bool same, swapped;

	pair_key_of(obj, &b);
	if (a->reqid != b.reqid || a->if_id != b.if_id || a->mode != b.mode ||
	    a->id->proto != b.id->proto || a->id->family != b.id->family ||
	    a->id->mark != b.id->mark || a->id->mark_mask != b.id->mark_mask)
		return 1;
	same = kmtia_addr_equal(a->saddr, b.saddr) &&
	       kmtia_addr_equal(&a->id->daddr, &b.id->daddr);
	swapped = kmtia_addr_equal(a->saddr, &b.id->daddr) &&
		  kmtia_addr_equal(&a->id->daddr, b.saddr);
	return !same && !swapped;
}

static const struct rhashtable_params pair_params = {
	.head_offset = offsetof(struct kmtia_track, pair_node),
	.hashfn = pair_key_hash,
	.obj_hashfn = pair_obj_hash,
	.obj_cmpfn = pair_cmp,
	.automatic_shrinking = true,
};

/* --- Entries ------------------------------------------------------------- */

/**
 * kmtia_track_new() - make an entry for an SA that is being created
 * @sa: the SA
 * @rule: the rule that covers it; gets a reference
 *
 * Return: the entry with a reference for the caller, or NULL.
 */
struct kmtia_track *kmtia_track_new(const struct kmtia_sa *sa,
				    struct kmtia_rule *rule)
{
	struct kmtia_track *track;

	track = kmtia_cache_zalloc(track_cache);
	if (!track)
		return NULL;
	refcount_set(&track->ref, 1);
	INIT_LIST_HEAD(&track->node);
	INIT_LIST_HEAD(&track->event_node);
	track->id = sa->id;
	track->saddr = sa->saddr;
	track->reqid = sa->reqid;
	track->if_id = sa->if_id;
	track->mode = sa->mode;
	track->rule = kmtia_rule_hold(rule);
	return track;
}

static void track_free(struct rcu_head *rcu)
{
	struct kmtia_track *track = container_of(rcu, struct kmtia_track, rcu);

	kfree(track->key_id);
	kmem_cache_free(track_cache, track);
}

/**
 * kmtia_track_put() - put a reference
 * @track: the entry, or NULL
 *
 * Context: any.
 */
void kmtia_track_put(struct kmtia_track *track)
{
	if (!track || !refcount_dec_and_test(&track->ref))
		return;
	kmtia_rule_put(track->rule);
	/* Readers of the tables may be looking at it. */
	call_rcu(&track->rcu, track_free);
}

/* The keys are ours and not in the entry: plain rhltable_insert() would hand the
 * compare functions something else.
 */
static int track_hash(struct kmtia_tracker *tracker, struct kmtia_track *track)
{
	struct spi_key spi = { .spi = track->id.spi, .proto = track->id.proto };
	struct pair_key pair;
	int err;

	err = rhltable_insert_key(&tracker->by_spi, &spi, &track->spi_node,
				  spi_params);
	if (err)
		return err;
	pair_key_of(track, &pair);
	err = rhltable_insert_key(&tracker->by_pair, &pair, &track->pair_node,
				  pair_params);
	if (err)
		rhltable_remove(&tracker->by_spi, &track->spi_node, spi_params);
	return err;
}

/**
 * kmtia_track_add() - the SA is made
 * @tracker: the tracker
 * @track: its entry, all filled in; the tracker takes a reference of its own
 *
 * XFRM may still refuse to insert it: the entry is pending until XFRM's event.
 *
 * Context: process.
 * Return: 0 or %-ENOMEM.
 */
int kmtia_track_add(struct kmtia_tracker *tracker, struct kmtia_track *track)
{
	int err;

	track->state = KMTIA_TRACK_PENDING;
	track->creator = current;
	track->since = jiffies;
	spin_lock_bh(&tracker->lock);
	track->handle = ++tracker->next_handle;
	spin_unlock_bh(&tracker->lock);
	err = xa_insert_bh(&tracker->by_handle, track->handle, track,
			   GFP_KERNEL_ACCOUNT);
	if (err)
		return -ENOMEM;

	spin_lock_bh(&tracker->lock);
	err = track_hash(tracker, track);
	if (!err) {
		refcount_inc(&track->ref);
		list_add_tail(&track->node, &tracker->pending);
	}
	spin_unlock_bh(&tracker->lock);
	if (err) {
		xa_erase_bh(&tracker->by_handle, track->handle);
		return -ENOMEM;
	}
	schedule_delayed_work(&tracker->reaper, PENDING_MAX);
	return 0;
}

/* Out of what only pending and live entries are in */
static void track_unlist(struct kmtia_tracker *tracker,
			 struct kmtia_track *track)
{
	struct kmtia_track *mate;

	lockdep_assert_held(&tracker->lock);
	list_del_init(&track->node);
	rhltable_remove(&tracker->by_pair, &track->pair_node, pair_params);
	mate = xa_load(&tracker->by_handle, track->mate);
	if (mate && mate->mate == track->handle)
		mate->mate = 0;
	xa_erase_bh(&tracker->by_handle, track->handle);
}

/* Forgets a pending entry; the tracker's reference goes with it. */
static void track_forget(struct kmtia_tracker *tracker,
			 struct kmtia_track *track)
{
	track_unlist(tracker, track);
	rhltable_remove(&tracker->by_spi, &track->spi_node, spi_params);
	kmtia_track_put(track);
}

/**
 * kmtia_tracker_forget_own() - a task begins the next SA
 * @tracker: the tracker
 *
 * What it had pending came to nothing, or XFRM would have said so by now.
 */
void kmtia_tracker_forget_own(struct kmtia_tracker *tracker)
{
	struct kmtia_track *track, *next;

	if (list_empty_careful(&tracker->pending))
		return;
	spin_lock_bh(&tracker->lock);
	list_for_each_entry_safe(track, next, &tracker->pending, node)
		if (track->creator == current)
			track_forget(tracker, track);
	spin_unlock_bh(&tracker->lock);
}

/* --- Events -------------------------------------------------------------- */

static void event_queue(struct kmtia_tracker *tracker,
			struct kmtia_track *track,
			enum kmtia_notify_event event)
{
	lockdep_assert_held(&tracker->lock);
	track->events |= BIT(event);
	if (list_empty(&track->event_node)) {
		refcount_inc(&track->ref);
		list_add_tail(&track->event_node, &tracker->events);
	}
	schedule_work(&tracker->work);
}

static struct kmtia_track *find_live(struct kmtia_tracker *tracker,
				     const struct kmtia_sa_id *id)
{
	struct spi_key key = { .spi = id->spi, .proto = id->proto };
	struct rhlist_head *list, *pos;
	struct kmtia_track *track;

	lockdep_assert_held(&tracker->lock);
	if (tracker->dead)
		return NULL;
	list = rhltable_lookup(&tracker->by_spi, &key, spi_params);
	rhl_for_each_entry_rcu(track, pos, list, spi_node)
		if (track->state == KMTIA_TRACK_LIVE &&
		    kmtia_sa_id_equal(&track->id, id))
			return track;
	return NULL;
}

/* The mate was certain when the SA passed the hook. Is it still? */
static void mate_settle(struct kmtia_tracker *tracker,
			struct kmtia_track *track)
{
	struct kmtia_track *mate = xa_load(&tracker->by_handle, track->mate);

	if (mate && !mate->mate)
		mate->mate = track->handle;
	else
		track->mate = 0;
}

/**
 * kmtia_tracker_live() - XFRM says that the current task's SA is in
 * @tracker: the tracker
 * @id: of the SA
 * @reuse_hash: set to what must be remembered of its key, 0 for nothing
 *
 * Context: any; XFRM holds its own locks.
 * Return: false if the SA is not tracked.
 */
bool kmtia_tracker_live(struct kmtia_tracker *tracker,
			const struct kmtia_sa_id *id, u64 *reuse_hash)
{
	struct kmtia_track *track;
	bool found = false;

	spin_lock_bh(&tracker->lock);
	list_for_each_entry(track, &tracker->pending, node) {
		if (track->creator != current ||
		    !kmtia_sa_id_equal(&track->id, id))
			continue;
		found = true;
		list_del_init(&track->node);
		track->state = KMTIA_TRACK_LIVE;
		track->creator = NULL;
		track->since = jiffies;
		tracker->live++;
		mate_settle(tracker, track);
		*reuse_hash = track->reuse_hash;
		event_queue(tracker, track, KMTIA_NOTIFY_EVENT_NEW);
		break;
	}
	spin_unlock_bh(&tracker->lock);
	return found;
}

static void track_gone(struct kmtia_tracker *tracker, struct kmtia_track *track)
{
	track_unlist(tracker, track);
	track->state = KMTIA_TRACK_GONE;
	track->since = jiffies;
	list_add_tail(&track->node, &tracker->gone);
	tracker->live--;
	tracker->remembered++;
	schedule_delayed_work(&tracker->reaper,
			      msecs_to_jiffies(READ_ONCE(kmtia_readd_ms)));
}

/**
 * kmtia_tracker_event() - XFRM says that something happened to an SA
 * @tracker: the tracker
 * @id: of the SA
 * @event: UPDATE, DELETE or EXPIRE
 *
 * Context: any; XFRM may hold its own locks, the state's among them.
 */
void kmtia_tracker_event(struct kmtia_tracker *tracker,
			 const struct kmtia_sa_id *id,
			 enum kmtia_notify_event event)
{
	struct kmtia_track *track;

	rcu_read_lock();
	spin_lock_bh(&tracker->lock);
	track = find_live(tracker, id);
	if (track) {
		if (event != KMTIA_NOTIFY_EVENT_UPDATE)
			track_gone(tracker, track);
		event_queue(tracker, track, event);
	}
	spin_unlock_bh(&tracker->lock);
	rcu_read_unlock();
}

/**
 * kmtia_tracker_flushed() - XFRM says that SAs were flushed
 * @tracker: the tracker
 * @protos: bits of the protocols: 1 ESP, 2 AH
 *
 * Which of them are gone the worker will see.
 */
void kmtia_tracker_flushed(struct kmtia_tracker *tracker, u8 protos)
{
	spin_lock_bh(&tracker->lock);
	if (!tracker->dead) {
		tracker->flushed |= protos;
		schedule_work(&tracker->work);
	}
	spin_unlock_bh(&tracker->lock);
}

/**
 * kmtia_tracker_gone() - a reader found that an SA is not there any more
 * @tracker: the tracker
 * @track: its entry
 * @tell: whether managers are to be told
 */
void kmtia_tracker_gone(struct kmtia_tracker *tracker,
			struct kmtia_track *track, bool tell)
{
	spin_lock_bh(&tracker->lock);
	if (track->state == KMTIA_TRACK_LIVE && !tracker->dead) {
		track_gone(tracker, track);
		if (tell)
			event_queue(tracker, track, KMTIA_NOTIFY_EVENT_DELETE);
	}
	spin_unlock_bh(&tracker->lock);
}

/**
 * kmtia_tracker_pop() - the next event to tell
 * @tracker: the tracker
 * @event: set to what happened
 * @seq: set to its number
 *
 * Return: the SA with a reference for the caller, or NULL if there is nothing.
 */
struct kmtia_track *kmtia_tracker_pop(struct kmtia_tracker *tracker,
				      enum kmtia_notify_event *event, u64 *seq)
{
	struct kmtia_track *track;

	spin_lock_bh(&tracker->lock);
	track = list_first_entry_or_null(&tracker->events, struct kmtia_track,
					 event_node);
	if (track) {
		*event = __ffs(track->events);
		*seq = ++tracker->seq;
		if (*event == KMTIA_NOTIFY_EVENT_NEW)
			track->seq = *seq;
		track->events &= ~BIT(*event);
		if (track->events)
			refcount_inc(&track->ref);
		else
			list_del_init(&track->event_node);
	}
	spin_unlock_bh(&tracker->lock);
	return track;
}

/**
 * kmtia_tracker_pop_flush() - which flushes are to be told
 * @tracker: the tracker
 * @seq: set to the number of the event
 *
 * Return: bits of the protocols: 1 ESP, 2 AH; 0 if there was none.
 */
u8 kmtia_tracker_pop_flush(struct kmtia_tracker *tracker, u64 *seq)
{
	u8 protos;

	spin_lock_bh(&tracker->lock);
	protos = tracker->flushed;
	tracker->flushed = 0;
	if (protos)
		*seq = ++tracker->seq;
	spin_unlock_bh(&tracker->lock);
	return protos;
}

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
	struct spi_key key = { .spi = sa->id.spi, .proto = sa->id.proto };
	struct kmtia_track *track, *found = NULL;
	struct rhlist_head *list, *pos;

	rcu_read_lock();
	spin_lock_bh(&tracker->lock);
	list = rhltable_lookup(&tracker->by_spi, &key, spi_params);
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
 * Return: true if one is live or remembered.
 */
bool kmtia_tracker_knows_spi(struct kmtia_tracker *tracker,
			     const struct kmtia_sa *sa)
{
	struct spi_key key = { .spi = sa->id.spi, .proto = sa->id.proto };
	bool known;

	rcu_read_lock();
	known = rhltable_lookup(&tracker->by_spi, &key, spi_params);
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
	struct pair_key key = {
		.id = &sa->id, .saddr = &sa->saddr,
		.reqid = sa->reqid, .if_id = sa->if_id, .mode = sa->mode,
	};
	struct kmtia_track *track, *mate = NULL;
	struct rhlist_head *list, *pos;
	unsigned int fits = 0;

	if (kmtia_addr_equal(&sa->saddr, &sa->id.daddr))
		return NULL;
	rcu_read_lock();
	spin_lock_bh(&tracker->lock);
	list = rhltable_lookup(&tracker->by_pair, &key, pair_params);
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
	out->age_ms = jiffies_to_msecs(jiffies - track->since);
	mate = track->mate ? xa_load(&tracker->by_handle, track->mate) : NULL;
	if (mate) {
		out->has_mate = true;
		out->mate = mate->id;
		out->mate_saddr = mate->saddr;
	}
	spin_unlock_bh(&tracker->lock);
}

/* --- Forgetting ------------------------------------------------------------ */

static void tracker_reap(struct work_struct *work)
{
	struct kmtia_tracker *tracker =
		container_of(to_delayed_work(work), struct kmtia_tracker,
			     reaper);
	unsigned long readd = msecs_to_jiffies(READ_ONCE(kmtia_readd_ms));
	struct kmtia_track *track, *next;
	bool again;

	spin_lock_bh(&tracker->lock);
	list_for_each_entry_safe(track, next, &tracker->pending, node)
		if (time_after_eq(jiffies, track->since + PENDING_MAX))
			track_forget(tracker, track);
	list_for_each_entry_safe(track, next, &tracker->gone, node) {
		if (time_before(jiffies, track->since + readd))
			break;
		list_del_init(&track->node);
		tracker->remembered--;
		rhltable_remove(&tracker->by_spi, &track->spi_node, spi_params);
		kmtia_track_put(track);
	}
	again = !list_empty(&tracker->pending) || !list_empty(&tracker->gone);
	spin_unlock_bh(&tracker->lock);
	if (again)
		schedule_delayed_work(&tracker->reaper,
				      clamp(readd, 1UL, (unsigned long)HZ));
}

/**
 * kmtia_tracker_init() - prepare an empty tracker
 * @tracker: the tracker
 *
 * Return: 0 or %-ENOMEM.
 */
int kmtia_tracker_init(struct kmtia_tracker *tracker)
{
	int err;

	spin_lock_init(&tracker->lock);
	xa_init_flags(&tracker->by_handle, XA_FLAGS_LOCK_BH);
	INIT_LIST_HEAD(&tracker->pending);
	INIT_LIST_HEAD(&tracker->gone);
	INIT_LIST_HEAD(&tracker->events);
	INIT_WORK(&tracker->work, kmtia_notify_work);
	INIT_DELAYED_WORK(&tracker->reaper, tracker_reap);
	err = rhltable_init(&tracker->by_spi, &spi_params);
	if (err)
		return err;
	err = rhltable_init(&tracker->by_pair, &pair_params);
	if (err)
		rhltable_destroy(&tracker->by_spi);
	return err;
}

static void track_release(void *ptr, void *arg)
{
	struct kmtia_track *track = ptr;

	if (!list_empty(&track->event_node)) {
		list_del_init(&track->event_node);
		kmtia_track_put(track);
	}
	kmtia_track_put(track);
}

/**
 * kmtia_tracker_exit() - the namespace or the module goes: forget everything
 * @tracker: the tracker
 *
 * SAs may outlive this by a moment, and XFRM's events with them; they find
 * nothing any more.
 */
void kmtia_tracker_exit(struct kmtia_tracker *tracker)
{
	spin_lock_bh(&tracker->lock);
	tracker->dead = true;
	INIT_LIST_HEAD(&tracker->pending);
	INIT_LIST_HEAD(&tracker->gone);
	spin_unlock_bh(&tracker->lock);
	cancel_work_sync(&tracker->work);
	cancel_delayed_work_sync(&tracker->reaper);
	rhltable_destroy(&tracker->by_pair);
	rhltable_free_and_destroy(&tracker->by_spi, track_release, NULL);
	xa_destroy(&tracker->by_handle);
}
