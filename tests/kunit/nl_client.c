// SPDX-License-Identifier: GPL-2.0
/*
 * A generic netlink socket inside the kernel: see nl_client.h.
 */
#include "nl_client.h"
#include "compat/genetlink.h"

#include <linux/net.h>
#include <net/sock.h>

static void nl_option(struct nl_client *c, int option)
{
	int on = 1;

	KUNIT_ASSERT_EQ(c->test,
			c->sock->ops->setsockopt(c->sock, SOL_NETLINK, option,
						 KERNEL_SOCKPTR(&on),
						 sizeof(on)), 0);
}

/**
 * nl_client_new() - open a socket
 * @test: the test
 *
 * Return: the socket.
 */
struct nl_client *nl_client_new(struct kunit *test)
{
	struct nl_client *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->test = test;
	err = sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW,
			       NETLINK_GENERIC, &c->sock);
	KUNIT_ASSERT_EQ(test, err, 0);
	nl_option(c, NETLINK_EXT_ACK);
	nl_option(c, NETLINK_CAP_ACK);
	return c;
}

/**
 * nl_client_end() - close the socket
 * @c: the socket, or NULL
 */
void nl_client_end(struct nl_client *c)
{
	if (c && c->sock)
		sock_release(c->sock);
	if (c)
		c->sock = NULL;
}

/**
 * nl_client_refs() - how often is a socket pinned?
 * @c: the socket
 *
 * Return: the number.
 */
unsigned int nl_client_refs(const struct nl_client *c)
{
	return refcount_read(&c->sock->sk->sk_refcnt);
}

/* --- Messages ---------------------------------------------------------------- */

/**
 * nl_head() - the head of a message
 * @msg: the message
 *
 * Return: its head.
 */
struct nlmsghdr *nl_head(struct nl_msg *msg)
{
	return (struct nlmsghdr *)msg->buf;
}

/**
 * nl_begin() - begin a message to the family
 * @c: who will send it
 * @cmd: the command
 * @flags: besides NLM_F_REQUEST and NLM_F_ACK
 *
 * Return: the message.
 */
struct nl_msg *nl_begin(struct nl_client *c, u8 cmd, u16 flags)
{
	struct sk_buff *skb = nlmsg_new(GENL_HDRLEN, GFP_KERNEL);
	struct nl_msg *msg = &c->out;

	/* The family's number is known to who writes its messages. */
	KUNIT_ASSERT_NOT_NULL(c->test, skb);
	kmtia_genlmsg_put(skb, 0, ++c->seq,
			  NLM_F_REQUEST | NLM_F_ACK | flags, cmd);
	memset(msg, 0, sizeof(*msg));
	msg->len = skb->len;
	memcpy(msg->buf, skb->data, skb->len);
	nlmsg_free(skb);
	nl_head(msg)->nlmsg_len = msg->len;
	return msg;
}

/**
 * nl_put() - append an attribute
 * @msg: the message
 * @type: its type, with flags
 * @data: its payload, or NULL for none
 * @len: how long that is
 *
 * Return: where in the message the attribute begins.
 */
unsigned int nl_put(struct nl_msg *msg, u16 type, const void *data,
		    unsigned int len)
{
	unsigned int at = msg->len;
	struct nlattr *attr = (struct nlattr *)(msg->buf + at);

	if (WARN_ON(at + nla_total_size(len) > NL_MSG_SIZE))
		return 0;
	attr->nla_type = type;
	attr->nla_len = nla_attr_size(len);
	if (len)
		memcpy(nla_data(attr), data, len);
	msg->len += nla_total_size(len);
	nl_head(msg)->nlmsg_len = msg->len;
	return at;
}

/**
 * nl_put_u32() - append an attribute that is a number
 * @msg: the message
 * @type: its type
 * @value: the number
 *
 * Return: as nl_put().
 */
unsigned int nl_put_u32(struct nl_msg *msg, u16 type, u32 value)
{
	return nl_put(msg, type, &value, sizeof(value));
}

/**
 * nl_nest_end() - all that was put since is inside an attribute
 * @msg: the message
 * @start: where the attribute begins, which was put without payload
 */
void nl_nest_end(struct nl_msg *msg, unsigned int start)
{
	struct nlattr *attr = (struct nlattr *)(msg->buf + start);

	attr->nla_len = msg->len - start;
}

/* --- To the kernel and back ----------------------------------------------------- */

/**
 * nl_send() - send the message that was begun last
 * @c: who
 *
 * The kernel has done what it says when this returns.
 */
void nl_send(struct nl_client *c)
{
	/* With an address: without one the kernel asks who has opened the file,
	 * and this socket has none.
	 */
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
	};
	struct kvec vec = { .iov_base = c->out.buf, .iov_len = c->out.len };

	KUNIT_EXPECT_EQ(c->test, kernel_sendmsg(c->sock, &msg, &vec, 1,
						vec.iov_len),
			(int)vec.iov_len);
}

static void nl_ack_attrs(struct nl_reply *reply, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, nlh, sizeof(struct nlmsgerr), rem) {
		if (nla_type(attr) == NLMSGERR_ATTR_MSG)
			nla_strscpy(reply->text, attr, NL_TEXT_SIZE);
		else if (nla_type(attr) == NLMSGERR_ATTR_OFFS)
			reply->offset = nla_get_u32(attr);
		else if (nla_type(attr) == NLMSGERR_ATTR_MISS_TYPE)
			reply->missing = nla_get_u32(attr);
	}
}

static void nl_take(struct nl_reply *reply, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *ack = nlmsg_data(nlh);

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		reply->err = ack->error;
		if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
			nl_ack_attrs(reply, nlh);
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		reply->err = *(int *)ack;
	} else {
		reply->messages++;
		reply->last.len = min_t(u32, nlh->nlmsg_len, NL_MSG_SIZE);
		memcpy(reply->last.buf, nlh, reply->last.len);
	}
}

/**
 * nl_receive() - take all that the kernel has sent
 * @c: who
 *
 * Does not wait: the kernel answers before nl_send() returns, but for the rest of
 * a dump, which comes when what there is of it was taken.
 */
void nl_receive(struct nl_client *c)
{
	static u8 buf[32768] __aligned(4);
	struct nlmsghdr *nlh;
	int len;

	memset(&c->reply, 0, sizeof(c->reply));
	c->reply.err = NL_NO_ACK;
	for (;;) {
		struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
		struct msghdr msg = {};

		len = kernel_recvmsg(c->sock, &msg, &vec, 1, sizeof(buf),
				     MSG_DONTWAIT);
		if (len <= 0)
			break;
		for (nlh = (struct nlmsghdr *)buf; nlmsg_ok(nlh, len);
		     nlh = nlmsg_next(nlh, &len))
			nl_take(&c->reply, nlh);
	}
}

/**
 * nl_call() - send the message that was begun last, and take the answer
 * @c: who
 *
 * Return: nl_reply::err.
 */
int nl_call(struct nl_client *c)
{
	nl_send(c);
	nl_receive(c);
	return c->reply.err;
}

/**
 * nl_last_attr() - an attribute of the last message that was no acknowledgment
 * @c: who received it
 * @type: of the attribute
 *
 * Return: the attribute, or NULL.
 */
const struct nlattr *nl_last_attr(struct nl_client *c, int type)
{
	if (!c->reply.messages)
		return NULL;
	return nlmsg_find_attr(nl_head(&c->reply.last), GENL_HDRLEN, type);
}
