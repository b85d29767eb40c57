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
	struct state_choice found = { "", "" };
	char why[STATE_WHY_SIZE] = "";

	assert_int_equal(state_read(file, &found, why), expected);
	if (expected == STATE_CHOSEN) {
		assert_string_equal(found.key_id, key_id);
		assert_string_equal(found.configured, "one");
	}
	if (reason)
		assert_non_null(strstr(why, reason));
	else
		assert_string_equal(why, "");
}

/* What holds a path, and a source that says to use "one". */
#define SOURCE(use) "control = /x\nstate = \"@/use\"\n" MANAGER \
		    "source secret { use = " use "\n" ONE TWO "}\n"

static bool choose_at(const char *path, const char *key_id, char why[STATE_WHY_SIZE])
{
	struct config *config = load_good(SOURCE("one"));
	bool done;

	free(config->state);
	config->state = path ? strdup(path) : NULL;
	done = state_prepare(config, key_id, why) && state_commit(config, why);
	state_sync(config);
	config_free(config);
	return done;
}

static void choose(const char *key_id)
{
	char why[STATE_WHY_SIZE] = "";

	assert_true(choose_at(file, key_id, why));
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
	char long_id[KMTIA_KEY_ID_MAX_LEN + 1], why[STATE_WHY_SIZE];
	struct stat st;

	(void)state;
	expect_state(STATE_NONE, "", NULL);
	choose("2026-11");
	expect_state(STATE_CHOSEN, "2026-11", NULL);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	memset(long_id, 'x', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	choose(long_id);
	expect_state(STATE_CHOSEN, long_id, NULL);
	choose("a b");
	expect_state(STATE_CHOSEN, "a b", NULL);
	/* Without "state" nothing is kept, which is no failure. */
	assert_true(choose_at(NULL, "c", why));
	expect_state(STATE_CHOSEN, "a b", NULL);
}

/* What a crash left half-written is no hindrance, and not followed either. */
static void leftovers(void **state)
{
	char new[200], target[200];

	(void)state;
	snprintf(new, sizeof(new), "%s.new", file);
	snprintf(target, sizeof(target), "%s/one.key", dir);
	assert_int_equal(symlink(target, new), 0);
	choose("k");
	expect_state(STATE_CHOSEN, "k", NULL);
	assert_int_not_equal(access(new, F_OK), 0);
	config_free(load_good(MANAGER "source secret { " ONE "}\n"));
}

/* Nothing is left behind, and a path that is endless does not hide the reason. */
static void what_cannot_be_written_stays(void **state)
{
	char why[STATE_WHY_SIZE], new[200], deep[400];

	(void)state;
	choose("before");
	snprintf(new, sizeof(new), "%s.new", file);
	assert_int_equal(mkdir(new, 0700), 0);
	assert_false(choose_at(file, "after", why));
	assert_non_null(strstr(why, "cannot write "));
	expect_state(STATE_CHOSEN, "before", NULL);
	rmdir(new);
	assert_false(choose_at("/nonexistent/use", "x", why));
	assert_string_equal(why, "cannot write /nonexistent/use: No such file or directory");
	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	deep[0] = '/';
	deep[200] = '/';
	assert_false(choose_at(deep, "x", why));
	assert_non_null(strstr(why, ": No such file or directory"));

	unlink(file);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_false(choose_at(file, "after", why));
	assert_non_null(strstr(why, ": Is a directory"));
	assert_int_not_equal(access(new, F_OK), 0);
	rmdir(file);
}

static void corrupt_files(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} texts[] = {
		{ "", 0 },
		{ "\n", 1 },
		{ "x", 1 },
		{ "x\n", 2 },
		{ "x\ny", 3 },
		{ "\n\n", 2 },
		{ "x\n\n", 3 },
		{ "\nx\n", 3 },
		{ "x\ny\nz\n", 6 },
		{ "x\ny\n\n", 5 },
		{ "x\0\ny\n", 5 },
		{ "x\ny\n\0", 5 },
		{ "x\ny\0\n", 5 },
		{ "\033[1m\ny\n", 7 },
		{ "x\n\302\233\n", 5 },
	};
	char long_text[2 * KMTIA_KEY_ID_MAX_LEN + 3];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text(texts[i].text, texts[i].len, 0600);
		expect_state(STATE_WRONG, "", "is not two lines with a key-id each");
	}
	/* Both as long as can be, and one more. */
	memset(long_text, 'x', sizeof(long_text));
	long_text[KMTIA_KEY_ID_MAX_LEN] = '\n';
	long_text[2 * KMTIA_KEY_ID_MAX_LEN + 1] = '\n';
	write_text(long_text, 2 * KMTIA_KEY_ID_MAX_LEN + 3, 0600);
	expect_state(STATE_WRONG, "", "is not two lines with a key-id each");
	long_text[2 * KMTIA_KEY_ID_MAX_LEN + 1] = 'x';
	long_text[2 * KMTIA_KEY_ID_MAX_LEN + 2] = '\n';
	write_text(long_text, 2 * KMTIA_KEY_ID_MAX_LEN + 3, 0600);
	expect_state(STATE_WRONG, "", "is not two lines with a key-id each");
}

static void files_of_others(void **state)
{
	char target[200];

	(void)state;
	write_text("x\none\n", 6, 0620);
	expect_state(STATE_WRONG, "", "others may write it");
	write_text("x\none\n", 6, 0602);
	expect_state(STATE_WRONG, "", "others may write it");
	write_text("x\none\n", 6, 0644);
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

static void expect_restored(const char *text, enum state expected, const char *key_id)
{
	struct config *config = load_good(text);
	char why[STATE_WHY_SIZE];

	assert_int_equal(state_restore(config, why), expected);
	assert_string_equal(used_secret(config), key_id);
	config_free(config);
}

static void the_choice_wins_while_it_can(void **state)
{
	(void)state;
	expect_restored(SOURCE("one"), STATE_NONE, "one");
	choose("two");
	expect_restored(SOURCE("one"), STATE_CHOSEN, "two");
	/* The configuration has changed since: what it says is meant. */
	expect_restored(SOURCE("two"), STATE_OUTDATED, "two");
	/* One that was taken out of the configuration, and one that is none. */
	choose("three");
	expect_restored(SOURCE("one"), STATE_CHOSEN, "one");
	expect_restored(SOURCE("two"), STATE_OUTDATED, "two");
	write_text("garbage", 7, 0600);
	expect_restored(SOURCE("one"), STATE_WRONG, "one");
	/* Without "state" nobody looks. */
	choose("two");
	expect_restored(MANAGER "source secret { use = one\n" ONE TWO "}\n", STATE_NONE, "one");
	/* The only one needs no "use", and is what the configuration says. */
	expect_restored("control = /x state = \"@/use\"\n" MANAGER "source secret { " ONE "}\n",
			STATE_CHOSEN, "one");
	expect_restored("control = /x state = \"@/use\"\n" MANAGER "source secret { " TWO "}\n",
			STATE_OUTDATED, "two");
}

/* Looking at it changes no file; putting the configuration to use does. */
static void what_is_outdated_is_dropped(void **state)
{
	struct config *before = load_good(SOURCE("one")), *config = load_good(SOURCE("two"));
	char why[STATE_WHY_SIZE];

	(void)state;
	choose("one");
	assert_int_equal(state_restore(config, why), STATE_OUTDATED);
	expect_state(STATE_CHOSEN, "one", NULL);
	state_settle(STATE_CHOSEN, before, config);
	state_settle(STATE_NONE, before, config);
	state_settle(STATE_NONE, NULL, config);
	expect_state(STATE_CHOSEN, "one", NULL);
	state_settle(STATE_OUTDATED, NULL, config);
	expect_state(STATE_NONE, "", NULL);
	state_settle(STATE_OUTDATED, before, config);
	config_free(before);
	config_free(config);
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
		cmocka_unit_test_teardown(what_is_outdated_is_dropped, remove_state),
	};

	return cmocka_run_group_tests_name("tools_state", tests, make_state, remove_path);
}
