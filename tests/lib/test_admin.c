// SPDX-License-Identifier: LGPL-2.1-or-later
/* Managers and statistics. (Rules: test_rule.c; SAs: test_sa.c) */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

/* --- Managers ---------------------------------------------------------------------- */

static struct kmtia_manager_info managers[2];

static int list_manager(const struct kmtia_manager_info *manager, void *user)
{
	assert_true(*(int *)user < 2);
	managers[(*(int *)user)++] = *manager;
	return 0;
}

/* A class of answer times; @below 0: the last one. */
static void put_time(struct nl_msg *msg, int type, uint64_t below, uint64_t count)
{
	struct nlattr *nest = nla_nest_start(msg, type | NLA_F_NESTED);

	if (below)
		nla_put_u64(msg, KMTIA_A_ANSWER_TIME_BELOW, below);
	nla_put_u64(msg, KMTIA_A_ANSWER_TIME_COUNT, count);
	nla_nest_end(msg, nest);
}

static void two_managers(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_MANAGER_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);
	int type;

	nla_put(msg, KMTIA_A_MANAGER_UUID, KMTIA_UUID_LEN, fake_uuid);
	nla_put_string(msg, KMTIA_A_MANAGER_NAME, "first");
	nla_put_string(msg, KMTIA_A_MANAGER_DESCRIPTION, "the first one");
	nla_put_u32(msg, KMTIA_A_MANAGER_FLAGS, 3);
	nla_put_u32(msg, KMTIA_A_MANAGER_WEIGHT, 0);
	nla_put_u32(msg, KMTIA_A_MANAGER_TIMEOUT_HINT, 5);
	nla_put_u32(msg, KMTIA_A_MANAGER_PID, 4711);
	nla_put_u32(msg, KMTIA_A_MANAGER_UID, 33);
	nla_put_flag(msg, KMTIA_A_MANAGER_STALLED);
	for (type = KMTIA_A_MANAGER_QUESTIONS; type <= KMTIA_A_MANAGER_DROPPED; type++)
		nla_put_u64(msg, type, (1ULL << 32) + type);
	nla_put_u32(msg, KMTIA_A_MANAGER_GRACE, 30000);
	nla_put_u32(msg, KMTIA_A_MANAGER_GRACE_LEFT, 0);
	nla_put_u32(msg, KMTIA_A_MANAGER_SECRETS, 17);
	nla_put_u64(msg, KMTIA_A_MANAGER_STANDING, 1ULL << 35);
	put_time(msg, KMTIA_A_MANAGER_ANSWER_TIME, 64, 1);
	put_time(msg, KMTIA_A_MANAGER_ANSWER_TIME, 0, 1ULL << 34);
	fake_push(r->fd, msg);
	msg = fake_message(KMTIA_CMD_MANAGER_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);
	nla_put(msg, KMTIA_A_MANAGER_UUID, KMTIA_UUID_LEN, fake_uuid);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void managers_are_listed(void **state)
{
	const uint64_t base = 1ULL << 32;
	const struct kmtia_manager_info *m = &managers[0];
	struct kmtia *h = fake_open();
	int n = 0;

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_GET] = two_managers;
	assert_int_equal(kmtia_managers(h, list_manager, &n), 0);
	assert_int_equal(n, 2);
	assert_memory_equal(m->uuid, fake_uuid, KMTIA_UUID_LEN);
	assert_string_equal(m->name, "first");
	assert_string_equal(m->description, "the first one");
	assert_int_equal(m->flags, 3);
	assert_true(m->has_weight);
	assert_int_equal(m->weight, 0);
	assert_int_equal(m->timeout_hint, 5);
	assert_int_equal(m->pid, 4711);
	assert_int_equal(m->uid, 33);
	assert_true(m->stalled);
	assert_int_equal(m->questions, base + KMTIA_A_MANAGER_QUESTIONS);
	assert_int_equal(m->answers, base + KMTIA_A_MANAGER_ANSWERS);
	assert_int_equal(m->refusals, base + KMTIA_A_MANAGER_REFUSALS);
	assert_int_equal(m->unusable, base + KMTIA_A_MANAGER_UNUSABLE);
	assert_int_equal(m->misses, base + KMTIA_A_MANAGER_MISSES);
	assert_int_equal(m->late, base + KMTIA_A_MANAGER_LATE);
	assert_int_equal(m->notifications, base + KMTIA_A_MANAGER_NOTIFICATIONS);
	assert_int_equal(m->dropped, base + KMTIA_A_MANAGER_DROPPED);
	assert_int_equal(m->grace_ms, 30000);
	assert_true(m->has_grace_left);
	assert_int_equal(m->grace_left_ms, 0);
	assert_int_equal(m->secrets, 17);
	assert_true(m->standing == 1ULL << 35);
	assert_int_equal(m->n_answer_times, 2);
	assert_int_equal(m->answer_times[0].below_us, 64);
	assert_int_equal(m->answer_times[0].count, 1);
	assert_int_equal(m->answer_times[1].below_us, 0);
	assert_true(m->answer_times[1].count == 1ULL << 34);
	m = &managers[1];
	assert_memory_equal(m->uuid, fake_uuid, KMTIA_UUID_LEN);
	assert_string_equal(m->name, "");
	assert_string_equal(m->description, "");
	assert_false(m->has_weight || m->stalled);
	assert_true(!m->flags && !m->weight && !m->timeout_hint && !m->pid && !m->uid);
	assert_true(!m->questions && !m->answers && !m->refusals && !m->unusable);
	assert_true(!m->misses && !m->late && !m->notifications && !m->dropped);
	assert_false(m->has_grace_left);
	assert_int_equal(m->n_answer_times, 0);
	assert_true(!m->grace_ms && !m->grace_left_ms && !m->secrets && !m->standing);
	fake_close(h);
}

static void a_manager_is_deleted_by_uuid(void **state)
{
	struct kmtia *h = fake_open();
	const struct nlattr *uuid;

	(void)state;
	assert_int_equal(kmtia_manager_delete(h, fake_uuid), 0);
	uuid = fake_last(KMTIA_CMD_MANAGER_DEL)->tb[KMTIA_A_MANAGER_UUID];
	assert_int_equal(nla_len(uuid), KMTIA_UUID_LEN);
	assert_memory_equal(nla_data(uuid), fake_uuid, KMTIA_UUID_LEN);
	assert_int_equal(fake_last(KMTIA_CMD_MANAGER_DEL)->fd, fake.command_fd);
	fake_close(h);
}

/* --- Statistics ----------------------------------------------------------------------- */

static int stop_after;

static const char *const stat_names[] = {
	"rules", "managers", "live", "remembered", "reuse", "reuse-max", "pending",
	"unmatched", "matched", "questions", "dictated", "kept", "own", "readded",
	"existing", "refused", "fail-no-manager", "fail-busy", "fail-timeout", "fail-died",
	"fail-cannot", "fail-unusable", "fail-other", "hooked", "standing", "mismatched",
	"answers-below-128us", "answers-slower"
};

static bool is_wide(int type)
{
	return type >= KMTIA_A_STATS_UNMATCHED && type != KMTIA_A_STATS_HOOKED;
}

static uint64_t stat_value(int type)
{
	return (is_wide(type) ? 1ULL << 33 : 0) + (uint64_t)type * 3;
}

static void all_stats(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_STATS_GET, r->nlh->nlmsg_seq, 0);
	int type;

	for (type = 1; type < KMTIA_A_STATS_ANSWER_TIME; type++) {
		if (is_wide(type))
			nla_put_u64(msg, type, stat_value(type));
		else
			nla_put_u32(msg, type, stat_value(type));
	}
	put_time(msg, KMTIA_A_STATS_ANSWER_TIME, 128, stat_value(type++));
	put_time(msg, KMTIA_A_STATS_ANSWER_TIME, 0, stat_value(type));
	fake_push(r->fd, msg);
	fake_ack_ok(r);
}

static void odd_times(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_STATS_GET, r->nlh->nlmsg_seq, 0);
	struct nlattr *nest = nla_nest_start(msg, KMTIA_A_STATS_ANSWER_TIME | NLA_F_NESTED);

	nla_put_u32(msg, KMTIA_A_ANSWER_TIME_COUNT, 1);
	nla_nest_end(msg, nest);
	fake_push(r->fd, msg);
	fake_ack_ok(r);
}

static void odd_stats(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_STATS_GET, r->nlh->nlmsg_seq, 0);

	nla_put(msg, KMTIA_A_STATS_LIVE, 3, "abc");
	fake_push(r->fd, msg);
	fake_ack_ok(r);
}

static int check_stat(const struct kmtia_stat *stat, void *user)
{
	int *n = user;

	assert_true(*n <= KMTIA_A_STATS_MAX);
	assert_string_equal(stat->name, stat_names[*n]);
	++*n;
	assert_true(stat->value == stat_value(*n));
	return *n == stop_after ? 5 : 0;
}

static void counters_are_read_in_order(void **state)
{
	struct kmtia *h = fake_open();
	int n = 0;

	(void)state;
	stop_after = 0;
	fake.on[KMTIA_CMD_STATS_GET] = all_stats;
	assert_int_equal(kmtia_stats(h, check_stat, &n), 0);
	assert_int_equal(n, KMTIA_A_STATS_MAX + 1);
	stop_after = 3;
	n = 0;
	assert_int_equal(kmtia_stats(h, check_stat, &n), 5);
	assert_int_equal(n, 3);
	fake.on[KMTIA_CMD_STATS_GET] = odd_stats;
	assert_int_equal(kmtia_stats(h, check_stat, &n), -EBADMSG);
	fake.on[KMTIA_CMD_STATS_GET] = odd_times;
	stop_after = 0;
	n = 0;
	assert_int_equal(kmtia_stats(h, check_stat, &n), -EBADMSG);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(managers_are_listed),
		cmocka_unit_test(a_manager_is_deleted_by_uuid),
		cmocka_unit_test(counters_are_read_in_order),
	};

	return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
