// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which SAs a rule or a standing secret is for: both say it by the same attributes.
 */
#include <errno.h>
#include <sys/socket.h>

#include "internal.h"

#define SAME(_attr) \
	_Static_assert((int)KMTIA_A_RULE_##_attr == (int)KMTIA_A_SECRET_##_attr, \
		       "a rule's " #_attr " has another number than a secret's")

SAME(FAMILY);
SAME(LOCAL);
SAME(LOCAL_LEN);
SAME(REMOTE);
SAME(REMOTE_LEN);
SAME(PROTO);
SAME(DIRECTION);
SAME(REQID);
SAME(IF_ID);
SAME(MARK);
SAME(MARK_MASK);

/* The rest is for the kernel to judge. The family tells how long the addresses are. */
int kmtia_match_check(struct kmtia *h, const char *what, const struct kmtia_match *match)
{
	if ((match->has_local || match->has_remote) &&
	    match->family != AF_INET && match->family != AF_INET6)
		return kmtia_fail(h, -EINVAL, "%s has a prefix, but its family is neither "
					      "AF_INET nor AF_INET6",
				  what);
	return 0;
}

static void put_prefixes(struct nl_msg *msg, const struct kmtia_match *match)
{
	int len = match->family == AF_INET ? 4 : 16;

	if (match->family)
		nla_put_u32(msg, KMTIA_A_RULE_FAMILY, match->family);
	if (match->has_local) {
		nla_put(msg, KMTIA_A_RULE_LOCAL, len, match->local);
		nla_put_u32(msg, KMTIA_A_RULE_LOCAL_LEN, match->local_len);
	}
	if (match->has_remote) {
		nla_put(msg, KMTIA_A_RULE_REMOTE, len, match->remote);
		nla_put_u32(msg, KMTIA_A_RULE_REMOTE_LEN, match->remote_len);
	}
}

void kmtia_match_put(struct nl_msg *msg, const struct kmtia_match *match)
{
	put_prefixes(msg, match);
	if (match->proto)
		nla_put_u32(msg, KMTIA_A_RULE_PROTO, match->proto);
	if (match->direction != KMTIA_DIRECTION_UNKNOWN)
		nla_put_u32(msg, KMTIA_A_RULE_DIRECTION, match->direction);
	if (match->has_reqid)
		nla_put_u32(msg, KMTIA_A_RULE_REQID, match->reqid);
	if (match->has_if_id)
		nla_put_u32(msg, KMTIA_A_RULE_IF_ID, match->if_id);
	if (match->has_mark) {
		nla_put_u32(msg, KMTIA_A_RULE_MARK, match->mark);
		nla_put_u32(msg, KMTIA_A_RULE_MARK_MASK, match->mark_mask);
	}
}
