// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names and UUIDs. The names are the netlink specification's.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* --- UUIDs -------------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A dash stands before these bytes. */
static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

KMTIA_EXPORT int kmtia_uuid_parse(const char *text, uint8_t uuid[KMTIA_UUID_LEN])
{
	uint8_t bytes[KMTIA_UUID_LEN];
	size_t i;

	for (i = 0; i < KMTIA_UUID_LEN; i++) {
		int high, low;

		if (dash_before(i) && *text++ != '-')
			return -EINVAL;
		high = hex_digit(*text++);
		if (high < 0)
			return -EINVAL;
		low = hex_digit(*text++);
		if (low < 0)
			return -EINVAL;
		bytes[i] = high << 4 | low;
	}
	if (*text)
		return -EINVAL;
	memcpy(uuid, bytes, sizeof(bytes));
	return 0;
}

KMTIA_EXPORT const char *kmtia_uuid_format(const uint8_t uuid[KMTIA_UUID_LEN],
					   char text[KMTIA_UUID_STR_SIZE])
{
	char *to = text;
	size_t i;

	for (i = 0; i < KMTIA_UUID_LEN; i++)
		to += sprintf(to, "%s%02x", dash_before(i) ? "-" : "", uuid[i]);
	return text;
}

/* --- Enums -------------------------------------------------------------------- */

static const char *name_of(const char *const *names, size_t n, uint32_t value)
{
	return value < n && names[value] ? names[value] : "?";
}

KMTIA_EXPORT const char *kmtia_direction_name(uint32_t direction)
{
	static const char *const names[] = {
		[KMTIA_DIRECTION_UNKNOWN] = "unknown",
		[KMTIA_DIRECTION_IN] = "in",
		[KMTIA_DIRECTION_OUT] = "out",
	};

	return name_of(names, ARRAY_SIZE(names), direction);
}

KMTIA_EXPORT const char *kmtia_slot_role_name(uint32_t role)
{
	static const char *const names[] = {
		[KMTIA_SLOT_ROLE_AEAD] = "aead",
		[KMTIA_SLOT_ROLE_ENCRYPTION] = "encryption",
		[KMTIA_SLOT_ROLE_AUTHENTICATION] = "authentication",
	};

	return name_of(names, ARRAY_SIZE(names), role);
}

KMTIA_EXPORT const char *kmtia_derivation_name(uint32_t derivation)
{
	static const char *const names[] = {
		[KMTIA_DERIVATION_EXPAND] = "expand",
		[KMTIA_DERIVATION_MIX] = "mix",
	};

	return name_of(names, ARRAY_SIZE(names), derivation);
}

KMTIA_EXPORT const char *kmtia_failure_action_name(uint32_t action)
{
	static const char *const names[] = {
		[KMTIA_FAILURE_ACTION_REJECT] = "reject",
		[KMTIA_FAILURE_ACTION_MANAGER] = "manager",
		[KMTIA_FAILURE_ACTION_KEEP] = "keep",
	};

	return name_of(names, ARRAY_SIZE(names), action);
}

KMTIA_EXPORT const char *kmtia_origin_name(uint32_t origin)
{
	static const char *const names[] = {
		[KMTIA_ORIGIN_NONE] = "none",
		[KMTIA_ORIGIN_LOCAL] = "local",
		[KMTIA_ORIGIN_PEER] = "peer",
		[KMTIA_ORIGIN_OWN] = "own",
	};

	return name_of(names, ARRAY_SIZE(names), origin);
}

KMTIA_EXPORT const char *kmtia_notify_event_name(uint32_t event)
{
	static const char *const names[] = {
		[KMTIA_NOTIFY_EVENT_NEW] = "new",
		[KMTIA_NOTIFY_EVENT_UPDATE] = "update",
		[KMTIA_NOTIFY_EVENT_DELETE] = "delete",
		[KMTIA_NOTIFY_EVENT_EXPIRE] = "expire",
		[KMTIA_NOTIFY_EVENT_FLUSH] = "flush",
	};

	return name_of(names, ARRAY_SIZE(names), event);
}

KMTIA_EXPORT const char *kmtia_monitor_event_name(uint32_t event)
{
	static const char *const names[] = {
		[KMTIA_MONITOR_EVENT_MANAGER_ADD] = "manager-add",
		[KMTIA_MONITOR_EVENT_MANAGER_DEL] = "manager-del",
		[KMTIA_MONITOR_EVENT_RULE_ADD] = "rule-add",
		[KMTIA_MONITOR_EVENT_RULE_DEL] = "rule-del",
		[KMTIA_MONITOR_EVENT_DICTATED] = "dictated",
		[KMTIA_MONITOR_EVENT_KEPT] = "kept",
		[KMTIA_MONITOR_EVENT_FAILED] = "failed",
		[KMTIA_MONITOR_EVENT_STALLED] = "stalled",
		[KMTIA_MONITOR_EVENT_RECOVERED] = "recovered",
		[KMTIA_MONITOR_EVENT_ALARM] = "alarm",
		[KMTIA_MONITOR_EVENT_MISMATCH] = "mismatch",
		[KMTIA_MONITOR_EVENT_ORPHANED] = "orphaned",
		[KMTIA_MONITOR_EVENT_POLICY_SET] = "policy-set",
		[KMTIA_MONITOR_EVENT_POLICY_DEL] = "policy-del",
		[KMTIA_MONITOR_EVENT_RULE_REPLACE] = "rule-replace",
	};

	return name_of(names, ARRAY_SIZE(names), event);
}

/* --- Attributes, for the kernel's errors ---------------------------------------- */

static const char *const manager_attributes[] = {
	[KMTIA_A_MANAGER_UUID] = "uuid",
	[KMTIA_A_MANAGER_NAME] = "name",
	[KMTIA_A_MANAGER_DESCRIPTION] = "description",
	[KMTIA_A_MANAGER_FLAGS] = "flags",
	[KMTIA_A_MANAGER_WEIGHT] = "weight",
	[KMTIA_A_MANAGER_TIMEOUT_HINT] = "timeout-hint",
	[KMTIA_A_MANAGER_GRACE] = "grace",
};

static const char *const rule_attributes[] = {
	[KMTIA_A_RULE_PRIORITY] = "priority",
	[KMTIA_A_RULE_FAMILY] = "family",
	[KMTIA_A_RULE_LOCAL] = "local",
	[KMTIA_A_RULE_LOCAL_LEN] = "local-len",
	[KMTIA_A_RULE_REMOTE] = "remote",
	[KMTIA_A_RULE_REMOTE_LEN] = "remote-len",
	[KMTIA_A_RULE_PROTO] = "proto",
	[KMTIA_A_RULE_DIRECTION] = "direction",
	[KMTIA_A_RULE_REQID] = "reqid",
	[KMTIA_A_RULE_IF_ID] = "if-id",
	[KMTIA_A_RULE_MARK] = "mark",
	[KMTIA_A_RULE_MARK_MASK] = "mark-mask",
	[KMTIA_A_RULE_DICTATE] = "dictate",
	[KMTIA_A_RULE_DICTATE_MANAGER] = "dictate-manager",
	[KMTIA_A_RULE_NOTIFY] = "notify",
	[KMTIA_A_RULE_NOTIFY_MANAGER] = "notify-manager",
	[KMTIA_A_RULE_KEYS_MANAGER] = "keys-manager",
	[KMTIA_A_RULE_ON_FAILURE] = "on-failure",
	[KMTIA_A_RULE_TIMEOUT] = "timeout",
};

static const char *const request_attributes[] = {
	[KMTIA_A_REQUEST_ID] = "id",
	[KMTIA_A_REQUEST_WILL_DICTATE] = "will-dictate",
	[KMTIA_A_REQUEST_WEIGHT] = "weight",
	[KMTIA_A_REQUEST_SLOT] = "slot",
	[KMTIA_A_REQUEST_STATUS] = "status",
	[KMTIA_A_REQUEST_TEXT] = "text",
	[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY] = "keying-module-gen-key",
	[KMTIA_A_REQUEST_KEY_ID] = "key-id",
	[KMTIA_A_REQUEST_ORIGIN] = "origin",
	[KMTIA_A_REQUEST_DERIVATION] = "derivation",
	[KMTIA_A_REQUEST_SECRET] = "secret",
};

static const char *const slot_attributes[] = {
	[KMTIA_A_SLOT_ROLE] = "role",
	[KMTIA_A_SLOT_ALGORITHM] = "algorithm",
	[KMTIA_A_SLOT_BITS] = "bits",
	[KMTIA_A_SLOT_ICV_BITS] = "icv-bits",
	[KMTIA_A_SLOT_KEY] = "key",
};

static const char *const secret_attributes[] = {
	[KMTIA_A_SECRET_NUMBER] = "number",
	[KMTIA_A_SECRET_FAMILY] = "family",
	[KMTIA_A_SECRET_LOCAL] = "local",
	[KMTIA_A_SECRET_LOCAL_LEN] = "local-len",
	[KMTIA_A_SECRET_REMOTE] = "remote",
	[KMTIA_A_SECRET_REMOTE_LEN] = "remote-len",
	[KMTIA_A_SECRET_PROTO] = "proto",
	[KMTIA_A_SECRET_DIRECTION] = "direction",
	[KMTIA_A_SECRET_REQID] = "reqid",
	[KMTIA_A_SECRET_IF_ID] = "if-id",
	[KMTIA_A_SECRET_MARK] = "mark",
	[KMTIA_A_SECRET_MARK_MASK] = "mark-mask",
	[KMTIA_A_SECRET_RULE] = "rule",
	[KMTIA_A_SECRET_DERIVATION] = "derivation",
	[KMTIA_A_SECRET_SECRET] = "secret",
	[KMTIA_A_SECRET_KEY_ID] = "key-id",
	[KMTIA_A_SECRET_WEIGHT] = "weight",
	[KMTIA_A_SECRET_NOT_AFTER] = "not-after",
	[KMTIA_A_SECRET_ORIGIN] = "origin",
	[KMTIA_A_SECRET_KEYING_MODULE_GEN_KEY] = "keying-module-gen-key",
};

static const char *const notification_attributes[] = {
	[KMTIA_A_NOTIFICATION_FROM_SEQ] = "from-seq",
};

static const char *const policy_attributes[] = {
	[KMTIA_A_POLICY_UUID] = "uuid",
	[KMTIA_A_POLICY_UID] = "uid",
	[KMTIA_A_POLICY_GID] = "gid",
	[KMTIA_A_POLICY_FLAGS] = "flags",
};

struct attribute_set {
	const char *const *names;
	size_t n;
};

#define SET(_names) ((struct attribute_set){ (_names), ARRAY_SIZE(_names) })

static struct attribute_set attributes_of(uint8_t cmd, int nest)
{
	switch (cmd) {
	case KMTIA_CMD_MANAGER_ADD:
	case KMTIA_CMD_MANAGER_DEL:
		return SET(manager_attributes);
	case KMTIA_CMD_RULE_ADD:
	case KMTIA_CMD_RULE_REPLACE:
	case KMTIA_CMD_RULE_DEL:
		return SET(rule_attributes);
	case KMTIA_CMD_CHECK_REPLY:
	case KMTIA_CMD_DICTATE_REPLY:
		return nest == KMTIA_A_REQUEST_SLOT ? SET(slot_attributes) :
						      SET(request_attributes);
	case KMTIA_CMD_SECRET_SET:
	case KMTIA_CMD_SECRET_DEL:
		return SET(secret_attributes);
	case KMTIA_CMD_MANAGER_POLICY_SET:
	case KMTIA_CMD_MANAGER_POLICY_DEL:
		return SET(policy_attributes);
	case KMTIA_CMD_NOTIFY_GET:
		return SET(notification_attributes);
	default:
		return (struct attribute_set){ NULL, 0 };
	}
}

/* Name of an attribute that command @cmd may carry, in @nest (0: on top); or NULL. */
const char *kmtia_attribute_name(uint8_t cmd, int nest, int type)
{
	struct attribute_set set = attributes_of(cmd, nest);

	return type > 0 && (size_t)type < set.n ? set.names[type] : NULL;
}
