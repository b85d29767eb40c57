// SPDX-License-Identifier: GPL-2.0-only
/* The file of rules and manager policy: what is understood, and what is refused and where. */
#include "secret_test.h"
#include "kmtiad/rules.h"

#include <errno.h>
#include <sys/socket.h>

static char file[192];

static int make_file(void **state)
{
	make_path(state);
	snprintf(file, sizeof(file), "%s/rules.conf", dir);
	return 0;
}

static struct rules *load(const char *text, char error[CONFIG_ERROR_SIZE])
{
	write_file(file, text, 0644);
	return rules_load(file, error);
}

static struct rules *load_good_rules(const char *text)
{
	char error[CONFIG_ERROR_SIZE];
	struct rules *rules = load(text, error);

	assert_string_equal(error, "");
	assert_non_null(rules);
	return rules;
}

static void a_rule_with_everything(void **state)
{
	static const char text[] =
		"# a comment\n"
		"rule 7 {\n"
		"	local = 10.0.0.1	// unquoted\n"
		"	remote = \"0.0.0.0/0\"\n"
		"	proto = ah direction = in reqid = 0 if-id = 0x2a\n"
		"	mark = \"0x1/0xff\"\n"
		"	dictate = \"" UUID_TEXT "\" notify = any keys = \"" UUID_TEXT "\"\n"
		"	on-failure = manager timeout = 250\n"
		"}\n";
	struct rules *rules = load_good_rules(text);
	const struct kmtia_rule *rule = rules->rules;
	uint8_t uuid[KMTIA_UUID_LEN];

	(void)state;
	kmtia_uuid_parse(UUID_TEXT, uuid);
	assert_int_equal(rules->n_rules, 1);
	assert_int_equal(rules->n_policies, 0);
	assert_int_equal(rule->size, sizeof(*rule));
	assert_int_equal(rule->priority, 7);
	assert_int_equal(rule->family, AF_INET);
	assert_true(rule->has_local && rule->has_remote);
	assert_memory_equal(rule->local, "\x0a\0\0\x01", 4);
	assert_int_equal(rule->local_len, 32);
	assert_int_equal(rule->remote_len, 0);
	assert_int_equal(rule->proto, 51);
	assert_int_equal(rule->direction, KMTIA_DIRECTION_IN);
	assert_true(rule->has_reqid && rule->has_if_id && rule->has_mark);
	assert_int_equal(rule->if_id, 42);
	assert_int_equal(rule->mark, 1);
	assert_int_equal(rule->mark_mask, 255);
	assert_int_equal(rule->dictate, KMTIA_GRANT_NAMED);
	assert_memory_equal(rule->dictate_manager, uuid, sizeof(uuid));
	assert_int_equal(rule->notify, KMTIA_GRANT_ANY);
	assert_true(rule->has_keys);
	assert_true(rule->has_on_failure);
	assert_int_equal(rule->on_failure, KMTIA_FAILURE_ACTION_MANAGER);
	assert_int_equal(rule->timeout_ms, 250);
	rules_free(rules);
}

/* Or what is in the kernel would differ from the file for ever. */
static void defaults_are_those_of_the_kernel(void **state)
{
	struct rules *rules = load_good_rules("rule 1 { }\nrule 0 { dictate = any }\n");

	(void)state;
	assert_int_equal(rules->n_rules, 2);
	assert_int_equal(rules->rules[0].priority, 0);
	assert_true(rules->rules[0].has_on_failure);
	assert_int_equal(rules->rules[0].on_failure, KMTIA_FAILURE_ACTION_REJECT);
	assert_int_equal(rules->rules[0].timeout_ms, 1000);
	assert_int_equal(rules->rules[1].priority, 1);
	assert_int_equal(rules->rules[1].dictate, KMTIA_GRANT_NONE);
	assert_false(rules->rules[1].has_on_failure);
	assert_int_equal(rules->rules[1].timeout_ms, 0);
	rules_free(rules);
}

static void statements(void **state)
{
	struct rules *rules = load_good_rules(
		"manager-policy { uuid = any user = root flags = notify }\n"
		"manager-policy { uuid = \"" UUID_TEXT "\" gid = 5\n"
		"                 flags = {\"dictate\", \"exclusive\"} }\n");

	(void)state;
	assert_int_equal(rules->n_policies, 2);
	assert_false(rules->policies[0].has_uuid);
	assert_false(rules->policies[0].is_group);
	assert_int_equal(rules->policies[0].id, 0);
	assert_int_equal(rules->policies[0].flags, KMTIA_MANAGER_FLAGS_NOTIFY);
	assert_true(rules->policies[1].has_uuid);
	assert_true(rules->policies[1].is_group);
	assert_int_equal(rules->policies[1].id, 5);
	assert_int_equal(rules->policies[1].flags,
			 KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_EXCLUSIVE);
	rules_free(rules);
}

static void an_empty_file(void **state)
{
	struct rules *rules = load_good_rules("");

	(void)state;
	assert_int_equal(rules->n_rules + rules->n_policies, 0);
	rules_free(rules);
}

/* What "kmtia rule save" prints is read as what was there. */
static void what_is_saved_is_read(void **state)
{
	char *words[] = { "priority", "9", "family", "inet6", "dir", "out", "if_id", "3",
			  "mark", "5", "dictate", "any", "notify", UUID_TEXT, "keys", UUID_TEXT,
			  "on-failure", "keep", "timeout", "10000" };
	char *who[] = { "any", "gid", "77", "dictate", "notify" };
	struct kmtia_policy policy;
	struct kmtia_rule rule;
	struct rules *rules;
	char *text;
	size_t size;
	struct run r;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	run_begin(&r);
	assert_int_equal(rule_args(&r.c, sizeof(words) / sizeof(words[0]), words, &rule), CMD_OK);
	assert_int_equal(policy_args(&r.c, sizeof(who) / sizeof(who[0]), who, &policy), CMD_OK);
	run_end(&r);
	run_free(&r);
	rule_save_policy(out, &policy);
	rule_save_rule(out, &rule);
	fclose(out);
	rules = load_good_rules(text);
	free(text);
	assert_int_equal(rules->n_rules, 1);
	assert_true(rules_same(rules->rules, &rule));
	assert_int_equal(rules->n_policies, 1);
	assert_ptr_equal(rules_find_policy(rules, &policy), rules->policies);
	assert_int_equal(rules->policies[0].flags, policy.flags);
	rules_free(rules);
}

#define POLICY(text) "manager-policy { " text " }\n"

static const struct {
	const char *text;
	int line;
	const char *reason;
} bad[] = {
	{ "rule {\n}\n", 1, "missing title for section 'rule'" },
	{ "rule ten {\n}\n", 2, "rule: \"ten\" is not a priority, a number of 32 bits" },
	{ "rule 4294967296 { }\n", 1,
	  "rule: \"4294967296\" is not a priority, a number of 32 bits" },
	{ "rule 10 { }\n\nrule 10 { }\n", 3, "found duplicate title '10'" },
	{ "rule 10 { }\n\nrule 0xa { }\n", 3, "there is more than one rule of priority 10" },
	{ "rule 1 {\n\n colour = red\n}\n", 3, "no such option 'colour'" },
	{ "rule 1 {\n proto = esp\n proto = esp\n}\n", 3, "proto is given twice" },
	{ "rule 1 {\n remote = \"10.1.0.1/24\"\n}\n", 2,
	  "remote: \"10.1.0.1/24\" has host bits set" },
	{ "rule 1 {\n local = any\n}\n", 2, "local: \"any\" is not an address" },
	{ "rule 1 {\n remote = \"::/0\"\n local = \"10.0.0.0/8\"\n}\n", 2,
	  "remote: local and remote are of different families" },
	{ "rule 1 {\n remote = \"::/0\"\n\n family = inet\n}\n", 2,
	  "remote: family contradicts the family of the addresses" },
	{ "rule 1 {\n family = ipv4\n}\n", 2, "family: \"ipv4\" is neither inet nor inet6" },
	{ "rule 1 {\n direction = both\n}\n", 2, "direction: \"both\" is neither in nor out" },
	{ "rule 1 {\n if-id = x\n}\n", 2, "if-id: \"x\" is not a number" },
	{ "rule 1 {\n mark = 1/2/3\n}\n", 2, "mark: \"1/2/3\" is not VALUE or VALUE/MASK" },
	{ "rule 1 {\n mark = 3/1\n\n}\n", 2, "mark: has bits that its mask leaves out" },
	{ "rule 1 {\n dictate = all\n}\n", 2, "dictate: \"all\" is not any, none or a UUID" },
	{ "rule 1 {\n keys = \"" UUID_TEXT "\"\n dictate = any }\n", 2,
	  "keys: is for a key manager that is not notified" },
	{ "rule 1 {\n notify = \"" UUID_TEXT "\"\n"
	  " keys = \"12345678-9abc-def0-1234-56789abcdef1\"\n}\n",
	  3,
	  "keys: is for a key manager that is not notified" },
	{ "rule 1 {\n on-failure = accept\n}\n", 2,
	  "on-failure: \"accept\" is not reject, manager or keep" },
	{ "rule 1 {\n\n on-failure = keep\n}\n", 3,
	  "on-failure: is of no use where nobody dictates" },
	{ "rule 1 {\n timeout = 5\n\n}\n", 2, "timeout: is of no use where nobody dictates" },
	{ "rule 1 {\n timeout = 10001\n}\n", 2,
	  "timeout: \"10001\" is not a time from 1 to 10000 ms" },
	{ "rule 1 {\n dictate = any\n", 1, "the brace that is opened here is not closed" },
	{ POLICY("uid = 5\nflags = notify"), 2,
	  "the manager-policy has no uuid: a UUID, or any" },
	{ POLICY("uuid = 12 uid = 5 flags = notify"), 1, "uuid: \"12\" is not any or a UUID" },
	{ POLICY("uuid = any flags = notify"), 1,
	  "the manager-policy has not one of uid, user, gid and group" },
	{ POLICY("uuid = any uid = 5 group = root\nflags = notify"), 2,
	  "the manager-policy has more than one of uid, user, gid and group" },
	{ POLICY("uuid = any uid = 4294967295"), 1,
	  "uid: \"4294967295\" is not the number of a user" },
	{ POLICY("uuid = any\nuser = \"/\""), 2, "user: \"/\" is no user here" },
	{ POLICY("uuid = any\ngroup = \"/\""), 2, "group: \"/\" is no group here" },
	{ POLICY("uuid = any uid = 5"), 1,
	  "the manager-policy has no flags: dictate, notify, exclusive" },
	{ POLICY("uuid = any uid = 5 flags = watch"), 1,
	  "flags: \"watch\" is not dictate, notify or exclusive" },
	{ POLICY("uuid = any uid = 5 flags = exclusive"), 1,
	  "flags: exclusive is of no use without dictate" },
	{ POLICY("uuid = any uid = 0 flags = notify")
		  POLICY("uuid = any user = root flags = dictate"),
	  2,
	  "there is more than one manager-policy for this uuid and user" },
	{ "manager {\n}\n", 1, "no such option 'manager'" },
};

static void mistakes_have_a_line(void **state)
{
	char error[CONFIG_ERROR_SIZE], expected[CONFIG_ERROR_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(load(bad[i].text, error));
		assert_int_equal(errno, EINVAL);
		snprintf(expected, sizeof(expected), "%s:%d: %s", file, bad[i].line, bad[i].reason);
		assert_string_equal(error, expected);
	}
}

static void files_that_others_may_write(void **state)
{
	static const mode_t modes[] = { 0664, 0646, 0620 };
	char error[CONFIG_ERROR_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_file(file, "rule 1 { }\n", modes[i]);
		assert_null(rules_load(file, error));
		assert_non_null(strstr(error, "rules in a file that others may write"));
	}
}

/* It is part of the configuration: an error in it is one of that. */
static void named_by_the_configuration(void **state)
{
	char error[CONFIG_ERROR_SIZE], expected[CONFIG_ERROR_SIZE];
	struct config *config;

	(void)state;
	write_file(file, "rule 1 { }\n", 0644);
	config = load_good("rules = \"@/rules.conf\"\nmanager { uuid = \"" UUID_TEXT
			   "\" flags = notify }\n");
	assert_string_equal(config->rules_path, file);
	assert_int_equal(config->rules->n_rules, 1);
	config_free(config);
	write_file(file, "\nrule x { }\n", 0644);
	assert_null(config_load(conf, error));
	assert_int_equal(errno, EINVAL);
	snprintf(expected, sizeof(expected),
		 "%s:2: rule: \"x\" is not a priority, a number of 32 bits", file);
	assert_string_equal(error, expected);
	unlink(file);
	assert_null(config_load(conf, error));
	snprintf(expected, sizeof(expected), "%s: No such file or directory", file);
	assert_string_equal(error, expected);
	config = load_good("manager { uuid = \"" UUID_TEXT "\" flags = notify }\n");
	assert_null(config->rules);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_with_everything),
		cmocka_unit_test(defaults_are_those_of_the_kernel),
		cmocka_unit_test(statements),
		cmocka_unit_test(an_empty_file),
		cmocka_unit_test(what_is_saved_is_read),
		cmocka_unit_test(mistakes_have_a_line),
		cmocka_unit_test(files_that_others_may_write),
		cmocka_unit_test(named_by_the_configuration),
	};

	return cmocka_run_group_tests_name("tools_rules_file", tests, make_file, remove_path);
}
