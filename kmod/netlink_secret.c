// SPDX-License-Identifier: GPL-2.0
/*
 * The commands about standing secrets: only the socket that registered the key
 * manager may use them, and nobody can read a secret back.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

#include <linux/string.h>

static int secret_error(struct genl_info *info, int attr, const char *sentence)
{
	kmtia_extack_set(info->extack, info->attrs[attr], sentence);
	return -EINVAL;
}

static u32 get_u32(struct genl_info *info, int attr, u32 absent)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : absent;
}

static int parse_bytes(struct genl_info *info, struct kmtia_secret_desc *desc)
{
	struct nlattr *secret = info->attrs[KMTIA_A_SECRET_SECRET];

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_SECRET_SECRET)) {
		NL_SET_ERR_MSG(info->extack, "secret is missing");
		return -EINVAL;
	}
	desc->secret = nla_data(secret);
	desc->len = nla_len(secret);
	if (desc->len < KMTIA_SECRET_MIN_LEN ||
	    desc->len > KMTIA_SECRET_MAX_LEN)
		return secret_error(info, KMTIA_A_SECRET_SECRET,
				    "a secret has 32 to 1024 bytes");
	desc->derivation = get_u32(info, KMTIA_A_SECRET_DERIVATION,
				   KMTIA_DERIVATION_MIX);
	if (info->attrs[KMTIA_A_SECRET_KEY_ID])
		desc->key_id = nla_data(info->attrs[KMTIA_A_SECRET_KEY_ID]);
	return 0;
}

static int parse_use(struct genl_info *info, struct kmtia_secret_desc *desc)
{
	desc->has_rule = info->attrs[KMTIA_A_SECRET_RULE];
	desc->rule = get_u32(info, KMTIA_A_SECRET_RULE, 0);
	desc->weight = get_u32(info, KMTIA_A_SECRET_WEIGHT, 1);
	desc->gen_key =
		nla_get_flag(info->attrs[KMTIA_A_SECRET_KEYING_MODULE_GEN_KEY]);
	desc->origin = get_u32(info, KMTIA_A_SECRET_ORIGIN, KMTIA_ORIGIN_LOCAL);
	if (desc->origin != KMTIA_ORIGIN_LOCAL &&
	    desc->origin != KMTIA_ORIGIN_PEER)
		return secret_error(info, KMTIA_A_SECRET_ORIGIN,
				    "origin is neither local nor peer");
	if (!info->attrs[KMTIA_A_SECRET_NOT_AFTER])
		return 0;
	desc->not_after = nla_get_u64(info->attrs[KMTIA_A_SECRET_NOT_AFTER]);
	if (desc->not_after <= ktime_get_real_seconds())
		return secret_error(info, KMTIA_A_SECRET_NOT_AFTER,
				    "not-after has passed");
	return 0;
}

static int parse_secret(struct genl_info *info, struct kmtia_secret_desc *desc,
			struct kmtia_rule_spec *match)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_SECRET_NUMBER)) {
		NL_SET_ERR_MSG(info->extack, "number is missing");
		return -EINVAL;
	}
	desc->number = nla_get_u32(info->attrs[KMTIA_A_SECRET_NUMBER]);
	err = kmtia_nl_parse_selectors(info, match);
	if (!err)
		err = parse_bytes(info, desc);
	return err ?: parse_use(info, desc);
}

/* The manager of the calling socket, with a reference */
static struct kmtia_manager *own_manager(struct sk_buff *skb,
					 struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct kmtia_manager *manager;

	manager = kmtia_upcall_find(&kn->registry, NETLINK_CB(skb).sk);
	if (!manager) {
		NL_SET_ERR_MSG(info->extack, "this socket is no key manager");
		return ERR_PTR(-EPERM);
	}
	kmtia_manager_heard(manager);
	if (!(manager->flags & KMTIA_MANAGER_FLAGS_DICTATE)) {
		NL_SET_ERR_MSG(info->extack,
			       "this key manager is not registered to dictate");
		kmtia_manager_put(manager);
		return ERR_PTR(-EINVAL);
	}
	return manager;
}

int kmtia_nl_secret_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	/* Somebody dictates: what is unknown of an SA counts for it (rule.c). */
	struct kmtia_rule_spec match = { .dictate = KMTIA_GRANT_ANY };
	struct kmtia_secret_desc desc = { .match = &match };
	struct kmtia_manager *manager;
	int err;

	manager = own_manager(skb, info);
	if (IS_ERR(manager))
		return PTR_ERR(manager);
	err = parse_secret(info, &desc, &match);
	if (!err)
		err = kmtia_secret_set(manager, &desc);
	if (err == -ENOSPC)
		NL_SET_ERR_MSG(info->extack,
			       "the key manager has too many standing secrets");
	kmtia_manager_put(manager);
	return err;
}

int kmtia_nl_secret_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *number = info->attrs[KMTIA_A_SECRET_NUMBER];
	struct kmtia_manager *manager;
	int err = 0;

	manager = own_manager(skb, info);
	if (IS_ERR(manager))
		return PTR_ERR(manager);
	if (!number)
		kmtia_secrets_wipe(manager);
	else
		err = kmtia_secret_del(manager, nla_get_u32(number));
	if (err)
		kmtia_extack_set(info->extack, number,
				 "there is no standing secret of this number");
	kmtia_manager_put(manager);
	return err;
}

/* The secret is in the message that was received, and a refused message is even
 * sent back to its sender. Neither shall hold it when we are done.
 */
void kmtia_nl_wipe_secret_post_doit(const struct genl_split_ops *ops,
				    struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		if (nla_type(attr) == KMTIA_A_SECRET_SECRET)
			memzero_explicit(nla_data(attr), nla_len(attr));
}
