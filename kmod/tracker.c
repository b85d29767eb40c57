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
#include "trace.h"
#include "compat/xfrm.h"

#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* Between the hook and XFRM's event there is work of the same task only, but a
 * device may have to take the SA, and a host may be busy. An entry that waits
 * in vain does no harm.
 */
#define PENDING_MAX_MS	10000

/* --- Pending ------------------------------------------------------------- */

/**
 * kmtia_tracker_handle() - a number for the next SA
 * @tracker: the tracker
 *
 * Return: one that no SA of the namespace has had; never 0.
 */
u64 kmtia_tracker_handle(struct kmtia_tracker *tracker)
{
	return atomic64_inc_return(&tracker->handles);
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
	track->since = kmtia_track_clock();
	err = xa_insert_bh(&tracker->by_handle, track->handle, track,
			   GFP_KERNEL_ACCOUNT);
	if (err)
		return -ENOMEM;

	spin_lock_bh(&tracker->lock);
	err = kmtia_tables_insert(tracker, track);
	if (!err) {
		refcount_inc(&track->ref);
		list_add_tail(&track->node, &tracker->pending);
	}
	spin_unlock_bh(&tracker->lock);
	if (err) {
		xa_erase_bh(&tracker->by_handle, track->handle);
		return -ENOMEM;
	}
	schedule_delayed_work(&tracker->reaper,
			      msecs_to_jiffies(PENDING_MAX_MS));
	return 0;
}

/* Out of what only pending and live entries are in */
static void track_unlist(struct kmtia_tracker *tracker,
			 struct kmtia_track *track)
{
	struct kmtia_track *mate;

	lockdep_assert_held(&tracker->lock);
	list_del_init(&track->node);
	kmtia_tables_remove_pair(tracker, track);
	mate = xa_load(&tracker->by_handle, kmtia_track_mate(track));
	if (mate && kmtia_track_mate(mate) == track->handle)
		kmtia_track_mate_set(mate, NULL);
	xa_erase_bh(&tracker->by_handle, track->handle);
}

/* Forgets a pending entry; the tracker's reference goes with it. */
static void track_forget(struct kmtia_tracker *tracker,
			 struct kmtia_track *track)
{
	track_unlist(tracker, track);
	kmtia_tables_remove_spi(tracker, track);
	kmtia_track_put(track);
}

/**
 * kmtia_tracker_forget_own() - a task begins the next SA
 * @tracker: the tracker
 * @id: of that SA, or NULL
 *
 * What it had pending came to nothing, or XFRM would have said so by now.
 *
 * Return: what it had pending of that very identity, with a reference for the
 * caller, or NULL.
 */
struct kmtia_track *kmtia_tracker_forget_own(struct kmtia_tracker *tracker,
					     const struct kmtia_sa_id *id)
{
	struct kmtia_track *track, *next, *same = NULL;

	if (list_empty_careful(&tracker->pending))
		return NULL;
	spin_lock_bh(&tracker->lock);
	list_for_each_entry_safe(track, next, &tracker->pending, node) {
		if (track->creator != current)
			continue;
		if (id && !same && kmtia_sa_id_equal(&track->id, id)) {
			refcount_inc(&track->ref);
			same = track;
		}
		track_forget(tracker, track);
	}
	spin_unlock_bh(&tracker->lock);
	return same;
}

/* --- Events -------------------------------------------------------------- */

/* Has the worker to do with it? If not it only has its number, and its place: the
 * next event of the same SA is told after it.
 */
static bool event_is_told(const struct kmtia_track *track,
			  enum kmtia_notify_event event)
{
	return track->rule->spec.notify != KMTIA_GRANT_NONE ||
	       (event == KMTIA_NOTIFY_EVENT_NEW && track->randomised);
}

static void event_queue(struct kmtia_tracker *tracker,
			struct kmtia_track *track,
			enum kmtia_notify_event event)
{
	static const char * const names[] = {
		[KMTIA_NOTIFY_EVENT_NEW] = "new",
		[KMTIA_NOTIFY_EVENT_UPDATE] = "update",
		[KMTIA_NOTIFY_EVENT_DELETE] = "delete",
		[KMTIA_NOTIFY_EVENT_EXPIRE] = "expire",
	};

	lockdep_assert_held(&tracker->lock);
	trace_kmtia_sa(track, names[event]);
	if (list_empty(&tracker->events) && !event_is_told(track, event)) {
		tracker->seq++;
		if (event == KMTIA_NOTIFY_EVENT_NEW)
			track->seq = tracker->seq;
		return;
	}
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
	struct rhlist_head *list, *pos;
	struct kmtia_track *track;

	lockdep_assert_held(&tracker->lock);
	if (tracker->dead)
		return NULL;
	list = kmtia_tables_by_spi(tracker, id);
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
	struct kmtia_track *mate = xa_load(&tracker->by_handle,
					   kmtia_track_mate(track));

	if (mate && !mate->mate)
		kmtia_track_mate_set(mate, track);
	else
		kmtia_track_mate_set(track, NULL);
}

static void track_gone(struct kmtia_tracker *tracker, struct kmtia_track *track)
{
	track_unlist(tracker, track);
	track->state = KMTIA_TRACK_GONE;
	track->since = kmtia_track_clock();
	list_add_tail(&track->node, &tracker->gone);
	tracker->live--;
	tracker->remembered++;
	/* Pending entries, whose keys are to be wiped in time, wait for the
	 * work that is queued here.
	 */
	schedule_delayed_work(&tracker->reaper,
			      msecs_to_jiffies(min(READ_ONCE(kmtia_readd_ms),
						   PENDING_MAX_MS)));
}

/* What only a pending one has gives its room to what only later ones have. */
static void track_enliven(struct kmtia_track *track)
{
	kmtia_track_wipe(track);
	track->state = KMTIA_TRACK_LIVE;
	INIT_LIST_HEAD(&track->event_node);
	track->seq = 0;
	track->since = kmtia_track_clock();
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

	rcu_read_lock();
	spin_lock_bh(&tracker->lock);
	/* One of this identity that we still think live went unreported. What
	 * is known about it must not be taken for what is known about this one.
	 */
	track = find_live(tracker, id);
	if (track) {
		track_gone(tracker, track);
		event_queue(tracker, track, KMTIA_NOTIFY_EVENT_DELETE);
	}
	list_for_each_entry(track, &tracker->pending, node) {
		if (track->creator != current ||
		    !kmtia_sa_id_equal(&track->id, id))
			continue;
		found = true;
		list_del_init(&track->node);
		track_enliven(track);
		tracker->live++;
		queue_delayed_work(kmtia_wq, &tracker->watch,
				   KMTIA_MISMATCH_PERIOD);
		mate_settle(tracker, track);
		*reuse_hash = track->reuse_hash;
		event_queue(tracker, track, KMTIA_NOTIFY_EVENT_NEW);
		break;
	}
	spin_unlock_bh(&tracker->lock);
	rcu_read_unlock();
	return found;
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
 * @protos: bits of the protocols: BIT(KMTIA_FLUSH_ESP), BIT(KMTIA_FLUSH_AH)
 *
 * Which SAs are gone the worker will see, when it gets to this place in the
 * events: what comes after the flush is told after it.
 */
void kmtia_tracker_flushed(struct kmtia_tracker *tracker, u8 protos)
{
	unsigned int i;

	spin_lock_bh(&tracker->lock);
	for (i = 0; i < KMTIA_N_FLUSHES && !tracker->dead; i++)
		if (protos & BIT(i))
			list_move_tail(&tracker->flushes[i], &tracker->events);
	if (!tracker->dead)
		schedule_work(&tracker->work);
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

static bool is_flush(struct kmtia_tracker *tracker, struct list_head *node,
		     u8 *proto)
{
	if (node == &tracker->flushes[KMTIA_FLUSH_ESP])
		*proto = IPPROTO_ESP;
	else if (node == &tracker->flushes[KMTIA_FLUSH_AH])
		*proto = IPPROTO_AH;
	else
		return false;
	return true;
}

/* A flush of both protocols is one event. */
static void pop_flush(struct kmtia_tracker *tracker, struct list_head *node,
		      struct kmtia_track_event *event)
{
	struct list_head *next = node->next;
	u8 other;

	event->event = KMTIA_NOTIFY_EVENT_FLUSH;
	if (is_flush(tracker, next, &other)) {
		event->proto = 0;
		list_del_init(next);
	}
	list_del_init(node);
}

static void pop_track(struct kmtia_track *track,
		      struct kmtia_track_event *event)
{
	event->track = track;
	event->event = __ffs(track->events);
	if (event->event == KMTIA_NOTIFY_EVENT_NEW)
		track->seq = event->seq;
	track->events &= ~BIT(event->event);
	/* The list's reference becomes the caller's, if it is not needed. */
	if (track->events)
		refcount_inc(&track->ref);
	else
		list_del_init(&track->event_node);
}

/**
 * kmtia_tracker_pop() - the next event to tell
 * @tracker: the tracker
 * @event: filled in; the caller puts the entry in it
 *
 * Return: false if there is none.
 */
bool kmtia_tracker_pop(struct kmtia_tracker *tracker,
		       struct kmtia_track_event *event)
{
	struct list_head *node;
	bool found;

	memset(event, 0, sizeof(*event));
	spin_lock_bh(&tracker->lock);
	found = !list_empty(&tracker->events);
	if (found) {
		event->seq = ++tracker->seq;
		node = tracker->events.next;
		if (is_flush(tracker, node, &event->proto))
			pop_flush(tracker, node, event);
		else
			pop_track(list_entry(node, struct kmtia_track,
					     event_node), event);
	}
	spin_unlock_bh(&tracker->lock);
	return found;
}

/* --- Forgetting ------------------------------------------------------------ */

static u32 track_age(const struct kmtia_track *track)
{
	return kmtia_track_clock() - track->since;
}

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
		if (track_age(track) >= kmtia_track_ticks(PENDING_MAX_MS))
			track_forget(tracker, track);
	list_for_each_entry_safe(track, next, &tracker->gone, node) {
		if (track_age(track) < kmtia_track_ticks(READ_ONCE(kmtia_readd_ms)))
			break;
		list_del_init(&track->node);
		tracker->remembered--;
		kmtia_tables_remove_spi(tracker, track);
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
	unsigned int i;

	spin_lock_init(&tracker->lock);
	xa_init_flags(&tracker->by_handle, XA_FLAGS_LOCK_BH);
	INIT_LIST_HEAD(&tracker->pending);
	INIT_LIST_HEAD(&tracker->gone);
	INIT_LIST_HEAD(&tracker->events);
	for (i = 0; i < KMTIA_N_FLUSHES; i++)
		INIT_LIST_HEAD(&tracker->flushes[i]);
	INIT_WORK(&tracker->work, kmtia_notify_work);
	INIT_DELAYED_WORK(&tracker->reaper, tracker_reap);
	INIT_DELAYED_WORK(&tracker->watch, kmtia_mismatch_work);
	return kmtia_tables_init(tracker);
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
	struct kmtia_track_event event;

	spin_lock_bh(&tracker->lock);
	tracker->dead = true;
	INIT_LIST_HEAD(&tracker->pending);
	INIT_LIST_HEAD(&tracker->gone);
	spin_unlock_bh(&tracker->lock);
	cancel_work_sync(&tracker->work);
	cancel_delayed_work_sync(&tracker->reaper);
	cancel_delayed_work_sync(&tracker->watch);
	/* Also those that the tables do not have any more */
	while (kmtia_tracker_pop(tracker, &event))
		kmtia_track_put(event.track);
	kmtia_tables_exit(tracker);
	xa_destroy(&tracker->by_handle);
}
