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
 * (km.c), and the SA fails if the count changed.
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
#include <linux/net.h>

static bool hold_cfg_mutex;
module_param(hold_cfg_mutex, bool, 0444);
MODULE_PARM_DESC(hold_cfg_mutex,
		 "Keep XFRM's mutex while an answer is awaited (default: no)");

/**
 * struct hook - one slot that the module interposes on
 * @family: of the slot
 * @proto: of the slot
 * @installed: the wrapper is in the slot
 * @orig: what was in it; pinned until the module goes; NULL if never hooked
 * @wrapper: what is put into it
 */
struct hook {
	u16 family;
	u8 proto;
	bool installed;
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

/**
 * struct hook_decision - a decision and what the hook adds
 * @d: the decision
 * @kn: where
 * @mate_x: the mate's state; pinned, for the names in @mate
 * @mate: its description
 */
struct hook_decision {
	struct kmtia_decision d;
	struct kmtia_net *kn;
	struct xfrm_state *mate_x;
	struct kmtia_sa mate;
};

static bool hook_wait_begin(struct kmtia_decision *d)
{
	struct hook_decision *hd = container_of(d, struct hook_decision, d);
	struct mutex *cfg = &hd->kn->net->xfrm.xfrm_cfg_mutex;

	atomic_inc(&hd->kn->pending);
	if (hold_cfg_mutex || !kmtia_mutex_owned(cfg))
		return false;
	mutex_unlock(cfg);
	return true;
}

static void hook_wait_end(struct kmtia_decision *d, bool released)
{
	struct hook_decision *hd = container_of(d, struct hook_decision, d);

	atomic_dec(&hd->kn->pending);
	if (released)
		mutex_lock(&hd->kn->net->xfrm.xfrm_cfg_mutex);
}

static bool hook_key_fresh(struct kmtia_decision *d,
			   const struct kmtia_slot *slot, const u8 *key)
{
	struct hook_decision *hd = container_of(d, struct hook_decision, d);

	return kmtia_reuse_fresh(&hd->kn->reuse, kmtia_slot_key_hash(slot, key),
				 &d->sa->id);
}

static const struct kmtia_decision_ops hook_decision_ops = {
	.wait_begin	= hook_wait_begin,
	.wait_end	= hook_wait_end,
	.key_fresh	= hook_key_fresh,
};

static void count_refusal(struct kmtia_net *kn, int err)
{
	kmtia_count(kn, KMTIA_STAT_REFUSED);
	switch (err) {
	case -ENOKEY:
		kmtia_count(kn, KMTIA_STAT_FAIL_NO_MANAGER);
		break;
	case -ENOBUFS:
		kmtia_count(kn, KMTIA_STAT_FAIL_BUSY);
		break;
	case -ETIMEDOUT:
		kmtia_count(kn, KMTIA_STAT_FAIL_TIMEOUT);
		break;
	case -EKEYREVOKED:
		kmtia_count(kn, KMTIA_STAT_FAIL_DIED);
		break;
	case -EKEYREJECTED:
		break;	/* two reasons; told apart by the caller */
	default:
		kmtia_count(kn, KMTIA_STAT_FAIL_OTHER);
	}
}

/* What a keying module is told where the kernel can't carry our own words */
static const char *refusal_sentence(int err)
{
	switch (err) {
	case -ENOKEY:
		return "kmtia: no key manager dictates a key for this SA";
	case -ENOBUFS:
		return "kmtia: the key manager does not read its questions";
	case -ETIMEDOUT:
		return "kmtia: the key manager did not answer in time";
	case -EKEYREVOKED:
		return "kmtia: the key manager went away";
	case -EKEYREJECTED:
		return "kmtia: the key manager has no usable key";
	case -EINTR:
		return "kmtia: killed while waiting for a key";
	case -ECANCELED:
		return "kmtia: the SA was flushed, or the module unloaded";
	default:
		return "kmtia: no memory";
	}
}

static void log_refusal(const struct kmtia_decision *d)
{
	const struct kmtia_sa *sa = d->sa;

	if (sa->id.family == AF_INET)
		net_warn_ratelimited("kmtia: refused %s SA spi 0x%08x src %pI4 dst %pI4: rule %u: %s (error %d)\n",
				     kmtia_proto_name(sa->id.proto),
				     be32_to_cpu(sa->id.spi), &sa->saddr.a4,
				     &sa->id.daddr.a4, d->rule->spec.priority,
				     d->reason, -d->err);
	else
		net_warn_ratelimited("kmtia: refused %s SA spi 0x%08x src %pI6c dst %pI6c: rule %u: %s (error %d)\n",
				     kmtia_proto_name(sa->id.proto),
				     be32_to_cpu(sa->id.spi), &sa->saddr.in6,
				     &sa->id.daddr.in6, d->rule->spec.priority,
				     d->reason, -d->err);
}

/* Says what was decided to all who should hear it; never a key. */
static void report(struct kmtia_net *kn, const struct kmtia_decision *d,
		   struct netlink_ext_ack *extack)
{
	switch (d->verdict) {
	case KMTIA_VERDICT_DICTATED:
		kmtia_count(kn, KMTIA_STAT_DICTATED);
		break;
	case KMTIA_VERDICT_KEPT:
		kmtia_count(kn, KMTIA_STAT_KEPT);
		break;
	case KMTIA_VERDICT_REFUSED:
		count_refusal(kn, d->err);
		if (d->err == -EKEYREJECTED)
			kmtia_count(kn, d->status ? KMTIA_STAT_FAIL_CANNOT :
						    KMTIA_STAT_FAIL_UNUSABLE);
		log_refusal(d);
		kmtia_extack(extack, refusal_sentence(d->err),
			     "kmtia: rule %u: %.55s", d->rule->spec.priority,
			     d->reason);
		break;
	}
	kmtia_monitor_decision(kn->net, d);
}

static void __printf(3, 4)
decision_refuse(struct kmtia_decision *d, int err, const char *fmt, ...)
{
	va_list args;

	d->verdict = KMTIA_VERDICT_REFUSED;
	d->err = err;
	va_start(args, fmt);
	vsnprintf(d->reason, sizeof(d->reason), fmt, args);
	va_end(args);
}

static void mate_find(struct hook_decision *hd, struct kmtia_track *track)
{
	struct kmtia_net *kn = hd->kn;
	struct kmtia_track *mate;

	mate = kmtia_tracker_mate(&kn->tracker, hd->d.sa);
	if (!mate)
		return;
	track->mate = mate->handle;
	hd->d.mate_dictated = mate->origin == KMTIA_ORIGIN_LOCAL ||
			      mate->origin == KMTIA_ORIGIN_PEER;
	hd->mate_x = kmtia_sa_lookup(kn->net, &mate->id);
	if (hd->mate_x) {
		kmtia_sa_read(hd->mate_x, &hd->mate);
		hd->d.mate = &hd->mate;
	}
	kmtia_track_put(mate);
}

static int take_keys(struct xfrm_state *x, const struct kmtia_decision *d,
		     struct kmtia_track *track)
{
	if (d->verdict == KMTIA_VERDICT_KEPT) {
		track->kept = true;
		return 0;
	}
	if (d->key_id[0]) {
		track->key_id = kstrdup(d->key_id, GFP_KERNEL_ACCOUNT);
		if (!track->key_id)
			return -ENOMEM;
	}
	kmtia_sa_write(x, d->sa, d->keys);
	track->origin = d->origin;
	memcpy(track->manager, d->manager->uuid, KMTIA_UUID_LEN);
	track->reuse_hash = kmtia_sa_reuse_hash(x, d->sa);
	return 0;
}

/* Asks, and puts the keys that come into the state. */
static int hook_dictate(struct kmtia_net *kn, struct xfrm_state *x,
			const struct kmtia_sa *sa, struct kmtia_rule *rule,
			struct kmtia_track *track,
			struct netlink_ext_ack *extack)
{
	atomic_t *flushes = &kn->flushes[sa->id.proto == IPPROTO_AH];
	int err, flushed = atomic_read(flushes);
	struct hook_decision *hd;

	hd = kzalloc(sizeof(*hd), GFP_KERNEL);
	if (!hd)
		return -ENOMEM;
	hd->kn = kn;
	hd->d.ops = &hook_decision_ops;
	hd->d.registry = &kn->registry;
	hd->d.rule = rule;
	hd->d.sa = sa;
	mate_find(hd, track);

	kmtia_decide(&hd->d);
	atomic64_add(hd->d.questions, &kn->stats[KMTIA_STAT_QUESTIONS]);
	if (hd->d.verdict != KMTIA_VERDICT_REFUSED &&
	    atomic_read(flushes) != flushed)
		decision_refuse(&hd->d, -ECANCELED,
				"SAs were flushed while an answer was awaited");
	if (hd->d.verdict != KMTIA_VERDICT_REFUSED &&
	    take_keys(x, &hd->d, track))
		decision_refuse(&hd->d, -ENOMEM, "no memory");
	report(kn, &hd->d, extack);
	err = hd->d.verdict == KMTIA_VERDICT_REFUSED ? hd->d.err : 0;

	kmtia_decision_release(&hd->d);
	if (hd->mate_x)
		xfrm_state_put(hd->mate_x);
	kfree(hd);
	return err;
}

static bool sa_lives(struct net *net, const struct kmtia_sa *sa)
{
	struct xfrm_state *x = kmtia_sa_lookup(net, &sa->id);
	bool lives;

	if (!x)
		return false;
	lives = x->km.state == XFRM_STATE_VALID;
	xfrm_state_put(x);
	return lives;
}

/* Does the agent that the rule names make this SA itself? */
static bool sa_is_own(struct kmtia_net *kn, const struct kmtia_rule *rule)
{
	struct kmtia_manager *manager;
	bool own;

	if (rule->spec.dictate != KMTIA_GRANT_NAMED)
		return false;
	manager = kmtia_manager_find(&kn->registry,
				     rule->spec.dictate_manager);
	if (!manager)
		return false;
	own = kmtia_upcall_is_own(manager);
	kmtia_manager_put(manager);
	return own;
}

/* An SA that was here before keeps its key, and what is known about it, unless
 * it was let through by a rule that does not apply any more.
 */
static int take_readd(struct kmtia_net *kn, struct xfrm_state *x,
		      const struct kmtia_sa *sa, struct kmtia_track *track)
{
	struct kmtia_track *old;
	int err = -ENOENT;

	old = kmtia_tracker_readd(&kn->tracker, sa, kmtia_sa_key_hash(x, sa));
	if (!old)
		return -ENOENT;
	if (old->origin == KMTIA_ORIGIN_NONE &&
	    !(old->kept &&
	      track->rule->spec.on_failure != KMTIA_FAILURE_ACTION_REJECT))
		goto out;
	if (old->key_id) {
		track->key_id = kstrdup(old->key_id, GFP_KERNEL_ACCOUNT);
		if (!track->key_id) {
			err = -ENOMEM;
			goto out;
		}
	}
	track->origin = old->origin;
	track->kept = old->kept;
	track->reuse_hash = old->reuse_hash;
	memcpy(track->manager, old->manager, KMTIA_UUID_LEN);
	kmtia_count(kn, KMTIA_STAT_READDED);
	err = 0;
out:
	kmtia_track_put(old);
	return err;
}

/* A keying module that reads keys back under lockdown sees zeros, and would add
 * the SA again with them: nobody asked for that key.
 */
static int refuse_zero(struct kmtia_net *kn, const struct kmtia_sa *sa,
		       const struct kmtia_rule *rule,
		       struct netlink_ext_ack *extack)
{
	struct kmtia_decision *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->sa = sa;
	d->rule = rule;
	decision_refuse(d, -EKEYREJECTED,
			"the SA was added again with a key of zeros");
	report(kn, d, extack);
	kfree(d);
	return -EKEYREJECTED;
}

/* What becomes of an SA that a rule covers? Its keys are final when this
 * returns 0.
 */
static int hook_covered(struct kmtia_net *kn, struct xfrm_state *x,
			const struct kmtia_sa *sa, struct kmtia_rule *rule,
			struct kmtia_track *track,
			struct netlink_ext_ack *extack)
{
	int err;

	/* XFRM throws these keys away: the live SA's remain. But it may expire
	 * before XFRM looks, and then this one goes in: with keys that nobody
	 * knows, and an alarm.
	 */
	if (sa_lives(kn->net, sa)) {
		kmtia_count(kn, KMTIA_STAT_EXISTING);
		track->shadow = true;
		if (rule->spec.dictate != KMTIA_GRANT_NONE) {
			kmtia_sa_randomise(x, sa);
			track->randomised = true;
		}
		return 0;
	}
	if (rule->spec.dictate == KMTIA_GRANT_NONE)
		return 0;
	if (sa_is_own(kn, rule)) {
		kmtia_count(kn, KMTIA_STAT_OWN);
		track->origin = KMTIA_ORIGIN_OWN;
		return 0;
	}
	err = take_readd(kn, x, sa, track);
	if (err != -ENOENT)
		return err;
	if (kmtia_sa_zero(x, sa) && kmtia_tracker_knows_spi(&kn->tracker, sa))
		return refuse_zero(kn, sa, rule, extack);
	err = kmtia_reuse_prepare(&kn->reuse);
	if (err)
		return err;
	return hook_dictate(kn, x, sa, rule, track, extack);
}

/* Returns 0 with *trackp set if the SA is to be tracked; it is the caller's. */
static int hook_sa(struct kmtia_net *kn, struct xfrm_state *x,
		   struct netlink_ext_ack *extack, struct kmtia_track **trackp)
{
	struct kmtia_track *track;
	struct kmtia_rule *rule;
	struct kmtia_sa sa;
	int err = 0;

	kmtia_tracker_forget_own(&kn->tracker);
	kmtia_sa_read(x, &sa);
	rule = kmtia_rule_match(&kn->rules, &sa);
	if (!rule) {
		kmtia_count(kn, KMTIA_STAT_UNMATCHED);
		return 0;
	}
	kmtia_count(kn, KMTIA_STAT_MATCHED);
	if (!kmtia_rule_watched(rule))
		goto out;
	track = kmtia_track_new(&sa, rule);
	if (!track) {
		/* Who only watches can't veto. */
		if (rule->spec.dictate != KMTIA_GRANT_NONE)
			err = -ENOMEM;
		goto out;
	}
	err = hook_covered(kn, x, &sa, rule, track, extack);
	if (err) {
		kmtia_track_put(track);
		goto out;
	}
	if (rule->spec.dictate != KMTIA_GRANT_NONE)
		track->key_hash = kmtia_sa_key_hash(x, &sa);
	*trackp = track;
out:
	kmtia_rule_put(rule);
	return err;
}

/* The SA has its cipher. The tracker must know it before XFRM reports it. */
static int hook_track(struct kmtia_net *kn, struct kmtia_track *track)
{
	bool watched_only = track->rule->spec.dictate == KMTIA_GRANT_NONE;
	int err = kmtia_track_add(&kn->tracker, track);

	kmtia_track_put(track);
	return watched_only ? 0 : err;
}

static int hook_init_state(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	struct hook *hook = container_of(x->type, struct hook, wrapper);
	struct kmtia_net *kn = kmtia_pernet(xs_net(x));
	struct kmtia_track *track = NULL;
	int err = 0;

	atomic_inc(&inside);
	x->type = hook->orig;	/* nothing of ours stays in the state */
	/* Another state than VOID is a clone's (migrate), with its keys. SPI 0
	 * and no destination is how IKE daemons probe for algorithms.
	 */
	if (kn && x->km.state == XFRM_STATE_VOID && x->id.spi &&
	    !xfrm_addr_any(&x->id.daddr, x->props.family))
		err = hook_sa(kn, x, extack, &track);
	if (!err)
		err = hook->orig->init_state(x, extack);
	if (track && err)
		kmtia_track_put(track);
	else if (track)
		err = hook_track(kn, track);
	if (atomic_dec_and_test(&inside))
		wake_up(&inside_wq);
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

static int hook_install(struct hook *hook)
{
	const struct xfrm_type **slot, *type;
	int err = -EPROTONOSUPPORT;

	lockdep_assert_held(&hook_lock);
	if (hook->installed)
		return 0;
	rcu_read_lock();
	slot = hook_slot(hook);
	type = slot ? READ_ONCE(*slot) : NULL;
	if (!type)
		goto out;
	if (!type_is_original(type)) {
		err = -EADDRINUSE;
		goto out;
	}
	/* Once pinned, the original stays: a task that fetched the wrapper
	 * before it was taken out may still be on its way into it.
	 */
	if (!hook->orig) {
		if (!try_module_get(type->owner))
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

static void hook_install_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hook_install(&hooks[i]) == -EADDRINUSE)
			pr_warn("kmtia: another module interposes on %s over %s; not stacking\n",
				kmtia_proto_name(hooks[i].proto),
				hooks[i].family == AF_INET ? "IPv4" : "IPv6");
}

/* Puts the slots back; -EADDRINUSE if somebody else's wrapper is in one. */
static int hook_remove_all(void)
{
	const struct xfrm_type **slot;
	unsigned int i;
	int err = 0;

	mutex_lock(&hook_lock);
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
	mutex_unlock(&hook_lock);
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

static bool rule_has_type(const struct kmtia_rule_spec *spec)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].installed &&
		    (!spec->proto || spec->proto == hooks[i].proto) &&
		    (!spec->family || spec->family == hooks[i].family))
			return true;
	return false;
}

/* While SAs may be refused the module must not go, or they would slip in. */
static bool rule_holds_module(const struct kmtia_rule_spec *spec)
{
	return spec->dictate != KMTIA_GRANT_NONE &&
	       spec->on_failure != KMTIA_FAILURE_ACTION_KEEP;
}

/* The modules of the protocols are loaded now and not when the first SA comes,
 * for then it would find the unwrapped type. Nothing of ours is locked: the
 * modules' notifier below takes hook_lock.
 */
static void types_load(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!READ_ONCE(hooks[i].installed))
			request_module("xfrm-type-%u-%u", hooks[i].family,
				       hooks[i].proto);
}

static void hook_unuse(void)
{
	bool last;

	mutex_lock(&hook_lock);
	last = !--hook_rules;
	mutex_unlock(&hook_lock);
	if (last)
		hook_remove_all();
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
 * * %-ECANCELED: the module is being unloaded
 */
int kmtia_hook_use(const struct kmtia_rule_spec *spec,
		   struct netlink_ext_ack *extack)
{
	bool works;

	/* Fails while the module is being unloaded, whatever the rule says. */
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		return -ECANCELED;
	}
	types_load();
	mutex_lock(&hook_lock);
	hook_rules++;
	hook_install_all();
	works = rule_has_type(spec);
	mutex_unlock(&hook_lock);
	if (!works) {
		NL_SET_ERR_MSG(extack, "this kernel has no SA type that the rule could match");
		hook_unuse();
	}
	if (!works || !rule_holds_module(spec))
		module_put(THIS_MODULE);
	return works ? 0 : -EPROTONOSUPPORT;
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
		hook_install_all();
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
	while (hook_remove_all()) {
		pr_warn_once("kmtia: another module interposes on top; waiting for it to go\n");
		msleep(100);
	}
	kmtia_net_for_each_ref(cfg_mutex_barrier);
	wait_event(inside_wq, !atomic_read(&inside));
	kmtia_net_for_each_ref(cfg_mutex_barrier);
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].orig)
			module_put(hooks[i].orig->owner);
}
