// SPDX-License-Identifier: GPL-2.0
/*
 * The commands about the manager policy.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

#include <linux/cred.h>
#include <linux/string.h>
#include <net/sock.h>

static int policy_error(struct genl_info *info, int attr, const char *sentence)
{
	kmtia_extack_set(info->extack, attr ? info->attrs[attr] : NULL,
			 sentence);
	return -EINVAL;
}

static int parse_who(struct genl_info *info, struct kmtia_policy_spec *spec)
{
	struct nlattr *uid = info->attrs[KMTIA_A_POLICY_UID];
	struct nlattr *gid = info->attrs[KMTIA_A_POLICY_GID];

	if (uid && gid)
		return policy_error(info, KMTIA_A_POLICY_GID,
				    "a statement is about a user or a group, not both");
	if (!uid && !gid)
		return policy_error(info, 0, "uid and gid are missing");
	spec->is_group = gid;
	if (uid) {
		spec->uid = make_kuid(current_user_ns(), nla_get_u32(uid));
		if (!uid_valid(spec->uid))
			return policy_error(info, KMTIA_A_POLICY_UID,
					    "there is no such uid here");
	} else {
		spec->gid = make_kgid(current_user_ns(), nla_get_u32(gid));
		if (!gid_valid(spec->gid))
			return policy_error(info, KMTIA_A_POLICY_GID,
					    "there is no such gid here");
	}
	return 0;
}

static int parse_uuid(struct genl_info *info, struct kmtia_policy_spec *spec)
{
	struct nlattr *uuid = info->attrs[KMTIA_A_POLICY_UUID];

	if (!uuid)
		return 0;
	spec->has_uuid = true;
	nla_memcpy(spec->uuid, uuid, KMTIA_UUID_LEN);
	if (!memchr_inv(spec->uuid, 0, KMTIA_UUID_LEN))
		return policy_error(info, KMTIA_A_POLICY_UUID,
				    "the uuid is all zero");
	return 0;
}

static int parse_policy(struct genl_info *info, struct kmtia_policy_spec *spec)
{
	int err = parse_uuid(info, spec);

	return err ?: parse_who(info, spec);
}

int kmtia_nl_manager_policy_set_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct kmtia_policy_spec spec = {};
	int err;

	err = parse_policy(info, &spec);
	if (err)
		return err;
	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_POLICY_FLAGS))
		return policy_error(info, 0, "flags are missing");
	spec.flags = nla_get_u32(info->attrs[KMTIA_A_POLICY_FLAGS]);
	if (!spec.flags)
		return policy_error(info, KMTIA_A_POLICY_FLAGS,
				    "flags are empty");
	if (spec.flags & KMTIA_MANAGER_FLAGS_EXCLUSIVE &&
	    !(spec.flags & KMTIA_MANAGER_FLAGS_DICTATE))
		return policy_error(info, KMTIA_A_POLICY_FLAGS,
				    "exclusive is for who may dictate");
	mutex_lock(&kn->lock);
	err = kmtia_policy_set(&kn->policies, &spec);
	mutex_unlock(&kn->lock);
	if (err == -ENOSPC)
		NL_SET_ERR_MSG(info->extack, "there are too many statements");
	if (!err)
		kmtia_monitor_policy(kn->net, KMTIA_MONITOR_EVENT_POLICY_SET,
				     spec.has_uuid ? spec.uuid : NULL);
	return err;
}

int kmtia_nl_manager_policy_del_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	bool all = !info->attrs[KMTIA_A_POLICY_UUID] &&
		   !info->attrs[KMTIA_A_POLICY_UID] &&
		   !info->attrs[KMTIA_A_POLICY_GID];
	struct kmtia_policy_spec spec = {};
	int err = all ? 0 : parse_policy(info, &spec);

	if (err)
		return err;
	mutex_lock(&kn->lock);
	if (all)
		kmtia_policies_flush(&kn->policies);
	else
		err = kmtia_policy_del(&kn->policies, &spec);
	mutex_unlock(&kn->lock);
	if (err)
		NL_SET_ERR_MSG(info->extack, "there is no such statement");
	else
		kmtia_monitor_policy(kn->net, KMTIA_MONITOR_EVENT_POLICY_DEL,
				     spec.has_uuid ? spec.uuid : NULL);
	return err;
}

static int put_policy(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct kmtia_policy_spec *spec)
{
	struct user_namespace *ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	void *hdr;

	hdr = kmtia_genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, NLM_F_MULTI,
				KMTIA_CMD_MANAGER_POLICY_GET);
	if (!hdr)
		return -EMSGSIZE;
	if ((spec->has_uuid &&
	     nla_put(skb, KMTIA_A_POLICY_UUID, KMTIA_UUID_LEN, spec->uuid)) ||
	    (spec->is_group ?
	     nla_put_u32(skb, KMTIA_A_POLICY_GID,
			 from_kgid_munged(ns, spec->gid)) :
	     nla_put_u32(skb, KMTIA_A_POLICY_UID,
			 from_kuid_munged(ns, spec->uid))) ||
	    nla_put_u32(skb, KMTIA_A_POLICY_FLAGS, spec->flags)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

int kmtia_nl_manager_policy_get_dumpit(struct sk_buff *skb,
				       struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(skb->sk));
	const struct kmtia_policy *policy;
	long n = 0;

	mutex_lock(&kn->lock);
	list_for_each_entry(policy, &kn->policies.list, node) {
		if (n++ < cb->args[0])
			continue;
		if (put_policy(skb, cb, &policy->spec))
			break;
		cb->args[0] = n;
	}
	mutex_unlock(&kn->lock);
	return skb->len;
}
