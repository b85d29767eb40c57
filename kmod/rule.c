// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: which SAs may be dictated or watched, by whom, and what happens when
 * no key comes. The file knows neither XFRM nor netlink.
 */
#include "internal.h"

#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>

/**
 * kmtia_rules_init() - prepare an empty list
 * @rules: the list
 * @removed: called for each rule that has left the list
 */
void kmtia_rules_init(struct kmtia_rules *rules,
		      void (*removed)(const struct kmtia_rule *rule))
{
	INIT_LIST_HEAD(&rules->list);
	rules->count = 0;
	RCU_INIT_POINTER(rules->index, NULL);
	rules->removed = removed;
}

/**
 * kmtia_rule_hold() - take one more reference
 * @rule: a rule of which the caller has a reference
 *
 * Return: @rule.
 */
struct kmtia_rule *kmtia_rule_hold(struct kmtia_rule *rule)
{
	refcount_inc(&rule->ref);
	return rule;
}

/**
 * kmtia_rule_put() - put a reference
 * @rule: the rule, or NULL
 */
void kmtia_rule_put(struct kmtia_rule *rule)
{
	if (rule && refcount_dec_and_test(&rule->ref))
		kfree_rcu(rule, rcu);
}

static struct kmtia_rule *rule_new(const struct kmtia_rule_spec *spec)
{
	struct kmtia_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);

	if (rule) {
		refcount_set(&rule->ref, 1);
		rule->spec = *spec;
	}
	return rule;
}

/* The caller serialises changes. */
static struct kmtia_rule_index *index_of(struct kmtia_rules *rules)
{
	return rcu_dereference_protected(rules->index, true);
}

static void index_unneeded(struct kmtia_rules *rules)
{
	struct kmtia_rule_index *index = index_of(rules);

	if (rules->count)
		return;
	RCU_INIT_POINTER(rules->index, NULL);
	kmtia_rule_index_free(index);
}

static int index_add(struct kmtia_rules *rules, struct kmtia_rule *rule)
{
	struct kmtia_rule_index *index = index_of(rules);
	int err;

	if (!index) {
		index = kmtia_rule_index_new();
		if (!index)
			return -ENOMEM;
		rcu_assign_pointer(rules->index, index);
	}
	err = kmtia_rule_index_add(index, rule);
	if (err)
		index_unneeded(rules);
	return err;
}

/**
 * kmtia_rule_add() - put a rule into its place
 * @rules: the list
 * @spec: what the rule says; was checked by the caller
 *
 * Context: the caller serialises changes of @rules.
 * Return: the rule, of which the list holds the reference, or an error pointer:
 * * %-EEXIST: the priority is taken
 * * %-ENOSPC: there are too many rules
 * * %-ENOMEM
 */
struct kmtia_rule *kmtia_rule_add(struct kmtia_rules *rules,
				  const struct kmtia_rule_spec *spec)
{
	struct kmtia_rule *rule, *pos;

	if (rules->count >= KMTIA_MAX_RULES)
		return ERR_PTR(-ENOSPC);
	/* Most often it is the last one. */
	list_for_each_entry_reverse(pos, &rules->list, node) {
		if (pos->spec.priority == spec->priority)
			return ERR_PTR(-EEXIST);
		if (pos->spec.priority < spec->priority)
			break;
	}
	rule = rule_new(spec);
	if (!rule)
		return ERR_PTR(-ENOMEM);
	if (index_add(rules, rule)) {
		kfree(rule);
		return ERR_PTR(-ENOMEM);
	}
	/* After @pos, which is the head if no lower priority was found. */
	list_add_rcu(&rule->node, &pos->node);
	WRITE_ONCE(rules->count, rules->count + 1);
	return rule;
}

/**
 * kmtia_rule_replace() - put a rule into the place of the one of its priority
 * @rules: the list
 * @spec: what the rule says; was checked by the caller
 *
 * Whoever looks for a rule finds the one or the other.
 *
 * Context: the caller serialises changes of @rules.
 * Return: as kmtia_rule_add(), or %-ENOENT if there is none to replace.
 */
struct kmtia_rule *kmtia_rule_replace(struct kmtia_rules *rules,
				      const struct kmtia_rule_spec *spec)
{
	struct kmtia_rule *rule, *old;

	list_for_each_entry(old, &rules->list, node) {
		if (old->spec.priority != spec->priority)
			continue;
		rule = rule_new(spec);
		if (!rule)
			return ERR_PTR(-ENOMEM);
		if (kmtia_rule_index_replace(index_of(rules), rule, old)) {
			kfree(rule);
			return ERR_PTR(-ENOMEM);
		}
		list_replace_rcu(&old->node, &rule->node);
		rules->removed(old);
		kmtia_rule_put(old);
		return rule;
	}
	return ERR_PTR(-ENOENT);
}

static void rule_unlink(struct kmtia_rules *rules, struct kmtia_rule *rule)
{
	list_del_rcu(&rule->node);
	kmtia_rule_index_del(index_of(rules), rule);
	WRITE_ONCE(rules->count, rules->count - 1);
	index_unneeded(rules);
	rules->removed(rule);
	kmtia_rule_put(rule);
}

/**
 * kmtia_rule_del() - delete a rule
 * @rules: the list
 * @priority: of the rule
 *
 * SAs that the rule covers, in the making or live, keep it to their end.
 *
 * Context: the caller serialises changes of @rules.
 * Return: 0, or %-ENOENT if there is none.
 */
int kmtia_rule_del(struct kmtia_rules *rules, u32 priority)
{
	struct kmtia_rule *rule;

	list_for_each_entry(rule, &rules->list, node) {
		if (rule->spec.priority != priority)
			continue;
		rule_unlink(rules, rule);
		return 0;
	}
	return -ENOENT;
}

/**
 * kmtia_rules_flush() - delete all rules
 * @rules: the list
 *
 * Context: the caller serialises changes of @rules.
 */
void kmtia_rules_flush(struct kmtia_rules *rules)
{
	struct kmtia_rule *rule, *next;

	list_for_each_entry_safe(rule, next, &rules->list, node)
		rule_unlink(rules, rule);
}

/**
 * kmtia_addr_in_prefix() - does an address lie in a network?
 * @addr: the address
 * @prefix: the network's address, of the same family
 * @len: length of its prefix, bits
 *
 * Return: true if it does.
 */
bool kmtia_addr_in_prefix(const union kmtia_addr *addr,
			  const union kmtia_addr *prefix, unsigned int len)
{
	unsigned int words = len / 32, bits = len % 32;
	__be32 mask;

	if (memcmp(addr->a6, prefix->a6, words * 4))
		return false;
	if (!bits)
		return true;
	mask = htonl(~0U << (32 - bits));
	return !((addr->a6[words] ^ prefix->a6[words]) & mask);
}

static bool ends_match(const struct kmtia_rule_spec *spec,
		       const union kmtia_addr *local,
		       const union kmtia_addr *remote)
{
	return (!spec->has_local ||
		kmtia_addr_in_prefix(local, &spec->local, spec->local_len)) &&
	       (!spec->has_remote ||
		kmtia_addr_in_prefix(remote, &spec->remote, spec->remote_len));
}

/* What can't be known of an SA (which end is local, which way it protects) counts
 * for a rule that dictates: better asked once too often than slipped through.
 * For an exception it counts against it, for the same reason.
 */
static bool is_exception(const struct kmtia_rule_spec *spec)
{
	return spec->dictate == KMTIA_GRANT_NONE;
}

/* The prefixes name the ends, so that they match both SAs of a pair. */
static bool addresses_match(const struct kmtia_rule_spec *spec,
			    const struct kmtia_sa *sa)
{
	bool as_out, as_in;

	if (spec->family && spec->family != sa->id.family)
		return false;
	as_out = ends_match(spec, &sa->saddr, &sa->id.daddr);
	as_in = ends_match(spec, &sa->id.daddr, &sa->saddr);
	switch (sa->direction) {
	case KMTIA_DIRECTION_IN:
		return as_in;
	case KMTIA_DIRECTION_OUT:
		return as_out;
	default:
		return is_exception(spec) ? as_in && as_out : as_in || as_out;
	}
}

static bool direction_matches(const struct kmtia_rule_spec *spec,
			      const struct kmtia_sa *sa)
{
	if (spec->direction == KMTIA_DIRECTION_UNKNOWN)
		return true;
	if (sa->direction == KMTIA_DIRECTION_UNKNOWN)
		return !is_exception(spec);
	return spec->direction == sa->direction;
}

/* An SA serves all marks that its own mask lets through, those that the rule is
 * about perhaps among them.
 */
static bool mark_matches(const struct kmtia_rule_spec *spec,
			 const struct kmtia_sa *sa)
{
	u32 mask = spec->mark_mask & sa->id.mark_mask;

	if (!spec->has_mark)
		return true;
	if (is_exception(spec) && mask != spec->mark_mask)
		return false;
	return !((sa->id.mark ^ spec->mark) & mask);
}

/**
 * kmtia_rule_covers() - do the selectors of a rule cover an SA?
 * @spec: what the rule says
 * @sa: the SA
 *
 * Return: true if they do.
 */
bool kmtia_rule_covers(const struct kmtia_rule_spec *spec,
		       const struct kmtia_sa *sa)
{
	if (spec->proto && spec->proto != sa->id.proto)
		return false;
	if (spec->has_reqid && spec->reqid != sa->reqid)
		return false;
	if (spec->has_if_id && spec->if_id != sa->if_id)
		return false;
	return mark_matches(spec, sa) && direction_matches(spec, sa) &&
	       addresses_match(spec, sa);
}

static struct kmtia_rule *find_one_by_one(struct kmtia_rules *rules,
					  const struct kmtia_sa *sa)
{
	struct kmtia_rule *rule;

	list_for_each_entry_rcu(rule, &rules->list, node)
		if (kmtia_rule_covers(&rule->spec, sa))
			return rule;
	return NULL;
}

/**
 * kmtia_rule_match() - the rule that covers an SA
 * @rules: the list
 * @sa: the SA
 *
 * Return: the matching rule of the lowest priority, with a reference for the
 * caller, or NULL.
 */
struct kmtia_rule *kmtia_rule_match(struct kmtia_rules *rules,
				    const struct kmtia_sa *sa)
{
	struct kmtia_rule_index *index;
	struct kmtia_rule *rule;

	rcu_read_lock();
again:
	index = READ_ONCE(rules->count) > KMTIA_FEW_RULES ?
		rcu_dereference(rules->index) : NULL;
	rule = index ? kmtia_rule_index_find(index, sa) :
		       find_one_by_one(rules, sa);
	/* It left the list while we were at it. What took its place is there
	 * now, and not behind it.
	 */
	if (rule && !refcount_inc_not_zero(&rule->ref)) {
		smp_rmb();	/* list after ref; pairs with put's */
		goto again;
	}
	rcu_read_unlock();
	if (rule)
		atomic64_inc(&rule->hits);
	return rule;
}

static bool granted(enum kmtia_grant grant, const u8 *named, const u8 *uuid)
{
	return grant == KMTIA_GRANT_ANY ||
	       (grant == KMTIA_GRANT_NAMED &&
		!memcmp(named, uuid, KMTIA_UUID_LEN));
}

/**
 * kmtia_rule_dictates() - may this manager dictate under the rule?
 * @rule: the rule
 * @uuid: the manager's
 *
 * Return: true if it may.
 */
bool kmtia_rule_dictates(const struct kmtia_rule *rule, const u8 *uuid)
{
	return granted(rule->spec.dictate, rule->spec.dictate_manager, uuid);
}

/**
 * kmtia_rule_notifies() - is this manager notified under the rule?
 * @rule: the rule
 * @uuid: the manager's
 *
 * Return: true if it is.
 */
bool kmtia_rule_notifies(const struct kmtia_rule *rule, const u8 *uuid)
{
	return granted(rule->spec.notify, rule->spec.notify_manager, uuid);
}

/**
 * kmtia_rule_gives_keys() - may this manager fetch keys under the rule?
 * @rule: the rule
 * @uuid: the manager's
 *
 * Return: true if it may.
 */
bool kmtia_rule_gives_keys(const struct kmtia_rule *rule, const u8 *uuid)
{
	return rule->spec.has_keys &&
	       !memcmp(rule->spec.keys_manager, uuid, KMTIA_UUID_LEN);
}

/**
 * kmtia_rule_watched() - is there anything to do for an SA of this rule?
 * @rule: the rule
 *
 * Return: false for a rule that only makes an exception from those after it.
 */
bool kmtia_rule_watched(const struct kmtia_rule *rule)
{
	return rule->spec.dictate != KMTIA_GRANT_NONE ||
	       rule->spec.notify != KMTIA_GRANT_NONE;
}
