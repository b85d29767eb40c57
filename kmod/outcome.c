// SPDX-License-Identifier: GPL-2.0
/*
 * Why no key came: what each end of a request means for the decision, in an errno
 * and in words. The file knows neither XFRM nor netlink.
 */
#include "internal.h"

#include <linux/string.h>

/**
 * kmtia_decision_manager() - who has to do with the outcome
 * @d: the decision
 * @manager: who; gets a reference; or NULL
 */
void kmtia_decision_manager(struct kmtia_decision *d,
			    struct kmtia_manager *manager)
{
	if (manager)
		refcount_inc(&manager->ref);
	kmtia_manager_put(d->manager);
	d->manager = manager;
}

/**
 * kmtia_decision_fail() - no key came, so far
 * @d: the decision
 * @manager: because of whom, or NULL
 * @err: the error that the creator may get
 * @fmt: why, for people
 */
void kmtia_decision_fail(struct kmtia_decision *d,
			 struct kmtia_manager *manager, int err,
			 const char *fmt, ...)
{
	va_list args;

	kmtia_decision_manager(d, manager);
	d->err = err;
	d->status = 0;
	va_start(args, fmt);
	vsnprintf(d->reason, sizeof(d->reason), fmt, args);
	va_end(args);
}

/**
 * kmtia_fail_unsent() - a question could not be sent
 * @d: the decision
 * @manager: whom it was for
 * @err: why
 */
void kmtia_fail_unsent(struct kmtia_decision *d, struct kmtia_manager *manager,
		       int err)
{
	switch (err) {
	case -ENOBUFS:
		kmtia_decision_fail(d, manager, err,
				    "key manager '%s' does not read its questions",
				    manager->name);
		break;
	case -EKEYREVOKED:
		kmtia_decision_fail(d, manager, err,
				    "key manager '%s' went away",
				    manager->name);
		break;
	case -ECANCELED:
		kmtia_decision_fail(d, manager, err,
				    "the module is being unloaded");
		break;
	default:
		kmtia_decision_fail(d, manager, err,
				    "no memory for a question");
	}
}

/**
 * kmtia_fail_stalled() - a manager is not asked, as it has stalled
 * @d: the decision
 * @manager: the manager
 */
void kmtia_fail_stalled(struct kmtia_decision *d, struct kmtia_manager *manager)
{
	kmtia_decision_fail(d, manager, -ETIMEDOUT,
			    "key manager '%s' has stalled", manager->name);
}

/**
 * kmtia_fail_request() - a request was completed, but brought neither keys nor a bid
 * @d: the decision
 * @req: the request
 */
void kmtia_fail_request(struct kmtia_decision *d, struct kmtia_request *req)
{
	struct kmtia_manager *manager = req->manager;

	switch (req->state) {
	case KMTIA_REQUEST_CANNOT:
		kmtia_manager_count(manager, KMTIA_MANAGER_REFUSALS);
		kmtia_decision_fail(d, manager, -EKEYREJECTED,
				    "key manager '%s' has no keys (%u): %s",
				    manager->name, req->status,
				    req->text[0] ? req->text : "no reason given");
		d->status = req->status;
		d->gen_key = req->gen_key;
		break;
	case KMTIA_REQUEST_UNUSABLE:
		kmtia_manager_count(manager, KMTIA_MANAGER_UNUSABLE);
		kmtia_decision_fail(d, manager, -EKEYREJECTED,
				    "key manager '%s' gave an unusable answer: %s",
				    manager->name, req->why);
		d->gen_key = req->gen_key;
		break;
	case KMTIA_REQUEST_DEADLINE:
		kmtia_manager_missed(manager);
		kmtia_decision_fail(d, manager, -ETIMEDOUT,
				    "key manager '%s' did not answer in time",
				    manager->name);
		break;
	case KMTIA_REQUEST_DEATH:
		kmtia_fail_unsent(d, manager, -EKEYREVOKED);
		break;
	case KMTIA_REQUEST_UNSENT:
		kmtia_fail_unsent(d, manager, req->err);
		break;
	default:
		kmtia_fail_unsent(d, manager, -ECANCELED);
	}
}
