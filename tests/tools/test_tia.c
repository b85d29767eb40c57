// SPDX-License-Identifier: GPL-2.0-only
/* The key manager that kmtiad is: what stands in the kernel, and stays there. */
#include "fake_tia.h"

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
	t = start(WATCHER);
	assert_int_equal(fake.n_flush, 0);
	tia_stop(t);
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
	assert_false(tia_reload(t, load_good(WATCHER)));
	ask(t);
	assert_string_equal(fake.answer_key_id, "one");
	assert_int_equal(fake.n_register, 1);
	tia_stop(t);
}

/* Nor does one the other way round: a source without questions is of no use. */
static void who_only_watches_gets_no_source(void **state)
{
	struct tia *t = start(WATCHER);
	int log;

	(void)state;
	log = log_begin();
	assert_false(tia_reload(t, load_good(MANAGER STANDING)));
	assert_true(log_end(log, "not registered to dictate"));
	assert_null(tia_config(t)->source);
	assert_int_equal(fake.n_set + fake.n_flush, 0);
	assert_true(tia_reload(t, load_good(WATCHER)));
	tia_stop(t);
}

/* The kernel has done it, but its answer was lost: what counts is put back. */
static void reload_whose_answer_is_lost(void **state)
{
	struct tia *t = start(MANAGER STANDING);

	(void)state;
	fake.done_anyway = true;
	fake.set_err = -ETIMEDOUT;
	assert_false(tia_reload(t, load_good(MANAGER "source secret { standing = yes " TWO "}\n")));
	assert_string_equal(fake.key_id, "two");
	assert_false(tia_work(t));
	fake.set_err = 0;
	assert_true(tia_work(t));
	expect_standing("one", 1, 32);
	fake.flush_err = -ENOBUFS;
	assert_false(tia_reload(t, load_good(MANAGER ASKED)));
	assert_false(fake.stands);
	assert_true(tia_work(t));
	expect_standing("one", 1, 32);
	/* One that is refused before it gets there changes nothing in the kernel. */
	assert_false(tia_reload(t, load_good(WATCHER)));
	assert_int_equal(fake.n_set, 5);
	assert_true(tia_work(t));
	assert_int_equal(fake.n_set, 5);
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

static void refuse(int err)
{
	fake.callbacks.registration(fake_handle, false, err, fake.user);
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
	assert_true(tia_reload(t, load_good(MANAGER STANDING_TWO)));
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
	refuse(-EEXIST);
	/* Whatever the kernel says. */
	assert_false(tia_check(t));
	fake.managers_err = -ENOTCONN;
	assert_false(tia_check(t));
	fake.managers_err = -EPERM;
	assert_false(tia_check(t));
	fake.managers_err = 0;
	come();
	assert_true(tia_check(t));
	/* Gone again while it was asked: it will come back. */
	go();
	refuse(-ENOTCONN);
	fake.managers_err = -ENOTCONN;
	assert_true(tia_check(t));
	assert_true(tia_check(t));
	tia_stop(t);
}

/* It is back, and nobody tells us: to wait longer is to wait for ever. */
static void that_it_is_back_is_lost(void **state)
{
	static const int errors[] = { 0, -EPERM };
	struct tia *t;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fake_reset();
		t = start(MANAGER STANDING);
		fake.listed = false;
		go();
		fake.managers_err = errors[i];
		assert_true(tia_check(t));
		/* Away after all; then it is there and tells us, */
		fake.managers_err = -ENOTCONN;
		assert_true(tia_check(t));
		fake.managers_err = errors[i];
		assert_true(tia_check(t));
		fake.on_dispatch = come;
		assert_true(tia_check(t));
		fake.listed = true;
		assert_true(tia_check(t));
		/* and now it does not. */
		go();
		fake.listed = false;
		assert_true(tia_check(t));
		assert_false(tia_check(t));
		tia_stop(t);
	}
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
		cmocka_unit_test_setup(who_only_watches_gets_no_source, reset),
		cmocka_unit_test_setup(reload_whose_answer_is_lost, reset),
		cmocka_unit_test_setup(secrets_are_set_again, reset),
		cmocka_unit_test_setup(setting_again_is_tried_again, reset),
		cmocka_unit_test_setup(changes_while_it_is_away, reset),
		cmocka_unit_test_setup(an_administrator_ends_it, reset),
		cmocka_unit_test_setup(the_new_module_refuses, reset),
		cmocka_unit_test_setup(that_it_is_back_is_lost, reset),
	};

	return cmocka_run_group_tests_name("tools_tia", tests, make_secrets, remove_path);
}
