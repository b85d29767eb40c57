// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmtiad at work, but for the kernel: signals, and "kmtia secret" by the control
 * socket. The daemon is a process of its own; what it says shows how it is.
 */
#include "fake_lib.h"

#include "kmtiad/answer.c"
#include "kmtiad/control_request.c"
#include "kmtiad/feed.c"
#include "kmtiad/rules.c"
#include "kmtiad/tia.c"
#include "kmtiad/loop.c"

#include <sys/wait.h>

#define CONFIG(use) "control = \"@/sock\"\nstate = \"@/use\"\n" MANAGER \
		    "source secret { standing = yes use = " use "\n" ONE TWO "}\n"

static pid_t daemon_pid;
static char sock[192], log_path[192];

static int make_secrets(void **state)
{
	make_path(state);
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	write_secret("one.key", 1, 32, 0600);
	write_secret("two.key", 2, 32, 0600);
	return 0;
}

static void be_the_daemon(void)
{
	char error[CONFIG_ERROR_SIZE];
	int code, out = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	dup2(out, STDERR_FILENO);
	fake_reset();
	code = loop_run(config_load(conf, error), conf);
	fprintf(stderr, "asked the kernel %d times\n", fake.n_open + fake.n_register + fake.n_set);
	_exit(code);
}

static bool log_has(const char *text)
{
	char *log = access(log_path, F_OK) ? strdup("") : read_file(log_path);
	bool found = strstr(log, text);

	free(log);
	return found;
}

static void wait_log(const char *text)
{
	int i;

	for (i = 0; i < 2000 && !log_has(text); i++)
		usleep(10000);
	if (!log_has(text))
		fail_msg("not logged: %s", text);
}

static int start_daemon(void **state)
{
	(void)state;
	unlink(log_path);
	write_config(CONFIG("one"));
	daemon_pid = fork();
	if (!daemon_pid)
		be_the_daemon();
	wait_log("registered as");
	return 0;
}

/* Returns the exit code. */
static int end_daemon(int signal_number)
{
	int status;

	kill(daemon_pid, signal_number);
	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int stop_daemon(void **state)
{
	char file[192];

	(void)state;
	if (daemon_pid) {
		kill(daemon_pid, SIGKILL);
		waitpid(daemon_pid, NULL, 0);
		daemon_pid = 0;
	}
	snprintf(file, sizeof(file), "%s/use", dir);
	unlink(file);
	return 0;
}

static void km(const char *words, int code, const char *out, const char *err)
{
	char line[512];
	struct run r;

	snprintf(line, sizeof(line), "%s control %s", words, sock);
	assert_int_equal(run_line(&r, line), code);
	assert_string_equal(r.out, out);
	if (*err)
		assert_non_null(strstr(r.err, err));
	else
		assert_string_equal(r.err, "");
	run_free(&r);
}

static void expect_used(const char *show)
{
	char expected[512];

	snprintf(expected, sizeof(expected), "%sderivation mix standing yes state %s/use\n", show,
		 dir);
	km("secret show", CMD_OK, expected, "");
}

#define USES_ONE "secret \"one\" used\nsecret \"two\"\n"
#define USES_TWO "secret \"one\"\nsecret \"two\" used\n"

static void secrets_by_command(void **state)
{
	(void)state;
	expect_used(USES_ONE);
	km("sec use two", CMD_OK, "secret \"two\" used, before it \"one\"\n", "");
	expect_used(USES_TWO);
	km("secret use three", CMD_FAILED, "",
	   "kmtia: kmtiad: there is no secret with the key-id \"three\"\n");
	expect_used(USES_TWO);
	assert_int_equal(end_daemon(SIGTERM), EXIT_DONE);
	assert_int_not_equal(access(sock, F_OK), 0);
	km("secret show", CMD_FAILED, "", "does kmtiad run");
	/* A restart does not bring back the old one. */
	start_daemon(NULL);
	expect_used(USES_TWO);
	assert_true(log_has("using the secret \"two\", as \"kmtia secret use\" has left in"));
}

static void secrets_in_json(void **state)
{
	char expected[512];
	json_t *answer;
	struct run r;

	(void)state;
	run_begin(&r);
	r.c.json = true;
	assert_int_equal(cmd_secret(&r.c, 4, (char *[]){ "use", "two", "control", sock }), CMD_OK);
	run_end(&r);
	assert_string_equal(r.out, "{\"used\":\"two\",\"before\":\"one\",\"kept\":true}\n");
	run_free(&r);
	run_begin(&r);
	r.c.json = r.c.pretty = true;
	assert_int_equal(cmd_secret(&r.c, 3, (char *[]){ "show", "control", sock }), CMD_OK);
	run_end(&r);
	answer = json_loads(r.out, 0, NULL);
	snprintf(expected, sizeof(expected), "%s/use", dir);
	assert_string_equal(json_string_value(json_object_get(answer, "state")), expected);
	assert_string_equal(json_string_value(json_object_get(answer, "used")), "two");
	assert_int_equal(json_array_size(json_object_get(answer, "secrets")), 2);
	assert_true(json_is_true(json_object_get(answer, "registered")));
	json_decref(answer);
	run_free(&r);
}

static void hup(const char *text)
{
	/* So that what is waited for is of this time. */
	assert_int_equal(truncate(log_path, 0), 0);
	kill(daemon_pid, SIGHUP);
	wait_log(text);
}

static void reload_by_signal(void **state)
{
	(void)state;
	write_config(CONFIG("two"));
	hup("reloaded ");
	expect_used(USES_TWO);
	assert_false(log_has("registered as"));
}

static void reload_of_a_bad_file(void **state)
{
	(void)state;
	write_config("\n\n" CONFIG("three"));
	hup("the configuration stays as it was");
	assert_true(log_has("kmtiad.conf:6: use: there is no secret with the key-id \"three\""));
	expect_used(USES_ONE);
	write_secret("two.key", 2, 32, 0644);
	write_config(CONFIG("two"));
	hup("the configuration stays as it was");
	assert_true(log_has("has mode 0644"));
	write_secret("two.key", 2, 32, 0600);
	expect_used(USES_ONE);
	hup("reloaded ");
	expect_used(USES_TWO);
}

static void reload_moves_the_socket(void **state)
{
	char before[192];

	(void)state;
	strcpy(before, sock);
	write_config("control = /nonexistent/sock\n" MANAGER "source secret { " ONE "}\n");
	hup("the configuration stays as it was");
	expect_used(USES_ONE);
	write_config("control = \"@/other\"\n" MANAGER "source secret { " ONE "}\n");
	hup("reloaded ");
	assert_int_not_equal(access(before, F_OK), 0);
	snprintf(sock, sizeof(sock), "%s/other", dir);
	km("secret show", CMD_OK, "secret \"one\" used\nderivation mix standing no\n", "");
	km("secret use one", CMD_OK, "secret \"one\" used, before it \"one\"\n",
	   "Warning: a restart of kmtiad brings back what its configuration says");
	strcpy(sock, before);
	write_config(CONFIG("one"));
	hup("reloaded ");
	expect_used(USES_ONE);
	/* One that somebody took away, is there again. */
	assert_int_equal(unlink(sock), 0);
	hup("reloaded ");
	expect_used(USES_ONE);
	write_config(MANAGER "source secret { " ONE "}\n");
	hup("reloaded ");
	assert_int_not_equal(access(sock, F_OK), 0);
}

/* It leaves the kernel alone: what stands there is of another one that runs. */
static void expect_no_start(const char *text, const char *words)
{
	int status;
	pid_t pid;

	write_config(text);
	unlink(log_path);
	pid = fork();
	if (!pid)
		be_the_daemon();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILED);
	assert_true(log_has(words));
	assert_true(log_has("asked the kernel 0 times"));
}

static void a_socket_that_cannot_be(void **state)
{
	(void)state;
	expect_no_start("control = /nonexistent/sock\n" MANAGER "source secret { " ONE "}\n",
			"cannot listen at /nonexistent/sock: No such file or directory");
	/* That of the one that runs, which goes on. */
	expect_no_start(CONFIG("one"), "Address already in use");
	expect_used(USES_ONE);
	end_daemon(SIGTERM);
}

static void usage(void **state)
{
	static const struct {
		const char *line, *err;
	} lines[] = {
		{ "secret use", "kmtia: which secret? Give its key-id\n" },
		{ "secret use x y", "kmtia: unexpected word \"y\"\n" },
		{ "secret use x control", "kmtia: \"control\" needs a value\n" },
		{ "secret show control /x y", "kmtia: unexpected word \"y\"\n" },
		{ "secret show x", "kmtia: unexpected word \"x\"\n" },
		{ "secret burn", "kmtia: unknown command \"burn\"; \"help\" lists them\n" },
		{ "secret use \xff", "kmtia: the key-id is not UTF-8\n" },
	};
	struct run r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(run_line(&r, lines[i].line), CMD_USAGE);
		assert_string_equal(r.err, lines[i].err);
		run_free(&r);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_daemon, stop_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(secrets_by_command),
		TEST(secrets_in_json),
		TEST(reload_by_signal),
		TEST(reload_of_a_bad_file),
		TEST(reload_moves_the_socket),
		TEST(a_socket_that_cannot_be),
		cmocka_unit_test(usage),
	};

	return cmocka_run_group_tests_name("tools_loop", tests, make_secrets, remove_path);
}
