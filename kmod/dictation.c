// SPDX-License-Identifier: GPL-2.0
/*
 * The decision: ask, choose, fall back. The file knows neither XFRM nor
 * netlink.
 *
 * All bidders share one deadline, the rule's timeout; each has at most as long
 * as it said it needs. With one candidate the two questions (does it bid, which
 * keys) are one. With several, those without a constant weight are asked for
 * their bids all at once, and the highest is asked for keys; when it fails the
 * next has its turn in what is left of the time.
 */
#include "internal.h"

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * struct bidder - a manager that may be asked
 * @manager: pinned
 * @weight: its bid, 0 if it does not want the SA or has had its turn
 * @asked: it has bid, or its weight is constant
 */
struct bidder {
	struct kmtia_manager *manager;
	u32 weight;
	bool asked;
};

/**
 * struct round - what kmtia_decide() works with
 * @bidders: in order of registration
 * @n: how many
 * @expires: the rule's deadline, jiffies
 */
struct round {
	struct bidder bidders[KMTIA_MAX_MANAGERS];
	unsigned int n;
	unsigned long expires;
};

/* When the next deadline of an open round is; false if all have passed. */
static bool next_deadline(const struct kmtia_decision *d, unsigned long now,
			  unsigned long *next)
{
	bool more = false;
	unsigned int i;

	for (i = 0; i < d->n_requests; i++) {
		unsigned long expires = d->requests[i]->expires;

		if (time_after_eq(now, expires))
			continue;
		if (!more || time_before(expires, *next))
			*next = expires;
		more = true;
	}
	return more;
}

/* Runs only while the creator sleeps in decision_wait(): the array is stable. */
static void decision_timer(struct timer_list *timer)
{
	struct kmtia_decision *d = container_of(timer, struct kmtia_decision,
						timer);
	unsigned long now = jiffies, next;
	unsigned int i;

	for (i = 0; i < d->n_requests; i++)
		if (time_after_eq(now, d->requests[i]->expires))
			kmtia_request_close(d->requests[i],
					    KMTIA_REQUEST_DEADLINE, 0);
	if (next_deadline(d, now, &next))
		mod_timer(&d->timer, next);
}

/* Sends one question; one that can't be sent is a request completed at once. */
static int decision_ask(struct kmtia_decision *d, struct round *round,
			struct kmtia_manager *manager, bool check, bool keys)
{
	unsigned long expires = jiffies + manager->timeout_hint * HZ;
	struct kmtia_request *req;
	int err;

	if (time_after(expires, round->expires))
		expires = round->expires;
	req = kmtia_request_new(d, manager, check, keys, expires);
	if (IS_ERR(req))
		return PTR_ERR(req);
	d->requests[d->n_requests++] = req;
	d->questions++;
	kmtia_manager_count(manager, KMTIA_MANAGER_QUESTIONS);
	err = keys ? manager->ops->key_dictation(manager, req) :
		     manager->ops->key_dictation_check(manager, req);
	/* What a callback returns reaches the keying module as an error: only
	 * those that the contract names may (kmtia_manager_ops).
	 */
	if (err && err != -ENOBUFS && err != -EKEYREVOKED)
		err = -ENOMEM;
	if (err)
		kmtia_request_close(req, KMTIA_REQUEST_UNSENT, err);
	return 0;
}

/* Sleeps until all requests of this round are completed; -EINTR if killed.
 * Afterwards all of them are final, and may be read without their locks.
 */
static int decision_wait(struct kmtia_decision *d)
{
	unsigned int i, state = TASK_KILLABLE;
	unsigned long next = jiffies;
	bool released;
	int err = 0;

	if (atomic_read(&d->open)) {
		next_deadline(d, jiffies, &next);
		mod_timer(&d->timer, next);
		released = d->ops->wait_begin(d);
		/* If a lock was let go none is held: then the wait may be
		 * frozen, and a frozen TIA does not keep the host awake.
		 */
		if (released)
			state |= TASK_FREEZABLE;
		err = wait_event_state(d->wait, !atomic_read(&d->open), state);
		d->ops->wait_end(d, released);
		timer_delete_sync(&d->timer);
	}
	for (i = 0; i < d->n_requests; i++)
		kmtia_request_finish(d->requests[i]);
	return err ? -EINTR : 0;
}

static void decision_round_end(struct kmtia_decision *d)
{
	unsigned int i;

	for (i = 0; i < d->n_requests; i++) {
		kmtia_request_finish(d->requests[i]);
		kmtia_request_put(d->requests[i]);
	}
	d->n_requests = 0;
}

static void decision_manager(struct kmtia_decision *d,
			     struct kmtia_manager *manager)
{
	if (manager)
		refcount_inc(&manager->ref);
	kmtia_manager_put(d->manager);
	d->manager = manager;
}

__printf(4, 5)
static void decision_fail(struct kmtia_decision *d,
			  struct kmtia_manager *manager, int err,
			  const char *fmt, ...)
{
	va_list args;

	decision_manager(d, manager);
	d->err = err;
	d->status = 0;
	va_start(args, fmt);
	vsnprintf(d->reason, sizeof(d->reason), fmt, args);
	va_end(args);
}

static void fail_unsent(struct kmtia_decision *d, struct kmtia_manager *manager,
			int err)
{
	switch (err) {
	case -ENOBUFS:
		decision_fail(d, manager, err,
			      "key manager '%s' does not read its questions",
			      manager->name);
		break;
	case -EKEYREVOKED:
		decision_fail(d, manager, err, "key manager '%s' went away",
			      manager->name);
		break;
	case -ECANCELED:
		decision_fail(d, manager, err, "the module is being unloaded");
		break;
	default:
		decision_fail(d, manager, err, "no memory for a question");
	}
}

/* What a completed request means, if it brought neither keys nor a bid. */
static void fail_request(struct kmtia_decision *d, struct kmtia_request *req)
{
	struct kmtia_manager *manager = req->manager;

	switch (req->state) {
	case KMTIA_REQUEST_CANNOT:
		kmtia_manager_count(manager, KMTIA_MANAGER_REFUSALS);
		decision_fail(d, manager, -EKEYREJECTED,
			      "key manager '%s' has no keys (%u): %s",
			      manager->name, req->status,
			      req->text[0] ? req->text : "no reason given");
		d->status = req->status;
		d->gen_key = req->gen_key;
		break;
	case KMTIA_REQUEST_UNUSABLE:
		kmtia_manager_count(manager, KMTIA_MANAGER_UNUSABLE);
		decision_fail(d, manager, -EKEYREJECTED,
			      "key manager '%s' gave an unusable answer: %s",
			      manager->name, req->why);
		d->gen_key = req->gen_key;
		break;
	case KMTIA_REQUEST_DEADLINE:
		kmtia_manager_missed(manager);
		decision_fail(d, manager, -ETIMEDOUT,
			      "key manager '%s' did not answer in time",
			      manager->name);
		break;
	case KMTIA_REQUEST_DEATH:
		fail_unsent(d, manager, -EKEYREVOKED);
		break;
	case KMTIA_REQUEST_UNSENT:
		fail_unsent(d, manager, req->err);
		break;
	default:
		fail_unsent(d, manager, -ECANCELED);
	}
}

/* Errors that no rule's action can turn into a kept key */
static bool is_final(int err)
{
	return err == -EINTR || err == -ECANCELED || err == -ENOMEM;
}

static int decision_killed(struct kmtia_decision *d)
{
	decision_fail(d, NULL, -EINTR, "the creator of the SA was killed");
	return -EINTR;
}

/* Asks all whose bid is not known, at once. */
static int collect_bids(struct kmtia_decision *d, struct round *round)
{
	struct kmtia_request *req;
	unsigned int i, j;
	int err = 0;

	for (i = 0; i < round->n; i++) {
		struct bidder *b = &round->bidders[i];

		if (b->asked)
			continue;
		b->asked = true;
		err = decision_ask(d, round, b->manager, true, false);
		if (err) {
			fail_unsent(d, b->manager, err);
			if (is_final(err))
				goto out;
			err = 0;
		}
	}
	err = decision_wait(d);
	if (err) {
		decision_killed(d);
		goto out;
	}
	for (i = 0, j = 0; i < d->n_requests; i++) {
		req = d->requests[i];
		while (round->bidders[j].manager != req->manager)
			j++;
		if (req->state != KMTIA_REQUEST_BID) {
			fail_request(d, req);
			if (is_final(d->err))
				err = d->err;
		} else if (req->will_dictate) {
			round->bidders[j].weight = req->weight;
		} else {
			kmtia_manager_count(req->manager,
					    KMTIA_MANAGER_REFUSALS);
		}
	}
out:
	decision_round_end(d);
	return err;
}

/* The highest bid; of equal ones, that of who registered first. */
static struct bidder *best_bid(struct round *round)
{
	struct bidder *best = NULL;
	unsigned int i;

	for (i = 0; i < round->n; i++) {
		struct bidder *b = &round->bidders[i];

		if (b->weight && (!best || b->weight > best->weight))
			best = b;
	}
	return best;
}

static void decision_keys(struct kmtia_decision *d, struct kmtia_request *req)
{
	kmtia_manager_count(req->manager, KMTIA_MANAGER_ANSWERS);
	decision_manager(d, req->manager);
	d->err = 0;
	d->verdict = KMTIA_VERDICT_DICTATED;
	d->origin = req->origin;
	memcpy(d->key_id, req->key_id, sizeof(d->key_id));
}

/* Asks one for the keys. Returns 0 if the decision is made, -EAGAIN if the next
 * one may be asked, another error if nobody may.
 */
static int ask_keys(struct kmtia_decision *d, struct round *round,
		    struct bidder *bidder, bool check)
{
	struct kmtia_request *req;
	int err;

	err = decision_ask(d, round, bidder->manager, check, true);
	if (err) {
		fail_unsent(d, bidder->manager, err);
		return is_final(err) ? err : -EAGAIN;
	}
	err = decision_wait(d);
	if (err) {
		decision_round_end(d);
		return decision_killed(d);
	}
	req = d->requests[0];
	if (req->state == KMTIA_REQUEST_KEYS) {
		decision_keys(d, req);
	} else if (req->state == KMTIA_REQUEST_BID) {
		kmtia_manager_count(req->manager, KMTIA_MANAGER_REFUSALS);
		decision_fail(d, NULL, -ENOKEY,
			      "no key manager wants this SA");
		err = -EAGAIN;
	} else {
		fail_request(d, req);
		err = is_final(d->err) ? d->err : -EAGAIN;
	}
	decision_round_end(d);
	return err;
}

/* Who may be asked now; a stalled one is not worth waiting for. */
static void round_begin(struct kmtia_decision *d, struct round *round,
			struct kmtia_manager **candidates)
{
	unsigned int i, n;

	round->n = 0;
	round->expires = jiffies + msecs_to_jiffies(d->rule->spec.timeout);
	n = kmtia_registry_bidders(d->registry, d->rule, candidates);
	if (!n)
		decision_fail(d, NULL, -ENOKEY,
			      "no key manager is registered that may dictate");
	for (i = 0; i < n; i++) {
		struct kmtia_manager *manager = candidates[i];
		struct bidder *b;

		if (kmtia_manager_stalled(manager)) {
			decision_fail(d, manager, -ETIMEDOUT,
				      "key manager '%s' has stalled",
				      manager->name);
			kmtia_manager_put(manager);
			continue;
		}
		b = &round->bidders[round->n++];
		b->manager = manager;
		b->asked = manager->has_weight;
		b->weight = manager->has_weight ? manager->weight : 0;
	}
}

static void round_ask(struct kmtia_decision *d, struct round *round)
{
	struct bidder *b;
	int err;

	if (round->n == 1) {
		b = &round->bidders[0];
		if (!b->asked || b->weight)
			ask_keys(d, round, b, !b->asked);
		return;
	}
	if (!round->n || collect_bids(d, round))
		return;
	while ((b = best_bid(round))) {
		err = ask_keys(d, round, b, false);
		if (err != -EAGAIN ||
		    time_after_eq(jiffies, round->expires))
			break;
		b->weight = 0;
	}
}

static int keys_alloc(struct kmtia_decision *d)
{
	unsigned int i;
	u8 *at;

	d->key_buf_size = 0;
	for (i = 0; i < d->sa->n_slots; i++)
		d->key_buf_size += kmtia_slot_bytes(&d->sa->slots[i]);
	/* One byte at least: an SA without any key is dictated, too. */
	d->key_buf = kmalloc(d->key_buf_size + 1, GFP_KERNEL);
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
	struct kmtia_manager **candidates;
	struct round *round;
	unsigned int i;

	init_waitqueue_head(&d->wait);
	timer_setup(&d->timer, decision_timer, 0);
	decision_fail(d, NULL, -ENOKEY, "no key manager wants this SA");
	/* Half a page: too much for a stack that has XFRM's below it. */
	round = kmalloc(sizeof(*round) +
			KMTIA_MAX_MANAGERS * sizeof(*candidates), GFP_KERNEL);
	if (!round || keys_alloc(d)) {
		decision_fail(d, NULL, -ENOMEM, "no memory for a decision");
		kfree(round);
		goto out;
	}
	candidates = (void *)(round + 1);
	round_begin(d, round, candidates);
	round_ask(d, round);
	for (i = 0; i < round->n; i++)
		kmtia_manager_put(round->bidders[i].manager);
	kfree(round);
out:
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
