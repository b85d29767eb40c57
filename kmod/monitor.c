// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor group: what administrators may want to follow. Never keys.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "netlink_gen.h"
#include "trace.h"

static struct sk_buff *monitor_begin(struct net *net,
				     enum kmtia_monitor_event event, void **hdr)
{
	struct sk_buff *skb;

	if (!kmtia_genl_has_listeners(net, KMTIA_NLGRP_MONITOR))
		return NULL;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return NULL;
	*hdr = kmtia_genlmsg_put(skb, 0, 0, 0, KMTIA_CMD_MONITOR_NTF);
	if (!*hdr || nla_put_u32(skb, KMTIA_A_MONITOR_EVENT, event)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static void monitor_end(struct net *net, struct sk_buff *skb, void *hdr,
			int err)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	kmtia_genlmsg_multicast(net, skb, KMTIA_NLGRP_MONITOR, GFP_KERNEL);
}

static int put_manager(struct sk_buff *skb, const struct kmtia_manager *manager)
{
	if (nla_put(skb, KMTIA_A_MONITOR_MANAGER, KMTIA_UUID_LEN,
		    manager->uuid))
		return -EMSGSIZE;
	if (manager->name[0] &&
	    nla_put_string(skb, KMTIA_A_MONITOR_MANAGER_NAME, manager->name))
		return -EMSGSIZE;
	return 0;
}

/**
 * kmtia_monitor_manager() - report that a manager came, went, or changed
 * @registry: where
 * @event: what
 * @manager: who
 *
 * Context: process.
 */
void kmtia_monitor_manager(struct kmtia_registry *registry,
			   enum kmtia_monitor_event event,
			   const struct kmtia_manager *manager)
{
	struct kmtia_net *kn = container_of(registry, struct kmtia_net,
					    registry);
	struct sk_buff *skb;
	void *hdr;

	trace_kmtia_manager(event, manager);
	skb = monitor_begin(kn->net, event, &hdr);
	if (skb)
		monitor_end(kn->net, skb, hdr, put_manager(skb, manager));
}

/**
 * kmtia_monitor_rule() - report that a rule came or went
 * @net: network namespace
 * @event: what
 * @priority: of the rule
 *
 * Context: process.
 */
void kmtia_monitor_rule(struct net *net, enum kmtia_monitor_event event,
			u32 priority)
{
	struct sk_buff *skb;
	void *hdr;

	skb = monitor_begin(net, event, &hdr);
	if (skb)
		monitor_end(net, skb, hdr,
			    nla_put_u32(skb, KMTIA_A_MONITOR_RULE, priority));
}

/**
 * kmtia_monitor_policy() - report that the manager policy changed
 * @net: network namespace
 * @event: what
 * @uuid: the identity that the statement is about, or NULL
 *
 * Context: process.
 */
void kmtia_monitor_policy(struct net *net, enum kmtia_monitor_event event,
			  const u8 *uuid)
{
	struct sk_buff *skb;
	void *hdr;

	skb = monitor_begin(net, event, &hdr);
	if (skb)
		monitor_end(net, skb, hdr,
			    uuid ? nla_put(skb, KMTIA_A_MONITOR_MANAGER,
					   KMTIA_UUID_LEN, uuid) : 0);
}

static int put_failure(struct sk_buff *skb, const struct kmtia_decision *d)
{
	if (!d->err)
		return 0;
	if (nla_put_u32(skb, KMTIA_A_MONITOR_ERRNO, -d->err) ||
	    nla_put_string(skb, KMTIA_A_MONITOR_TEXT, d->reason))
		return -EMSGSIZE;
	return d->status ?
	       nla_put_u32(skb, KMTIA_A_MONITOR_STATUS, d->status) : 0;
}

static int put_decision(struct sk_buff *skb, const struct kmtia_decision *d)
{
	if (kmtia_put_sa(skb, KMTIA_A_MONITOR_SA, d->sa, NULL, NULL, false) ||
	    nla_put_u32(skb, KMTIA_A_MONITOR_RULE, d->rule->spec.priority) ||
	    (d->manager && put_manager(skb, d->manager)) ||
	    (d->key_id[0] &&
	     nla_put_string(skb, KMTIA_A_MONITOR_KEY_ID, d->key_id)))
		return -EMSGSIZE;
	return put_failure(skb, d);
}

/**
 * kmtia_monitor_decision() - report what was decided about an SA
 * @net: network namespace
 * @d: the decision
 *
 * Context: process.
 */
void kmtia_monitor_decision(struct net *net, const struct kmtia_decision *d)
{
	static const enum kmtia_monitor_event events[] = {
		[KMTIA_VERDICT_DICTATED] = KMTIA_MONITOR_EVENT_DICTATED,
		[KMTIA_VERDICT_KEPT] = KMTIA_MONITOR_EVENT_KEPT,
		[KMTIA_VERDICT_REFUSED] = KMTIA_MONITOR_EVENT_FAILED,
	};
	struct sk_buff *skb;
	void *hdr;

	skb = monitor_begin(net, events[d->verdict], &hdr);
	if (skb)
		monitor_end(net, skb, hdr, put_decision(skb, d));
}

static void monitor_track(struct net *net, enum kmtia_monitor_event event,
			  const struct kmtia_track *track, const char *text)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	skb = monitor_begin(net, event, &hdr);
	if (!skb)
		return;
	err = kmtia_put_sa_id(skb, KMTIA_A_MONITOR_SA, &track->id,
			      &track->saddr) ||
	      nla_put_u32(skb, KMTIA_A_MONITOR_RULE,
			  track->rule->spec.priority) ||
	      nla_put_string(skb, KMTIA_A_MONITOR_TEXT, text);
	if (!err && memchr_inv(track->manager, 0, KMTIA_UUID_LEN))
		err = nla_put(skb, KMTIA_A_MONITOR_MANAGER, KMTIA_UUID_LEN,
			      track->manager);
	if (!err && track->key_id)
		err = nla_put_string(skb, KMTIA_A_MONITOR_KEY_ID,
				     track->key_id);
	monitor_end(net, skb, hdr, err);
}

/**
 * kmtia_monitor_alarm() - report an SA that should not be
 * @net: network namespace
 * @track: the SA
 * @text: what is wrong
 *
 * Context: process.
 */
void kmtia_monitor_alarm(struct net *net, const struct kmtia_track *track,
			 const char *text)
{
	net_warn_ratelimited("kmtia: alarm: %s SA spi 0x%08x, rule %u: %s\n",
			     kmtia_proto_name(track->id.proto),
			     be32_to_cpu(track->id.spi),
			     track->rule->spec.priority, text);
	trace_kmtia_sa(track, "alarm");
	monitor_track(net, KMTIA_MONITOR_EVENT_ALARM, track, text);
}

/* What the administrator is to look at */
static const char *mismatch_advice(const struct kmtia_track *track)
{
	if (track->origin == KMTIA_ORIGIN_NONE)
		return "this end uses the keying module's; does the other end dictate?";
	return "compare secret, key-id and derivation of both ends";
}

/**
 * kmtia_monitor_mismatch() - report an SA that has another key than at the other
 *	end
 * @net: network namespace
 * @track: the SA
 * @failed: packets that failed the integrity check
 *
 * Context: process.
 */
void kmtia_monitor_mismatch(struct net *net, const struct kmtia_track *track,
			    u32 failed)
{
	char text[KMTIA_TEXT_MAX_LEN + 1];

	snprintf(text, sizeof(text),
		 "%u packets failed the integrity check, none passed: the other end has another key",
		 failed);
	if (track->id.family == AF_INET)
		net_warn_ratelimited("kmtia: mismatch: %s SA spi 0x%08x src %pI4 dst %pI4, rule %u, key-id '%s': %s; %s\n",
				     kmtia_proto_name(track->id.proto),
				     be32_to_cpu(track->id.spi),
				     &track->saddr.a4, &track->id.daddr.a4,
				     track->rule->spec.priority,
				     track->key_id ?: "", text,
				     mismatch_advice(track));
	else
		net_warn_ratelimited("kmtia: mismatch: %s SA spi 0x%08x src %pI6c dst %pI6c, rule %u, key-id '%s': %s; %s\n",
				     kmtia_proto_name(track->id.proto),
				     be32_to_cpu(track->id.spi),
				     &track->saddr.in6, &track->id.daddr.in6,
				     track->rule->spec.priority,
				     track->key_id ?: "", text,
				     mismatch_advice(track));
	trace_kmtia_sa(track, "mismatch");
	monitor_track(net, KMTIA_MONITOR_EVENT_MISMATCH, track, text);
}
