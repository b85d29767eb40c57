// SPDX-License-Identifier: GPL-2.0
/*
 * The end of standing secrets: the grace of those whose manager is gone, and
 * the time after which a secret must not be used. The file knows neither XFRM
 * nor netlink.
 *
 * A manager that is gone lets go of its socket and its process at once. What is
 * left of it, an orphan, is a manager of its own that nobody can ask.
 *
 * Secrets go from a manager to its estate, and from there to an heir, with the
 * registry's lock held and kmtia_registry::moves odd: who reads the lists without
 * the lock sees by that number that he must look again (manager.c).
 */
#include "internal.h"

#include <linux/jiffies.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

/* Clocks may be set: look again after this time at the latest. */
#define REAP_MAX	(60 * HZ)

static const struct kmtia_manager_ops orphan_ops = {};

static void moves_begin(struct kmtia_registry *registry)
{
	lockdep_assert_held(registry->lock);
	WRITE_ONCE(registry->moves, registry->moves + 1);
	smp_wmb();	/* odd before anything moves */
}

static void moves_end(struct kmtia_registry *registry)
{
	smp_wmb();	/* all has moved before it is even */
	WRITE_ONCE(registry->moves, registry->moves + 1);
}

/* Wiped before it is told, and before it is out of the list. */
static void orphan_unlink(struct kmtia_registry *registry,
			  struct kmtia_manager *orphan)
{
	lockdep_assert_held(registry->lock);
	kmtia_secrets_wipe(orphan);
	list_del_rcu(&orphan->node);
	registry->n_orphans--;
}

static void orphan_end(struct kmtia_registry *registry,
		       struct kmtia_manager *orphan)
{
	orphan_unlink(registry, orphan);
	registry->event(registry, KMTIA_MONITOR_EVENT_MANAGER_DEL, orphan);
	kmtia_manager_put(orphan);
}

/**
 * kmtia_orphans_inherit() - a manager registers: was it here before?
 * @registry: where
 * @heir: the manager, which is put into the list
 *
 * The secrets of the same manager before it came back go on with it, those of
 * somebody else who called himself so do not.
 *
 * Context: the registry's lock is held.
 */
void kmtia_orphans_inherit(struct kmtia_registry *registry,
			   struct kmtia_manager *heir)
{
	struct kmtia_manager *orphan, *next;

	moves_begin(registry);
	list_for_each_entry_safe(orphan, next, &registry->orphans, node) {
		if (memcmp(orphan->uuid, heir->uuid, KMTIA_UUID_LEN))
			continue;
		if (heir->flags & KMTIA_MANAGER_FLAGS_DICTATE &&
		    uid_eq(orphan->owner, heir->owner))
			kmtia_secrets_inherit(heir, orphan);
		orphan_unlink(registry, orphan);
		kmtia_manager_put(orphan);
	}
	list_add_tail_rcu(&heir->node, &registry->managers);
	moves_end(registry);
}

static void estate_fill(struct kmtia_manager *estate,
			const struct kmtia_manager *manager)
{
	unsigned int i;

	memcpy(estate->uuid, manager->uuid, KMTIA_UUID_LEN);
	strscpy(estate->name, manager->name, sizeof(estate->name));
	strscpy(estate->description, manager->description,
		sizeof(estate->description));
	estate->flags = manager->flags;
	estate->timeout_hint = manager->timeout_hint;
	estate->owner = manager->owner;
	estate->grace = manager->grace;
	estate->grace_ends = ktime_get_boottime_ns() +
			     (u64)manager->grace * NSEC_PER_MSEC;
	for (i = 0; i < KMTIA_MANAGER_N_COUNTERS; i++)
		atomic64_set(&estate->counters[i],
			     atomic64_read(&manager->counters[i]));
	for (i = 0; i < KMTIA_N_TIMES; i++)
		atomic64_set(&estate->times.counts[i],
			     atomic64_read(&manager->times.counts[i]));
}

/**
 * kmtia_estate_new() - make what will hold a manager's secrets in its grace
 * @registry: where
 *
 * Return: the estate, empty, or NULL.
 */
struct kmtia_manager *kmtia_estate_new(struct kmtia_registry *registry)
{
	struct kmtia_manager *estate = kzalloc(sizeof(*estate),
					       GFP_KERNEL_ACCOUNT);

	if (!estate)
		return NULL;
	refcount_set(&estate->ref, 1);
	estate->registry = registry;
	estate->ops = &orphan_ops;
	estate->orphan = true;
	estate->dead = true;
	spin_lock_init(&estate->lock);
	INIT_LIST_HEAD(&estate->open);
	INIT_LIST_HEAD(&estate->secrets);
	return estate;
}

/**
 * kmtia_orphan_add() - a manager is gone: have its standing secrets a grace?
 * @registry: where
 * @manager: the manager, which no secret can be set for any more; it is taken
 *	out of the list
 *
 * Context: the registry's lock is held.
 * Return: whether they have.
 */
bool kmtia_orphan_add(struct kmtia_registry *registry,
		      struct kmtia_manager *manager)
{
	struct kmtia_manager *estate = manager->estate;

	if (!estate || !manager->n_secrets ||
	    registry->n_orphans >= KMTIA_MAX_ORPHANS ||
	    READ_ONCE(registry->draining))
		return false;
	manager->estate = NULL;
	estate_fill(estate, manager);
	moves_begin(registry);
	kmtia_secrets_inherit(estate, manager);
	list_add_tail_rcu(&estate->node, &registry->orphans);
	registry->n_orphans++;
	list_del_rcu(&manager->node);
	moves_end(registry);
	kmtia_registry_reap(registry);
	return true;
}

/**
 * kmtia_orphan_end() - end the grace of a manager
 * @registry: where
 * @uuid: whose
 *
 * Context: process; takes the registry's lock.
 * Return: 0, or %-ENOENT if there is none.
 */
int kmtia_orphan_end(struct kmtia_registry *registry, const u8 *uuid)
{
	struct kmtia_manager *orphan, *next;
	int err = -ENOENT;

	mutex_lock(registry->lock);
	list_for_each_entry_safe(orphan, next, &registry->orphans, node) {
		if (memcmp(orphan->uuid, uuid, KMTIA_UUID_LEN))
			continue;
		orphan_end(registry, orphan);
		err = 0;
	}
	mutex_unlock(registry->lock);
	return err;
}

/* Until the next secret of a manager ends, in jiffies */
static unsigned long reap_secrets(struct kmtia_manager *manager, time64_t now)
{
	time64_t left = kmtia_secrets_expire(manager, now);

	if (left == TIME64_MAX)
		return MAX_JIFFY_OFFSET;
	return left >= REAP_MAX / HZ ? REAP_MAX :
				       max_t(time64_t, left, 1) * HZ;
}

/* Likewise for an orphan and its grace; 0 if that has ended. */
static unsigned long reap_orphan(struct kmtia_manager *orphan, time64_t now)
{
	unsigned long delay = reap_secrets(orphan, now);
	u64 boot = ktime_get_boottime_ns();

	if (!orphan->n_secrets || boot >= orphan->grace_ends)
		return 0;
	/* A jiffy more: at the end of it the grace has ended. */
	return min(delay, nsecs_to_jiffies(orphan->grace_ends - boot) + 1);
}

static void registry_reaper(struct work_struct *work)
{
	struct kmtia_registry *registry =
		container_of(to_delayed_work(work), struct kmtia_registry,
			     reaper);
	unsigned long next = MAX_JIFFY_OFFSET, delay;
	time64_t now = ktime_get_real_seconds();
	struct kmtia_manager *manager, *tmp;

	mutex_lock(registry->lock);
	list_for_each_entry(manager, &registry->managers, node)
		next = min(next, reap_secrets(manager, now));
	list_for_each_entry_safe(manager, tmp, &registry->orphans, node) {
		delay = reap_orphan(manager, now);
		if (delay)
			next = min(next, delay);
		else
			orphan_end(registry, manager);
	}
	mutex_unlock(registry->lock);
	/* Does nothing if somebody wants it earlier, who has queued it since. */
	if (next != MAX_JIFFY_OFFSET)
		queue_delayed_work(kmtia_wq, &registry->reaper, next);
}

/**
 * kmtia_registry_reap() - there are secrets that end
 * @registry: the registry
 *
 * The worker looks when.
 */
void kmtia_registry_reap(struct kmtia_registry *registry)
{
	mod_delayed_work(kmtia_wq, &registry->reaper, 0);
}

/**
 * kmtia_orphans_init() - prepare a registry's orphans
 * @registry: the registry
 */
void kmtia_orphans_init(struct kmtia_registry *registry)
{
	INIT_LIST_HEAD(&registry->orphans);
	registry->n_orphans = 0;
	registry->moves = 0;
	INIT_DELAYED_WORK(&registry->reaper, registry_reaper);
}

/**
 * kmtia_orphans_clear() - end all graces
 * @registry: the registry, without managers
 */
void kmtia_orphans_clear(struct kmtia_registry *registry)
{
	struct kmtia_manager *orphan, *next;

	mutex_lock(registry->lock);
	list_for_each_entry_safe(orphan, next, &registry->orphans, node)
		orphan_end(registry, orphan);
	mutex_unlock(registry->lock);
	cancel_delayed_work_sync(&registry->reaper);
}
