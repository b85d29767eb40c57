// SPDX-License-Identifier: GPL-2.0-only
/* The control socket of kmtiad: who is heard, who is dropped, and for how long. */
#include "tools_test.h"
#include "control_proto.h"
#include "kmtiad/control.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static char *dir, path[128];
static struct control *control;
static int n_handled;

/* Answers with the length of what it got. */
static char *handle(const char *request, size_t len, void *user)
{
	char *text = malloc(32);

	assert_ptr_equal(user, &n_handled);
	assert_non_null(request);
	n_handled++;
	snprintf(text, 32, "got %zu", len);
	return text;
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

static int open_it(void **state)
{
	(void)state;
	n_handled = 0;
	control = control_open(path, handle, &n_handled);
	return !control;
}

static int close_it(void **state)
{
	(void)state;
	control_close(control);
	control = NULL;
	unlink(path);
	return 0;
}

static int connect_type(int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, path);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static int connect_it(void)
{
	int fd = connect_type(SOCK_SEQPACKET);

	assert_true(fd >= 0);
	return fd;
}

/* Do what there is to do now, as the daemon's loop does. */
static void work(void)
{
	struct pollfd p = { .fd = control_fd(control), .events = POLLIN };

	while (poll(&p, 1, 0) > 0)
		control_dispatch(control);
}

static void say(int fd, const void *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* @expected, and then the end; "" if there is to be no answer. */
static void expect_answer(int fd, const char *expected)
{
	char text[256] = "";

	work();
	if (*expected)
		assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, expected);
	assert_true(recv(fd, text, sizeof(text), MSG_DONTWAIT) <= 0);
	assert_int_not_equal(errno, EAGAIN);
	errno = 0;
	close(fd);
}

static void one_question_one_answer(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(control_timeout_ms(control), -1);
	fd = connect_it();
	say(fd, "hello", 5);
	expect_answer(fd, "got 5");
	assert_int_equal(control_timeout_ms(control), -1);
	fd = connect_it();
	say(fd, "\0\xff", 2);
	expect_answer(fd, "got 2");
	assert_int_equal(n_handled, 2);
}

static void too_long_a_question(void **state)
{
	static char bytes[CONTROL_REQUEST_MAX * 8];
	int fd = connect_it();

	(void)state;
	say(fd, bytes, CONTROL_REQUEST_MAX);
	expect_answer(fd, "got 1024");
	fd = connect_it();
	say(fd, bytes, CONTROL_REQUEST_MAX + 1);
	expect_answer(fd, "{\"error\":\"the request is too long\"}");
	fd = connect_it();
	say(fd, bytes, sizeof(bytes));
	expect_answer(fd, "{\"error\":\"the request is too long\"}");
	assert_int_equal(n_handled, 1);
}

static void several_at_a_time(void **state)
{
	int a = connect_it(), b = connect_it();

	(void)state;
	work();
	say(b, "bb", 2);
	expect_answer(b, "got 2");
	say(a, "a", 1);
	expect_answer(a, "got 1");
}

/* Connected, and then nothing, or nothing that is a message. */
static void clients_that_go_away(void **state)
{
	int a = connect_it(), b = connect_it();

	(void)state;
	close(a);
	work();
	assert_true(control_timeout_ms(control) > 0);
	shutdown(b, SHUT_WR);
	expect_answer(b, "");
	assert_int_equal(control_timeout_ms(control), -1);
	assert_int_equal(connect_type(SOCK_STREAM), -1);
	assert_int_equal(n_handled, 0);
}

/* One that asks and does not stay for the answer harms nobody. */
static void a_client_that_does_not_wait(void **state)
{
	int fd = connect_it();

	(void)state;
	say(fd, "x", 1);
	close(fd);
	work();
	assert_int_equal(n_handled, 1);
	fd = connect_it();
	say(fd, "xy", 2);
	expect_answer(fd, "got 2");
}

static void a_silent_client_is_dropped(void **state)
{
	int fd = connect_it(), other, wait;

	(void)state;
	work();
	wait = control_timeout_ms(control);
	assert_in_range(wait, 1, 2000);
	/* Nobody waits for it: others are served meanwhile. */
	other = connect_it();
	say(other, "x", 1);
	expect_answer(other, "got 1");
	assert_true(control_timeout_ms(control) >= 0);
	usleep((useconds_t)control_timeout_ms(control) * 1000 + 20000);
	assert_int_equal(control_timeout_ms(control), 0);
	control_dispatch(control);
	assert_int_equal(control_timeout_ms(control), -1);
	expect_answer(fd, "");
}

static void many_silent_clients(void **state)
{
	int silent[40], i, fd;

	(void)state;
	for (i = 0; i < 40; i++) {
		silent[i] = connect_it();
		work();
	}
	fd = connect_it();
	say(fd, "abc", 3);
	expect_answer(fd, "got 3");
	/* The oldest had to give way, and was told; the youngest did not. */
	expect_answer(silent[0], "{\"error\":\"too many ask at a time\"}");
	say(silent[39], "x", 1);
	expect_answer(silent[39], "got 1");
	for (i = 1; i < 39; i++)
		close(silent[i]);
	work();
}

static void whose_file_it_is(void **state)
{
	struct control *second;

	(void)state;
	/* Somebody listens there: hands off. */
	second = control_open(path, handle, &n_handled);
	assert_null(second);
	assert_true(control_serves(control, path));
	assert_false(control_serves(control, "/other"));
	/* The file was taken away: another one is made, and the old one is not ours. */
	assert_int_equal(unlink(path), 0);
	assert_false(control_serves(control, path));
	second = control_open(path, handle, &n_handled);
	assert_non_null(second);
	control_close(control);
	assert_int_equal(access(path, F_OK), 0);
	control = second;
	expect_answer(({ int fd = connect_it(); say(fd, "x", 1); fd; }), "got 1");
}

static void leftovers(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)state;
	/* A daemon that was killed leaves its socket. */
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	control = control_open(path, handle, &n_handled);
	assert_non_null(control);
	control_close(control);
	assert_int_not_equal(access(path, F_OK), 0);
	/* What is no socket stays. */
	write_file(path, "precious", 0600);
	control = control_open(path, handle, &n_handled);
	assert_null(control);
	assert_int_equal(access(path, F_OK), 0);
	assert_null(control_open("/nonexistent/sock", handle, &n_handled));
}

/* Not by the mode alone: an open directory and a chmod are no way in. */
static void other_users(void **state)
{
	char text[256] = "";
	int fd;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(seteuid(12345), 0);
	fd = connect_it();
	assert_int_equal(seteuid(0), 0);
	work();
	assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, "{\"error\":\"only root and kmtiad's own user may ask\"}");
	close(fd);
	assert_int_equal(n_handled, 0);
	assert_int_equal(control_timeout_ms(control), -1);
}

/* No descriptor is left: whoever waits is let in later, and does not keep the loop
 * busy meanwhile. */
static void without_descriptors_it_waits(void **state)
{
	struct pollfd p = { .fd = control_fd(control), .events = POLLIN };
	int fd = connect_it(), spare = dup(fd);
	struct rlimit all, few;

	(void)state;
	close(spare);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = spare;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	control_dispatch(control);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_in_range(control_timeout_ms(control), 1, 1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	say(fd, "later", 5);
	while (!n_handled) {
		assert_true(poll(&p, 1, control_timeout_ms(control)) >= 0);
		control_dispatch(control);
	}
	expect_answer(fd, "got 5");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_question_one_answer),
		TEST(too_long_a_question),
		TEST(several_at_a_time),
		TEST(clients_that_go_away),
		TEST(a_client_that_does_not_wait),
		TEST(a_silent_client_is_dropped),
		TEST(many_silent_clients),
		TEST(whose_file_it_is),
		TEST(other_users),
		TEST(without_descriptors_it_waits),
		cmocka_unit_test_teardown(leftovers, close_it),
	};

	return cmocka_run_group_tests_name("tools_control", tests, make_path, remove_path);
}
