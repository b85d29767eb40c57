// SPDX-License-Identifier: GPL-2.0
/*
 * A round of a decision: one or several questions at a time, and the wait for
 * all of their answers. The file knows neither XFRM nor netlink.
 */
#include "internal.h"
#include "clock.h"

#include <linux/jiffies.h>
#include <linux/sched.h>

/* The earliest deadline of a round, even if it has passed: then it is due at once. */
static unsigned long first_deadline(const struct kmtia_decision *d)
{
	unsigned long first = d->requests[0]->expires;
	unsigned int i;

	for (i = 1; i < d->n_requests; i++)
		if (time_before(d->requests[i]->expires, first))
			first = d->requests[i]->expires;
	return first;
}

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

/**
 * kmtia_round_timer() - the deadline of some requests has passed
 * @timer: kmtia_decision::timer
 *
 * Runs only while the creator sleeps in kmtia_round_wait(): the array is
 * stable.
 */
void kmtia_round_timer(struct timer_list *timer)
{
	struct kmtia_decision *d = container_of(timer, struct kmtia_decision,
						timer);
	unsigned long now = kmtia_clock_now(), next;
	unsigned int i;

	kmtia_race_delay();
	for (i = 0; i < d->n_requests; i++)
		if (time_after_eq(now, d->requests[i]->expires))
			kmtia_request_close(d->requests[i],
					    KMTIA_REQUEST_DEADLINE, 0);
	if (next_deadline(d, now, &next))
		kmtia_clock_start(&d->timer, next);
}

/**
 * kmtia_round_ask() - send one question
 * @d: the decision
 * @manager: whom to ask
 * @check: whether it bids
 * @keys: which keys
 * @latest: when the answer must be there, jiffies; earlier if the manager said
 *	that it needs less
 *
 * A question that can't be sent is a request completed at once, with
 * %KMTIA_REQUEST_UNSENT.
 *
 * Return: 0, or an error of kmtia_request_new().
 */
int kmtia_round_ask(struct kmtia_decision *d, struct kmtia_manager *manager,
		    bool check, bool keys, unsigned long latest)
{
	unsigned long expires = kmtia_clock_now() +
				manager->timeout_hint * HZ;
	struct kmtia_request *req;
	int err;

	if (time_after(expires, latest))
		expires = latest;
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

/**
 * kmtia_round_wait() - sleep until all requests of this round are completed
 * @d: the decision
 *
 * Afterwards all of them are final, and may be read without their locks.
 *
 * Return: 0, or %-EINTR if the creator was killed.
 */
int kmtia_round_wait(struct kmtia_decision *d)
{
	unsigned int i, state = TASK_KILLABLE;
	bool released;
	int err = 0;

	if (atomic_read(&d->open)) {
		kmtia_clock_start(&d->timer, first_deadline(d));
		released = d->ops->wait_begin(d);
		/* If a lock was let go none is held: then the wait may be
		 * frozen, and a frozen TIA does not keep the host awake.
		 */
		if (released)
			state |= TASK_FREEZABLE;
		err = wait_event_state(d->wait, !atomic_read(&d->open), state);
		d->ops->wait_end(d, released);
		kmtia_clock_stop(&d->timer);
	}
	for (i = 0; i < d->n_requests; i++)
		kmtia_request_finish(d->requests[i]);
	return err ? -EINTR : 0;
}

/**
 * kmtia_round_end() - let go of the requests of this round
 * @d: the decision
 */
void kmtia_round_end(struct kmtia_decision *d)
{
	unsigned int i;

	for (i = 0; i < d->n_requests; i++) {
		kmtia_request_finish(d->requests[i]);
		kmtia_request_put(d->requests[i]);
	}
	d->n_requests = 0;
}
