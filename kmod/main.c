// SPDX-License-Identifier: GPL-2.0
/*
 * kmtia: IPsec key dictation. Loading, unloading, and what a network namespace
 * has.
 */
#include "internal.h"
#include "compat/genetlink.h"

#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

struct workqueue_struct *kmtia_wq;

bool kmtia_userns;
module_param_named(userns, kmtia_userns, bool, 0444);
MODULE_PARM_DESC(userns,
		 "Let the root of a user namespace use its network namespaces (default: no)");

unsigned int kmtia_readd_ms = 60000;
module_param_named(readd_ms, kmtia_readd_ms, uint, 0644);
MODULE_PARM_DESC(readd_ms,
		 "How long a deleted SA is known if added again, milliseconds (default: 60000)");

static unsigned int kmtia_net_id;
static LIST_HEAD(nets);
/* Protects nets, draining, and kmtia_net::visited. */
static DEFINE_SPINLOCK(nets_lock);
static bool draining;

/**
 * kmtia_pernet() - what the module has in a network namespace
 * @net: the namespace
 *
 * Return: it, or NULL if the namespace is not set up yet.
 */
struct kmtia_net *kmtia_pernet(const struct net *net)
{
	return net_generic(net, kmtia_net_id);
}

/**
 * kmtia_nets_walk() - do something in every namespace
 * @fn: what; may sleep
 *
 * No lock is held meanwhile, only a reference to the namespace: @fn may wait
 * for a mutex whose owner waits for the kernel's namespace locks. One that is
 * going is left out: no creator is left in it.
 */
void kmtia_nets_walk(kmtia_nets_fn fn)
{
	static unsigned long round;
	struct kmtia_net *kn, *found;
	unsigned long this_round;

	spin_lock(&nets_lock);
	this_round = ++round;
	do {
		found = NULL;
		list_for_each_entry(kn, &nets, node) {
			if (kn->visited == this_round)
				continue;
			kn->visited = this_round;
			if (maybe_get_net(kn->net)) {
				found = kn;
				break;
			}
		}
		if (found) {
			spin_unlock(&nets_lock);
			fn(found);
			put_net(found->net);
			spin_lock(&nets_lock);
		}
	} while (found);
	spin_unlock(&nets_lock);
}

static int __net_init kmtia_net_init(struct net *net)
{
	struct kmtia_net *kn = kmtia_pernet(net);
	int err;

	kn->net = net;
	mutex_init(&kn->lock);
	kmtia_rules_init(&kn->rules, kmtia_hook_unuse);
	kmtia_policies_init(&kn->policies);
	kmtia_registry_init(&kn->registry, &kn->lock, kmtia_monitor_manager);
	kmtia_reuse_init(&kn->reuse);
	kmtia_clones_init(&kn->clones);
	err = kmtia_tracker_init(&kn->tracker);
	if (err)
		return err;
	spin_lock(&nets_lock);
	kn->registry.draining = draining;
	list_add(&kn->node, &nets);
	spin_unlock(&nets_lock);
	return 0;
}

static void __net_exit kmtia_net_exit(struct net *net)
{
	struct kmtia_net *kn = kmtia_pernet(net);

	spin_lock(&nets_lock);
	list_del(&kn->node);
	spin_unlock(&nets_lock);
	kmtia_race_sleep();
	kmtia_registry_clear(&kn->registry);
	mutex_lock(&kn->lock);
	kmtia_rules_flush(&kn->rules);
	kmtia_policies_flush(&kn->policies);
	mutex_unlock(&kn->lock);
	kmtia_clones_exit(&kn->clones);
	kmtia_tracker_exit(&kn->tracker);
	kmtia_reuse_exit(&kn->reuse);
}

static struct pernet_operations kmtia_net_ops = {
	.init	= kmtia_net_init,
	.exit	= kmtia_net_exit,
	.id	= &kmtia_net_id,
	.size	= sizeof(struct kmtia_net),
};

static int __init kmtia_init(void)
{
	int err;

	kmtia_wq = alloc_workqueue("kmtia", WQ_UNBOUND, 0);
	if (!kmtia_wq)
		return -ENOMEM;
	err = kmtia_request_cache_init();
	if (err)
		goto err_wq;
	err = kmtia_tracker_cache_init();
	if (err)
		goto err_request_cache;
	err = kmtia_creation_cache_init();
	if (err)
		goto err_tracker_cache;
	err = register_pernet_subsys(&kmtia_net_ops);
	if (err)
		goto err_creation_cache;
	err = kmtia_hook_init();
	if (err)
		goto err_pernet;
	err = kmtia_upcall_init();
	if (err)
		goto err_hook;
	kmtia_km_register();
	/* ORDER: last, because commands may come as soon as this returns. */
	err = kmtia_genl_register();
	if (err)
		goto err_km;
	return 0;

err_km:
	kmtia_km_unregister();
	kmtia_upcall_exit();
err_hook:
	kmtia_hook_exit();
err_pernet:
	unregister_pernet_subsys(&kmtia_net_ops);
	rcu_barrier();
err_creation_cache:
	kmtia_creation_cache_exit();
err_tracker_cache:
	kmtia_tracker_cache_exit();
err_request_cache:
	kmtia_request_cache_exit();
err_wq:
	destroy_workqueue(kmtia_wq);
	return err;
}

static void kmtia_net_drain(struct kmtia_net *kn)
{
	kmtia_registry_drain(&kn->registry);
}

/* While the family is there, so that the end of each is reported. */
static void kmtia_net_clear(struct kmtia_net *kn)
{
	kmtia_registry_clear(&kn->registry);
}

/* No rule is left that refuses SAs, for those hold the module. First nothing
 * new begins and all that waits is woken; then nobody is in the hook any more;
 * then all who could bring something from outside are cut off; then all that
 * is left is freed.
 */
static void __exit kmtia_exit(void)
{
	spin_lock(&nets_lock);
	draining = true;
	spin_unlock(&nets_lock);
	kmtia_nets_walk(kmtia_net_drain);
	kmtia_hook_exit();
	kmtia_nets_walk(kmtia_net_clear);
	kmtia_race_sleep();
	kmtia_genl_unregister();
	kmtia_upcall_exit();
	kmtia_km_unregister();
	unregister_pernet_subsys(&kmtia_net_ops);
	/* Entries are freed under RCU by functions of ours. */
	rcu_barrier();
	kmtia_creation_cache_exit();
	kmtia_tracker_cache_exit();
	kmtia_request_cache_exit();
	destroy_workqueue(kmtia_wq);
}

module_init(kmtia_init);
module_exit(kmtia_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("IPsec key dictation by Trusted Intermediary Agents");
MODULE_VERSION("0.1.0");
MODULE_ALIAS_GENL_FAMILY(KMTIA_FAMILY_NAME);
