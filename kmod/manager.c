// SPDX-License-Identifier: GPL-2.0
/*
 * The registry of key managers. The file knows neither XFRM nor netlink.
 */
#include "internal.h"

#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * kmtia_registry_init() - prepare an empty registry
 * @registry: the registry
 * @lock: serialises registrations
 * @event: told when a manager comes, goes, stalls or recovers
 */
void kmtia_registry_init(struct kmtia_registry *registry, struct mutex *lock,
			 void (*event)(struct kmtia_registry *registry,
				       enum kmtia_monitor_event event,
				       const struct kmtia_manager *manager))
{
	INIT_LIST_HEAD(&registry->managers);
	registry->count = 0;
	kmtia_orphans_init(registry);
	registry->draining = false;
	registry->lock = lock;
	registry->event = event;
}

/**
 * kmtia_manager_hold() - take a reference, unless it is too late
 * @manager: a manager found under RCU
 *
 * Return: false if the last reference has been put.
 */
bool kmtia_manager_hold(struct kmtia_manager *manager)
{
	return refcount_inc_not_zero(&manager->ref);
}

/**
 * kmtia_manager_put() - put a reference
 * @manager: the manager, or NULL
 *
 * Context: any.
 */
void kmtia_manager_put(struct kmtia_manager *manager)
{
	struct completion *gone;

	if (!manager || !refcount_dec_and_test(&manager->ref))
		return;
	if (manager->ops->release)
		manager->ops->release(manager);
	kfree(manager->estate);
	gone = manager->gone;
	kfree_rcu(manager, rcu);
	if (gone)
		complete(gone);
}

static int desc_check(const struct kmtia_manager_desc *desc,
		      const struct kmtia_manager_ops *ops)
{
	bool dictates = desc->flags & KMTIA_MANAGER_FLAGS_DICTATE;

	if (!desc->flags ||
	    desc->flags & ~(KMTIA_MANAGER_FLAGS_DICTATE |
			    KMTIA_MANAGER_FLAGS_NOTIFY |
			    KMTIA_MANAGER_FLAGS_EXCLUSIVE))
		return -EINVAL;
	if (desc->flags & KMTIA_MANAGER_FLAGS_EXCLUSIVE && !dictates)
		return -EINVAL;
	if (!ops->key_notify)
		return -EINVAL;
	if (dictates != !!ops->key_dictation_check ||
	    dictates != !!ops->key_dictation)
		return -EINVAL;
	if (desc->has_weight && !dictates)
		return -EINVAL;
	if (!memchr_inv(desc->uuid, 0, KMTIA_UUID_LEN))
		return -EINVAL;
	if (desc->timeout_hint > KMTIA_TIMEOUT_HINT_MAX ||
	    desc->grace > KMTIA_GRACE_MAX)
		return -ERANGE;
	return 0;
}

/**
 * kmtia_manager_find() - the manager of that identity
 * @registry: where
 * @uuid: whose
 *
 * Return: the manager, with a reference for the caller, or NULL.
 */
struct kmtia_manager *kmtia_manager_find(struct kmtia_registry *registry,
					 const u8 *uuid)
{
	struct kmtia_manager *manager;

	rcu_read_lock();
	list_for_each_entry_rcu(manager, &registry->managers, node) {
		if (!memcmp(manager->uuid, uuid, KMTIA_UUID_LEN) &&
		    kmtia_manager_hold(manager)) {
			rcu_read_unlock();
			return manager;
		}
	}
	rcu_read_unlock();
	return NULL;
}

/* Does one of the two want to dictate alone, where both would? */
static bool excludes(const struct kmtia_manager *a,
		     const struct kmtia_manager *b)
{
	return a->flags & b->flags & KMTIA_MANAGER_FLAGS_DICTATE &&
	       (a->flags | b->flags) & KMTIA_MANAGER_FLAGS_EXCLUSIVE;
}

static int registry_conflict(const struct kmtia_registry *registry,
			     const struct kmtia_manager *manager)
{
	const struct kmtia_manager *pos;
	int err = 0;

	list_for_each_entry(pos, &registry->managers, node) {
		if (!memcmp(pos->uuid, manager->uuid, KMTIA_UUID_LEN))
			return -EEXIST;
		if (excludes(pos, manager))
			err = -EADDRINUSE;
	}
	/* Those in their grace dictate, too; but not one that makes way for its
	 * heir.
	 */
	list_for_each_entry(pos, &registry->orphans, node)
		if (memcmp(pos->uuid, manager->uuid, KMTIA_UUID_LEN) &&
		    excludes(pos, manager))
			err = -EADDRINUSE;
	return err;
}

static int registry_link(struct kmtia_registry *registry,
			 struct kmtia_manager *manager)
{
	int err;

	mutex_lock(registry->lock);
	err = registry_conflict(registry, manager);
	kmtia_race_sleep();
	if (!err && READ_ONCE(registry->draining))
		err = -ECANCELED;
	if (!err && registry->count >= KMTIA_MAX_MANAGERS)
		err = -ENOSPC;
	if (!err) {
		kmtia_orphans_inherit(registry, manager);
		WRITE_ONCE(registry->count, registry->count + 1);
		/* Under the lock, so that no end is reported before it. */
		registry->event(registry, KMTIA_MONITOR_EVENT_MANAGER_ADD,
				manager);
	}
	mutex_unlock(registry->lock);
	return err;
}

/* @refs: the registry's reference, and one if the caller wants one. It must be there
 * before anybody else sees the manager, and may end it.
 */
static struct kmtia_manager *manager_create(struct kmtia_registry *registry,
					    const struct kmtia_manager_desc *desc,
					    const struct kmtia_manager_ops *ops,
					    void *priv, unsigned int refs)
{
	struct kmtia_manager *manager;
	int err;

	err = desc_check(desc, ops);
	if (err)
		return ERR_PTR(err);
	manager = kzalloc(sizeof(*manager), GFP_KERNEL_ACCOUNT);
	if (!manager)
		return ERR_PTR(-ENOMEM);
	refcount_set(&manager->ref, refs);
	manager->registry = registry;
	manager->ops = ops;
	manager->priv = priv;
	memcpy(manager->uuid, desc->uuid, KMTIA_UUID_LEN);
	if (desc->name)
		kmtia_copy_text(manager->name, desc->name,
				sizeof(manager->name));
	if (desc->description)
		kmtia_copy_text(manager->description, desc->description,
				sizeof(manager->description));
	manager->flags = desc->flags;
	manager->has_weight = desc->has_weight;
	manager->weight = desc->weight;
	manager->timeout_hint = desc->timeout_hint ?: KMTIA_DEFAULT_HINT;
	manager->owner = current_euid();
	manager->grace = desc->grace;
	spin_lock_init(&manager->lock);
	INIT_LIST_HEAD(&manager->open);
	INIT_LIST_HEAD(&manager->secrets);

	if (manager->grace)
		manager->estate = kmtia_estate_new(registry);
	err = manager->grace && !manager->estate ? -ENOMEM :
						   registry_link(registry, manager);
	if (err) {
		kfree(manager->estate);
		kfree(manager);
		return ERR_PTR(err);
	}
	return manager;
}

/**
 * kmtia_manager_new() - register a key manager
 * @registry: where
 * @desc: who it is
 * @ops: what it is asked and told
 * @priv: for kmtia_manager_priv()
 *
 * @ops->release is not called if this fails.
 *
 * Context: process; takes the registry's lock.
 * Return: the manager, of which the registry holds the reference, or an error
 * pointer:
 * * %-EINVAL: flags, callbacks or UUID are wrong
 * * %-ERANGE: timeout hint or grace too long
 * * %-EEXIST: a manager of this UUID is registered
 * * %-EADDRINUSE: it wants to dictate alone, or another one does
 * * %-ENOSPC: there are too many
 * * %-ECANCELED: the module is being unloaded
 * * %-ENOMEM
 */
struct kmtia_manager *kmtia_manager_new(struct kmtia_registry *registry,
					const struct kmtia_manager_desc *desc,
					const struct kmtia_manager_ops *ops,
					void *priv)
{
	return manager_create(registry, desc, ops, priv, 1);
}

/* What stood is wiped before anybody is told that it is. */
static void manager_unlink(struct kmtia_registry *registry,
			   struct kmtia_manager *manager, bool grace)
{
	bool orphaned = grace && kmtia_orphan_add(registry, manager);

	if (!orphaned) {
		kmtia_secrets_wipe(manager);
		list_del_rcu(&manager->node);
	}
	WRITE_ONCE(registry->count, registry->count - 1);
	registry->event(registry, orphaned ? KMTIA_MONITOR_EVENT_ORPHANED :
					     KMTIA_MONITOR_EVENT_MANAGER_DEL,
			manager);
}

/**
 * kmtia_manager_end() - end a registration
 * @manager: the manager, of which the caller has a reference
 * @grace: it did not ask for it: its standing secrets, if it has any, have the
 *	grace that it asked for; else they are wiped
 *
 * Its open requests are completed at once. Does not wait: callbacks may still
 * be running when this returns, until the last reference is put.
 *
 * Context: process; takes the registry's lock.
 * Return: false if somebody else has ended it.
 */
bool kmtia_manager_end(struct kmtia_manager *manager, bool grace)
{
	struct kmtia_registry *registry = manager->registry;
	bool won;

	mutex_lock(registry->lock);
	spin_lock_bh(&manager->lock);
	won = !manager->dead;
	manager->dead = true;
	spin_unlock_bh(&manager->lock);
	if (won)
		manager_unlink(registry, manager, grace);
	mutex_unlock(registry->lock);
	if (!won)
		return false;
	kmtia_race_sleep();
	kmtia_requests_close(manager, KMTIA_REQUEST_DEATH);
	kmtia_manager_put(manager);
	return true;
}

/**
 * kmtia_registry_drain() - the module goes: complete all open requests
 * @registry: the registry
 *
 * No request is taken from now on: kmtia_request_new() looks at @draining under
 * the manager's lock, which is taken here afterwards.
 */
void kmtia_registry_drain(struct kmtia_registry *registry)
{
	struct kmtia_manager *manager;

	WRITE_ONCE(registry->draining, true);
	kmtia_race_sleep();
	mutex_lock(registry->lock);
	list_for_each_entry(manager, &registry->managers, node)
		kmtia_requests_close(manager, KMTIA_REQUEST_UNLOAD);
	mutex_unlock(registry->lock);
}

/**
 * kmtia_registry_clear() - end all registrations
 * @registry: the registry
 */
void kmtia_registry_clear(struct kmtia_registry *registry)
{
	struct kmtia_manager *manager;

	for (;;) {
		rcu_read_lock();
		manager = list_first_or_null_rcu(&registry->managers,
						 struct kmtia_manager, node);
		if (manager && !kmtia_manager_hold(manager)) {
			rcu_read_unlock();
			cpu_relax();
			continue;
		}
		rcu_read_unlock();
		if (!manager)
			break;
		kmtia_manager_end(manager, false);
		kmtia_manager_put(manager);
	}
	kmtia_orphans_clear(registry);
}

static unsigned int bidder_add(struct kmtia_manager *manager,
			       const struct kmtia_rule *rule,
			       struct kmtia_manager **bidders,
			       unsigned int room, unsigned int n)
{
	if (n == room ||
	    !(manager->flags & KMTIA_MANAGER_FLAGS_DICTATE) ||
	    !kmtia_rule_dictates(rule, manager->uuid) ||
	    !kmtia_manager_hold(manager))
		return n;
	bidders[n] = manager;
	return n + 1;
}

static unsigned int bidders_collect(struct kmtia_registry *registry,
				    const struct kmtia_rule *rule,
				    struct kmtia_manager **bidders,
				    unsigned int room)
{
	struct kmtia_manager *manager;
	unsigned int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(manager, &registry->managers, node)
		n = bidder_add(manager, rule, bidders, room, n);
	list_for_each_entry_rcu(manager, &registry->orphans, node)
		n = bidder_add(manager, rule, bidders, room, n);
	rcu_read_unlock();
	return n;
}

/**
 * kmtia_registry_bidders() - who may be asked about an SA?
 * @registry: the registry
 * @rule: the rule that covers the SA
 * @bidders: set to them
 * @room: how many at most
 *
 * No secret that goes from one manager to another meanwhile is missed.
 *
 * Context: process; may take the registry's lock.
 * Return: how many, in order of registration and then those in their grace, each
 * with a reference.
 */
unsigned int kmtia_registry_bidders(struct kmtia_registry *registry,
				    const struct kmtia_rule *rule,
				    struct kmtia_manager **bidders,
				    unsigned int room)
{
	unsigned int n, moves = READ_ONCE(registry->moves);

	smp_rmb();	/* before the lists; pairs with moves_begin() */
	n = bidders_collect(registry, rule, bidders, room);
	smp_rmb();	/* after the lists; pairs with moves_end() */
	if (!(moves & 1) && moves == READ_ONCE(registry->moves))
		return n;
	while (n)
		kmtia_manager_put(bidders[--n]);
	mutex_lock(registry->lock);
	n = bidders_collect(registry, rule, bidders, room);
	mutex_unlock(registry->lock);
	return n;
}

/**
 * kmtia_registry_heir() - who has the secrets of a manager now?
 * @registry: the registry
 * @uuid: the manager's
 *
 * Context: process; takes the registry's lock.
 * Return: a manager of that UUID, registered or in its grace, with a reference
 * for the caller, or NULL.
 */
struct kmtia_manager *kmtia_registry_heir(struct kmtia_registry *registry,
					  const u8 *uuid)
{
	struct kmtia_manager *heir, *pos;

	mutex_lock(registry->lock);
	heir = kmtia_manager_find(registry, uuid);
	if (!heir)
		list_for_each_entry(pos, &registry->orphans, node)
			if (!memcmp(pos->uuid, uuid, KMTIA_UUID_LEN) &&
			    kmtia_manager_hold(pos)) {
				heir = pos;
				break;
			}
	mutex_unlock(registry->lock);
	return heir;
}

/**
 * kmtia_manager_missed() - a creator saw that the manager missed a deadline
 * @manager: the manager
 *
 * It was marked as stalled in the very moment when the deadline won
 * (kmtia_request_close()), and is skipped at once from then on, so that one that
 * hangs delays one SA and not each. If it was heard since then it is not.
 */
void kmtia_manager_missed(struct kmtia_manager *manager)
{
	kmtia_manager_count(manager, KMTIA_MANAGER_MISSES);
	if (kmtia_manager_stalled(manager))
		manager->registry->event(manager->registry,
					 KMTIA_MONITOR_EVENT_STALLED, manager);
}

/**
 * kmtia_manager_heard() - a message came from the manager
 * @manager: the manager
 */
void kmtia_manager_heard(struct kmtia_manager *manager)
{
	if (test_and_clear_bit(KMTIA_MANAGER_STALLED, &manager->state))
		manager->registry->event(manager->registry,
					 KMTIA_MONITOR_EVENT_RECOVERED,
					 manager);
}

/**
 * kmtia_manager_register() - register a key manager of the kernel
 * @net: network namespace
 * @desc: who it is; not needed afterwards
 * @ops: what it is asked and told; must outlive the registration
 * @priv: for kmtia_manager_priv()
 *
 * The registration ends with kmtia_manager_unregister(), which must be called
 * before @net can go: the caller holds a reference to it.
 *
 * Context: process.
 * Return: as kmtia_manager_new().
 */
struct kmtia_manager *kmtia_manager_register(struct net *net,
					     const struct kmtia_manager_desc *desc,
					     const struct kmtia_manager_ops *ops,
					     void *priv)
{
	/* The caller has one of his own: the handle stays valid whoever ends it. */
	return manager_create(&kmtia_pernet(net)->registry, desc, ops, priv, 2);
}
EXPORT_SYMBOL_GPL(kmtia_manager_register);

/**
 * kmtia_manager_unregister() - end the registration of a kernel's manager
 * @manager: what kmtia_manager_register() returned
 *
 * When this returns no callback runs, and none will.
 *
 * Context: process; sleeps; not from a callback of the manager's.
 */
void kmtia_manager_unregister(struct kmtia_manager *manager)
{
	DECLARE_COMPLETION_ONSTACK(gone);

	manager->gone = &gone;
	kmtia_manager_end(manager, false);
	kmtia_manager_put(manager);
	wait_for_completion(&gone);
}
EXPORT_SYMBOL_GPL(kmtia_manager_unregister);

/**
 * kmtia_manager_priv() - what was handed over at the registration
 * @manager: the manager
 *
 * Return: the pointer.
 */
void *kmtia_manager_priv(const struct kmtia_manager *manager)
{
	return manager->priv;
}
EXPORT_SYMBOL_GPL(kmtia_manager_priv);
