// SPDX-License-Identifier: LGPL-2.1-or-later
/* The monitor group. */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static struct {
	int n, n_other;
	struct kmtia_event event;
	struct kmtia_sa sa;
	char name[64], text[128], key_id[64];
	bool stop;
} seen;

static void copy(char *to, size_t size, const char *from)
{
	strncpy(to, from ? from : "(none)", size - 1);
}

static void on_event(struct kmtia *h, const struct kmtia_event *event, void *user)
{
	assert_ptr_equal(user, &seen);
	seen.n++;
	seen.event = *event;
	if (event->sa)
		seen.sa = *event->sa;
	copy(seen.name, sizeof(seen.name), event->manager_name);
	copy(seen.text, sizeof(seen.text), event->text);
	copy(seen.key_id, sizeof(seen.key_id), event->key_id);
	if (seen.stop)
		kmtia_stop(h);
}

static void on_event_otherwise(struct kmtia *h, const struct kmtia_event *event, void *user)
{
	(void)h;
	(void)event;
	(void)user;
	seen.n_other++;
}

static struct kmtia *monitoring(void)
{
	struct kmtia *h = fake_open();

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(kmtia_monitor(h, on_event, &seen), 0);
	return h;
}

static struct nl_msg *event(uint32_t number)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_MONITOR_NTF, 0, 0);

	nla_put_u32(msg, KMTIA_A_MONITOR_EVENT, number);
	return msg;
}

static void monitoring_joins_the_group(void **state)
{
	struct kmtia *h = monitoring();

	(void)state;
	assert_int_equal(fake.sockets, 3);
	assert_int_not_equal(fake.monitor_fd, fake.command_fd);
	assert_true(fake.monitor_fd > 0);
	assert_int_not_equal(kmtia_get_fd(h), -1);
	assert_false(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 0);
	fake_close(h);
}

static void an_event_has_all_that_is_told(void **state)
{
	struct kmtia *h = monitoring();
	struct nl_msg *msg = event(KMTIA_MONITOR_EVENT_FAILED);

	(void)state;
	fake_put_sa(msg, KMTIA_A_MONITOR_SA, &fake_sa_out);
	nla_put_u32(msg, KMTIA_A_MONITOR_RULE, 0);
	nla_put(msg, KMTIA_A_MONITOR_MANAGER, KMTIA_UUID_LEN, fake_uuid);
	nla_put_string(msg, KMTIA_A_MONITOR_MANAGER_NAME, "vault");
	nla_put_u32(msg, KMTIA_A_MONITOR_ERRNO, EKEYREJECTED);
	nla_put_u32(msg, KMTIA_A_MONITOR_STATUS, 77);
	nla_put_string(msg, KMTIA_A_MONITOR_TEXT, "vault is sealed");
	nla_put_string(msg, KMTIA_A_MONITOR_KEY_ID, "epoch-7");
	fake_push(fake.monitor_fd, msg);
	assert_true(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_false(fake_readable(h));
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.event.event, KMTIA_MONITOR_EVENT_FAILED);
	assert_non_null(seen.event.sa);
	assert_int_equal(seen.sa.spi, fake_sa_out.spi);
	assert_true(seen.event.has_rule);
	assert_int_equal(seen.event.rule, 0);
	assert_true(seen.event.has_manager);
	assert_memory_equal(seen.event.manager, fake_uuid, KMTIA_UUID_LEN);
	assert_string_equal(seen.name, "vault");
	assert_int_equal(seen.event.error, EKEYREJECTED);
	assert_int_equal(seen.event.status, 77);
	assert_string_equal(seen.text, "vault is sealed");
	assert_string_equal(seen.key_id, "epoch-7");
	fake_close(h);
}

static void what_is_not_told_is_empty(void **state)
{
	struct kmtia *h = monitoring();

	(void)state;
	fake_push(fake.monitor_fd, event(KMTIA_MONITOR_EVENT_RULE_DEL));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(seen.event.event, KMTIA_MONITOR_EVENT_RULE_DEL);
	assert_null(seen.event.sa);
	assert_false(seen.event.has_rule);
	assert_false(seen.event.has_manager);
	assert_int_equal(seen.event.error, 0);
	assert_int_equal(seen.event.status, 0);
	assert_string_equal(seen.name, "(none)");
	assert_string_equal(seen.text, "(none)");
	assert_string_equal(seen.key_id, "(none)");
	fake_close(h);
}

static void malformed_events_are_left_out(void **state)
{
	struct kmtia *h = monitoring();
	struct nl_msg *msg;

	(void)state;
	fake_push(fake.monitor_fd, fake_message(KMTIA_CMD_MONITOR_NTF, 0, 0));
	msg = event(KMTIA_MONITOR_EVENT_ALARM);
	nla_put_u64(msg, KMTIA_A_MONITOR_RULE, 1);
	fake_push(fake.monitor_fd, msg);
	msg = event(KMTIA_MONITOR_EVENT_ALARM);
	nla_put(msg, KMTIA_A_MONITOR_SA, 4, "\0\0\0\0");
	fake_push(fake.monitor_fd, msg);
	fake_push(fake.monitor_fd, fake_notification(1, 0, 0, &fake_sa_in, NULL));
	msg = event(KMTIA_MONITOR_EVENT_ALARM);
	nla_put(msg, KMTIA_A_MONITOR_TEXT, 3, "abc"); /* not terminated */
	fake_push(fake.monitor_fd, msg);
	fake_push_from(fake.monitor_fd, event(KMTIA_MONITOR_EVENT_ALARM), 4711);
	assert_int_equal(kmtia_dispatch(h), 5);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.text, "(none)");
	fake_close(h);
}

static void lost_events_are_a_warning_and_no_end(void **state)
{
	struct kmtia *h = monitoring();

	(void)state;
	fake_push(fake.monitor_fd, event(KMTIA_MONITOR_EVENT_KEPT));
	fake_push_errno(fake.monitor_fd, ENOBUFS);
	fake_push(fake.monitor_fd, event(KMTIA_MONITOR_EVENT_KEPT));
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(seen.n, 2);
	assert_string_equal(kmtia_warning(h), "monitor events were lost");
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_null(kmtia_warning(h));
	assert_false(fake_readable(h));
	fake_close(h);
}

static void joining_fails_with_the_kernels_error(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.join_errno = EPERM;
	assert_int_equal(kmtia_monitor(h, on_event, &seen), -EPERM);
	assert_string_equal(kmtia_strerror(h, -EPERM),
			    "cannot join the monitor group (Operation not permitted)");
	assert_int_equal(fake.sockets, 1);
	assert_int_equal(kmtia_get_fd(h), -1);
	assert_int_equal(kmtia_monitor(h, NULL, NULL), -EINVAL);
	fake_close(h);

	fake_reset();
	fake.no_group = true;
	assert_int_equal(kmtia_open(&h), 0);
	assert_int_equal(kmtia_monitor(h, on_event, &seen), -ENOENT);
	fake_close(h);
}

static void once_more_changes_the_callback(void **state)
{
	struct kmtia *h = monitoring();

	(void)state;
	assert_int_equal(kmtia_monitor(h, on_event_otherwise, NULL), 0);
	assert_int_equal(fake.sockets, 3);
	fake_push(fake.monitor_fd, event(KMTIA_MONITOR_EVENT_KEPT));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(seen.n, 0);
	assert_int_equal(seen.n_other, 1);
	fake_close(h);
}

static void a_manager_may_monitor_too(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int fd = kmtia_get_fd(h);

	(void)state;
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(kmtia_monitor(h, on_event, &seen), 0);
	assert_int_equal(kmtia_get_fd(h), fd);
	fake_push(fake.monitor_fd, event(KMTIA_MONITOR_EVENT_KEPT));
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_CHECK, 1, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(seen.n, 1);
	assert_int_equal(m.checks, 1);
	/* The one ends, the other goes on; the descriptor stays the same. */
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(kmtia_get_fd(h), fd);
	seen.stop = true;
	fake_push(fake.monitor_fd, event(KMTIA_MONITOR_EVENT_KEPT));
	assert_int_equal(kmtia_run(h), 0);
	assert_int_equal(seen.n, 2);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(monitoring_joins_the_group),
		cmocka_unit_test(an_event_has_all_that_is_told),
		cmocka_unit_test(what_is_not_told_is_empty),
		cmocka_unit_test(malformed_events_are_left_out),
		cmocka_unit_test(lost_events_are_a_warning_and_no_end),
		cmocka_unit_test(joining_fails_with_the_kernels_error),
		cmocka_unit_test(once_more_changes_the_callback),
		cmocka_unit_test(a_manager_may_monitor_too),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
