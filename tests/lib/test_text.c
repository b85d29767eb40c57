// SPDX-License-Identifier: LGPL-2.1-or-later
/* UUIDs and names. */
#include <errno.h>
#include <string.h>

#include "fake_kernel.h"

static void uuid_is_parsed_in_print_order(void **state)
{
	static const uint8_t expected[KMTIA_UUID_LEN] = {
		0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
		0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0
	};
	uint8_t uuid[KMTIA_UUID_LEN];

	(void)state;
	assert_int_equal(kmtia_uuid_parse("12345678-9abc-def0-1234-56789abcdef0", uuid), 0);
	assert_memory_equal(uuid, expected, sizeof(uuid));
	assert_int_equal(kmtia_uuid_parse("12345678-9ABC-DEF0-1234-56789AbCdEf0", uuid), 0);
	assert_memory_equal(uuid, expected, sizeof(uuid));
}

static void uuid_is_formatted_as_it_was_parsed(void **state)
{
	static const char text[] = "00ff10a0-9abc-def0-1234-56789abcdef0";
	char out[KMTIA_UUID_STR_SIZE];
	uint8_t uuid[KMTIA_UUID_LEN];

	(void)state;
	memset(out, 'x', sizeof(out));
	assert_int_equal(kmtia_uuid_parse(text, uuid), 0);
	assert_ptr_equal(kmtia_uuid_format(uuid, out), out);
	assert_string_equal(out, text);
}

static void bad_uuids_are_refused_and_change_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"-",
		"12345678",
		"12345678-9abc-def0-1234-56789abcdef",	 /* short */
		"12345678-9abc-def0-1234-56789abcdef01", /* long */
		"12345678-9abc-def0-1234-56789abcdef0 ",
		" 12345678-9abc-def0-1234-56789abcdef0",
		"123456789abcdef0123456789abcdef0", /* no dashes */
		"1234567-89abc-def0-1234-56789abcdef0",
		"12345678-9abc-def0-123456789-abcdef0",
		"12345678-9abc-def0-1234-56789abcdefg",
		"12345678-9abc-def0-1234-56789abcde-0",
		"{12345678-9abc-def0-1234-56789abcdef0}",
	};
	uint8_t uuid[KMTIA_UUID_LEN], before[KMTIA_UUID_LEN];
	size_t i;

	(void)state;
	memset(uuid, 0x5a, sizeof(uuid));
	memset(before, 0x5a, sizeof(before));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (kmtia_uuid_parse(bad[i], uuid) != -EINVAL)
			fail_msg("accepted: \"%s\"", bad[i]);
		assert_memory_equal(uuid, before, sizeof(uuid));
	}
}

static void names_are_the_specifications(void **state)
{
	(void)state;
	assert_string_equal(kmtia_direction_name(KMTIA_DIRECTION_UNKNOWN), "unknown");
	assert_string_equal(kmtia_direction_name(KMTIA_DIRECTION_IN), "in");
	assert_string_equal(kmtia_direction_name(KMTIA_DIRECTION_OUT), "out");
	assert_string_equal(kmtia_slot_role_name(KMTIA_SLOT_ROLE_AEAD), "aead");
	assert_string_equal(kmtia_slot_role_name(KMTIA_SLOT_ROLE_ENCRYPTION), "encryption");
	assert_string_equal(kmtia_slot_role_name(KMTIA_SLOT_ROLE_AUTHENTICATION),
			    "authentication");
	assert_string_equal(kmtia_derivation_name(KMTIA_DERIVATION_EXPAND), "expand");
	assert_string_equal(kmtia_derivation_name(KMTIA_DERIVATION_MIX), "mix");
	assert_string_equal(kmtia_failure_action_name(KMTIA_FAILURE_ACTION_REJECT), "reject");
	assert_string_equal(kmtia_failure_action_name(KMTIA_FAILURE_ACTION_MANAGER), "manager");
	assert_string_equal(kmtia_failure_action_name(KMTIA_FAILURE_ACTION_KEEP), "keep");
	assert_string_equal(kmtia_origin_name(KMTIA_ORIGIN_NONE), "none");
	assert_string_equal(kmtia_origin_name(KMTIA_ORIGIN_LOCAL), "local");
	assert_string_equal(kmtia_origin_name(KMTIA_ORIGIN_PEER), "peer");
	assert_string_equal(kmtia_origin_name(KMTIA_ORIGIN_OWN), "own");
	assert_string_equal(kmtia_notify_event_name(KMTIA_NOTIFY_EVENT_NEW), "new");
	assert_string_equal(kmtia_notify_event_name(KMTIA_NOTIFY_EVENT_UPDATE), "update");
	assert_string_equal(kmtia_notify_event_name(KMTIA_NOTIFY_EVENT_DELETE), "delete");
	assert_string_equal(kmtia_notify_event_name(KMTIA_NOTIFY_EVENT_EXPIRE), "expire");
	assert_string_equal(kmtia_notify_event_name(KMTIA_NOTIFY_EVENT_FLUSH), "flush");
}

static void monitor_event_names_are_the_specifications(void **state)
{
	static const char *const names[] = {
		"manager-add", "manager-del", "rule-add", "rule-del", "dictated",
		"kept", "failed", "stalled", "recovered", "alarm", "mismatch", "orphaned",
		"policy-set", "policy-del", "rule-replace"
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(kmtia_monitor_event_name(i), names[i]);
	assert_int_equal(i, KMTIA_MONITOR_EVENT_RULE_REPLACE + 1);
}

static void unknown_values_have_a_name_too(void **state)
{
	(void)state;
	assert_string_equal(kmtia_direction_name(3), "?");
	assert_string_equal(kmtia_slot_role_name(3), "?");
	assert_string_equal(kmtia_derivation_name(0), "?");
	assert_string_equal(kmtia_derivation_name(3), "?");
	assert_string_equal(kmtia_failure_action_name(3), "?");
	assert_string_equal(kmtia_origin_name(4), "?");
	assert_string_equal(kmtia_notify_event_name(5), "?");
	assert_string_equal(kmtia_monitor_event_name(15), "?");
	assert_string_equal(kmtia_monitor_event_name(UINT32_MAX), "?");
}

static void version_is_given(void **state)
{
	(void)state;
	assert_string_equal(kmtia_version(), "0.1.0");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuid_is_parsed_in_print_order),
		cmocka_unit_test(uuid_is_formatted_as_it_was_parsed),
		cmocka_unit_test(bad_uuids_are_refused_and_change_nothing),
		cmocka_unit_test(names_are_the_specifications),
		cmocka_unit_test(monitor_event_names_are_the_specifications),
		cmocka_unit_test(unknown_values_have_a_name_too),
		cmocka_unit_test(version_is_given),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
