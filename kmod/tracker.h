/* SPDX-License-Identifier: GPL-2.0 */
/* SAs that were dictated or are watched, and keys that were used */
#ifndef _KMTIA_TRACKER_H
#define _KMTIA_TRACKER_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "kmtia.h"

struct kmtia_rule;
struct xfrm_state;

/* --- reuse.c ------------------------------------------------------------ */

/**
 * struct kmtia_reuse - which SA has had which key; bounded
 * @lock: protects the rest
 * @entries: sets of KMTIA_REUSE_WAYS; allocated at the first use
 * @next: for each set, the way that is overwritten next
 * @count: entries in use
 */
struct kmtia_reuse {
	spinlock_t lock;	/* protects all of the rest */
	struct kmtia_reuse_entry *entries;
	u8 *next;
	unsigned int count;
};

#define KMTIA_REUSE_WAYS	8
#define KMTIA_REUSE_SETS	512
#define KMTIA_REUSE_MAX		(KMTIA_REUSE_WAYS * KMTIA_REUSE_SETS)

void kmtia_reuse_init(struct kmtia_reuse *reuse);
void kmtia_reuse_exit(struct kmtia_reuse *reuse);
int kmtia_reuse_prepare(struct kmtia_reuse *reuse);
bool kmtia_reuse_fresh(struct kmtia_reuse *reuse, u64 key_hash,
		       const struct kmtia_sa_id *id);
void kmtia_reuse_commit(struct kmtia_reuse *reuse, u64 key_hash,
			const struct kmtia_sa_id *id);

/* --- track.c ------------------------------------------------------------ */

enum kmtia_flush {
	KMTIA_FLUSH_ESP,
	KMTIA_FLUSH_AH,
	KMTIA_N_FLUSHES
};

enum kmtia_track_state {
	KMTIA_TRACK_PENDING,	/* made; XFRM may yet refuse to insert it */
	KMTIA_TRACK_LIVE,
	KMTIA_TRACK_GONE,	/* remembered, in case it is added again */
};

/**
 * struct kmtia_track - a tracked SA
 * @spi_node: in kmtia_tracker::by_spi
 * @pair_node: in kmtia_tracker::by_pair
 * @node: in the list of its state
 * @rcu: frees it; it is in no list then
 * @creator: while PENDING: who is making it; compared, never followed
 * @keys: while PENDING: the dictated keys, or NULL
 * @event_node: later: in kmtia_tracker::events while @events is not 0
 * @id: identity
 * @saddr: source address
 * @handle: number of the SA; index in kmtia_tracker::by_handle
 * @asked_hash: while PENDING: keyed hash of all keys that the keying module
 *	proposed
 * @seq: later: number of the event that it is new; 0 if it was not told yet
 * @key_hash: keyed hash of all keys
 * @reuse_hash: keyed hash of the key that must be used once, 0 for none
 * @rule: the rule that covers it; pinned
 * @key_id: name of the key, or NULL
 * @manager: UUID of who dictated
 * @ref: the tracker has one, readers more
 * @since: when it came into its state, kmtia_track_clock()
 * @mate: handle of the mate, less the own; 0 for none
 * @reqid: with the next two, for finding mates
 * @if_id: XFRM interface id
 * @mode: XFRM_MODE_*
 * @state: see enum kmtia_track_state
 * @origin: who decided the key
 * @kept: a key should have been dictated, but none came
 * @shadow: an SA of this identity lived when it was made (xfrm_hook.c)
 * @randomised: and so it got a random key
 * @mismatched: the other end was found to have another key (mismatch.c)
 * @events: bits of enum kmtia_notify_event that are to be told
 *
 * A gateway has a hundred thousand of them: what is needed at different times
 * shares its room.
 */
struct kmtia_track {
	struct rhlist_head spi_node;
	struct rhlist_head pair_node;
	union {
		struct list_head node;
		struct rcu_head rcu;
	};
	union {
		struct {
			const void *creator;
			u8 *keys;
		};
		struct list_head event_node;
	};
	struct kmtia_sa_id id;
	union kmtia_addr saddr;
	u64 handle;
	union {
		u64 asked_hash;
		u64 seq;
	};
	u64 key_hash;
	u64 reuse_hash;
	struct kmtia_rule *rule;
	char *key_id;
	u8 manager[KMTIA_UUID_LEN];
	refcount_t ref;
	u32 since;
	s32 mate;
	u32 reqid;
	u32 if_id;
	u8 mode;
	u8 state;
	u8 origin:4;
	bool kept:1;
	bool shadow:1;
	bool randomised:1;
	bool mismatched:1;
	u8 events;
};

/* Ticks of kmtia_track_clock() in a second: it goes round in eight years. */
#define KMTIA_TRACK_HZ	16

int kmtia_tracker_cache_init(void);
void kmtia_tracker_cache_exit(void);
u32 kmtia_track_clock(void);
u32 kmtia_track_ticks(unsigned int ms);
struct kmtia_track *kmtia_track_new(u64 handle, const struct kmtia_sa *sa,
				    struct kmtia_rule *rule);
void kmtia_track_put(struct kmtia_track *track);
u64 kmtia_track_mate(const struct kmtia_track *track);
void kmtia_track_mate_set(struct kmtia_track *track,
			  const struct kmtia_track *mate);
int kmtia_track_inherit(struct kmtia_track *track,
			const struct kmtia_track *old);
void kmtia_track_keep(struct kmtia_track *track, u8 *keys);
void kmtia_track_restore(const struct kmtia_track *track, struct xfrm_state *x,
			 const struct kmtia_sa *sa);
void kmtia_track_wipe(struct kmtia_track *track);

/* --- tracker.c ---------------------------------------------------------- */

/**
 * struct kmtia_tracker - the tracked SAs of a network namespace
 * @handles: the last that was given away
 * @lock: protects all of the rest
 * @dead: the namespace goes; nothing is found any more
 * @by_spi: every entry, by protocol and SPI
 * @by_pair: pending and live ones, by what mates have in common
 * @by_handle: pending and live ones, by handle
 * @pending: entries in state PENDING
 * @gone: entries in state GONE, oldest first
 * @events: what is to be told, in order: entries, and flushes
 * @seq: number of the last event
 * @live: entries in state LIVE
 * @remembered: entries in state GONE
 * @flushes: in @events while a flush of the protocol is to be told
 * @work: tells what happened (notify.c)
 * @reaper: forgets pending and gone entries
 * @watch: looks for mismatches (mismatch.c)
 * @failures: packets of the namespace that had failed when @watch last looked
 */
struct kmtia_tracker {
	atomic64_t handles;
	spinlock_t lock;	/* protects all of the rest */
	bool dead;
	struct rhltable by_spi;
	struct rhltable by_pair;
	struct xarray by_handle;
	struct list_head pending;
	struct list_head gone;
	struct list_head events;
	u64 seq;
	unsigned int live;
	unsigned int remembered;
	struct list_head flushes[KMTIA_N_FLUSHES];
	struct work_struct work;
	struct delayed_work reaper;
	struct delayed_work watch;
	unsigned long failures;
};

/**
 * struct kmtia_track_event - something to tell
 * @seq: its number
 * @event: what happened
 * @track: to which SA; pinned; NULL for a flush
 * @proto: of a flush, 0 for both
 */
struct kmtia_track_event {
	u64 seq;
	enum kmtia_notify_event event;
	struct kmtia_track *track;
	u8 proto;
};

/* How often mismatch.c looks */
#define KMTIA_MISMATCH_PERIOD	(2 * HZ)

int kmtia_tracker_init(struct kmtia_tracker *tracker);
void kmtia_tracker_exit(struct kmtia_tracker *tracker);
u64 kmtia_tracker_handle(struct kmtia_tracker *tracker);
int kmtia_track_add(struct kmtia_tracker *tracker, struct kmtia_track *track);
struct kmtia_track *kmtia_tracker_forget_own(struct kmtia_tracker *tracker,
					     const struct kmtia_sa_id *id);
bool kmtia_tracker_live(struct kmtia_tracker *tracker,
			const struct kmtia_sa_id *id, u64 *reuse_hash);
void kmtia_tracker_event(struct kmtia_tracker *tracker,
			 const struct kmtia_sa_id *id,
			 enum kmtia_notify_event event);
void kmtia_tracker_flushed(struct kmtia_tracker *tracker, u8 protos);
void kmtia_tracker_gone(struct kmtia_tracker *tracker,
			struct kmtia_track *track, bool tell);
bool kmtia_tracker_pop(struct kmtia_tracker *tracker,
		       struct kmtia_track_event *event);

/* --- track_find.c ------------------------------------------------------- */

struct kmtia_track *kmtia_tracker_readd(struct kmtia_tracker *tracker,
					const struct kmtia_sa *sa,
					u64 key_hash);
bool kmtia_tracker_knows_spi(struct kmtia_tracker *tracker,
			     const struct kmtia_sa *sa);
struct kmtia_track *kmtia_tracker_mate(struct kmtia_tracker *tracker,
				       const struct kmtia_sa *sa);
void kmtia_tracker_pair(struct kmtia_tracker *tracker,
			const struct kmtia_sa *sa, struct kmtia_track *track);
struct kmtia_track *kmtia_tracker_next(struct kmtia_tracker *tracker,
				       u64 handle);
void kmtia_tracker_describe(struct kmtia_tracker *tracker,
			    const struct kmtia_track *track,
			    struct kmtia_tracked *out);

/* --- track_table.c ------------------------------------------------------ */

int kmtia_tables_init(struct kmtia_tracker *tracker);
void kmtia_tables_exit(struct kmtia_tracker *tracker);
int kmtia_tables_insert(struct kmtia_tracker *tracker,
			struct kmtia_track *track);
void kmtia_tables_remove_spi(struct kmtia_tracker *tracker,
			     struct kmtia_track *track);
void kmtia_tables_remove_pair(struct kmtia_tracker *tracker,
			      struct kmtia_track *track);
struct rhlist_head *kmtia_tables_by_spi(struct kmtia_tracker *tracker,
					const struct kmtia_sa_id *id);
struct rhlist_head *kmtia_tables_by_pair(struct kmtia_tracker *tracker,
					 const struct kmtia_sa *sa);

#endif /* _KMTIA_TRACKER_H */
