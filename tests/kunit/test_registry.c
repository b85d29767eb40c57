// SPDX-License-Identifier: GPL-2.0
/* Who may register beside whom. */
#include "fake_manager.h"

#define DICTATE		KMTIA_MANAGER_FLAGS_DICTATE
#define NOTIFY		KMTIA_MANAGER_FLAGS_NOTIFY
#define EXCLUSIVE	(KMTIA_MANAGER_FLAGS_EXCLUSIVE | DICTATE)

/*
 * struct pair_case - two that register one after the other
 * @name: the case
 * @first: flags of the first
 * @second: flags of the second
 * @same: both have the same UUID
 * @err: what is said to the second
 */
static const struct pair_case {
	const char *name;
	u32 first;
	u32 second;
	bool same;
	int err;
} pair_cases[] = {
	{ "two that dictate", DICTATE, DICTATE, false, 0 },
	{ "the first excludes", EXCLUSIVE, DICTATE, false, -EADDRINUSE },
	{ "the second excludes", DICTATE, EXCLUSIVE, false, -EADDRINUSE },
	{ "both exclude", EXCLUSIVE, EXCLUSIVE, false, -EADDRINUSE },
	{ "who only watches is not excluded", EXCLUSIVE, NOTIFY, false, 0 },
	{ "nor does he stand in the way", NOTIFY, EXCLUSIVE, false, 0 },
	{ "the same identity", DICTATE, DICTATE, true, -EEXIST },
	{ "which comes first", EXCLUSIVE, EXCLUSIVE, true, -EEXIST },
	{ "also for who watches", NOTIFY, DICTATE, true, -EEXIST },
};

static void pair_case_name(const struct pair_case *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pair_case, pair_cases, pair_case_name);

static struct kmtia_manager *add(struct fake_registry *reg, u8 number, u32 flags)
{
	const u8 uuid[KMTIA_UUID_LEN] = { number };
	const struct kmtia_manager_desc desc = { .uuid = uuid, .flags = flags };

	return fake_manager_try(reg, &desc);
}

static void registry_pair(struct kunit *test)
{
	const struct pair_case *c = test->param_value;
	struct fake_registry *reg = fake_registry_new(test);
	u8 second = c->same ? 1 : 2;
	struct kmtia_manager *m, *other;

	m = add(reg, 1, c->first);
	KUNIT_ASSERT_FALSE(test, IS_ERR(m));
	other = add(reg, second, c->second);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(other), c->err);
	KUNIT_EXPECT_EQ(test, reg->registry.count, c->err ? 1 : 2);
	if (!c->err)
		kmtia_manager_end(other, false);
	/* Who stood in the way is gone. */
	kmtia_manager_end(m, false);
	other = add(reg, second, c->second);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(other), 0);
	fake_registry_end(reg);
}

/* One in its grace dictates, too, but makes way for its heir. */
static void registry_grace(struct kunit *test)
{
	static const struct kmtia_rule_spec any = {
		.dictate = KMTIA_GRANT_ANY,
	};
	static const u8 bytes[KMTIA_SECRET_MIN_LEN] = { 1 };
	const struct kmtia_secret_desc secret = {
		.number = 1, .match = &any,
		.derivation = KMTIA_DERIVATION_MIX,
		.secret = bytes, .len = sizeof(bytes), .weight = 1,
	};
	const u8 uuid[KMTIA_UUID_LEN] = { 1 };
	const struct kmtia_manager_desc desc = {
		.uuid = uuid, .flags = EXCLUSIVE, .grace = KMTIA_GRACE_MAX,
	};
	struct fake_registry *reg = fake_registry_new(test);
	struct kmtia_manager *m = fake_manager_try(reg, &desc);

	KUNIT_ASSERT_FALSE(test, IS_ERR(m));
	KUNIT_ASSERT_EQ(test, kmtia_secret_set(m, &secret), 0);
	kmtia_manager_end(m, true);
	KUNIT_EXPECT_EQ(test, reg->registry.n_orphans, 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(add(reg, 2, DICTATE)),
			-EADDRINUSE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(add(reg, 3, NOTIFY)), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(add(reg, 1, EXCLUSIVE)), 0);
	KUNIT_EXPECT_EQ(test, reg->registry.n_orphans, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(add(reg, 2, DICTATE)),
			-EADDRINUSE);
	fake_registry_end(reg);
}

/* --- What a registration must be -------------------------------------------------- */

/*
 * struct desc_case - a registration that is refused, or is not
 * @name: the case
 * @flags: what for
 * @has_weight: a constant weight
 * @hint: seconds
 * @grace: milliseconds
 * @err: what is said to it
 */
static const struct desc_case {
	const char *name;
	u32 flags;
	bool has_weight;
	u32 hint;
	u32 grace;
	int err;
} desc_cases[] = {
	{ "to dictate", DICTATE, false, 0, 0, 0 },
	{ "a weight for who dictates", DICTATE, true, 0, 0, 0 },
	{ "a weight for who does not", NOTIFY, true, 0, 0, -EINVAL },
	{ "exclusive for who does not",
	  KMTIA_MANAGER_FLAGS_EXCLUSIVE | NOTIFY, false, 0, 0, -EINVAL },
	{ "nothing", 0, false, 0, 0, -EINVAL },
	{ "an unknown flag", DICTATE | 8, false, 0, 0, -EINVAL },
	{ "the shortest hint", DICTATE, false, 1, 0, 0 },
	{ "the longest hint", DICTATE, false, KMTIA_TIMEOUT_HINT_MAX, 0, 0 },
	{ "a hint too long", DICTATE, false, KMTIA_TIMEOUT_HINT_MAX + 1, 0,
	  -ERANGE },
	{ "the longest grace", DICTATE, false, 0, KMTIA_GRACE_MAX, 0 },
	{ "a grace too long", DICTATE, false, 0, KMTIA_GRACE_MAX + 1, -ERANGE },
};

static void desc_case_name(const struct desc_case *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(desc_case, desc_cases, desc_case_name);

static void registry_desc(struct kunit *test)
{
	const struct desc_case *c = test->param_value;
	const u8 uuid[KMTIA_UUID_LEN] = { 1 };
	const struct kmtia_manager_desc desc = {
		.uuid = uuid, .flags = c->flags, .has_weight = c->has_weight,
		.timeout_hint = c->hint, .grace = c->grace,
	};
	struct fake_registry *reg = fake_registry_new(test);
	struct kmtia_manager *m = fake_manager_try(reg, &desc);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(m), c->err);
	if (!c->err)
		KUNIT_EXPECT_EQ(test, m->timeout_hint,
				c->hint ?: KMTIA_DEFAULT_HINT);
	fake_registry_end(reg);
}

static struct kunit_case registry_cases[] = {
	KUNIT_CASE_PARAM(registry_pair, pair_case_gen_params),
	KUNIT_CASE(registry_grace),
	KUNIT_CASE_PARAM(registry_desc, desc_case_gen_params),
	{}
};

static struct kunit_suite kmtia_registry_suite = {
	.name = "kmtia_registry",
	.test_cases = registry_cases,
};

kunit_test_suite(kmtia_registry_suite);
