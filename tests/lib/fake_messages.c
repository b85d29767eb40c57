// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages of the kernel's: written by the specification, not by the library.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "fake_kernel.h"

const struct kmtia_sa fake_sa_in = {
	.family = AF_INET,
	.daddr = { 192, 0, 2, 1 },
	.saddr = { 198, 51, 100, 2 },
	.spi = 0xc0000001,
	.proto = IPPROTO_ESP,
	.mode = 1,
	.reqid = 5,
	.direction = KMTIA_DIRECTION_IN,
	.n_slots = 1,
	.slots = { { KMTIA_SLOT_ROLE_AEAD, "rfc4106(gcm(aes))", 160, 128, NULL, 0 } },
};

const struct kmtia_sa fake_sa_out = {
	.family = AF_INET,
	.daddr = { 198, 51, 100, 2 },
	.saddr = { 192, 0, 2, 1 },
	.spi = 0xd0000002,
	.proto = IPPROTO_ESP,
	.mode = 1,
	.reqid = 5,
	.direction = KMTIA_DIRECTION_OUT,
	.n_slots = 2,
	.slots = {
		{ KMTIA_SLOT_ROLE_ENCRYPTION, "cbc(aes)", 128, 0, NULL, 0 },
		{ KMTIA_SLOT_ROLE_AUTHENTICATION, "hmac(sha256)", 256, 128, NULL, 0 },
	},
};

struct nl_msg *fake_message(uint8_t cmd, uint32_t seq, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	assert_non_null(genlmsg_put(msg, 0, seq, fake.family, 0, flags, cmd, KMTIA_FAMILY_VERSION));
	return msg;
}

/* --- Answers ------------------------------------------------------------------------- */

static void put_extack(struct nl_msg *msg, const struct fake_extack *e)
{
	if (!e || (!e->text && !e->offset && !e->missing))
		return;
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK_TLVS;
	if (e->text)
		nla_put_string(msg, NLMSGERR_ATTR_MSG, e->text);
	if (e->offset)
		nla_put_u32(msg, NLMSGERR_ATTR_OFFS, e->offset);
	if (e->missing)
		nla_put_u32(msg, NLMSGERR_ATTR_MISS_TYPE, e->missing);
	if (e->nest)
		nla_put_u32(msg, NLMSGERR_ATTR_MISS_NEST, e->nest);
}

void fake_ack(const struct fake_request *r, int err, const struct fake_extack *e)
{
	bool repeat = e && e->uncapped;
	struct nl_msg *msg = nlmsg_alloc();
	struct nlmsgerr head = { .error = err, .msg = *r->nlh };

	nlmsg_put(msg, 0, r->nlh->nlmsg_seq, NLMSG_ERROR, 0, repeat ? 0 : NLM_F_CAPPED);
	nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
	if (repeat)
		nlmsg_append(msg, nlmsg_data(r->nlh), nlmsg_datalen(r->nlh), NLMSG_ALIGNTO);
	put_extack(msg, e);
	fake_push(r->fd, msg);
}

void fake_ack_ok(const struct fake_request *r)
{
	fake_ack(r, 0, NULL);
}

void fake_done(const struct fake_request *r, int err, const char *text)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct fake_extack e = { .text = text };

	nlmsg_put(msg, 0, r->nlh->nlmsg_seq, NLMSG_DONE, 0, NLM_F_MULTI);
	nlmsg_append(msg, &err, sizeof(err), NLMSG_ALIGNTO);
	put_extack(msg, &e);
	fake_push(r->fd, msg);
}

void fake_dump_empty(const struct fake_request *r)
{
	fake_done(r, 0, NULL);
}

/* --- SAs ------------------------------------------------------------------------------ */

static void put_slot(struct nl_msg *msg, const struct kmtia_slot *slot)
{
	struct nlattr *nest = nla_nest_start(msg, KMTIA_A_SA_SLOT);

	nla_put_u32(msg, KMTIA_A_SLOT_ROLE, slot->role);
	nla_put_string(msg, KMTIA_A_SLOT_ALGORITHM, slot->algorithm);
	nla_put_u32(msg, KMTIA_A_SLOT_BITS, slot->bits);
	nla_put_u32(msg, KMTIA_A_SLOT_ICV_BITS, slot->icv_bits);
	if (slot->key)
		nla_put(msg, KMTIA_A_SLOT_KEY, slot->key_len, slot->key);
	nla_nest_end(msg, nest);
}

static void put_selector(struct nl_msg *msg, const struct kmtia_selector *s)
{
	struct nlattr *nest = nla_nest_start(msg, KMTIA_A_SA_SELECTOR);
	int len = s->family == AF_INET ? 4 : 16;

	nla_put_u32(msg, KMTIA_A_SELECTOR_FAMILY, s->family);
	nla_put(msg, KMTIA_A_SELECTOR_SADDR, len, s->saddr);
	nla_put_u32(msg, KMTIA_A_SELECTOR_SADDR_LEN, s->saddr_len);
	nla_put(msg, KMTIA_A_SELECTOR_DADDR, len, s->daddr);
	nla_put_u32(msg, KMTIA_A_SELECTOR_DADDR_LEN, s->daddr_len);
	nla_put_u32(msg, KMTIA_A_SELECTOR_PROTO, s->proto);
	nla_put_u32(msg, KMTIA_A_SELECTOR_SPORT, s->sport);
	nla_put_u32(msg, KMTIA_A_SELECTOR_SPORT_MASK, s->sport_mask);
	nla_put_u32(msg, KMTIA_A_SELECTOR_DPORT, s->dport);
	nla_put_u32(msg, KMTIA_A_SELECTOR_DPORT_MASK, s->dport_mask);
	nla_nest_end(msg, nest);
}

static void put_limits(struct nl_msg *msg, const struct kmtia_sa *sa)
{
	const struct {
		int type;
		uint64_t value;
	} limits[] = {
		{ KMTIA_A_SA_SOFT_BYTE_LIMIT, sa->soft_byte_limit },
		{ KMTIA_A_SA_HARD_BYTE_LIMIT, sa->hard_byte_limit },
		{ KMTIA_A_SA_SOFT_PACKET_LIMIT, sa->soft_packet_limit },
		{ KMTIA_A_SA_HARD_PACKET_LIMIT, sa->hard_packet_limit },
		{ KMTIA_A_SA_SOFT_ADD_EXPIRES, sa->soft_add_expires },
		{ KMTIA_A_SA_HARD_ADD_EXPIRES, sa->hard_add_expires },
	};
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i].value)
			nla_put_u64(msg, limits[i].type, limits[i].value);
	}
}

static void put_tracked(struct nl_msg *msg, const struct kmtia_sa *sa)
{
	nla_put_u64(msg, KMTIA_A_SA_HANDLE, sa->handle);
	if (sa->has_rule)
		nla_put_u32(msg, KMTIA_A_SA_RULE, sa->rule);
	nla_put_u32(msg, KMTIA_A_SA_ORIGIN, sa->origin);
	if (sa->has_manager)
		nla_put(msg, KMTIA_A_SA_MANAGER, KMTIA_UUID_LEN, sa->manager);
	if (sa->key_id[0])
		nla_put_string(msg, KMTIA_A_SA_KEY_ID, sa->key_id);
	nla_put_u64(msg, KMTIA_A_SA_AGE, sa->age_ms);
	nla_put_u64(msg, KMTIA_A_SA_INTEGRITY_FAILED, sa->integrity_failed);
	nla_put_u64(msg, KMTIA_A_SA_REPLAY_FAILED, sa->replay_failed);
	nla_put_u64(msg, KMTIA_A_SA_PACKETS, sa->packets);
	nla_put_u64(msg, KMTIA_A_SA_BYTES, sa->bytes);
}

static void put_encap(struct nl_msg *msg, const struct kmtia_sa *sa)
{
	if (!sa->encap_type)
		return;
	nla_put_u32(msg, KMTIA_A_SA_ENCAP_TYPE, sa->encap_type);
	nla_put_u32(msg, KMTIA_A_SA_ENCAP_SPORT, sa->encap_sport);
	nla_put_u32(msg, KMTIA_A_SA_ENCAP_DPORT, sa->encap_dport);
}

void fake_put_sa(struct nl_msg *msg, int type, const struct kmtia_sa *sa)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int len = sa->family == AF_INET ? 4 : 16;
	size_t i;

	nla_put_u32(msg, KMTIA_A_SA_FAMILY, sa->family);
	nla_put(msg, KMTIA_A_SA_DADDR, len, sa->daddr);
	nla_put(msg, KMTIA_A_SA_SADDR, len, sa->saddr);
	nla_put_u32(msg, KMTIA_A_SA_SPI, sa->spi);
	nla_put_u32(msg, KMTIA_A_SA_PROTO, sa->proto);
	nla_put_u32(msg, KMTIA_A_SA_MARK, sa->mark);
	nla_put_u32(msg, KMTIA_A_SA_MARK_MASK, sa->mark_mask);
	nla_put_u32(msg, KMTIA_A_SA_MODE, sa->mode);
	nla_put_u32(msg, KMTIA_A_SA_REQID, sa->reqid);
	nla_put_u32(msg, KMTIA_A_SA_IF_ID, sa->if_id);
	nla_put_u32(msg, KMTIA_A_SA_DIRECTION, sa->direction);
	if (sa->esn)
		nla_put_flag(msg, KMTIA_A_SA_ESN);
	put_encap(msg, sa);
	put_limits(msg, sa);
	if (sa->selector.family)
		put_selector(msg, &sa->selector);
	for (i = 0; i < sa->n_slots; i++)
		put_slot(msg, &sa->slots[i]);
	if (sa->tracked)
		put_tracked(msg, sa);
	nla_nest_end(msg, nest);
}

struct nl_msg *fake_question(uint8_t cmd, uint64_t id, const struct kmtia_sa *sa,
			     const struct kmtia_sa *mate, bool check)
{
	struct nl_msg *msg = fake_message(cmd, 0, 0);

	nla_put_u64(msg, KMTIA_A_REQUEST_ID, id);
	if (sa)
		fake_put_sa(msg, KMTIA_A_REQUEST_SA, sa);
	if (mate)
		fake_put_sa(msg, KMTIA_A_REQUEST_MATE, mate);
	nla_put_u32(msg, KMTIA_A_REQUEST_TIMEOUT, 1000);
	if (check)
		nla_put_flag(msg, KMTIA_A_REQUEST_CHECK);
	return msg;
}

struct nl_msg *fake_notification(uint64_t seq, uint64_t prev, uint32_t event,
				 const struct kmtia_sa *sa, const struct kmtia_sa *mate)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_NOTIFY, 0, 0);

	nla_put_u64(msg, KMTIA_A_NOTIFICATION_SEQ, seq);
	nla_put_u64(msg, KMTIA_A_NOTIFICATION_PREV_SEQ, prev);
	nla_put_u32(msg, KMTIA_A_NOTIFICATION_EVENT, event);
	if (sa)
		fake_put_sa(msg, KMTIA_A_NOTIFICATION_SA, sa);
	if (mate)
		fake_put_sa(msg, KMTIA_A_NOTIFICATION_MATE, mate);
	return msg;
}
