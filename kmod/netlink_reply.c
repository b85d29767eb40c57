// SPDX-License-Identifier: GPL-2.0
/*
 * Answers from user space: check-reply and dictate-reply.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

#include <linux/rculist.h>
#include <linux/string.h>

/* Is the question open with another manager than the one who answers? */
static bool is_foreign(struct kmtia_registry *registry, u64 id)
{
	struct kmtia_manager *manager;
	struct kmtia_request *req = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(manager, &registry->managers, node) {
		req = kmtia_request_find(manager, id);
		if (req)
			break;
	}
	rcu_read_unlock();
	if (req)
		kmtia_request_put(req);
	return req;
}

static int not_found(struct kmtia_net *kn, struct genl_info *info,
		     struct kmtia_manager *manager, u64 id)
{
	if (is_foreign(&kn->registry, id)) {
		kmtia_extack_set(info->extack, info->attrs[KMTIA_A_REQUEST_ID],
				 "the question was asked of another socket");
		return -EPERM;
	}
	if (manager)
		kmtia_manager_count(manager, KMTIA_MANAGER_LATE);
	kmtia_extack_set(info->extack, info->attrs[KMTIA_A_REQUEST_ID],
			 "the question is not open: answered, too late, or never asked");
	return -ENOENT;
}

/* The request that is answered, with a reference, and its manager, too. */
static struct kmtia_request *reply_begin(struct sk_buff *skb,
					 struct genl_info *info,
					 struct kmtia_manager **manager)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct kmtia_request *req = NULL;
	u64 id;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_REQUEST_ID)) {
		NL_SET_ERR_MSG(info->extack, "id is missing");
		return ERR_PTR(-EINVAL);
	}
	id = nla_get_u64(info->attrs[KMTIA_A_REQUEST_ID]);
	*manager = kmtia_upcall_find(&kn->registry, NETLINK_CB(skb).sk);
	if (*manager) {
		kmtia_manager_heard(*manager);
		req = kmtia_request_find(*manager, id);
		kmtia_race_sleep();
	}
	if (req)
		return req;
	err = not_found(kn, info, *manager, id);
	kmtia_manager_put(*manager);
	return ERR_PTR(err);
}

/* @blame is the attribute that @why is about: the commands differ in which they
 * have, and info->attrs ends with the last of them.
 */
static int reply_end(struct genl_info *info, struct kmtia_manager *manager,
		     struct kmtia_request *req, int err, int blame,
		     const char *why)
{
	if (err == -ENOENT) {
		kmtia_manager_count(manager, KMTIA_MANAGER_LATE);
		blame = KMTIA_A_REQUEST_ID;
		why = "the question is not open any more";
	}
	if (err)
		kmtia_extack_set(info->extack, info->attrs[blame], why);
	kmtia_request_put(req);
	kmtia_manager_put(manager);
	return err;
}

int kmtia_nl_check_reply_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *why = "keys were asked for: the bid is made, or goes without saying";
	struct kmtia_manager *manager;
	struct kmtia_request *req;
	u32 weight = 0;
	bool will;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_REQUEST_WILL_DICTATE)) {
		NL_SET_ERR_MSG(info->extack, "will-dictate is missing");
		return -EINVAL;
	}
	will = nla_get_u32(info->attrs[KMTIA_A_REQUEST_WILL_DICTATE]);
	if (will && GENL_REQ_ATTR_CHECK(info, KMTIA_A_REQUEST_WEIGHT)) {
		NL_SET_ERR_MSG(info->extack, "weight is missing");
		return -EINVAL;
	}
	if (info->attrs[KMTIA_A_REQUEST_WEIGHT])
		weight = nla_get_u32(info->attrs[KMTIA_A_REQUEST_WEIGHT]);
	req = reply_begin(skb, info, &manager);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = kmtia_request_bid(req, will, weight);
	return reply_end(info, manager, req, err, KMTIA_A_REQUEST_WILL_DICTATE,
			 why);
}

static int parse_slot(struct kmtia_answer *answer, const struct nlattr *attr,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[KMTIA_A_SLOT_MAX + 1];
	struct kmtia_key *key;
	unsigned int i;
	int err;

	err = nla_parse_nested(tb, KMTIA_A_SLOT_MAX, attr, kmtia_slot_nl_policy,
			       extack);
	if (err)
		return err;
	if (!tb[KMTIA_A_SLOT_ROLE] || !tb[KMTIA_A_SLOT_KEY]) {
		kmtia_extack_set(extack, attr, "a slot lacks its role or key");
		return -EINVAL;
	}
	if (tb[KMTIA_A_SLOT_ALGORITHM] || tb[KMTIA_A_SLOT_BITS] ||
	    tb[KMTIA_A_SLOT_ICV_BITS]) {
		kmtia_extack_set(extack, attr,
				 "an answer's slot has role and key only");
		return -EINVAL;
	}
	if (answer->n_keys == KMTIA_MAX_SLOTS) {
		kmtia_extack_set(extack, attr, "there are too many slots");
		return -EINVAL;
	}
	key = &answer->keys[answer->n_keys];
	key->role = nla_get_u32(tb[KMTIA_A_SLOT_ROLE]);
	key->key = nla_data(tb[KMTIA_A_SLOT_KEY]);
	key->len = nla_len(tb[KMTIA_A_SLOT_KEY]);
	for (i = 0; i < answer->n_keys; i++) {
		if (answer->keys[i].role != key->role)
			continue;
		kmtia_extack_set(extack, attr, "two slots have the same role");
		return -EINVAL;
	}
	answer->n_keys++;
	return 0;
}

static int parse_origin(struct kmtia_answer *answer, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[KMTIA_A_REQUEST_ORIGIN];

	answer->origin = attr ? nla_get_u32(attr) : KMTIA_ORIGIN_LOCAL;
	if (answer->origin == KMTIA_ORIGIN_LOCAL ||
	    answer->origin == KMTIA_ORIGIN_PEER)
		return 0;
	kmtia_extack_set(info->extack, attr, "origin is neither local nor peer");
	return -EINVAL;
}

static int secret_error(struct genl_info *info, int attr, const char *sentence)
{
	kmtia_extack_set(info->extack, info->attrs[attr], sentence);
	return -EINVAL;
}

static int parse_secret(struct kmtia_answer *answer, struct genl_info *info)
{
	struct nlattr *derivation = info->attrs[KMTIA_A_REQUEST_DERIVATION];
	struct nlattr *secret = info->attrs[KMTIA_A_REQUEST_SECRET];

	if (!derivation && !secret)
		return 0;
	if (!derivation)
		return secret_error(info, KMTIA_A_REQUEST_SECRET,
				    "derivation is missing: expand or mix");
	if (!secret)
		return secret_error(info, KMTIA_A_REQUEST_DERIVATION,
				    "secret is missing");
	if (answer->n_keys)
		return secret_error(info, KMTIA_A_REQUEST_SECRET,
				    "an answer has slots or a secret, not both");
	if (nla_len(secret) < KMTIA_SECRET_MIN_LEN ||
	    nla_len(secret) > KMTIA_SECRET_MAX_LEN)
		return secret_error(info, KMTIA_A_REQUEST_SECRET,
				    "a secret has 32 to 1024 bytes");
	answer->derivation = nla_get_u32(derivation);
	answer->secret = nla_data(secret);
	answer->secret_len = nla_len(secret);
	return 0;
}

static int parse_answer(struct kmtia_answer *answer, struct genl_info *info)
{
	const struct nlattr *attr;
	int rem, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != KMTIA_A_REQUEST_SLOT)
			continue;
		err = parse_slot(answer, attr, info->extack);
		if (err)
			return err;
	}
	if (info->attrs[KMTIA_A_REQUEST_STATUS]) {
		answer->status = nla_get_u32(info->attrs[KMTIA_A_REQUEST_STATUS]);
		if (answer->n_keys || info->attrs[KMTIA_A_REQUEST_SECRET]) {
			kmtia_extack_set(info->extack,
					 info->attrs[KMTIA_A_REQUEST_STATUS],
					 "an answer has keys or a status, not both");
			return -EINVAL;
		}
	}
	err = parse_secret(answer, info);
	if (err)
		return err;
	answer->gen_key =
		nla_get_flag(info->attrs[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]);
	if (info->attrs[KMTIA_A_REQUEST_TEXT])
		answer->text = nla_data(info->attrs[KMTIA_A_REQUEST_TEXT]);
	if (info->attrs[KMTIA_A_REQUEST_KEY_ID])
		answer->key_id = nla_data(info->attrs[KMTIA_A_REQUEST_KEY_ID]);
	return parse_origin(answer, info);
}

int kmtia_nl_dictate_reply_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kmtia_answer answer = {};
	struct kmtia_manager *manager;
	struct kmtia_request *req;
	const char *why;
	int err;

	err = parse_answer(&answer, info);
	if (err)
		return err;
	req = reply_begin(skb, info, &manager);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = kmtia_request_answer(req, &answer, &why);
	return reply_end(info, manager, req, err,
			 answer.secret ? KMTIA_A_REQUEST_SECRET :
					 KMTIA_A_REQUEST_SLOT, why);
}

/* The keys are in the message that was received, and a refused message is even
 * sent back to its sender. Neither shall hold them when we are done. What the
 * netlink core refuses before it gets here we never see.
 */
void kmtia_nl_wipe_post_doit(const struct genl_split_ops *ops,
			     struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr, *key;
	int rem, rem_key;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) == KMTIA_A_REQUEST_SECRET)
			memzero_explicit(nla_data(attr), nla_len(attr));
		if (nla_type(attr) != KMTIA_A_REQUEST_SLOT)
			continue;
		nla_for_each_nested(key, attr, rem_key)
			if (nla_type(key) == KMTIA_A_SLOT_KEY)
				memzero_explicit(nla_data(key), nla_len(key));
	}
}
