/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmtia: IPsec key dictation. What other modules may use: the interface of a
 * key manager (Trusted Intermediary Agent, TIA) in the kernel. The agents of
 * user space, which speak the generic netlink family "kmtia", are one
 * implementation of it (upcall.c).
 *
 * The file knows neither XFRM nor netlink.
 */
#ifndef _KMTIA_H
#define _KMTIA_H

#include <linux/in6.h>
#include <linux/types.h>
#include <uapi/linux/kmtia.h>

struct kmtia_manager;
struct kmtia_request;
struct net;

#define KMTIA_MAX_SLOTS 2

/* An IPv4 address is in @a4 and the rest zero; the SA says which it is. */
union kmtia_addr {
	__be32 a4;
	__be32 a6[4];
	struct in6_addr in6;
};

/**
 * struct kmtia_sa_id - what identifies an SA in its network namespace
 * @daddr: destination address, of the outer header
 * @spi: security parameters index
 * @mark: value of the SA's mark
 * @mark_mask: mask of the SA's mark
 * @family: address family of @daddr
 * @proto: IPPROTO_ESP or IPPROTO_AH
 */
struct kmtia_sa_id {
	union kmtia_addr daddr;
	__be32 spi;
	u32 mark;
	u32 mark_mask;
	u16 family;
	u8 proto;
};

/**
 * struct kmtia_slot - one key of an SA
 * @role: what the key is for
 * @algorithm: the crypto API's canonical name; lives as long as the SA
 * @bits: exact length of the key with salt or nonce
 * @salt_bits: how many of them, at the end, are salt or nonce
 * @icv_bits: length of the integrity check value on the wire
 * @once: a key must never be used by two SAs (counter modes)
 */
struct kmtia_slot {
	enum kmtia_slot_role role;
	const char *algorithm;
	unsigned int bits;
	unsigned int salt_bits;
	unsigned int icv_bits;
	bool once;
};

static inline unsigned int kmtia_slot_bytes(const struct kmtia_slot *slot)
{
	return (slot->bits + 7) / 8;
}

/**
 * struct kmtia_selector - the traffic that an SA is meant for
 * @family: AF_INET, AF_INET6, or 0 where the SA does not say
 * @saddr: source prefix
 * @daddr: destination prefix
 * @saddr_len: its length, bits
 * @daddr_len: its length, bits
 * @proto: protocol, 0 for any
 * @sport: source port
 * @sport_mask: its mask
 * @dport: destination port
 * @dport_mask: its mask
 */
struct kmtia_selector {
	u16 family;
	union kmtia_addr saddr;
	union kmtia_addr daddr;
	u8 saddr_len;
	u8 daddr_len;
	u8 proto;
	__be16 sport;
	__be16 sport_mask;
	__be16 dport;
	__be16 dport_mask;
};

/**
 * struct kmtia_sa - description of an SA
 * @id: identity
 * @saddr: source address
 * @mode: XFRM_MODE_*
 * @reqid: request id, 0 for none
 * @if_id: XFRM interface id, 0 for none
 * @direction: as far as it can be known
 * @esn: extended sequence numbers
 * @encap_type: UDP_ENCAP_* or TCP_ENCAP_*, 0 for none
 * @encap_sport: source port of the encapsulation
 * @encap_dport: destination port of the encapsulation
 * @soft_byte_limit: 0 for none, as the others
 * @hard_byte_limit: in bytes
 * @soft_packet_limit: in packets
 * @hard_packet_limit: in packets
 * @soft_add_expires: seconds after creation
 * @hard_add_expires: seconds after creation
 * @sel: traffic
 * @n_slots: number of keys
 * @slots: the keys, in canonical order (aead; encryption, authentication)
 */
struct kmtia_sa {
	struct kmtia_sa_id id;
	union kmtia_addr saddr;
	u8 mode;
	u32 reqid;
	u32 if_id;
	enum kmtia_direction direction;
	bool esn;
	u16 encap_type;
	__be16 encap_sport;
	__be16 encap_dport;
	u64 soft_byte_limit;
	u64 hard_byte_limit;
	u64 soft_packet_limit;
	u64 hard_packet_limit;
	u64 soft_add_expires;
	u64 hard_add_expires;
	struct kmtia_selector sel;
	unsigned int n_slots;
	struct kmtia_slot slots[KMTIA_MAX_SLOTS];
};

/**
 * struct kmtia_tracked - what is known about an SA after its creation
 * @handle: number of the SA among all that were tracked in the namespace
 * @rule: priority of the rule that covered it
 * @origin: who decided its key
 * @manager: UUID of the key manager that dictated; zero if none did
 * @key_id: name of the key, empty if it has none
 * @age_ms: time since it went live, milliseconds
 * @has_mate: whether @mate is set
 * @mate: the SA of the other direction, where that is certain
 * @mate_saddr: its source address
 */
struct kmtia_tracked {
	u64 handle;
	u32 rule;
	enum kmtia_origin origin;
	u8 manager[KMTIA_UUID_LEN];
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	u64 age_ms;
	bool has_mate;
	struct kmtia_sa_id mate;
	union kmtia_addr mate_saddr;
};

/**
 * struct kmtia_notification - something happened to an SA
 * @seq: number of the event in this network namespace
 * @event: what happened
 * @proto: with KMTIA_NOTIFY_EVENT_FLUSH the protocol, 0 for all
 * @sa: the SA; of one that is gone only the identity and @sa->saddr
 * @tracked: what is known about it; both are NULL with a flush
 */
struct kmtia_notification {
	u64 seq;
	enum kmtia_notify_event event;
	u8 proto;
	const struct kmtia_sa *sa;
	const struct kmtia_tracked *tracked;
};

/**
 * struct kmtia_key - a key in an answer
 * @role: of the slot that it is for
 * @key: the bytes; they remain the answerer's
 * @len: how many
 */
struct kmtia_key {
	enum kmtia_slot_role role;
	const u8 *key;
	unsigned int len;
};

/**
 * struct kmtia_answer - an answer to key_dictation
 * @status: 0 with keys; else the manager's own number for why it has none
 * @gen_key: the keying module's own key may be used if these can't be
 *	(keyingModuleGenKey of the Windows contract)
 * @origin: KMTIA_ORIGIN_LOCAL or KMTIA_ORIGIN_PEER
 * @text: with a status, the reason for logs; or NULL
 * @key_id: name of the key for logs, or NULL
 * @n_keys: how many keys
 * @keys: one for each slot of the SA, in any order
 * @derivation: with a secret, how the keys are made of it; else 0
 * @secret: in place of @keys, what the kernel derives the keys from; the bytes
 *	remain the answerer's; or NULL
 * @secret_len: KMTIA_SECRET_MIN_LEN to KMTIA_SECRET_MAX_LEN
 */
struct kmtia_answer {
	u32 status;
	bool gen_key;
	enum kmtia_origin origin;
	const char *text;
	const char *key_id;
	unsigned int n_keys;
	struct kmtia_key keys[KMTIA_MAX_SLOTS];
	enum kmtia_derivation derivation;
	const u8 *secret;
	unsigned int secret_len;
};

/**
 * struct kmtia_manager_ops - what a key manager is asked and told
 * @key_dictation_check: Will the manager dictate the keys of this SA? Asked
 *	only where several might. Answered by kmtia_request_bid(), here or later.
 * @key_dictation: Which keys? Answered by kmtia_request_answer(); or, where
 *	kmtia_request_is_check() says that the manager was not asked before, by
 *	kmtia_request_bid() with false if it does not want the SA.
 * @key_notify: Something happened to an SA that the manager may watch. Called
 *	from a worker; whatever it does, the SA neither waits nor changes.
 * @release: The last reference is gone; called in any context, may be NULL.
 *
 * The first two may sleep, but are called with a creator waiting. They return 0
 * if the question is answered or will be; then it is completed exactly once, by
 * the answer or by something else: the deadline, the end of the manager, of the
 * creator, or of the module. They return a negative errno if it will not be:
 * -ENOBUFS, the manager can't take more; -EKEYREVOKED, it is gone; -ENOMEM
 * (others count as that).
 * Both descriptions (kmtia_request_sa(), kmtia_request_mate()) are valid until
 * the callback returns, and no longer.
 *
 * All three must be given with KMTIA_MANAGER_FLAGS_DICTATE, else @key_notify
 * alone.
 */
struct kmtia_manager_ops {
	int (*key_dictation_check)(struct kmtia_manager *manager,
				   struct kmtia_request *req);
	int (*key_dictation)(struct kmtia_manager *manager,
			     struct kmtia_request *req);
	void (*key_notify)(struct kmtia_manager *manager,
			   const struct kmtia_notification *what);
	void (*release)(struct kmtia_manager *manager);
};

/**
 * struct kmtia_manager_desc - who registers
 * @uuid: identity; not all zero
 * @name: short name, or NULL
 * @description: or NULL
 * @flags: enum kmtia_manager_flags
 * @has_weight: @weight is a constant bid; never ask
 * @weight: the bid
 * @timeout_hint: seconds that an answer may take, 0 for 5, at most
 *	KMTIA_TIMEOUT_HINT_MAX
 * @grace: how long standing secrets outlive the manager's socket, milliseconds,
 *	at most KMTIA_GRACE_MAX; 0 for a manager in the kernel
 */
struct kmtia_manager_desc {
	const u8 *uuid;
	const char *name;
	const char *description;
	u32 flags;
	bool has_weight;
	u32 weight;
	u32 timeout_hint;
	u32 grace;
};

struct kmtia_manager *kmtia_manager_register(struct net *net,
					     const struct kmtia_manager_desc *desc,
					     const struct kmtia_manager_ops *ops,
					     void *priv);
void kmtia_manager_unregister(struct kmtia_manager *manager);
void *kmtia_manager_priv(const struct kmtia_manager *manager);

u64 kmtia_request_id(const struct kmtia_request *req);
bool kmtia_request_is_check(const struct kmtia_request *req);
const struct kmtia_sa *kmtia_request_sa(const struct kmtia_request *req);
const struct kmtia_sa *kmtia_request_mate(const struct kmtia_request *req);
unsigned int kmtia_request_time_left(const struct kmtia_request *req);
struct kmtia_request *kmtia_request_get(struct kmtia_request *req);
void kmtia_request_put(struct kmtia_request *req);
int kmtia_request_bid(struct kmtia_request *req, bool will_dictate, u32 weight);
int kmtia_request_answer(struct kmtia_request *req,
			 const struct kmtia_answer *answer, const char **why);

#endif /* _KMTIA_H */
