/* SPDX-License-Identifier: GPL-2.0 */
/* Who may register key managers: policy.c */
#ifndef _KMTIA_POLICY_H
#define _KMTIA_POLICY_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "kmtia.h"

#define KMTIA_MAX_POLICIES	256	/* in one network namespace */

struct cred;

/**
 * struct kmtia_policy_spec - a statement: who may register what
 * @has_uuid: it is about @uuid; else about all that no statement names
 * @uuid: identity of a manager
 * @is_group: it is about the members of @gid; else about @uid
 * @uid: the user
 * @gid: the group
 * @flags: what for: enum kmtia_manager_flags
 */
struct kmtia_policy_spec {
	bool has_uuid;
	u8 uuid[KMTIA_UUID_LEN];
	bool is_group;
	kuid_t uid;
	kgid_t gid;
	u32 flags;
};

/**
 * struct kmtia_policy - a statement in the list
 * @node: in kmtia_policies::list
 * @spec: what it says
 */
struct kmtia_policy {
	struct list_head node;
	struct kmtia_policy_spec spec;
};

/**
 * struct kmtia_policies - the manager policy of a network namespace
 * @list: in the order in which the statements were made
 * @count: entries in @list
 *
 * The caller serialises changes and reads (kmtia_net::lock).
 */
struct kmtia_policies {
	struct list_head list;
	unsigned int count;
};

void kmtia_policies_init(struct kmtia_policies *policies);
int kmtia_policy_set(struct kmtia_policies *policies,
		     const struct kmtia_policy_spec *spec);
int kmtia_policy_del(struct kmtia_policies *policies,
		     const struct kmtia_policy_spec *spec);
void kmtia_policies_flush(struct kmtia_policies *policies);
int kmtia_policy_check(const struct kmtia_policies *policies, const u8 *uuid,
		       u32 flags, const struct cred *opener,
		       const struct cred *caller);

#endif /* _KMTIA_POLICY_H */
