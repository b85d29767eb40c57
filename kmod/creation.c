// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of an SA that is being created: which rule covers it, is it one
 * to ask about, and what was decided.
 */
#include "internal.h"
#include "compat/xfrm.h"
#include "trace.h"

#include <linux/slab.h>

/**
 * struct kmtia_creation - an SA that is being created under a rule
 * @kn: where
 * @x: the SA's state; its creator's
 * @rule: the rule that covers it; pinned
 * @track: its entry, not in the tracker yet
 * @tried: what the same task has tried before: the same SA, which XFRM refused
 * @wait: how to wait
 * @mate_x: the mate's state; pinned, for the names in @mate
 * @once_hash: of the key that was found fresh, if it must be used only once
 * @decided: @d says what was decided, and is to be reported
 * @d: the decision; nothing after its first part needs to be zero
 * @sa: description of the SA
 * @mate: the mate's
 * @mate_manager: who dictated its key
 */
struct kmtia_creation {
	struct kmtia_net *kn;
	struct xfrm_state *x;
	struct kmtia_rule *rule;
	struct kmtia_track *track, *tried;
	const struct kmtia_wait_ops *wait;
	struct xfrm_state *mate_x;
	u64 once_hash;
	bool decided;
	struct kmtia_decision d;
	struct kmtia_sa sa;
	struct kmtia_sa mate;
	u8 mate_manager[KMTIA_UUID_LEN];
};

static struct kmem_cache *creation_cache;

/**
 * kmtia_creation_cache_init() - make the cache of creations
 *
 * Return: 0 or %-ENOMEM.
 */
int __init kmtia_creation_cache_init(void)
{
	creation_cache = kmtia_cache_new("kmtia_creation",
					 sizeof(struct kmtia_creation));
	return creation_cache ? 0 : -ENOMEM;
}

/**
 * kmtia_creation_cache_exit() - free the cache of creations
 */
void kmtia_creation_cache_exit(void)
{
	kmem_cache_destroy(creation_cache);
}

/* --- What the decision needs ------------------------------------------------ */

static bool creation_wait_begin(struct kmtia_decision *d)
{
	struct kmtia_creation *c = container_of(d, struct kmtia_creation, d);

	atomic_inc(&c->kn->pending);
	return c->wait->begin(c->kn->net);
}

static void creation_wait_end(struct kmtia_decision *d, bool released)
{
	struct kmtia_creation *c = container_of(d, struct kmtia_creation, d);

	atomic_dec(&c->kn->pending);
	if (released)
		c->wait->end(c->kn->net);
}

static bool creation_key_fresh(struct kmtia_decision *d,
			       const struct kmtia_slot *slot, const u8 *key)
{
	struct kmtia_creation *c = container_of(d, struct kmtia_creation, d);

	c->once_hash = kmtia_slot_key_hash(slot, key);
	return kmtia_reuse_fresh(&c->kn->reuse, c->once_hash, &d->sa->id);
}

static const struct kmtia_decision_ops creation_decision_ops = {
	.wait_begin	= creation_wait_begin,
	.wait_end	= creation_wait_end,
	.key_fresh	= creation_key_fresh,
};

/* --- What is decided --------------------------------------------------------- */

static int __printf(3, 4)
creation_refuse(struct kmtia_creation *c, int err, const char *fmt, ...)
{
	va_list args;

	c->decided = true;
	c->d.verdict = KMTIA_VERDICT_REFUSED;
	c->d.err = err;
	va_start(args, fmt);
	vsnprintf(c->d.reason, sizeof(c->d.reason), fmt, args);
	va_end(args);
	return err;
}

static bool is_dictated(enum kmtia_origin origin)
{
	return origin == KMTIA_ORIGIN_LOCAL || origin == KMTIA_ORIGIN_PEER;
}

static void mate_find(struct kmtia_creation *c)
{
	struct kmtia_track *mate;

	mate = kmtia_tracker_mate(&c->kn->tracker, &c->sa);
	if (!mate)
		return;
	kmtia_track_mate_set(c->track, mate);
	c->d.mate_dictated = is_dictated(mate->origin);
	c->d.mate_kept = mate->kept;
	if (c->d.mate_dictated) {
		memcpy(c->mate_manager, mate->manager, KMTIA_UUID_LEN);
		c->d.mate_manager = c->mate_manager;
	}
	c->mate_x = kmtia_sa_lookup(c->kn->net, &mate->id);
	if (c->mate_x) {
		kmtia_sa_read(c->mate_x, &c->mate);
		c->d.mate = &c->mate;
	}
	kmtia_track_put(mate);
}

static int track_key_id(struct kmtia_track *track, const char *key_id)
{
	if (!key_id || !key_id[0])
		return 0;
	track->key_id = kstrdup(key_id, GFP_KERNEL_ACCOUNT);
	return track->key_id ? 0 : -ENOMEM;
}

/* XFRM's mutex is held from here on until the SA is in and its key remembered:
 * what another SA got while this one waited is seen now.
 */
static int keys_still_fresh(struct kmtia_creation *c)
{
	if (!c->once_hash ||
	    kmtia_reuse_fresh(&c->kn->reuse, c->once_hash, &c->sa.id))
		return 0;
	return creation_refuse(c, -EKEYREJECTED,
			       "key manager '%s' gave the key to another SA meanwhile",
			       c->d.manager->name);
}

static int take_keys(struct kmtia_creation *c)
{
	struct kmtia_track *track = c->track;
	int err;

	if (c->d.verdict == KMTIA_VERDICT_KEPT) {
		track->kept = true;
		return 0;
	}
	err = keys_still_fresh(c);
	if (err)
		return err;
	if (track_key_id(track, c->d.key_id))
		return creation_refuse(c, -ENOMEM, "no memory");
	kmtia_sa_write(c->x, &c->sa, c->d.keys);
	track->origin = c->d.origin;
	memcpy(track->manager, c->d.manager->uuid, KMTIA_UUID_LEN);
	track->reuse_hash = c->once_hash;
	kmtia_track_keep(track, c->d.key_buf);
	c->d.key_buf = NULL;
	return 0;
}

/* Asks, and puts the keys that come into the state. */
static int creation_dictate(struct kmtia_creation *c)
{
	atomic_t *flushes = &c->kn->flushes[c->sa.id.proto == IPPROTO_AH ?
					    KMTIA_FLUSH_AH : KMTIA_FLUSH_ESP];
	int err, flushed = atomic_read(flushes);
	unsigned int i;

	if (kmtia_reuse_prepare(&c->kn->reuse))
		return creation_refuse(c, -ENOMEM, "no memory");
	for (i = 0; i < c->sa.n_slots; i++)
		c->d.module_keys[i] = kmtia_sa_key(c->x, &c->sa.slots[i]);
	mate_find(c);
	c->decided = true;
	err = kmtia_decide(&c->d);
	atomic64_add(c->d.questions, &c->kn->stats[KMTIA_STAT_QUESTIONS]);
	if (err)
		return err;
	if (atomic_read(flushes) != flushed)
		return creation_refuse(c, -ECANCELED,
				       "SAs were flushed while an answer was awaited");
	return take_keys(c);
}

static bool sa_lives(struct net *net, const struct kmtia_sa_id *id)
{
	struct xfrm_state *x = kmtia_sa_lookup(net, id);
	bool lives;

	if (!x)
		return false;
	lives = x->km.state == XFRM_STATE_VALID;
	xfrm_state_put(x);
	return lives;
}

/* Does the agent that the rule names make this SA itself? */
static bool creation_is_own(struct kmtia_creation *c)
{
	const struct kmtia_rule_spec *spec = &c->rule->spec;
	struct kmtia_manager *manager;
	bool own;

	if (spec->dictate != KMTIA_GRANT_NAMED)
		return false;
	manager = kmtia_manager_find(&c->kn->registry, spec->dictate_manager);
	if (!manager)
		return false;
	own = manager->flags & KMTIA_MANAGER_FLAGS_DICTATE &&
	      kmtia_upcall_is_own(manager);
	kmtia_manager_put(manager);
	return own;
}

/* May an SA that was here before have its key again? Not while the old one lives
 * (then two would have it), nor if a rule let it through that would not now.
 */
static bool readd_passes(struct kmtia_creation *c,
			 const struct kmtia_track *old)
{
	if (READ_ONCE(old->state) == KMTIA_TRACK_LIVE &&
	    sa_lives(c->kn->net, &old->id))
		return false;
	if (old->origin != KMTIA_ORIGIN_NONE)
		return true;
	return old->kept &&
	       c->rule->spec.on_failure != KMTIA_FAILURE_ACTION_REJECT;
}

/* It has the key of an SA that was decided about. */
static int creation_inherit(struct kmtia_creation *c,
			    const struct kmtia_track *old)
{
	if (kmtia_track_inherit(c->track, old))
		return creation_refuse(c, -ENOMEM, "no memory");
	kmtia_tracker_pair(&c->kn->tracker, &c->sa, c->track);
	kmtia_count(c->kn, KMTIA_STAT_READDED);
	trace_kmtia_sa(c->track, "readded");
	return 0;
}

/* An SA that was here before keeps its key, and what is known about it.
 * Returns -ENOENT if it was not.
 */
static int creation_readd(struct kmtia_creation *c)
{
	struct kmtia_track *old;
	int err = -ENOENT;

	old = kmtia_tracker_readd(&c->kn->tracker, &c->sa,
				  c->track->asked_hash);
	if (!old)
		return -ENOENT;
	if (!readd_passes(c, old))
		goto out;
	err = creation_inherit(c, old);
out:
	kmtia_track_put(old);
	return err;
}

/* Has the answer to this question been given just now? XFRM refused the SA then,
 * for something else than its keys, and the keying module tries again: without
 * the device that it was to be offloaded to, or with NEWSA, there being nothing to
 * update. Returns -ENOENT if not.
 */
static int creation_retry(struct kmtia_creation *c)
{
	const struct kmtia_track *tried = c->tried;
	int err;

	if (!tried || tried->asked_hash != c->track->asked_hash ||
	    tried->rule != c->rule || (!tried->keys && !tried->kept))
		return -ENOENT;
	if (tried->reuse_hash &&
	    !kmtia_reuse_fresh(&c->kn->reuse, tried->reuse_hash, &c->sa.id))
		return -ENOENT;
	err = creation_inherit(c, tried);
	if (err || !tried->keys)
		return err;
	kmtia_track_restore(tried, c->x, &c->sa);
	/* And again, if need be */
	swap(c->track->keys, c->tried->keys);
	return 0;
}

/* The keys of the SA are final when this returns 0. */
static int creation_decide(struct kmtia_creation *c)
{
	bool dictates = c->rule->spec.dictate != KMTIA_GRANT_NONE;
	int err;

	/* XFRM throws these keys away: the live SA's remain. But it may expire
	 * before XFRM looks, and then this one goes in: with keys that nobody
	 * knows, and an alarm.
	 */
	if (sa_lives(c->kn->net, &c->sa.id)) {
		kmtia_count(c->kn, KMTIA_STAT_EXISTING);
		trace_kmtia_sa(c->track, "existing");
		c->track->shadow = true;
		c->track->randomised = dictates;
		if (dictates)
			kmtia_sa_randomise(c->x, &c->sa);
		return 0;
	}
	if (!dictates || creation_is_own(c)) {
		kmtia_tracker_pair(&c->kn->tracker, &c->sa, c->track);
		if (!dictates)
			return 0;
		kmtia_count(c->kn, KMTIA_STAT_OWN);
		trace_kmtia_sa(c->track, "own");
		c->track->origin = KMTIA_ORIGIN_OWN;
		return 0;
	}
	c->track->asked_hash = kmtia_sa_key_hash(c->x, &c->sa);
	err = creation_retry(c);
	if (err == -ENOENT)
		err = creation_readd(c);
	if (err != -ENOENT)
		return err;
	/* What a keying module reads back under lockdown, and would add again */
	if (kmtia_sa_zero(c->x, &c->sa) &&
	    kmtia_tracker_knows_spi(&c->kn->tracker, &c->sa))
		return creation_refuse(c, -EKEYREJECTED,
				       "the SA was added again with a key of zeros");
	return creation_dictate(c);
}

/* --- From begin to end ------------------------------------------------------- */

static void creation_free(struct kmtia_creation *c)
{
	kmtia_decision_release(&c->d);
	if (c->mate_x)
		xfrm_state_put(c->mate_x);
	kmtia_track_put(c->track);
	kmtia_track_put(c->tried);
	kmtia_rule_put(c->rule);
	kmem_cache_free(creation_cache, c);
}

/* Takes over the reference to @rule. */
static struct kmtia_creation *creation_new(struct kmtia_net *kn,
					   struct xfrm_state *x,
					   const struct kmtia_sa *sa,
					   struct kmtia_rule *rule,
					   const struct kmtia_wait_ops *wait)
{
	struct kmtia_creation *c = kmem_cache_alloc(creation_cache, GFP_KERNEL);

	if (!c)
		return NULL;
	memset(c, 0, offsetof(struct kmtia_creation, d.wait));
	c->d.key_id[0] = '\0';
	c->d.reason[0] = '\0';
	c->track = kmtia_track_new(kmtia_tracker_handle(&kn->tracker), sa,
				   rule);
	if (!c->track) {
		kmem_cache_free(creation_cache, c);
		return NULL;
	}
	c->kn = kn;
	c->x = x;
	c->sa = *sa;
	c->rule = rule;
	c->wait = wait;
	c->d.ops = &creation_decision_ops;
	c->d.registry = &kn->registry;
	c->d.rule = rule;
	c->d.sa = &c->sa;
	return c;
}

/* There is no memory to ask; but who only watches can't veto. */
static int creation_unmade(struct kmtia_net *kn, const struct kmtia_sa *sa,
			   const struct kmtia_rule *rule,
			   struct netlink_ext_ack *extack)
{
	if (rule->spec.dictate == KMTIA_GRANT_NONE)
		return 0;
	kmtia_report_no_memory(kn, sa, rule, extack);
	return -ENOMEM;
}

/**
 * kmtia_creation_begin() - an SA is being created: what keys shall it have?
 * @kn: where
 * @x: its state, before the cipher is set up; gets the keys
 * @wait: how to wait
 * @extack: why not, for the creator
 * @creation: set to what kmtia_creation_end() must be called with, also if this
 *	fails; NULL if no rule has to do with the SA
 *
 * Context: process; may sleep until the rule's timeout.
 * Return: 0 if the SA may be made; else as kmtia_decide(), and its keys are the
 * creator's.
 */
int kmtia_creation_begin(struct kmtia_net *kn, struct xfrm_state *x,
			 const struct kmtia_wait_ops *wait,
			 struct netlink_ext_ack *extack,
			 struct kmtia_creation **creation)
{
	struct kmtia_track *tried;
	struct kmtia_creation *c;
	struct kmtia_rule *rule;
	struct kmtia_sa sa;
	int err;

	*creation = NULL;
	kmtia_sa_read(x, &sa);
	tried = kmtia_tracker_forget_own(&kn->tracker, &sa.id);
	rule = kmtia_rule_match(&kn->rules, &sa);
	kmtia_race_sleep();
	kmtia_count(kn, rule ? KMTIA_STAT_MATCHED : KMTIA_STAT_UNMATCHED);
	if (!rule || !kmtia_rule_watched(rule)) {
		err = 0;
		goto unwatched;
	}
	c = creation_new(kn, x, &sa, rule, wait);
	if (!c) {
		err = creation_unmade(kn, &sa, rule, extack);
		goto unwatched;
	}
	c->tried = tried;
	*creation = c;
	err = creation_decide(c);
	if (!err)
		c->track->key_hash = kmtia_sa_key_hash(x, &c->sa);
	return err;

unwatched:
	kmtia_rule_put(rule);
	kmtia_track_put(tried);
	return err;
}

/**
 * kmtia_creation_end() - the cipher is set up, or is not
 * @c: what kmtia_creation_begin() has set, or NULL; freed
 * @err: of kmtia_creation_begin(), or of setting up the cipher
 * @extack: why not, for the creator
 *
 * XFRM may report the SA as soon as the caller returns: the tracker knows it then.
 *
 * Context: process.
 * Return: @err, or %-ENOMEM.
 */
int kmtia_creation_end(struct kmtia_creation *c, int err,
		       struct netlink_ext_ack *extack)
{
	if (!c)
		return err;
	if (!err && kmtia_track_add(&c->kn->tracker, c->track) &&
	    c->rule->spec.dictate != KMTIA_GRANT_NONE)
		err = creation_refuse(c, -ENOMEM, "no memory");
	/* A key for an SA that XFRM itself refuses was not dictated. */
	if (c->decided && (!err || c->d.verdict == KMTIA_VERDICT_REFUSED))
		kmtia_report_decision(c->kn, &c->d, extack);
	creation_free(c);
	return err;
}

/**
 * kmtia_creation_probe() - an SA without an SPI, or for no destination
 * @kn: where
 * @x: its state, before the cipher is set up
 *
 * So do IKE daemons probe which algorithms there are, and get their answer. Nobody
 * is asked about such an SA; but it would carry traffic, so where a rule dictates
 * it has keys that nobody knows.
 */
void kmtia_creation_probe(struct kmtia_net *kn, struct xfrm_state *x)
{
	struct kmtia_rule *rule;
	struct kmtia_sa sa;

	kmtia_sa_read(x, &sa);
	rule = kmtia_rule_match(&kn->rules, &sa);
	if (rule && rule->spec.dictate != KMTIA_GRANT_NONE)
		kmtia_sa_randomise(x, &sa);
	kmtia_rule_put(rule);
}
