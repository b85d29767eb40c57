// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rules: what is sent, what is read. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "fake_manager.h"

/* --- Rules: sending ------------------------------------------------------------- */

static struct kmtia_rule least_rule(void)
{
	return (struct kmtia_rule){ .size = sizeof(struct kmtia_rule), .priority = 10 };
}

static struct kmtia_rule full_rule(uint16_t family)
{
	struct kmtia_rule rule = {
		.size = sizeof(rule),
		.priority = 0xfffffffe,
		.family = family,
		.has_local = true,
		.local = { 10, 1, 2, 3, 4 },
		.local_len = 24,
		.has_remote = true,
		.remote = { 10, 9, 8, 7, 6 },
		.remote_len = 16,
		.proto = IPPROTO_ESP,
		.direction = KMTIA_DIRECTION_OUT,
		.has_reqid = true,
		.reqid = 21,
		.has_if_id = true,
		.if_id = 22,
		.has_mark = true,
		.mark = 23,
		.mark_mask = 0xff,
		.dictate = KMTIA_GRANT_NAMED,
		.dictate_manager = { 1, 2, 3 },
		.notify = KMTIA_GRANT_NAMED,
		.notify_manager = { 4, 5, 6 },
		.has_keys = true,
		.keys_manager = { 7, 8, 9 },
		.has_on_failure = true,
		.on_failure = KMTIA_FAILURE_ACTION_MANAGER,
		.timeout_ms = 250,
	};

	return rule;
}

static void assert_u32(const struct fake_request *r, int type, uint32_t value)
{
	assert_non_null(r->tb[type]);
	assert_int_equal(nla_len(r->tb[type]), 4);
	assert_int_equal(nla_get_u32(r->tb[type]), value);
}

static void assert_bytes(const struct fake_request *r, int type, const void *bytes, int len)
{
	assert_non_null(r->tb[type]);
	assert_int_equal(nla_len(r->tb[type]), len);
	assert_memory_equal(nla_data(r->tb[type]), bytes, len);
}

static void assert_rule_sent(const struct fake_request *r, const struct kmtia_rule *rule)
{
	int len = rule->family == AF_INET ? 4 : 16;

	assert_int_equal(r->fd, fake.command_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_u32(r, KMTIA_A_RULE_PRIORITY, rule->priority);
	assert_u32(r, KMTIA_A_RULE_FAMILY, rule->family);
	assert_bytes(r, KMTIA_A_RULE_LOCAL, rule->local, len);
	assert_u32(r, KMTIA_A_RULE_LOCAL_LEN, rule->local_len);
	assert_bytes(r, KMTIA_A_RULE_REMOTE, rule->remote, len);
	assert_u32(r, KMTIA_A_RULE_REMOTE_LEN, rule->remote_len);
	assert_u32(r, KMTIA_A_RULE_PROTO, rule->proto);
	assert_u32(r, KMTIA_A_RULE_DIRECTION, rule->direction);
	assert_u32(r, KMTIA_A_RULE_REQID, rule->reqid);
	assert_u32(r, KMTIA_A_RULE_IF_ID, rule->if_id);
	assert_u32(r, KMTIA_A_RULE_MARK, rule->mark);
	assert_u32(r, KMTIA_A_RULE_MARK_MASK, rule->mark_mask);
	assert_u32(r, KMTIA_A_RULE_DICTATE, rule->dictate);
	assert_bytes(r, KMTIA_A_RULE_DICTATE_MANAGER, rule->dictate_manager, KMTIA_UUID_LEN);
	assert_u32(r, KMTIA_A_RULE_NOTIFY, rule->notify);
	assert_bytes(r, KMTIA_A_RULE_NOTIFY_MANAGER, rule->notify_manager, KMTIA_UUID_LEN);
	assert_bytes(r, KMTIA_A_RULE_KEYS_MANAGER, rule->keys_manager, KMTIA_UUID_LEN);
	assert_u32(r, KMTIA_A_RULE_ON_FAILURE, rule->on_failure);
	assert_u32(r, KMTIA_A_RULE_TIMEOUT, rule->timeout_ms);
	assert_null(r->tb[KMTIA_A_RULE_HITS]);
}

static void every_field_of_a_rule_is_sent(void **state)
{
	static const uint16_t families[] = { AF_INET, AF_INET6 };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct kmtia_rule rule = full_rule(families[i]);
		struct kmtia *h = fake_open();

		assert_int_equal(kmtia_rule_add(h, &rule), 0);
		assert_rule_sent(fake_last(KMTIA_CMD_RULE_ADD), &rule);
		assert_int_equal(kmtia_rule_replace(h, &rule), 0);
		assert_rule_sent(fake_last(KMTIA_CMD_RULE_REPLACE), &rule);
		assert_int_equal(fake.count[KMTIA_CMD_RULE_ADD], 1);
		fake_close(h);
	}
}

static void what_a_rule_does_not_say_is_not_sent(void **state)
{
	struct kmtia_rule rule = least_rule();
	const struct fake_request *r;
	struct kmtia *h = fake_open();
	int type;

	(void)state;
	/* Values without their "has_". */
	rule.local_len = 8;
	rule.reqid = 1;
	rule.if_id = 2;
	rule.mark = 3;
	rule.mark_mask = 4;
	rule.on_failure = KMTIA_FAILURE_ACTION_KEEP;
	rule.hits = 5;
	assert_int_equal(kmtia_rule_add(h, &rule), 0);
	r = fake_last(KMTIA_CMD_RULE_ADD);
	assert_u32(r, KMTIA_A_RULE_PRIORITY, 10);
	for (type = KMTIA_A_RULE_PRIORITY + 1; type <= KMTIA_A_RULE_MAX; type++)
		assert_null(r->tb[type]);

	rule.dictate = KMTIA_GRANT_ANY;
	rule.notify = KMTIA_GRANT_ANY;
	assert_int_equal(kmtia_rule_add(h, &rule), 0);
	r = fake_last(KMTIA_CMD_RULE_ADD);
	assert_u32(r, KMTIA_A_RULE_DICTATE, KMTIA_GRANT_ANY);
	assert_u32(r, KMTIA_A_RULE_NOTIFY, KMTIA_GRANT_ANY);
	assert_null(r->tb[KMTIA_A_RULE_DICTATE_MANAGER]);
	assert_null(r->tb[KMTIA_A_RULE_NOTIFY_MANAGER]);
	fake_close(h);
}

static void wrong_rules_are_refused_here(void **state)
{
	struct kmtia_rule rule = least_rule();
	struct kmtia *h = fake_open();

	(void)state;
	rule.size = sizeof(rule) - 8;
	assert_int_equal(kmtia_rule_add(h, &rule), -EINVAL);
	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), "size of struct kmtia_rule is "));
	rule = least_rule();
	rule.reserved[2] = 1;
	assert_int_equal(kmtia_rule_add(h, &rule), -EINVAL);
	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), "reserved field of the rule"));
	rule = least_rule();
	rule.has_local = true;
	assert_int_equal(kmtia_rule_add(h, &rule), -EINVAL);
	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), "its family is neither"));
	assert_int_equal(kmtia_rule_add(h, NULL), -EINVAL);
	assert_int_equal(fake.count[KMTIA_CMD_RULE_ADD], 0);
	fake_close(h);
}

static struct fake_extack extack;
static int verdict;

static void judge(const struct fake_request *r)
{
	fake_ack(r, verdict, &extack);
}

static void the_kernels_verdict_on_a_rule_is_returned(void **state)
{
	struct kmtia_rule rule = least_rule();
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_ADD] = judge;
	verdict = -EEXIST;
	extack = (struct fake_extack){ .text = "a rule of this priority exists",
				       .offset = NLMSG_HDRLEN + GENL_HDRLEN };
	assert_int_equal(kmtia_rule_add(h, &rule), -EEXIST);
	assert_string_equal(kmtia_strerror(h, -EEXIST), "a rule of this priority exists "
							"(attribute priority) (File exists)");
	verdict = 0;
	extack = (struct fake_extack){ .text = "the other end may dictate" };
	assert_int_equal(kmtia_rule_add(h, &rule), 0);
	assert_string_equal(kmtia_warning(h), "the other end may dictate");
	fake_close(h);
}

static void rules_are_deleted_and_flushed(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(kmtia_rule_delete(h, 1234), 0);
	assert_u32(fake_last(KMTIA_CMD_RULE_DEL), KMTIA_A_RULE_PRIORITY, 1234);
	assert_int_equal(kmtia_rule_flush(h), 0);
	assert_int_equal(fake_last(KMTIA_CMD_RULE_FLUSH)->nlh->nlmsg_len,
			 NLMSG_HDRLEN + GENL_HDRLEN);
	fake_close(h);
}

/* --- Rules: reading --------------------------------------------------------------- */

static struct kmtia_rule listed[4];
static int n_listed, stop_after, stop_with;

static int list_rule(const struct kmtia_rule *rule, void *user)
{
	assert_ptr_equal(user, &n_listed);
	assert_true(n_listed < 4);
	listed[n_listed++] = *rule;
	return n_listed == stop_after ? stop_with : 0;
}

static int read_rules(struct kmtia *h)
{
	memset(listed, 0x5a, sizeof(listed));
	n_listed = 0;
	return kmtia_rules(h, list_rule, &n_listed);
}

/* Member by member: what is in between has no value. */
static void assert_selectors_equal(const struct kmtia_rule *a, const struct kmtia_rule *b)
{
	assert_int_equal(a->family, b->family);
	assert_int_equal(a->has_local, b->has_local);
	assert_memory_equal(a->local, b->local, 16);
	assert_int_equal(a->local_len, b->local_len);
	assert_int_equal(a->has_remote, b->has_remote);
	assert_memory_equal(a->remote, b->remote, 16);
	assert_int_equal(a->remote_len, b->remote_len);
	assert_int_equal(a->proto, b->proto);
	assert_int_equal(a->direction, b->direction);
	assert_int_equal(a->has_reqid, b->has_reqid);
	assert_int_equal(a->reqid, b->reqid);
	assert_int_equal(a->has_if_id, b->has_if_id);
	assert_int_equal(a->if_id, b->if_id);
	assert_int_equal(a->has_mark, b->has_mark);
	assert_int_equal(a->mark, b->mark);
	assert_int_equal(a->mark_mask, b->mark_mask);
}

static void assert_rules_equal(const struct kmtia_rule *a, const struct kmtia_rule *b)
{
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->priority, b->priority);
	assert_selectors_equal(a, b);
	assert_int_equal(a->dictate, b->dictate);
	assert_memory_equal(a->dictate_manager, b->dictate_manager, KMTIA_UUID_LEN);
	assert_int_equal(a->notify, b->notify);
	assert_memory_equal(a->notify_manager, b->notify_manager, KMTIA_UUID_LEN);
	assert_int_equal(a->has_keys, b->has_keys);
	assert_memory_equal(a->keys_manager, b->keys_manager, KMTIA_UUID_LEN);
	assert_int_equal(a->has_on_failure, b->has_on_failure);
	assert_int_equal(a->on_failure, b->on_failure);
	assert_int_equal(a->timeout_ms, b->timeout_ms);
	assert_true(a->hits == b->hits);
	assert_memory_equal(a->reserved, b->reserved, sizeof(a->reserved));
}

/* Give back what rule-add got, and what it did not. */
static void echo_rule(const struct fake_request *r)
{
	const struct fake_request *added = fake_last(KMTIA_CMD_RULE_ADD);
	struct nl_msg *msg = fake_message(KMTIA_CMD_RULE_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);
	struct nlattr *nla;
	int left;

	nlmsg_for_each_attr(nla, added->nlh, GENL_HDRLEN, left)
		nla_put(msg, nla_type(nla), nla_len(nla), nla_data(nla));
	nla_put_u64(msg, KMTIA_A_RULE_HITS, 1ULL << 34);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void a_rule_is_read_as_it_was_sent(void **state)
{
	static const uint16_t families[] = { AF_INET, AF_INET6 };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct kmtia_rule rule = full_rule(families[i]);
		struct kmtia *h = fake_open();

		if (families[i] == AF_INET)
			rule.local[4] = rule.remote[4] = 0; /* not part of it */
		assert_int_equal(kmtia_rule_add(h, &rule), 0);
		fake.on[KMTIA_CMD_RULE_GET] = echo_rule;
		assert_int_equal(read_rules(h), 0);
		assert_int_equal(n_listed, 1);
		rule.hits = 1ULL << 34;
		assert_rules_equal(&listed[0], &rule);
		fake_close(h);
	}
}

static void bare_rules(const struct fake_request *r)
{
	uint32_t priority;

	for (priority = 1; priority <= 3; priority++) {
		struct nl_msg *msg = fake_message(KMTIA_CMD_RULE_GET, r->nlh->nlmsg_seq,
						  NLM_F_MULTI);

		nla_put_u32(msg, KMTIA_A_RULE_PRIORITY, priority);
		if (priority == 2) {
			nla_put_u32(msg, KMTIA_A_RULE_FAMILY, AF_INET);
			nla_put(msg, KMTIA_A_RULE_LOCAL, 4, "\x0a\0\0\1");
			nla_put_u32(msg, KMTIA_A_RULE_MARK, 5);
		} else if (priority == 3) {
			nla_put_u32(msg, KMTIA_A_RULE_FAMILY, AF_INET6);
			nla_put(msg, KMTIA_A_RULE_REMOTE, 16, fake_uuid);
			nla_put_u32(msg, KMTIA_A_RULE_REMOTE_LEN, 48);
		}
		fake_push(r->fd, msg);
	}
	fake_done(r, 0, NULL);
}

static void what_is_absent_has_the_specifications_meaning(void **state)
{
	struct kmtia_rule bare = { .size = sizeof(bare), .priority = 1 };
	struct kmtia *h = fake_open();

	(void)state;
	stop_after = 0;
	fake.on[KMTIA_CMD_RULE_GET] = bare_rules;
	assert_int_equal(read_rules(h), 0);
	assert_int_equal(n_listed, 3);
	assert_rules_equal(&listed[0], &bare);
	assert_true(listed[1].has_local && !listed[1].has_remote);
	assert_int_equal(listed[1].local_len, 32);
	assert_int_equal(listed[1].remote_len, 0);
	assert_true(listed[1].has_mark);
	assert_int_equal(listed[1].mark_mask, UINT32_MAX);
	assert_true(listed[2].has_remote && !listed[2].has_local);
	assert_int_equal(listed[2].remote_len, 48);
	fake_close(h);
}

static void a_callback_may_end_the_list(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_GET] = bare_rules;
	stop_after = 2;
	stop_with = 17;
	assert_int_equal(read_rules(h), 17);
	assert_int_equal(n_listed, 2);
	stop_with = -ECANCELED;
	assert_int_equal(read_rules(h), -ECANCELED);
	assert_int_equal(n_listed, 2);
	/* The rest was read away: the next list is whole. */
	stop_after = 0;
	assert_int_equal(read_rules(h), 0);
	assert_int_equal(n_listed, 3);
	fake_close(h);
}

static int delete_it(const struct kmtia_rule *rule, void *user)
{
	n_listed++;
	return kmtia_rule_delete(user, rule->priority);
}

static void a_list_may_be_changed_while_it_is_read(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	n_listed = 0;
	fake.on[KMTIA_CMD_RULE_GET] = bare_rules;
	assert_int_equal(kmtia_rules(h, delete_it, h), 0);
	assert_int_equal(n_listed, 3);
	assert_int_equal(fake.count[KMTIA_CMD_RULE_DEL], 3);
	assert_u32(fake_last(KMTIA_CMD_RULE_DEL), KMTIA_A_RULE_PRIORITY, 3);
	/* An error of the command's is the callback's to pass on. */
	n_listed = 0;
	fake.on[KMTIA_CMD_RULE_DEL] = judge;
	verdict = -EPERM;
	extack = (struct fake_extack){ .text = "no" };
	assert_int_equal(kmtia_rules(h, delete_it, h), -EPERM);
	assert_int_equal(n_listed, 1);
	assert_string_equal(kmtia_strerror(h, -EPERM), "no (Operation not permitted)");
	fake_close(h);
}

static void failing_dump(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_RULE_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);

	nla_put_u32(msg, KMTIA_A_RULE_PRIORITY, 1);
	fake_push(r->fd, msg);
	fake_done(r, -EINTR, "somebody was faster");
}

static void interrupted_dump(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_RULE_GET, r->nlh->nlmsg_seq,
					  NLM_F_MULTI | NLM_F_DUMP_INTR);

	nla_put_u32(msg, KMTIA_A_RULE_PRIORITY, 1);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void malformed_dump(const struct fake_request *r)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_RULE_GET, r->nlh->nlmsg_seq, NLM_F_MULTI);

	nla_put(msg, KMTIA_A_RULE_PRIORITY, 2, "xx");
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void dumps_that_fail_say_so(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_GET] = failing_dump;
	assert_int_equal(read_rules(h), -EINTR);
	assert_int_equal(n_listed, 1);
	assert_string_equal(kmtia_strerror(h, -EINTR),
			    "somebody was faster (Interrupted system call)");
	fake.on[KMTIA_CMD_RULE_GET] = malformed_dump;
	assert_int_equal(read_rules(h), -EBADMSG);
	assert_string_equal(kmtia_strerror(h, -EBADMSG),
			    "the kernel's description of a rule is malformed (Bad message)");
	fake.on[KMTIA_CMD_RULE_GET] = judge;
	verdict = -EPERM;
	extack = (struct fake_extack){ .text = "administrators only" };
	assert_int_equal(read_rules(h), -EPERM);
	assert_string_equal(kmtia_strerror(h, -EPERM),
			    "administrators only (Operation not permitted)");
	fake.on[KMTIA_CMD_RULE_GET] = interrupted_dump;
	assert_int_equal(read_rules(h), 0);
	assert_non_null(strstr(kmtia_warning(h), "changed while it was read"));
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_rule_is_sent),
		cmocka_unit_test(what_a_rule_does_not_say_is_not_sent),
		cmocka_unit_test(wrong_rules_are_refused_here),
		cmocka_unit_test(the_kernels_verdict_on_a_rule_is_returned),
		cmocka_unit_test(rules_are_deleted_and_flushed),
		cmocka_unit_test(a_rule_is_read_as_it_was_sent),
		cmocka_unit_test(what_is_absent_has_the_specifications_meaning),
		cmocka_unit_test(a_callback_may_end_the_list),
		cmocka_unit_test(a_list_may_be_changed_while_it_is_read),
		cmocka_unit_test(dumps_that_fail_say_so),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
