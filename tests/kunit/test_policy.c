// SPDX-License-Identifier: GPL-2.0
/* The manager policy: who may register key managers, and as whom. */
#include "internal.h"

#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/string.h>

#define DICTATE		KMTIA_MANAGER_FLAGS_DICTATE
#define NOTIFY		KMTIA_MANAGER_FLAGS_NOTIFY
#define EXCLUSIVE	KMTIA_MANAGER_FLAGS_EXCLUSIVE

#define MAX_STATEMENTS	3

/*
 * struct statement - what a test says in the policy
 * @uuid: first byte of the identity; 0 for any
 * @group: @id is a group's
 * @id: the user's or the group's number
 * @flags: what for
 */
struct statement {
	u8 uuid;
	bool group;
	unsigned int id;
	u32 flags;
};

/*
 * struct who - somebody
 * @uid: effective uid
 * @gid: effective gid
 * @supplementary: another group; 0 for none
 */
struct who {
	unsigned int uid;
	unsigned int gid;
	unsigned int supplementary;
};

/*
 * struct policy_case - may somebody register identity 1?
 * @name: the case
 * @said: the policy
 * @opener: who made the socket
 * @caller: who uses it
 * @flags: what for
 * @err: what is said to it
 */
static const struct policy_case {
	const char *name;
	struct statement said[MAX_STATEMENTS];
	struct who opener;
	struct who caller;
	u32 flags;
	int err;
} policy_cases[] = {
	{ "an empty policy", {}, { 1000 }, { 1000 }, NOTIFY, -EPERM },
	{ "a user who is named", { { 1, false, 1000, DICTATE } },
	  { 1000 }, { 1000 }, DICTATE, 0 },
	{ "others are named", { { 1, false, 1000, DICTATE } },
	  { 1001 }, { 1001 }, DICTATE, -EACCES },
	{ "for another identity", { { 2, false, 1000, DICTATE } },
	  { 1000 }, { 1000 }, DICTATE, -EPERM },
	{ "for any identity", { { 0, false, 1000, DICTATE } },
	  { 1000 }, { 1000 }, DICTATE, 0 },
	{ "for any, but this one is others'",
	  { { 0, false, 1000, DICTATE }, { 1, false, 1001, DICTATE } },
	  { 1000 }, { 1000 }, DICTATE, -EACCES },
	{ "for any, and another is others'",
	  { { 2, false, 1001, DICTATE }, { 0, false, 1000, DICTATE } },
	  { 1000 }, { 1000 }, DICTATE, 0 },
	{ "for less", { { 1, false, 1000, NOTIFY } },
	  { 1000 }, { 1000 }, DICTATE, -EACCES },
	{ "for one of two", { { 0, false, 1000, NOTIFY } },
	  { 1000 }, { 1000 }, DICTATE | NOTIFY, -EACCES },
	{ "for more", { { 1, false, 1000, DICTATE | NOTIFY } },
	  { 1000 }, { 1000 }, NOTIFY, 0 },
	{ "exclusive must be allowed", { { 1, false, 1000, DICTATE } },
	  { 1000 }, { 1000 }, DICTATE | EXCLUSIVE, -EACCES },
	{ "and may be", { { 1, false, 1000, DICTATE | EXCLUSIVE } },
	  { 1000 }, { 1000 }, DICTATE | EXCLUSIVE, 0 },
	{ "two statements do not add up",
	  { { 1, false, 1000, DICTATE }, { 1, true, 100, NOTIFY } },
	  { 1000, 100 }, { 1000, 100 }, DICTATE | NOTIFY, -EACCES },
	{ "by group", { { 1, true, 100, DICTATE } },
	  { 1000, 100 }, { 1000, 100 }, DICTATE, 0 },
	{ "by supplementary group", { { 1, true, 100, DICTATE } },
	  { 1000, 50, 100 }, { 1000, 50, 100 }, DICTATE, 0 },
	{ "a group is no user", { { 1, true, 1000, DICTATE } },
	  { 1000, 50 }, { 1000, 50 }, DICTATE, -EACCES },
	{ "a user is no group", { { 1, false, 100, DICTATE } },
	  { 1000, 100 }, { 1000, 100 }, DICTATE, -EACCES },
	{ "a socket that somebody else made", { { 1, false, 1000, DICTATE } },
	  { 1001 }, { 1000 }, DICTATE, -EACCES },
	{ "a socket that somebody else uses", { { 1, false, 1000, DICTATE } },
	  { 1000 }, { 1001 }, DICTATE, -EACCES },
	{ "root is no exception here", { { 1, false, 1000, DICTATE } },
	  { 0 }, { 0 }, DICTATE, -EACCES },
};

static void policy_case_name(const struct policy_case *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(policy_case, policy_cases, policy_case_name);

static void spec_of(const struct statement *said, struct kmtia_policy_spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->has_uuid = said->uuid;
	spec->uuid[0] = said->uuid;
	spec->is_group = said->group;
	if (said->group)
		spec->gid = KGIDT_INIT(said->id);
	else
		spec->uid = KUIDT_INIT(said->id);
	spec->flags = said->flags;
}

/* What kmtia_policy_check() looks at; nobody runs with it. */
static struct cred *somebody(struct kunit *test, const struct who *who)
{
	struct cred *cred = kunit_kzalloc(test, sizeof(*cred), GFP_KERNEL);
	struct group_info *groups;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	groups = kunit_kzalloc(test, struct_size(groups, gid, 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, groups);
	groups->ngroups = !!who->supplementary;
	if (who->supplementary)
		groups->gid[0] = KGIDT_INIT(who->supplementary);
	cred->group_info = groups;
	cred->euid = KUIDT_INIT(who->uid);
	cred->egid = KGIDT_INIT(who->gid);
	return cred;
}

static void test_check(struct kunit *test)
{
	const struct policy_case *c = test->param_value;
	const u8 uuid[KMTIA_UUID_LEN] = { 1 };
	struct kmtia_policies policies;
	struct kmtia_policy_spec spec;
	unsigned int i;

	kmtia_policies_init(&policies);
	for (i = 0; i < MAX_STATEMENTS && c->said[i].flags; i++) {
		spec_of(&c->said[i], &spec);
		KUNIT_ASSERT_EQ(test, kmtia_policy_set(&policies, &spec), 0);
	}
	KUNIT_EXPECT_EQ(test, kmtia_policy_check(&policies, uuid, c->flags,
						 somebody(test, &c->opener),
						 somebody(test, &c->caller)),
			c->err);
	kmtia_policies_flush(&policies);
	KUNIT_EXPECT_EQ(test, policies.count, 0);
}

/* The same statement again changes what it allows; each is taken back alone. */
static void test_statements(struct kunit *test)
{
	static const struct statement said[] = {
		{ 1, false, 1000, DICTATE }, { 1, true, 1000, DICTATE },
		{ 0, false, 1000, DICTATE }, { 2, false, 1000, DICTATE },
		{ 1, false, 1001, DICTATE },
	};
	struct kmtia_policies policies;
	struct kmtia_policy_spec spec;
	unsigned int i;

	kmtia_policies_init(&policies);
	for (i = 0; i < 2 * ARRAY_SIZE(said); i++) {
		spec_of(&said[i % ARRAY_SIZE(said)], &spec);
		spec.flags = i < ARRAY_SIZE(said) ? DICTATE : NOTIFY;
		KUNIT_EXPECT_EQ(test, kmtia_policy_set(&policies, &spec), 0);
		KUNIT_EXPECT_EQ(test, policies.count,
				min_t(unsigned int, i + 1, ARRAY_SIZE(said)));
	}
	for (i = 0; i < ARRAY_SIZE(said); i++) {
		spec_of(&said[i], &spec);
		KUNIT_EXPECT_EQ(test, list_first_entry(&policies.list,
						       struct kmtia_policy,
						       node)->spec.flags,
				NOTIFY);
		KUNIT_EXPECT_EQ(test, kmtia_policy_del(&policies, &spec), 0);
		KUNIT_EXPECT_EQ(test, kmtia_policy_del(&policies, &spec),
				-ENOENT);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&policies.list));
}

static void test_limit(struct kunit *test)
{
	struct statement said = { 1, false, 0, DICTATE };
	struct kmtia_policies policies;
	struct kmtia_policy_spec spec;

	kmtia_policies_init(&policies);
	for (said.id = 0; said.id <= KMTIA_MAX_POLICIES; said.id++) {
		spec_of(&said, &spec);
		KUNIT_EXPECT_EQ(test, kmtia_policy_set(&policies, &spec),
				said.id < KMTIA_MAX_POLICIES ? 0 : -ENOSPC);
	}
	/* One that is there can be changed all the same. */
	said.id = 0;
	spec_of(&said, &spec);
	KUNIT_EXPECT_EQ(test, kmtia_policy_set(&policies, &spec), 0);
	kmtia_policies_flush(&policies);
}

static struct kunit_case policy_cases_all[] = {
	KUNIT_CASE_PARAM(test_check, policy_case_gen_params),
	KUNIT_CASE(test_statements),
	KUNIT_CASE(test_limit),
	{}
};

static struct kunit_suite kmtia_policy_suite = {
	.name = "kmtia_policy",
	.test_cases = policy_cases_all,
};

kunit_test_suite(kmtia_policy_suite);
