// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for the rule that covers an SA, in the index (rule_index.c).
 */
#include "internal.h"
#include "rule_index.h"

#include <linux/bitmap.h>
#include <linux/rculist.h>
#include <linux/socket.h>

/**
 * struct search - for the rule that covers an SA
 * @index: where
 * @sa: the SA
 * @best: found so far, or NULL
 */
struct search {
	struct kmtia_rule_index *index;
	const struct kmtia_sa *sa;
	struct kmtia_rule *best;
};

/* Takes the rule if it covers the SA. Returns whether those that follow, which
 * have higher priorities, can be left out.
 */
static bool search_done(struct search *s, struct kmtia_rule *rule)
{
	if (s->best && rule->spec.priority >= s->best->spec.priority)
		return true;
	if (!kmtia_rule_covers(&rule->spec, s->sa))
		return false;
	s->best = rule;
	return true;
}

static void search_group(struct search *s, const struct index_key *key)
{
	struct kmtia_rule_group *group = kmtia_index_group(s->index, key);
	struct kmtia_rule *rule;

	if (!group)
		return;
	list_for_each_entry_rcu(rule, &group->rules, same)
		if (search_done(s, rule))
			break;
}

static void search_value(struct search *s, enum index_kind kind, u8 len,
			 u32 value)
{
	struct index_key key;

	kmtia_index_value(&key, kind, len, value);
	search_group(s, &key);
}

static void search_lengths(struct search *s, enum index_kind kind,
			   const union kmtia_addr *addr,
			   const unsigned long *used)
{
	bool v6 = s->sa->id.family == AF_INET6;
	struct index_key key;
	unsigned int len;

	for_each_set_bit(len, used, v6 ? 129 : 33) {
		kmtia_index_prefix(&key, kind, v6, addr, len);
		search_group(s, &key);
	}
}

static void search_prefixes(struct search *s, enum index_kind kind,
			    const union kmtia_addr *addr)
{
	bool v6 = s->sa->id.family == AF_INET6;
	const struct index_prefixes *prefixes;

	prefixes = &s->index->prefixes[kind == BY_REMOTE][v6];
	search_lengths(s, kind, addr, prefixes->used[0]);
	search_lengths(s, kind, addr,
		       prefixes->used[kmtia_index_prefix_row(v6, addr)]);
}

/* Which end is which may be unknown: then both are both. */
static void search_addresses(struct search *s)
{
	const struct kmtia_sa *sa = s->sa;

	if (sa->direction != KMTIA_DIRECTION_IN) {
		search_prefixes(s, BY_LOCAL, &sa->saddr);
		search_prefixes(s, BY_REMOTE, &sa->id.daddr);
	}
	if (sa->direction != KMTIA_DIRECTION_OUT) {
		search_prefixes(s, BY_LOCAL, &sa->id.daddr);
		search_prefixes(s, BY_REMOTE, &sa->saddr);
	}
}

/* Rules that say nothing of the SA but protocol and direction */
static void search_rest(struct search *s,
			void (*search)(struct search *s, u32 value))
{
	static const u8 directions[] = {
		KMTIA_DIRECTION_UNKNOWN,
		KMTIA_DIRECTION_IN,
		KMTIA_DIRECTION_OUT,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(directions); i++) {
		search(s, kmtia_index_rest(0, directions[i]));
		search(s, kmtia_index_rest(s->sa->id.proto, directions[i]));
	}
}

static void search_any_mark(struct search *s, u32 value)
{
	struct kmtia_rule_group *group;
	struct kmtia_rule *rule;
	struct index_key key;

	kmtia_index_value(&key, BY_ANY_MARK, 0, value);
	group = kmtia_index_group(s->index, &key);
	if (!group)
		return;
	list_for_each_entry_rcu(rule, &group->rules, marked)
		if (search_done(s, rule))
			break;
}

static void search_marks(struct search *s)
{
	const struct kmtia_sa_id *id = &s->sa->id;
	bool any = false;
	unsigned int i;
	u32 mask;

	for (i = 0; i < INDEX_MASKS; i++) {
		if (!READ_ONCE(s->index->mask_count[i]))
			continue;
		smp_rmb();	/* pairs with key_used() */
		mask = READ_ONCE(s->index->masks[i]);
		if ((mask & id->mark_mask) == mask)
			search_value(s, BY_MARK, i, id->mark & mask);
		else
			any = true;
	}
	if (any)
		search_rest(s, search_any_mark);
}

static void search_unspecific(struct search *s, u32 value)
{
	search_value(s, BY_REST, 0, value);
}

/**
 * kmtia_rule_index_find() - the rule that covers an SA
 * @index: the index
 * @sa: the SA
 *
 * Context: RCU read side.
 * Return: the rule of the lowest priority, which may have left the list
 * meanwhile, or NULL.
 */
struct kmtia_rule *kmtia_rule_index_find(struct kmtia_rule_index *index,
					 const struct kmtia_sa *sa)
{
	struct search s = { .index = index, .sa = sa };
	unsigned int changes;

	do {
		changes = READ_ONCE(index->changes);
		smp_rmb();	/* pairs with kmtia_rule_index_replace() */
		s.best = NULL;
		search_value(&s, BY_REQID, 0, sa->reqid);
		search_value(&s, BY_IF_ID, 0, sa->if_id);
		search_addresses(&s);
		search_marks(&s);
		search_rest(&s, search_unspecific);
		smp_rmb();	/* likewise */
	} while (changes != READ_ONCE(index->changes));
	return s.best;
}
