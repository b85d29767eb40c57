// SPDX-License-Identifier: GPL-2.0
/*
 * What is known about an SA: an entry of the tracker (tracker.c).
 */
#include "internal.h"
#include "compat/xfrm.h"

#include <linux/slab.h>

static struct kmem_cache *track_cache;

/**
 * kmtia_tracker_cache_init() - make the cache of tracked SAs
 *
 * Return: 0 or %-ENOMEM.
 */
int __init kmtia_tracker_cache_init(void)
{
	track_cache = kmtia_cache_new("kmtia_sa", sizeof(struct kmtia_track));
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

/**
 * kmtia_track_clock() - the time, as entries have it
 *
 * Return: KMTIA_TRACK_HZ ticks a second.
 */
u32 kmtia_track_clock(void)
{
	return div_u64(get_jiffies_64() * KMTIA_TRACK_HZ, HZ);
}

/**
 * kmtia_track_ticks() - how many ticks of that clock
 * @ms: a time, milliseconds
 *
 * Return: ticks after which it is surely over.
 */
u32 kmtia_track_ticks(unsigned int ms)
{
	return DIV_ROUND_UP_ULL((u64)ms * KMTIA_TRACK_HZ, MSEC_PER_SEC) + 1;
}

/**
 * kmtia_track_new() - make an entry for an SA that is being created
 * @handle: from kmtia_tracker_handle()
 * @sa: the SA
 * @rule: the rule that covers it; gets a reference
 *
 * Return: the entry with a reference for the caller, or NULL.
 */
struct kmtia_track *kmtia_track_new(u64 handle, const struct kmtia_sa *sa,
				    struct kmtia_rule *rule)
{
	struct kmtia_track *track;

	track = kmem_cache_alloc(track_cache, GFP_KERNEL_ACCOUNT);
	if (!track)
		return NULL;
	memset(track, 0, sizeof(*track));
	refcount_set(&track->ref, 1);
	INIT_LIST_HEAD(&track->node);
	track->handle = handle;
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
	if (track->state == KMTIA_TRACK_PENDING)
		kmtia_track_wipe(track);
	/* Readers of the tables may be looking at it. */
	call_rcu(&track->rcu, track_free);
}

/**
 * kmtia_track_mate() - which is its mate
 * @track: the entry
 *
 * Return: the mate's handle, or 0.
 */
u64 kmtia_track_mate(const struct kmtia_track *track)
{
	return track->mate ? track->handle + track->mate : 0;
}

/**
 * kmtia_track_mate_set() - note which is its mate
 * @track: the entry
 * @mate: the mate's, or NULL. None is noted if two billion SAs were made between
 *	them.
 */
void kmtia_track_mate_set(struct kmtia_track *track,
			  const struct kmtia_track *mate)
{
	s64 distance = mate ? mate->handle - track->handle : 0;

	track->mate = distance == (s32)distance ? distance : 0;
}

/**
 * kmtia_track_inherit() - the same key again: who decided it, and which it is
 * @track: an entry that nobody else knows yet
 * @old: of the SA that has had the key
 *
 * Context: process.
 * Return: 0 or %-ENOMEM.
 */
int kmtia_track_inherit(struct kmtia_track *track,
			const struct kmtia_track *old)
{
	track->origin = old->origin;
	track->kept = old->kept;
	track->reuse_hash = old->reuse_hash;
	memcpy(track->manager, old->manager, KMTIA_UUID_LEN);
	if (!old->key_id)
		return 0;
	track->key_id = kstrdup(old->key_id, GFP_KERNEL_ACCOUNT);
	return track->key_id ? 0 : -ENOMEM;
}

/* --- Keys of an SA that XFRM may refuse --------------------------------------- */

/**
 * kmtia_track_keep() - have the dictated keys at hand until the SA is in
 * @track: an entry that nobody else knows yet
 * @keys: the keys, one after the other, from kmalloc(); the entry's from now on
 *
 * A keying module that offers an SA once more, because XFRM refused it for
 * something else than its keys, gets them without a question.
 */
void kmtia_track_keep(struct kmtia_track *track, u8 *keys)
{
	track->keys = keys;
}

/**
 * kmtia_track_restore() - give a state the keys that were kept
 * @track: of the SA that was refused
 * @x: the state, before its init_state
 * @sa: its description; its slots are those of the SA that was refused
 */
void kmtia_track_restore(const struct kmtia_track *track, struct xfrm_state *x,
			 const struct kmtia_sa *sa)
{
	u8 *keys[KMTIA_MAX_SLOTS], *from = track->keys;
	unsigned int i;

	for (i = 0; i < sa->n_slots; i++) {
		keys[i] = from;
		from += kmtia_slot_bytes(&sa->slots[i]);
	}
	kmtia_sa_write(x, sa, keys);
}

/**
 * kmtia_track_wipe() - the keys are not needed any more
 * @track: the entry; nobody else reads its keys
 *
 * Context: any.
 */
void kmtia_track_wipe(struct kmtia_track *track)
{
	kfree_sensitive(track->keys);
	track->keys = NULL;
}
