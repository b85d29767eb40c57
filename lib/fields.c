// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attributes into structures, by tables. Every length is checked here, not by
 * libnl's policies: one place, and the same rule for all.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

bool kmtia_get_u32(const struct nlattr *nla, uint32_t *value)
{
	if (!nla || nla_len(nla) != sizeof(*value))
		return false;
	memcpy(value, nla_data(nla), sizeof(*value));
	return true;
}

bool kmtia_get_u64(const struct nlattr *nla, uint64_t *value)
{
	if (!nla || nla_len(nla) != sizeof(*value))
		return false;
	memcpy(value, nla_data(nla), sizeof(*value));
	return true;
}

/* The string in the message itself, or NULL if it is not terminated there. */
const char *kmtia_get_text(const struct nlattr *nla)
{
	if (!nla || nla_len(nla) < 1)
		return NULL;
	return memchr(nla_data(nla), '\0', nla_len(nla)) ? nla_data(nla) : NULL;
}

/* The attributes of a generic netlink message; -EBADMSG if it is too short. */
int kmtia_fields_parse(struct nlmsghdr *nlh, struct nlattr **tb, int max)
{
	if (!genlmsg_valid_hdr(nlh, 0))
		return -EBADMSG;
	return genlmsg_parse(nlh, 0, tb, max, NULL) ? -EBADMSG : 0;
}

static int get_uint(const struct nlattr *nla, const struct kmtia_field *f, void *to)
{
	uint32_t narrow = 0;
	uint64_t value = 0;

	if (f->wire == sizeof(narrow) ? !kmtia_get_u32(nla, &narrow) : !kmtia_get_u64(nla, &value))
		return -EBADMSG;
	value |= narrow;
	if (f->size < sizeof(value) && value >> (8 * f->size))
		return -EBADMSG;
	switch (f->size) {
	case 1:
		*(uint8_t *)to = value;
		break;
	case 2:
		*(uint16_t *)to = value;
		break;
	case 4:
		*(uint32_t *)to = value;
		break;
	default:
		*(uint64_t *)to = value;
	}
	return 0;
}

static int get_bytes(const struct nlattr *nla, const struct kmtia_field *f, void *to)
{
	int len = nla_len(nla);

	if (len != 16 && (len != 4 || f->kind != KMTIA_KIND_ADDRESS))
		return -EBADMSG;
	memset(to, 0, f->size);
	memcpy(to, nla_data(nla), len);
	return 0;
}

static int get_field(const struct nlattr *nla, const struct kmtia_field *f, void *to)
{
	switch (f->kind) {
	case KMTIA_KIND_UINT:
		return get_uint(nla, f, to);
	case KMTIA_KIND_FLAG:
		*(bool *)to = true;
		return 0;
	case KMTIA_KIND_TEXT:
		nla_strlcpy(to, nla, f->size);
		return 0;
	default:
		return get_bytes(nla, f, to);
	}
}

/* Those that are there into the structure @to; -EBADMSG if one is malformed. */
int kmtia_fields_get(struct nlattr **tb, const struct kmtia_field *fields, size_t n,
		     void *to)
{
	const struct kmtia_field *f;
	int err;

	for (f = fields; f < fields + n; f++) {
		if (!tb[f->type])
			continue;
		err = get_field(tb[f->type], f, (char *)to + f->offset);
		if (err)
			return err;
		if (f->has >= 0)
			*(bool *)((char *)to + f->has) = true;
	}
	return 0;
}

/* The classes of times in a message, each a nest of that type. Returns how many, or
 * -EBADMSG. */
int kmtia_times_get(struct nlmsghdr *nlh, int type, struct kmtia_answer_time *times, int n)
{
	struct nlattr *nla, *tb[KMTIA_A_ANSWER_TIME_MAX + 1];
	const struct genlmsghdr *g = genlmsg_hdr(nlh);
	int left, found = 0;

	nla_for_each_attr(nla, genlmsg_attrdata(g, 0), genlmsg_attrlen(g, 0), left)
	{
		if (nla_type(nla) != type || found == n)
			continue;
		memset(&times[found], 0, sizeof(times[found]));
		if (nla_parse_nested(tb, KMTIA_A_ANSWER_TIME_MAX, nla, NULL) ||
		    !kmtia_get_u64(tb[KMTIA_A_ANSWER_TIME_COUNT], &times[found].count) ||
		    (tb[KMTIA_A_ANSWER_TIME_BELOW] &&
		     !kmtia_get_u64(tb[KMTIA_A_ANSWER_TIME_BELOW], &times[found].below_us)))
			return -EBADMSG;
		found++;
	}
	return found;
}
