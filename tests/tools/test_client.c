// SPDX-License-Identifier: GPL-2.0-only
/* Asking kmtiad: what is said when it does not want to answer, or cannot. */
#include "tools_test.h"
#include "control_proto.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

/* The other end. */
enum {
	REFUSES,       /* says why and hangs up, before it was asked */
	LEAVES_UNREAD, /* does so when it was, but has not read it */
	HANGS_UP,      /* without a word */
	HANGS,
	STEERS, /* a terminal */
	ANSWERS,
};

static char *dir, path[128];
static int other;

static void wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, 20000), 1);
}

/*
 * In place of the C library's: when the other end hangs up early, it shall have done so
 * before there is anything to send to it or to be got from it. And nobody waits for
 * seconds.
 */
ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	if (other == REFUSES)
		wait_for(fd, POLLHUP);
	return syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	if (other == LEAVES_UNREAD)
		wait_for(fd, POLLHUP);
	return syscall(SYS_recvfrom, fd, bytes, len, flags, NULL, NULL);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	const struct timeval soon = { .tv_usec = 100000 };

	if (level == SOL_SOCKET && name == SO_RCVTIMEO)
		value = &soon;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

static int make_path(void **state)
{
	(void)state;
	dir = make_dir();
	snprintf(path, sizeof(path), "%s/sock", dir);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	remove_dir(dir);
	return 0;
}

static void say(int fd, const char *text)
{
	syscall(SYS_sendto, fd, text, strlen(text), 0, NULL, 0);
}

static void be_the_other(int listener)
{
	char request[CONTROL_REQUEST_MAX];
	int fd = accept(listener, NULL, NULL);

	if (other != REFUSES)
		wait_for(fd, POLLIN);
	if (other >= HANGS_UP)
		syscall(SYS_recvfrom, fd, request, sizeof(request), 0, NULL, NULL);
	if (other == HANGS)
		usleep(5000000);
	if (other == STEERS)
		say(fd, "{\"error\":\"\\u001b[2J \\\"x\\\" \\u009b\"}");
	else if (other == ANSWERS)
		say(fd, "{\"used\":\"x\",\"before\":\"y\",\"kept\":true}");
	else if (other < HANGS_UP)
		say(fd, "{\"error\":\"go away\"}");
	_exit(0);
}

/* Run "kmtia secret WORDS" with a daemon that is like that. */
static void expect(int like, const char *words, int code, const char *out, const char *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char line[256], expected[512];
	struct run r;
	pid_t pid;

	other = like;
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (!pid)
		be_the_other(listener);
	close(listener);
	snprintf(line, sizeof(line), "secret %s control %s", words, path);
	snprintf(expected, sizeof(expected), err, path);
	assert_int_equal(run_line(&r, line), code);
	assert_string_equal(r.out, out);
	assert_string_equal(r.err, expected);
	run_free(&r);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	unlink(path);
}

static void the_reason_is_heard(void **state)
{
	(void)state;
	expect(REFUSES, "show", CMD_FAILED, "", "kmtia: kmtiad: go away\n");
	expect(LEAVES_UNREAD, "use x", CMD_FAILED, "", "kmtia: kmtiad: go away\n");
	expect(ANSWERS, "use x", CMD_OK, "secret \"x\" used, before it \"y\"\n", "");
}

/* It may have done what it was told, and be too slow, or dead, to say so. */
static void what_is_unknown_is_said(void **state)
{
	(void)state;
	expect(HANGS, "use x", CMD_FAILED, "",
	       "kmtia: no answer of kmtiad at %s: Connection timed out; "
	       "whether the secret is used now is unknown: run \"kmtia secret show\"\n");
	expect(HANGS_UP, "use x", CMD_FAILED, "",
	       "kmtia: no answer of kmtiad at %s: Broken pipe; "
	       "whether the secret is used now is unknown: run \"kmtia secret show\"\n");
	expect(HANGS, "show", CMD_FAILED, "",
	       "kmtia: no answer of kmtiad at %s: Connection timed out\n");
}

static void no_terminal_is_steered(void **state)
{
	(void)state;
	expect(STEERS, "show", CMD_FAILED, "", "kmtia: kmtiad: \\x1b[2J \"x\" \\xc2\\x9b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reason_is_heard),
		cmocka_unit_test(what_is_unknown_is_said),
		cmocka_unit_test(no_terminal_is_steered),
	};

	return cmocka_run_group_tests_name("tools_client", tests, make_path, remove_path);
}
