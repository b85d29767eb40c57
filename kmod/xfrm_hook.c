// SPDX-License-Identifier: GPL-2.0
/*
 * Interposes on the creation of ESP and AH SAs. This is the only file that
 * touches the slots of struct xfrm_type and xfrm_cfg_mutex; on the day XFRM has
 * a hook of its own before init_state, this is the file that changes.
 *
 * DOC: the hook
 *
 * Every creator of an SA goes through __xfrm_init_state(), which fetches the
 * protocol's struct xfrm_type and calls its init_state(); there the key goes
 * into the cipher. The module puts a copy of the type, with only init_state
 * replaced, into the family's slot. The replacement sets x->type back to the
 * original before anything else: input, output and destructor are the
 * original's, nothing of the module is on the packet path, and a live SA holds
 * no reference to the module.
 *
 * The hook runs in the creator's context and may sleep. The creator holds
 * xfrm_cfg_mutex of its namespace, and nothing of XFRM has looked up anything
 * for the new SA yet, which is private to it. So the mutex may be let go while
 * an answer is awaited, and other requests to XFRM, the agent's own among them,
 * go on meanwhile. Only a flush can then be missed by the new SA: it is counted
 * (km.c), and the SA fails if the count changed. XFRM does not report a flush
 * that found nothing; after that one the SA goes in.
 *
 * DOC: unloading
 *
 * A task may have fetched the wrapper from the slot and not have entered the
 * hook yet, or have left it and not have returned from its last instruction. It
 * holds xfrm_cfg_mutex in both cases, so after the slots were put back, taking
 * and releasing that mutex of every namespace waits for the former; then
 * @inside counts those that let go of it to wait; then the mutexes once more
 * for the latter.
 */
#include "internal.h"
#include "compat/xfrm.h"

#include <linux/delay.h>
#include <linux/kmod.h>
#include <linux/module.h>

static bool hold_cfg_mutex;
module_param(hold_cfg_mutex, bool, 0444);
MODULE_PARM_DESC(hold_cfg_mutex,
		 "Keep XFRM's mutex while an answer is awaited (default: no)");

/**
 * struct hook - one slot that the module interposes on
 * @family: of the slot
 * @proto: of the slot
 * @installed: the wrapper is in the slot
 * @tried: its module was asked for; if it comes later we are told
 * @orig: what was in it; pinned until the module goes; NULL if never hooked
 * @wrapper: what is put into it
 */
struct hook {
	u16 family;
	u8 proto;
	bool installed;
	bool tried;
	const struct xfrm_type *orig;
	struct xfrm_type wrapper;
};

static struct hook hooks[] = {
	{ .family = AF_INET, .proto = IPPROTO_ESP },
	{ .family = AF_INET6, .proto = IPPROTO_ESP },
	{ .family = AF_INET, .proto = IPPROTO_AH },
	{ .family = AF_INET6, .proto = IPPROTO_AH },
};

static DEFINE_MUTEX(hook_lock);		/* protects hooks[] and hook_rules */
static unsigned int hook_rules;		/* rules in all namespaces */

static atomic_t inside = ATOMIC_INIT(0);	/* tasks in hook_init_state() */
static DECLARE_WAIT_QUEUE_HEAD(inside_wq);

/* --- One SA ---------------------------------------------------------------- */

static bool hook_wait_begin(struct net *net)
{
	if (hold_cfg_mutex || !kmtia_mutex_owned(&net->xfrm.xfrm_cfg_mutex))
		return false;
	mutex_unlock(&net->xfrm.xfrm_cfg_mutex);
	return true;
}

static void hook_wait_end(struct net *net)
{
	kmtia_race_sleep();
	mutex_lock(&net->xfrm.xfrm_cfg_mutex);
}

static const struct kmtia_wait_ops hook_wait_ops = {
	.begin	= hook_wait_begin,
	.end	= hook_wait_end,
};

static int hook_init_state(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	struct hook *hook = container_of(x->type, struct hook, wrapper);
	struct kmtia_net *kn = kmtia_pernet(xs_net(x));
	struct kmtia_creation *creation = NULL;
	int err = 0;

	kmtia_race_sleep();
	atomic_inc(&inside);
	x->type = hook->orig;	/* nothing of ours stays in the state */
	/* Another state than VOID is a clone's (migrate), with its keys. */
	if (!kn)
		;
	else if (x->km.state != XFRM_STATE_VOID)
		err = kmtia_clone_begin(kn, x, extack);
	else if (!x->id.spi || xfrm_addr_any(&x->id.daddr, x->props.family))
		kmtia_creation_probe(kn, x);
	else
		err = kmtia_creation_begin(kn, x, &hook_wait_ops, extack,
					   &creation);
	if (!err)
		err = hook->orig->init_state(x, extack);
	err = kmtia_creation_end(creation, err, extack);
	if (atomic_dec_and_test(&inside))
		wake_up(&inside_wq);
	kmtia_race_sleep();
	return err;
}

/* --- The slots -------------------------------------------------------------- */

static const struct xfrm_type **hook_slot(const struct hook *hook)
{
	struct xfrm_state_afinfo *afinfo;

	afinfo = xfrm_state_afinfo_get_rcu(hook->family);
	if (!afinfo)		/* ipv6.disable=1 */
		return NULL;
	return hook->proto == IPPROTO_ESP ? &afinfo->type_esp :
					    &afinfo->type_ah;
}

/* Is what is in the slot the protocol's own, and not somebody else's wrapper? */
static bool type_is_original(const struct xfrm_type *type)
{
	return !type->owner ||
	       within_module((unsigned long)type, type->owner);
}

/* Returns -EPROTONOSUPPORT if there is no such type, and -EADDRINUSE if there is
 * one, but it can't be wrapped: then SAs of this type could not be refused.
 */
static int hook_install(struct hook *hook)
{
	const struct xfrm_type **slot, *type;
	int err = -EADDRINUSE;

	lockdep_assert_held(&hook_lock);
	if (hook->installed)
		return 0;
	rcu_read_lock();
	slot = hook_slot(hook);
	type = slot ? READ_ONCE(*slot) : NULL;
	if (!type) {
		err = -EPROTONOSUPPORT;
		goto out;
	}
	/* Once pinned, the original stays: a task that fetched the wrapper
	 * before it was taken out may still be on its way into it.
	 */
	if (!hook->orig) {
		if (!type_is_original(type) || !try_module_get(type->owner))
			goto out;
		hook->wrapper = *type;
		hook->wrapper.init_state = hook_init_state;
		hook->orig = type;
	}
	if (cmpxchg(slot, hook->orig, &hook->wrapper) == hook->orig) {
		hook->installed = true;
		err = 0;
	}
out:
	rcu_read_unlock();
	return err;
}

static bool rule_covers_hook(const struct kmtia_rule_spec *spec,
			     const struct hook *hook)
{
	return (!spec->proto || spec->proto == hook->proto) &&
	       (!spec->family || spec->family == hook->family);
}

/* Installs all; returns whether a rule works (NULL: any), as kmtia_hook_use(). */
static int hook_install_all(const struct kmtia_rule_spec *spec)
{
	int err, result = -EPROTONOSUPPORT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		err = hook_install(&hooks[i]);
		if (err == -EADDRINUSE)
			pr_warn_once("kmtia: %s over %s can't be interposed on: another module does\n",
				     kmtia_proto_name(hooks[i].proto),
				     hooks[i].family == AF_INET ? "IPv4" :
								  "IPv6");
		if (spec && !rule_covers_hook(spec, &hooks[i]))
			continue;
		if (err == -EADDRINUSE)
			result = err;
		else if (!err && result != -EADDRINUSE)
			result = 0;
	}
	return result;
}

/* Puts the slots back; -EADDRINUSE if somebody else's wrapper is in one. */
static int hook_remove_all(void)
{
	const struct xfrm_type **slot;
	unsigned int i;
	int err = 0;

	lockdep_assert_held(&hook_lock);
	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		struct hook *hook = &hooks[i];

		if (!hook->installed)
			continue;
		slot = hook_slot(hook);
		if (slot && cmpxchg(slot, &hook->wrapper, hook->orig) !=
			    &hook->wrapper)
			err = -EADDRINUSE;
		else
			hook->installed = false;
	}
	rcu_read_unlock();
	return err;
}

/**
 * kmtia_hook_types() - which SA types the module interposes on
 *
 * Return: bits, in the order of hooks[].
 */
unsigned int kmtia_hook_types(void)
{
	unsigned int i, types = 0;

	mutex_lock(&hook_lock);
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].installed)
			types |= BIT(i);
	mutex_unlock(&hook_lock);
	return types;
}

/* While SAs may be refused the module must not go, or they would slip in. */
static bool rule_holds_module(const struct kmtia_rule_spec *spec)
{
	return spec->dictate != KMTIA_GRANT_NONE &&
	       spec->on_failure != KMTIA_FAILURE_ACTION_KEEP;
}

/* The modules of the protocols are loaded now and not when the first SA comes,
 * for then it would find the unwrapped type; each is asked for once. The caller
 * holds the kernel's cb_lock, so these modules must register no netlink family,
 * and none does. Nothing of ours is locked: the modules' notifier below takes
 * hook_lock.
 */
static void types_load(const struct kmtia_rule_spec *spec)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		struct hook *hook = &hooks[i];

		if (READ_ONCE(hook->installed) || READ_ONCE(hook->tried) ||
		    !rule_covers_hook(spec, hook))
			continue;
		request_module("xfrm-type-%u-%u", hook->family, hook->proto);
		WRITE_ONCE(hook->tried, true);
	}
}

/* One look and one act: between them no rule may come that needs the hook. */
static void hook_unuse(void)
{
	mutex_lock(&hook_lock);
	if (!--hook_rules)
		hook_remove_all();
	mutex_unlock(&hook_lock);
}

/**
 * kmtia_hook_use() - a rule is about to be added: see that it can work
 * @spec: the rule
 * @extack: what is wrong
 *
 * The first rule of all installs the hook.
 *
 * Context: process, with no lock of the module's held.
 * Return:
 * * 0: kmtia_hook_unuse() must be called when the rule is gone
 * * %-EPROTONOSUPPORT: there is no SA type that the rule could match
 * * %-EADDRINUSE: another module interposes on a type that the rule could match
 * * %-ECANCELED: the module is being unloaded
 */
int kmtia_hook_use(const struct kmtia_rule_spec *spec,
		   struct netlink_ext_ack *extack)
{
	int err;

	/* Fails while the module is being unloaded, whatever the rule says. */
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		return -ECANCELED;
	}
	types_load(spec);
	mutex_lock(&hook_lock);
	hook_rules++;
	err = hook_install_all(spec);
	mutex_unlock(&hook_lock);
	if (err) {
		kmtia_extack_set(extack, NULL, err == -EADDRINUSE ?
				 "another module interposes on an SA type of the rule" :
				 "this kernel has no SA type that the rule could match");
		hook_unuse();
	}
	if (err || !rule_holds_module(spec))
		module_put(THIS_MODULE);
	return err;
}

/**
 * kmtia_hook_unuse() - a rule is gone
 * @rule: the rule
 */
void kmtia_hook_unuse(const struct kmtia_rule *rule)
{
	hook_unuse();
	if (rule_holds_module(&rule->spec))
		module_put(THIS_MODULE);
}

/* A protocol that was not there when the hook was installed: it is wrapped
 * before whoever asked for the module goes on.
 */
static int hook_module_event(struct notifier_block *nb, unsigned long event,
			     void *data)
{
	if (event != MODULE_STATE_LIVE)
		return NOTIFY_DONE;
	mutex_lock(&hook_lock);
	if (hook_rules)
		hook_install_all(NULL);
	mutex_unlock(&hook_lock);
	return NOTIFY_DONE;
}

static struct notifier_block hook_module_nb = {
	.notifier_call = hook_module_event,
};

/* --- Loading and unloading -------------------------------------------------- */

/**
 * kmtia_hook_init() - begin to see protocols that are loaded later
 *
 * Return: 0 or a negative errno.
 */
int __init kmtia_hook_init(void)
{
	return register_module_notifier(&hook_module_nb);
}

static int hook_remove(void)
{
	int err;

	mutex_lock(&hook_lock);
	err = hook_remove_all();
	mutex_unlock(&hook_lock);
	return err;
}

static void cfg_mutex_barrier(struct kmtia_net *kn)
{
	mutex_lock(&kn->net->xfrm.xfrm_cfg_mutex);
	mutex_unlock(&kn->net->xfrm.xfrm_cfg_mutex);
}

/**
 * kmtia_hook_exit() - take the hook out, and wait until nobody is in it
 *
 * All requests have been completed, and none is taken any more.
 *
 * Context: process, with no lock held; see "DOC: unloading".
 */
void kmtia_hook_exit(void)
{
	unsigned int i;

	unregister_module_notifier(&hook_module_nb);
	while (hook_remove()) {
		pr_warn_once("kmtia: another module interposes on top; waiting for it to go\n");
		msleep(100);
	}
	kmtia_nets_walk(cfg_mutex_barrier);
	wait_event(inside_wq, !atomic_read(&inside));
	kmtia_nets_walk(cfg_mutex_barrier);
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].orig)
			module_put(hooks[i].orig->owner);
}
