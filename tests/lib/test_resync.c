// SPDX-License-Identifier: LGPL-2.1-or-later
/* Questions that were lost: the library asks for the open ones, and asks none twice. */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static uint64_t open_ids[300];
static size_t n_open;
static bool keys_asked, check_asked;

static void list_open(const struct fake_request *r)
{
	size_t i;

	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP);
	for (i = 0; i < n_open; i++) {
		struct nl_msg *msg = fake_message(KMTIA_CMD_REQUEST_GET, r->nlh->nlmsg_seq,
						  NLM_F_MULTI);

		nla_put_u64(msg, KMTIA_A_REQUEST_ID, open_ids[i]);
		nla_put_u32(msg, KMTIA_A_REQUEST_TIMEOUT, 700);
		fake_put_sa(msg, KMTIA_A_REQUEST_SA, &fake_sa_in);
		if (check_asked)
			nla_put_flag(msg, KMTIA_A_REQUEST_CHECK);
		if (keys_asked)
			nla_put_flag(msg, KMTIA_A_REQUEST_KEYS);
		fake_push(r->fd, msg);
	}
	fake_done(r, 0, NULL);
}

static void list_nothing_but_an_error(const struct fake_request *r)
{
	fake_ack(r, -EPERM, NULL);
}

/* Messages are lost, and the kernel has these questions open. */
static void lose(struct kmtia *h, size_t n, const uint64_t *ids)
{
	memcpy(open_ids, ids, n * sizeof(*ids));
	n_open = n;
	fake.on[KMTIA_CMD_REQUEST_GET] = list_open;
	fake_push_errno(fake.event_fd, ENOBUFS);
	assert_in_range(kmtia_dispatch(h), 0, 10);
}

static void lost_questions_are_asked(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	keys_asked = true;
	check_asked = false;
	lose(h, 1, (uint64_t[]){ 5 });
	assert_int_equal(fake.count[KMTIA_CMD_REQUEST_GET], 1);
	assert_int_equal(m.checks, 0);
	assert_int_equal(m.dictations, 1);
	assert_int_equal(kmtia_request_id(m.req), 5);
	assert_in_range(kmtia_request_time_left(m.req), 300, 700);
	assert_int_equal(m.overruns, 1);
	kmtia_request_drop(m.req);
	fake_close(h);
}

static void each_kind_is_what_it_was(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.will_dictate = true;
	/* For a bid alone */
	keys_asked = false;
	check_asked = true;
	lose(h, 1, (uint64_t[]){ 5 });
	assert_int_equal(m.checks, 1);
	assert_int_equal(m.dictations, 0);
	assert_int_equal(fake.count[KMTIA_CMD_CHECK_REPLY], 1);
	/* For both in one */
	keys_asked = true;
	lose(h, 1, (uint64_t[]){ 6 });
	assert_int_equal(m.checks, 2);
	assert_int_equal(m.dictations, 1);
	kmtia_request_drop(m.req);
	fake_close(h);
}

static void what_was_asked_is_not_asked_again(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	keys_asked = true;
	check_asked = false;
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 5, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	kmtia_request_drop(m.req);
	lose(h, 2, (uint64_t[]){ 5, 6 });
	assert_int_equal(m.dictations, 2);
	assert_int_equal(kmtia_request_id(m.req), 6);
	kmtia_request_drop(m.req);
	/* It may come by itself after it was listed. */
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 6, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.dictations, 2);
	fake_close(h);
}

static void who_only_listens_asks_for_none(void **state)
{
	struct kmtia_manager manager = fake_identity(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct kmtia_callbacks callbacks = fake_callbacks(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	lose(h, 1, (uint64_t[]){ 5 });
	assert_int_equal(fake.count[KMTIA_CMD_REQUEST_GET], 0);
	assert_int_equal(m.overruns, 1);
	fake_close(h);
}

static void the_kernels_no_is_no_end(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_REQUEST_GET] = list_nothing_but_an_error;
	fake_push_errno(fake.event_fd, ENOBUFS);
	assert_in_range(kmtia_dispatch(h), 0, 10);
	assert_int_equal(m.overruns, 1);
	assert_false(fake_readable(h));
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_questions_are_asked),
		cmocka_unit_test(each_kind_is_what_it_was),
		cmocka_unit_test(what_was_asked_is_not_asked_again),
		cmocka_unit_test(who_only_listens_asks_for_none),
		cmocka_unit_test(the_kernels_no_is_no_end),
	};

	return cmocka_run_group_tests_name("resync", tests, NULL, NULL);
}
