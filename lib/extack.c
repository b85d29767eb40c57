// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's own words about a command: the extended ACK, which libnl does not
 * read. It says what is wrong, and which attribute it does not like or misses;
 * with a command that was carried out it is a warning.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "internal.h"

struct extack {
	const char *message; /* or NULL */
	bool has_offset, has_missing;
	uint32_t offset;  /* of the attribute in the request */
	uint32_t missing; /* type of an attribute that is not there */
	uint32_t nest;	  /* where it is not there; 0: on top */
};

static void parse(struct extack *ack, void *data, int len)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];

	if (len <= 0 || nla_parse(tb, NLMSGERR_ATTR_MAX, data, len, NULL))
		return;
	ack->message = kmtia_get_text(tb[NLMSGERR_ATTR_MSG]);
	ack->has_offset = kmtia_get_u32(tb[NLMSGERR_ATTR_OFFS], &ack->offset);
	ack->has_missing = kmtia_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE], &ack->missing);
	kmtia_get_u32(tb[NLMSGERR_ATTR_MISS_NEST], &ack->nest);
}

/* The attribute at @offset in @request, and the nest that it is in, if any. */
static bool find_attribute(const struct nlmsghdr *request, uint32_t offset, int *nest, int *type)
{
	const char *base = (const char *)request;
	struct nlattr *nla, *inner;
	int left, inner_left;

	nlmsg_for_each_attr(nla, (struct nlmsghdr *)request, GENL_HDRLEN, left) {
		*nest = 0;
		*type = nla_type(nla);
		if ((const char *)nla - base == offset)
			return true;
		if (!(nla->nla_type & NLA_F_NESTED))
			continue;
		*nest = *type;
		nla_for_each_nested(inner, nla, inner_left) {
			*type = nla_type(inner);
			if ((const char *)inner - base == offset)
				return true;
		}
	}
	return false;
}

/* The name of the attribute that is missing or not accepted, or NULL. */
static const char *find_name(const struct extack *ack, const struct nlmsghdr *request)
{
	uint8_t cmd = genlmsg_hdr((struct nlmsghdr *)request)->cmd;
	int nest = 0, type = 0;

	/* A question to the controller has attributes of another family. */
	if (request->nlmsg_type == GENL_ID_CTRL)
		return NULL;
	if (ack->has_missing) {
		if (ack->nest && !find_attribute(request, ack->nest, &nest, &type))
			return NULL;
		return kmtia_attribute_name(cmd, type, ack->missing);
	}
	if (!ack->has_offset || !find_attribute(request, ack->offset, &nest, &type))
		return NULL;
	return kmtia_attribute_name(cmd, nest, type);
}

/* "MESSAGE (attribute NAME)", or as much of it as there is. */
static void describe(char *text, size_t size, const struct extack *ack,
		     const struct nlmsghdr *request)
{
	const char *message = ack->message ? ack->message : "";
	const char *name = find_name(ack, request);
	const char *tail = "";

	if (ack->has_missing)
		tail = " is missing";
	else if (!message[0])
		tail = " is not accepted";
	if (!name)
		snprintf(text, size, "%s", message);
	else if (!message[0])
		snprintf(text, size, "attribute %s%s", name, tail);
	else
		snprintf(text, size, "%s (attribute %s%s)", message, name, tail);
}

/* An error sets the handle's error, 0 perhaps its warning. */
static int conclude(struct kmtia *h, const struct nlmsghdr *request, int err,
		    const struct extack *ack)
{
	char text[KMTIA_SENTENCE_SIZE];

	describe(text, sizeof(text), ack, request);
	if (err)
		return kmtia_fail(h, err, "%s", text);
	if (text[0])
		memcpy(h->warning, text, sizeof(text));
	return 0;
}

/* errno values beyond those are no errors but nonsense. */
static bool is_verdict(int err)
{
	return err <= 0 && err >= -4095;
}

/* An NLMSG_ERROR, be it an error or an ACK. Returns the negative errno in it. */
int kmtia_extack_error(struct kmtia *h, const struct nlmsghdr *request,
		       struct nlmsghdr *answer)
{
	const struct nlmsgerr *e = nlmsg_data(answer);
	int len = nlmsg_datalen(answer), skip = sizeof(*e);
	struct extack ack = { 0 };

	if (len < skip || !is_verdict(e->error))
		return kmtia_fail(h, -EBADMSG, "the kernel's answer is malformed");
	/* Unless capped, the whole request follows, before the attributes. */
	if (!(answer->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len > sizeof(e->msg)) {
		if (e->msg.nlmsg_len > (uint32_t)len)
			return conclude(h, request, e->error, &ack);
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	}
	if (answer->nlmsg_flags & NLM_F_ACK_TLVS)
		parse(&ack, (char *)nlmsg_data(answer) + skip, len - skip);
	return conclude(h, request, e->error, &ack);
}

/* The NLMSG_DONE that ends a dump. */
int kmtia_extack_done(struct kmtia *h, const struct nlmsghdr *request,
		      struct nlmsghdr *answer)
{
	int len = nlmsg_datalen(answer), err = 0;
	struct extack ack = { 0 };

	if (len >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(answer), sizeof(err));
	if (!is_verdict(err))
		return kmtia_fail(h, -EBADMSG, "the kernel's answer is malformed");
	if (answer->nlmsg_flags & NLM_F_ACK_TLVS)
		parse(&ack, (char *)nlmsg_data(answer) + NLMSG_ALIGN(sizeof(err)),
		      len - (int)NLMSG_ALIGN(sizeof(err)));
	return conclude(h, request, err, &ack);
}
