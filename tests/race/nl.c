// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: see nl.h. The kernel handles a message before send() returns; its answer
 * waits in the socket until somebody reads it.
 */
#include "nl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds; what takes longer hangs */

static atomic_uint last_seq;

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("Bail out! ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	_exit(1);
}

/* --- Messages ----------------------------------------------------------------- */

static void *msg_room(struct msg *m, size_t len)
{
	size_t at = NLMSG_ALIGN(m->hdr.nlmsg_len);

	if (at + NLMSG_ALIGN(len) > sizeof(m->bytes))
		die("a message is too long");
	m->hdr.nlmsg_len = (uint32_t)(at + len);
	return m->bytes + at;
}

void msg_begin(struct msg *m, uint16_t type, uint16_t flags, const void *head, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->hdr.nlmsg_len = NLMSG_HDRLEN;
	m->hdr.nlmsg_type = type;
	m->hdr.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	memcpy(msg_room(m, len), head, len);
}

void msg_attr(struct msg *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = msg_room(m, NLA_HDRLEN + len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len)
		memcpy((uint8_t *)attr + NLA_HDRLEN, data, len);
}

void msg_u32(struct msg *m, uint16_t type, uint32_t value)
{
	msg_attr(m, type, &value, sizeof(value));
}

size_t msg_nest(struct msg *m, uint16_t type)
{
	size_t at = NLMSG_ALIGN(m->hdr.nlmsg_len);

	msg_attr(m, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void msg_nest_end(struct msg *m, size_t nest)
{
	struct nlattr *attr = (struct nlattr *)(m->bytes + nest);

	attr->nla_len = (uint16_t)(m->hdr.nlmsg_len - nest);
}

/* The first attribute of that type after @head bytes, or NULL */
const struct nlattr *msg_find(const struct nlmsghdr *hdr, size_t head, uint16_t type)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(head);
	const struct nlattr *attr;

	while (at + NLA_HDRLEN <= hdr->nlmsg_len) {
		attr = (const struct nlattr *)((const uint8_t *)hdr + at);
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		at += NLA_ALIGN(attr->nla_len);
	}
	return NULL;
}

/* --- Sockets ------------------------------------------------------------------ */

/* In the thread's network namespace */
void nl_open(struct nl *nl, int protocol)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = PATIENCE };

	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0 || bind(nl->fd, (struct sockaddr *)&any, sizeof(any)) ||
	    setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		die("socket: %s", strerror(errno));
}

void nl_close(struct nl *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

/* Returns 0, or an errno if the message was not sent. */
int nl_send(struct nl *nl, struct msg *m, uint32_t *seq)
{
	m->hdr.nlmsg_seq = atomic_fetch_add(&last_seq, 1) + 1;
	*seq = m->hdr.nlmsg_seq;
	return send(nl->fd, m->bytes, m->hdr.nlmsg_len, 0) < 0 ? errno : 0;
}

static void nl_take(struct nl *nl, const struct nlmsghdr *hdr)
{
	const struct nlmsgerr *err = (const void *)((const uint8_t *)hdr + NLMSG_HDRLEN);

	if (hdr->nlmsg_type == NLMSG_ERROR) {
		nl->acks[hdr->nlmsg_seq % NL_ACKS].seq = hdr->nlmsg_seq;
		nl->acks[hdr->nlmsg_seq % NL_ACKS].err = -err->error;
	} else if (nl->message) {
		nl->message(nl, hdr);
	}
}

/* Returns false if there was nothing to read. */
static int nl_read_flags(struct nl *nl, int flags)
{
	union {
		struct nlmsghdr hdr;
		uint8_t bytes[8192];
	} buf;
	ssize_t got, at = 0;

	got = recv(nl->fd, buf.bytes, sizeof(buf.bytes), flags);
	if (got < 0 && errno == EAGAIN && flags & MSG_DONTWAIT)
		return 0;
	if (got < 0)
		die("recv: %s", strerror(errno));
	while (got - at >= NLMSG_HDRLEN) {
		const struct nlmsghdr *hdr = (const void *)(buf.bytes + at);

		nl_take(nl, hdr);
		at += NLMSG_ALIGN(hdr->nlmsg_len);
	}
	return 1;
}

/* Waits for something to read */
void nl_read(struct nl *nl)
{
	nl_read_flags(nl, 0);
}

void nl_drain(struct nl *nl)
{
	while (nl->fd >= 0 && nl_read_flags(nl, MSG_DONTWAIT))
		;
}

/* The kernel's answer to a message: 0 or an errno */
int nl_wait(struct nl *nl, uint32_t seq)
{
	while (nl->acks[seq % NL_ACKS].seq != seq)
		nl_read(nl);
	return nl->acks[seq % NL_ACKS].err;
}

int nl_call(struct nl *nl, struct msg *m)
{
	uint32_t seq;
	int err = nl_send(nl, m, &seq);

	return err ? err : nl_wait(nl, seq);
}
