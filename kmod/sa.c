// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a struct xfrm_state into a description, and writes keys into it.
 */
#include "internal.h"
#include "compat/xfrm.h"

#include <linux/bitops.h>
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <net/addrconf.h>
#include <net/route.h>

/**
 * struct algorithm - what XFRM does not say of an algorithm
 * @number: how its canonical name goes on after "rfc"
 * @len: of @number
 * @salt_bits: bits at the end of the key that are salt or nonce
 */
struct algorithm {
	const char *number;
	unsigned int len;
	unsigned int salt_bits;
};

#define ALGORITHM(number, salt_bits) { number, sizeof(number) - 1, salt_bits }

/* All of them are counter modes: a key repeated is a key broken. The lengths
 * are those of RFC 4106, 4309, 4543, 7634 and 3686.
 */
static const struct algorithm algorithms[] = {
	ALGORITHM("4106(", 32),
	ALGORITHM("4309(", 24),
	ALGORITHM("4543(", 32),
	ALGORITHM("7539esp(", 32),
	ALGORITHM("3686(", 32),
};

/* Drawn at the first use; keyed hashes of keys leak nothing about them. */
static const siphash_key_t *key_hash_key(void)
{
	static siphash_key_t key __read_mostly;

	get_random_once(&key, sizeof(key));
	return &key;
}

static void addr_read(union kmtia_addr *to, const xfrm_address_t *from,
		      unsigned int family)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, from, family == AF_INET ? sizeof(to->a4) : sizeof(*to));
}

/**
 * kmtia_addr_equal() - are two addresses of a family the same?
 * @a: one
 * @b: the other
 *
 * Return: true if they are.
 */
bool kmtia_addr_equal(const union kmtia_addr *a, const union kmtia_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/**
 * kmtia_sa_id_equal() - are two identities the same?
 * @a: one
 * @b: the other
 *
 * Return: true if they are.
 */
bool kmtia_sa_id_equal(const struct kmtia_sa_id *a, const struct kmtia_sa_id *b)
{
	return a->spi == b->spi && a->proto == b->proto &&
	       a->family == b->family && a->mark == b->mark &&
	       a->mark_mask == b->mark_mask &&
	       kmtia_addr_equal(&a->daddr, &b->daddr);
}

/**
 * kmtia_sa_id_hash() - hash of an identity without the mark
 * @id: the identity
 *
 * Return: the hash.
 */
u32 kmtia_sa_id_hash(const struct kmtia_sa_id *id)
{
	u64 proto_spi = (u64)id->proto << 32 | be32_to_cpu(id->spi);

	return siphash_3u64(proto_spi,
			    (u64)be32_to_cpu(id->daddr.a6[0]) << 32 |
			    be32_to_cpu(id->daddr.a6[1]),
			    (u64)be32_to_cpu(id->daddr.a6[2]) << 32 |
			    be32_to_cpu(id->daddr.a6[3]), key_hash_key());
}

/**
 * kmtia_sa_id_read() - read the identity of a state
 * @x: the state
 * @id: filled in
 */
void kmtia_sa_id_read(const struct xfrm_state *x, struct kmtia_sa_id *id)
{
	memset(id, 0, sizeof(*id));
	addr_read(&id->daddr, &x->id.daddr, x->props.family);
	id->spi = x->id.spi;
	id->proto = x->id.proto;
	id->family = x->props.family;
	id->mark = x->mark.v;
	id->mark_mask = x->mark.m;
}

static bool addr_is_local(struct net *net, const union kmtia_addr *addr,
			  unsigned int family)
{
	if (family == AF_INET)
		return inet_addr_type(net, addr->a4) == RTN_LOCAL;
#if IS_ENABLED(CONFIG_IPV6)
	return ipv6_mod_enabled() && ipv6_chk_addr(net, &addr->in6, NULL, 0);
#else
	return false;
#endif
}

static enum kmtia_direction direction_read(const struct xfrm_state *x,
					   const struct kmtia_sa *sa)
{
	struct net *net = xs_net((struct xfrm_state *)x);
	enum kmtia_direction dir = kmtia_state_dir(x);
	bool in, out;

	if (dir != KMTIA_DIRECTION_UNKNOWN)
		return dir;
	in = addr_is_local(net, &sa->id.daddr, sa->id.family);
	out = addr_is_local(net, &sa->saddr, sa->id.family);
	if (in == out)
		return KMTIA_DIRECTION_UNKNOWN;
	return in ? KMTIA_DIRECTION_IN : KMTIA_DIRECTION_OUT;
}

static void selector_read(const struct xfrm_state *x,
			  struct kmtia_selector *sel)
{
	sel->family = x->sel.family;
	if (sel->family != AF_INET && sel->family != AF_INET6) {
		sel->family = 0;
		return;
	}
	addr_read(&sel->saddr, &x->sel.saddr, sel->family);
	addr_read(&sel->daddr, &x->sel.daddr, sel->family);
	sel->saddr_len = x->sel.prefixlen_s;
	sel->daddr_len = x->sel.prefixlen_d;
	sel->proto = x->sel.proto;
	sel->sport = x->sel.sport;
	sel->sport_mask = x->sel.sport_mask;
	sel->dport = x->sel.dport;
	sel->dport_mask = x->sel.dport_mask;
}

static void slot_add(struct kmtia_sa *sa, enum kmtia_slot_role role,
		     const char *algorithm, unsigned int bits,
		     unsigned int icv_bits)
{
	struct kmtia_slot *slot = &sa->slots[sa->n_slots];
	const struct algorithm *a;

	if (!bits)	/* NULL ciphers and digests have no key */
		return;
	sa->n_slots++;
	slot->role = role;
	slot->algorithm = algorithm;
	slot->bits = bits;
	slot->icv_bits = icv_bits;
	slot->salt_bits = 0;
	slot->once = role == KMTIA_SLOT_ROLE_AEAD;
	if (strncmp(algorithm, "rfc", 3))
		return;
	for (a = algorithms; a < algorithms + ARRAY_SIZE(algorithms); a++) {
		if (strncmp(algorithm + 3, a->number, a->len))
			continue;
		slot->salt_bits = min(a->salt_bits, bits);
		slot->once = true;
		return;
	}
}

static void slots_read(const struct xfrm_state *x, struct kmtia_sa *sa)
{
	sa->n_slots = 0;
	if (x->aead) {
		slot_add(sa, KMTIA_SLOT_ROLE_AEAD, x->aead->alg_name,
			 x->aead->alg_key_len, x->aead->alg_icv_len);
		return;
	}
	if (x->ealg && x->id.proto == IPPROTO_ESP)
		slot_add(sa, KMTIA_SLOT_ROLE_ENCRYPTION, x->ealg->alg_name,
			 x->ealg->alg_key_len, 0);
	if (x->aalg)
		slot_add(sa, KMTIA_SLOT_ROLE_AUTHENTICATION, x->aalg->alg_name,
			 x->aalg->alg_key_len, x->aalg->alg_trunc_len);
}

static u64 limit_read(u64 limit)
{
	return limit == XFRM_INF ? 0 : limit;
}

/**
 * kmtia_sa_read() - describe a state
 * @x: the state; must not be changing
 * @sa: filled in; the names in it live as long as @x
 */
void kmtia_sa_read(const struct xfrm_state *x, struct kmtia_sa *sa)
{
	memset(sa, 0, sizeof(*sa));
	kmtia_sa_id_read(x, &sa->id);
	addr_read(&sa->saddr, &x->props.saddr, x->props.family);
	sa->mode = x->props.mode;
	sa->reqid = x->props.reqid;
	sa->if_id = x->if_id;
	sa->esn = x->props.flags & XFRM_STATE_ESN;
	if (x->encap) {
		sa->encap_type = x->encap->encap_type;
		sa->encap_sport = x->encap->encap_sport;
		sa->encap_dport = x->encap->encap_dport;
	}
	sa->soft_byte_limit = limit_read(x->lft.soft_byte_limit);
	sa->hard_byte_limit = limit_read(x->lft.hard_byte_limit);
	sa->soft_packet_limit = limit_read(x->lft.soft_packet_limit);
	sa->hard_packet_limit = limit_read(x->lft.hard_packet_limit);
	sa->soft_add_expires = x->lft.soft_add_expires_seconds;
	sa->hard_add_expires = x->lft.hard_add_expires_seconds;
	selector_read(x, &sa->sel);
	slots_read(x, sa);
	sa->direction = direction_read(x, sa);
}

/**
 * kmtia_sa_key() - where a state keeps the key of a slot
 * @x: the state
 * @slot: one of its slots
 *
 * Return: the bytes, kmtia_slot_bytes() of them.
 */
u8 *kmtia_sa_key(const struct xfrm_state *x, const struct kmtia_slot *slot)
{
	switch (slot->role) {
	case KMTIA_SLOT_ROLE_AEAD:
		return (u8 *)x->aead->alg_key;
	case KMTIA_SLOT_ROLE_ENCRYPTION:
		return (u8 *)x->ealg->alg_key;
	default:
		return (u8 *)x->aalg->alg_key;
	}
}

/**
 * kmtia_sa_write() - give a state its keys
 * @x: the state, before its init_state
 * @sa: its description
 * @keys: the keys, a slot each
 */
void kmtia_sa_write(struct xfrm_state *x, const struct kmtia_sa *sa,
		    u8 *const *keys)
{
	unsigned int i;

	for (i = 0; i < sa->n_slots; i++)
		memcpy(kmtia_sa_key(x, &sa->slots[i]), keys[i],
		       kmtia_slot_bytes(&sa->slots[i]));
}

/**
 * kmtia_sa_randomise() - give a state keys that nobody knows
 * @x: the state, before its init_state
 * @sa: its description
 */
void kmtia_sa_randomise(struct xfrm_state *x, const struct kmtia_sa *sa)
{
	unsigned int i;

	for (i = 0; i < sa->n_slots; i++)
		get_random_bytes(kmtia_sa_key(x, &sa->slots[i]),
				 kmtia_slot_bytes(&sa->slots[i]));
}

/**
 * kmtia_sa_zero() - are all keys of a state zero?
 * @x: the state
 * @sa: its description
 *
 * That is what a keying module gets to see, and adds again, when it reads keys
 * back under lockdown.
 *
 * Return: true if there is a key and all are zero.
 */
bool kmtia_sa_zero(const struct xfrm_state *x, const struct kmtia_sa *sa)
{
	unsigned int i;

	for (i = 0; i < sa->n_slots; i++)
		if (memchr_inv(kmtia_sa_key(x, &sa->slots[i]), 0,
			       kmtia_slot_bytes(&sa->slots[i])))
			return false;
	return sa->n_slots;
}

/**
 * kmtia_slot_key_hash() - keyed hash of one key
 * @slot: what it is for
 * @key: the bytes
 *
 * Return: the hash; never 0.
 */
u64 kmtia_slot_key_hash(const struct kmtia_slot *slot, const u8 *key)
{
	return siphash(key, kmtia_slot_bytes(slot), key_hash_key()) ?: 1;
}

/**
 * kmtia_sa_key_hash() - keyed hash of all algorithms and keys of a state
 * @x: the state
 * @sa: its description
 *
 * Return: the hash.
 */
u64 kmtia_sa_key_hash(const struct xfrm_state *x, const struct kmtia_sa *sa)
{
	u64 hash = 0;
	unsigned int i;

	/* Nobody can foresee the hash of a key: that is enough to make the rest
	 * of it unforeseeable, whatever it is added to.
	 */
	for (i = 0; i < sa->n_slots; i++) {
		const struct kmtia_slot *slot = &sa->slots[i];
		u32 name = jhash(slot->algorithm, strlen(slot->algorithm),
				 slot->role);

		hash = rol64(hash, 21) + (name ^
		       kmtia_slot_key_hash(slot, kmtia_sa_key(x, slot)));
	}
	return hash;
}

/**
 * kmtia_sa_lookup() - the state of that identity, as XFRM would find it
 * @net: network namespace
 * @id: the identity
 *
 * Return: the state with a reference for the caller, or NULL.
 */
struct xfrm_state *kmtia_sa_lookup(struct net *net, const struct kmtia_sa_id *id)
{
	return xfrm_state_lookup(net, id->mark & id->mark_mask,
				 (const xfrm_address_t *)&id->daddr, id->spi,
				 id->proto, id->family);
}

/**
 * kmtia_proto_name() - the name of an IPsec protocol
 * @proto: its number
 *
 * Return: a constant string.
 */
const char *kmtia_proto_name(u8 proto)
{
	return proto == IPPROTO_ESP ? "esp" : "ah";
}
