/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules and manager policy of a kernel that is none; part of fake_lib.h. */
#ifndef FAKE_RULES_H
#define FAKE_RULES_H

#define kmtia_rules fake_rules
#define kmtia_rule_replace fake_rule_replace
#define kmtia_rule_delete fake_rule_delete
#define kmtia_warning fake_warning
#define kmtia_manager_policies fake_manager_policies
#define kmtia_manager_policy_set fake_manager_policy_set
#define kmtia_manager_policy_delete fake_manager_policy_delete

#define rules_keep tested_rules_keep

#include "tools_test.h"
#include "kmtiad/rules.h"

/* What it has, what it shall answer, and what it was told, in order. */
static struct {
	struct rules there;
	int list_err, set_err, delete_err;
	uint32_t bad_priority; /* not 0: set_err is for this one only */
	bool warns;
	char told[512];
} kernel;

static inline void kernel_reset(void)
{
	rules_clear(&kernel.there);
	memset(&kernel, 0, sizeof(kernel));
}

static inline void kernel_told(const char *what, uint32_t number)
{
	size_t n = strlen(kernel.told);

	snprintf(kernel.told + n, sizeof(kernel.told) - n, "%s%s %u", n ? ", " : "", what, number);
}

int fake_rules(struct kmtia *h, kmtia_rule_cb cb, void *user)
{
	size_t i;
	int err = kernel.list_err;

	(void)h;
	for (i = 0; i < kernel.there.n_rules && !err; i++)
		err = cb(&kernel.there.rules[i], user);
	return err;
}

int fake_rule_replace(struct kmtia *h, const struct kmtia_rule *rule)
{
	(void)h;
	kernel_told(rules_find(&kernel.there, rule->priority) ? "replace" : "add",
		    rule->priority);
	if (kernel.set_err && (!kernel.bad_priority || kernel.bad_priority == rule->priority))
		return kernel.set_err;
	assert_true(rules_put(&kernel.there, rule));
	return 0;
}

int fake_rule_delete(struct kmtia *h, uint32_t priority)
{
	struct kmtia_rule *rule = rules_find(&kernel.there, priority);
	size_t i;

	(void)h;
	kernel_told("del", priority);
	if (kernel.delete_err)
		return kernel.delete_err;
	if (!rule)
		return -2; /* ENOENT */
	i = rule - kernel.there.rules;
	kernel.there.n_rules--;
	memmove(rule, rule + 1, (kernel.there.n_rules - i) * sizeof(*rule));
	return 0;
}

const char *fake_warning(struct kmtia *h)
{
	(void)h;
	return kernel.warns ? "beware" : NULL;
}

int fake_manager_policies(struct kmtia *h, kmtia_policy_cb cb, void *user)
{
	size_t i;
	int err = kernel.list_err;

	(void)h;
	for (i = 0; i < kernel.there.n_policies && !err; i++)
		err = cb(&kernel.there.policies[i], user);
	return err;
}

int fake_manager_policy_set(struct kmtia *h, const struct kmtia_policy *policy)
{
	(void)h;
	kernel_told("allow", policy->id);
	if (kernel.set_err)
		return kernel.set_err;
	assert_true(rules_put_policy(&kernel.there, policy));
	return 0;
}

int fake_manager_policy_delete(struct kmtia *h, const struct kmtia_policy *policy)
{
	struct kmtia_policy *found = rules_find_policy(&kernel.there, policy);

	(void)h;
	kernel_told("forbid", policy->id);
	if (kernel.delete_err)
		return kernel.delete_err;
	if (!found)
		return -2; /* ENOENT */
	*found = kernel.there.policies[--kernel.there.n_policies];
	return 0;
}

#endif /* FAKE_RULES_H */
