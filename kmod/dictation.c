// SPDX-License-Identifier: GPL-2.0
/*
 * The decision: ask, choose, fall back. The file knows neither XFRM nor
 * netlink.
 *
 * All bidders share one deadline, the rule's timeout; each has at most as long
 * as it said it needs. With one candidate the two questions (does it bid, which
 * keys) are one. With several, those without a constant weight are asked for
 * their bids all at once, and the highest is asked for keys; when it fails the
 * next has its turn in what is left of the time. As long as somebody comes
 * after, a question has half of that, so that one that is silent does not use up
 * the time of all. A manager with a standing
 * secret for the SA is not asked: the secret bids, and answers in no time.
 */
#include "internal.h"
#include "clock.h"

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * struct bidder - a manager that may be asked
 * @manager: pinned
 * @weight: its bid, 0 if it does not want the SA or has had its turn
 * @asked: it has bid, or its weight is constant
 * @standing: it has a standing secret for the SA
 */
struct bidder {
	struct kmtia_manager *manager;
	u32 weight;
	bool asked;
	bool standing;
};

/**
 * struct bidding - what kmtia_decide() works with
 * @candidates: who may be asked, in order of registration
 * @n_candidates: how many
 * @n: bidders
 * @bidders: of @candidates, those that bid or may; each has its reference
 */
struct bidding {
	struct kmtia_manager **candidates;
	unsigned int n_candidates;
	unsigned int n;
	struct bidder bidders[];
};

/* There is one manager, or there are two, as a rule. */
#define USUAL_BIDDERS	4

/* Errors that no rule's action can turn into a kept key */
static bool is_final(int err)
{
	return err == -EINTR || err == -ECANCELED || err == -ENOMEM;
}

static int decision_killed(struct kmtia_decision *d)
{
	kmtia_decision_fail(d, NULL, -EINTR, "the creator of the SA was killed");
	return -EINTR;
}

/* Until when may a question take? */
static unsigned long share(const struct kmtia_decision *d, bool others)
{
	unsigned long now = kmtia_clock_now();

	if (!others || time_after_eq(now, d->expires))
		return d->expires;
	return now + (d->expires - now) / 2;
}

/* Asks all whose bid is not known, at once. */
static int collect_bids(struct kmtia_decision *d, struct bidding *bidding)
{
	unsigned long latest = share(d, true);
	struct kmtia_request *req;
	unsigned int i, j;
	int err = 0;

	for (i = 0; i < bidding->n; i++) {
		struct bidder *b = &bidding->bidders[i];

		if (b->asked)
			continue;
		b->asked = true;
		err = kmtia_round_ask(d, b->manager, true, false, latest);
		if (err) {
			kmtia_fail_unsent(d, b->manager, err);
			if (is_final(err))
				goto out;
			err = 0;
		}
	}
	err = kmtia_round_wait(d);
	if (err) {
		decision_killed(d);
		goto out;
	}
	for (i = 0, j = 0; i < d->n_requests; i++) {
		req = d->requests[i];
		while (bidding->bidders[j].manager != req->manager)
			j++;
		if (req->state != KMTIA_REQUEST_BID) {
			kmtia_fail_request(d, req);
			if (is_final(d->err))
				err = d->err;
		} else if (req->will_dictate) {
			bidding->bidders[j].weight = req->weight;
		} else {
			kmtia_manager_count(req->manager,
					    KMTIA_MANAGER_REFUSALS);
		}
	}
out:
	kmtia_round_end(d);
	return err;
}

static bool keyed_mate(const struct kmtia_decision *d,
		       const struct kmtia_manager *manager)
{
	return d->mate_manager &&
	       !memcmp(d->mate_manager, manager->uuid, KMTIA_UUID_LEN);
}

/* Who keyed the mate, if it still bids; else the highest bid; of equal ones, that
 * of who registered first.
 */
static struct bidder *best_bid(const struct kmtia_decision *d,
			       struct bidding *bidding)
{
	struct bidder *best = NULL;
	unsigned int i;

	for (i = 0; i < bidding->n; i++) {
		struct bidder *b = &bidding->bidders[i];

		if (b->weight && keyed_mate(d, b->manager))
			return b;
		if (b->weight && (!best || b->weight > best->weight))
			best = b;
	}
	return best;
}

static void decision_keys(struct kmtia_decision *d,
			  struct kmtia_manager *manager,
			  enum kmtia_origin origin, const char *key_id)
{
	kmtia_decision_manager(d, manager);
	d->err = 0;
	d->verdict = KMTIA_VERDICT_DICTATED;
	d->origin = origin;
	strscpy(d->key_id, key_id, sizeof(d->key_id));
}

/* The secret that has bid is not there any more: it was deleted, its time has
 * passed, or it went to another manager of the same identity, which answers.
 * @holder is a reference; it is put, and set to whose secret answered.
 */
static int take_inherited(struct kmtia_decision *d,
			  struct kmtia_manager **holder,
			  struct kmtia_standing *answer, const char **why)
{
	struct kmtia_manager *heir;
	int err;

	heir = kmtia_registry_heir(d->registry, (*holder)->uuid);
	if (!heir)
		return -ENOENT;
	err = kmtia_secret_answer(heir, d, answer, why);
	if (err == -ENOENT) {
		kmtia_manager_put(heir);
		return err;
	}
	kmtia_manager_put(*holder);
	*holder = heir;
	return err;
}

static void standing_unusable(struct kmtia_decision *d,
			      struct kmtia_manager *manager,
			      const struct kmtia_standing *answer,
			      const char *why)
{
	kmtia_manager_count(manager, KMTIA_MANAGER_UNUSABLE);
	kmtia_decision_fail(d, manager, -EKEYREJECTED,
			    "the standing secret of key manager '%s' is unusable: %s",
			    manager->name, why);
	d->gen_key = answer->gen_key;
}

/* Takes the keys that a standing secret gives. Returns as ask_keys(), or -ENOENT
 * if there is no secret any more.
 */
static int take_standing(struct kmtia_decision *d, struct bidder *bidder)
{
	struct kmtia_standing answer = {};
	const char *why;
	int err;

	err = kmtia_secret_answer(bidder->manager, d, &answer, &why);
	if (err == -ENOENT)
		err = take_inherited(d, &bidder->manager, &answer, &why);
	if (err == -ENOENT)
		return err;
	if (err) {
		standing_unusable(d, bidder->manager, &answer, why);
		return -EAGAIN;
	}
	kmtia_manager_count(bidder->manager, KMTIA_MANAGER_STANDING);
	d->standing = true;
	decision_keys(d, bidder->manager, answer.origin, answer.key_id);
	return 0;
}

/* Asks one for the keys. Returns 0 if the decision is made, -EAGAIN if the next
 * one may be asked, another error if nobody may. @others: somebody comes after.
 */
static int ask_keys(struct kmtia_decision *d, struct bidder *bidder, bool check,
		    bool others)
{
	struct kmtia_request *req;
	int err;

	err = kmtia_round_ask(d, bidder->manager, check, true,
			      share(d, others));
	if (err) {
		kmtia_fail_unsent(d, bidder->manager, err);
		return is_final(err) ? err : -EAGAIN;
	}
	err = kmtia_round_wait(d);
	if (err) {
		kmtia_round_end(d);
		return decision_killed(d);
	}
	req = d->requests[0];
	if (req->state == KMTIA_REQUEST_KEYS) {
		kmtia_manager_count(req->manager, KMTIA_MANAGER_ANSWERS);
		decision_keys(d, req->manager, req->origin, req->key_id);
	} else if (req->state == KMTIA_REQUEST_BID) {
		kmtia_manager_count(req->manager, KMTIA_MANAGER_REFUSALS);
		kmtia_decision_fail(d, NULL, -ENOKEY,
				    "no key manager wants this SA");
		err = -EAGAIN;
	} else {
		kmtia_fail_request(d, req);
		err = is_final(d->err) ? d->err : -EAGAIN;
	}
	kmtia_round_end(d);
	return err;
}

static struct bidding *bidding_alloc(struct kmtia_decision *d,
				     unsigned int room)
{
	struct bidding *bidding;

	bidding = kmalloc(struct_size(bidding, bidders, room) +
			  room * sizeof(*bidding->candidates), GFP_KERNEL);
	if (!bidding)
		return NULL;
	bidding->candidates = (void *)&bidding->bidders[room];
	bidding->n = 0;
	bidding->n_candidates = kmtia_registry_bidders(d->registry, d->rule,
						       bidding->candidates,
						       room);
	return bidding;
}

/* All memory that a question takes is cleared where the kernel is configured to:
 * as many as may be there would cost more than what is done with them.
 */
static struct bidding *bidding_new(struct kmtia_decision *d)
{
	struct bidding *bidding = bidding_alloc(d, USUAL_BIDDERS);
	unsigned int i;

	if (!bidding || bidding->n_candidates < USUAL_BIDDERS)
		return bidding;
	for (i = 0; i < bidding->n_candidates; i++)
		kmtia_manager_put(bidding->candidates[i]);
	kfree(bidding);
	return bidding_alloc(d, KMTIA_MAX_BIDDERS);
}

static void bidding_free(struct bidding *bidding)
{
	unsigned int i;

	for (i = 0; i < bidding->n; i++)
		kmtia_manager_put(bidding->bidders[i].manager);
	kfree(bidding);
}

/* A stalled manager is not worth waiting for, and one in its grace can't be
 * asked; but their standing secrets are as good as any.
 */
static void bidding_begin(struct kmtia_decision *d, struct bidding *bidding)
{
	unsigned int i;

	d->expires = kmtia_clock_now() +
		     msecs_to_jiffies(d->rule->spec.timeout);
	if (!bidding->n_candidates)
		kmtia_decision_fail(d, NULL, -ENOKEY,
				    "no key manager is registered that may dictate");
	for (i = 0; i < bidding->n_candidates; i++) {
		struct kmtia_manager *manager = bidding->candidates[i];
		struct bidder b = { .manager = manager };

		b.standing = kmtia_secret_bid(manager, d, &b.weight);
		if (!b.standing && manager->orphan) {
			kmtia_manager_put(manager);
			continue;
		}
		if (!b.standing && kmtia_manager_stalled(manager)) {
			kmtia_fail_stalled(d, manager);
			kmtia_manager_put(manager);
			continue;
		}
		if (!b.standing && manager->has_weight)
			b.weight = manager->weight;
		b.asked = b.standing || manager->has_weight;
		bidding->bidders[bidding->n++] = b;
	}
}

static bool has_others(const struct bidding *bidding, const struct bidder *b)
{
	unsigned int i;

	for (i = 0; i < bidding->n; i++)
		if (&bidding->bidders[i] != b && bidding->bidders[i].weight)
			return true;
	return false;
}

/* Returns as ask_keys(). */
static int bidder_turn(struct kmtia_decision *d, struct bidder *b, bool others)
{
	int err;

	if (b->standing) {
		err = take_standing(d, b);
		if (err != -ENOENT)
			return err;
		/* Whoever took the secret back may still be asked. */
		if (b->manager->orphan) {
			kmtia_fail_unsent(d, b->manager, -EKEYREVOKED);
			return -EAGAIN;
		}
		if (kmtia_manager_stalled(b->manager)) {
			kmtia_fail_stalled(d, b->manager);
			return -EAGAIN;
		}
	}
	if (time_after_eq(kmtia_clock_now(), d->expires))
		return -EAGAIN;
	return ask_keys(d, b, b->standing, others);
}

static void bidding_run(struct kmtia_decision *d, struct bidding *bidding)
{
	struct bidder *b = &bidding->bidders[0];

	if (bidding->n == 1 && !b->asked) {
		ask_keys(d, b, true, false);
		return;
	}
	if (!bidding->n || collect_bids(d, bidding))
		return;
	while ((b = best_bid(d, bidding)) &&
	       bidder_turn(d, b, has_others(bidding, b)) == -EAGAIN)
		b->weight = 0;
}

static int keys_alloc(struct kmtia_decision *d)
{
	unsigned int i, size = 0;
	u8 *at;

	for (i = 0; i < d->sa->n_slots; i++)
		size += kmtia_slot_bytes(&d->sa->slots[i]);
	/* One byte at least: an SA without any key is dictated, too. */
	d->key_buf = kmalloc(size + 1, GFP_KERNEL);
	if (!d->key_buf)
		return -ENOMEM;
	for (i = 0, at = d->key_buf; i < d->sa->n_slots; i++) {
		d->keys[i] = at;
		at += kmtia_slot_bytes(&d->sa->slots[i]);
	}
	return 0;
}

/* No key came: what does the rule say? */
static void decision_action(struct kmtia_decision *d)
{
	enum kmtia_failure_action action = d->rule->spec.on_failure;
	bool keep = action == KMTIA_FAILURE_ACTION_KEEP ||
		    (action == KMTIA_FAILURE_ACTION_MANAGER && d->gen_key);

	/* A pair is dictated wholly or not at all. */
	if (d->mate_dictated || is_final(d->err))
		keep = false;
	d->verdict = keep ? KMTIA_VERDICT_KEPT : KMTIA_VERDICT_REFUSED;
}

/**
 * kmtia_decide() - decide on the keys of an SA
 * @d: what is known; the rest is zero. Filled in.
 *
 * Nothing was done to the SA when this returns. kmtia_decision_release() must
 * be called in any case.
 *
 * Context: process; may sleep until the rule's timeout.
 * Return: 0, or kmtia_decision::err if the SA is refused: %-ENOKEY, %-ENOBUFS,
 * %-ETIMEDOUT, %-EKEYREVOKED, %-EKEYREJECTED, %-EINTR, %-ECANCELED, %-ENOMEM.
 */
int kmtia_decide(struct kmtia_decision *d)
{
	struct bidding *bidding;

	init_waitqueue_head(&d->wait);
	timer_setup(&d->timer, kmtia_round_timer, 0);
	if (d->mate_kept) {
		kmtia_decision_fail(d, NULL, -ENOKEY,
				    "the SA of the other direction kept the keying module's key");
		/* That had leave to: so has this one, where leave is given. */
		d->gen_key = true;
		goto out;
	}
	/* In words only where it comes to that */
	d->err = -ENOKEY;
	d->reason[0] = '\0';
	if (keys_alloc(d)) {
		kmtia_decision_fail(d, NULL, -ENOMEM, "no memory for a decision");
		goto out;
	}
	/* Too much for a stack that has XFRM's below it. */
	bidding = bidding_new(d);
	if (!bidding) {
		kmtia_decision_fail(d, NULL, -ENOMEM, "no memory for a decision");
		goto out;
	}
	bidding_begin(d, bidding);
	bidding_run(d, bidding);
	bidding_free(bidding);
out:
	if (d->err && !d->reason[0])
		kmtia_decision_fail(d, NULL, d->err,
				    "no key manager wants this SA");
	if (d->err)
		decision_action(d);
	return d->verdict == KMTIA_VERDICT_REFUSED ? d->err : 0;
}

/**
 * kmtia_decision_release() - wipe the keys and put what is pinned
 * @d: the decision
 */
void kmtia_decision_release(struct kmtia_decision *d)
{
	kfree_sensitive(d->key_buf);
	d->key_buf = NULL;
	kmtia_manager_put(d->manager);
	d->manager = NULL;
}
