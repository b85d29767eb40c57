// SPDX-License-Identifier: GPL-2.0
/*
 * Which of many rules may cover an SA, without a look at all of them. The file
 * knows neither XFRM nor netlink.
 *
 * Each rule is in one group, by what tells most about it: request id, XFRM
 * interface, the longer of its prefixes, mark; or only protocol and direction. A
 * group has all rules with the same value of it, by priority, and is found by a
 * hash. An SA is looked for in the groups that it can be in: one for each length
 * that prefixes with its first bits have, one for each mask, and few more. Whether
 * a rule of the group covers it is for kmtia_rule_covers() to say.
 *
 * An SA that has no mark serves all of them, so any rule for a mark may cover it
 * that is no exception: those have a second group, by protocol and direction.
 */
#include "internal.h"
#include "rule_index.h"

#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>

/**
 * kmtia_rule_index_new() - make an empty index
 *
 * Return: the index, or NULL.
 */
struct kmtia_rule_index *kmtia_rule_index_new(void)
{
	struct kmtia_rule_index *index;

	index = kvzalloc(sizeof(*index), GFP_KERNEL_ACCOUNT);
	if (!index)
		return NULL;
	index->seed = get_random_u32();
	return index;
}

/**
 * kmtia_rule_index_free() - free an empty index when nobody reads it any more
 * @index: the index
 */
void kmtia_rule_index_free(struct kmtia_rule_index *index)
{
	kvfree_rcu(index, rcu);
}

/* --- Keys ------------------------------------------------------------------- */

/**
 * kmtia_index_rest() - what else than marks, ids and prefixes a rule is about
 * @proto: IPPROTO_ESP, IPPROTO_AH, or 0 for both
 * @direction: or %KMTIA_DIRECTION_UNKNOWN for both
 *
 * Return: the value of a key.
 */
u32 kmtia_index_rest(u8 proto, enum kmtia_direction direction)
{
	return proto << 8 | direction;
}

static __be32 first_bits(__be32 word, int bits)
{
	if (bits <= 0)
		return 0;
	return bits < 32 ? word & htonl(~0U << (32 - bits)) : word;
}

/**
 * kmtia_index_prefix() - the key of a prefix
 * @key: filled in
 * @kind: %BY_LOCAL or %BY_REMOTE
 * @v6: of IPv6
 * @addr: an address that has it
 * @len: its length, bits
 */
void kmtia_index_prefix(struct index_key *key, enum index_kind kind, bool v6,
			const union kmtia_addr *addr, unsigned int len)
{
	int i;

	memset(key, 0, sizeof(*key));
	key->kind = kind;
	key->v6 = v6;
	key->len = len;
	key->addr.a4 = first_bits(addr->a4, len);
	for (i = 1; v6 && i < 4; i++)
		key->addr.a6[i] = first_bits(addr->a6[i], (int)len - 32 * i);
}

/**
 * kmtia_index_value() - the key of something else than a prefix
 * @key: filled in
 * @kind: of what
 * @len: number of the mask, with %BY_MARK, else 0
 * @value: what all of the group have
 */
void kmtia_index_value(struct index_key *key, enum index_kind kind, u8 len,
		       u32 value)
{
	memset(key, 0, sizeof(*key));
	key->kind = kind;
	key->len = len;
	key->value = value;
}

/* Number of a mask, or of a free place for it, or INDEX_MASKS */
static unsigned int mask_number(const struct kmtia_rule_index *index, u32 mask)
{
	unsigned int i, place = INDEX_MASKS;

	for (i = 0; i < INDEX_MASKS; i++) {
		if (!index->mask_count[i])
			place = i;
		else if (index->masks[i] == mask)
			return i;
	}
	return place;
}

static void key_of(const struct kmtia_rule_index *index,
		   const struct kmtia_rule_spec *spec, struct index_key *key)
{
	unsigned int local = spec->has_local ? spec->local_len : 0;
	unsigned int remote = spec->has_remote ? spec->remote_len : 0;
	bool v6 = spec->family == AF_INET6;
	unsigned int mask;

	if (spec->has_reqid)
		return kmtia_index_value(key, BY_REQID, 0, spec->reqid);
	if (spec->has_if_id)
		return kmtia_index_value(key, BY_IF_ID, 0, spec->if_id);
	if (remote && remote >= local)
		return kmtia_index_prefix(key, BY_REMOTE, v6, &spec->remote, remote);
	if (local)
		return kmtia_index_prefix(key, BY_LOCAL, v6, &spec->local, local);
	mask = spec->has_mark ? mask_number(index, spec->mark_mask) : INDEX_MASKS;
	if (mask < INDEX_MASKS)
		return kmtia_index_value(key, BY_MARK, mask,
					 spec->mark & spec->mark_mask);
	kmtia_index_value(key, BY_REST, 0,
			  kmtia_index_rest(spec->proto, spec->direction));
}

static struct hlist_head *row_of(struct kmtia_rule_index *index,
				 const struct index_key *key)
{
	const u32 *addr = (const u32 *)key->addr.a6;
	u64 hash = (u64)(key->what ^ index->seed) << 32 | (key->value ^ addr[0]);

	if (key->v6) {
		hash = hash * GOLDEN_RATIO_64 ^ ((u64)addr[1] << 32 | addr[2]);
		hash = hash * GOLDEN_RATIO_64 ^ addr[3];
	}
	return &index->rows[hash_64(hash, INDEX_BITS)];
}

/**
 * kmtia_index_group() - the rules that have something in common
 * @index: the index
 * @key: what
 *
 * Context: RCU read side, or where changes are serialised.
 * Return: the group, or NULL.
 */
struct kmtia_rule_group *kmtia_index_group(struct kmtia_rule_index *index,
					   const struct index_key *key)
{
	struct kmtia_rule_group *group;

	hlist_for_each_entry_rcu(group, row_of(index, key), node, true)
		if (!memcmp(&group->key, key, sizeof(*key)))
			return group;
	return NULL;
}

/**
 * kmtia_index_prefix_row() - where the lengths are of prefixes with these first bits
 * @v6: of IPv6
 * @addr: an address
 *
 * Return: the row of index_prefixes::used; the shorter ones are in row 0.
 */
unsigned int kmtia_index_prefix_row(bool v6, const union kmtia_addr *addr)
{
	unsigned int bits = v6 ? FIRST_BITS_V6 : FIRST_BITS_V4;
	u32 first = ntohl(first_bits(addr->a4, bits));

	return 1 + (v6 ? hash_32(first, 8) : first >> 24);
}

/* --- Changes ----------------------------------------------------------------- */

/* What is in use is said before the rule is there, and until it is not. */
static void key_used(struct kmtia_rule_index *index,
		     const struct kmtia_rule *rule, const struct index_key *key)
{
	struct index_prefixes *prefixes;
	unsigned int row = 0;

	if (key->kind == BY_LOCAL || key->kind == BY_REMOTE) {
		prefixes = &index->prefixes[key->kind == BY_REMOTE][key->v6];
		prefixes->count[key->len]++;
		if (key->len >= (key->v6 ? FIRST_BITS_V6 : FIRST_BITS_V4))
			row = kmtia_index_prefix_row(key->v6, &key->addr);
		set_bit(key->len, prefixes->used[row]);
	} else if (key->kind == BY_MARK) {
		WRITE_ONCE(index->masks[key->len], rule->spec.mark_mask);
		smp_wmb();	/* the mask, before it is said to be there */
		WRITE_ONCE(index->mask_count[key->len],
			   index->mask_count[key->len] + 1);
	}
}

static void key_unused(struct kmtia_rule_index *index,
		       const struct index_key *key)
{
	struct index_prefixes *prefixes;
	unsigned int row;

	if (key->kind == BY_LOCAL || key->kind == BY_REMOTE) {
		prefixes = &index->prefixes[key->kind == BY_REMOTE][key->v6];
		if (--prefixes->count[key->len])
			return;
		for (row = 0; row < PREFIX_ROWS; row++)
			clear_bit(key->len, prefixes->used[row]);
	} else if (key->kind == BY_MARK) {
		WRITE_ONCE(index->mask_count[key->len],
			   index->mask_count[key->len] - 1);
	}
}

static struct kmtia_rule_group *group_get(struct kmtia_rule_index *index,
					  const struct index_key *key)
{
	struct kmtia_rule_group *group = kmtia_index_group(index, key);

	if (group)
		return group;
	group = kmalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return NULL;
	memcpy(&group->key, key, sizeof(*key));
	INIT_LIST_HEAD(&group->rules);
	hlist_add_head_rcu(&group->node, row_of(index, key));
	return group;
}

/* Unless it has rules */
static void group_unneeded(struct kmtia_rule_group *group)
{
	if (!list_empty(&group->rules))
		return;
	hlist_del_rcu(&group->node);
	kfree_rcu(group, rcu);
}

static void any_mark_key(const struct kmtia_rule_spec *spec,
			 struct index_key *key)
{
	kmtia_index_value(key, BY_ANY_MARK, 0, kmtia_index_rest(spec->proto, spec->direction));
}

/* For SAs that serve several marks */
static int any_mark_add(struct kmtia_rule_index *index, struct kmtia_rule *rule)
{
	struct kmtia_rule_group *group;
	struct kmtia_rule *pos;
	struct index_key key;

	any_mark_key(&rule->spec, &key);
	group = group_get(index, &key);
	if (!group)
		return -ENOMEM;
	list_for_each_entry_reverse(pos, &group->rules, marked)
		if (pos->spec.priority <= rule->spec.priority)
			break;
	list_add_rcu(&rule->marked, &pos->marked);
	return 0;
}

static void any_mark_del(struct kmtia_rule_index *index,
			 struct kmtia_rule *rule)
{
	struct index_key key;

	any_mark_key(&rule->spec, &key);
	list_del_rcu(&rule->marked);
	group_unneeded(kmtia_index_group(index, &key));
}

/* Exceptions are only for SAs that have the very marks. */
static bool any_mark_has(const struct kmtia_rule *rule,
			 const struct kmtia_rule_group *group)
{
	return group->key.kind == BY_MARK &&
	       rule->spec.dictate != KMTIA_GRANT_NONE;
}

/**
 * kmtia_rule_index_add() - put a rule into its group
 * @index: the index
 * @rule: the rule
 *
 * Context: the caller serialises changes.
 * Return: 0 or %-ENOMEM.
 */
int kmtia_rule_index_add(struct kmtia_rule_index *index,
			 struct kmtia_rule *rule)
{
	struct kmtia_rule_group *group;
	struct kmtia_rule *pos;
	struct index_key key;

	key_of(index, &rule->spec, &key);
	group = group_get(index, &key);
	if (!group)
		return -ENOMEM;
	if (any_mark_has(rule, group) && any_mark_add(index, rule)) {
		group_unneeded(group);
		return -ENOMEM;
	}
	rule->group = group;
	key_used(index, rule, &key);
	/* Most often it is the last one. */
	list_for_each_entry_reverse(pos, &group->rules, same)
		if (pos->spec.priority <= rule->spec.priority)
			break;
	list_add_rcu(&rule->same, &pos->same);
	return 0;
}

/**
 * kmtia_rule_index_del() - take a rule out of its group
 * @index: the index
 * @rule: the rule
 *
 * Context: the caller serialises changes.
 */
void kmtia_rule_index_del(struct kmtia_rule_index *index,
			  struct kmtia_rule *rule)
{
	struct kmtia_rule_group *group = rule->group;

	list_del_rcu(&rule->same);
	if (any_mark_has(rule, group))
		any_mark_del(index, rule);
	key_unused(index, &group->key);
	group_unneeded(group);
}

/**
 * kmtia_rule_index_replace() - one rule takes the place of another
 * @index: the index
 * @rule: the new one
 * @old: the old one
 *
 * Whoever looks finds the one or the other, though they are in two places.
 *
 * Context: the caller serialises changes.
 * Return: 0 or %-ENOMEM; then the old one is where it was.
 */
int kmtia_rule_index_replace(struct kmtia_rule_index *index,
			     struct kmtia_rule *rule, struct kmtia_rule *old)
{
	int err = kmtia_rule_index_add(index, rule);

	if (err)
		return err;
	smp_wmb();	/* who sees that the old one is gone sees that, too */
	WRITE_ONCE(index->changes, index->changes + 1);
	smp_wmb();	/* pairs with kmtia_rule_index_find() */
	kmtia_rule_index_del(index, old);
	return 0;
}
