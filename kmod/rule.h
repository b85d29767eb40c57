/* SPDX-License-Identifier: GPL-2.0 */
/* Rules: rule.c */
#ifndef _KMTIA_RULE_H
#define _KMTIA_RULE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>

#include "kmtia.h"

#define KMTIA_MAX_RULES		65536	/* in one network namespace */
/* So few are looked at one by one. */
#define KMTIA_FEW_RULES		4
#define KMTIA_DEFAULT_TIMEOUT	1000	/* milliseconds */

/* --- rule.c ------------------------------------------------------------- */

/**
 * struct kmtia_rule_spec - what an administrator says of a rule
 * @priority: place in the list, and the rule's name
 * @family: of the prefixes; 0 for both families
 * @has_local: @local selects
 * @has_remote: @remote selects
 * @local: address or network of this end
 * @remote: address or network of the other end
 * @local_len: prefix length, bits
 * @remote_len: prefix length, bits
 * @proto: IPPROTO_ESP, IPPROTO_AH, or 0 for both
 * @direction: KMTIA_DIRECTION_UNKNOWN for both
 * @has_reqid: @reqid selects
 * @has_if_id: @if_id selects
 * @has_mark: @mark and @mark_mask select
 * @reqid: request id
 * @if_id: XFRM interface id
 * @mark: value of the SA's mark under @mark_mask
 * @mark_mask: which bits count
 * @dictate: who may dictate
 * @dictate_manager: its UUID, with KMTIA_GRANT_NAMED
 * @notify: who is notified
 * @notify_manager: its UUID, with KMTIA_GRANT_NAMED
 * @has_keys: @keys_manager may fetch keys
 * @keys_manager: its UUID
 * @on_failure: what becomes of an SA for which no key came
 * @timeout: longest wait, milliseconds
 */
struct kmtia_rule_spec {
	u32 priority;
	u16 family;
	bool has_local;
	bool has_remote;
	union kmtia_addr local;
	union kmtia_addr remote;
	u8 local_len;
	u8 remote_len;
	u8 proto;
	enum kmtia_direction direction;
	bool has_reqid;
	bool has_if_id;
	bool has_mark;
	u32 reqid;
	u32 if_id;
	u32 mark;
	u32 mark_mask;
	enum kmtia_grant dictate;
	u8 dictate_manager[KMTIA_UUID_LEN];
	enum kmtia_grant notify;
	u8 notify_manager[KMTIA_UUID_LEN];
	bool has_keys;
	u8 keys_manager[KMTIA_UUID_LEN];
	enum kmtia_failure_action on_failure;
	u32 timeout;
};

struct kmtia_rule_group;
struct kmtia_rule_index;

/**
 * struct kmtia_rule - a rule in the list; never changed once it is there
 * @node: in kmtia_rules::list
 * @same: in its group
 * @marked: in the index, if it is for a mark alone
 * @group: in which it is found; serialised as changes are
 * @ref: the list has one, each SA in the making or tracked another
 * @rcu: frees it
 * @spec: what it says
 * @hits: SAs that it has matched
 */
struct kmtia_rule {
	struct list_head node;
	struct list_head same;
	struct list_head marked;
	struct kmtia_rule_group *group;
	refcount_t ref;
	struct rcu_head rcu;
	struct kmtia_rule_spec spec;
	atomic64_t hits;
};

/**
 * struct kmtia_rules - the rules of a network namespace
 * @list: sorted by priority; read under RCU
 * @count: entries in @list
 * @index: of them; there while there are any; read under RCU
 * @removed: called for each rule that left the list
 *
 * Changes are serialised by the caller (kmtia_net::lock).
 */
struct kmtia_rules {
	struct list_head list;
	unsigned int count;
	struct kmtia_rule_index __rcu *index;
	void (*removed)(const struct kmtia_rule *rule);
};

void kmtia_rules_init(struct kmtia_rules *rules,
		      void (*removed)(const struct kmtia_rule *rule));
struct kmtia_rule *kmtia_rule_add(struct kmtia_rules *rules,
				  const struct kmtia_rule_spec *spec);
struct kmtia_rule *kmtia_rule_replace(struct kmtia_rules *rules,
				      const struct kmtia_rule_spec *spec);
int kmtia_rule_del(struct kmtia_rules *rules, u32 priority);
void kmtia_rules_flush(struct kmtia_rules *rules);
struct kmtia_rule *kmtia_rule_match(struct kmtia_rules *rules,
				    const struct kmtia_sa *sa);
struct kmtia_rule *kmtia_rule_hold(struct kmtia_rule *rule);
void kmtia_rule_put(struct kmtia_rule *rule);
bool kmtia_rule_covers(const struct kmtia_rule_spec *spec,
		       const struct kmtia_sa *sa);
bool kmtia_rule_dictates(const struct kmtia_rule *rule, const u8 *uuid);
bool kmtia_rule_notifies(const struct kmtia_rule *rule, const u8 *uuid);
bool kmtia_rule_gives_keys(const struct kmtia_rule *rule, const u8 *uuid);
bool kmtia_rule_watched(const struct kmtia_rule *rule);
bool kmtia_addr_in_prefix(const union kmtia_addr *addr,
			  const union kmtia_addr *prefix, unsigned int len);

/* --- rule_index.c ------------------------------------------------------- */

struct kmtia_rule_index *kmtia_rule_index_new(void);
void kmtia_rule_index_free(struct kmtia_rule_index *index);
int kmtia_rule_index_add(struct kmtia_rule_index *index,
			 struct kmtia_rule *rule);
void kmtia_rule_index_del(struct kmtia_rule_index *index,
			  struct kmtia_rule *rule);
int kmtia_rule_index_replace(struct kmtia_rule_index *index,
			     struct kmtia_rule *rule, struct kmtia_rule *old);
struct kmtia_rule *kmtia_rule_index_find(struct kmtia_rule_index *index,
					 const struct kmtia_sa *sa);

#endif /* _KMTIA_RULE_H */
