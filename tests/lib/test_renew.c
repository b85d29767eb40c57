// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module is unloaded and loaded again: news, commands and the monitor group. */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "fake_manager.h"

#define BOTH (KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY)

static void assert_told(const struct fake_manager *m, int times, bool registered, int err)
{
	assert_int_equal(m->registrations, times);
	assert_int_equal(m->registered, registered);
	assert_int_equal(m->err, err);
}

static uint32_t events[8];
static int n_events;

static void on_event(struct kmtia *h, const struct kmtia_event *event, void *user)
{
	(void)h;
	(void)user;
	assert_in_range(n_events, 0, 7);
	events[n_events++] = event->event;
}

/* --- News ---------------------------------------------------------------------------------- */

static void push_news(uint8_t cmd, const char *name, uint16_t id)
{
	fake_push(fake.news_fd, fake_family_news(cmd, name, id));
}

static void other_news_change_nothing(void **state)
{
	struct nlmsghdr bare = { .nlmsg_len = sizeof(bare), .nlmsg_type = GENL_ID_CTRL };
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	struct nl_msg *msg = nlmsg_alloc();

	(void)state;
	push_news(CTRL_CMD_DELFAMILY, "nl80211", FAKE_FAMILY);
	push_news(CTRL_CMD_DELFAMILY, "kmtia2", FAKE_FAMILY);
	push_news(CTRL_CMD_DELFAMILY, "kmtia", FAKE_FAMILY - 1); /* an earlier one */
	push_news(CTRL_CMD_NEWFAMILY, "kmtia", FAKE_FAMILY);	 /* known already */
	push_news(CTRL_CMD_NEWFAMILY, "taskstats", FAKE_FAMILY + 1);
	push_news(CTRL_CMD_DELMCAST_GRP, "kmtia", FAKE_FAMILY);
	fake_push_raw(fake.news_fd, &bare, sizeof(bare));
	genlmsg_put(msg, 0, 0, GENL_ID_CTRL, 0, 0, CTRL_CMD_DELFAMILY, 2);
	nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, "kmtia");
	nla_put_u32(msg, CTRL_ATTR_FAMILY_ID, FAKE_FAMILY); /* too long */
	fake_push(fake.news_fd, msg);
	fake_push(fake.news_fd, fake_message(CTRL_CMD_DELFAMILY, 0, 0)); /* not the controller */
	fake_push_from(fake.news_fd, fake_family_news(CTRL_CMD_DELFAMILY, "kmtia", FAKE_FAMILY),
		       4711);
	assert_int_equal(kmtia_dispatch(h), 9);
	assert_int_equal(m.registrations, 0);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 1);
	assert_int_equal(kmtia_notify_get(h, 0), 0);
	fake_close(h);
}

static void lost_news_are_looked_up(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	/* Nothing has happened. */
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_int_equal(m.registrations, 0);
	assert_int_equal(m.overruns, 0);
	/* It went, */
	fake_unload_silently();
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_told(&m, 1, false, 0);
	/* it is still gone, */
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_int_equal(m.registrations, 1);
	/* it came, */
	fake_load_silently();
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_told(&m, 2, true, 0);
	/* it went and came. */
	fake_unload_silently();
	fake_load_silently();
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_told(&m, 4, true, 0);
	assert_int_equal(fake.by_name, 1);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 3);
	assert_false(fake_readable(h));
	fake_close(h);
}

/* As the kernel does when another family goes while it lists them. */
static void a_list_that_misses_the_family_voids_nothing(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.look_misses = true;
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_int_equal(m.registrations, 0);
	assert_int_equal(kmtia_notify_get(h, 0), 0);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 1);
	/* The number is another family's by now. */
	fake.odd_family = true;
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_told(&m, 1, false, 0);
	fake.odd_family = false;
	fake_close(h);

	h = fake_register(&m);
	fake_unload_silently();
	fake_push_errno(fake.news_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_told(&m, 1, false, 0);
	assert_int_equal(fake.by_name, 1);
	fake_close(h);
}

static void what_cannot_be_looked_up_now_is_later(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_unload_silently();
	fake_push_errno(fake.news_fd, ENOBUFS);
	fake.look_errno = EBUSY;
	assert_int_equal(kmtia_dispatch(h), -EBUSY);
	assert_int_equal(m.registrations, 0);
	assert_true(fake_readable(h));
	fake.look_errno = 0;
	assert_int_equal(kmtia_dispatch(h), 0);
	assert_told(&m, 1, false, 0);
	assert_false(fake_readable(h));
	fake_close(h);
}

/* --- Commands ------------------------------------------------------------------------------ */

static int count_rule(const struct kmtia_rule *rule, void *user)
{
	(void)rule;
	++*(int *)user;
	return 0;
}

static void one_rule(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_RULE_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);

	nla_put_u32(msg, KMTIA_A_RULE_PRIORITY, 10);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void commands_find_the_module_again(void **state)
{
	struct kmtia_rule rule = { .size = sizeof(rule), .priority = 10 };
	struct kmtia *h = fake_open();
	int n = 0;

	(void)state;
	fake.on[KMTIA_CMD_RULE_GET] = one_rule;
	fake_unload();
	assert_int_equal(kmtia_rule_add(h, &rule), -ENOTCONN);
	assert_int_equal(kmtia_rules(h, count_rule, &n), -ENOTCONN);
	assert_string_equal(kmtia_strerror(h, -ENOTCONN), "the kernel module was unloaded "
							  "(Transport endpoint is not connected)");
	assert_int_equal(n, 0);
	fake_load();
	assert_int_equal(kmtia_rule_add(h, &rule), 0);
	assert_int_equal(fake.count[KMTIA_CMD_RULE_ADD], 1);
	assert_int_equal(nla_get_u32(fake_last(KMTIA_CMD_RULE_ADD)->tb[KMTIA_A_RULE_PRIORITY]), 10);
	assert_int_equal(fake.unseen, 3);
	/* From then on without a detour. */
	assert_int_equal(kmtia_rule_delete(h, 10), 0);
	assert_int_equal(fake.unseen, 3);
	/* Nobody has brought the module back but who loaded it. */
	assert_int_equal(fake.by_name, 1);

	fake_unload();
	fake_load();
	assert_int_equal(kmtia_rules(h, count_rule, &n), 0);
	assert_int_equal(n, 1);
	assert_null(kmtia_warning(h));
	fake_close(h);
}

static void judge(const struct fake_request *r)
{
	fake_ack(r, -ENOENT, NULL);
}

static void a_verdict_after_the_reload_is_a_verdict(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_DEL] = judge;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_rule_delete(h, 7), -ENOENT);
	assert_string_equal(kmtia_strerror(h, -ENOENT), "No such file or directory");
	assert_int_equal(fake.count[KMTIA_CMD_RULE_DEL], 1);
	fake_close(h);
}

static void registering_finds_the_module_again(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	fake_unload();
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), -ENOTCONN);
	assert_int_equal(fake.sockets, 1);
	fake_load();
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_int_equal(kmtia_dispatch(h), 0);
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 1, false, 0);
	fake_close(h);
}

/* The handle monitors, and has not read yet how often the module went and came. */
static void news_from_before_the_registration_do_not_void_it(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(kmtia_monitor(h, on_event, NULL), 0);
	fake_unload();
	fake_load();
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_int_equal(kmtia_dispatch(h), 4);
	assert_int_equal(m.registrations, 0);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 1);
	assert_int_equal(fake.joined, fake.group);
	assert_int_equal(kmtia_notify_get(h, 0), 0);
	fake_close(h);
}

/* What is said by the socket of a registration, the new module must not get. */
static void an_old_registration_does_not_speak_to_a_new_module(void **state)
{
	static const uint8_t key[20] = { 1 };
	const uint8_t *keys[] = { key };
	const size_t lens[] = { sizeof(key) };
	struct kmtia_secret secret = {
		.size = sizeof(secret),
		.secret = (const uint8_t *)"0123456789012345678901234567890",
		.secret_len = 32,
	};
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int n = 0;

	(void)state;
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 1, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	fake_unload();
	fake_load();
	/* The handle knows the new one already, by this. */
	fake.on[KMTIA_CMD_RULE_GET] = one_rule;
	assert_int_equal(kmtia_rules(h, count_rule, &n), 0);
	assert_int_equal(kmtia_answer_keys(m.req, keys, lens, 1, NULL), -ENOTCONN);
	assert_non_null(strstr(kmtia_strerror(h, -ENOTCONN), "the registration went with it"));
	assert_int_equal(kmtia_secret_set(h, &secret), -ENOTCONN);
	assert_int_equal(kmtia_notify_get(h, 0), -ENOTCONN);
	assert_int_equal(fake.count[KMTIA_CMD_DICTATE_REPLY] + fake.count[KMTIA_CMD_SECRET_SET] +
				 fake.count[KMTIA_CMD_NOTIFY_GET],
			 0);
	assert_int_equal(m.registrations, 0);
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_told(&m, 2, true, 0);
	assert_int_equal(kmtia_secret_set(h, &secret), 0);
	fake_close(h);
}

static void features_are_the_new_modules(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	assert_true(kmtia_has_feature(h, "mix"));
	fake.old_module = true;
	fake.no_group = true;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_false(kmtia_has_feature(h, "mix"));
	assert_false(kmtia_has_feature(h, "monitor"));
	assert_true(kmtia_has_feature(h, "dictate"));
	fake_close(h);
}

/* --- The monitor group ----------------------------------------------------------------------- */

static void push_event(uint32_t event)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_MONITOR_NTF, 0, 0);

	nla_put_u32(msg, KMTIA_A_MONITOR_EVENT, event);
	fake_push(fake.monitor_fd, msg);
}

static void the_monitor_group_is_joined_again(void **state)
{
	struct fake_manager m;
	struct kmtia *h;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		h = i ? fake_register(&m) : fake_open();
		n_events = 0;
		assert_int_equal(kmtia_monitor(h, on_event, NULL), 0);
		push_event(KMTIA_MONITOR_EVENT_RULE_DEL); /* not read yet */
		fake_unload();
		fake_load();
		assert_int_equal(kmtia_dispatch(h), 3);
		assert_int_equal(fake.joined, fake.group);
		assert_string_equal(kmtia_warning(h), "monitor events were lost");
		push_event(KMTIA_MONITOR_EVENT_RULE_ADD);
		assert_int_equal(kmtia_dispatch(h), 1);
		assert_null(kmtia_warning(h));
		assert_int_equal(n_events, 2);
		assert_int_equal(events[0], KMTIA_MONITOR_EVENT_RULE_DEL);
		assert_int_equal(events[1], KMTIA_MONITOR_EVENT_RULE_ADD);
		if (i)
			assert_told(&m, 2, true, 0);
		fake_close(h);
	}
}

static void a_group_that_cannot_be_joined_again_is_a_warning(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(kmtia_monitor(h, on_event, NULL), 0);
	fake.join_errno = EPERM;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_non_null(strstr(kmtia_warning(h), "could not be joined"));
	assert_int_equal(fake.joined, 0);
	fake.join_errno = 0;
	fake.no_group = true;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_non_null(strstr(kmtia_warning(h), "could not be joined"));
	/* The next loading is another chance. */
	fake.no_group = false;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_string_equal(kmtia_warning(h), "monitor events were lost");
	assert_int_equal(fake.joined, fake.group);
	fake_close(h);
}

static void monitoring_finds_the_module_again(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake_unload();
	assert_int_equal(kmtia_monitor(h, on_event, NULL), -ENOTCONN);
	assert_int_equal(fake.sockets, 1);
	assert_int_equal(kmtia_get_fd(h), -1);
	fake_load();
	assert_int_equal(kmtia_monitor(h, on_event, NULL), 0);
	assert_int_equal(fake.joined, fake.group);
	fake_close(h);

	h = fake_open();
	fake.news_errno = EPERM;
	assert_int_equal(kmtia_monitor(h, on_event, NULL), -EPERM);
	assert_int_equal(fake.sockets, 1);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_news_change_nothing),
		cmocka_unit_test(lost_news_are_looked_up),
		cmocka_unit_test(a_list_that_misses_the_family_voids_nothing),
		cmocka_unit_test(what_cannot_be_looked_up_now_is_later),
		cmocka_unit_test(commands_find_the_module_again),
		cmocka_unit_test(a_verdict_after_the_reload_is_a_verdict),
		cmocka_unit_test(registering_finds_the_module_again),
		cmocka_unit_test(news_from_before_the_registration_do_not_void_it),
		cmocka_unit_test(an_old_registration_does_not_speak_to_a_new_module),
		cmocka_unit_test(features_are_the_new_modules),
		cmocka_unit_test(the_monitor_group_is_joined_again),
		cmocka_unit_test(a_group_that_cannot_be_joined_again_is_a_warning),
		cmocka_unit_test(monitoring_finds_the_module_again),
	};

	return cmocka_run_group_tests_name("renew", tests, NULL, NULL);
}
