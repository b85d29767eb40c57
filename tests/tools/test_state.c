// SPDX-License-Identifier: GPL-2.0-only
/* The file that keeps which secret was chosen. */
#include "secret_test.h"
#include "kmtiad/state.h"

static char file[192];

static int make_state(void **state)
{
	make_path(state);
	write_secret("one.key", 1, 32, 0600);
	write_secret("two.key", 2, 32, 0600);
	snprintf(file, sizeof(file), "%s/use", dir);
	return 0;
}

static int remove_state(void **state)
{
	char new[200];

	(void)state;
	snprintf(new, sizeof(new), "%s.new", file);
	unlink(file);
	unlink(new);
	return 0;
}

static void expect_state(enum state expected, const char *key_id, const char *reason)
{
	char found[KMTIA_KEY_ID_MAX_LEN + 1] = "", why[STATE_WHY_SIZE] = "";

	assert_int_equal(state_read(file, found, why), expected);
	assert_string_equal(found, key_id);
	if (reason)
		assert_non_null(strstr(why, reason));
	else
		assert_string_equal(why, "");
}

static void write_text(const char *text, size_t len, mode_t mode)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void what_is_written_is_read(void **state)
{
	char why[STATE_WHY_SIZE], long_id[KMTIA_KEY_ID_MAX_LEN + 1];
	struct stat st;

	(void)state;
	expect_state(STATE_NONE, "", NULL);
	assert_true(state_write(file, "2026-11", why));
	expect_state(STATE_CHOSEN, "2026-11", NULL);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	memset(long_id, 'x', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	assert_true(state_write(file, long_id, why));
	expect_state(STATE_CHOSEN, long_id, NULL);
	assert_true(state_write(file, "a b", why));
	expect_state(STATE_CHOSEN, "a b", NULL);
}

/* What a crash left half-written is no hindrance, and not followed either. */
static void leftovers(void **state)
{
	char new[200], target[200], why[STATE_WHY_SIZE];

	(void)state;
	snprintf(new, sizeof(new), "%s.new", file);
	snprintf(target, sizeof(target), "%s/one.key", dir);
	assert_int_equal(symlink(target, new), 0);
	assert_true(state_write(file, "k", why));
	expect_state(STATE_CHOSEN, "k", NULL);
	assert_int_not_equal(access(new, F_OK), 0);
	config_free(load_good(MANAGER "source secret { " ONE "}\n"));
}

static void what_cannot_be_written_stays(void **state)
{
	char why[STATE_WHY_SIZE], new[200];

	(void)state;
	assert_true(state_write(file, "before", why));
	snprintf(new, sizeof(new), "%s.new", file);
	assert_int_equal(mkdir(new, 0700), 0);
	assert_false(state_write(file, "after", why));
	assert_non_null(strstr(why, "cannot write "));
	expect_state(STATE_CHOSEN, "before", NULL);
	rmdir(new);
	assert_false(state_write("/nonexistent/use", "x", why));
	assert_string_equal(why, "cannot write /nonexistent/use: No such file or directory");
}

static void corrupt_files(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} texts[] = {
		{ "", 0 }, { "\n", 1 }, { "x", 1 }, { "x\ny\n", 4 }, { "x\0\n", 3 },
		{ "\033[1m\n", 5 }, { "x\n\n", 3 },
	};
	char long_text[KMTIA_KEY_ID_MAX_LEN + 3];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text(texts[i].text, texts[i].len, 0600);
		expect_state(STATE_WRONG, "", "is not a line with a key-id");
	}
	memset(long_text, 'x', sizeof(long_text));
	long_text[KMTIA_KEY_ID_MAX_LEN + 1] = '\n';
	write_text(long_text, KMTIA_KEY_ID_MAX_LEN + 2, 0600);
	expect_state(STATE_WRONG, "", "is not a line with a key-id");
}

static void files_of_others(void **state)
{
	char target[200];

	(void)state;
	write_text("x\n", 2, 0620);
	expect_state(STATE_WRONG, "", "others may write it");
	write_text("x\n", 2, 0602);
	expect_state(STATE_WRONG, "", "others may write it");
	write_text("x\n", 2, 0644);
	expect_state(STATE_CHOSEN, "x", NULL);
	if (!geteuid()) {
		assert_int_equal(chown(file, 12345, 0), 0);
		expect_state(STATE_WRONG, "", "belongs to somebody else");
	}
	unlink(file);
	snprintf(target, sizeof(target), "%s/one.key", dir);
	assert_int_equal(symlink(target, file), 0);
	expect_state(STATE_WRONG, "", "is a symbolic link");
	unlink(file);
	assert_int_equal(mkdir(file, 0700), 0);
	expect_state(STATE_WRONG, "", "not a regular file");
	rmdir(file);
}

static void expect_restored(const char *text, const char *key_id)
{
	struct config *config = load_good(text);

	state_restore(config);
	assert_string_equal(used_secret(config), key_id);
	config_free(config);
}

#define SOURCE(use) "state = \"@/use\"\n" MANAGER "source secret { use = " use "\n" ONE TWO "}\n"

static void the_choice_wins_while_it_can(void **state)
{
	char why[STATE_WHY_SIZE];

	(void)state;
	expect_restored(SOURCE("one"), "one");
	assert_true(state_write(file, "two", why));
	expect_restored(SOURCE("one"), "two");
	expect_restored(SOURCE("two"), "two");
	/* One that was taken out of the configuration, and one that is none. */
	assert_true(state_write(file, "three", why));
	expect_restored(SOURCE("one"), "one");
	expect_restored(SOURCE("two"), "two");
	write_text("garbage", 7, 0600);
	expect_restored(SOURCE("one"), "one");
	/* Without "state" nobody looks. */
	assert_true(state_write(file, "two", why));
	expect_restored(MANAGER "source secret { use = one\n" ONE TWO "}\n", "one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_written_is_read, remove_state),
		cmocka_unit_test_teardown(leftovers, remove_state),
		cmocka_unit_test_teardown(what_cannot_be_written_stays, remove_state),
		cmocka_unit_test_teardown(corrupt_files, remove_state),
		cmocka_unit_test_teardown(files_of_others, remove_state),
		cmocka_unit_test_teardown(the_choice_wins_while_it_can, remove_state),
	};

	return cmocka_run_group_tests_name("tools_state", tests, make_state, remove_path);
}
