// SPDX-License-Identifier: GPL-2.0
/*
 * What XFRM tells its key managers: the births and deaths of SAs.
 *
 * The callbacks are atomic; some come from softirq with the state's lock held.
 * They only note what happened. The rest is a worker's (notify.c).
 */
#include "internal.h"
#include "compat/xfrm.h"

static void km_flushed(const struct km_event *c)
{
	struct kmtia_net *kn = kmtia_pernet(c->net);
	u8 protos = 0;

	if (!kn)
		return;
	if (xfrm_id_proto_match(IPPROTO_ESP, c->data.proto)) {
		atomic_inc(&kn->flushes[KMTIA_FLUSH_ESP]);
		protos |= BIT(KMTIA_FLUSH_ESP);
	}
	if (xfrm_id_proto_match(IPPROTO_AH, c->data.proto)) {
		atomic_inc(&kn->flushes[KMTIA_FLUSH_AH]);
		protos |= BIT(KMTIA_FLUSH_AH);
	}
	kmtia_race_delay();
	kmtia_tracker_flushed(&kn->tracker, protos);
}

/* A plain update of a live SA comes with a state that is dead and never was in:
 * the live one has the same identity.
 */
static void km_new(struct kmtia_net *kn, const struct xfrm_state *x,
		   const struct kmtia_sa_id *id)
{
	u64 reuse_hash;

	if (x->km.state == XFRM_STATE_DEAD) {
		kmtia_tracker_forget_own(&kn->tracker, NULL);
		kmtia_tracker_event(&kn->tracker, id,
				    KMTIA_NOTIFY_EVENT_UPDATE);
		return;
	}
	if (kmtia_tracker_live(&kn->tracker, id, &reuse_hash) && reuse_hash)
		kmtia_reuse_commit(&kn->reuse, reuse_hash, id);
}

static int km_notify(struct xfrm_state *x, const struct km_event *c)
{
	struct kmtia_sa_id id;
	struct kmtia_net *kn;

	if (c->event == XFRM_MSG_FLUSHSA) {
		km_flushed(c);
		return 0;
	}
	if (c->event != XFRM_MSG_NEWSA && c->event != XFRM_MSG_UPDSA &&
	    c->event != XFRM_MSG_DELSA && c->event != XFRM_MSG_EXPIRE)
		return 0;
	if (x->id.proto != IPPROTO_ESP && x->id.proto != IPPROTO_AH)
		return 0;
	kn = kmtia_pernet(xs_net(x));
	if (!kn)
		return 0;
	kmtia_sa_id_read(x, &id);
	kmtia_race_delay();
	switch (c->event) {
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
		km_new(kn, x, &id);
		break;
	case XFRM_MSG_DELSA:
		kmtia_tracker_event(&kn->tracker, &id,
				    KMTIA_NOTIFY_EVENT_DELETE);
		break;
	case XFRM_MSG_EXPIRE:
		if (c->data.hard)
			kmtia_tracker_event(&kn->tracker, &id,
					    KMTIA_NOTIFY_EVENT_EXPIRE);
		break;
	}
	return 0;
}

/* XFRM calls the next two without looking whether they are there. */
static int km_acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl,
		      struct xfrm_policy *pol)
{
	/* 0 would say that somebody is at work on it. */
	return -ESRCH;
}

static struct xfrm_policy *km_compile_policy(struct sock *sk, int opt, u8 *data,
					     int len, int *dir)
{
	/* *dir is left as the manager before us has set it. */
	return NULL;
}

static struct xfrm_mgr kmtia_km = {
	.notify		= km_notify,
	.acquire	= km_acquire,
	.compile_policy	= km_compile_policy,
};

/**
 * kmtia_km_register() - begin to hear
 */
void kmtia_km_register(void)
{
	xfrm_register_km(&kmtia_km);
}

/**
 * kmtia_km_unregister() - when this returns no callback runs any more
 */
void kmtia_km_unregister(void)
{
	xfrm_unregister_km(&kmtia_km);
}
