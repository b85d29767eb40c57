// SPDX-License-Identifier: GPL-2.0-only
/* The key manager that kmtiad is: what stands in the kernel, and stays there. */
#include "fake_lib.h"

#include "kmtiad/answer.c"
#include "kmtiad/control_request.c"
#include "kmtiad/feed.c"
#include "kmtiad/tia.c"

#define STANDING "source secret { standing = yes use = one " ONE TWO "}\n"
#define ASKED "source secret { use = one " ONE TWO "}\n"
#define STATIC "source static { test-function = spi-sha256 }\n"

static int make_secrets(void **state)
{
	make_path(state);
	write_secret("one.key", 1, 32, 0600);
	write_secret("two.key", 2, 64, 0600);
	return 0;
}

static int reset(void **state)
{
	(void)state;
	fake_reset();
	/* A test may have written other bytes. */
	write_secret("one.key", 1, 32, 0600);
	return 0;
}

static struct tia *start(const char *text)
{
	struct tia *t = tia_start(load_good(text));

	assert_non_null(t);
	assert_int_equal(fake.n_register, 1);
	return t;
}

static void expect_standing(const char *key_id, int byte, size_t len)
{
	assert_true(fake.stands);
	assert_int_equal(fake.secret.number, 1);
	assert_string_equal(fake.key_id, key_id);
	assert_int_equal(fake.secret.secret_len, len);
	assert_int_equal(fake.bytes[0], byte);
	assert_int_equal(fake.bytes[len - 1], byte);
}

static void set_at_the_start(void **state)
{
	struct tia *t = start("manager { uuid = \"" UUID_TEXT "\" flags = dictate weight = 7 "
			      "grace = 5000 }\n" STANDING);

	(void)state;
	expect_standing("one", 1, 32);
	assert_int_equal(fake.secret.size, sizeof(fake.secret));
	assert_int_equal(fake.secret.derivation, KMTIA_DERIVATION_MIX);
	assert_true(fake.secret.has_weight);
	assert_int_equal(fake.secret.weight, 7);
	assert_int_equal(fake.secret.origin, KMTIA_ORIGIN_LOCAL);
	assert_int_equal(fake.manager.grace_ms, 5000);
	assert_int_equal(fake.n_flush, 0);
	tia_stop(t);
}

static void a_start_that_fails(void **state)
{
	(void)state;
	fake.set_err = -ENOSPC;
	assert_null(tia_start(load_good(MANAGER STANDING)));
	fake_reset();
	fake.register_err = -EPERM;
	assert_null(tia_start(load_good(MANAGER STANDING)));
	assert_int_equal(fake.n_set, 0);
}

/* In its grace the kernel may have kept what a daemon before us has set. */
static void what_others_left_is_flushed(void **state)
{
	struct tia *t;

	(void)state;
	t = start(MANAGER ASKED);
	assert_int_equal(fake.n_flush, 1);
	tia_stop(t);
	fake_reset();
	fake.flush_err = -ENOENT;
	t = start(MANAGER STATIC);
	assert_int_equal(fake.n_flush, 1);
	tia_stop(t);
	fake_reset();
	fake.no_standing = true;
	t = start(MANAGER STATIC);
	assert_int_equal(fake.n_flush, 0);
	tia_stop(t);
	fake_reset();
	t = start("manager { uuid = \"" UUID_TEXT "\" flags = notify }\n");
	assert_int_equal(fake.n_flush, 0);
	tia_stop(t);
}

static void ask(struct tia *t)
{
	const struct kmtia_sa sa = { .n_slots = 1, .slots = { { .bits = 160 } } };
	const struct kmtia_pair pair = { .keyed = &sa };
	uint32_t weight = 1;
	bool will = false;

	fake.callbacks.key_dictation_check(t->h, &pair, &will, &weight, fake.user);
	assert_true(will);
	assert_int_equal(weight, 1);
	fake.callbacks.key_dictation(t->h, NULL, &pair, fake.user);
}

static void questions_are_answered(void **state)
{
	struct tia *t = start(MANAGER ASKED);

	(void)state;
	ask(t);
	assert_int_equal(fake.derivation, KMTIA_DERIVATION_MIX);
	assert_string_equal(fake.answer_key_id, "one");
	assert_int_equal(fake.answer_len, 32);
	assert_int_equal(fake.answer[31], 1);
	tia_stop(t);
	fake_reset();
	/* Also where a secret stands for them. */
	t = start(MANAGER "source secret { standing = yes derivation = expand " TWO "}\n");
	ask(t);
	assert_int_equal(fake.derivation, KMTIA_DERIVATION_EXPAND);
	assert_string_equal(fake.answer_key_id, "two");
	assert_int_equal(fake.answer_len, 64);
	tia_stop(t);
}

/* --- Reload ------------------------------------------------------------------ */

static void reload_keeps_the_registration(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	assert_true(tia_reload(t, load_good(MANAGER "source secret { standing = yes use = two "
					    "derivation = expand " ONE TWO "}\n")));
	expect_standing("two", 2, 64);
	assert_int_equal(fake.secret.derivation, KMTIA_DERIVATION_EXPAND);
	assert_int_equal(fake.n_register, 1);
	assert_int_equal(fake.n_flush, 0);
	ask(t);
	assert_string_equal(fake.answer_key_id, "two");
	tia_stop(t);
}

static void reload_reads_files_anew(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	write_secret("one.key", 9, 48, 0600);
	assert_true(tia_reload(t, load_good(MANAGER STANDING)));
	expect_standing("one", 9, 48);
	assert_int_equal(fake.n_register, 1);
	tia_stop(t);
}

static void reload_flushes_what_shall_not_stand(void **state)
{
	static const char *const sources[] = { MANAGER ASKED, MANAGER STATIC };
	struct tia *t;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fake_reset();
		t = start(MANAGER STANDING);
		assert_true(tia_reload(t, load_good(sources[i])));
		assert_false(fake.stands);
		assert_int_equal(fake.n_register, 1);
		tia_stop(t);
	}
}

static void reload_that_fails_changes_nothing(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	fake.set_err = -ENOMEM;
	assert_false(tia_reload(t, load_good(MANAGER "source secret { standing = yes " TWO "}\n")));
	expect_standing("one", 1, 32);
	assert_string_equal(used_secret(tia_config(t)), "one");
	fake.flush_err = -ENOMEM;
	assert_false(tia_reload(t, load_good(MANAGER STATIC)));
	assert_non_null(tia_config(t)->source->ops->use);
	/* One that would need another registration. */
	assert_false(tia_reload(t, load_good("manager { uuid = \"" UUID_TEXT "\" "
					     "flags = notify }\n")));
	ask(t);
	assert_string_equal(fake.answer_key_id, "one");
	assert_int_equal(fake.n_register, 1);
	tia_stop(t);
}

/* --- The module goes and comes ------------------------------------------------- */

static void go(void)
{
	fake.stands = false;
	fake.callbacks.registration(fake_handle, false, 0, fake.user);
}

static void come(void)
{
	fake.callbacks.registration(fake_handle, true, 0, fake.user);
}

static void go_and_come(void)
{
	go();
	come();
}

static void refuse(void)
{
	fake.callbacks.registration(fake_handle, false, -EEXIST, fake.user);
}

static void secrets_are_set_again(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	go();
	assert_false(tia_is_registered(t));
	fake.managers_err = -ENOTCONN;
	assert_true(tia_check(t));
	fake.managers_err = -ENOENT;
	assert_true(tia_check(t));
	assert_true(tia_work(t));
	assert_false(fake.stands);
	fake.managers_err = 0;
	/* Back, but nobody has told us so far. */
	fake.listed = false;
	assert_true(tia_check(t));
	fake.listed = true;
	come();
	assert_true(tia_is_registered(t));
	assert_true(tia_work(t));
	expect_standing("one", 1, 32);
	assert_int_equal(fake.n_set, 2);
	assert_true(tia_work(t));
	assert_int_equal(fake.n_set, 2);
	tia_stop(t);
}

static void setting_again_is_tried_again(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	go_and_come();
	fake.set_err = -ENOMEM;
	assert_false(tia_work(t));
	assert_false(tia_work(t));
	fake.set_err = 0;
	assert_true(tia_work(t));
	expect_standing("one", 1, 32);
	/* Away before we know: it will be asked for again. */
	go_and_come();
	fake.set_err = -ENOTCONN;
	assert_true(tia_work(t));
	tia_stop(t);
}

static void changes_while_it_is_away(void **state)
{
	struct tia *t = start(MANAGER STANDING);
	char why[TIA_WHY_SIZE];

	(void)state;
	go();
	assert_true(tia_use(t, "two", why));
	assert_true(tia_reload(t, load_good(MANAGER "source secret { standing = yes use = two "
					    ONE TWO "}\n")));
	assert_int_equal(fake.n_set, 1);
	come();
	assert_true(tia_work(t));
	expect_standing("two", 2, 64);
	tia_stop(t);
}

static void an_administrator_ends_it(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	assert_true(tia_check(t));
	fake.listed = false;
	/* Loaded anew is not ended. */
	fake.on_dispatch = go_and_come;
	assert_true(tia_check(t));
	assert_false(tia_check(t));
	tia_stop(t);
}

static void the_new_module_refuses(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	go();
	refuse();
	fake.managers_err = -ENOTCONN;
	assert_true(tia_check(t));
	fake.managers_err = 0;
	assert_false(tia_check(t));
	come();
	assert_true(tia_check(t));
	tia_stop(t);
}

/* --- Using another one --------------------------------------------------------- */

static void check_request(struct tia *t, const char *request, const char *answer)
{
	char *text = control_request(request, strlen(request), t);

	assert_string_equal(text, answer);
	free(text);
}

static void requests(void **state)
{
	static const char misunderstood[] = "{\"error\":\"the request is not understood\"}";
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	check_request(t, "{\"command\":\"secret-show\"}",
		      "{\"derivation\":\"mix\",\"standing\":true,\"used\":\"one\",\"secrets\":["
		      "{\"key_id\":\"one\",\"used\":true},{\"key_id\":\"two\",\"used\":false}],"
		      "\"registered\":true}");
	check_request(t, "{\"command\":\"secret-use\",\"key_id\":\"two\"}",
		      "{\"used\":\"two\",\"before\":\"one\",\"kept\":false}");
	expect_standing("two", 2, 64);
	check_request(t, "{\"command\":\"secret-use\",\"key_id\":\"three\"}",
		      "{\"error\":\"there is no secret with the key-id \\\"three\\\"\"}");
	expect_standing("two", 2, 64);
	check_request(t, "", misunderstood);
	check_request(t, "{", misunderstood);
	check_request(t, "[]", misunderstood);
	check_request(t, "{}", misunderstood);
	check_request(t, "\xff\xfe{}", misunderstood);
	check_request(t, "{\"command\":1}", misunderstood);
	check_request(t, "{\"command\":\"secret-burn\"}", misunderstood);
	check_request(t, "{\"command\":\"secret-show\",\"x\":1}", misunderstood);
	check_request(t, "{\"command\":\"secret-show\",\"command\":\"secret-show\"}",
		      misunderstood);
	check_request(t, "{\"command\":\"secret-use\"}", misunderstood);
	check_request(t, "{\"command\":\"secret-use\",\"key_id\":1}", misunderstood);
	check_request(t, "{\"command\":\"secret-use\",\"key_id\":\"a\\u0000\"}", misunderstood);
	assert_string_equal(used_secret(tia_config(t)), "two");
	tia_stop(t);
	fake_reset();
	t = start(MANAGER STATIC);
	check_request(t, "{\"command\":\"secret-show\"}",
		      "{\"error\":\"the source of keys has no secrets to choose from\"}");
	tia_stop(t);
}

#define KEPT "state = \"@/use\"\n" MANAGER STANDING

static void the_choice_outlives_us(void **state)
{
	struct tia *t = start(KEPT);
	char file[192], why[TIA_WHY_SIZE], *text;

	(void)state;
	snprintf(file, sizeof(file), "%s/use", dir);
	assert_true(tia_use(t, "two", why));
	text = read_file(file);
	assert_string_equal(text, "two\n");
	free(text);
	/* A reload does not bring back the old one. */
	assert_true(tia_reload(t, load_good(KEPT)));
	expect_standing("two", 2, 64);
	tia_stop(t);
	fake_reset();
	t = start(KEPT);
	expect_standing("two", 2, 64);
	ask(t);
	assert_string_equal(fake.answer_key_id, "two");
	tia_stop(t);
	unlink(file);
}

static void a_choice_that_fails_changes_nothing(void **state)
{
	struct tia *t = start(KEPT);
	char file[192], new[200], why[TIA_WHY_SIZE];

	(void)state;
	snprintf(file, sizeof(file), "%s/use", dir);
	snprintf(new, sizeof(new), "%s.new", file);
	assert_false(tia_use(t, "three", why));
	fake.set_err = -ENOMEM;
	assert_false(tia_use(t, "two", why));
	assert_string_equal(why, "the kernel does not take the secret \"two\"; see the log of "
			    "kmtiad");
	assert_string_equal(used_secret(tia_config(t)), "one");
	assert_int_not_equal(access(file, F_OK), 0);
	/* It may have been the new one that it got: again when it can be. */
	fake.set_err = 0;
	assert_true(tia_work(t));
	expect_standing("one", 1, 32);
	assert_int_equal(mkdir(new, 0700), 0);
	assert_false(tia_use(t, "two", why));
	assert_non_null(strstr(why, "cannot write "));
	assert_string_equal(used_secret(tia_config(t)), "one");
	expect_standing("one", 1, 32);
	rmdir(new);
	tia_stop(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(set_at_the_start, reset),
		cmocka_unit_test_setup(a_start_that_fails, reset),
		cmocka_unit_test_setup(what_others_left_is_flushed, reset),
		cmocka_unit_test_setup(questions_are_answered, reset),
		cmocka_unit_test_setup(reload_keeps_the_registration, reset),
		cmocka_unit_test_setup(reload_reads_files_anew, reset),
		cmocka_unit_test_setup(reload_flushes_what_shall_not_stand, reset),
		cmocka_unit_test_setup(reload_that_fails_changes_nothing, reset),
		cmocka_unit_test_setup(secrets_are_set_again, reset),
		cmocka_unit_test_setup(setting_again_is_tried_again, reset),
		cmocka_unit_test_setup(changes_while_it_is_away, reset),
		cmocka_unit_test_setup(an_administrator_ends_it, reset),
		cmocka_unit_test_setup(the_new_module_refuses, reset),
		cmocka_unit_test_setup(requests, reset),
		cmocka_unit_test_setup(the_choice_outlives_us, reset),
		cmocka_unit_test_setup(a_choice_that_fails_changes_nothing, reset),
	};

	return cmocka_run_group_tests_name("tools_tia", tests, make_secrets, remove_path);
}
