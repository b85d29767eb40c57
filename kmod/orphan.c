// SPDX-License-Identifier: GPL-2.0
/*
 * The end of standing secrets: the grace of those whose manager is gone, and
 * the time after which a secret must not be used. The file knows neither XFRM
 * nor netlink.
 */
#include "internal.h"

#include <linux/jiffies.h>
#include <linux/rculist.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

/* Clocks may be set: look again after this time at the latest. */
#define REAP_MAX	(60 * HZ)

static void orphan_unlink(struct kmtia_registry *registry,
			  struct kmtia_manager *orphan)
{
	lockdep_assert_held(registry->lock);
	list_del_rcu(&orphan->orphan_node);
	registry->n_orphans--;
	kmtia_secrets_wipe(orphan);
	kmtia_manager_put(orphan);
}

/**
 * kmtia_orphans_inherit() - a manager registers: was it here before?
 * @registry: where
 * @heir: the manager, which nobody sees yet
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

	list_for_each_entry_safe(orphan, next, &registry->orphans,
				 orphan_node) {
		if (memcmp(orphan->uuid, heir->uuid, KMTIA_UUID_LEN))
			continue;
		if (heir->flags & KMTIA_MANAGER_FLAGS_DICTATE &&
		    uid_eq(orphan->owner, heir->owner))
			kmtia_secrets_inherit(heir, orphan);
		orphan_unlink(registry, orphan);
	}
}

/**
 * kmtia_orphan_add() - a manager is gone: have its standing secrets a grace?
 * @registry: where
 * @manager: the manager, unregistered; its reference stays with the orphans
 *
 * If they have, kmtia_manager::orphan is set.
 *
 * Context: the registry's lock is held.
 */
void kmtia_orphan_add(struct kmtia_registry *registry,
		      struct kmtia_manager *manager)
{
	if (!manager->grace || !manager->n_secrets ||
	    registry->n_orphans >= KMTIA_MAX_ORPHANS ||
	    READ_ONCE(registry->draining))
		return;
	manager->grace_ends = jiffies + msecs_to_jiffies(manager->grace);
	WRITE_ONCE(manager->orphan, true);
	list_add_tail_rcu(&manager->orphan_node, &registry->orphans);
	registry->n_orphans++;
	kmtia_registry_reap(registry);
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
	list_for_each_entry_safe(orphan, next, &registry->orphans,
				 orphan_node) {
		if (memcmp(orphan->uuid, uuid, KMTIA_UUID_LEN))
			continue;
		registry->event(registry, KMTIA_MONITOR_EVENT_MANAGER_DEL,
				orphan);
		orphan_unlink(registry, orphan);
		err = 0;
	}
	mutex_unlock(registry->lock);
	return err;
}

static unsigned long reap_delay(time64_t left)
{
	if (left == TIME64_MAX)
		return MAX_JIFFY_OFFSET;
	return left >= REAP_MAX / HZ ? REAP_MAX :
				       max_t(time64_t, left, 1) * HZ;
}

/* Returns when to look at the orphans again, in jiffies from now. */
static unsigned long reap_orphans(struct kmtia_registry *registry, time64_t now)
{
	unsigned long delay = MAX_JIFFY_OFFSET;
	struct kmtia_manager *orphan, *next;

	list_for_each_entry_safe(orphan, next, &registry->orphans,
				 orphan_node) {
		delay = min(delay, reap_delay(kmtia_secrets_expire(orphan,
								   now)));
		if (orphan->n_secrets &&
		    time_before(jiffies, orphan->grace_ends)) {
			delay = min(delay, orphan->grace_ends - jiffies);
			continue;
		}
		registry->event(registry, KMTIA_MONITOR_EVENT_MANAGER_DEL,
				orphan);
		orphan_unlink(registry, orphan);
	}
	return delay;
}

static void registry_reaper(struct work_struct *work)
{
	struct kmtia_registry *registry =
		container_of(to_delayed_work(work), struct kmtia_registry,
			     reaper);
	time64_t now = ktime_get_real_seconds(), left = TIME64_MAX;
	struct kmtia_manager *manager;
	unsigned long delay;

	mutex_lock(registry->lock);
	list_for_each_entry(manager, &registry->managers, node)
		left = min(left, kmtia_secrets_expire(manager, now));
	delay = min(reap_delay(left), reap_orphans(registry, now));
	mutex_unlock(registry->lock);
	if (delay != MAX_JIFFY_OFFSET)
		mod_delayed_work(system_wq, &registry->reaper, delay);
}

/**
 * kmtia_registry_reap() - there are secrets that end
 * @registry: the registry
 *
 * The worker looks when.
 */
void kmtia_registry_reap(struct kmtia_registry *registry)
{
	mod_delayed_work(system_wq, &registry->reaper, 0);
}

/**
 * kmtia_orphans_init() - prepare a registry's orphans
 * @registry: the registry
 */
void kmtia_orphans_init(struct kmtia_registry *registry)
{
	INIT_LIST_HEAD(&registry->orphans);
	registry->n_orphans = 0;
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
	list_for_each_entry_safe(orphan, next, &registry->orphans, orphan_node)
		orphan_unlink(registry, orphan);
	mutex_unlock(registry->lock);
	cancel_delayed_work_sync(&registry->reaper);
}
