/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A generic netlink socket inside the kernel, whose messages are built byte by
 * byte: what a program could send, and what honest ones do not.
 */
#ifndef _KMTIA_NL_CLIENT_H
#define _KMTIA_NL_CLIENT_H

#include "internal.h"

#include <kunit/test.h>
#include <net/netlink.h>

#define NL_MSG_SIZE	4096
#define NL_TEXT_SIZE	128
#define NL_NO_ACK	1	/* no errno: the kernel did not answer */

/**
 * struct nl_msg - a message in the making
 * @len: how much of @buf is used
 * @buf: the bytes
 */
struct nl_msg {
	unsigned int len;
	u8 buf[NL_MSG_SIZE] __aligned(4);
};

/**
 * struct nl_reply - what the kernel answered
 * @err: errno, or 0, or NL_NO_ACK
 * @text: its sentence, or ""
 * @offset: where the attribute is that it blames, in bytes from the message's
 *	head; 0 if it blames none
 * @missing: type of the attribute that it misses; 0 if it misses none
 * @messages: other messages that came
 * @last: the last of them, as far as it fits
 */
struct nl_reply {
	int err;
	char text[NL_TEXT_SIZE];
	u32 offset;
	u32 missing;
	unsigned int messages;
	struct nl_msg last;
};

/**
 * struct nl_client - a socket
 * @test: the test
 * @sock: the socket
 * @seq: of the last message
 * @out: room for a message
 * @reply: what came last
 */
struct nl_client {
	struct kunit *test;
	struct socket *sock;
	u32 seq;
	struct nl_msg out;
	struct nl_reply reply;
};

struct nl_client *nl_client_new(struct kunit *test);
void nl_client_end(struct nl_client *c);
unsigned int nl_client_refs(const struct nl_client *c);

struct nl_msg *nl_begin(struct nl_client *c, u8 cmd, u16 flags);
struct nlmsghdr *nl_head(struct nl_msg *msg);
unsigned int nl_put(struct nl_msg *msg, u16 type, const void *data,
		    unsigned int len);
unsigned int nl_put_u32(struct nl_msg *msg, u16 type, u32 value);
void nl_nest_end(struct nl_msg *msg, unsigned int start);

void nl_send(struct nl_client *c);
void nl_receive(struct nl_client *c);
int nl_call(struct nl_client *c);
const struct nlattr *nl_last_attr(struct nl_client *c, int type);

#endif /* _KMTIA_NL_CLIENT_H */
