// SPDX-License-Identifier: GPL-2.0-only
/* Rules and statements of the manager policy, in memory. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

/* Make room for one more of @size bytes; returns the array, or NULL. */
static void *grow(void *array, size_t n, size_t *max, size_t size)
{
	size_t more = *max ? *max * 2 : 16;
	void *grown;

	if (n < *max)
		return array;
	grown = reallocarray(array, more, size);
	if (grown)
		*max = more;
	return grown;
}

/* --- Rules ------------------------------------------------------------------- */

/* Where the rule of that priority is, or would be. */
static size_t place(const struct rules *rules, uint32_t priority)
{
	size_t low = 0, high = rules->n_rules, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (rules->rules[middle].priority < priority)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct rules *rules, size_t i, uint32_t priority)
{
	return i < rules->n_rules && rules->rules[i].priority == priority;
}

/* NULL: there is none of that priority. */
struct kmtia_rule *rules_find(const struct rules *rules, uint32_t priority)
{
	size_t i = place(rules, priority);

	return is_at(rules, i, priority) ? &rules->rules[i] : NULL;
}

/* Add a rule, or put it into the place of the one of its priority; false: no memory. */
bool rules_put(struct rules *rules, const struct kmtia_rule *rule)
{
	size_t i = place(rules, rule->priority);
	struct kmtia_rule *grown;

	if (!is_at(rules, i, rule->priority)) {
		grown = grow(rules->rules, rules->n_rules, &rules->max_rules, sizeof(*rule));
		if (!grown)
			return false;
		rules->rules = grown;
		memmove(grown + i + 1, grown + i, (rules->n_rules - i) * sizeof(*grown));
		rules->n_rules++;
	}
	rules->rules[i] = *rule;
	return true;
}

#define MEMBER(_name) \
	{ \
		offsetof(struct kmtia_rule, _name), sizeof(((struct kmtia_rule *)0)->_name) \
	}

/* Do both say the same, however often they were applied? What is not set must be zero. */
bool rules_same(const struct kmtia_rule *a, const struct kmtia_rule *b)
{
	static const struct {
		size_t offset, size;
	} members[] = {
		MEMBER(priority),
		MEMBER(family),
		MEMBER(has_local),
		MEMBER(has_remote),
		MEMBER(local),
		MEMBER(remote),
		MEMBER(local_len),
		MEMBER(remote_len),
		MEMBER(proto),
		MEMBER(direction),
		MEMBER(has_reqid),
		MEMBER(has_if_id),
		MEMBER(has_mark),
		MEMBER(reqid),
		MEMBER(if_id),
		MEMBER(mark),
		MEMBER(mark_mask),
		MEMBER(dictate),
		MEMBER(notify),
		MEMBER(dictate_manager),
		MEMBER(notify_manager),
		MEMBER(has_keys),
		MEMBER(keys_manager),
		MEMBER(has_on_failure),
		MEMBER(on_failure),
		MEMBER(timeout_ms),
	};
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (memcmp((const char *)a + members[i].offset,
			   (const char *)b + members[i].offset, members[i].size))
			return false;
	return true;
}

/* --- Statements -------------------------------------------------------------- */

/* The one about the same identity and the same user or group; NULL: there is none. */
struct kmtia_policy *rules_find_policy(const struct rules *rules,
				       const struct kmtia_policy *policy)
{
	size_t i;

	for (i = 0; i < rules->n_policies; i++) {
		struct kmtia_policy *p = &rules->policies[i];

		if (p->has_uuid == policy->has_uuid && p->is_group == policy->is_group &&
		    p->id == policy->id && !memcmp(p->uuid, policy->uuid, KMTIA_UUID_LEN))
			return p;
	}
	return NULL;
}

/* Add a statement, or put it into the place of the one before; false: no memory. */
bool rules_put_policy(struct rules *rules, const struct kmtia_policy *policy)
{
	struct kmtia_policy *found = rules_find_policy(rules, policy), *grown;

	if (!found) {
		grown = grow(rules->policies, rules->n_policies, &rules->max_policies,
			     sizeof(*policy));
		if (!grown)
			return false;
		rules->policies = grown;
		found = &grown[rules->n_policies++];
	}
	*found = *policy;
	return true;
}

/* --- Life -------------------------------------------------------------------- */

void rules_clear(struct rules *rules)
{
	free(rules->rules);
	free(rules->policies);
	memset(rules, 0, sizeof(*rules));
}

void rules_free(struct rules *rules)
{
	if (rules)
		rules_clear(rules);
	free(rules);
}
