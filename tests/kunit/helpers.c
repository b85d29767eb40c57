// SPDX-License-Identifier: GPL-2.0
/*
 * What the KUnit suites share: an SA, its mate, a rule, and a list of rules that
 * is compared with what was put into it.
 */
#include "kunit.h"

#include <linux/string.h>
#include <uapi/linux/xfrm.h>

/**
 * kmtia_test_sa() - an SA like any other: ESP, AES-GCM, transport, outbound
 * @sa: filled in
 * @spi: in host order
 */
void kmtia_test_sa(struct kmtia_sa *sa, u32 spi)
{
	*sa = (struct kmtia_sa) {
		.id = {
			.daddr = TEST_REMOTE,
			.spi = cpu_to_be32(spi),
			.family = AF_INET,
			.proto = IPPROTO_ESP,
		},
		.saddr = TEST_LOCAL,
		.mode = XFRM_MODE_TRANSPORT,
		.reqid = 1,
		.direction = KMTIA_DIRECTION_OUT,
		.n_slots = 1,
		.slots[0] = {
			.role = KMTIA_SLOT_ROLE_AEAD,
			.algorithm = TEST_GCM,
			.bits = TEST_GCM_BYTES * 8,
			.salt_bits = 32,
			.icv_bits = 128,
			.once = true,
		},
	};
}

/**
 * kmtia_test_sa_mate() - the SA of the other direction
 * @mate: filled in
 * @sa: the SA
 * @spi: of the mate, in host order
 */
void kmtia_test_sa_mate(struct kmtia_sa *mate, const struct kmtia_sa *sa,
			u32 spi)
{
	*mate = *sa;
	mate->id.spi = cpu_to_be32(spi);
	mate->saddr = sa->id.daddr;
	mate->id.daddr = sa->saddr;
	if (sa->direction == KMTIA_DIRECTION_OUT)
		mate->direction = KMTIA_DIRECTION_IN;
	else if (sa->direction == KMTIA_DIRECTION_IN)
		mate->direction = KMTIA_DIRECTION_OUT;
}

/**
 * kmtia_test_spec() - a rule for all SAs: any manager dictates, or they fail
 * @spec: filled in
 * @priority: of the rule
 */
void kmtia_test_spec(struct kmtia_rule_spec *spec, u32 priority)
{
	*spec = (struct kmtia_rule_spec) {
		.priority = priority,
		.dictate = KMTIA_GRANT_ANY,
		.on_failure = KMTIA_FAILURE_ACTION_REJECT,
		.timeout = KMTIA_DEFAULT_TIMEOUT,
	};
}

/* --- Rules ----------------------------------------------------------------- */

/* The callback is not told of which list; suites run one after the other. */
static unsigned int removed;

static void count_removed(const struct kmtia_rule *rule)
{
	removed++;
}

/**
 * kmtia_test_rules_removed() - how many rules have left the list
 *
 * Return: the number, of the list that was made last.
 */
unsigned int kmtia_test_rules_removed(void)
{
	return removed;
}

/**
 * kmtia_test_rules() - an empty list of rules
 * @test: the case; kmtia_test_rules_end() must be called at its end
 *
 * Return: the list.
 */
struct kmtia_test_rules *kmtia_test_rules(struct kunit *test)
{
	struct kmtia_test_rules *rules;

	rules = kunit_kzalloc(test, sizeof(*rules), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rules);
	kmtia_rules_init(&rules->rules, count_removed);
	removed = 0;
	return rules;
}

/**
 * kmtia_test_rule_add() - put a rule into the list, and watch it from then on
 * @test: the case
 * @rules: the list
 * @spec: what the rule says
 *
 * Return: the rule, or an error pointer of kmtia_rule_add().
 */
struct kmtia_rule *kmtia_test_rule_add(struct kunit *test,
				       struct kmtia_test_rules *rules,
				       const struct kmtia_rule_spec *spec)
{
	struct kmtia_rule *rule;

	KUNIT_ASSERT_LT(test, rules->n_made, (unsigned int)ARRAY_SIZE(rules->made));
	rule = kmtia_rule_add(&rules->rules, spec);
	if (!IS_ERR(rule))
		rules->made[rules->n_made++] = kmtia_rule_hold(rule);
	return rule;
}

/**
 * kmtia_test_rules_end() - empty the list, and compare
 * @test: the case
 * @rules: the list
 *
 * Every rule must have left the list once, and nobody but the test may have a
 * reference of it.
 *
 * Context: at the end of a case, or in the suite's exit function.
 */
void kmtia_test_rules_end(struct kunit *test, struct kmtia_test_rules *rules)
{
	unsigned int i;

	kmtia_rules_flush(&rules->rules);
	KUNIT_EXPECT_TRUE(test, list_empty(&rules->rules.list));
	KUNIT_EXPECT_EQ(test, rules->rules.count, 0U);
	KUNIT_EXPECT_EQ(test, removed, rules->n_made + rules->n_others);
	for (i = 0; i < rules->n_made; i++) {
		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&rules->made[i]->ref), 1U,
				    "rule %u",
				    rules->made[i]->spec.priority);
		kmtia_rule_put(rules->made[i]);
	}
	rules->n_made = 0;
}
