// SPDX-License-Identifier: GPL-2.0
/*
 * Right messages: see nl_ops.h.
 */
#include "nl_ops.h"

static const u8 other_uuid[KMTIA_UUID_LEN] = NL_OTHER_UUID;
static const u8 secret[KMTIA_SECRET_MIN_LEN] = { 1, 2, 3, 4 };
static const u32 priority = NL_PRIORITY;
static const u32 number = 3;
static const u32 flags = KMTIA_MANAGER_FLAGS_DICTATE;
static const u32 one = 1;
static const u64 id = ~0ULL;
static const u64 zero64;

/* The payload of a slot of an answer: a role, and a key of 20 bytes */
static const struct {
	struct nlattr role;
	u32 role_value;
	struct nlattr key;
	u8 key_bytes[20];
} slot = {
	.role = { sizeof(struct nlattr) + 4, KMTIA_A_SLOT_ROLE },
	.role_value = KMTIA_SLOT_ROLE_AEAD,
	.key = { sizeof(struct nlattr) + 20, KMTIA_A_SLOT_KEY },
	.key_bytes = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		       17, 18, 19, 20 },
};

#define FIELD(_type, _required, _data) {				\
	.type = _type, .required = _required, .data = &(_data),		\
	.len = sizeof(_data)						\
}

static const struct nl_op ops[] = {
	{ KMTIA_CMD_MANAGER_ADD, "manager-add", {
		FIELD(KMTIA_A_MANAGER_UUID, true, other_uuid),
		FIELD(KMTIA_A_MANAGER_FLAGS, true, flags) } },
	{ KMTIA_CMD_MANAGER_DEL, "manager-del", {
		FIELD(KMTIA_A_MANAGER_UUID, true, other_uuid) } },
	{ KMTIA_CMD_MANAGER_GET, "manager-get" },
	{ KMTIA_CMD_RULE_ADD, "rule-add", {
		FIELD(KMTIA_A_RULE_DICTATE, false, one),
		FIELD(KMTIA_A_RULE_PRIORITY, true, priority) } },
	{ KMTIA_CMD_RULE_DEL, "rule-del", {
		FIELD(KMTIA_A_RULE_PRIORITY, true, priority) } },
	{ KMTIA_CMD_RULE_GET, "rule-get" },
	{ KMTIA_CMD_RULE_FLUSH, "rule-flush" },
	{ KMTIA_CMD_CHECK_REPLY, "check-reply", {
		FIELD(KMTIA_A_REQUEST_ID, true, id),
		FIELD(KMTIA_A_REQUEST_WILL_DICTATE, true, one),
		FIELD(KMTIA_A_REQUEST_WEIGHT, true, one) } },
	{ KMTIA_CMD_DICTATE_REPLY, "dictate-reply", {
		FIELD(KMTIA_A_REQUEST_ID, true, id),
		FIELD(NLA_F_NESTED | KMTIA_A_REQUEST_SLOT, false, slot) } },
	{ KMTIA_CMD_NOTIFY_GET, "notify-get", {
		FIELD(KMTIA_A_NOTIFICATION_FROM_SEQ, false, zero64) } },
	{ KMTIA_CMD_SA_GET, "sa-get" },
	{ KMTIA_CMD_STATS_GET, "stats-get" },
	{ KMTIA_CMD_SECRET_SET, "secret-set", {
		FIELD(KMTIA_A_SECRET_NUMBER, true, number),
		FIELD(KMTIA_A_SECRET_SECRET, true, secret) } },
	{ KMTIA_CMD_SECRET_DEL, "secret-del", {
		FIELD(KMTIA_A_SECRET_NUMBER, false, number) } },
	{ KMTIA_CMD_REQUEST_GET, "request-get" },
	{ KMTIA_CMD_MANAGER_POLICY_SET, "manager-policy-set", {
		FIELD(KMTIA_A_POLICY_UID, false, one),
		FIELD(KMTIA_A_POLICY_FLAGS, true, flags) } },
	{ KMTIA_CMD_MANAGER_POLICY_DEL, "manager-policy-del", {
		FIELD(KMTIA_A_POLICY_UID, false, one) } },
	{ KMTIA_CMD_MANAGER_POLICY_GET, "manager-policy-get" },
	{ KMTIA_CMD_RULE_REPLACE, "rule-replace", {
		FIELD(KMTIA_A_RULE_DICTATE, false, one),
		FIELD(KMTIA_A_RULE_PRIORITY, true, priority) } },
};

/**
 * nl_op_find() - what is known about a command
 * @cmd: its number
 *
 * Return: it, or NULL.
 */
const struct nl_op *nl_op_find(u8 cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (ops[i].cmd == cmd)
			return &ops[i];
	return NULL;
}

/**
 * nl_put_fields() - append the attributes of a right message
 * @msg: the message
 * @op: its command
 * @without: but not of this type; 0 for all
 */
void nl_put_fields(struct nl_msg *msg, const struct nl_op *op, u16 without)
{
	const struct nl_field *field;

	for (field = op->fields; field < op->fields + NL_MAX_FIELDS; field++)
		if (field->type && field->type != without)
			nl_put(msg, field->type, field->data, field->len);
}
