// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Descriptions of SAs, as they come in questions, notifications and lists.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define SA(_attr, _kind, _wire, _member) \
	KMTIA_FIELD(kmtia_sa, KMTIA_A_SA_##_attr, _kind, _wire, _member, -1)
#define SA_HAS(_attr, _kind, _wire, _member, _has) \
	KMTIA_FIELD(kmtia_sa, KMTIA_A_SA_##_attr, _kind, _wire, _member, \
		    offsetof(struct kmtia_sa, _has))

static const struct kmtia_field sa_fields[] = {
	SA(FAMILY, UINT, 4, family),
	SA(DADDR, ADDRESS, 0, daddr),
	SA(SADDR, ADDRESS, 0, saddr),
	SA(SPI, UINT, 4, spi),
	SA(PROTO, UINT, 4, proto),
	SA(MARK, UINT, 4, mark),
	SA(MARK_MASK, UINT, 4, mark_mask),
	SA(MODE, UINT, 4, mode),
	SA(REQID, UINT, 4, reqid),
	SA(IF_ID, UINT, 4, if_id),
	SA(DIRECTION, UINT, 4, direction),
	SA(ESN, FLAG, 0, esn),
	SA(ENCAP_TYPE, UINT, 4, encap_type),
	SA(ENCAP_SPORT, UINT, 4, encap_sport),
	SA(ENCAP_DPORT, UINT, 4, encap_dport),
	SA(SOFT_BYTE_LIMIT, UINT, 8, soft_byte_limit),
	SA(HARD_BYTE_LIMIT, UINT, 8, hard_byte_limit),
	SA(SOFT_PACKET_LIMIT, UINT, 8, soft_packet_limit),
	SA(HARD_PACKET_LIMIT, UINT, 8, hard_packet_limit),
	SA(SOFT_ADD_EXPIRES, UINT, 8, soft_add_expires),
	SA(HARD_ADD_EXPIRES, UINT, 8, hard_add_expires),
	SA_HAS(HANDLE, UINT, 8, handle, tracked),
	SA_HAS(RULE, UINT, 4, rule, has_rule),
	SA(ORIGIN, UINT, 4, origin),
	SA_HAS(MANAGER, UUID, 0, manager, has_manager),
	SA(KEY_ID, TEXT, 0, key_id),
	SA(AGE, UINT, 8, age_ms),
	SA(INTEGRITY_FAILED, UINT, 8, integrity_failed),
	SA(REPLAY_FAILED, UINT, 8, replay_failed),
	SA(PACKETS, UINT, 8, packets),
	SA(BYTES, UINT, 8, bytes),
};

#define SELECTOR(_attr, _kind, _wire, _member) \
	KMTIA_FIELD(kmtia_selector, KMTIA_A_SELECTOR_##_attr, _kind, _wire, _member, -1)

static const struct kmtia_field selector_fields[] = {
	SELECTOR(FAMILY, UINT, 4, family),
	SELECTOR(SADDR, ADDRESS, 0, saddr),
	SELECTOR(DADDR, ADDRESS, 0, daddr),
	SELECTOR(SADDR_LEN, UINT, 4, saddr_len),
	SELECTOR(DADDR_LEN, UINT, 4, daddr_len),
	SELECTOR(PROTO, UINT, 4, proto),
	SELECTOR(SPORT, UINT, 4, sport),
	SELECTOR(SPORT_MASK, UINT, 4, sport_mask),
	SELECTOR(DPORT, UINT, 4, dport),
	SELECTOR(DPORT_MASK, UINT, 4, dport_mask),
};

#define SLOT(_attr, _kind, _wire, _member) \
	KMTIA_FIELD(kmtia_slot, KMTIA_A_SLOT_##_attr, _kind, _wire, _member, -1)

static const struct kmtia_field slot_fields[] = {
	SLOT(ROLE, UINT, 4, role),
	SLOT(ALGORITHM, TEXT, 0, algorithm),
	SLOT(BITS, UINT, 4, bits),
	SLOT(ICV_BITS, UINT, 4, icv_bits),
};

static int parse_selector(struct nlattr *nest, struct kmtia_selector *selector)
{
	struct nlattr *tb[KMTIA_A_SELECTOR_MAX + 1];

	if (nla_parse_nested(tb, KMTIA_A_SELECTOR_MAX, nest, NULL))
		return -EBADMSG;
	return kmtia_fields_get(tb, selector_fields, ARRAY_SIZE(selector_fields), selector);
}

static int parse_slot(struct nlattr *nest, struct kmtia_slot *slot)
{
	struct nlattr *tb[KMTIA_A_SLOT_MAX + 1];
	int err;

	if (nla_parse_nested(tb, KMTIA_A_SLOT_MAX, nest, NULL))
		return -EBADMSG;
	err = kmtia_fields_get(tb, slot_fields, ARRAY_SIZE(slot_fields), slot);
	if (err || !tb[KMTIA_A_SLOT_KEY])
		return err;
	slot->key = nla_data(tb[KMTIA_A_SLOT_KEY]);
	slot->key_len = nla_len(tb[KMTIA_A_SLOT_KEY]);
	return 0;
}

static int parse_slots(struct nlattr *nest, struct kmtia_sa *sa)
{
	struct nlattr *nla;
	int left, err;

	nla_for_each_nested(nla, nest, left) {
		if (nla_type(nla) != KMTIA_A_SA_SLOT)
			continue;
		/* Not to be ignored: whoever dictates must see every key. */
		if (sa->n_slots == KMTIA_MAX_SLOTS)
			return -EBADMSG;
		err = parse_slot(nla, &sa->slots[sa->n_slots++]);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Parse a nest of SA attributes. The keys in @sa, if any, are not copied: they
 * point into the message, and into it alone, so that they are wiped with it.
 */
int kmtia_sa_parse(struct nlattr *nest, struct kmtia_sa *sa)
{
	struct nlattr *tb[KMTIA_A_SA_MAX + 1];
	int err;

	memset(sa, 0, sizeof(*sa));
	if (!nest || nla_parse_nested(tb, KMTIA_A_SA_MAX, nest, NULL))
		return -EBADMSG;
	/* What identifies an SA. */
	if (!tb[KMTIA_A_SA_FAMILY] || !tb[KMTIA_A_SA_DADDR] || !tb[KMTIA_A_SA_SPI] ||
	    !tb[KMTIA_A_SA_PROTO])
		return -EBADMSG;
	err = kmtia_fields_get(tb, sa_fields, ARRAY_SIZE(sa_fields), sa);
	if (!err && tb[KMTIA_A_SA_SELECTOR])
		err = parse_selector(tb[KMTIA_A_SA_SELECTOR], &sa->selector);
	if (!err && tb[KMTIA_A_SA_SLOT])
		err = parse_slots(nest, sa);
	return err;
}

/* For a copy that outlives the message. */
void kmtia_sa_forget_keys(struct kmtia_sa *sa)
{
	struct kmtia_slot *slot;

	for (slot = sa->slots; slot < sa->slots + KMTIA_MAX_SLOTS; slot++) {
		slot->key = NULL;
		slot->key_len = 0;
	}
}

/*
 * Which is inbound, which is outbound? Either one's direction tells. If neither
 * knows, both stay NULL: a guess would give keys to the wrong direction.
 */
void kmtia_pair_fill(struct kmtia_pair *pair, const struct kmtia_sa *keyed,
		     const struct kmtia_sa *mate)
{
	uint32_t direction = keyed->direction;

	if (direction == KMTIA_DIRECTION_UNKNOWN && mate) {
		if (mate->direction == KMTIA_DIRECTION_IN)
			direction = KMTIA_DIRECTION_OUT;
		else if (mate->direction == KMTIA_DIRECTION_OUT)
			direction = KMTIA_DIRECTION_IN;
	}
	memset(pair, 0, sizeof(*pair));
	pair->keyed = keyed;
	if (direction == KMTIA_DIRECTION_IN) {
		pair->inbound = keyed;
		pair->outbound = mate;
	} else if (direction == KMTIA_DIRECTION_OUT) {
		pair->inbound = mate;
		pair->outbound = keyed;
	}
}
