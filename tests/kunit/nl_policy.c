// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes that break a policy in one point each. What is forbidden is read
 * from the policy, so that an attribute that a new version of the protocol brings
 * is tested without a word about it here; what the kernel says of each fault is
 * written down, as that is what programs see.
 */
#include "nl_policy.h"

#define TEXT_LENGTH	"invalid attribute length"
#define TEXT_RANGE	"integer out of range"
#define TEXT_SIZE	"binary attribute size out of range"
#define TEXT_POLICY	"Attribute failed policy validation"

const char * const nl_fault_names[NL_N_FAULTS] = {
	[NL_TOO_SHORT] = "too short",
	[NL_TOO_LONG] = "too long",
	[NL_TOO_SMALL] = "too small",
	[NL_TOO_GREAT] = "too great",
	[NL_UNKNOWN_BIT] = "unknown bit",
	[NL_HIGHEST_BIT] = "highest bit",
	[NL_NO_END] = "string without end",
	[NL_EMPTY] = "empty",
	[NL_NOT_NESTED] = "NLA_F_NESTED missing",
	[NL_NESTED] = "NLA_F_NESTED where none is",
	[NL_UNSUPPORTED] = "not for this command",
};

static bool bad(struct nl_bad *to, unsigned int len, int err, const char *text)
{
	to->len = len;
	to->err = err;
	to->text = text;
	return true;
}

/* Size of a number, or 0 */
static unsigned int number_size(const struct nla_policy *policy)
{
	switch (policy->type) {
	case NLA_U8:
		return 1;
	case NLA_U16:
		return 2;
	case NLA_U32:
		return 4;
	case NLA_U64:
		return 8;
	default:
		return 0;
	}
}

/* The ends of a range, of a number or of a length */
static bool has_min(const struct nla_policy *policy, u64 *min)
{
	if (policy->validation_type == NLA_VALIDATE_RANGE_PTR)
		*min = policy->range->min;
	else
		*min = policy->min;
	return policy->validation_type == NLA_VALIDATE_RANGE ||
	       policy->validation_type == NLA_VALIDATE_RANGE_PTR ||
	       policy->validation_type == NLA_VALIDATE_MIN;
}

static bool has_max(const struct nla_policy *policy, u64 *max)
{
	if (policy->validation_type == NLA_VALIDATE_RANGE_PTR)
		*max = policy->range->max;
	else
		*max = policy->max;
	return policy->validation_type == NLA_VALIDATE_RANGE ||
	       policy->validation_type == NLA_VALIDATE_RANGE_PTR ||
	       policy->validation_type == NLA_VALIDATE_MAX;
}

static bool bad_number(struct nl_bad *to, const struct nla_policy *policy,
		       u64 value, int err, const char *text)
{
	unsigned int size = number_size(policy);
	u32 value32 = value;

	/* All numbers of the protocol are of these sizes. */
	if (size != sizeof(u32) && size != sizeof(u64))
		return false;
	memcpy(to->payload, size == sizeof(u32) ? (void *)&value32 :
						  (void *)&value, size);
	return bad(to, size, err, text);
}

static bool bad_short(struct nl_bad *to, const struct nla_policy *policy)
{
	u64 min;

	if (number_size(policy))
		return bad(to, number_size(policy) - 1, -EINVAL, TEXT_LENGTH);
	if (policy->type == NLA_BINARY && has_min(policy, &min) && min)
		return bad(to, min - 1, -ERANGE, TEXT_SIZE);
	if (policy->type == NLA_NESTED) {
		to->flags = NLA_F_NESTED;
		return bad(to, NLA_HDRLEN - 1, -ERANGE, TEXT_POLICY);
	}
	return false;
}

static bool bad_long(struct nl_bad *to, const struct nla_policy *policy)
{
	u64 max;

	if (number_size(policy))
		return bad(to, number_size(policy) + 1, -EINVAL, TEXT_LENGTH);
	switch (policy->type) {
	case NLA_BINARY:
		if (has_max(policy, &max))
			return bad(to, max + 1, -ERANGE, TEXT_SIZE);
		if (policy->len)	/* kernels before 7.x: a most, as well */
			return bad(to, policy->len + 1, -ERANGE, TEXT_POLICY);
		return false;
	case NLA_NUL_STRING:
		if (!policy->len)
			return false;
		memset(to->payload, 'x', policy->len + 1);
		return bad(to, policy->len + 2, -EINVAL, TEXT_POLICY);
	case NLA_FLAG:
		return bad(to, 1, -ERANGE, TEXT_POLICY);
	default:
		return false;
	}
}

static bool bad_range(struct nl_bad *to, const struct nla_policy *policy,
		      bool great)
{
	u64 end;

	if (!number_size(policy))
		return false;
	if (great)
		return has_max(policy, &end) &&
		       bad_number(to, policy, end + 1, -ERANGE, TEXT_RANGE);
	return has_min(policy, &end) && end &&
	       bad_number(to, policy, end - 1, -ERANGE, TEXT_RANGE);
}

static bool bad_bit(struct nl_bad *to, const struct nla_policy *policy,
		    bool highest)
{
	unsigned int bit;

	if (policy->validation_type != NLA_VALIDATE_MASK)
		return false;
	bit = highest ? number_size(policy) * 8 - 1 :
			ffs(~policy->mask) - 1;
	return bad_number(to, policy, 1ULL << bit, -EINVAL, "reserved bit set");
}

static bool bad_nest_flag(struct nl_bad *to, const struct nla_policy *policy,
			  bool set)
{
	bool is_nest = policy->type == NLA_NESTED;

	if (policy->type == NLA_UNSPEC || is_nest == set)
		return false;
	to->flags = set ? NLA_F_NESTED : 0;
	/* Of a length that is right: that is looked at first. */
	return bad(to, number_size(policy), -EINVAL, set ?
		   "NLA_F_NESTED not expected" : "NLA_F_NESTED is missing");
}

/**
 * nl_bad_make() - make an attribute that a policy forbids
 * @to: filled in
 * @policy: what it forbids
 * @fault: in which point
 *
 * Return: false if no attribute could have this fault.
 */
bool nl_bad_make(struct nl_bad *to, const struct nla_policy *policy,
		 enum nl_fault fault)
{
	memset(to, 0, sizeof(*to));
	switch (fault) {
	case NL_TOO_SHORT:
		return bad_short(to, policy);
	case NL_TOO_LONG:
		return bad_long(to, policy);
	case NL_TOO_SMALL:
	case NL_TOO_GREAT:
		return bad_range(to, policy, fault == NL_TOO_GREAT);
	case NL_UNKNOWN_BIT:
	case NL_HIGHEST_BIT:
		return bad_bit(to, policy, fault == NL_HIGHEST_BIT);
	case NL_NO_END:
		memset(to->payload, 'x', 3);
		return policy->type == NLA_NUL_STRING &&
		       bad(to, 3, -EINVAL, TEXT_POLICY);
	case NL_EMPTY:
		return policy->type == NLA_NUL_STRING &&
		       bad(to, 0, -EINVAL, TEXT_POLICY);
	case NL_NOT_NESTED:
	case NL_NESTED:
		return bad_nest_flag(to, policy, fault == NL_NESTED);
	case NL_UNSUPPORTED:
		return policy->type == NLA_UNSPEC &&
		       bad(to, 4, -EINVAL, "Unsupported attribute");
	default:
		return false;
	}
}
