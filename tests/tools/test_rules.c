// SPDX-License-Identifier: GPL-2.0-only
/* kmtiad makes the kernel's rules and manager policy those of its file. */
#include "fake_tia.h"

static char file[192];

static int make_files(void **state)
{
	make_secrets(state);
	snprintf(file, sizeof(file), "%s/rules.conf", dir);
	return 0;
}

#define CONFIG "rules = \"@/rules.conf\"\n" MANAGER STATIC

static struct config *with_rules(const char *text)
{
	write_file(file, text, 0644);
	return load_good(CONFIG);
}

static struct tia *start_with(const char *text)
{
	struct tia *t = tia_start(with_rules(text));

	assert_non_null(t);
	return t;
}

/* What the kernel has been told since this was called last. */
static void expect_told(const char *expected)
{
	assert_string_equal(kernel.told, expected);
	kernel.told[0] = '\0';
}

static void somebody_adds(uint32_t priority, uint32_t dictate)
{
	struct kmtia_rule rule = { .size = sizeof(rule), .priority = priority, .dictate = dictate };

	assert_true(rules_put(&kernel.there, &rule));
}

#define TWO_RULES "rule 10 { dictate = any }\nrule 20 { notify = any }\n"
#define ONE_STATEMENT "manager-policy { uuid = any uid = 5 flags = notify }\n"

static void before_the_registration(void **state)
{
	struct tia *t;

	(void)state;
	fake.register_err = -EEXIST;
	assert_null(tia_start(with_rules(TWO_RULES ONE_STATEMENT)));
	expect_told("allow 5, add 10, add 20");
	fake.register_err = 0;
	t = start_with(TWO_RULES ONE_STATEMENT);
	/* They were there already. */
	expect_told("");
	tia_stop(t);
	/* They stay when it ends. */
	expect_told("");
	assert_int_equal(kernel.there.n_rules, 2);
}

static void no_file_no_rules(void **state)
{
	struct tia *t;

	(void)state;
	somebody_adds(10, KMTIA_GRANT_ANY);
	kernel.list_err = -EPERM;
	t = start(MANAGER STATIC);
	assert_true(tia_reload(t, load_good(MANAGER STATIC)));
	expect_told("");
	tia_stop(t);
}

static void reload_changes_what_differs(void **state)
{
	struct tia *t = start_with(TWO_RULES);

	(void)state;
	expect_told("add 10, add 20");
	assert_true(tia_reload(t, with_rules("rule 20 { notify = any }\n"
					     "rule 10 { dictate = any timeout = 5 }\n"
					     "rule 5 { }\n")));
	expect_told("add 5, replace 10");
	assert_int_equal(kernel.there.rules[1].timeout_ms, 5);
	/* What moves is there twice for a moment, and not nowhere. */
	assert_true(tia_reload(t, with_rules("rule 30 { dictate = any }\n" ONE_STATEMENT)));
	expect_told("allow 5, add 30, del 5, del 10, del 20");
	assert_true(tia_reload(t, with_rules("")));
	expect_told("del 30, forbid 5");
	assert_true(tia_reload(t, with_rules("")));
	expect_told("");
	tia_stop(t);
}

static void a_statement_that_changes(void **state)
{
	struct tia *t = start_with(ONE_STATEMENT);

	(void)state;
	expect_told("allow 5");
	assert_true(tia_reload(t, with_rules("manager-policy { uuid = any uid = 5\n"
					     "flags = {\"notify\", \"dictate\"} }\n")));
	expect_told("allow 5");
	assert_int_equal(kernel.there.policies[0].flags, 3);
	tia_stop(t);
}

static void what_is_others_stays(void **state)
{
	struct tia *t;
	int log;

	(void)state;
	somebody_adds(15, KMTIA_GRANT_NONE);
	t = start_with(TWO_RULES);
	expect_told("add 10, add 20");
	/* Ours no more. */
	somebody_adds(20, KMTIA_GRANT_ANY);
	assert_true(tia_reload(t, with_rules("rule 10 { dictate = any }\n")));
	expect_told("");
	/* But the file has the last word on the priorities that it has. */
	log = log_begin();
	assert_true(tia_reload(t, with_rules("rule 10 { dictate = any }\n"
					     "rule 15 { notify = any }\n")));
	assert_true(log_end(log, "rule 15 was not as"));
	expect_told("replace 15");
	tia_stop(t);
}

static void our_own_changes_are_no_news(void **state)
{
	struct tia *t = start_with(TWO_RULES);
	int log = log_begin();

	(void)state;
	assert_true(tia_reload(t, with_rules("rule 10 { }\n")));
	assert_false(log_end(log, "was not as"));
	tia_stop(t);
}

static void somebody_deletes_ours(void **state)
{
	struct tia *t = start_with(TWO_RULES);

	(void)state;
	kernel.there.n_rules = 0;
	kernel.told[0] = '\0';
	assert_true(tia_reload(t, load_good(CONFIG)));
	expect_told("add 10, add 20");
	kernel.there.n_rules = 0;
	assert_true(tia_reload(t, with_rules("")));
	expect_told("");
	/* And what somebody puts there then, is not ours. */
	somebody_adds(20, KMTIA_GRANT_NONE);
	assert_true(tia_reload(t, load_good(CONFIG)));
	expect_told("");
	tia_stop(t);
}

static void warnings_are_logged(void **state)
{
	struct tia *t;
	int log;

	(void)state;
	kernel.warns = true;
	log = log_begin();
	t = start_with("rule 10 { dictate = any on-failure = keep }\n");
	assert_true(log_end(log, "rule 10: beware"));
	tia_stop(t);
}

static void without_the_right(void **state)
{
	struct tia *t;
	int log;

	(void)state;
	kernel.list_err = -EPERM;
	log = log_begin();
	assert_null(tia_start(with_rules(TWO_RULES)));
	assert_true(log_end(log, "cannot set the rules of "));
	assert_int_equal(fake.n_register, 0);

	/* At a reload the rest is of use, and the rules that there are stay. */
	t = start(MANAGER STATIC);
	log = log_begin();
	assert_true(tia_reload(t, load_good(CONFIG)));
	assert_true(log_end(log, "rules.conf: Operation not permitted"));
	/* It does not come by itself. */
	kernel.list_err = 0;
	assert_true(tia_work(t));
	expect_told("");
	assert_true(tia_reload(t, load_good(CONFIG)));
	expect_told("add 10, add 20");
	tia_stop(t);
}

static void what_may_pass_is_tried_again(void **state)
{
	struct tia *t = start(MANAGER STATIC);
	int log = log_begin();

	(void)state;
	kernel.set_err = -ENOBUFS;
	kernel.bad_priority = 20;
	assert_true(tia_reload(t, with_rules(TWO_RULES)));
	assert_true(log_end(log, "cannot set rule 20 of "));
	expect_told("add 10, add 20");
	log = log_begin();
	assert_false(tia_work(t));
	assert_false(log_end(log, "cannot"));
	kernel.told[0] = '\0';
	kernel.set_err = 0;
	assert_true(tia_work(t));
	expect_told("add 20");
	assert_true(tia_work(t));
	/* What was put before it failed is ours. */
	kernel.delete_err = -ENOMEM;
	assert_true(tia_reload(t, with_rules("")));
	expect_told("del 10");
	kernel.delete_err = 0;
	assert_true(tia_work(t));
	expect_told("del 10, del 20");
	tia_stop(t);
}

static void when_the_module_is_back(void **state)
{
	struct tia *t = start_with(TWO_RULES ONE_STATEMENT);

	(void)state;
	expect_told("allow 5, add 10, add 20");
	fake.callbacks.registration(t->h, false, 0, fake.user);
	rules_clear(&kernel.there);
	kernel.list_err = -ENOENT;
	assert_true(tia_work(t));
	expect_told("");
	kernel.list_err = 0;
	fake.callbacks.registration(t->h, true, 0, fake.user);
	expect_told("");
	assert_true(tia_work(t));
	expect_told("allow 5, add 10, add 20");
	/* Also if it does not want us: what the rules refuse, they shall refuse. */
	fake.callbacks.registration(t->h, false, 0, fake.user);
	rules_clear(&kernel.there);
	fake.callbacks.registration(t->h, false, -EEXIST, fake.user);
	assert_true(tia_work(t));
	expect_told("allow 5, add 10, add 20");
	tia_stop(t);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(before_the_registration),
		TEST(no_file_no_rules),
		TEST(reload_changes_what_differs),
		TEST(a_statement_that_changes),
		TEST(what_is_others_stays),
		TEST(our_own_changes_are_no_news),
		TEST(somebody_deletes_ours),
		TEST(warnings_are_logged),
		TEST(without_the_right),
		TEST(what_may_pass_is_tried_again),
		TEST(when_the_module_is_back),
	};

	return cmocka_run_group_tests_name("tools_rules", tests, make_files, remove_path);
}
