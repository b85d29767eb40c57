/* SPDX-License-Identifier: GPL-2.0 */
/* The index of rules: how rule_index.c keeps it and rule_search.c reads it */
#ifndef _KMTIA_RULE_INDEX_H
#define _KMTIA_RULE_INDEX_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/types.h>

#include "rule.h"

#define INDEX_BITS	11
#define INDEX_MASKS	16	/* that rules for marks alone may have */
#define INDEX_ROWS	BIT(INDEX_BITS)
#define FIRST_BITS_V4	8
#define FIRST_BITS_V6	32
#define PREFIX_ROWS	(1 + 256)
#define PREFIX_WORDS	BITS_TO_LONGS(129)

enum index_kind {
	BY_REQID,
	BY_IF_ID,
	BY_LOCAL,
	BY_REMOTE,
	BY_MARK,
	BY_ANY_MARK,
	BY_REST,
};

/**
 * struct index_key - what all rules of a group have in common
 * @kind: see enum index_kind
 * @v6: with a prefix, of IPv6
 * @len: with a prefix, its length; with a mark, the number of its mask
 * @what: all of these
 * @value: of the id, or of the mark; or of kmtia_index_rest()
 * @addr: the prefix
 */
struct index_key {
	union {
		struct {
			u8 kind;
			u8 v6;
			u8 len;
		};
		u32 what;
	};
	u32 value;
	union kmtia_addr addr;
};

/**
 * struct kmtia_rule_group - rules that have something in common
 * @node: in a row of the index
 * @key: what they have in common
 * @rules: by priority; read under RCU. With %BY_ANY_MARK, by their @marked.
 * @rcu: frees it
 */
struct kmtia_rule_group {
	struct hlist_node node;
	struct index_key key;
	struct list_head rules;
	struct rcu_head rcu;
};

/**
 * struct index_prefixes - which lengths prefixes have
 * @used: bits of those; of longer prefixes than %FIRST_BITS_V4 or %FIRST_BITS_V6
 *	by a hash of so many bits of them. A length that no rule has any more may
 *	stay in some of the rows.
 * @count: rules with each
 */
struct index_prefixes {
	unsigned long used[PREFIX_ROWS][PREFIX_WORDS];
	unsigned int count[129];
};

/**
 * struct kmtia_rule_index - the groups
 * @rcu: frees it; near the beginning, as kvfree_rcu() wants it
 * @rows: hashed by key; read under RCU
 * @seed: of the hash
 * @changes: number of rules that took another's place
 * @prefixes: of %BY_LOCAL and %BY_REMOTE, of both families
 * @masks: of rules for marks alone
 * @mask_count: rules with each
 */
struct kmtia_rule_index {
	struct rcu_head rcu;
	struct hlist_head rows[INDEX_ROWS];
	u32 seed;
	unsigned int changes;
	struct index_prefixes prefixes[2][2];
	u32 masks[INDEX_MASKS];
	unsigned int mask_count[INDEX_MASKS];
};

void kmtia_index_prefix(struct index_key *key, enum index_kind kind, bool v6,
			const union kmtia_addr *addr, unsigned int len);
void kmtia_index_value(struct index_key *key, enum index_kind kind, u8 len,
		       u32 value);
u32 kmtia_index_rest(u8 proto, enum kmtia_direction direction);
unsigned int kmtia_index_prefix_row(bool v6, const union kmtia_addr *addr);
struct kmtia_rule_group *kmtia_index_group(struct kmtia_rule_index *index,
					   const struct index_key *key);

#endif /* _KMTIA_RULE_INDEX_H */
