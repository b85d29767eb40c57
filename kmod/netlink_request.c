// SPDX-License-Identifier: GPL-2.0
/*
 * Questions as messages: what a question says, and the list of the open ones for
 * a manager that lost some.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

/**
 * kmtia_put_question() - put a question into a message
 * @skb: the message
 * @req: the question; its descriptions are valid
 *
 * Return: 0 or %-EMSGSIZE.
 */
int kmtia_put_question(struct sk_buff *skb, const struct kmtia_request *req)
{
	const struct kmtia_sa *mate = kmtia_request_mate(req);

	if (kmtia_put_u64(skb, KMTIA_A_REQUEST_ID, kmtia_request_id(req)) ||
	    kmtia_put_sa(skb, KMTIA_A_REQUEST_SA, kmtia_request_sa(req), NULL,
			 NULL, false) ||
	    (mate && kmtia_put_sa(skb, KMTIA_A_REQUEST_MATE, mate, NULL, NULL,
				  false)) ||
	    nla_put_u32(skb, KMTIA_A_REQUEST_TIMEOUT,
			kmtia_request_time_left(req)))
		return -EMSGSIZE;
	return 0;
}

/**
 * kmtia_question_room() - how much of a message a question needs
 * @req: the question; its descriptions are valid
 *
 * Return: bytes for kmtia_put_question() and a flag, or some more.
 */
unsigned int kmtia_question_room(const struct kmtia_request *req)
{
	const struct kmtia_sa *mate = kmtia_request_mate(req);

	return nla_total_size(8) + nla_total_size(4) + nla_total_size(0) +
	       kmtia_sa_room(kmtia_request_sa(req)) +
	       (mate ? kmtia_sa_room(mate) : 0);
}

static int put_open(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct kmtia_request *req)
{
	void *hdr;

	hdr = kmtia_genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, NLM_F_MULTI,
				KMTIA_CMD_REQUEST_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (kmtia_put_question(skb, req) ||
	    (req->check && nla_put_flag(skb, KMTIA_A_REQUEST_CHECK)) ||
	    (req->keys && nla_put_flag(skb, KMTIA_A_REQUEST_KEYS))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

int kmtia_nl_request_get_start(struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(cb->skb->sk));
	struct kmtia_manager *manager;

	manager = kmtia_upcall_find(&kn->registry, NETLINK_CB(cb->skb).sk);
	if (!manager) {
		NL_SET_ERR_MSG(cb->extack,
			       "this socket is not a registered key manager");
		return -EPERM;
	}
	kmtia_manager_heard(manager);
	kmtia_manager_put(manager);
	return 0;
}

int kmtia_nl_request_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct kmtia_net *kn = kmtia_pernet(sock_net(skb->sk));
	struct kmtia_manager *manager;
	struct kmtia_request *req;
	u64 *last = (u64 *)cb->ctx;
	int err = 0;

	/* Again for each part: the registration may have ended meanwhile. */
	manager = kmtia_upcall_find(&kn->registry, NETLINK_CB(cb->skb).sk);
	if (!manager)
		return -EPERM;
	while (!err && (req = kmtia_request_next(manager, *last))) {
		/* The descriptions are the creator's, who lets go of them only
		 * after the request was closed.
		 */
		spin_lock_bh(&req->lock);
		if (req->state == KMTIA_REQUEST_OPEN)
			err = put_open(skb, cb, req);
		spin_unlock_bh(&req->lock);
		if (!err)
			*last = req->id;
		kmtia_request_put(req);
	}
	kmtia_manager_put(manager);
	return skb->len ? skb->len : err;
}
