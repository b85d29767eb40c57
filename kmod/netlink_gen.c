// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/kmtia.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: make regen */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/kmtia.h>

/* Common nested types */
const struct nla_policy kmtia_slot_nl_policy[KMTIA_A_SLOT_KEY + 1] = {
	[KMTIA_A_SLOT_ROLE] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_SLOT_ALGORITHM] = { .type = NLA_NUL_STRING, },
	[KMTIA_A_SLOT_BITS] = { .type = NLA_U32, },
	[KMTIA_A_SLOT_ICV_BITS] = { .type = NLA_U32, },
	[KMTIA_A_SLOT_KEY] = NLA_POLICY_MAX_LEN(KMTIA_KEY_MAX_LEN),
};

/* KMTIA_CMD_MANAGER_ADD - do */
static const struct nla_policy kmtia_manager_add_nl_policy[KMTIA_A_MANAGER_GRACE + 1] = {
	[KMTIA_A_MANAGER_UUID] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_MANAGER_NAME] = { .type = NLA_NUL_STRING, .len = KMTIA_NAME_MAX_LEN, },
	[KMTIA_A_MANAGER_DESCRIPTION] = { .type = NLA_NUL_STRING, .len = KMTIA_TEXT_MAX_LEN, },
	[KMTIA_A_MANAGER_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x7),
	[KMTIA_A_MANAGER_WEIGHT] = { .type = NLA_U32, },
	[KMTIA_A_MANAGER_TIMEOUT_HINT] = { .type = NLA_U32, },
	[KMTIA_A_MANAGER_GRACE] = { .type = NLA_U32, },
};

/* KMTIA_CMD_MANAGER_DEL - do */
static const struct nla_policy kmtia_manager_del_nl_policy[KMTIA_A_MANAGER_UUID + 1] = {
	[KMTIA_A_MANAGER_UUID] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
};

/* KMTIA_CMD_RULE_ADD - do */
static const struct nla_policy kmtia_rule_add_nl_policy[KMTIA_A_RULE_TIMEOUT + 1] = {
	[KMTIA_A_RULE_PRIORITY] = { .type = NLA_U32, },
	[KMTIA_A_RULE_FAMILY] = { .type = NLA_U32, },
	[KMTIA_A_RULE_LOCAL] = NLA_POLICY_MAX_LEN(KMTIA_ADDR_MAX_LEN),
	[KMTIA_A_RULE_LOCAL_LEN] = NLA_POLICY_MAX(NLA_U32, 128),
	[KMTIA_A_RULE_REMOTE] = NLA_POLICY_MAX_LEN(KMTIA_ADDR_MAX_LEN),
	[KMTIA_A_RULE_REMOTE_LEN] = NLA_POLICY_MAX(NLA_U32, 128),
	[KMTIA_A_RULE_PROTO] = { .type = NLA_U32, },
	[KMTIA_A_RULE_DIRECTION] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_REQID] = { .type = NLA_U32, },
	[KMTIA_A_RULE_IF_ID] = { .type = NLA_U32, },
	[KMTIA_A_RULE_MARK] = { .type = NLA_U32, },
	[KMTIA_A_RULE_MARK_MASK] = { .type = NLA_U32, },
	[KMTIA_A_RULE_DICTATE] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_DICTATE_MANAGER] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_RULE_NOTIFY] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_NOTIFY_MANAGER] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_RULE_KEYS_MANAGER] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_RULE_ON_FAILURE] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_TIMEOUT] = NLA_POLICY_RANGE(NLA_U32, 1, KMTIA_RULE_TIMEOUT_MAX),
};

/* KMTIA_CMD_RULE_DEL - do */
static const struct nla_policy kmtia_rule_del_nl_policy[KMTIA_A_RULE_PRIORITY + 1] = {
	[KMTIA_A_RULE_PRIORITY] = { .type = NLA_U32, },
};

/* KMTIA_CMD_CHECK_REPLY - do */
static const struct nla_policy kmtia_check_reply_nl_policy[KMTIA_A_REQUEST_WEIGHT + 1] = {
	[KMTIA_A_REQUEST_ID] = { .type = NLA_U64, },
	[KMTIA_A_REQUEST_WILL_DICTATE] = NLA_POLICY_MAX(NLA_U32, 1),
	[KMTIA_A_REQUEST_WEIGHT] = { .type = NLA_U32, },
};

/* KMTIA_CMD_DICTATE_REPLY - do */
static const struct nla_policy kmtia_dictate_reply_nl_policy[KMTIA_A_REQUEST_SECRET + 1] = {
	[KMTIA_A_REQUEST_ID] = { .type = NLA_U64, },
	[KMTIA_A_REQUEST_SLOT] = NLA_POLICY_NESTED(kmtia_slot_nl_policy),
	[KMTIA_A_REQUEST_STATUS] = NLA_POLICY_MIN(NLA_U32, 1),
	[KMTIA_A_REQUEST_TEXT] = { .type = NLA_NUL_STRING, .len = KMTIA_TEXT_MAX_LEN, },
	[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY] = { .type = NLA_FLAG, },
	[KMTIA_A_REQUEST_KEY_ID] = { .type = NLA_NUL_STRING, .len = KMTIA_KEY_ID_MAX_LEN, },
	[KMTIA_A_REQUEST_ORIGIN] = NLA_POLICY_MAX(NLA_U32, 3),
	[KMTIA_A_REQUEST_DERIVATION] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[KMTIA_A_REQUEST_SECRET] = { .type = NLA_BINARY, },
};

/* KMTIA_CMD_NOTIFY_GET - dump */
static const struct nla_policy kmtia_notify_get_nl_policy[KMTIA_A_NOTIFICATION_FROM_SEQ + 1] = {
	[KMTIA_A_NOTIFICATION_FROM_SEQ] = { .type = NLA_U64, },
};

/* KMTIA_CMD_SECRET_SET - do */
static const struct nla_policy kmtia_secret_set_nl_policy[KMTIA_A_SECRET_KEYING_MODULE_GEN_KEY + 1] = {
	[KMTIA_A_SECRET_NUMBER] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_FAMILY] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_LOCAL] = NLA_POLICY_MAX_LEN(KMTIA_ADDR_MAX_LEN),
	[KMTIA_A_SECRET_LOCAL_LEN] = NLA_POLICY_MAX(NLA_U32, 128),
	[KMTIA_A_SECRET_REMOTE] = NLA_POLICY_MAX_LEN(KMTIA_ADDR_MAX_LEN),
	[KMTIA_A_SECRET_REMOTE_LEN] = NLA_POLICY_MAX(NLA_U32, 128),
	[KMTIA_A_SECRET_PROTO] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_DIRECTION] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_SECRET_REQID] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_IF_ID] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_MARK] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_MARK_MASK] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_RULE] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_DERIVATION] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[KMTIA_A_SECRET_SECRET] = { .type = NLA_BINARY, },
	[KMTIA_A_SECRET_KEY_ID] = { .type = NLA_NUL_STRING, .len = KMTIA_KEY_ID_MAX_LEN, },
	[KMTIA_A_SECRET_WEIGHT] = { .type = NLA_U32, },
	[KMTIA_A_SECRET_NOT_AFTER] = { .type = NLA_U64, },
	[KMTIA_A_SECRET_ORIGIN] = NLA_POLICY_MAX(NLA_U32, 3),
	[KMTIA_A_SECRET_KEYING_MODULE_GEN_KEY] = { .type = NLA_FLAG, },
};

/* KMTIA_CMD_SECRET_DEL - do */
static const struct nla_policy kmtia_secret_del_nl_policy[KMTIA_A_SECRET_NUMBER + 1] = {
	[KMTIA_A_SECRET_NUMBER] = { .type = NLA_U32, },
};

/* KMTIA_CMD_MANAGER_POLICY_SET - do */
static const struct nla_policy kmtia_manager_policy_set_nl_policy[KMTIA_A_POLICY_FLAGS + 1] = {
	[KMTIA_A_POLICY_UUID] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_POLICY_UID] = { .type = NLA_U32, },
	[KMTIA_A_POLICY_GID] = { .type = NLA_U32, },
	[KMTIA_A_POLICY_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x7),
};

/* KMTIA_CMD_MANAGER_POLICY_DEL - do */
static const struct nla_policy kmtia_manager_policy_del_nl_policy[KMTIA_A_POLICY_GID + 1] = {
	[KMTIA_A_POLICY_UUID] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_POLICY_UID] = { .type = NLA_U32, },
	[KMTIA_A_POLICY_GID] = { .type = NLA_U32, },
};

/* KMTIA_CMD_RULE_REPLACE - do */
static const struct nla_policy kmtia_rule_replace_nl_policy[KMTIA_A_RULE_TIMEOUT + 1] = {
	[KMTIA_A_RULE_PRIORITY] = { .type = NLA_U32, },
	[KMTIA_A_RULE_FAMILY] = { .type = NLA_U32, },
	[KMTIA_A_RULE_LOCAL] = NLA_POLICY_MAX_LEN(KMTIA_ADDR_MAX_LEN),
	[KMTIA_A_RULE_LOCAL_LEN] = NLA_POLICY_MAX(NLA_U32, 128),
	[KMTIA_A_RULE_REMOTE] = NLA_POLICY_MAX_LEN(KMTIA_ADDR_MAX_LEN),
	[KMTIA_A_RULE_REMOTE_LEN] = NLA_POLICY_MAX(NLA_U32, 128),
	[KMTIA_A_RULE_PROTO] = { .type = NLA_U32, },
	[KMTIA_A_RULE_DIRECTION] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_REQID] = { .type = NLA_U32, },
	[KMTIA_A_RULE_IF_ID] = { .type = NLA_U32, },
	[KMTIA_A_RULE_MARK] = { .type = NLA_U32, },
	[KMTIA_A_RULE_MARK_MASK] = { .type = NLA_U32, },
	[KMTIA_A_RULE_DICTATE] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_DICTATE_MANAGER] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_RULE_NOTIFY] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_NOTIFY_MANAGER] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_RULE_KEYS_MANAGER] = NLA_POLICY_EXACT_LEN(KMTIA_UUID_LEN),
	[KMTIA_A_RULE_ON_FAILURE] = NLA_POLICY_MAX(NLA_U32, 2),
	[KMTIA_A_RULE_TIMEOUT] = NLA_POLICY_RANGE(NLA_U32, 1, KMTIA_RULE_TIMEOUT_MAX),
};

/* Ops table for kmtia */
static const struct genl_split_ops kmtia_nl_ops[] = {
	{
		.cmd		= KMTIA_CMD_MANAGER_ADD,
		.doit		= kmtia_nl_manager_add_doit,
		.policy		= kmtia_manager_add_nl_policy,
		.maxattr	= KMTIA_A_MANAGER_GRACE,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_MANAGER_DEL,
		.doit		= kmtia_nl_manager_del_doit,
		.policy		= kmtia_manager_del_nl_policy,
		.maxattr	= KMTIA_A_MANAGER_UUID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KMTIA_CMD_MANAGER_GET,
		.start	= kmtia_nl_admin_start,
		.dumpit	= kmtia_nl_manager_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KMTIA_CMD_RULE_ADD,
		.pre_doit	= kmtia_nl_admin_pre_doit,
		.doit		= kmtia_nl_rule_add_doit,
		.policy		= kmtia_rule_add_nl_policy,
		.maxattr	= KMTIA_A_RULE_TIMEOUT,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_RULE_DEL,
		.pre_doit	= kmtia_nl_admin_pre_doit,
		.doit		= kmtia_nl_rule_del_doit,
		.policy		= kmtia_rule_del_nl_policy,
		.maxattr	= KMTIA_A_RULE_PRIORITY,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KMTIA_CMD_RULE_GET,
		.start	= kmtia_nl_admin_start,
		.dumpit	= kmtia_nl_rule_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KMTIA_CMD_RULE_FLUSH,
		.pre_doit	= kmtia_nl_admin_pre_doit,
		.doit		= kmtia_nl_rule_flush_doit,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_CHECK_REPLY,
		.doit		= kmtia_nl_check_reply_doit,
		.policy		= kmtia_check_reply_nl_policy,
		.maxattr	= KMTIA_A_REQUEST_WEIGHT,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_DICTATE_REPLY,
		.doit		= kmtia_nl_dictate_reply_doit,
		.post_doit	= kmtia_nl_wipe_post_doit,
		.policy		= kmtia_dictate_reply_nl_policy,
		.maxattr	= KMTIA_A_REQUEST_SECRET,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_NOTIFY_GET,
		.start		= kmtia_nl_notify_get_start,
		.dumpit		= kmtia_nl_notify_get_dumpit,
		.policy		= kmtia_notify_get_nl_policy,
		.maxattr	= KMTIA_A_NOTIFICATION_FROM_SEQ,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= KMTIA_CMD_SA_GET,
		.start	= kmtia_nl_admin_start,
		.dumpit	= kmtia_nl_sa_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KMTIA_CMD_STATS_GET,
		.pre_doit	= kmtia_nl_admin_pre_doit,
		.doit		= kmtia_nl_stats_get_doit,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_SECRET_SET,
		.doit		= kmtia_nl_secret_set_doit,
		.post_doit	= kmtia_nl_wipe_secret_post_doit,
		.policy		= kmtia_secret_set_nl_policy,
		.maxattr	= KMTIA_A_SECRET_KEYING_MODULE_GEN_KEY,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_SECRET_DEL,
		.doit		= kmtia_nl_secret_del_doit,
		.policy		= kmtia_secret_del_nl_policy,
		.maxattr	= KMTIA_A_SECRET_NUMBER,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KMTIA_CMD_REQUEST_GET,
		.start	= kmtia_nl_request_get_start,
		.dumpit	= kmtia_nl_request_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KMTIA_CMD_MANAGER_POLICY_SET,
		.pre_doit	= kmtia_nl_admin_pre_doit,
		.doit		= kmtia_nl_manager_policy_set_doit,
		.policy		= kmtia_manager_policy_set_nl_policy,
		.maxattr	= KMTIA_A_POLICY_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KMTIA_CMD_MANAGER_POLICY_DEL,
		.pre_doit	= kmtia_nl_admin_pre_doit,
		.doit		= kmtia_nl_manager_policy_del_doit,
		.policy		= kmtia_manager_policy_del_nl_policy,
		.maxattr	= KMTIA_A_POLICY_GID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KMTIA_CMD_MANAGER_POLICY_GET,
		.start	= kmtia_nl_admin_start,
		.dumpit	= kmtia_nl_manager_policy_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KMTIA_CMD_RULE_REPLACE,
		.pre_doit	= kmtia_nl_admin_pre_doit,
		.doit		= kmtia_nl_rule_replace_doit,
		.policy		= kmtia_rule_replace_nl_policy,
		.maxattr	= KMTIA_A_RULE_TIMEOUT,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group kmtia_nl_mcgrps[] = {
	[KMTIA_NLGRP_MONITOR] = { "monitor", GENL_MCAST_CAP_NET_ADMIN, },
};

struct genl_family kmtia_nl_family __ro_after_init = {
	.name		= KMTIA_FAMILY_NAME,
	.version	= KMTIA_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= kmtia_nl_ops,
	.n_split_ops	= ARRAY_SIZE(kmtia_nl_ops),
	.mcgrps		= kmtia_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(kmtia_nl_mcgrps),
};
