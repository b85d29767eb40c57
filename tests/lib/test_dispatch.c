// SPDX-License-Identifier: LGPL-2.1-or-later
/* Questions: check, dictate, both in one; the loop; what comes in between. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static void ask(uint8_t cmd, uint64_t id, bool check)
{
	fake_push(fake.event_fd, fake_question(cmd, id, &fake_sa_in, NULL, check));
}

static void assert_check_reply(uint64_t id, uint32_t will_dictate, uint32_t weight)
{
	const struct fake_request *r = fake_last(KMTIA_CMD_CHECK_REPLY);

	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_ID]), 8);
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), id);
	assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_WILL_DICTATE]), 4);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_WILL_DICTATE]), will_dictate);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_WEIGHT]), weight);
}

/* --- check ---------------------------------------------------------------------- */

static void check_is_answered_with_the_bid(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	ask(KMTIA_CMD_CHECK, 1ULL << 40, false);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks, 1);
	assert_false(m.preset_will);
	assert_int_equal(m.preset_weight, 1);
	assert_check_reply(1ULL << 40, 0, 1);

	m.will_dictate = true;
	m.sets_weight = true;
	m.weight = 0xfffffff0;
	ask(KMTIA_CMD_CHECK, 6, false);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_check_reply(6, 1, 0xfffffff0);
	/* A bid is no promise to be held to: nothing is dictated yet. */
	assert_int_equal(m.dictations, 0);
	fake_close(h);
}

static void late(const struct fake_request *r)
{
	fake_ack(r, -ENOENT, &(struct fake_extack){ .text = "too late" });
}

static void a_bid_too_late_is_no_error(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_CHECK_REPLY] = late;
	ask(KMTIA_CMD_CHECK, 1, false);
	ask(KMTIA_CMD_CHECK, 2, false);
	/* Two questions, and what the kernel thinks of each bid. */
	assert_int_equal(kmtia_dispatch(h), 4);
	assert_int_equal(m.checks, 2);
	assert_false(fake_readable(h));
	fake_close(h);
}

/* --- dictate ---------------------------------------------------------------------- */

static void dictate_calls_key_dictation_alone(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	const struct kmtia_pair *pair;

	(void)state;
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 77, &fake_sa_out,
					       &fake_sa_in, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks, 0);
	assert_int_equal(m.dictations, 1);
	assert_int_equal(fake.count[KMTIA_CMD_CHECK_REPLY], 0);
	assert_int_equal(fake.count[KMTIA_CMD_DICTATE_REPLY], 0);
	assert_int_equal(kmtia_request_id(m.req), 77);
	assert_in_range(kmtia_request_time_left(m.req), 500, 1000);

	/* The request has the pair for as long as it lives. */
	pair = kmtia_request_pair(m.req);
	assert_ptr_equal(pair->keyed, pair->outbound);
	assert_int_equal(pair->keyed->spi, fake_sa_out.spi);
	assert_string_equal(pair->keyed->slots[1].algorithm, "hmac(sha256)");
	assert_null(pair->keyed->slots[0].key);
	assert_int_equal(pair->inbound->spi, fake_sa_in.spi);
	kmtia_request_drop(m.req);
	assert_int_equal(fake.count[KMTIA_CMD_DICTATE_REPLY], 0);
	fake_close(h);
}

static void merged_question_calls_both(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.will_dictate = true;
	ask(KMTIA_CMD_DICTATE, 5, true);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks, 1);
	assert_int_equal(m.dictations, 1);
	assert_int_equal(fake.count[KMTIA_CMD_CHECK_REPLY], 0);
	kmtia_request_drop(m.req);
	fake_close(h);
}

static void merged_question_is_declined_by_the_check(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.will_dictate = false;
	m.sets_weight = true;
	m.weight = 9;
	ask(KMTIA_CMD_DICTATE, 5, true);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_check_reply(5, 0, 9);
	/* A weight of 0 never wins, whatever is wanted. */
	m.will_dictate = true;
	m.weight = 0;
	ask(KMTIA_CMD_DICTATE, 6, true);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_check_reply(6, 0, 0);
	assert_int_equal(m.checks, 2);
	assert_int_equal(m.dictations, 0);
	fake_close(h);
}

static void who_only_listens_is_not_asked(void **state)
{
	struct kmtia_manager manager = fake_identity(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct kmtia_callbacks callbacks = fake_callbacks(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	ask(KMTIA_CMD_CHECK, 1, false);
	ask(KMTIA_CMD_DICTATE, 2, false);
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_check_reply(1, 0, 0);
	assert_int_equal(fake.count[KMTIA_CMD_DICTATE_REPLY], 1);
	fake_close(h);
}

/* --- Malformed -------------------------------------------------------------------- */

static void an_unreadable_question_is_declined(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	const struct fake_request *r;

	(void)state;
	/* No SA: not to be answered, but its number is known. */
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_CHECK, 8, NULL, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_check_reply(8, 0, 0);
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 9, NULL, &fake_sa_in, true));
	assert_int_equal(kmtia_dispatch(h), 1);
	r = fake_last(KMTIA_CMD_DICTATE_REPLY);
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 9);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_STATUS]), EBADMSG);
	assert_null(r->tb[KMTIA_A_REQUEST_SLOT]);
	assert_null(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]);
	assert_int_equal(m.checks + m.dictations, 0);
	fake_close(h);
}

static void what_is_no_question_is_passed_over(void **state)
{
	static const char short_header[4] = { 20 };
	struct nlmsghdr bare = { .nlmsg_len = sizeof(bare), .nlmsg_type = FAKE_FAMILY };
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	struct nl_msg *other = nlmsg_alloc();

	(void)state;
	fake_push(fake.event_fd, fake_message(KMTIA_CMD_CHECK, 0, 0)); /* no id */
	fake_push(fake.event_fd, fake_message(200, 0, 0));	       /* unknown command */
	fake_push_raw(fake.event_fd, short_header, sizeof(short_header));
	fake_push_raw(fake.event_fd, &bare, sizeof(bare)); /* no genl header */
	genlmsg_put(other, 0, 0, FAKE_FAMILY + 1, 0, 0, KMTIA_CMD_DICTATE, 1);
	fake_push(fake.event_fd, other); /* another family */
	fake_push_from(fake.event_fd, fake_question(KMTIA_CMD_CHECK, 1, &fake_sa_in, NULL, false),
		       4711); /* another process */
	ask(KMTIA_CMD_CHECK, 2, false);
	assert_in_range(kmtia_dispatch(h), 1, 7);
	assert_int_equal(m.checks, 1);
	assert_int_equal(fake.count[KMTIA_CMD_CHECK_REPLY], 1);
	assert_check_reply(2, 0, 1);
	fake_close(h);
}

/* --- In between --------------------------------------------------------------------- */

static void ask_then_ack(const struct fake_request *r)
{
	ask(KMTIA_CMD_CHECK, 100, false);
	fake_push(fake.event_fd, fake_notification(1, 0, KMTIA_NOTIFY_EVENT_FLUSH, NULL, NULL));
	fake_ack(r, -ENOENT, &(struct fake_extack){ .text = "too late" });
}

static void a_question_before_an_ack_waits_and_wakes(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	ask(KMTIA_CMD_DICTATE, 1, false);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_false(fake_readable(h));

	fake.on[KMTIA_CMD_DICTATE_REPLY] = ask_then_ack;
	assert_int_equal(kmtia_answer_cannot(m.req, 3, NULL, NULL), -ENOENT);
	/* Answered from outside of callbacks: nothing may be called back now. */
	assert_int_equal(m.checks + m.notifications, 0);
	assert_true(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 2);
	assert_int_equal(m.checks, 1);
	assert_int_equal(m.notifications, 1);
	assert_check_reply(100, 0, 1);
	assert_false(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 0);
	fake_close(h);
}

static void answer_now(struct kmtia *h, struct fake_manager *m)
{
	(void)h;
	m->result = kmtia_answer_cannot(m->req, 3, NULL, NULL);
	/* The pair is valid during the call, answered or not. */
	assert_int_equal(m->live->keyed->spi, fake_sa_in.spi);
}

static void a_question_before_an_ack_within_dispatch_is_handled_next(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_dictation = answer_now;
	fake.on[KMTIA_CMD_DICTATE_REPLY] = ask_then_ack;
	ask(KMTIA_CMD_DICTATE, 1, false);
	assert_int_equal(kmtia_dispatch(h), 3);
	assert_int_equal(m.result, -ENOENT);
	assert_int_equal(m.checks, 1);
	assert_int_equal(m.notifications, 1);
	assert_false(fake_readable(h));
	fake_close(h);
}

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

static void administer(struct kmtia *h, struct fake_manager *m)
{
	int n = 0;

	(void)m;
	assert_int_equal(kmtia_rules(h, count_rule, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(kmtia_rule_delete(h, 10), 0);
	assert_int_equal(kmtia_dispatch(h), -EBUSY);
	assert_int_equal(kmtia_run(h), -EBUSY);
}

static void commands_work_within_callbacks(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_check = administer;
	m.will_dictate = true;
	fake.on[KMTIA_CMD_RULE_GET] = one_rule;
	ask(KMTIA_CMD_CHECK, 1, false);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(fake.count[KMTIA_CMD_RULE_DEL], 1);
	/* Commands go the other way than answers. */
	assert_int_equal(fake_last(KMTIA_CMD_RULE_DEL)->fd, fake.command_fd);
	assert_check_reply(1, 1, 1);
	fake_close(h);
}

static void unregister_now(struct kmtia *h, struct fake_manager *m)
{
	m->will_dictate = true;
	m->result = kmtia_unregister(h);
}

static void the_check_callback_may_unregister(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_check = unregister_now;
	m.will_dictate = true;
	ask(KMTIA_CMD_DICTATE, 1, true);
	ask(KMTIA_CMD_DICTATE, 2, true);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.result, 0);
	assert_int_equal(m.checks, 1);
	assert_int_equal(m.dictations, 0);
	assert_int_equal(kmtia_get_fd(h), -1);
	assert_int_equal(fake.sockets, 1);
	fake_close(h);
}

/* --- Run ------------------------------------------------------------------------------ */

static void stop_now(struct kmtia *h, struct fake_manager *m)
{
	if (m->checks % 2 == 0)
		kmtia_stop(h);
}

static void run_goes_on_until_stopped(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	m.on_check = stop_now;
	ask(KMTIA_CMD_CHECK, 1, false);
	ask(KMTIA_CMD_CHECK, 2, false);
	ask(KMTIA_CMD_CHECK, 3, false);
	assert_int_equal(kmtia_run(h), 0);
	assert_int_equal(m.checks, 2);
	/* What is left is still there for the next. */
	assert_true(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks, 3);
	assert_false(fake_readable(h));
	/* That it was stopped once does not stop it the next time. */
	m.checks = 0;
	ask(KMTIA_CMD_CHECK, 4, false);
	ask(KMTIA_CMD_CHECK, 5, false);
	assert_int_equal(kmtia_run(h), 0);
	assert_int_equal(m.checks, 2);
	fake_close(h);
}

static void stop_before_run_counts(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	kmtia_stop(h);
	kmtia_stop(h);
	assert_int_equal(kmtia_run(h), 0);
	assert_false(fake_readable(h));
	fake_close(h);
}

static struct kmtia *to_stop;

static void on_alarm(int signal)
{
	(void)signal;
	kmtia_stop(to_stop);
}

static void stop_works_from_a_signal_handler(void **state)
{
	const struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	to_stop = h;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(kmtia_run(h), 0);
	assert_false(fake_readable(h));
	signal(SIGALRM, SIG_DFL);
	fake_close(h);
}

static void a_stop_without_run_does_not_spin(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	kmtia_stop(h);
	assert_true(fake_readable(h)); /* to wake a run */
	ask(KMTIA_CMD_CHECK, 1, false);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_false(fake_readable(h));
	fake_close(h);
}

static void a_receive_error_ends_run(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_push_errno(fake.event_fd, EBADFD);
	assert_int_equal(kmtia_run(h), -EBADFD);
	assert_non_null(strstr(kmtia_strerror(h, -EBADFD), "cannot receive"));
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_is_answered_with_the_bid),
		cmocka_unit_test(a_bid_too_late_is_no_error),
		cmocka_unit_test(dictate_calls_key_dictation_alone),
		cmocka_unit_test(merged_question_calls_both),
		cmocka_unit_test(merged_question_is_declined_by_the_check),
		cmocka_unit_test(who_only_listens_is_not_asked),
		cmocka_unit_test(an_unreadable_question_is_declined),
		cmocka_unit_test(what_is_no_question_is_passed_over),
		cmocka_unit_test(a_question_before_an_ack_waits_and_wakes),
		cmocka_unit_test(a_question_before_an_ack_within_dispatch_is_handled_next),
		cmocka_unit_test(commands_work_within_callbacks),
		cmocka_unit_test(the_check_callback_may_unregister),
		cmocka_unit_test(run_goes_on_until_stopped),
		cmocka_unit_test(stop_before_run_counts),
		cmocka_unit_test(stop_works_from_a_signal_handler),
		cmocka_unit_test(a_stop_without_run_does_not_spin),
		cmocka_unit_test(a_receive_error_ends_run),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
