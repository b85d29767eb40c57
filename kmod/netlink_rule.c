// SPDX-License-Identifier: GPL-2.0
/*
 * The commands about rules.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

#include <linux/in.h>
#include <linux/rculist.h>

static int rule_error(struct genl_info *info, int attr, const char *sentence)
{
	kmtia_extack_set(info->extack, info->attrs[attr], sentence);
	return -EINVAL;
}

static u32 get_u32(struct genl_info *info, int attr, u32 absent)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : absent;
}

static int parse_prefix(struct genl_info *info, int attr, int len_attr,
			u16 *family, union kmtia_addr *addr, u8 *len)
{
	const struct nlattr *nla = info->attrs[attr];
	union kmtia_addr host = {};
	u16 prefix_family;

	if (!nla) {
		if (info->attrs[len_attr])
			return rule_error(info, len_attr,
					  "a prefix length without its prefix");
		return 0;
	}
	if (nla_len(nla) != 4 && nla_len(nla) != 16)
		return rule_error(info, attr,
				  "an address has 4 or 16 bytes");
	prefix_family = nla_len(nla) == 4 ? AF_INET : AF_INET6;
	if (*family && *family != prefix_family)
		return rule_error(info, attr, "the address families differ");
	*family = prefix_family;
	*len = get_u32(info, len_attr, nla_len(nla) * 8);
	if (*len > nla_len(nla) * 8)
		return rule_error(info, len_attr, "the prefix is too long");
	memcpy(addr, nla_data(nla), nla_len(nla));
	/* Equal to zero in all bits after the prefix? */
	memcpy(&host, addr, sizeof(host));
	if (*len < nla_len(nla) * 8) {
		unsigned int byte = *len / 8;
		u8 *bytes = (u8 *)&host;

		bytes[byte] &= 0xff >> (*len % 8);
		if (memchr_inv(bytes + byte, 0, nla_len(nla) - byte))
			return rule_error(info, attr,
					  "the prefix has host bits set");
	}
	return 0;
}

static int parse_ends(struct genl_info *info, struct kmtia_rule_spec *spec)
{
	u32 family = get_u32(info, KMTIA_A_RULE_FAMILY, AF_UNSPEC);
	int err;

	if (info->attrs[KMTIA_A_RULE_FAMILY] && family != AF_INET &&
	    family != AF_INET6)
		return rule_error(info, KMTIA_A_RULE_FAMILY,
				  "family is neither AF_INET nor AF_INET6");
	spec->family = family;
	err = parse_prefix(info, KMTIA_A_RULE_LOCAL, KMTIA_A_RULE_LOCAL_LEN,
			   &spec->family, &spec->local, &spec->local_len);
	if (err)
		return err;
	err = parse_prefix(info, KMTIA_A_RULE_REMOTE, KMTIA_A_RULE_REMOTE_LEN,
			   &spec->family, &spec->remote, &spec->remote_len);
	if (err)
		return err;
	spec->has_local = info->attrs[KMTIA_A_RULE_LOCAL];
	spec->has_remote = info->attrs[KMTIA_A_RULE_REMOTE];
	return 0;
}

static int parse_selectors(struct genl_info *info, struct kmtia_rule_spec *spec)
{
	spec->proto = get_u32(info, KMTIA_A_RULE_PROTO, 0);
	if (info->attrs[KMTIA_A_RULE_PROTO] &&
	    nla_get_u32(info->attrs[KMTIA_A_RULE_PROTO]) != IPPROTO_ESP &&
	    nla_get_u32(info->attrs[KMTIA_A_RULE_PROTO]) != IPPROTO_AH)
		return rule_error(info, KMTIA_A_RULE_PROTO,
				  "proto is neither 50 (ESP) nor 51 (AH)");
	spec->direction = get_u32(info, KMTIA_A_RULE_DIRECTION,
				  KMTIA_DIRECTION_UNKNOWN);
	if (info->attrs[KMTIA_A_RULE_DIRECTION] &&
	    spec->direction == KMTIA_DIRECTION_UNKNOWN)
		return rule_error(info, KMTIA_A_RULE_DIRECTION,
				  "direction is neither in nor out");
	spec->has_reqid = info->attrs[KMTIA_A_RULE_REQID];
	spec->reqid = get_u32(info, KMTIA_A_RULE_REQID, 0);
	spec->has_if_id = info->attrs[KMTIA_A_RULE_IF_ID];
	spec->if_id = get_u32(info, KMTIA_A_RULE_IF_ID, 0);
	spec->has_mark = info->attrs[KMTIA_A_RULE_MARK];
	spec->mark = get_u32(info, KMTIA_A_RULE_MARK, 0);
	spec->mark_mask = get_u32(info, KMTIA_A_RULE_MARK_MASK, ~0U);
	if (info->attrs[KMTIA_A_RULE_MARK_MASK] && !spec->has_mark)
		return rule_error(info, KMTIA_A_RULE_MARK_MASK,
				  "mark-mask without mark");
	if (spec->has_mark && spec->mark & ~spec->mark_mask)
		return rule_error(info, KMTIA_A_RULE_MARK,
				  "mark has bits that mark-mask leaves out");
	return 0;
}

/* The selectors of a standing secret are those of a rule, under the same numbers,
 * so that they are parsed here, too.
 */
#define SAME_NUMBER(selector)					\
	static_assert((int)KMTIA_A_SECRET_##selector ==		\
		      (int)KMTIA_A_RULE_##selector)

SAME_NUMBER(FAMILY);
SAME_NUMBER(LOCAL);
SAME_NUMBER(LOCAL_LEN);
SAME_NUMBER(REMOTE);
SAME_NUMBER(REMOTE_LEN);
SAME_NUMBER(PROTO);
SAME_NUMBER(DIRECTION);
SAME_NUMBER(REQID);
SAME_NUMBER(IF_ID);
SAME_NUMBER(MARK);
SAME_NUMBER(MARK_MASK);

/**
 * kmtia_nl_parse_selectors() - which SAs?
 * @info: the command, of the attribute set rule or secret
 * @spec: what selects is filled in
 *
 * Return: 0 or %-EINVAL.
 */
int kmtia_nl_parse_selectors(struct genl_info *info,
			     struct kmtia_rule_spec *spec)
{
	int err = parse_ends(info, spec);

	return err ?: parse_selectors(info, spec);
}

static int parse_grant(struct genl_info *info, int attr, int uuid_attr,
		       enum kmtia_grant *grant, u8 *uuid)
{
	*grant = get_u32(info, attr, KMTIA_GRANT_NONE);
	if (*grant == KMTIA_GRANT_NAMED && !info->attrs[uuid_attr])
		return rule_error(info, attr,
				  "the grant names nobody: the manager's UUID is missing");
	if (*grant != KMTIA_GRANT_NAMED && info->attrs[uuid_attr])
		return rule_error(info, uuid_attr,
				  "a manager's UUID, but the grant does not name one");
	if (info->attrs[uuid_attr])
		nla_memcpy(uuid, info->attrs[uuid_attr], KMTIA_UUID_LEN);
	return 0;
}

static int parse_grants(struct genl_info *info, struct kmtia_rule_spec *spec)
{
	struct nlattr *keys = info->attrs[KMTIA_A_RULE_KEYS_MANAGER];
	int err;

	err = parse_grant(info, KMTIA_A_RULE_DICTATE,
			  KMTIA_A_RULE_DICTATE_MANAGER, &spec->dictate,
			  spec->dictate_manager);
	if (!err)
		err = parse_grant(info, KMTIA_A_RULE_NOTIFY,
				  KMTIA_A_RULE_NOTIFY_MANAGER, &spec->notify,
				  spec->notify_manager);
	if (err || !keys)
		return err;
	spec->has_keys = true;
	nla_memcpy(spec->keys_manager, keys, KMTIA_UUID_LEN);
	if (spec->notify == KMTIA_GRANT_NONE ||
	    (spec->notify == KMTIA_GRANT_NAMED &&
	     memcmp(spec->notify_manager, spec->keys_manager, KMTIA_UUID_LEN)))
		return rule_error(info, KMTIA_A_RULE_KEYS_MANAGER,
				  "keys for a manager that is not notified");
	return 0;
}

static int parse_failure(struct genl_info *info, struct kmtia_rule_spec *spec)
{
	spec->on_failure = get_u32(info, KMTIA_A_RULE_ON_FAILURE,
				   KMTIA_FAILURE_ACTION_REJECT);
	spec->timeout = get_u32(info, KMTIA_A_RULE_TIMEOUT,
				KMTIA_DEFAULT_TIMEOUT);
	if (spec->dictate != KMTIA_GRANT_NONE)
		return 0;
	if (info->attrs[KMTIA_A_RULE_ON_FAILURE])
		return rule_error(info, KMTIA_A_RULE_ON_FAILURE,
				  "on-failure where nobody dictates");
	if (info->attrs[KMTIA_A_RULE_TIMEOUT])
		return rule_error(info, KMTIA_A_RULE_TIMEOUT,
				  "timeout where nobody dictates");
	return 0;
}

static int parse_rule(struct genl_info *info, struct kmtia_rule_spec *spec)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_RULE_PRIORITY)) {
		NL_SET_ERR_MSG(info->extack, "priority is missing");
		return -EINVAL;
	}
	spec->priority = nla_get_u32(info->attrs[KMTIA_A_RULE_PRIORITY]);
	err = kmtia_nl_parse_selectors(info, spec);
	if (!err)
		err = parse_grants(info, spec);
	if (!err)
		err = parse_failure(info, spec);
	return err;
}

static struct kmtia_rule *
rule_put_in_place(struct kmtia_net *kn, const struct kmtia_rule_spec *spec,
		  struct genl_info *info, bool replace, bool *replaced)
{
	struct kmtia_rule *rule = ERR_PTR(-ENOENT);

	mutex_lock(&kn->lock);
	if (replace)
		rule = kmtia_rule_replace(&kn->rules, spec);
	*replaced = !IS_ERR(rule);
	if (PTR_ERR_OR_ZERO(rule) == -ENOENT)
		rule = kmtia_rule_add(&kn->rules, spec);
	mutex_unlock(&kn->lock);
	if (PTR_ERR_OR_ZERO(rule) == -EEXIST)
		kmtia_extack_set(info->extack,
				 info->attrs[KMTIA_A_RULE_PRIORITY],
				 "a rule of this priority exists");
	else if (PTR_ERR_OR_ZERO(rule) == -ENOSPC)
		NL_SET_ERR_MSG(info->extack, "there are too many rules");
	return rule;
}

static int rule_add(struct genl_info *info, bool replace)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct kmtia_rule not_added = {};
	struct kmtia_rule *rule;
	bool replaced = false;
	int err;

	err = parse_rule(info, &not_added.spec);
	if (err)
		return err;
	err = kmtia_hook_use(&not_added.spec, info->extack);
	if (err)
		return err;
	rule = rule_put_in_place(kn, &not_added.spec, info,
				 replace, &replaced);
	if (IS_ERR(rule)) {
		kmtia_hook_unuse(&not_added);
		return PTR_ERR(rule);
	}
	if (not_added.spec.on_failure == KMTIA_FAILURE_ACTION_KEEP)
		kmtia_extack_set(info->extack,
				 info->attrs[KMTIA_A_RULE_ON_FAILURE],
				 "on-failure keep: traffic is lost if the other end dictates where this one fails");
	kmtia_monitor_rule(kn->net,
			   replaced ? KMTIA_MONITOR_EVENT_RULE_REPLACE :
				      KMTIA_MONITOR_EVENT_RULE_ADD,
			   not_added.spec.priority);
	return 0;
}

int kmtia_nl_rule_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return rule_add(info, false);
}

int kmtia_nl_rule_replace_doit(struct sk_buff *skb, struct genl_info *info)
{
	return rule_add(info, true);
}

int kmtia_nl_rule_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	u32 priority;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_RULE_PRIORITY)) {
		NL_SET_ERR_MSG(info->extack, "priority is missing");
		return -EINVAL;
	}
	priority = nla_get_u32(info->attrs[KMTIA_A_RULE_PRIORITY]);
	mutex_lock(&kn->lock);
	err = kmtia_rule_del(&kn->rules, priority);
	mutex_unlock(&kn->lock);
	if (err)
		kmtia_extack_set(info->extack,
				 info->attrs[KMTIA_A_RULE_PRIORITY],
				 "there is no rule of this priority");
	else
		kmtia_monitor_rule(kn->net, KMTIA_MONITOR_EVENT_RULE_DEL,
				   priority);
	return err;
}

int kmtia_nl_rule_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct kmtia_rule *rule;
	u32 priority;

	/* One by one, so that each is reported. */
	for (;;) {
		mutex_lock(&kn->lock);
		rule = list_first_entry_or_null(&kn->rules.list,
						struct kmtia_rule, node);
		if (rule) {
			priority = rule->spec.priority;
			kmtia_rule_del(&kn->rules, priority);
		}
		mutex_unlock(&kn->lock);
		if (!rule)
			return 0;
		kmtia_monitor_rule(kn->net, KMTIA_MONITOR_EVENT_RULE_DEL,
				   priority);
	}
}

static int put_prefix(struct sk_buff *skb, int attr, int len_attr,
		      const union kmtia_addr *addr, u8 len, u16 family)
{
	if (nla_put(skb, attr, family == AF_INET ? 4 : 16, addr) ||
	    nla_put_u32(skb, len_attr, len))
		return -EMSGSIZE;
	return 0;
}

static int put_selectors(struct sk_buff *skb,
			 const struct kmtia_rule_spec *spec)
{
	if ((spec->family &&
	     nla_put_u32(skb, KMTIA_A_RULE_FAMILY, spec->family)) ||
	    (spec->has_local &&
	     put_prefix(skb, KMTIA_A_RULE_LOCAL, KMTIA_A_RULE_LOCAL_LEN,
			&spec->local, spec->local_len, spec->family)) ||
	    (spec->has_remote &&
	     put_prefix(skb, KMTIA_A_RULE_REMOTE, KMTIA_A_RULE_REMOTE_LEN,
			&spec->remote, spec->remote_len, spec->family)) ||
	    (spec->proto && nla_put_u32(skb, KMTIA_A_RULE_PROTO, spec->proto)) ||
	    (spec->direction &&
	     nla_put_u32(skb, KMTIA_A_RULE_DIRECTION, spec->direction)) ||
	    (spec->has_reqid &&
	     nla_put_u32(skb, KMTIA_A_RULE_REQID, spec->reqid)) ||
	    (spec->has_if_id &&
	     nla_put_u32(skb, KMTIA_A_RULE_IF_ID, spec->if_id)))
		return -EMSGSIZE;
	if (spec->has_mark &&
	    (nla_put_u32(skb, KMTIA_A_RULE_MARK, spec->mark) ||
	     nla_put_u32(skb, KMTIA_A_RULE_MARK_MASK, spec->mark_mask)))
		return -EMSGSIZE;
	return 0;
}

static int put_grants(struct sk_buff *skb, const struct kmtia_rule_spec *spec)
{
	if (nla_put_u32(skb, KMTIA_A_RULE_DICTATE, spec->dictate) ||
	    (spec->dictate == KMTIA_GRANT_NAMED &&
	     nla_put(skb, KMTIA_A_RULE_DICTATE_MANAGER, KMTIA_UUID_LEN,
		     spec->dictate_manager)) ||
	    nla_put_u32(skb, KMTIA_A_RULE_NOTIFY, spec->notify) ||
	    (spec->notify == KMTIA_GRANT_NAMED &&
	     nla_put(skb, KMTIA_A_RULE_NOTIFY_MANAGER, KMTIA_UUID_LEN,
		     spec->notify_manager)) ||
	    (spec->has_keys &&
	     nla_put(skb, KMTIA_A_RULE_KEYS_MANAGER, KMTIA_UUID_LEN,
		     spec->keys_manager)))
		return -EMSGSIZE;
	if (spec->dictate == KMTIA_GRANT_NONE)
		return 0;
	if (nla_put_u32(skb, KMTIA_A_RULE_ON_FAILURE, spec->on_failure) ||
	    nla_put_u32(skb, KMTIA_A_RULE_TIMEOUT, spec->timeout))
		return -EMSGSIZE;
	return 0;
}

static int put_rule(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct kmtia_rule *rule)
{
	const struct kmtia_rule_spec *spec = &rule->spec;
	void *hdr;

	hdr = kmtia_genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, NLM_F_MULTI,
				KMTIA_CMD_RULE_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(skb, KMTIA_A_RULE_PRIORITY, spec->priority) ||
	    put_selectors(skb, spec) || put_grants(skb, spec) ||
	    kmtia_put_u64(skb, KMTIA_A_RULE_HITS, atomic64_read(&rule->hits))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

int kmtia_nl_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(skb->sk));
	/* Next priority; one more than there are, so no u32. */
	u64 *from = (u64 *)cb->ctx;
	struct kmtia_rule *rule;

	rcu_read_lock();
	list_for_each_entry_rcu(rule, &kn->rules.list, node) {
		if (rule->spec.priority < *from)
			continue;
		if (put_rule(skb, cb, rule))
			break;
		*from = (u64)rule->spec.priority + 1;
	}
	rcu_read_unlock();
	return skb->len;
}
