// SPDX-License-Identifier: GPL-2.0
/*
 * Audit records, where auditing is on. Never keys.
 */
#include "internal.h"

#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/socket.h>
#include <linux/string.h>

static struct audit_buffer *audit_begin(const char *op)
{
	struct audit_buffer *ab;

	if (audit_enabled == AUDIT_OFF)
		return NULL;
	ab = audit_log_start(audit_context(), GFP_KERNEL,
			     AUDIT_MAC_IPSEC_EVENT);
	if (ab)
		audit_log_format(ab, "op=KMTIA-%s auid=%u ses=%u", op,
				 from_kuid(&init_user_ns,
					   audit_get_loginuid(current)),
				 audit_get_sessionid(current));
	return ab;
}

static void audit_words(struct audit_buffer *ab, const char *field,
			const char *words)
{
	audit_log_format(ab, " %s=%*phN", field, (int)strlen(words), words);
}

static void audit_manager(struct audit_buffer *ab,
			  const struct kmtia_manager *manager)
{
	audit_log_format(ab, " uuid=%pUb", manager->uuid);
	if (manager->name[0])
		audit_words(ab, "name", manager->name);
}

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
	struct audit_buffer *ab = audit_begin("manager-del");

	if (!ab)
		return;
	audit_log_format(ab, " uid=%u", from_kuid(&init_user_ns, current_uid()));
	audit_manager(ab, manager);
	audit_log_format(ab, " res=1");
	audit_log_end(ab);
}

static void audit_sa(struct audit_buffer *ab, const struct kmtia_sa *sa)
{
	if (sa->id.family == AF_INET)
		audit_log_format(ab, " src=%pI4 dst=%pI4", &sa->saddr.a4,
				 &sa->id.daddr.a4);
	else
		audit_log_format(ab, " src=%pI6 dst=%pI6", &sa->saddr.in6,
				 &sa->id.daddr.in6);
	audit_log_format(ab, " spi=%u(0x%x) proto=%u", be32_to_cpu(sa->id.spi),
			 be32_to_cpu(sa->id.spi), sa->id.proto);
}

/**
 * kmtia_audit_decision() - it was decided whose key an SA has, or that it has none
 * @d: the decision
 *
 * Context: process.
 */
void kmtia_audit_decision(const struct kmtia_decision *d)
{
	static const char * const ops[] = {
		[KMTIA_VERDICT_REFUSED] = "SA-refused",
		[KMTIA_VERDICT_DICTATED] = "SA-dictated",
		[KMTIA_VERDICT_KEPT] = "SA-kept",
	};
	struct audit_buffer *ab = audit_begin(ops[d->verdict]);

	if (!ab)
		return;
	audit_sa(ab, d->sa);
	audit_log_format(ab, " rule=%u", d->rule->spec.priority);
	if (d->manager)
		audit_manager(ab, d->manager);
	if (d->key_id[0])
		audit_words(ab, "key-id", d->key_id);
	if (d->err)
		audit_log_format(ab, " errno=%d", -d->err);
	audit_log_format(ab, " res=%d",
			 d->verdict == KMTIA_VERDICT_DICTATED);
	audit_log_end(ab);
}
