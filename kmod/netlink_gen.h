/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/kmtia.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: make regen */

#ifndef _LINUX_KMTIA_GEN_H
#define _LINUX_KMTIA_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/kmtia.h>

/* Common nested types */
extern const struct nla_policy kmtia_slot_nl_policy[KMTIA_A_SLOT_KEY + 1];

int kmtia_nl_admin_pre_doit(const struct genl_split_ops *ops,
			    struct sk_buff *skb, struct genl_info *info);
void
kmtia_nl_wipe_post_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
			struct genl_info *info);
void
kmtia_nl_wipe_secret_post_doit(const struct genl_split_ops *ops,
			       struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_admin_start(struct netlink_callback *cb);
int kmtia_nl_notify_get_start(struct netlink_callback *cb);
int kmtia_nl_request_get_start(struct netlink_callback *cb);

int kmtia_nl_manager_add_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_manager_del_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_manager_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int kmtia_nl_rule_add_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_rule_del_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int kmtia_nl_rule_flush_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_check_reply_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_dictate_reply_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_notify_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int kmtia_nl_sa_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int kmtia_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_secret_set_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_secret_del_doit(struct sk_buff *skb, struct genl_info *info);
int kmtia_nl_request_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int kmtia_nl_manager_policy_set_doit(struct sk_buff *skb,
				     struct genl_info *info);
int kmtia_nl_manager_policy_del_doit(struct sk_buff *skb,
				     struct genl_info *info);
int kmtia_nl_manager_policy_get_dumpit(struct sk_buff *skb,
				       struct netlink_callback *cb);
int kmtia_nl_rule_replace_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	KMTIA_NLGRP_MONITOR,
};

extern struct genl_family kmtia_nl_family;

#endif /* _LINUX_KMTIA_GEN_H */
