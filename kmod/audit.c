// SPDX-License-Identifier: GPL-2.0
/*
 * Audit records, where auditing is on. Never keys.
 */
#include "internal.h"

#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/string.h>

/**
 * kmtia_audit_manager_del() - an administrator ended a registration
 * @manager: whose
 *
 * Names are written in hexadecimal, as others' words are in audit records.
 *
 * Context: process.
 */
void kmtia_audit_manager_del(const struct kmtia_manager *manager)
{
	struct audit_buffer *ab;

	if (audit_enabled == AUDIT_OFF)
		return;
	ab = audit_log_start(audit_context(), GFP_KERNEL,
			     AUDIT_MAC_IPSEC_EVENT);
	if (!ab)
		return;
	audit_log_format(ab,
			 "op=KMTIA-manager-del auid=%u ses=%u uid=%u uuid=%pUb name=%*phN res=1",
			 from_kuid(&init_user_ns, audit_get_loginuid(current)),
			 audit_get_sessionid(current),
			 from_kuid(&init_user_ns, current_uid()), manager->uuid,
			 (int)strlen(manager->name), manager->name);
	audit_log_end(ab);
}
