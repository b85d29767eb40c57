// SPDX-License-Identifier: GPL-2.0
/*
 * Puts descriptions into netlink messages.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

/**
 * kmtia_put_u64() - put a 64-bit number
 * @skb: the message
 * @type: the attribute
 * @value: the number
 *
 * Unpadded, as the specification has it: readers copy it out.
 *
 * Return: 0 or %-EMSGSIZE.
 */
int kmtia_put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

/**
 * kmtia_put_times() - put how long answers took
 * @skb: the message
 * @type: the attribute, a nest for each class in which there are some
 * @histogram: the answers
 *
 * Return: 0 or %-EMSGSIZE.
 */
int kmtia_put_times(struct sk_buff *skb, int type,
		    const struct kmtia_histogram *histogram)
{
	struct nlattr *nest;
	unsigned int i;
	u64 count;

	for (i = 0; i < KMTIA_N_TIMES; i++) {
		count = atomic64_read(&histogram->counts[i]);
		if (!count)
			continue;
		nest = nla_nest_start(skb, type);
		if (!nest ||
		    (i < KMTIA_N_TIMES - 1 &&
		     kmtia_put_u64(skb, KMTIA_A_ANSWER_TIME_BELOW,
				   1ULL << (KMTIA_TIME_SHIFT + i))) ||
		    kmtia_put_u64(skb, KMTIA_A_ANSWER_TIME_COUNT, count))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_addr(struct sk_buff *skb, int type, const union kmtia_addr *addr,
		    unsigned int family)
{
	return nla_put(skb, type, family == AF_INET ? 4 : 16, addr);
}

static int put_id(struct sk_buff *skb, const struct kmtia_sa_id *id,
		  const union kmtia_addr *saddr)
{
	if (nla_put_u32(skb, KMTIA_A_SA_FAMILY, id->family) ||
	    put_addr(skb, KMTIA_A_SA_DADDR, &id->daddr, id->family) ||
	    put_addr(skb, KMTIA_A_SA_SADDR, saddr, id->family) ||
	    nla_put_u32(skb, KMTIA_A_SA_SPI, be32_to_cpu(id->spi)) ||
	    nla_put_u32(skb, KMTIA_A_SA_PROTO, id->proto))
		return -EMSGSIZE;
	if (!id->mark && !id->mark_mask)
		return 0;
	if (nla_put_u32(skb, KMTIA_A_SA_MARK, id->mark) ||
	    nla_put_u32(skb, KMTIA_A_SA_MARK_MASK, id->mark_mask))
		return -EMSGSIZE;
	return 0;
}

/**
 * kmtia_put_sa_id() - put the identity of an SA
 * @skb: the message
 * @type: the attribute, a nest
 * @id: the identity
 * @saddr: the SA's source address
 *
 * Return: 0 or %-EMSGSIZE.
 */
int kmtia_put_sa_id(struct sk_buff *skb, int type, const struct kmtia_sa_id *id,
		    const union kmtia_addr *saddr)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest || put_id(skb, id, saddr))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_selector(struct sk_buff *skb, const struct kmtia_selector *sel)
{
	struct nlattr *nest;

	if (!sel->family)
		return 0;
	nest = nla_nest_start(skb, KMTIA_A_SA_SELECTOR);
	if (!nest ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_FAMILY, sel->family) ||
	    put_addr(skb, KMTIA_A_SELECTOR_SADDR, &sel->saddr, sel->family) ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_SADDR_LEN, sel->saddr_len) ||
	    put_addr(skb, KMTIA_A_SELECTOR_DADDR, &sel->daddr, sel->family) ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_DADDR_LEN, sel->daddr_len) ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_PROTO, sel->proto) ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_SPORT, ntohs(sel->sport)) ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_SPORT_MASK,
			ntohs(sel->sport_mask)) ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_DPORT, ntohs(sel->dport)) ||
	    nla_put_u32(skb, KMTIA_A_SELECTOR_DPORT_MASK,
			ntohs(sel->dport_mask)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_slot(struct sk_buff *skb, const struct kmtia_slot *slot,
		    const u8 *key)
{
	struct nlattr *nest = nla_nest_start(skb, KMTIA_A_SA_SLOT);

	if (!nest ||
	    nla_put_u32(skb, KMTIA_A_SLOT_ROLE, slot->role) ||
	    nla_put_string(skb, KMTIA_A_SLOT_ALGORITHM, slot->algorithm) ||
	    nla_put_u32(skb, KMTIA_A_SLOT_BITS, slot->bits) ||
	    nla_put_u32(skb, KMTIA_A_SLOT_ICV_BITS, slot->icv_bits))
		return -EMSGSIZE;
	if (key && nla_put(skb, KMTIA_A_SLOT_KEY, kmtia_slot_bytes(slot), key))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_slots(struct sk_buff *skb, const struct kmtia_sa *sa,
		     const struct xfrm_state *x, bool with_keys)
{
	unsigned int i;

	for (i = 0; i < sa->n_slots; i++) {
		const struct kmtia_slot *slot = &sa->slots[i];

		if (put_slot(skb, slot,
			     with_keys ? kmtia_sa_key(x, slot) : NULL))
			return -EMSGSIZE;
	}
	return 0;
}

static int put_limit(struct sk_buff *skb, int type, u64 limit)
{
	return limit ? kmtia_put_u64(skb, type, limit) : 0;
}

static int put_description(struct sk_buff *skb, const struct kmtia_sa *sa)
{
	if (nla_put_u32(skb, KMTIA_A_SA_MODE, sa->mode) ||
	    nla_put_u32(skb, KMTIA_A_SA_REQID, sa->reqid) ||
	    nla_put_u32(skb, KMTIA_A_SA_IF_ID, sa->if_id) ||
	    nla_put_u32(skb, KMTIA_A_SA_DIRECTION, sa->direction) ||
	    (sa->esn && nla_put_flag(skb, KMTIA_A_SA_ESN)))
		return -EMSGSIZE;
	if (sa->encap_type &&
	    (nla_put_u32(skb, KMTIA_A_SA_ENCAP_TYPE, sa->encap_type) ||
	     nla_put_u32(skb, KMTIA_A_SA_ENCAP_SPORT, ntohs(sa->encap_sport)) ||
	     nla_put_u32(skb, KMTIA_A_SA_ENCAP_DPORT, ntohs(sa->encap_dport))))
		return -EMSGSIZE;
	if (put_limit(skb, KMTIA_A_SA_SOFT_BYTE_LIMIT, sa->soft_byte_limit) ||
	    put_limit(skb, KMTIA_A_SA_HARD_BYTE_LIMIT, sa->hard_byte_limit) ||
	    put_limit(skb, KMTIA_A_SA_SOFT_PACKET_LIMIT,
		      sa->soft_packet_limit) ||
	    put_limit(skb, KMTIA_A_SA_HARD_PACKET_LIMIT,
		      sa->hard_packet_limit) ||
	    put_limit(skb, KMTIA_A_SA_SOFT_ADD_EXPIRES, sa->soft_add_expires) ||
	    put_limit(skb, KMTIA_A_SA_HARD_ADD_EXPIRES, sa->hard_add_expires))
		return -EMSGSIZE;
	return put_selector(skb, &sa->sel);
}

static int put_tracked(struct sk_buff *skb, const struct kmtia_tracked *tracked)
{
	if (kmtia_put_u64(skb, KMTIA_A_SA_HANDLE, tracked->handle) ||
	    nla_put_u32(skb, KMTIA_A_SA_RULE, tracked->rule) ||
	    nla_put_u32(skb, KMTIA_A_SA_ORIGIN, tracked->origin) ||
	    kmtia_put_u64(skb, KMTIA_A_SA_AGE, tracked->age_ms))
		return -EMSGSIZE;
	if (memchr_inv(tracked->manager, 0, KMTIA_UUID_LEN) &&
	    nla_put(skb, KMTIA_A_SA_MANAGER, KMTIA_UUID_LEN, tracked->manager))
		return -EMSGSIZE;
	if (tracked->key_id[0] &&
	    nla_put_string(skb, KMTIA_A_SA_KEY_ID, tracked->key_id))
		return -EMSGSIZE;
	return 0;
}

static int put_state(struct sk_buff *skb, const struct xfrm_state *x)
{
	if (kmtia_put_u64(skb, KMTIA_A_SA_INTEGRITY_FAILED,
			  x->stats.integrity_failed) ||
	    kmtia_put_u64(skb, KMTIA_A_SA_REPLAY_FAILED,
			  x->stats.replay + x->stats.replay_window) ||
	    kmtia_put_u64(skb, KMTIA_A_SA_PACKETS, x->curlft.packets) ||
	    kmtia_put_u64(skb, KMTIA_A_SA_BYTES, x->curlft.bytes))
		return -EMSGSIZE;
	return 0;
}

/**
 * kmtia_put_sa() - put the description of an SA
 * @skb: the message
 * @type: the attribute, a nest
 * @sa: the description
 * @tracked: what is known about the SA after its creation, or NULL
 * @x: its state, for counters and keys, or NULL
 * @with_keys: with the keys in @x; the caller has made sure that the receiver
 *	may have them
 *
 * Return: 0 or %-EMSGSIZE.
 */
int kmtia_put_sa(struct sk_buff *skb, int type, const struct kmtia_sa *sa,
		 const struct kmtia_tracked *tracked,
		 const struct xfrm_state *x, bool with_keys)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest || put_id(skb, &sa->id, &sa->saddr) ||
	    put_description(skb, sa) || put_slots(skb, sa, x, with_keys))
		return -EMSGSIZE;
	if (tracked && put_tracked(skb, tracked))
		return -EMSGSIZE;
	if (x && put_state(skb, x))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* More than any description without slots and selector takes. */
static unsigned int description_room(const struct kmtia_sa *sa)
{
	unsigned int addr = nla_total_size(sa->id.family == AF_INET ? 4 : 16);
	const unsigned int n_u32 = 12, n_u64 = 6, n_flags = 1;

	return 2 * addr + n_u32 * nla_total_size(4) +
	       n_u64 * nla_total_size(8) + n_flags * nla_total_size(0);
}

/**
 * kmtia_sa_room() - how much of a message kmtia_put_sa() needs
 * @sa: the description
 *
 * Of a description without what is known after the creation, without counters
 * and keys. Messages of that size are allocated while an SA's creator waits: what
 * is larger is cleared, too.
 *
 * Return: bytes, or some more.
 */
unsigned int kmtia_sa_room(const struct kmtia_sa *sa)
{
	unsigned int i, room = nla_total_size(0) + description_room(sa);
	const unsigned int n_u32 = 8;

	if (sa->sel.family)
		room += nla_total_size(0) + n_u32 * nla_total_size(4) +
			2 * nla_total_size(sizeof(union kmtia_addr));
	for (i = 0; i < sa->n_slots; i++)
		room += nla_total_size(0) + 3 * nla_total_size(4) +
			nla_total_size(strlen(sa->slots[i].algorithm) + 1);
	return room;
}

/**
 * kmtia_put_gone() - put what is still known about an SA that is gone
 * @skb: the message
 * @type: the attribute, a nest
 * @sa: only identity and source address count
 * @tracked: what is known about it
 *
 * Return: 0 or %-EMSGSIZE.
 */
int kmtia_put_gone(struct sk_buff *skb, int type, const struct kmtia_sa *sa,
		   const struct kmtia_tracked *tracked)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest || put_id(skb, &sa->id, &sa->saddr) ||
	    put_tracked(skb, tracked))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
