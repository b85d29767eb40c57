// SPDX-License-Identifier: LGPL-2.1-or-later
/* The manager policy: what is sent, what is read. */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static const uint8_t uuid[KMTIA_UUID_LEN] = { 1, 2, 3 };

static struct kmtia_policy user(void)
{
	struct kmtia_policy p = { .size = sizeof(p), .has_uuid = true, .id = 1000, .flags = 3 };

	memcpy(p.uuid, uuid, sizeof(uuid));
	return p;
}

static struct kmtia_policy group(void)
{
	return (struct kmtia_policy){
		.size = sizeof(struct kmtia_policy), .is_group = true, .id = 100, .flags = 7
	};
}

static void assert_sent(const struct fake_request *r, const struct kmtia_policy *p)
{
	int who = p->is_group ? KMTIA_A_POLICY_GID : KMTIA_A_POLICY_UID;
	int other = p->is_group ? KMTIA_A_POLICY_UID : KMTIA_A_POLICY_GID;

	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(nla_get_u32(r->tb[who]), p->id);
	assert_null(r->tb[other]);
	if (!p->has_uuid) {
		assert_null(r->tb[KMTIA_A_POLICY_UUID]);
		return;
	}
	assert_int_equal(nla_len(r->tb[KMTIA_A_POLICY_UUID]), KMTIA_UUID_LEN);
	assert_memory_equal(nla_data(r->tb[KMTIA_A_POLICY_UUID]), p->uuid, KMTIA_UUID_LEN);
}

static void statements_are_made_and_taken_back(void **state)
{
	struct kmtia_policy all[] = { user(), group() };
	struct kmtia *h = fake_open();
	const struct fake_request *r;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(kmtia_manager_policy_set(h, &all[i]), 0);
		r = fake_last(KMTIA_CMD_MANAGER_POLICY_SET);
		assert_sent(r, &all[i]);
		assert_int_equal(nla_get_u32(r->tb[KMTIA_A_POLICY_FLAGS]), all[i].flags);
		assert_int_equal(kmtia_manager_policy_delete(h, &all[i]), 0);
		r = fake_last(KMTIA_CMD_MANAGER_POLICY_DEL);
		assert_sent(r, &all[i]);
		assert_null(r->tb[KMTIA_A_POLICY_FLAGS]);
	}
	assert_int_equal(kmtia_manager_policy_flush(h), 0);
	r = fake_last(KMTIA_CMD_MANAGER_POLICY_DEL);
	assert_null(r->tb[KMTIA_A_POLICY_UUID]);
	assert_null(r->tb[KMTIA_A_POLICY_UID]);
	assert_null(r->tb[KMTIA_A_POLICY_GID]);
	fake_close(h);
}

static void wrong_ones_are_refused_here(void **state)
{
	struct kmtia_policy reserved = user(), small = user();
	struct kmtia *h = fake_open();

	(void)state;
	reserved.reserved[1] = 1;
	small.size--;
	assert_int_equal(kmtia_manager_policy_set(h, &reserved), -EINVAL);
	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), "reserved field of the policy"));
	assert_int_equal(kmtia_manager_policy_delete(h, &small), -EINVAL);
	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), "size of struct kmtia_policy"));
	assert_int_equal(kmtia_manager_policy_set(h, NULL), -EINVAL);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_POLICY_SET], 0);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_POLICY_DEL], 0);
	fake_close(h);
}

static void too_many(const struct fake_request *r)
{
	fake_ack(r, -ENOSPC, &(struct fake_extack){ .text = "there are too many statements" });
}

static void the_kernels_verdict_is_returned(void **state)
{
	struct kmtia_policy p = user();
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_POLICY_SET] = too_many;
	assert_int_equal(kmtia_manager_policy_set(h, &p), -ENOSPC);
	assert_non_null(strstr(kmtia_strerror(h, -ENOSPC), "too many statements"));
	fake_close(h);
}

static void put_entry(const struct fake_request *r, const void *id, int id_len, int who, bool flags)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_MANAGER_POLICY_GET, r->nlh->nlmsg_seq,
					  NLM_F_MULTI);

	if (id)
		nla_put(msg, KMTIA_A_POLICY_UUID, id_len, id);
	if (who)
		nla_put_u32(msg, who, who == KMTIA_A_POLICY_UID ? 1000 : 100);
	if (flags)
		nla_put_u32(msg, KMTIA_A_POLICY_FLAGS, 3);
	fake_push(r->fd, msg);
	fake_done(r, 0, NULL);
}

static void list_user(const struct fake_request *r)
{
	put_entry(r, uuid, KMTIA_UUID_LEN, KMTIA_A_POLICY_UID, true);
}

static void list_group(const struct fake_request *r)
{
	put_entry(r, NULL, 0, KMTIA_A_POLICY_GID, true);
}

static void list_nobody(const struct fake_request *r)
{
	put_entry(r, uuid, KMTIA_UUID_LEN, 0, true);
}

static void list_no_flags(const struct fake_request *r)
{
	put_entry(r, uuid, KMTIA_UUID_LEN, KMTIA_A_POLICY_UID, false);
}

static void list_short_uuid(const struct fake_request *r)
{
	put_entry(r, uuid, 3, KMTIA_A_POLICY_UID, true);
}

static int take(const struct kmtia_policy *p, void *to)
{
	*(struct kmtia_policy *)to = *p;
	return 0;
}

static void the_list_is_read(void **state)
{
	static const fake_handler malformed[] = { list_nobody, list_no_flags, list_short_uuid };
	struct kmtia *h = fake_open();
	struct kmtia_policy p;
	size_t i;

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_POLICY_GET] = list_user;
	assert_int_equal(kmtia_manager_policies(h, take, &p), 0);
	assert_true(p.has_uuid && !p.is_group);
	assert_memory_equal(p.uuid, uuid, KMTIA_UUID_LEN);
	assert_int_equal(p.id, 1000);
	assert_int_equal(p.flags, 3);
	fake.on[KMTIA_CMD_MANAGER_POLICY_GET] = list_group;
	assert_int_equal(kmtia_manager_policies(h, take, &p), 0);
	assert_true(!p.has_uuid && p.is_group);
	assert_int_equal(p.id, 100);
	for (i = 0; i < 3; i++) {
		fake.on[KMTIA_CMD_MANAGER_POLICY_GET] = malformed[i];
		assert_int_equal(kmtia_manager_policies(h, take, &p), -EBADMSG);
	}
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_are_made_and_taken_back),
		cmocka_unit_test(wrong_ones_are_refused_here),
		cmocka_unit_test(the_kernels_verdict_is_returned),
		cmocka_unit_test(the_list_is_read),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
