// SPDX-License-Identifier: GPL-2.0-only
/* The grammar of "kmtia manager policy", and its statements as text, JSON and for a file. */
#include "tools_test.h"
#include "manager_flag.h"

#include <grp.h>
#include <pwd.h>

static int parse(struct run *r, const char *line, struct kmtia_policy *policy)
{
	char copy[512], *words[MAX_WORDS];
	int code;

	snprintf(copy, sizeof(copy), "%s", line);
	run_begin(r);
	code = policy_args(&r->c, split_words(copy, words), words, policy);
	run_end(r);
	return code;
}

static void parse_good(const char *line, struct kmtia_policy *policy)
{
	struct run r;

	assert_int_equal(parse(&r, line, policy), CMD_OK);
	assert_string_equal(r.err, "");
	run_free(&r);
	assert_int_equal(policy->size, sizeof(*policy));
}

/* Each line is what "policy show" prints of the statement that it makes. */
static const char *const canonical[] = {
	"uuid " UUID_TEXT " uid 1000 dictate notify exclusive",
	"any gid 0 notify",
	"any uid 4294967294 dictate",
};

static void what_is_shown_can_be_set(void **state)
{
	struct kmtia_policy policy;
	char *text;
	size_t i, size;
	FILE *out;

	(void)state;
	for (i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		parse_good(canonical[i], &policy);
		out = open_memstream(&text, &size);
		policy_print(out, &policy);
		fclose(out);
		assert_int_equal(strlen(text), strlen(canonical[i]) + 1);
		assert_memory_equal(text, canonical[i], strlen(canonical[i]));
		free(text);
	}
}

static void words_in_any_order(void **state)
{
	struct kmtia_policy policy;
	uint8_t uuid[KMTIA_UUID_LEN];

	(void)state;
	kmtia_uuid_parse(UUID_TEXT, uuid);
	parse_good("notify gid 0x10 uuid " UUID_TEXT, &policy);
	assert_true(policy.has_uuid);
	assert_memory_equal(policy.uuid, uuid, sizeof(uuid));
	assert_true(policy.is_group);
	assert_int_equal(policy.id, 16);
	assert_int_equal(policy.flags, KMTIA_MANAGER_FLAGS_NOTIFY);
}

static void names_are_looked_up(void **state)
{
	const struct passwd *user = getpwuid(0);
	const struct group *group = getgrgid(0);
	struct kmtia_policy policy;
	char line[256];

	(void)state;
	assert_non_null(user);
	assert_non_null(group);
	snprintf(line, sizeof(line), "any user %s dictate", user->pw_name);
	parse_good(line, &policy);
	assert_false(policy.is_group);
	assert_int_equal(policy.id, 0);
	snprintf(line, sizeof(line), "any group %s dictate", group->gr_name);
	parse_good(line, &policy);
	assert_true(policy.is_group);
	assert_int_equal(policy.id, 0);
}

static const struct {
	const char *line, *complaint;
} wrong[] = {
	{ "set", "as whom? Give uuid UUID, or any" },
	{ "set uid 5 dictate", "as whom? Give uuid UUID, or any" },
	{ "set any dictate", "who? Give uid N, user NAME, gid N or group NAME" },
	{ "set any uid 5", "what for? Give dictate, notify or exclusive" },
	{ "set any uid 5 exclusive notify", "exclusive is of no use without dictate" },
	{ "set any any uid 5 notify", "as whom is said twice" },
	{ "set any uuid " UUID_TEXT " uid 5 notify", "as whom is said twice" },
	{ "set any uid 5 gid 5 notify", "who may is said twice" },
	{ "set any uid 5 notify notify", "\"notify\" is given twice" },
	{ "set any uid", "\"uid\" needs a value" },
	{ "set uuid", "\"uuid\" needs a value" },
	{ "set any uid 4294967295 notify", "uid: 4294967295 is not the number of a user" },
	{ "set any uid -1 notify", "uid: -1 is not the number of a user" },
	{ "set any gid root notify", "gid: root is not the number of a group" },
	{ "set any user / notify", "user: / is no user here" },
	{ "set any group / notify", "group: / is no group here" },
	{ "set uuid 12 uid 5 notify", "uuid: 12 is not a UUID" },
	{ "set uuid 00000000-0000-0000-0000-000000000000 uid 5 notify",
	  "uuid: 00000000-0000-0000-0000-000000000000 is not a UUID" },
	{ "set any uid 5 dict", "unknown word \"dict\"; see \"kmtia manager policy help\"" },
	{ "del", "as whom? Give uuid UUID, or any" },
	{ "del all any", "unknown word \"all\"; see \"kmtia manager policy help\"" },
	{ "del any uid 5 notify", "a statement is deleted with all flags: name none" },
};

static void mistakes_are_named(void **state)
{
	char line[256], expected[160];
	struct run r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(line, sizeof(line), "manager policy %s", wrong[i].line);
		assert_int_equal(run_line(&r, line), CMD_USAGE);
		snprintf(expected, sizeof(expected), "kmtia: %s\n", wrong[i].complaint);
		assert_string_equal(r.err, expected);
		assert_string_equal(r.out, "");
		run_free(&r);
	}
}

static void as_json(void **state)
{
	struct kmtia_policy policy;
	json_t *json, *expected;

	(void)state;
	parse_good(canonical[0], &policy);
	json = policy_json(&policy);
	expected = json_pack("{s:s, s:i, s:[s,s,s]}", "uuid", UUID_TEXT, "uid", 1000, "flags",
			     "dictate", "notify", "exclusive");
	assert_true(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
	parse_good(canonical[1], &policy);
	json = policy_json(&policy);
	expected = json_pack("{s:i, s:[s]}", "gid", 0, "flags", "notify");
	assert_true(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
}

static void saved(void **state)
{
	struct kmtia_policy policy;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	parse_good(canonical[0], &policy);
	rule_save_policy(out, &policy);
	parse_good(canonical[1], &policy);
	rule_save_policy(out, &policy);
	fclose(out);
	assert_string_equal(text, "manager-policy {\n\tuuid = \"" UUID_TEXT "\"\n\tuid = 1000\n"
				  "\tflags = { \"dictate\", \"notify\", \"exclusive\" }\n}\n"
				  "manager-policy {\n\tuuid = any\n\tgid = 0\n"
				  "\tflags = { \"notify\" }\n}\n");
	free(text);
}

/* The table has all flags that there are. */
static void every_flag_has_a_name(void **state)
{
	const struct manager_flag *f;
	uint32_t all = 0, flag;

	(void)state;
	for (f = manager_flags; f->name; f++) {
		assert_true(manager_flag_parse(f->name, &flag));
		assert_int_equal(flag, f->flag);
		all |= flag;
	}
	assert_int_equal(all, KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY |
				      KMTIA_MANAGER_FLAGS_EXCLUSIVE);
	assert_false(manager_flag_parse("", &flag));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown_can_be_set),
		cmocka_unit_test(words_in_any_order),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(as_json),
		cmocka_unit_test(saved),
		cmocka_unit_test(every_flag_has_a_name),
	};

	return cmocka_run_group_tests_name("tools_policy", tests, NULL, NULL);
}
