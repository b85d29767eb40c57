// SPDX-License-Identifier: GPL-2.0
/*
 * The manager policy: which users and groups may register key managers without
 * being administrators, and as whom. Empty at first; administrators need none.
 * The file knows neither XFRM nor netlink.
 */
#include "internal.h"

#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * kmtia_policies_init() - prepare an empty policy
 * @policies: the policy
 */
void kmtia_policies_init(struct kmtia_policies *policies)
{
	INIT_LIST_HEAD(&policies->list);
	policies->count = 0;
}

static bool same_uuid(const struct kmtia_policy_spec *a,
		      const struct kmtia_policy_spec *b)
{
	if (a->has_uuid != b->has_uuid)
		return false;
	return !a->has_uuid || !memcmp(a->uuid, b->uuid, KMTIA_UUID_LEN);
}

static bool same_who(const struct kmtia_policy_spec *a,
		     const struct kmtia_policy_spec *b)
{
	if (a->is_group != b->is_group)
		return false;
	return a->is_group ? gid_eq(a->gid, b->gid) : uid_eq(a->uid, b->uid);
}

static struct kmtia_policy *policy_find(struct kmtia_policies *policies,
					const struct kmtia_policy_spec *spec)
{
	struct kmtia_policy *policy;

	list_for_each_entry(policy, &policies->list, node)
		if (same_uuid(&policy->spec, spec) &&
		    same_who(&policy->spec, spec))
			return policy;
	return NULL;
}

/**
 * kmtia_policy_set() - make a statement, or change what it allows
 * @policies: the policy
 * @spec: the statement; was checked by the caller
 *
 * Context: the caller serialises.
 * Return: 0, %-ENOSPC if there are too many, or %-ENOMEM.
 */
int kmtia_policy_set(struct kmtia_policies *policies,
		     const struct kmtia_policy_spec *spec)
{
	struct kmtia_policy *policy = policy_find(policies, spec);

	if (policy) {
		policy->spec.flags = spec->flags;
		return 0;
	}
	if (policies->count >= KMTIA_MAX_POLICIES)
		return -ENOSPC;
	policy = kzalloc(sizeof(*policy), GFP_KERNEL_ACCOUNT);
	if (!policy)
		return -ENOMEM;
	policy->spec = *spec;
	list_add_tail(&policy->node, &policies->list);
	policies->count++;
	return 0;
}

static void policy_unlink(struct kmtia_policies *policies,
			  struct kmtia_policy *policy)
{
	list_del(&policy->node);
	policies->count--;
	kfree(policy);
}

/**
 * kmtia_policy_del() - take a statement back
 * @policies: the policy
 * @spec: the statement; its flags do not count
 *
 * Whoever is registered stays so.
 *
 * Context: the caller serialises.
 * Return: 0, or %-ENOENT if there is none.
 */
int kmtia_policy_del(struct kmtia_policies *policies,
		     const struct kmtia_policy_spec *spec)
{
	struct kmtia_policy *policy = policy_find(policies, spec);

	if (!policy)
		return -ENOENT;
	policy_unlink(policies, policy);
	return 0;
}

/**
 * kmtia_policies_flush() - take all statements back
 * @policies: the policy
 *
 * Context: the caller serialises.
 */
void kmtia_policies_flush(struct kmtia_policies *policies)
{
	struct kmtia_policy *policy, *next;

	list_for_each_entry_safe(policy, next, &policies->list, node)
		policy_unlink(policies, policy);
}

static bool is_member(const struct cred *cred, kgid_t gid)
{
	const struct group_info *groups = cred->group_info;
	int i;

	if (gid_eq(cred->egid, gid))
		return true;
	for (i = 0; i < groups->ngroups; i++)
		if (gid_eq(groups->gid[i], gid))
			return true;
	return false;
}

static bool names(const struct kmtia_policy_spec *spec, const struct cred *cred)
{
	return spec->is_group ? is_member(cred, spec->gid) :
				uid_eq(spec->uid, cred->euid);
}

static bool is_named(const struct kmtia_policies *policies, const u8 *uuid)
{
	const struct kmtia_policy *policy;

	list_for_each_entry(policy, &policies->list, node)
		if (policy->spec.has_uuid &&
		    !memcmp(policy->spec.uuid, uuid, KMTIA_UUID_LEN))
			return true;
	return false;
}

/**
 * kmtia_policy_check() - may somebody who is no administrator register?
 * @policies: the policy
 * @uuid: as whom
 * @flags: what for
 * @opener: who made the socket
 * @caller: who uses it; both must be named, lest a privileged program be made
 *	to register for somebody else
 *
 * Statements about the UUID leave no room for those about any.
 *
 * Context: the caller serialises.
 * Return:
 * * 0: yes
 * * %-EPERM: no statement is about the UUID and the caller
 * * %-EACCES: the policy names others for the UUID, or the caller for less
 */
int kmtia_policy_check(const struct kmtia_policies *policies, const u8 *uuid,
		       u32 flags, const struct cred *opener,
		       const struct cred *caller)
{
	bool named = is_named(policies, uuid);
	const struct kmtia_policy *policy;
	int err = named ? -EACCES : -EPERM;

	list_for_each_entry(policy, &policies->list, node) {
		const struct kmtia_policy_spec *spec = &policy->spec;

		if (spec->has_uuid != named ||
		    (named && memcmp(spec->uuid, uuid, KMTIA_UUID_LEN)) ||
		    !names(spec, opener) || !names(spec, caller))
			continue;
		if (!(flags & ~spec->flags))
			return 0;
		err = -EACCES;
	}
	return err;
}
