/* SPDX-License-Identifier: GPL-2.0 */
/* What a policy of netlink attributes forbids, read from the policy itself */
#ifndef _KMTIA_NL_POLICY_H
#define _KMTIA_NL_POLICY_H

#include <net/netlink.h>

#define NL_BAD_MAX	1100	/* bytes: more than any attribute may have */

/**
 * enum nl_fault - what is wrong with an attribute
 * @NL_TOO_SHORT: a byte less than the least
 * @NL_TOO_LONG: a byte more than the most
 * @NL_TOO_SMALL: a number one below its range
 * @NL_TOO_GREAT: a number one above its range
 * @NL_UNKNOWN_BIT: the lowest bit that is none of the mask's
 * @NL_HIGHEST_BIT: the highest one
 * @NL_NO_END: a string without its NUL
 * @NL_EMPTY: no payload, where there must be some
 * @NL_NOT_NESTED: a nest without NLA_F_NESTED
 * @NL_NESTED: NLA_F_NESTED on what is none
 * @NL_UNSUPPORTED: of a type that the set has, but not for this command
 * @NL_N_FAULTS: how many
 */
enum nl_fault {
	NL_TOO_SHORT,
	NL_TOO_LONG,
	NL_TOO_SMALL,
	NL_TOO_GREAT,
	NL_UNKNOWN_BIT,
	NL_HIGHEST_BIT,
	NL_NO_END,
	NL_EMPTY,
	NL_NOT_NESTED,
	NL_NESTED,
	NL_UNSUPPORTED,
	NL_N_FAULTS
};

/**
 * struct nl_bad - an attribute that a policy forbids
 * @flags: NLA_F_NESTED or 0
 * @len: of @payload
 * @payload: the bytes
 * @err: what the kernel returns
 * @text: what it says
 */
struct nl_bad {
	u16 flags;
	unsigned int len;
	u8 payload[NL_BAD_MAX];
	int err;
	const char *text;
};

extern const char * const nl_fault_names[NL_N_FAULTS];

bool nl_bad_make(struct nl_bad *bad, const struct nla_policy *policy,
		 enum nl_fault fault);

#endif /* _KMTIA_NL_POLICY_H */
