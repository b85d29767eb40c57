// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: who may use it, and the commands about managers
 * and counters.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

#include <linux/capability.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>
#include <linux/rculist.h>

/**
 * kmtia_nl_admin() - may the sender of a message administer the namespace?
 * @skb: the message
 * @net: the namespace
 *
 * The root of a user namespace is an administrator only if the module's
 * parameter says so: dictation decides about the host's keys.
 *
 * Return: true if it may.
 */
bool kmtia_nl_admin(struct sk_buff *skb, struct net *net)
{
	if (kmtia_userns)
		return netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN);
	return netlink_capable(skb, CAP_NET_ADMIN);
}

int kmtia_nl_admin_pre_doit(const struct genl_split_ops *ops,
			    struct sk_buff *skb, struct genl_info *info)
{
	if (kmtia_nl_admin(skb, genl_info_net(info)))
		return 0;
	NL_SET_ERR_MSG(info->extack,
		       "needs CAP_NET_ADMIN in the initial user namespace");
	return -EPERM;
}

int kmtia_nl_admin_start(struct netlink_callback *cb)
{
	if (kmtia_nl_admin(cb->skb, sock_net(cb->skb->sk)))
		return 0;
	NL_SET_ERR_MSG(cb->extack,
		       "needs CAP_NET_ADMIN in the initial user namespace");
	return -EPERM;
}

/* Also if its socket is closed at this moment: then its grace is ended. */
static bool end_manager(struct kmtia_registry *registry,
			struct kmtia_manager *manager, const u8 *uuid)
{
	if (manager && kmtia_manager_end(manager, false))
		return true;
	return !kmtia_orphan_end(registry, uuid);
}

int kmtia_nl_manager_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct kmtia_manager *manager, *own;
	const u8 *uuid;
	int err = 0;

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_MANAGER_UUID)) {
		NL_SET_ERR_MSG(info->extack, "uuid is missing");
		return -EINVAL;
	}
	uuid = nla_data(info->attrs[KMTIA_A_MANAGER_UUID]);
	own = kmtia_upcall_find(&kn->registry, NETLINK_CB(skb).sk);
	manager = kmtia_manager_find(&kn->registry, uuid);
	if ((!manager || manager != own) && !kmtia_nl_admin(skb, kn->net)) {
		NL_SET_ERR_MSG(info->extack,
			       "only its own socket and an administrator may unregister a key manager");
		err = -EPERM;
	} else if (!end_manager(&kn->registry, manager, uuid)) {
		kmtia_extack_set(info->extack,
				 info->attrs[KMTIA_A_MANAGER_UUID],
				 "no key manager of this uuid is registered");
		err = -ENOENT;
	}
	/* Who ends his own registration is no administrator's business. */
	if (!err && manager && manager != own)
		kmtia_audit_manager_del(manager);
	kmtia_manager_put(manager);
	kmtia_manager_put(own);
	return err;
}

static int put_manager_counters(struct sk_buff *skb,
				const struct kmtia_manager *manager)
{
	static const u16 attrs[] = {
		[KMTIA_MANAGER_QUESTIONS] = KMTIA_A_MANAGER_QUESTIONS,
		[KMTIA_MANAGER_ANSWERS] = KMTIA_A_MANAGER_ANSWERS,
		[KMTIA_MANAGER_REFUSALS] = KMTIA_A_MANAGER_REFUSALS,
		[KMTIA_MANAGER_UNUSABLE] = KMTIA_A_MANAGER_UNUSABLE,
		[KMTIA_MANAGER_MISSES] = KMTIA_A_MANAGER_MISSES,
		[KMTIA_MANAGER_LATE] = KMTIA_A_MANAGER_LATE,
		[KMTIA_MANAGER_NOTIFICATIONS] = KMTIA_A_MANAGER_NOTIFICATIONS,
		[KMTIA_MANAGER_DROPPED] = KMTIA_A_MANAGER_DROPPED,
		[KMTIA_MANAGER_STANDING] = KMTIA_A_MANAGER_STANDING,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(attrs); i++)
		if (kmtia_put_u64(skb, attrs[i],
				  atomic64_read(&manager->counters[i])))
			return -EMSGSIZE;
	return 0;
}

static int put_standing(struct sk_buff *skb,
			const struct kmtia_manager *manager)
{
	u64 now = ktime_get_boottime_ns();
	u32 left = 0;

	if (nla_put_u32(skb, KMTIA_A_MANAGER_SECRETS,
			READ_ONCE(manager->n_secrets)) ||
	    (manager->grace &&
	     nla_put_u32(skb, KMTIA_A_MANAGER_GRACE, manager->grace)))
		return -EMSGSIZE;
	if (!manager->orphan)
		return 0;
	if (now < manager->grace_ends)
		left = div_u64(manager->grace_ends - now, NSEC_PER_MSEC);
	return nla_put_u32(skb, KMTIA_A_MANAGER_GRACE_LEFT, left);
}

static int put_manager(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct kmtia_manager *manager)
{
	void *hdr;

	hdr = kmtia_genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, NLM_F_MULTI,
				KMTIA_CMD_MANAGER_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put(skb, KMTIA_A_MANAGER_UUID, KMTIA_UUID_LEN, manager->uuid) ||
	    (manager->name[0] &&
	     nla_put_string(skb, KMTIA_A_MANAGER_NAME, manager->name)) ||
	    (manager->description[0] &&
	     nla_put_string(skb, KMTIA_A_MANAGER_DESCRIPTION,
			    manager->description)) ||
	    nla_put_u32(skb, KMTIA_A_MANAGER_FLAGS, manager->flags) ||
	    (manager->has_weight &&
	     nla_put_u32(skb, KMTIA_A_MANAGER_WEIGHT, manager->weight)) ||
	    nla_put_u32(skb, KMTIA_A_MANAGER_TIMEOUT_HINT,
			manager->timeout_hint) ||
	    nla_put_u32(skb, KMTIA_A_MANAGER_PID, kmtia_upcall_pid(manager)) ||
	    nla_put_u32(skb, KMTIA_A_MANAGER_UID, kmtia_upcall_uid(manager)) ||
	    (kmtia_manager_stalled(manager) &&
	     nla_put_flag(skb, KMTIA_A_MANAGER_STALLED)) ||
	    put_manager_counters(skb, manager) || put_standing(skb, manager) ||
	    kmtia_put_times(skb, KMTIA_A_MANAGER_ANSWER_TIME,
			    &manager->times)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* Puts one manager of the dump, unless it was in an earlier part of it. */
static int dump_manager(struct sk_buff *skb, struct netlink_callback *cb,
			struct kmtia_manager *manager, long *n)
{
	int err = 0;

	if ((*n)++ < cb->args[0])
		return 0;
	/* Pinned, for what belongs to its process. */
	if (kmtia_manager_hold(manager)) {
		err = put_manager(skb, cb, manager);
		kmtia_manager_put(manager);
	}
	if (!err)
		cb->args[0] = *n;
	return err;
}

int kmtia_nl_manager_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(skb->sk));
	struct kmtia_manager *manager;
	long n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(manager, &kn->registry.managers, node)
		if (dump_manager(skb, cb, manager, &n))
			goto out;
	list_for_each_entry_rcu(manager, &kn->registry.orphans, node)
		if (dump_manager(skb, cb, manager, &n))
			goto out;
out:
	rcu_read_unlock();
	return skb->len;
}

static int put_gauges(struct sk_buff *skb, struct kmtia_net *kn)
{
	if (nla_put_u32(skb, KMTIA_A_STATS_RULES, READ_ONCE(kn->rules.count)) ||
	    nla_put_u32(skb, KMTIA_A_STATS_MANAGERS,
			READ_ONCE(kn->registry.count)) ||
	    nla_put_u32(skb, KMTIA_A_STATS_LIVE, READ_ONCE(kn->tracker.live)) ||
	    nla_put_u32(skb, KMTIA_A_STATS_REMEMBERED,
			READ_ONCE(kn->tracker.remembered)) ||
	    nla_put_u32(skb, KMTIA_A_STATS_REUSE, READ_ONCE(kn->reuse.count)) ||
	    nla_put_u32(skb, KMTIA_A_STATS_REUSE_MAX, KMTIA_REUSE_MAX) ||
	    nla_put_u32(skb, KMTIA_A_STATS_PENDING, atomic_read(&kn->pending)) ||
	    nla_put_u32(skb, KMTIA_A_STATS_HOOKED, kmtia_hook_types()))
		return -EMSGSIZE;
	return 0;
}

static int put_counters(struct sk_buff *skb, struct kmtia_net *kn)
{
	static const u16 attrs[] = {
		[KMTIA_STAT_UNMATCHED] = KMTIA_A_STATS_UNMATCHED,
		[KMTIA_STAT_MATCHED] = KMTIA_A_STATS_MATCHED,
		[KMTIA_STAT_QUESTIONS] = KMTIA_A_STATS_QUESTIONS,
		[KMTIA_STAT_DICTATED] = KMTIA_A_STATS_DICTATED,
		[KMTIA_STAT_KEPT] = KMTIA_A_STATS_KEPT,
		[KMTIA_STAT_OWN] = KMTIA_A_STATS_OWN,
		[KMTIA_STAT_READDED] = KMTIA_A_STATS_READDED,
		[KMTIA_STAT_EXISTING] = KMTIA_A_STATS_EXISTING,
		[KMTIA_STAT_REFUSED] = KMTIA_A_STATS_REFUSED,
		[KMTIA_STAT_FAIL_NO_MANAGER] = KMTIA_A_STATS_FAIL_NO_MANAGER,
		[KMTIA_STAT_FAIL_BUSY] = KMTIA_A_STATS_FAIL_BUSY,
		[KMTIA_STAT_FAIL_TIMEOUT] = KMTIA_A_STATS_FAIL_TIMEOUT,
		[KMTIA_STAT_FAIL_DIED] = KMTIA_A_STATS_FAIL_DIED,
		[KMTIA_STAT_FAIL_CANNOT] = KMTIA_A_STATS_FAIL_CANNOT,
		[KMTIA_STAT_FAIL_UNUSABLE] = KMTIA_A_STATS_FAIL_UNUSABLE,
		[KMTIA_STAT_FAIL_OTHER] = KMTIA_A_STATS_FAIL_OTHER,
		[KMTIA_STAT_STANDING] = KMTIA_A_STATS_STANDING,
		[KMTIA_STAT_MISMATCHED] = KMTIA_A_STATS_MISMATCHED,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(attrs); i++)
		if (kmtia_put_u64(skb, attrs[i], atomic64_read(&kn->stats[i])))
			return -EMSGSIZE;
	return 0;
}

int kmtia_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = kmtia_genlmsg_put(msg, info->snd_portid, info->snd_seq, 0,
				KMTIA_CMD_STATS_GET);
	if (!hdr || put_gauges(msg, kn) || put_counters(msg, kn) ||
	    kmtia_put_times(msg, KMTIA_A_STATS_ANSWER_TIME,
			    &kn->registry.times)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}
