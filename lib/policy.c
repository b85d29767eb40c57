// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The manager policy: who may register key managers without being an administrator.
 */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "internal.h"

struct listing {
	kmtia_policy_cb cb;
	void *user;
};

static int take_policy(struct kmtia *h, struct kmtia_policy *to, const struct kmtia_policy *from)
{
	int err = kmtia_take_struct(h, "struct kmtia_policy", to, sizeof(*to), from);

	if (err)
		return err;
	if (!kmtia_all_zero(to->reserved, sizeof(to->reserved)))
		return kmtia_fail(h, -EINVAL, "reserved field of the policy is not zero");
	return 0;
}

static void put_policy(struct nl_msg *msg, const struct kmtia_policy *p)
{
	if (p->has_uuid)
		nla_put(msg, KMTIA_A_POLICY_UUID, KMTIA_UUID_LEN, p->uuid);
	nla_put_u32(msg, p->is_group ? KMTIA_A_POLICY_GID : KMTIA_A_POLICY_UID, p->id);
}

static int send_policy(struct kmtia *h, const struct kmtia_policy *policy, uint8_t cmd)
{
	struct kmtia_policy p;
	struct nl_msg *msg;
	int err;

	kmtia_begin(h);
	err = take_policy(h, &p, policy);
	if (err)
		return err;
	msg = kmtia_command_new(h, cmd, NLM_F_ACK);
	if (!msg)
		return -ENOMEM;
	put_policy(msg, &p);
	if (cmd == KMTIA_CMD_MANAGER_POLICY_SET)
		nla_put_u32(msg, KMTIA_A_POLICY_FLAGS, p.flags);
	return kmtia_command_run(h, &h->command, msg, NULL, NULL);
}

KMTIA_EXPORT int kmtia_manager_policy_set(struct kmtia *h, const struct kmtia_policy *policy)
{
	return send_policy(h, policy, KMTIA_CMD_MANAGER_POLICY_SET);
}

KMTIA_EXPORT int kmtia_manager_policy_delete(struct kmtia *h, const struct kmtia_policy *policy)
{
	return send_policy(h, policy, KMTIA_CMD_MANAGER_POLICY_DEL);
}

KMTIA_EXPORT int kmtia_manager_policy_flush(struct kmtia *h)
{
	struct nl_msg *msg;

	kmtia_begin(h);
	msg = kmtia_command_new(h, KMTIA_CMD_MANAGER_POLICY_DEL, NLM_F_ACK);
	return msg ? kmtia_command_run(h, &h->command, msg, NULL, NULL) : -ENOMEM;
}

static int list_policy(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct kmtia_policy policy = { .size = sizeof(policy) };
	struct nlattr *tb[KMTIA_A_POLICY_MAX + 1];
	struct listing *listing = arg;
	bool has_id;

	if (kmtia_fields_parse(nlh, tb, KMTIA_A_POLICY_MAX))
		return kmtia_fail(h, -EBADMSG, "the kernel's manager policy is malformed");
	if (tb[KMTIA_A_POLICY_UUID] && nla_len(tb[KMTIA_A_POLICY_UUID]) == KMTIA_UUID_LEN) {
		policy.has_uuid = true;
		memcpy(policy.uuid, nla_data(tb[KMTIA_A_POLICY_UUID]), KMTIA_UUID_LEN);
	}
	policy.is_group = tb[KMTIA_A_POLICY_GID];
	has_id = kmtia_get_u32(
		tb[policy.is_group ? KMTIA_A_POLICY_GID : KMTIA_A_POLICY_UID], &policy.id);
	if (!has_id || !kmtia_get_u32(tb[KMTIA_A_POLICY_FLAGS], &policy.flags) ||
	    policy.has_uuid != !!tb[KMTIA_A_POLICY_UUID])
		return kmtia_fail(h, -EBADMSG, "the kernel's manager policy is malformed");
	return listing->cb(&policy, listing->user);
}

KMTIA_EXPORT int kmtia_manager_policies(struct kmtia *h, kmtia_policy_cb cb, void *user)
{
	struct listing listing = { .cb = cb, .user = user };

	kmtia_begin(h);
	return kmtia_command_dump(h, KMTIA_CMD_MANAGER_POLICY_GET, list_policy, &listing);
}
