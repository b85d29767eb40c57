// SPDX-License-Identifier: GPL-2.0
/*
 * A request: one question to one key manager, and the gate through which it is
 * completed. The file knows neither XFRM nor netlink.
 *
 * DOC: the life of a request
 *
 * A request is made open by the creator of an SA and closed exactly once: by
 * the answer, the deadline, the end of the manager, the creator's withdrawal,
 * or the module's unloading, whichever comes first. kmtia_request::lock is the
 * gate: whoever finds the state open under it has won, writes the outcome and
 * wakes the creator before unlocking; whoever finds another state has lost and
 * touches nothing.
 *
 * kmtia_request::decision may be followed only while the state is open, under
 * the lock. The creator takes the lock of each of its requests
 * (kmtia_request_finish()) before it lets go of the decision, so nobody can
 * still be writing there.
 */
#include "internal.h"
#include "clock.h"
#include "compat/xfrm.h"
#include "trace.h"

#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

static struct kmem_cache *request_cache;
static atomic64_t last_id = ATOMIC64_INIT(0);

/**
 * kmtia_request_cache_init() - make the cache of requests
 *
 * Return: 0 or %-ENOMEM.
 */
int __init kmtia_request_cache_init(void)
{
	request_cache = kmtia_cache_new("kmtia_request",
					sizeof(struct kmtia_request));
	return request_cache ? 0 : -ENOMEM;
}

/**
 * kmtia_request_cache_exit() - free the cache of requests
 */
void kmtia_request_cache_exit(void)
{
	kmem_cache_destroy(request_cache);
}

/**
 * kmtia_copy_text() - copy a manager's text, fit for a log
 * @to: where to
 * @from: where from
 * @size: of @to
 *
 * Control characters, those of the upper half too, could forge lines of a log or
 * drive a terminal.
 */
void kmtia_copy_text(char *to, const char *from, size_t size)
{
	strscpy(to, from, size);
	for (; *to; to++)
		if (iscntrl(*to) || (u8)*to == 0x9b)
			*to = '?';
}

/**
 * kmtia_request_new() - make a request, open
 * @d: whose question it is
 * @manager: who is asked
 * @check: ask whether the manager bids
 * @keys: ask which keys
 * @expires: deadline, jiffies
 *
 * Context: process.
 * Return: the request with a reference for the caller, or an error pointer:
 * %-EKEYREVOKED, the manager is gone; %-ECANCELED, the module goes; %-ENOMEM.
 */
struct kmtia_request *kmtia_request_new(struct kmtia_decision *d,
					struct kmtia_manager *manager,
					bool check, bool keys,
					unsigned long expires)
{
	struct kmtia_request *req;
	int err = 0;

	req = kmem_cache_alloc(request_cache, GFP_KERNEL_ACCOUNT);
	if (!req)
		return ERR_PTR(-ENOMEM);
	memset(req, 0, offsetof(struct kmtia_request, text));
	req->text[0] = '\0';
	req->key_id[0] = '\0';
	refcount_set(&req->ref, 2);
	spin_lock_init(&req->lock);
	req->state = KMTIA_REQUEST_OPEN;
	req->decision = d;
	req->sa = d->sa;
	req->mate = d->mate;
	req->manager = manager;
	req->id = atomic64_inc_return(&last_id);
	req->check = check;
	req->keys = keys;
	req->expires = expires;
	req->asked = ktime_get_ns();

	refcount_inc(&manager->ref);
	atomic_inc(&d->open);
	kmtia_race_sleep();
	spin_lock_bh(&manager->lock);
	if (manager->dead)
		err = -EKEYREVOKED;
	else if (READ_ONCE(manager->registry->draining))
		err = -ECANCELED;
	else
		list_add_tail(&req->node, &manager->open);
	spin_unlock_bh(&manager->lock);
	if (err) {
		atomic_dec(&d->open);
		kmtia_manager_put(manager);
		kmem_cache_free(request_cache, req);
		return ERR_PTR(err);
	}
	trace_kmtia_request_open(req);
	return req;
}

/**
 * kmtia_request_get() - take a reference, for an answer later
 * @req: the request
 *
 * Return: @req.
 */
struct kmtia_request *kmtia_request_get(struct kmtia_request *req)
{
	refcount_inc(&req->ref);
	return req;
}
EXPORT_SYMBOL_GPL(kmtia_request_get);

/**
 * kmtia_request_put() - put a reference
 * @req: the request
 */
void kmtia_request_put(struct kmtia_request *req)
{
	struct kmtia_manager *manager = req->manager;

	if (!refcount_dec_and_test(&req->ref))
		return;
	kmem_cache_free(request_cache, req);
	kmtia_manager_put(manager);
}
EXPORT_SYMBOL_GPL(kmtia_request_put);

static bool is_answer(enum kmtia_request_state state)
{
	return state == KMTIA_REQUEST_BID || state == KMTIA_REQUEST_KEYS ||
	       state == KMTIA_REQUEST_CANNOT ||
	       state == KMTIA_REQUEST_UNUSABLE;
}

/**
 * kmtia_request_complete() - the gate's other side: the outcome is written
 * @req: the request, open until now
 * @state: the outcome
 *
 * Context: the caller holds kmtia_request::lock.
 */
void kmtia_request_complete(struct kmtia_request *req,
			    enum kmtia_request_state state)
{
	struct kmtia_decision *d = req->decision;

	lockdep_assert_held(&req->lock);
	req->state = state;
	req->decision = NULL;
	if (is_answer(state)) {
		u64 took = ktime_get_ns() - req->asked;

		kmtia_histogram_add(&req->manager->times, took);
		kmtia_histogram_add(&req->manager->registry->times, took);
	}
	trace_kmtia_request_close(req, req->err);
	if (atomic_dec_and_test(&d->open))
		wake_up(&d->wait);
}

/**
 * kmtia_request_close() - complete a request that is still open
 * @req: the request
 * @state: the outcome
 * @err: with KMTIA_REQUEST_UNSENT, why
 *
 * Context: any.
 * Return: true if the request was open, false if it had been completed.
 */
bool kmtia_request_close(struct kmtia_request *req,
			 enum kmtia_request_state state, int err)
{
	bool won;

	kmtia_race_delay();
	spin_lock_bh(&req->lock);
	won = req->state == KMTIA_REQUEST_OPEN;
	if (won) {
		req->err = err;
		/* Now, and not when the creator gets to it: a late answer may
		 * come before that, and takes it back.
		 */
		if (state == KMTIA_REQUEST_DEADLINE)
			set_bit(KMTIA_MANAGER_STALLED, &req->manager->state);
		kmtia_request_complete(req, state);
	}
	spin_unlock_bh(&req->lock);
	return won;
}

/**
 * kmtia_request_finish() - the creator is done waiting
 * @req: the request; withdrawn if it is still open
 *
 * Afterwards nobody writes to it or to the decision any more, and no answerer
 * finds it. The caller's reference stays. May be called again.
 */
void kmtia_request_finish(struct kmtia_request *req)
{
	bool listed;

	kmtia_request_close(req, KMTIA_REQUEST_WITHDRAWN, 0);
	kmtia_race_delay();
	spin_lock_bh(&req->manager->lock);
	listed = !list_empty(&req->node);
	list_del_init(&req->node);
	spin_unlock_bh(&req->manager->lock);
	if (listed)
		kmtia_request_put(req);
}

/**
 * kmtia_request_find() - a request that a manager was sent
 * @manager: the manager
 * @id: of the request
 *
 * Return: the request with a reference for the caller, or NULL.
 */
struct kmtia_request *kmtia_request_find(struct kmtia_manager *manager, u64 id)
{
	struct kmtia_request *req, *found = NULL;

	spin_lock_bh(&manager->lock);
	list_for_each_entry(req, &manager->open, node) {
		if (req->id == id) {
			found = kmtia_request_get(req);
			break;
		}
	}
	spin_unlock_bh(&manager->lock);
	return found;
}

/**
 * kmtia_request_next() - the request of a manager that follows another
 * @manager: the manager
 * @id: the number of the other; 0 for the first
 *
 * Return: the one of the lowest number above @id, with a reference for the
 * caller, or NULL.
 */
struct kmtia_request *kmtia_request_next(struct kmtia_manager *manager, u64 id)
{
	struct kmtia_request *req, *found = NULL;

	spin_lock_bh(&manager->lock);
	list_for_each_entry(req, &manager->open, node)
		if (req->id > id && (!found || req->id < found->id))
			found = req;
	if (found)
		kmtia_request_get(found);
	spin_unlock_bh(&manager->lock);
	return found;
}

/**
 * kmtia_requests_close() - complete all open requests of a manager
 * @manager: the manager; takes no new ones any more
 * @state: the outcome
 */
void kmtia_requests_close(struct kmtia_manager *manager,
			  enum kmtia_request_state state)
{
	struct kmtia_request *req;

	spin_lock_bh(&manager->lock);
	list_for_each_entry(req, &manager->open, node)
		kmtia_request_close(req, state, 0);
	spin_unlock_bh(&manager->lock);
}

/**
 * kmtia_request_id() - number of a request
 * @req: the request
 *
 * Return: a number that is never used again.
 */
u64 kmtia_request_id(const struct kmtia_request *req)
{
	return req->id;
}
EXPORT_SYMBOL_GPL(kmtia_request_id);

/**
 * kmtia_request_is_check() - was the manager not asked before for a bid?
 * @req: the request
 *
 * Return: true if it may also answer by kmtia_request_bid() that it won't.
 */
bool kmtia_request_is_check(const struct kmtia_request *req)
{
	return req->check;
}
EXPORT_SYMBOL_GPL(kmtia_request_is_check);

/**
 * kmtia_request_sa() - the SA that is asked about
 * @req: the request
 *
 * Context: only in the callbacks that ask; not in an answer later.
 * Return: the description.
 */
const struct kmtia_sa *kmtia_request_sa(const struct kmtia_request *req)
{
	return req->sa;
}
EXPORT_SYMBOL_GPL(kmtia_request_sa);

/**
 * kmtia_request_mate() - the SA of the other direction
 * @req: the request
 *
 * Context: only in the callbacks that ask; not in an answer later.
 * Return: its description, or NULL where it is not certain.
 */
const struct kmtia_sa *kmtia_request_mate(const struct kmtia_request *req)
{
	return req->mate;
}
EXPORT_SYMBOL_GPL(kmtia_request_mate);

/**
 * kmtia_request_time_left() - how long the answer is awaited
 * @req: the request
 *
 * Return: milliseconds.
 */
unsigned int kmtia_request_time_left(const struct kmtia_request *req)
{
	unsigned long now = kmtia_clock_now();

	return time_before(now, req->expires) ?
	       jiffies_to_msecs(req->expires - now) : 0;
}
EXPORT_SYMBOL_GPL(kmtia_request_time_left);
