// SPDX-License-Identifier: GPL-2.0-only
/* The grammar of "kmtia rule add", and rules as text, JSON, and for a rules file. */
#include "tools_test.h"

#include <sys/socket.h>

static int parse(struct run *r, const char *line, struct kmtia_rule *rule)
{
	char copy[512], *words[MAX_WORDS];
	int code;

	snprintf(copy, sizeof(copy), "%s", line);
	run_begin(r);
	code = rule_args(&r->c, split_words(copy, words), words, rule);
	run_end(r);
	return code;
}

static void the_example(void **state)
{
	struct kmtia_rule rule;
	struct run r;

	(void)state;
	assert_int_equal(parse(&r, "priority 10 remote 10.1.0.0/24 proto esp dictate any "
				   "notify any on-failure reject",
			       &rule),
			 CMD_OK);
	run_free(&r);
	assert_int_equal(rule.size, sizeof(rule));
	assert_int_equal(rule.priority, 10);
	assert_int_equal(rule.family, AF_INET);
	assert_false(rule.has_local);
	assert_true(rule.has_remote);
	assert_memory_equal(rule.remote, "\x0a\x01\0\0", 4);
	assert_int_equal(rule.remote_len, 24);
	assert_int_equal(rule.proto, 50);
	assert_int_equal(rule.direction, KMTIA_DIRECTION_UNKNOWN);
	assert_int_equal(rule.dictate, KMTIA_GRANT_ANY);
	assert_int_equal(rule.notify, KMTIA_GRANT_ANY);
	assert_false(rule.has_keys);
	assert_true(rule.has_on_failure);
	assert_int_equal(rule.on_failure, KMTIA_FAILURE_ACTION_REJECT);
	assert_int_equal(rule.timeout_ms, 0);
}

/* Each line is what "rule show" prints of the rule that it makes. */
static const char *const canonical[] = {
	"priority 0 dictate none notify none",
	"priority 10 remote 10.1.0.0/24 proto esp dictate any notify any on-failure reject",
	"priority 4294967295 family inet6 dictate none notify any",
	("priority 7 local 10.0.0.1/32 remote 0.0.0.0/0 proto ah dir in reqid 0 if_id 0x2a "
	 "mark 0x1/0xff dictate " UUID_TEXT " notify " UUID_TEXT " keys " UUID_TEXT
	 " on-failure manager timeout 250"),
	("priority 8 local 2001:db8::/32 dir out mark 0xffffffff dictate any notify none "
	 "on-failure keep timeout 10000"),
};

static void what_is_shown_can_be_added(void **state)
{
	struct kmtia_rule rule;
	char *text, *shown;
	size_t i, size;
	struct run r;
	FILE *out;

	(void)state;
	for (i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		assert_int_equal(parse(&r, canonical[i], &rule), CMD_OK);
		assert_string_equal(r.err, "");
		run_free(&r);
		out = open_memstream(&text, &size);
		rule_print(out, &rule, false);
		fclose(out);
		shown = strndup(text, size - 1);
		assert_string_equal(shown, canonical[i]);
		free(shown);
		free(text);
	}
}

/* A rules file's names, which are a little different, may be typed, too. */
static void names_of_the_rules_file(void **state)
{
	struct kmtia_rule rule;
	struct run r;

	(void)state;
	assert_int_equal(parse(&r, "priority 1 direction out if-id 5", &rule), CMD_OK);
	run_free(&r);
	assert_int_equal(rule.direction, KMTIA_DIRECTION_OUT);
	assert_true(rule.has_if_id);
	assert_int_equal(rule.if_id, 5);
	assert_int_equal(parse(&r, "priority 1 dir out direction out", &rule), CMD_USAGE);
	assert_string_equal(r.err, "kmtia: \"direction\" is given twice\n");
	run_free(&r);
}

static void saved(void **state)
{
	struct kmtia_rule rule;
	char *text;
	size_t size;
	struct run r;
	FILE *out;

	(void)state;
	out = open_memstream(&text, &size);
	assert_int_equal(parse(&r, canonical[3], &rule), CMD_OK);
	run_free(&r);
	rule_save_rule(out, &rule);
	assert_int_equal(parse(&r, canonical[2], &rule), CMD_OK);
	run_free(&r);
	rule_save_rule(out, &rule);
	fclose(out);
	assert_string_equal(text, "rule 7 {\n\tlocal = \"10.0.0.1/32\"\n\tremote = \"0.0.0.0/0\"\n"
				  "\tproto = ah\n\tdirection = in\n\treqid = 0\n\tif-id = 0x2a\n"
				  "\tmark = \"0x1/0xff\"\n\tdictate = \"" UUID_TEXT "\"\n"
				  "\tnotify = \"" UUID_TEXT "\"\n\tkeys = \"" UUID_TEXT "\"\n"
				  "\ton-failure = manager\n\ttimeout = 250\n}\n"
				  "rule 4294967295 {\n\tfamily = inet6\n\tdictate = none\n"
				  "\tnotify = any\n}\n");
	free(text);
}

static const struct {
	const char *line, *complaint;
} wrong[] = {
	{ "", "a rule needs a priority" },
	{ "dictate any", "a rule needs a priority" },
	{ "priority", "\"priority\" needs a value" },
	{ "priority x", "priority: x is not a number" },
	{ "priority 4294967296", "priority: 4294967296 is not a number" },
	{ "priority 1 prio 2", "unknown word \"prio\"; see \"kmtia rule help\"" },
	{ "priority 1 dict any", "unknown word \"dict\"; see \"kmtia rule help\"" },
	{ "priority 1 priority 2", "\"priority\" is given twice" },
	{ "priority 1 remote 10.1.0.1/24", "remote: 10.1.0.1/24 has host bits set" },
	{ "priority 1 local any", "local: any is not an address" },
	{ "priority 1 local 10.0.0.0/8 remote ::/0",
	  "local and remote are of different families" },
	{ "priority 1 remote ::/0 family inet",
	  "family contradicts the family of the addresses" },
	{ "priority 1 family ipv4", "family: ipv4 is neither inet nor inet6" },
	{ "priority 1 proto tcp", "proto: tcp is neither esp nor ah" },
	{ "priority 1 dir unknown", "dir: unknown is neither in nor out" },
	{ "priority 1 reqid -1", "reqid: -1 is not a number" },
	{ "priority 1 if_id x", "if_id: x is not a number" },
	{ "priority 1 mark 1/2/3", "mark: 1/2/3 is not VALUE or VALUE/MASK" },
	{ "priority 1 dictate all", "dictate: all is not any, none or a UUID" },
	{ "priority 1 notify 1234", "notify: 1234 is not any, none or a UUID" },
	{ "priority 1 keys any", "keys: any is not a UUID" },
	{ "priority 1 on-failure accept", "on-failure: accept is not reject, manager or keep" },
	{ "priority 1 timeout 0", "timeout: 0 is not a time from 1 to 10000 ms" },
	{ "priority 1 timeout 10001", "timeout: 10001 is not a time from 1 to 10000 ms" },
};

static void mistakes_are_named(void **state)
{
	struct kmtia_rule rule;
	char expected[128];
	struct run r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(&r, wrong[i].line, &rule), CMD_USAGE);
		snprintf(expected, sizeof(expected), "kmtia: %s\n", wrong[i].complaint);
		assert_string_equal(r.err, expected);
		run_free(&r);
	}
}

static void hits_with_statistics(void **state)
{
	struct kmtia_rule rule = { .priority = 3, .hits = 12 };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	rule_print(out, &rule, true);
	fclose(out);
	assert_string_equal(text, "priority 3 dictate none notify none hits 12\n");
	free(text);
}

static void as_json(void **state)
{
	struct kmtia_rule rule;
	json_t *json, *expected;
	struct run r;

	(void)state;
	assert_int_equal(parse(&r, canonical[3], &rule), CMD_OK);
	run_free(&r);
	rule.hits = 5;
	json = rule_json(&rule);
	expected = json_pack("{s:i, s:s, s:s, s:i, s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:i,"
			     " s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}",
			     "priority", 7, "family", "inet", "local", "10.0.0.1",
			     "local_len", 32, "remote", "0.0.0.0", "remote_len", 0,
			     "proto", "ah", "direction", "in", "reqid", 0, "if_id", 42,
			     "mark", 1, "mark_mask", 255, "dictate", "named",
			     "dictate_manager", UUID_TEXT, "notify", "named",
			     "notify_manager", UUID_TEXT, "keys_manager", UUID_TEXT,
			     "on_failure", "manager", "timeout", 250, "hits", 5);
	assert_non_null(expected);
	assert_true(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example),
		cmocka_unit_test(what_is_shown_can_be_added),
		cmocka_unit_test(names_of_the_rules_file),
		cmocka_unit_test(saved),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(hits_with_statistics),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests_name("tools_rule", tests, NULL, NULL);
}
