// SPDX-License-Identifier: GPL-2.0-only
/*
 * SAs, as a keying module makes them.
 */
#include "kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <string.h>

#define SADDR 0x0a010001
#define DADDR 0x0a010002

static void sa_message(struct nl *nl, const struct nlmsghdr *hdr)
{
	struct sa_sock *s = nl->user;
	const struct nlattr *attr;
	const struct xfrm_algo_aead *aead;

	if (hdr->nlmsg_type != XFRM_MSG_NEWSA)
		return;
	attr = msg_find(hdr, sizeof(struct xfrm_usersa_info), XFRMA_ALG_AEAD);
	if (!attr || attr->nla_len != NLA_HDRLEN + sizeof(*aead) + KEY_BYTES)
		die("an SA has no key of %d bytes", KEY_BYTES);
	aead = (const void *)(attr + 1);
	memcpy(s->key, aead->alg_key, KEY_BYTES);
}

void sa_open(struct sa_sock *s)
{
	memset(s, 0, sizeof(*s));
	s->nl.message = sa_message;
	s->nl.user = s;
	nl_open(&s->nl, NETLINK_XFRM);
}

/* What the keying module proposes */
void sa_own_key(uint32_t spi, uint8_t key[KEY_BYTES])
{
	memset(key, 0x1e, KEY_BYTES);
	memcpy(key, &spi, sizeof(spi));
}

void sa_new_msg(struct msg *m, uint32_t spi, uint32_t reqid)
{
	struct xfrm_usersa_info info = {
		.family = AF_INET,
		.id = { .proto = IPPROTO_ESP, .spi = htonl(spi), .daddr.a4 = htonl(DADDR) },
		.saddr.a4 = htonl(SADDR),
		.mode = XFRM_MODE_TRANSPORT,
		.reqid = reqid,
		.lft = {
			.soft_byte_limit = XFRM_INF,
			.hard_byte_limit = XFRM_INF,
			.soft_packet_limit = XFRM_INF,
			.hard_packet_limit = XFRM_INF,
		},
	};
	union {
		struct xfrm_algo_aead head;
		uint8_t bytes[sizeof(struct xfrm_algo_aead) + KEY_BYTES];
	} aead = {
		.head = {
			.alg_name = "rfc4106(gcm(aes))",
			.alg_key_len = KEY_BYTES * 8,
			.alg_icv_len = 128,
		},
	};

	sa_own_key(spi, aead.bytes + sizeof(aead.head));
	msg_begin(m, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	msg_attr(m, XFRMA_ALG_AEAD, aead.bytes, sizeof(aead.bytes));
}

static void sa_id_msg(struct msg *m, uint16_t type, uint32_t spi)
{
	struct xfrm_usersa_id id = {
		.daddr.a4 = htonl(DADDR),
		.spi = htonl(spi),
		.family = AF_INET,
		.proto = IPPROTO_ESP,
	};

	msg_begin(m, type, 0, &id, sizeof(id));
}

void sa_del_msg(struct msg *m, uint32_t spi)
{
	sa_id_msg(m, XFRM_MSG_DELSA, spi);
}

void sa_flush_msg(struct msg *m)
{
	struct xfrm_usersa_flush flush = { .proto = IPPROTO_ESP };

	msg_begin(m, XFRM_MSG_FLUSHSA, 0, &flush, sizeof(flush));
}

/* Is the SA there? Then its key is in @s->key. */
bool sa_key(struct sa_sock *s, uint32_t spi)
{
	struct msg m;
	int err;

	sa_id_msg(&m, XFRM_MSG_GETSA, spi);
	err = nl_call(&s->nl, &m);
	if (err && err != ESRCH)
		die("GETSA: %s", strerror(err));
	return !err;
}
