// SPDX-License-Identifier: GPL-2.0
/*
 * Telling managers about SAs: the worker that sends what happened, and the
 * lists that managers and administrators fetch.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

#include <linux/rculist.h>
#include <linux/security.h>

/* --- The worker --------------------------------------------------------------- */

/* Managers that may hear of an SA of this rule (NULL: all), each pinned */
static unsigned int watchers(struct kmtia_registry *registry,
			     const struct kmtia_rule *rule,
			     struct kmtia_manager **to)
{
	struct kmtia_manager *manager;
	unsigned int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(manager, &registry->managers, node) {
		if (n == KMTIA_MAX_MANAGERS)
			break;
		if (!(manager->flags & KMTIA_MANAGER_FLAGS_NOTIFY) ||
		    (rule && !kmtia_rule_notifies(rule, manager->uuid)))
			continue;
		if (kmtia_manager_hold(manager))
			to[n++] = manager;
	}
	rcu_read_unlock();
	return n;
}

static void tell(struct kmtia_net *kn, const struct kmtia_rule *rule,
		 const struct kmtia_notification *what)
{
	struct kmtia_manager *to[KMTIA_MAX_MANAGERS];
	unsigned int i, n = watchers(&kn->registry, rule, to);

	for (i = 0; i < n; i++) {
		to[i]->ops->key_notify(to[i], what);
		kmtia_manager_put(to[i]);
	}
}

/**
 * kmtia_track_state() - the state of a tracked SA
 * @kn: where
 * @track: its entry
 * @gone: set to whether the SA is no more; else, if there is no state, another
 *	one of the same SPI hides it, which serves its mark, too
 *
 * Return: the state with a reference for the caller, or NULL.
 */
struct xfrm_state *kmtia_track_state(struct kmtia_net *kn,
				     const struct kmtia_track *track,
				     bool *gone)
{
	struct xfrm_state *x = kmtia_sa_lookup(kn->net, &track->id);
	struct kmtia_sa_id id;

	*gone = !x || x->km.state != XFRM_STATE_VALID;
	if (!x)
		return NULL;
	kmtia_sa_id_read(x, &id);
	if (!*gone && kmtia_sa_id_equal(&id, &track->id))
		return x;
	xfrm_state_put(x);
	return NULL;
}

static void tell_event(struct kmtia_net *kn, const struct kmtia_track *track,
		       enum kmtia_notify_event event, u64 seq)
{
	struct kmtia_notification what = { .seq = seq, .event = event };
	struct xfrm_state *x = NULL;
	struct kmtia_tracked tracked;
	struct kmtia_sa sa = {};
	bool gone;

	if (track->rule->spec.notify == KMTIA_GRANT_NONE)
		return;
	if (event == KMTIA_NOTIFY_EVENT_NEW ||
	    event == KMTIA_NOTIFY_EVENT_UPDATE) {
		x = kmtia_track_state(kn, track, &gone);
		/* Came and went; that it went is told next. */
		if (!x)
			return;
		kmtia_sa_read(x, &sa);
	} else {
		sa.id = track->id;
		sa.saddr = track->saddr;
	}
	kmtia_tracker_describe(&kn->tracker, track, &tracked);
	what.sa = &sa;
	what.tracked = &tracked;
	tell(kn, track->rule, &what);
	if (x)
		xfrm_state_put(x);
}

/* Which SAs a flush took XFRM does not say; one message tells of all. */
static void tell_flush(struct kmtia_net *kn, u8 proto, u64 seq)
{
	struct kmtia_notification what = {
		.seq = seq,
		.event = KMTIA_NOTIFY_EVENT_FLUSH,
		.proto = proto,
	};
	struct kmtia_track *track;
	struct xfrm_state *x;
	u64 handle = 0;
	bool gone;

	while ((track = kmtia_tracker_next(&kn->tracker, handle))) {
		handle = track->handle + 1;
		x = kmtia_track_state(kn, track, &gone);
		if (x)
			xfrm_state_put(x);
		else if (gone)
			kmtia_tracker_gone(&kn->tracker, track, false);
		kmtia_track_put(track);
		cond_resched();
	}
	tell(kn, NULL, &what);
}

/**
 * kmtia_notify_work() - tell what happened since the last time
 * @work: of the tracker
 *
 * XFRM's callbacks are atomic; here is a process that may sleep. A manager that
 * does not read delays nobody: what its socket can't take is dropped, counted,
 * and seen by it in the next number.
 */
void kmtia_notify_work(struct work_struct *work)
{
	struct kmtia_tracker *tracker = container_of(work, struct kmtia_tracker,
						     work);
	struct kmtia_net *kn = container_of(tracker, struct kmtia_net, tracker);
	struct kmtia_track_event next;

	while (kmtia_tracker_pop(tracker, &next)) {
		kmtia_race_sleep();
		if (!next.track) {
			tell_flush(kn, next.proto, next.seq);
			continue;
		}
		if (next.event == KMTIA_NOTIFY_EVENT_NEW &&
		    next.track->randomised)
			kmtia_monitor_alarm(kn->net, next.track,
					    "an SA expired while another of the same identity was added; it has a random key");
		tell_event(kn, next.track, next.event, next.seq);
		kmtia_track_put(next.track);
		cond_resched();
	}
}

/* --- Lists --------------------------------------------------------------------- */

/* What a dump of SAs remembers between its parts */
struct sa_dump {
	u64 handle;
	u64 from_seq;
	bool keys_allowed;
};

static struct sa_dump *sa_dump(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct sa_dump) > sizeof(cb->ctx));
	return (struct sa_dump *)cb->ctx;
}

static int put_mate(struct sk_buff *skb, int type,
		    const struct kmtia_tracked *tracked)
{
	if (!tracked->has_mate)
		return 0;
	return kmtia_put_sa_id(skb, type, &tracked->mate,
			       &tracked->mate_saddr);
}

static int put_listed(struct sk_buff *skb, struct netlink_callback *cb,
		      struct kmtia_net *kn, const struct kmtia_track *track,
		      const struct xfrm_state *x)
{
	struct kmtia_tracked tracked;
	struct kmtia_sa sa;
	void *hdr;

	kmtia_sa_read(x, &sa);
	kmtia_tracker_describe(&kn->tracker, track, &tracked);
	hdr = kmtia_genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, NLM_F_MULTI,
				KMTIA_CMD_SA_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (kmtia_put_sa(skb, KMTIA_A_TRACKED_SA, &sa, &tracked, x, false) ||
	    put_mate(skb, KMTIA_A_TRACKED_MATE, &tracked)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* What did not fit comes in the next part; what fits no part must not look like
 * the end.
 */
static int dump_result(const struct sk_buff *skb, int err)
{
	return skb->len ? skb->len : err;
}

int kmtia_nl_sa_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(skb->sk));
	struct sa_dump *dump = sa_dump(cb);
	struct kmtia_track *track;
	struct xfrm_state *x;
	int err = 0;
	bool gone;

	while (!err && (track = kmtia_tracker_next(&kn->tracker,
						   dump->handle))) {
		x = kmtia_track_state(kn, track, &gone);
		if (x) {
			err = put_listed(skb, cb, kn, track, x);
			xfrm_state_put(x);
		} else if (gone) {
			kmtia_tracker_gone(&kn->tracker, track, true);
		}
		if (!err)
			dump->handle = track->handle + 1;
		kmtia_track_put(track);
	}
	return dump_result(skb, err);
}

int kmtia_nl_notify_get_start(struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(cb->skb->sk));
	struct nlattr **attrs = kmtia_dump_attrs(cb);
	struct sa_dump *dump = sa_dump(cb);
	struct kmtia_manager *manager;

	manager = kmtia_upcall_find(&kn->registry, NETLINK_CB(cb->skb).sk);
	if (!manager) {
		NL_SET_ERR_MSG(cb->extack,
			       "this socket is not a registered key manager");
		return -EPERM;
	}
	kmtia_manager_heard(manager);
	kmtia_manager_put(manager);
	if (attrs && attrs[KMTIA_A_NOTIFICATION_FROM_SEQ])
		dump->from_seq =
			nla_get_u64(attrs[KMTIA_A_NOTIFICATION_FROM_SEQ]);
	/* Once, because each refusal is logged by the kernel. */
	dump->keys_allowed = !security_locked_down(LOCKDOWN_XFRM_SECRET);
	return 0;
}

static int put_replay(struct sk_buff *skb, struct netlink_callback *cb,
		      struct kmtia_net *kn, const struct kmtia_track *track,
		      const struct xfrm_state *x, bool with_keys)
{
	struct kmtia_tracked tracked;
	struct kmtia_sa sa;
	void *hdr;

	kmtia_sa_read(x, &sa);
	/* The grant is for the SA that the rule covered, with the key that it
	 * had then, and for no other.
	 */
	with_keys = with_keys &&
		    kmtia_sa_key_hash(x, &sa) == track->key_hash;
	kmtia_tracker_describe(&kn->tracker, track, &tracked);
	hdr = kmtia_genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, NLM_F_MULTI,
				KMTIA_CMD_NOTIFY_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (kmtia_put_u64(skb, KMTIA_A_NOTIFICATION_SEQ, track->seq) ||
	    nla_put_u32(skb, KMTIA_A_NOTIFICATION_EVENT,
			KMTIA_NOTIFY_EVENT_NEW) ||
	    kmtia_put_sa(skb, KMTIA_A_NOTIFICATION_SA, &sa, &tracked, x,
			 with_keys) ||
	    put_mate(skb, KMTIA_A_NOTIFICATION_MATE, &tracked)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* Is the SA one that this manager may hear of, and went live late enough? One
 * that was not told yet (no number) is.
 */
static bool replays(const struct kmtia_track *track,
		    const struct kmtia_manager *manager, u64 from_seq)
{
	return manager->flags & KMTIA_MANAGER_FLAGS_NOTIFY &&
	       kmtia_rule_notifies(track->rule, manager->uuid) &&
	       (!track->seq || track->seq > from_seq);
}

int kmtia_nl_notify_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(skb->sk));
	struct sa_dump *dump = sa_dump(cb);
	struct kmtia_manager *manager;
	struct kmtia_track *track;
	struct xfrm_state *x;
	int err = 0;
	bool gone;

	/* Again for each part: the registration may have ended meanwhile. */
	manager = kmtia_upcall_find(&kn->registry, NETLINK_CB(cb->skb).sk);
	if (!manager)
		return -EPERM;
	while (!err && (track = kmtia_tracker_next(&kn->tracker,
						   dump->handle))) {
		x = replays(track, manager, dump->from_seq) ?
		    kmtia_track_state(kn, track, &gone) : NULL;
		if (x) {
			err = put_replay(skb, cb, kn, track, x,
					 dump->keys_allowed &&
					 kmtia_rule_gives_keys(track->rule,
							       manager->uuid));
			xfrm_state_put(x);
		}
		if (!err)
			dump->handle = track->handle + 1;
		kmtia_track_put(track);
	}
	kmtia_manager_put(manager);
	return dump_result(skb, err);
}
