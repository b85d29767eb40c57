// SPDX-License-Identifier: GPL-2.0-only
/* kmtiad --check-config: what it says of a file, and by its exit code. */
#include "secret_test.h"

#define main kmtiad_main
int kmtiad_main(int argc, char **argv);
#include "kmtiad/main.c"
#undef main

#include <sys/resource.h>
#include <sys/wait.h>

static char said[192];

static int make_secrets(void **state)
{
	make_path(state);
	snprintf(said, sizeof(said), "%s/said", dir);
	write_secret("one.key", 1, 32, 0600);
	return 0;
}

static void check_config(bool no_files)
{
	char *argv[] = { "kmtiad", "--check-config", "--config", conf, NULL };
	int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct rlimit limit = { 0 };

	dup2(fd, STDERR_FILENO);
	if (no_files)
		setrlimit(RLIMIT_NOFILE, &limit);
	_exit(kmtiad_main(4, argv));
}

/* Run it with @text as the configuration; @reason is what follows the file's name. */
static void expect(const char *text, bool no_files, int code, const char *reason)
{
	char expected[CONFIG_ERROR_SIZE];
	int status;
	char *out;
	pid_t pid;

	write_config(text);
	pid = fork();
	if (!pid)
		check_config(no_files);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
	snprintf(expected, sizeof(expected), "%s%s\n", conf, reason);
	out = read_file(said);
	assert_string_equal(out, *reason ? expected : "");
	free(out);
}

#define SOURCE(text) MANAGER "source secret {\n" text "}\n"

/* The service manager tries again after all but 2. */
static void exit_codes(void **state)
{
	(void)state;
	expect(SOURCE(ONE), false, EXIT_DONE, "");
	expect(SOURCE(TWO "derivation = x\n"), false, EXIT_CONFIG,
	       ":4: derivation: \"x\" is neither mix nor expand");
	expect(SOURCE(ONE), true, EXIT_FAILED, ": Too many open files");
}

static void no_terminal_is_steered(void **state)
{
	(void)state;
	expect(SOURCE("derivation = \"\\x1b\302\233x\303\274\"\n"), false, EXIT_CONFIG,
	       ":3: derivation: \"???x\303\274\" is neither mix nor expand");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(no_terminal_is_steered),
	};

	return cmocka_run_group_tests_name("tools_main", tests, make_secrets, remove_path);
}
