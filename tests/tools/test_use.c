// SPDX-License-Identifier: GPL-2.0-only
/* Which secret is used: chosen by command, kept in a file, and configured anew. */
#include "fake_tia.h"

#include <sys/syscall.h>

/* In place of the C library's: a disk that is full, and what reached it. */
static struct {
	int err;
	int files, directories;
} synced;

int fsync(int fd)
{
	struct stat st;

	if (synced.err) {
		errno = synced.err;
		return -1;
	}
	assert_int_equal(fstat(fd, &st), 0);
	synced.files += S_ISREG(st.st_mode);
	synced.directories += S_ISDIR(st.st_mode);
	return (int)syscall(SYS_fsync, fd);
}

static char file[192], new[200];

static int begin(void **state)
{
	reset(state);
	memset(&synced, 0, sizeof(synced));
	snprintf(file, sizeof(file), "%s/use", dir);
	snprintf(new, sizeof(new), "%s.new", file);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rmdir(file);
	unlink(file);
	rmdir(new);
	return 0;
}

static void expect_file(const char *path, const char *expected)
{
	char *text;

	if (!expected) {
		assert_int_not_equal(access(path, F_OK), 0);
		return;
	}
	text = read_file(path);
	assert_string_equal(text, expected);
	free(text);
}

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

/* --- The choice is kept -------------------------------------------------------- */

#define KEEP "control = \"@/sock\" state = \"@/use\"\n" MANAGER
#define KEPT KEEP STANDING
#define KEPT_TWO KEEP STANDING_TWO

static void the_choice_outlives_us(void **state)
{
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE];

	(void)state;
	assert_true(tia_use(t, "two", why));
	expect_file(file, "two\none\n");
	/* A reload does not bring back the old one. */
	assert_true(tia_reload(t, load_good(KEPT)));
	expect_standing("two", 2, 64);
	expect_file(file, "two\none\n");
	tia_stop(t);
	fake_reset();
	t = start(KEPT);
	expect_standing("two", 2, 64);
	ask(t);
	assert_string_equal(fake.answer_key_id, "two");
	/* It is still the configuration's own that is noted. */
	assert_true(tia_use(t, "one", why));
	expect_file(file, "one\none\n");
	tia_stop(t);
}

static void look_when_it_is_set(void)
{
	expect_file(file, NULL);
	expect_file(new, "two\none\n");
	assert_int_equal(synced.files, 1);
	fake.on_set = NULL;
}

/* On the disk, in the kernel, in its place; and when it is answered, the directory. */
static void one_after_the_other(void **state)
{
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE];

	(void)state;
	fake.on_set = look_when_it_is_set;
	assert_true(tia_use(t, "two", why));
	assert_null(fake.on_set);
	expect_file(file, "two\none\n");
	expect_file(new, NULL);
	assert_int_equal(synced.directories, 0);
	assert_true(tia_work(t));
	assert_int_equal(synced.directories, 1);
	assert_true(tia_work(t));
	assert_int_equal(synced.directories, 1);
	/* Nor is it forgotten if there is an end, or a reload, before there is work. */
	assert_true(tia_use(t, "one", why));
	assert_true(tia_reload(t, load_good(KEPT)));
	assert_int_equal(synced.directories, 2);
	assert_true(tia_use(t, "two", why));
	tia_stop(t);
	assert_int_equal(synced.directories, 3);
}

static void a_full_disk_changes_nothing(void **state)
{
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE], expected[TIA_WHY_SIZE];

	(void)state;
	synced.err = ENOSPC;
	assert_false(tia_use(t, "two", why));
	snprintf(expected, sizeof(expected), "cannot write %s: No space left on device", file);
	assert_string_equal(why, expected);
	expect_file(file, NULL);
	expect_file(new, NULL);
	assert_int_equal(mkdir(new, 0700), 0);
	assert_false(tia_use(t, "two", why));
	assert_non_null(strstr(why, "cannot write "));
	assert_int_equal(rmdir(new), 0);
	/* The kernel has heard nothing of it. */
	assert_int_equal(fake.n_set, 1);
	assert_string_equal(used_secret(tia_config(t)), "one");
	assert_true(tia_work(t));
	assert_int_equal(fake.n_set, 1);
	tia_stop(t);
}

static void a_kernel_that_refuses_changes_nothing(void **state)
{
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE];

	(void)state;
	assert_false(tia_use(t, "three", why));
	fake.set_err = -ENOMEM;
	assert_false(tia_use(t, "two", why));
	assert_string_equal(why, "the kernel does not take the secret \"two\"; see the log of "
				 "kmtiad");
	assert_string_equal(used_secret(tia_config(t)), "one");
	expect_file(file, NULL);
	expect_file(new, NULL);
	/* It may have been the new one that it got: again when it can be. */
	fake.set_err = 0;
	assert_true(tia_work(t));
	expect_standing("one", 1, 32);
	/* In place of a directory nothing can be put: the kernel gets the old one back. */
	assert_int_equal(mkdir(file, 0700), 0);
	assert_false(tia_use(t, "two", why));
	assert_non_null(strstr(why, "cannot write "));
	expect_file(new, NULL);
	assert_string_equal(used_secret(tia_config(t)), "one");
	expect_standing("one", 1, 32);
	tia_stop(t);
}

/* --- And the configuration changes ---------------------------------------------- */

/* Whoever edits "use" means it, by a reload and by a restart. */
static void the_configuration_wins_when_it_changes(void **state)
{
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE];
	int log;

	(void)state;
	assert_true(tia_use(t, "one", why));
	log = log_begin();
	assert_true(tia_reload(t, load_good(KEPT_TWO)));
	assert_true(log_end(log, "the configuration says to use \"two\", which it did not when"));
	expect_standing("two", 2, 64);
	expect_file(file, NULL);
	/* The choice is noted against what holds from now on. */
	assert_true(tia_use(t, "one", why));
	expect_file(file, "one\ntwo\n");
	assert_true(tia_reload(t, load_good(KEPT_TWO)));
	expect_standing("one", 1, 32);
	tia_stop(t);
	fake_reset();
	write_file(file, "two\ntwo\n", 0600);
	t = start(KEPT);
	expect_standing("one", 1, 32);
	expect_file(file, NULL);
	tia_stop(t);
}

/* Until it is in use, the old one is, and the choice with it. */
static void a_change_that_fails_forgets_nothing(void **state)
{
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE];

	(void)state;
	assert_true(tia_use(t, "one", why));
	fake.set_err = -ENOMEM;
	assert_false(tia_reload(t, load_good(KEPT_TWO)));
	expect_file(file, "one\none\n");
	tia_stop(t);
	fake.register_err = -EEXIST;
	assert_null(tia_start(load_good(KEPT_TWO)));
	expect_file(file, "one\none\n");
}

static void a_reload_needs_a_file_that_is_right(void **state)
{
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE];
	int log;

	(void)state;
	assert_true(tia_use(t, "two", why));
	write_file(file, "two\n", 0600);
	log = log_begin();
	assert_false(tia_reload(t, load_good(KEPT)));
	assert_true(log_end(log, "/use: is not two lines with a key-id each"));
	expect_standing("two", 2, 64);
	assert_string_equal(used_secret(tia_config(t)), "two");
	assert_int_equal(fake.n_set, 2);
	write_file(file, "two\none\n", 0622);
	assert_false(tia_reload(t, load_good(KEPT)));
	write_file(file, "two\none\n", 0600);
	assert_true(tia_reload(t, load_good(KEPT)));
	tia_stop(t);
	/* A start has nothing to stay with. */
	fake_reset();
	write_file(file, "two\n", 0600);
	log = log_begin();
	t = start(KEPT);
	assert_true(log_end(log, "using the secret that is configured"));
	expect_standing("one", 1, 32);
	tia_stop(t);
}

static void a_file_that_is_lost_is_a_warning(void **state)
{
	static const char words[] = "using the secret \"one\", as configured, and not \"two\" any";
	struct tia *t = start(KEPT);
	char why[TIA_WHY_SIZE];
	int log;

	(void)state;
	log = log_begin();
	assert_true(tia_reload(t, load_good(KEPT)));
	assert_false(log_end(log, "there is no choice in"));
	assert_true(tia_use(t, "two", why));
	assert_int_equal(unlink(file), 0);
	log = log_begin();
	assert_true(tia_reload(t, load_good(KEPT)));
	assert_true(log_end(log, words));
	expect_standing("one", 1, 32);
	/* What is configured anew needs no warning. */
	log = log_begin();
	assert_true(tia_reload(t, load_good(KEPT_TWO)));
	assert_true(tia_reload(t, load_good(MANAGER STATIC)));
	assert_true(tia_reload(t, load_good(KEPT)));
	assert_false(log_end(log, "there is no choice in"));
	tia_stop(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests),
		TEST(the_choice_outlives_us),
		TEST(one_after_the_other),
		TEST(a_full_disk_changes_nothing),
		TEST(a_kernel_that_refuses_changes_nothing),
		TEST(the_configuration_wins_when_it_changes),
		TEST(a_change_that_fails_forgets_nothing),
		TEST(a_reload_needs_a_file_that_is_right),
		TEST(a_file_that_is_lost_is_a_warning),
	};

	return cmocka_run_group_tests_name("tools_use", tests, make_secrets, remove_path);
}
