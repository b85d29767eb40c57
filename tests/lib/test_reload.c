// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module is unloaded and loaded again: what becomes of a registration. */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "fake_manager.h"

#define BOTH (KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY)

static void ask(uint64_t id)
{
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, id, &fake_sa_in, NULL, false));
}

static void assert_told(const struct fake_manager *m, int times, bool registered, int err)
{
	assert_int_equal(m->registrations, times);
	assert_int_equal(m->registered, registered);
	assert_int_equal(m->err, err);
}

static struct kmtia_secret a_secret(void)
{
	static const uint8_t bytes[32] = { 1 };

	return (struct kmtia_secret){
		.size = sizeof(struct kmtia_secret),
		.secret = bytes,
		.secret_len = sizeof(bytes),
	};
}

/* --- Going ------------------------------------------------------------------------------- */

static void unloading_voids_the_registration(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct kmtia_secret secret = a_secret();
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int fd = kmtia_get_fd(h);

	(void)state;
	ask(7);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.registrations, 0);
	fake_unload();
	assert_true(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 1, false, 0);

	/* The question is void, and the answer goes nowhere. */
	assert_int_equal(kmtia_request_time_left(m.req), 0);
	assert_int_equal(kmtia_answer_cannot(m.req, 1, NULL, NULL), -ENOTCONN);
	assert_int_equal(kmtia_notify_get(h, 0), -ENOTCONN);
	assert_non_null(strstr(kmtia_strerror(h, -ENOTCONN), "module was unloaded"));
	assert_int_equal(kmtia_secret_set(h, &secret), -ENOTCONN);
	assert_non_null(strstr(kmtia_strerror(h, -ENOTCONN), "module was unloaded"));
	assert_int_equal(kmtia_secret_flush(h), -ENOTCONN);
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), -EALREADY);
	assert_non_null(strstr(kmtia_strerror(h, -EALREADY), "when the kernel module is back"));
	assert_int_equal(fake.unseen, 0);

	assert_int_equal(kmtia_get_fd(h), fd);
	assert_false(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 0);
	/* Who asks for it by name has the kernel load it again. */
	assert_int_equal(fake.by_name, 1);
	fake_close(h);
}

static void what_came_before_is_void_too(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	ask(1);
	fake_push(fake.event_fd, fake_notification(1, 0, KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL));
	fake_push_errno(fake.event_fd, ENOBUFS);
	ask(2);
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 1, false, 0);
	ask(3);
	fake_push_errno(fake.event_fd, ENOBUFS);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks + m.dictations + m.notifications + m.overruns, 0);
	fake_close(h);
}

static void unregistering_ends_the_wait(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(kmtia_get_fd(h), -1);
	assert_int_equal(kmtia_dispatch(h), -ENOTCONN);
	assert_int_equal(fake.sockets, 1);
	assert_int_equal(kmtia_unregister(h), -ENOENT);
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), -ENOTCONN);
	assert_string_equal(kmtia_strerror(h, -ENOTCONN), "the kernel module was unloaded "
							  "(Transport endpoint is not connected)");
	fake_load();
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_told(&m, 1, false, 0);
	fake_close(h);
}

/* --- Coming back ---------------------------------------------------------------------------- */

static void set_a_secret(struct kmtia *h, struct fake_manager *m)
{
	struct kmtia_secret secret = a_secret();

	if (m->registered)
		m->result = kmtia_secret_set(h, &secret);
}

static void assert_identity(const struct fake_request *r)
{
	assert_memory_equal(nla_data(r->tb[KMTIA_A_MANAGER_UUID]), fake_uuid, KMTIA_UUID_LEN);
	assert_string_equal(nla_get_string(r->tb[KMTIA_A_MANAGER_NAME]), "a name");
	assert_string_equal(nla_get_string(r->tb[KMTIA_A_MANAGER_DESCRIPTION]), "and a text");
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_FLAGS]), BOTH);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_WEIGHT]), 12);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_TIMEOUT_HINT]), 3);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_GRACE]), 4000);
}

static struct kmtia *registered_with_texts(struct fake_manager *m)
{
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct kmtia_manager manager = fake_identity(BOTH);
	char name[] = "a name", description[] = "and a text";
	struct kmtia *h = fake_open();

	memset(m, 0, sizeof(*m));
	manager.name = name;
	manager.description = description;
	manager.has_weight = true;
	manager.weight = 12;
	manager.timeout_hint = 3;
	manager.grace_ms = 4000;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, m), 0);
	/* From here on, all of it is gone. */
	memset(name, 'x', sizeof(name));
	memset(description, 'x', sizeof(description));
	memset(&manager, 0xff, sizeof(manager));
	memset(&callbacks, 0xff, sizeof(callbacks));
	return h;
}

static void loading_registers_again(void **state)
{
	struct fake_manager m;
	struct kmtia *h = registered_with_texts(&m);
	int fd = kmtia_get_fd(h), event_fd = fake.event_fd;

	(void)state;
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	fake_load();
	assert_true(fake_readable(h));
	m.on_registration = set_a_secret;
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 2, true, 0);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 2);
	assert_identity(fake_last(KMTIA_CMD_MANAGER_ADD));
	/* In the callback all is there to be used. */
	assert_int_equal(m.result, 0);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_SET], 1);
	/* By the same socket: it is in the network namespace that it was. */
	assert_int_equal(fake.event_fd, event_fd);
	assert_int_equal(fake.sockets, 3);
	assert_int_equal(kmtia_get_fd(h), fd);
	assert_int_equal(fake.by_name, 1);

	ask(1);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.dictations, 1);
	assert_int_equal(kmtia_answer_cannot(m.req, 1, NULL, NULL), 0);
	assert_int_equal(fake.unseen, 0);
	assert_false(fake_readable(h));
	fake_close(h);
}

static bool order[8];

static void note_order(struct kmtia *h, struct fake_manager *m)
{
	(void)h;
	assert_in_range(m->registrations, 1, 8);
	order[m->registrations - 1] = m->registered;
}

static void many_reloads_at_once_are_one(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int i;

	(void)state;
	m.on_registration = note_order;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_told(&m, 2, true, 0);
	assert_true(!order[0] && order[1]);
	/* Most of these are of the past when they are read. */
	for (i = 0; i < 3; i++) {
		fake_unload();
		fake_load();
	}
	assert_int_equal(kmtia_dispatch(h), 6);
	assert_told(&m, 4, true, 0);
	assert_true(!order[2] && order[3]);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 3);
	assert_int_equal(fake.unseen, 0);
	ask(1);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(kmtia_answer_cannot(m.req, 1, NULL, NULL), 0);
	fake_close(h);
}

static void it_happens_without_a_callback_too(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	callbacks.registration = NULL;
	manager.name = NULL;
	manager.description = NULL;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(kmtia_notify_get(h, 0), -ENOTCONN);
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 2);
	assert_null(fake_last(KMTIA_CMD_MANAGER_ADD)->tb[KMTIA_A_MANAGER_NAME]);
	assert_null(fake_last(KMTIA_CMD_MANAGER_ADD)->tb[KMTIA_A_MANAGER_DESCRIPTION]);
	ask(1);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.registrations, 0);
	kmtia_request_drop(m.req);
	fake_close(h);
}

static void the_numbers_of_notifications_begin_anew(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_push(fake.event_fd, fake_notification(9, 0, KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL));
	assert_int_equal(kmtia_dispatch(h), 1);
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	fake_push(fake.event_fd, fake_notification(1, 0, KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.notifications, 2);
	assert_int_equal(m.overruns, 0);
	fake_close(h);
}

static void stop_when_back(struct kmtia *h, struct fake_manager *m)
{
	if (!m->registered)
		fake_load();
	else
		kmtia_stop(h);
}

static void run_goes_on(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_registration = stop_when_back;
	fake_unload();
	assert_int_equal(kmtia_run(h), 0);
	assert_told(&m, 2, true, 0);
	fake_close(h);
}

/* --- Coming back fails ---------------------------------------------------------------------- */

static int refusal;

static void refuse(const struct fake_request *r)
{
	fake_ack(r, refusal, &(struct fake_extack){ .text = "the kernel says no" });
}

static void stay_silent(const struct fake_request *r)
{
	(void)r;
}

static void a_refusal_is_told_and_the_next_loading_tried(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int fd = kmtia_get_fd(h);

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_ADD] = refuse;
	refusal = -EEXIST;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_told(&m, 2, false, -EEXIST);
	assert_string_equal(m.sentence, "the kernel says no (File exists)");
	assert_int_equal(kmtia_get_fd(h), fd);
	assert_int_equal(kmtia_notify_get(h, 0), -ENOTCONN);
	assert_int_equal(kmtia_dispatch(h), 0);
	/* That it goes is no news to who is not registered. */
	fake.on[KMTIA_CMD_MANAGER_ADD] = NULL;
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 2, false, -EEXIST);
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 3, true, 0);
	fake_close(h);
}

static void who_may_be_registered_without_knowing_closes_the_socket(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_ADD] = stay_silent;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_told(&m, 2, false, -ETIMEDOUT);
	assert_int_equal(fake.sockets, 2);
	fake.socket_errno = EMFILE;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_told(&m, 3, false, -EMFILE);
	assert_non_null(strstr(m.sentence, "cannot open a netlink socket"));
	fake.socket_errno = 0;
	fake.on[KMTIA_CMD_MANAGER_ADD] = NULL;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_told(&m, 4, true, 0);
	assert_int_equal(fake.sockets, 3);
	fake_close(h);
}

static void gone_again_by_the_time_it_is_told(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_unload();
	fake_load();
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 3);
	assert_told(&m, 1, false, 0);
	assert_int_equal(fake.by_name, 1);
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 2, true, 0);
	fake_close(h);
}

static void go_while_it_registers(const struct fake_request *r)
{
	/* As if the command had come a moment later. */
	fake.on[KMTIA_CMD_MANAGER_ADD] = NULL;
	fake_unload();
	fake_ack(r, -ENOENT, NULL);
}

static void go_and_come_while_it_registers(const struct fake_request *r)
{
	go_while_it_registers(r);
	fake_load();
}

static void gone_again_while_it_registers(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_ADD] = go_while_it_registers;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_told(&m, 2, false, -ENOTCONN);
	assert_non_null(strstr(m.sentence, "the kernel module was unloaded"));
	assert_int_equal(kmtia_dispatch(h), 1);
	fake.on[KMTIA_CMD_MANAGER_ADD] = go_and_come_while_it_registers;
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 3, true, 0);
	/* What is told of the one in between is no news. */
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.registrations, 3);
	fake_close(h);
}

/* --- What the callback may do ----------------------------------------------------------------- */

static void unregister_now(struct kmtia *h, struct fake_manager *m)
{
	m->result = kmtia_unregister(h);
}

static void the_callback_may_unregister(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_registration = unregister_now;
	fake_unload();
	fake_load();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_told(&m, 1, false, 0);
	assert_int_equal(m.result, 0);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 1);
	assert_int_equal(fake.sockets, 1);
	assert_int_equal(kmtia_get_fd(h), -1);
	fake_close(h);
}

static void register_anew(struct kmtia *h, struct fake_manager *m)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);

	assert_int_equal(kmtia_unregister(h), 0);
	m->result = kmtia_register(h, &manager, &callbacks, m);
}

static void the_callback_may_register_anew(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_registration = register_anew;
	fake_unload();
	fake_load();
	assert_in_range(kmtia_dispatch(h), 1, 2);
	assert_told(&m, 1, false, 0);
	assert_int_equal(m.result, 0);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 2);
	assert_int_equal(fake.sockets, 3);
	assert_int_equal(kmtia_dispatch(h), 0);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unloading_voids_the_registration),
		cmocka_unit_test(what_came_before_is_void_too),
		cmocka_unit_test(unregistering_ends_the_wait),
		cmocka_unit_test(loading_registers_again),
		cmocka_unit_test(many_reloads_at_once_are_one),
		cmocka_unit_test(it_happens_without_a_callback_too),
		cmocka_unit_test(the_numbers_of_notifications_begin_anew),
		cmocka_unit_test(run_goes_on),
		cmocka_unit_test(a_refusal_is_told_and_the_next_loading_tried),
		cmocka_unit_test(who_may_be_registered_without_knowing_closes_the_socket),
		cmocka_unit_test(gone_again_by_the_time_it_is_told),
		cmocka_unit_test(gone_again_while_it_registers),
		cmocka_unit_test(the_callback_may_unregister),
		cmocka_unit_test(the_callback_may_register_anew),
	};

	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
