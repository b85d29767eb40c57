// SPDX-License-Identifier: GPL-2.0
/*
 * SAs that are moved to other addresses (XFRM_MSG_MIGRATE, XFRM_MSG_MIGRATE_STATE).
 *
 * XFRM makes a clone of the SA, with its keys, and deletes the old one; it reports
 * neither. The clone passes the hook, where it is not asked about: its key is what
 * it was. But an SA with the keying module's own key must not come to lie under
 * a rule that rejects such ones, so
 *
 * - where the clone has its new addresses already (7.x), it is refused;
 * - where it has not (6.x), or only the source differs, it is found later by a
 *   worker, and the monitor group hears an alarm.
 *
 * The worker also tracks the new SA in the place of the old one, and tells the
 * managers that watch. It looks for a state of the same protocol, SPI and keys
 * that is not where the old one was, until there is one, or too much time has
 * passed: the clone came to nothing then.
 */
#include "internal.h"
#include "compat/xfrm.h"
#include "trace.h"

#include <linux/jiffies.h>
#include <linux/slab.h>

#define LOOK_FIRST	(HZ / 50)	/* when the worker looks, */
#define LOOK_AGAIN	(HZ / 10)	/* and looks again, */
#define LOOK_LAST	(10 * HZ)	/* until */
#define MAX_STATES	8		/* of the same SPI, at a time */

/**
 * struct kmtia_clone - a clone that has passed the hook
 * @node: in kmtia_clones::list
 * @sa: as it was then
 * @moved: it had its new addresses
 * @key_hash: keyed hash of its keys
 * @old: what is known about the SA that it is a clone of; pinned; or NULL
 * @since: when it passed, jiffies
 */
struct kmtia_clone {
	struct list_head node;
	struct kmtia_sa sa;
	bool moved;
	u64 key_hash;
	struct kmtia_track *old;
	unsigned long since;
};

static bool same_place(const struct kmtia_sa *a, const struct kmtia_sa *b)
{
	return kmtia_sa_id_equal(&a->id, &b->id) &&
	       kmtia_addr_equal(&a->saddr, &b->saddr);
}

/* --- In the hook -------------------------------------------------------------- */

/* Has the clone other addresses than the SA that it is a clone of? That one is
 * still there.
 */
static bool clone_moved(struct net *net, const struct kmtia_sa *sa)
{
	struct xfrm_state *x = kmtia_sa_lookup(net, &sa->id);
	struct kmtia_sa there;
	bool moved = true;

	if (x) {
		kmtia_sa_read(x, &there);
		moved = !same_place(&there, sa);
		xfrm_state_put(x);
	}
	return moved;
}

/* May an SA of which @old is known lie under the rule? */
static bool may_lie(const struct kmtia_rule *rule, const struct kmtia_track *old)
{
	if (rule->spec.dictate == KMTIA_GRANT_NONE ||
	    rule->spec.on_failure == KMTIA_FAILURE_ACTION_KEEP)
		return true;
	if (!old)
		return false;
	if (old->origin != KMTIA_ORIGIN_NONE)
		return true;
	return old->kept &&
	       rule->spec.on_failure == KMTIA_FAILURE_ACTION_MANAGER;
}

static int clone_check(struct kmtia_net *kn, const struct kmtia_sa *sa,
		       const struct kmtia_track *old,
		       struct netlink_ext_ack *extack)
{
	struct kmtia_rule *rule = kmtia_rule_match(&kn->rules, sa);
	int err = 0;

	if (rule && !may_lie(rule, old)) {
		err = -ENOKEY;
		kmtia_count(kn, KMTIA_STAT_REFUSED);
		kmtia_count(kn, KMTIA_STAT_FAIL_OTHER);
		net_warn_ratelimited("kmtia: refused to move %s SA spi 0x%08x: rule %u: nobody dictated its key (error %d)\n",
				     kmtia_proto_name(sa->id.proto),
				     be32_to_cpu(sa->id.spi),
				     rule->spec.priority, -err);
		kmtia_extack(extack,
			     "kmtia: nobody dictated the key of this SA, and a rule rejects such ones there",
			     "kmtia: rule %u: nobody dictated the key of this SA",
			     rule->spec.priority);
	}
	kmtia_rule_put(rule);
	return err;
}

static int clone_note(struct kmtia_net *kn, const struct kmtia_sa *sa,
		      bool moved, u64 key_hash, struct kmtia_track *old)
{
	struct kmtia_clone *clone = kzalloc(sizeof(*clone), GFP_KERNEL_ACCOUNT);

	if (!clone)
		return -ENOMEM;
	clone->sa = *sa;
	clone->sa.n_slots = 0;	/* The names in them are the state's. */
	clone->moved = moved;
	clone->key_hash = key_hash;
	clone->old = old;
	clone->since = jiffies;
	spin_lock(&kn->clones.lock);
	list_add_tail(&clone->node, &kn->clones.list);
	spin_unlock(&kn->clones.lock);
	queue_delayed_work(kmtia_wq, &kn->clones.work, LOOK_FIRST);
	return 0;
}

/**
 * kmtia_clone_begin() - an SA is being moved
 * @kn: where
 * @x: the clone, with its keys, before the cipher is set up
 * @extack: why not, for who moves it
 *
 * Context: process; XFRM's mutex is held and stays so.
 * Return: 0, %-ENOKEY if it must not lie where it is moved to, or %-ENOMEM.
 */
int kmtia_clone_begin(struct kmtia_net *kn, struct xfrm_state *x,
		      struct netlink_ext_ack *extack)
{
	struct kmtia_track *old;
	struct kmtia_sa sa;
	u64 key_hash;
	bool moved;
	int err = 0;

	kmtia_sa_read(x, &sa);
	key_hash = kmtia_sa_key_hash(x, &sa);
	old = kmtia_tracker_readd(&kn->tracker, &sa, key_hash);
	if (!old && !READ_ONCE(kn->rules.count))
		return 0;
	moved = clone_moved(kn->net, &sa);
	if (moved)
		err = clone_check(kn, &sa, old, extack);
	if (!err)
		err = clone_note(kn, &sa, moved, key_hash, old);
	if (err)
		kmtia_track_put(old);
	return err;
}

/* --- Afterwards ------------------------------------------------------------------ */

/**
 * struct walk - the states that have a clone's protocol and SPI
 * @spi: the SPI
 * @states: they; pinned
 * @n: how many
 */
struct walk {
	__be32 spi;
	struct xfrm_state *states[MAX_STATES];
	unsigned int n;
};

/* Runs under XFRM's lock. */
static int walk_one(struct xfrm_state *x, int count, void *data)
{
	struct walk *walk = data;

	if (x->id.spi != walk->spi || x->km.state != XFRM_STATE_VALID ||
	    walk->n == MAX_STATES)
		return 0;
	xfrm_state_hold(x);
	walk->states[walk->n++] = x;
	return 0;
}

static void walk_states(struct kmtia_net *kn, const struct kmtia_clone *clone,
			struct walk *walk)
{
	struct xfrm_state_walk states;

	memset(walk, 0, sizeof(*walk));
	walk->spi = clone->sa.id.spi;
	xfrm_state_walk_init(&states, clone->sa.id.proto, NULL);
	xfrm_state_walk(kn->net, &states, walk_one, walk);
	xfrm_state_walk_done(&states, kn->net);
}

static void track_enter(struct kmtia_net *kn, struct kmtia_track *track,
			const struct kmtia_clone *clone)
{
	u64 reuse_hash;

	kmtia_tracker_forget_own(&kn->tracker, NULL);
	if ((clone->old && kmtia_track_inherit(track, clone->old)) ||
	    kmtia_track_add(&kn->tracker, track))
		return;
	kmtia_tracker_live(&kn->tracker, &track->id, &reuse_hash);
	trace_kmtia_sa(track, "moved");
}

static void track_moved(struct kmtia_net *kn, const struct kmtia_sa *sa,
			const struct kmtia_clone *clone, struct kmtia_rule *rule)
{
	u64 handle = kmtia_tracker_handle(&kn->tracker);
	struct kmtia_track *track = kmtia_track_new(handle, sa, rule);

	if (!track) {
		net_warn_ratelimited("kmtia: no memory to track %s SA spi 0x%08x, which was moved under rule %u\n",
				     kmtia_proto_name(sa->id.proto),
				     be32_to_cpu(sa->id.spi),
				     rule->spec.priority);
		return;
	}
	track->key_hash = clone->key_hash;
	kmtia_tracker_pair(&kn->tracker, sa, track);
	track_enter(kn, track, clone);
	/* Also if there was no memory to track it */
	if (!may_lie(rule, clone->old))
		kmtia_monitor_alarm(kn->net, track,
				    "an SA whose key nobody dictated was moved under a rule that rejects such ones");
	kmtia_track_put(track);
}

static void clone_settle(struct kmtia_net *kn, const struct kmtia_clone *clone,
			 const struct kmtia_sa *sa)
{
	struct kmtia_rule *rule;
	bool gone;

	/* First the end of the old one, or it would be taken for this one. */
	if (clone->old) {
		struct xfrm_state *x = kmtia_track_state(kn, clone->old, &gone);

		if (x)
			xfrm_state_put(x);
		if (gone || kmtia_sa_id_equal(&clone->old->id, &sa->id))
			kmtia_tracker_gone(&kn->tracker, clone->old, true);
	}
	rule = kmtia_rule_match(&kn->rules, sa);
	if (rule && kmtia_rule_watched(rule))
		track_moved(kn, sa, clone, rule);
	kmtia_rule_put(rule);
}

/* Is the clone in? Then it is dealt with. */
static bool clone_look(struct kmtia_net *kn, const struct kmtia_clone *clone)
{
	struct kmtia_sa sa;
	struct walk walk;
	bool found = false;
	unsigned int i;

	walk_states(kn, clone, &walk);
	for (i = 0; i < walk.n; i++) {
		kmtia_sa_read(walk.states[i], &sa);
		if (!found &&
		    same_place(&sa, &clone->sa) == clone->moved &&
		    kmtia_sa_key_hash(walk.states[i], &sa) == clone->key_hash) {
			found = true;
			clone_settle(kn, clone, &sa);
		}
		xfrm_state_put(walk.states[i]);
	}
	return found;
}

static void clone_free(struct kmtia_clone *clone)
{
	kmtia_track_put(clone->old);
	kfree(clone);
}

static void clones_work(struct work_struct *work)
{
	struct kmtia_net *kn = container_of(to_delayed_work(work),
					    struct kmtia_net, clones.work);
	struct kmtia_clone *clone, *next;
	LIST_HEAD(list);
	bool again;

	spin_lock(&kn->clones.lock);
	list_splice_init(&kn->clones.list, &list);
	spin_unlock(&kn->clones.lock);
	list_for_each_entry_safe(clone, next, &list, node) {
		if (!clone_look(kn, clone) &&
		    time_before(jiffies, clone->since + LOOK_LAST))
			continue;
		list_del(&clone->node);
		clone_free(clone);
	}
	spin_lock(&kn->clones.lock);
	list_splice(&list, &kn->clones.list);
	again = !list_empty(&kn->clones.list);
	spin_unlock(&kn->clones.lock);
	if (again)
		queue_delayed_work(kmtia_wq, &kn->clones.work, LOOK_AGAIN);
}

/**
 * kmtia_clones_init() - prepare
 * @clones: of a namespace
 */
void kmtia_clones_init(struct kmtia_clones *clones)
{
	spin_lock_init(&clones->lock);
	INIT_LIST_HEAD(&clones->list);
	INIT_DELAYED_WORK(&clones->work, clones_work);
}

/**
 * kmtia_clones_exit() - forget those that were not found yet
 * @clones: of a namespace, in which nobody is in the hook any more
 *
 * Context: process; waits for the worker.
 */
void kmtia_clones_exit(struct kmtia_clones *clones)
{
	struct kmtia_clone *clone, *next;

	cancel_delayed_work_sync(&clones->work);
	list_for_each_entry_safe(clone, next, &clones->list, node)
		clone_free(clone);
	INIT_LIST_HEAD(&clones->list);
}
