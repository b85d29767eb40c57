// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Administration: managers, rules, SAs, statistics.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "internal.h"

/* What a list is read for. */
struct listing {
	union {
		kmtia_manager_cb manager;
		kmtia_rule_cb rule;
		kmtia_sa_cb sa;
		kmtia_stat_cb stat;
	} cb;
	void *user;
};

static int malformed(struct kmtia *h, const char *what)
{
	return kmtia_fail(h, -EBADMSG, "the kernel's description of %s is malformed", what);
}

/* --- Managers ---------------------------------------------------------------------- */

#define MANAGER(_attr, _kind, _wire, _member) \
	KMTIA_FIELD(kmtia_manager_info, KMTIA_A_MANAGER_##_attr, _kind, _wire, _member, -1)

static const struct kmtia_field manager_fields[] = {
	MANAGER(UUID, UUID, 0, uuid),
	MANAGER(NAME, TEXT, 0, name),
	MANAGER(DESCRIPTION, TEXT, 0, description),
	MANAGER(FLAGS, UINT, 4, flags),
	KMTIA_FIELD(kmtia_manager_info, KMTIA_A_MANAGER_WEIGHT, UINT, 4, weight,
		    offsetof(struct kmtia_manager_info, has_weight)),
	MANAGER(TIMEOUT_HINT, UINT, 4, timeout_hint),
	MANAGER(PID, UINT, 4, pid),
	MANAGER(UID, UINT, 4, uid),
	MANAGER(STALLED, FLAG, 0, stalled),
	MANAGER(QUESTIONS, UINT, 8, questions),
	MANAGER(ANSWERS, UINT, 8, answers),
	MANAGER(REFUSALS, UINT, 8, refusals),
	MANAGER(UNUSABLE, UINT, 8, unusable),
	MANAGER(MISSES, UINT, 8, misses),
	MANAGER(LATE, UINT, 8, late),
	MANAGER(NOTIFICATIONS, UINT, 8, notifications),
	MANAGER(DROPPED, UINT, 8, dropped),
	MANAGER(GRACE, UINT, 4, grace_ms),
	KMTIA_FIELD(kmtia_manager_info, KMTIA_A_MANAGER_GRACE_LEFT, UINT, 4, grace_left_ms,
		    offsetof(struct kmtia_manager_info, has_grace_left)),
	MANAGER(SECRETS, UINT, 4, secrets),
	MANAGER(STANDING, UINT, 8, standing),
};

static int list_manager(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[KMTIA_A_MANAGER_MAX + 1];
	struct kmtia_manager_info manager = { 0 };
	struct listing *listing = arg;
	int n;

	if (kmtia_fields_parse(nlh, tb, KMTIA_A_MANAGER_MAX) || !tb[KMTIA_A_MANAGER_UUID] ||
	    kmtia_fields_get(tb, manager_fields, ARRAY_SIZE(manager_fields), &manager))
		return malformed(h, "a key manager");
	n = kmtia_times_get(nlh, KMTIA_A_MANAGER_ANSWER_TIME, manager.answer_times,
			    KMTIA_ANSWER_TIMES);
	if (n < 0)
		return malformed(h, "a key manager");
	manager.n_answer_times = n;
	return listing->cb.manager(&manager, listing->user);
}

KMTIA_EXPORT int kmtia_managers(struct kmtia *h, kmtia_manager_cb cb, void *user)
{
	struct listing listing = { .cb.manager = cb, .user = user };

	kmtia_begin(h);
	return kmtia_command_dump(h, KMTIA_CMD_MANAGER_GET, list_manager, &listing);
}

KMTIA_EXPORT int kmtia_manager_delete(struct kmtia *h, const uint8_t uuid[KMTIA_UUID_LEN])
{
	struct nl_msg *msg;

	kmtia_begin(h);
	msg = kmtia_command_new(h, KMTIA_CMD_MANAGER_DEL, NLM_F_ACK);
	if (!msg)
		return -ENOMEM;
	nla_put(msg, KMTIA_A_MANAGER_UUID, KMTIA_UUID_LEN, uuid);
	return kmtia_command_run(h, &h->command, msg, NULL, NULL);
}

/* --- Rules ------------------------------------------------------------------------- */

#define RULE(_attr, _kind, _wire, _member) \
	KMTIA_FIELD(kmtia_rule, KMTIA_A_RULE_##_attr, _kind, _wire, _member, -1)
#define RULE_HAS(_attr, _kind, _wire, _member, _has) \
	KMTIA_FIELD(kmtia_rule, KMTIA_A_RULE_##_attr, _kind, _wire, _member, \
		    offsetof(struct kmtia_rule, _has))

static const struct kmtia_field rule_fields[] = {
	RULE(PRIORITY, UINT, 4, priority),
	RULE(FAMILY, UINT, 4, family),
	RULE_HAS(LOCAL, ADDRESS, 0, local, has_local),
	RULE(LOCAL_LEN, UINT, 4, local_len),
	RULE_HAS(REMOTE, ADDRESS, 0, remote, has_remote),
	RULE(REMOTE_LEN, UINT, 4, remote_len),
	RULE(PROTO, UINT, 4, proto),
	RULE(DIRECTION, UINT, 4, direction),
	RULE_HAS(REQID, UINT, 4, reqid, has_reqid),
	RULE_HAS(IF_ID, UINT, 4, if_id, has_if_id),
	RULE_HAS(MARK, UINT, 4, mark, has_mark),
	RULE(MARK_MASK, UINT, 4, mark_mask),
	RULE(DICTATE, UINT, 4, dictate),
	RULE(DICTATE_MANAGER, UUID, 0, dictate_manager),
	RULE(NOTIFY, UINT, 4, notify),
	RULE(NOTIFY_MANAGER, UUID, 0, notify_manager),
	RULE_HAS(KEYS_MANAGER, UUID, 0, keys_manager, has_keys),
	RULE_HAS(ON_FAILURE, UINT, 4, on_failure, has_on_failure),
	RULE(TIMEOUT, UINT, 4, timeout_ms),
	RULE(HITS, UINT, 8, hits),
};

static int list_rule(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[KMTIA_A_RULE_MAX + 1];
	struct listing *listing = arg;
	/* These mean what the specification says of absent attributes. */
	struct kmtia_rule rule = {
		.size = sizeof(rule),
		.local_len = UINT8_MAX,
		.remote_len = UINT8_MAX,
		.mark_mask = UINT32_MAX,
	};
	uint8_t longest;

	if (kmtia_fields_parse(nlh, tb, KMTIA_A_RULE_MAX) || !tb[KMTIA_A_RULE_PRIORITY] ||
	    kmtia_fields_get(tb, rule_fields, ARRAY_SIZE(rule_fields), &rule))
		return malformed(h, "a rule");
	longest = rule.family == AF_INET ? 32 : 128;
	if (rule.local_len > longest)
		rule.local_len = rule.has_local ? longest : 0;
	if (rule.remote_len > longest)
		rule.remote_len = rule.has_remote ? longest : 0;
	if (!rule.has_mark)
		rule.mark_mask = 0;
	return listing->cb.rule(&rule, listing->user);
}

KMTIA_EXPORT int kmtia_rules(struct kmtia *h, kmtia_rule_cb cb, void *user)
{
	struct listing listing = { .cb.rule = cb, .user = user };

	kmtia_begin(h);
	return kmtia_command_dump(h, KMTIA_CMD_RULE_GET, list_rule, &listing);
}

static int take_rule(struct kmtia *h, struct kmtia_rule *to, const struct kmtia_rule *from)
{
	int err = kmtia_take_struct(h, "struct kmtia_rule", to, sizeof(*to), from);

	if (err)
		return err;
	if (!kmtia_all_zero(to->reserved, sizeof(to->reserved)))
		return kmtia_fail(h, -EINVAL, "reserved field of the rule is not zero");
	return kmtia_match_check(h, "rule", &KMTIA_MATCH_OF(to));
}

static void put_grants(struct nl_msg *msg, const struct kmtia_rule *r)
{
	if (r->dictate != KMTIA_GRANT_NONE)
		nla_put_u32(msg, KMTIA_A_RULE_DICTATE, r->dictate);
	if (r->dictate == KMTIA_GRANT_NAMED)
		nla_put(msg, KMTIA_A_RULE_DICTATE_MANAGER, KMTIA_UUID_LEN, r->dictate_manager);
	if (r->notify != KMTIA_GRANT_NONE)
		nla_put_u32(msg, KMTIA_A_RULE_NOTIFY, r->notify);
	if (r->notify == KMTIA_GRANT_NAMED)
		nla_put(msg, KMTIA_A_RULE_NOTIFY_MANAGER, KMTIA_UUID_LEN, r->notify_manager);
	if (r->has_keys)
		nla_put(msg, KMTIA_A_RULE_KEYS_MANAGER, KMTIA_UUID_LEN, r->keys_manager);
	if (r->has_on_failure)
		nla_put_u32(msg, KMTIA_A_RULE_ON_FAILURE, r->on_failure);
	if (r->timeout_ms)
		nla_put_u32(msg, KMTIA_A_RULE_TIMEOUT, r->timeout_ms);
}

static int add_rule(struct kmtia *h, const struct kmtia_rule *rule, uint8_t cmd)
{
	struct nl_msg *msg;
	struct kmtia_rule r;
	int err;

	kmtia_begin(h);
	err = take_rule(h, &r, rule);
	if (err)
		return err;
	msg = kmtia_command_new(h, cmd, NLM_F_ACK);
	if (!msg)
		return -ENOMEM;
	nla_put_u32(msg, KMTIA_A_RULE_PRIORITY, r.priority);
	kmtia_match_put(msg, &KMTIA_MATCH_OF(&r));
	put_grants(msg, &r);
	return kmtia_command_run(h, &h->command, msg, NULL, NULL);
}

KMTIA_EXPORT int kmtia_rule_add(struct kmtia *h, const struct kmtia_rule *rule)
{
	return add_rule(h, rule, KMTIA_CMD_RULE_ADD);
}

KMTIA_EXPORT int kmtia_rule_replace(struct kmtia *h, const struct kmtia_rule *rule)
{
	return add_rule(h, rule, KMTIA_CMD_RULE_REPLACE);
}

KMTIA_EXPORT int kmtia_rule_delete(struct kmtia *h, uint32_t priority)
{
	struct nl_msg *msg;

	kmtia_begin(h);
	msg = kmtia_command_new(h, KMTIA_CMD_RULE_DEL, NLM_F_ACK);
	if (!msg)
		return -ENOMEM;
	nla_put_u32(msg, KMTIA_A_RULE_PRIORITY, priority);
	return kmtia_command_run(h, &h->command, msg, NULL, NULL);
}

KMTIA_EXPORT int kmtia_rule_flush(struct kmtia *h)
{
	struct nl_msg *msg;

	kmtia_begin(h);
	msg = kmtia_command_new(h, KMTIA_CMD_RULE_FLUSH, NLM_F_ACK);
	return msg ? kmtia_command_run(h, &h->command, msg, NULL, NULL) : -ENOMEM;
}

/* --- SAs --------------------------------------------------------------------------- */

static int list_sa(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[KMTIA_A_TRACKED_MAX + 1];
	struct listing *listing = arg;
	struct kmtia_sa sa, mate;
	bool has_mate;

	if (kmtia_fields_parse(nlh, tb, KMTIA_A_TRACKED_MAX) ||
	    kmtia_sa_parse(tb[KMTIA_A_TRACKED_SA], &sa))
		return malformed(h, "an SA");
	has_mate = tb[KMTIA_A_TRACKED_MATE];
	if (has_mate && kmtia_sa_parse(tb[KMTIA_A_TRACKED_MATE], &mate))
		return malformed(h, "an SA");
	return listing->cb.sa(&sa, has_mate ? &mate : NULL, listing->user);
}

KMTIA_EXPORT int kmtia_sas(struct kmtia *h, kmtia_sa_cb cb, void *user)
{
	struct listing listing = { .cb.sa = cb, .user = user };

	kmtia_begin(h);
	return kmtia_command_dump(h, KMTIA_CMD_SA_GET, list_sa, &listing);
}

/* --- Statistics ---------------------------------------------------------------------- */

static const char *const stat_names[] = {
	[KMTIA_A_STATS_RULES] = "rules",
	[KMTIA_A_STATS_MANAGERS] = "managers",
	[KMTIA_A_STATS_LIVE] = "live",
	[KMTIA_A_STATS_REMEMBERED] = "remembered",
	[KMTIA_A_STATS_REUSE] = "reuse",
	[KMTIA_A_STATS_REUSE_MAX] = "reuse-max",
	[KMTIA_A_STATS_PENDING] = "pending",
	[KMTIA_A_STATS_UNMATCHED] = "unmatched",
	[KMTIA_A_STATS_MATCHED] = "matched",
	[KMTIA_A_STATS_QUESTIONS] = "questions",
	[KMTIA_A_STATS_DICTATED] = "dictated",
	[KMTIA_A_STATS_KEPT] = "kept",
	[KMTIA_A_STATS_OWN] = "own",
	[KMTIA_A_STATS_READDED] = "readded",
	[KMTIA_A_STATS_EXISTING] = "existing",
	[KMTIA_A_STATS_REFUSED] = "refused",
	[KMTIA_A_STATS_FAIL_NO_MANAGER] = "fail-no-manager",
	[KMTIA_A_STATS_FAIL_BUSY] = "fail-busy",
	[KMTIA_A_STATS_FAIL_TIMEOUT] = "fail-timeout",
	[KMTIA_A_STATS_FAIL_DIED] = "fail-died",
	[KMTIA_A_STATS_FAIL_CANNOT] = "fail-cannot",
	[KMTIA_A_STATS_FAIL_UNUSABLE] = "fail-unusable",
	[KMTIA_A_STATS_FAIL_OTHER] = "fail-other",
	[KMTIA_A_STATS_HOOKED] = "hooked",
	[KMTIA_A_STATS_STANDING] = "standing",
	[KMTIA_A_STATS_MISMATCHED] = "mismatched",
};

/* The last attribute is no counter. */
_Static_assert(ARRAY_SIZE(stat_names) == KMTIA_A_STATS_ANSWER_TIME &&
		       KMTIA_A_STATS_ANSWER_TIME == KMTIA_A_STATS_MAX,
	       "a counter has no name");

static int list_times(struct kmtia *h, struct nlmsghdr *nlh, struct listing *listing)
{
	struct kmtia_answer_time times[KMTIA_ANSWER_TIMES];
	int i, err = 0;
	int n = kmtia_times_get(nlh, KMTIA_A_STATS_ANSWER_TIME, times, KMTIA_ANSWER_TIMES);

	if (n < 0)
		return malformed(h, "its counters");
	for (i = 0; i < n && !err; i++) {
		char name[48] = "answers-slower";
		struct kmtia_stat stat = { .name = name, .value = times[i].count };

		if (times[i].below_us)
			snprintf(name, sizeof(name), "answers-below-%" PRIu64 "us",
				 times[i].below_us);
		err = listing->cb.stat(&stat, listing->user);
	}
	return err;
}

static int list_stats(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[KMTIA_A_STATS_MAX + 1];
	struct listing *listing = arg;
	int type, err = 0;

	if (kmtia_fields_parse(nlh, tb, KMTIA_A_STATS_MAX))
		return malformed(h, "its counters");
	for (type = 1; type < KMTIA_A_STATS_ANSWER_TIME && !err; type++) {
		struct kmtia_stat stat = { .name = stat_names[type] };
		uint32_t narrow;

		if (!tb[type])
			continue;
		if (kmtia_get_u32(tb[type], &narrow))
			stat.value = narrow;
		else if (!kmtia_get_u64(tb[type], &stat.value))
			return malformed(h, "its counters");
		err = listing->cb.stat(&stat, listing->user);
	}
	return err ? err : list_times(h, nlh, listing);
}

KMTIA_EXPORT int kmtia_stats(struct kmtia *h, kmtia_stat_cb cb, void *user)
{
	struct listing listing = { .cb.stat = cb, .user = user };
	struct nl_msg *msg;

	kmtia_begin(h);
	msg = kmtia_command_new(h, KMTIA_CMD_STATS_GET, NLM_F_ACK);
	return msg ? kmtia_command_run(h, &h->command, msg, list_stats, &listing) : -ENOMEM;
}
