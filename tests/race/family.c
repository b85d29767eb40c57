// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the family kmtia that the race test needs.
 */
#include "kernel.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

static uint16_t family;

static uint64_t attr_value(const struct nlattr *attr, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, attr + 1, size);
	return value;
}

static void command_begin(struct msg *m, uint8_t cmd)
{
	struct genlmsghdr head = { .cmd = cmd, .version = KMTIA_FAMILY_VERSION };

	msg_begin(m, family, 0, &head, sizeof(head));
}

static void family_message(struct nl *nl, const struct nlmsghdr *hdr)
{
	const struct nlattr *id = msg_find(hdr, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);

	(void)nl;
	if (id)
		family = (uint16_t)attr_value(id, sizeof(uint16_t));
}

/* It has another number each time the module is loaded. */
void family_resolve(void)
{
	struct genlmsghdr head = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct nl nl = { .message = family_message };
	struct msg m;

	nl_open(&nl, NETLINK_GENERIC);
	msg_begin(&m, GENL_ID_CTRL, 0, &head, sizeof(head));
	msg_attr(&m, CTRL_ATTR_FAMILY_NAME, KMTIA_FAMILY_NAME, sizeof(KMTIA_FAMILY_NAME));
	if (nl_call(&nl, &m))
		die("there is no family " KMTIA_FAMILY_NAME);
	nl_close(&nl);
}

static void kmtia_message(struct nl *nl, const struct nlmsghdr *hdr)
{
	const struct genlmsghdr *head = (const void *)((const uint8_t *)hdr + NLMSG_HDRLEN);
	struct kmtia_sock *s = nl->user;
	const struct nlattr *attr;

	switch (head->cmd) {
	case KMTIA_CMD_CHECK:
	case KMTIA_CMD_DICTATE:
		attr = msg_find(hdr, GENL_HDRLEN, KMTIA_A_REQUEST_ID);
		s->question = attr ? attr_value(attr, sizeof(uint64_t)) : 0;
		break;
	case KMTIA_CMD_STATS_GET:
		attr = msg_find(hdr, GENL_HDRLEN, KMTIA_A_STATS_PENDING);
		s->pending = attr ? (uint32_t)attr_value(attr, sizeof(uint32_t)) : UINT32_MAX;
		break;
	}
}

void family_open(struct kmtia_sock *s)
{
	memset(s, 0, sizeof(*s));
	s->nl.message = kmtia_message;
	s->nl.user = s;
	nl_open(&s->nl, NETLINK_GENERIC);
}

static void put_uuid(struct msg *m, uint8_t uuid)
{
	uint8_t bytes[KMTIA_UUID_LEN] = { uuid };

	msg_attr(m, KMTIA_A_MANAGER_UUID, bytes, sizeof(bytes));
}

void manager_add_msg(struct msg *m, uint8_t uuid, uint32_t grace)
{
	command_begin(m, KMTIA_CMD_MANAGER_ADD);
	put_uuid(m, uuid);
	msg_u32(m, KMTIA_A_MANAGER_FLAGS,
		KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY);
	msg_u32(m, KMTIA_A_MANAGER_TIMEOUT_HINT, KMTIA_TIMEOUT_HINT_MAX);
	if (grace)
		msg_u32(m, KMTIA_A_MANAGER_GRACE, grace);
}

void manager_del_msg(struct msg *m, uint8_t uuid)
{
	command_begin(m, KMTIA_CMD_MANAGER_DEL);
	put_uuid(m, uuid);
}

void rule_add_msg(struct msg *m, uint32_t priority, uint32_t on_failure, uint32_t timeout,
		  bool replace)
{
	command_begin(m, replace ? KMTIA_CMD_RULE_REPLACE : KMTIA_CMD_RULE_ADD);
	msg_u32(m, KMTIA_A_RULE_PRIORITY, priority);
	msg_u32(m, KMTIA_A_RULE_REQID, REQID);
	msg_u32(m, KMTIA_A_RULE_DICTATE, KMTIA_GRANT_ANY);
	msg_u32(m, KMTIA_A_RULE_NOTIFY, KMTIA_GRANT_ANY);
	msg_u32(m, KMTIA_A_RULE_ON_FAILURE, on_failure);
	msg_u32(m, KMTIA_A_RULE_TIMEOUT, timeout);
}

void rule_del_msg(struct msg *m, uint32_t priority)
{
	command_begin(m, KMTIA_CMD_RULE_DEL);
	msg_u32(m, KMTIA_A_RULE_PRIORITY, priority);
}

int rules_flush(struct kmtia_sock *s)
{
	struct msg m;

	command_begin(&m, KMTIA_CMD_RULE_FLUSH);
	return nl_call(&s->nl, &m);
}

void answer_msg(struct msg *m, uint64_t id, const uint8_t key[KEY_BYTES])
{
	size_t nest;

	command_begin(m, KMTIA_CMD_DICTATE_REPLY);
	msg_attr(m, KMTIA_A_REQUEST_ID, &id, sizeof(id));
	nest = msg_nest(m, KMTIA_A_REQUEST_SLOT);
	msg_u32(m, KMTIA_A_SLOT_ROLE, KMTIA_SLOT_ROLE_AEAD);
	msg_attr(m, KMTIA_A_SLOT_KEY, key, KEY_BYTES);
	msg_nest_end(m, nest);
}

/* A standing secret for SAs of that reqid: what a manager leaves behind for its grace */
void secret_msg(struct msg *m, uint32_t reqid)
{
	uint8_t secret[KMTIA_SECRET_MIN_LEN];

	memset(secret, 0x5e, sizeof(secret));
	command_begin(m, KMTIA_CMD_SECRET_SET);
	msg_u32(m, KMTIA_A_SECRET_NUMBER, 1);
	msg_u32(m, KMTIA_A_SECRET_REQID, reqid);
	msg_u32(m, KMTIA_A_SECRET_DERIVATION, KMTIA_DERIVATION_MIX);
	msg_attr(m, KMTIA_A_SECRET_SECRET, secret, sizeof(secret));
}

/* Any message does: who is heard has not stalled. There is no question 0. */
void hello_msg(struct msg *m)
{
	static const uint8_t key[KEY_BYTES] = { 1 };

	answer_msg(m, 0, key);
}

uint32_t stats_pending(struct kmtia_sock *s)
{
	struct msg m;
	int err;

	command_begin(&m, KMTIA_CMD_STATS_GET);
	err = nl_call(&s->nl, &m);
	if (err)
		die("stats-get: %s", strerror(err));
	return s->pending;
}

void wait_question(struct kmtia_sock *s)
{
	while (!s->question)
		nl_read(&s->nl);
}
