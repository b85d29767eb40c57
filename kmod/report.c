// SPDX-License-Identifier: GPL-2.0
/*
 * Who is told what became of an SA: counters, log, the creator, monitor group,
 * audit and tracepoint. Never a key.
 */
#include "internal.h"
#include "compat/xfrm.h"
#include "trace.h"

#include <linux/net.h>
#include <linux/socket.h>

static void count_refusal(struct kmtia_net *kn, int err)
{
	kmtia_count(kn, KMTIA_STAT_REFUSED);
	switch (err) {
	case -ENOKEY:
		kmtia_count(kn, KMTIA_STAT_FAIL_NO_MANAGER);
		break;
	case -ENOBUFS:
		kmtia_count(kn, KMTIA_STAT_FAIL_BUSY);
		break;
	case -ETIMEDOUT:
		kmtia_count(kn, KMTIA_STAT_FAIL_TIMEOUT);
		break;
	case -EKEYREVOKED:
		kmtia_count(kn, KMTIA_STAT_FAIL_DIED);
		break;
	case -EKEYREJECTED:
		break;	/* two reasons; told apart by the caller */
	default:
		kmtia_count(kn, KMTIA_STAT_FAIL_OTHER);
	}
}

/* What a keying module is told where the kernel can't carry our own words */
static const char *refusal_sentence(int err)
{
	switch (err) {
	case -ENOKEY:
		return "kmtia: no key manager dictates a key for this SA";
	case -ENOBUFS:
		return "kmtia: the key manager does not read its questions";
	case -ETIMEDOUT:
		return "kmtia: the key manager did not answer in time";
	case -EKEYREVOKED:
		return "kmtia: the key manager went away";
	case -EKEYREJECTED:
		return "kmtia: the key manager has no usable key";
	case -EINTR:
		return "kmtia: killed while waiting for a key";
	case -ECANCELED:
		return "kmtia: the SA was flushed, or the module unloaded";
	default:
		return "kmtia: no memory";
	}
}

static void log_refusal(const struct kmtia_sa *sa, u32 rule, const char *reason,
			int err)
{
	if (sa->id.family == AF_INET)
		net_warn_ratelimited("kmtia: refused %s SA spi 0x%08x src %pI4 dst %pI4: rule %u: %s (error %d)\n",
				     kmtia_proto_name(sa->id.proto),
				     be32_to_cpu(sa->id.spi), &sa->saddr.a4,
				     &sa->id.daddr.a4, rule, reason, -err);
	else
		net_warn_ratelimited("kmtia: refused %s SA spi 0x%08x src %pI6c dst %pI6c: rule %u: %s (error %d)\n",
				     kmtia_proto_name(sa->id.proto),
				     be32_to_cpu(sa->id.spi), &sa->saddr.in6,
				     &sa->id.daddr.in6, rule, reason, -err);
}

/**
 * kmtia_report_decision() - say what was decided to all who should hear it
 * @kn: where
 * @d: the decision
 * @extack: for the creator, where the SA is refused
 *
 * Counters, log, monitor group, audit and tracepoint. Never a key.
 *
 * Context: process.
 */
void kmtia_report_decision(struct kmtia_net *kn, const struct kmtia_decision *d,
			   struct netlink_ext_ack *extack)
{
	u32 priority = d->rule->spec.priority;

	switch (d->verdict) {
	case KMTIA_VERDICT_DICTATED:
		kmtia_count(kn, KMTIA_STAT_DICTATED);
		if (d->standing)
			kmtia_count(kn, KMTIA_STAT_STANDING);
		break;
	case KMTIA_VERDICT_KEPT:
		kmtia_count(kn, KMTIA_STAT_KEPT);
		break;
	case KMTIA_VERDICT_REFUSED:
		count_refusal(kn, d->err);
		if (d->err == -EKEYREJECTED)
			kmtia_count(kn, d->status ?
					KMTIA_STAT_FAIL_CANNOT :
					KMTIA_STAT_FAIL_UNUSABLE);
		log_refusal(d->sa, priority, d->reason, d->err);
		kmtia_extack(extack, refusal_sentence(d->err),
			     "kmtia: rule %u: %.55s", priority, d->reason);
		break;
	}
	kmtia_monitor_decision(kn->net, d);
	kmtia_audit_decision(d);
	trace_kmtia_decision(d);
}

/**
 * kmtia_report_no_memory() - there is not even memory to decide
 * @kn: where
 * @sa: the SA, which is refused
 * @rule: the rule that covers it
 * @extack: for the creator
 *
 * Said to all who need no memory to hear it.
 */
void kmtia_report_no_memory(struct kmtia_net *kn, const struct kmtia_sa *sa,
			    const struct kmtia_rule *rule,
			    struct netlink_ext_ack *extack)
{
	count_refusal(kn, -ENOMEM);
	log_refusal(sa, rule->spec.priority, "no memory", -ENOMEM);
	kmtia_extack_set(extack, NULL, refusal_sentence(-ENOMEM));
}
