/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * libkmtia: write key managers (Trusted Intermediary Agents) for Linux IPsec,
 * and administer them.
 *
 * A key manager opens a handle, registers, and is asked by the kernel, for each
 * new SA that an administrator's rule lets it have, whether it dictates the
 * keys (key_dictation_check) and which (key_dictation); and it is told about
 * SAs that live (key_notify). The contract is that of the Windows interface
 * IPSEC_KEY_MANAGER_CALLBACKS0, in Linux clothes; see libkmtia(3).
 *
 * Conventions:
 *  - Functions return 0 (or a count) on success and a negative errno on
 *    failure; kmtia_strerror() then gives the sentence, with the kernel's own
 *    words (extack) where there are some.
 *  - Structures that a caller fills in begin with their size. Reserved fields
 *    must be zero, else -EINVAL.
 *  - A handle is used by one thread at a time. The library starts no thread,
 *    installs no signal handler, prints nothing and has no global state.
 *  - Key bytes that pass through the library are wiped from its memory.
 */
#ifndef LIBKMTIA_H
#define LIBKMTIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/kmtia.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kmtia;	      /* an open handle */
struct kmtia_request; /* a question of the kernel that awaits its answer */

/** Most key slots that an SA has (encryption and authentication). */
#define KMTIA_MAX_SLOTS 2

/** Longest name of an algorithm, with the terminating zero. */
#define KMTIA_ALG_NAME_SIZE 64

/** One key of an SA: what it is for, and how long it must be. */
struct kmtia_slot {
	uint32_t role;			     /**< enum kmtia_slot_role */
	char algorithm[KMTIA_ALG_NAME_SIZE]; /**< kernel crypto API's name */
	uint32_t bits;			     /**< exact key length, with salt */
	uint32_t icv_bits;		     /**< length of the ICV on the wire */
	const uint8_t *key;		     /**< NULL unless granted (notifications) */
	size_t key_len;			     /**< bytes at @key */
};

/** The traffic that an SA is meant for; family 0 if it does not say. */
struct kmtia_selector {
	uint16_t family;   /**< AF_INET, AF_INET6 or 0 */
	uint8_t saddr[16]; /**< network order; 4 or 16 bytes */
	uint8_t daddr[16];
	uint8_t saddr_len; /**< prefix length, bits */
	uint8_t daddr_len;
	uint8_t proto;		    /**< 0: any */
	uint16_t sport, sport_mask; /**< host order */
	uint16_t dport, dport_mask; /**< host order */
};

/** Description of one SA, one direction of protection. */
struct kmtia_sa {
	uint16_t family;   /**< AF_INET or AF_INET6 */
	uint8_t daddr[16]; /**< network order; 4 or 16 bytes */
	uint8_t saddr[16];
	uint32_t spi;  /**< host order */
	uint8_t proto; /**< IPPROTO_ESP or IPPROTO_AH */
	uint32_t mark, mark_mask;
	uint8_t mode; /**< XFRM_MODE_* */
	uint32_t reqid;
	uint32_t if_id;
	uint32_t direction;			       /**< enum kmtia_direction */
	bool esn;				       /**< extended sequence numbers */
	uint16_t encap_type;			       /**< UDP_ENCAP_*; 0: none */
	uint16_t encap_sport, encap_dport;	       /**< host order */
	uint64_t soft_byte_limit, hard_byte_limit;     /**< 0: no limit */
	uint64_t soft_packet_limit, hard_packet_limit; /**< 0: no limit */
	uint64_t soft_add_expires, hard_add_expires;   /**< seconds; 0: never */
	struct kmtia_selector selector;
	size_t n_slots;
	struct kmtia_slot slots[KMTIA_MAX_SLOTS]; /**< in canonical order */

	/* From here on set only for tracked SAs (notifications, kmtia_sas()). */
	bool tracked;
	uint64_t handle;
	bool has_rule;
	uint32_t rule;	 /**< priority of the covering rule */
	uint32_t origin; /**< enum kmtia_origin */
	bool has_manager;
	uint8_t manager[KMTIA_UUID_LEN]; /**< who dictated */
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	uint64_t age_ms;	   /**< since it went live */
	uint64_t integrity_failed; /**< packets */
	uint64_t replay_failed;	   /**< packets */
	uint64_t packets, bytes;
};

/** Identity of a key manager, for kmtia_register(). */
struct kmtia_manager {
	size_t size; /**< sizeof(struct kmtia_manager) */
	uint8_t uuid[KMTIA_UUID_LEN];
	const char *name;	 /**< at most KMTIA_NAME_MAX_LEN; or NULL */
	const char *description; /**< at most KMTIA_TEXT_MAX_LEN; or NULL */
	uint32_t flags;		 /**< enum kmtia_manager_flags */
	uint32_t timeout_hint;	 /**< seconds, 0 means 5, at most 10 */
	bool has_weight;	 /**< @weight is constant, never ask */
	uint32_t weight;
	/** How long standing secrets outlive the socket; at most KMTIA_GRACE_MAX. */
	uint32_t grace_ms;
	uint64_t reserved[4];
};

/**
 * The two SAs of a pair. In questions one of them is being keyed and the other
 * may be absent (NULL), or already live.
 */
struct kmtia_pair {
	const struct kmtia_sa *inbound;
	const struct kmtia_sa *outbound;
	const struct kmtia_sa *keyed; /**< the one in question; never NULL */
};

/** What key_notify and key_notify_pair are told. */
struct kmtia_notification {
	uint64_t seq;	/**< number of the event */
	uint32_t event; /**< enum kmtia_notify_event */
	uint8_t proto;	/**< flush: protocol; 0: all */
	bool replayed;	/**< from kmtia_notify_get() (of a pair: the later SA) */
};

/** So long an SA waits for its mate before key_notify_pair is told of it. */
#define KMTIA_PAIR_WAIT_MS 1000

/**
 * What the kernel asks and tells. With KMTIA_MANAGER_FLAGS_DICTATE all three
 * must be given; without it key_notify alone, else -EINVAL from
 * kmtia_register().
 */
struct kmtia_callbacks {
	size_t size; /**< sizeof(struct kmtia_callbacks) */
	/**
	 * Will this manager dictate the keys of @pair->keyed? Store the answer
	 * through @will_dictate and the bid through @weight (preset to 1; 0
	 * never wins).
	 */
	void (*key_dictation_check)(struct kmtia *h, const struct kmtia_pair *pair,
				    bool *will_dictate, uint32_t *weight, void *user);
	/**
	 * Which keys? Answer by kmtia_answer_keys(), _mix(), _expand() or
	 * _cannot(), now or, having returned, later: @req is the callee's until
	 * answered.
	 * The pair is valid until the answer or the return, whichever is first;
	 * kmtia_request_pair() as long as @req is.
	 */
	void (*key_dictation)(struct kmtia *h, struct kmtia_request *req,
			      const struct kmtia_pair *pair, void *user);
	/**
	 * Something happened to @pair->keyed. @pair is NULL for
	 * KMTIA_NOTIFY_EVENT_FLUSH. Slots have key bytes only when this comes
	 * from kmtia_notify_get() and a rule grants them.
	 */
	void (*key_notify)(struct kmtia *h, const struct kmtia_notification *what,
			   const struct kmtia_pair *pair, void *user);
	/**
	 * Optional. Notifications were lost (the socket overflowed or a number
	 * was skipped), or key_notify_pair was not told all: fetch what is live
	 * by kmtia_notify_get(h, 0). Questions that were lost with them the
	 * library has asked for again by itself.
	 */
	void (*overrun)(struct kmtia *h, void *user);
	/**
	 * Optional. The kernel module was unloaded (@registered false: there is
	 * no registration, requests are void, kmtia_secret_set() fails) or came
	 * back and the library has registered again (true, @err 0); or tried to
	 * and could not (false, @err its errno; kmtia_strerror() says why).
	 * Standing secrets went with the module: set them again.
	 */
	void (*registration)(struct kmtia *h, bool registered, int err, void *user);
	/**
	 * Optional, besides key_notify, which is told of each event all the same.
	 * New SAs, by kmtia_dispatch() alone: the two of a pair at once, with
	 * @pair->inbound and @pair->outbound complete and @pair->keyed the one that
	 * came later; or one by itself, the other NULL, if no mate has come within
	 * KMTIA_PAIR_WAIT_MS. Slots have key bytes where a rule grants them. Once
	 * for each pair, also of SAs that kmtia_notify_get() fetched; but one that
	 * was told by itself is told again with its mate if that comes after all.
	 */
	void (*key_notify_pair)(struct kmtia *h, const struct kmtia_notification *what,
				const struct kmtia_pair *pair, void *user);
	void *reserved[2];
};

/* --- Handles and errors -------------------------------------------------- */

/** Open a handle in the calling thread's network namespace. -ENOENT: the
 * kernel has no family "kmtia" (module not loaded). -ENOMEM, or a socket's
 * error. */
int kmtia_open(struct kmtia **h);

/** Close; ends the registration, wipes and frees. Standing secrets in the kernel
 * have their grace, as when the process dies. NULL is allowed. */
void kmtia_close(struct kmtia *h);

/** The sentence for the last error of @h; never NULL. With @h NULL, the one
 * for errno -@err alone. Valid until the next call on @h. */
const char *kmtia_strerror(struct kmtia *h, int err);

/** Version of the library, "0.1.0". */
const char *kmtia_version(void);

/** Does the running kernel module and library have this feature? Known names:
 * "dictate", "notify", "notify-get", "notify-pair", "monitor", "expand", "mix",
 * "standing-secret", "mismatch", "request-get", "manager-policy", "exclusive",
 * "rule-replace". */
bool kmtia_has_feature(struct kmtia *h, const char *feature);

/* --- Being a key manager ------------------------------------------------- */

/** Register. -EINVAL: callbacks or flags do not fit, reserved field set.
 * -EEXIST: the UUID is taken. -ERANGE: timeout_hint above 10, or grace_ms above
 * KMTIA_GRACE_MAX. -EPERM: needs CAP_NET_ADMIN, or a manager policy that names the
 * caller. -EACCES: the policy names others for this UUID, or the caller for less than
 * these flags. -EADDRINUSE: exclusive stands in the way, this manager's or that of
 * another that dictates. -EALREADY: this handle is registered,
 * or will be when the module is back. */
int kmtia_register(struct kmtia *h, const struct kmtia_manager *manager,
		   const struct kmtia_callbacks *callbacks, void *user);

/** End the registration; open requests become void but must still be answered
 * or dropped by kmtia_request_drop(). Standing secrets are wiped at once, even if a
 * child process holds the socket open: there is no grace. -ENOENT: none. Another
 * error: it has ended, but the secrets were not wiped, and have their grace. */
int kmtia_unregister(struct kmtia *h);

/** File descriptor to poll for reading; -1 when not registered and not
 * monitoring. It stays the same while the module is away: do not read it. */
int kmtia_get_fd(struct kmtia *h);

/** Handle all that is there to read, calling back. It does not wait for anything
 * to come; only when the module went or came, it asks the kernel about it, registers
 * again, and waits for the answers, which come at once, as it does to fetch what
 * key_notify_pair is told. Returns the number of
 * messages handled, or a negative errno (-ENOTCONN: nothing open). */
int kmtia_dispatch(struct kmtia *h);

/** poll() and dispatch until a callback calls kmtia_stop(), or an error. */
int kmtia_run(struct kmtia *h);
void kmtia_stop(struct kmtia *h);

/** Number of @req, as in the kernel's logs. */
uint64_t kmtia_request_id(const struct kmtia_request *req);

/** The pair that @req is about; lives as long as @req. */
const struct kmtia_pair *kmtia_request_pair(const struct kmtia_request *req);

/** Milliseconds that the kernel still waits, 0 if it no longer does. */
uint32_t kmtia_request_time_left(const struct kmtia_request *req);

/** Options of an answer; NULL for none. */
struct kmtia_answer_options {
	size_t size;	    /**< sizeof(struct kmtia_answer_options) */
	const char *key_id; /**< for logs, or NULL */
	uint32_t origin;    /**< KMTIA_ORIGIN_LOCAL (or NONE) or _PEER */
	/**
	 * Should the keys prove unusable, or with cannot: the keying module's
	 * own key may be used.
	 */
	bool keying_module_gen_key;
	uint64_t reserved[4];
};

/**
 * Answer with exact keys: @keys[i], @key_lens[i] bytes long, for
 * @pair->keyed->slots[i]. Frees @req, whatever is returned, and wipes the copy
 * (not the caller's bytes). -ENOENT: too late, which is normal. -EINVAL: number
 * of slots or a length is wrong. -EKEYREJECTED: a key is all zero or was used
 * before. -EPERM: asked of somebody else.
 */
int kmtia_answer_keys(struct kmtia_request *req, const uint8_t *const *keys,
		      const size_t *key_lens, size_t n_keys,
		      const struct kmtia_answer_options *options);

/**
 * Answer with a secret from which the kernel derives the keys (kdf.rst):
 * kmtia_answer_mix() mixes it with the keying module's own key, so that the
 * result is never weaker than that; kmtia_answer_expand() makes the keys from
 * the secret alone, different ones for each SA. @len is KMTIA_SECRET_MIN_LEN to
 * KMTIA_SECRET_MAX_LEN bytes. Both ends must give the same secret, the same
 * options.key_id and the same form. Frees @req, whatever is returned, and wipes
 * the copy (not the caller's bytes). Errors as kmtia_answer_keys().
 */
int kmtia_answer_mix(struct kmtia_request *req, const uint8_t *secret, size_t len,
		     const struct kmtia_answer_options *options);
int kmtia_answer_expand(struct kmtia_request *req, const uint8_t *secret, size_t len,
			const struct kmtia_answer_options *options);

/** Answer that no keys can be supplied; @status is the manager's own number
 * (not 0), @text the reason for the logs (or NULL). Frees @req. */
int kmtia_answer_cannot(struct kmtia_request *req, uint32_t status, const char *text,
			const struct kmtia_answer_options *options);

/** Free @req without answering: the kernel waits until the deadline. */
void kmtia_request_drop(struct kmtia_request *req);

/** Call key_notify once for each live SA that this manager may watch and that
 * went live after event @from_seq (0: all), with keys where granted. What is new
 * among them kmtia_dispatch() tells key_notify_pair. Returns their number.
 * -ENOTCONN: not registered. */
int kmtia_notify_get(struct kmtia *h, uint64_t from_seq);

/** Which SAs a standing secret is for. Selectors apply where their has_ field
 * is set; all zero: every SA that rules let this manager dictate. */
struct kmtia_secret {
	size_t size;	 /**< sizeof(struct kmtia_secret) */
	uint32_t number; /**< its name; the lowest that covers an SA answers */
	uint16_t family; /**< of the prefixes; 0: both */
	bool has_local, has_remote;
	uint8_t local[16], remote[16]; /**< network order */
	uint8_t local_len, remote_len; /**< prefix lengths, bits */
	uint8_t proto;		       /**< 0: both */
	uint32_t direction;	       /**< KMTIA_DIRECTION_UNKNOWN: both */
	bool has_reqid, has_if_id, has_mark, has_rule;
	uint32_t reqid, if_id, mark, mark_mask;
	uint32_t rule;	       /**< only SAs that this rule covers */
	uint32_t derivation;   /**< enum kmtia_derivation; 0: mix */
	const uint8_t *secret; /**< the bytes; remain the caller's */
	size_t secret_len;     /**< KMTIA_SECRET_MIN_LEN to _MAX_LEN */
	const char *key_id;    /**< takes part in the derivation; or NULL */
	bool has_weight;       /**< else the bid is 1 */
	uint32_t weight;
	uint64_t not_after;	    /**< seconds since 1970; 0: does not end */
	uint32_t origin;	    /**< KMTIA_ORIGIN_LOCAL (or NONE) or _PEER */
	bool keying_module_gen_key; /**< as in struct kmtia_answer_options */
	uint64_t reserved[4];
};

/** Answer in advance: the kernel derives the keys of the SAs that @secret covers
 * by itself, without a question, until the secret is replaced (same number) or
 * deleted, or the registration and its grace end. -ENOTCONN: not registered.
 * -EPERM: an administrator has ended the registration; -EKEYREVOKED: just now.
 * -EINVAL: length, selectors or a reserved field are wrong, or the manager does
 * not dictate. -ENOSPC: there are too many. After -ENOBUFS or -ETIMEDOUT the kernel
 * may have taken the secret all the same. */
int kmtia_secret_set(struct kmtia *h, const struct kmtia_secret *secret);

/** Wipe a standing secret in the kernel. -ENOENT: there is none. -ENOTCONN and -EPERM
 * as kmtia_secret_set(). */
int kmtia_secret_delete(struct kmtia *h, uint32_t number);

/** Wipe all standing secrets of this manager. -ENOTCONN and -EPERM as
 * kmtia_secret_set(). */
int kmtia_secret_flush(struct kmtia *h);

/* --- Administration ------------------------------------------------------- */

/** A class of answers by the time that they took. */
struct kmtia_answer_time {
	uint64_t below_us; /**< less than this, and in no class before; 0: the rest */
	uint64_t count;
};

#define KMTIA_ANSWER_TIMES 32 /**< so many classes at most */

/** A registered key manager, as kmtia_managers() lists it. */
struct kmtia_manager_info {
	uint8_t uuid[KMTIA_UUID_LEN];
	char name[KMTIA_NAME_MAX_LEN + 1];
	char description[KMTIA_TEXT_MAX_LEN + 1];
	uint32_t flags; /**< enum kmtia_manager_flags */
	bool has_weight;
	uint32_t weight;
	uint32_t timeout_hint; /**< seconds */
	uint32_t pid;	       /**< 0: in the kernel */
	uint32_t uid;
	bool stalled;
	uint64_t questions, answers, refusals, unusable, misses, late;
	uint64_t notifications, dropped;
	uint32_t grace_ms;
	bool has_grace_left;	/**< its socket is closed */
	uint32_t grace_left_ms; /**< its secrets are wiped then */
	uint32_t secrets;	/**< standing secrets */
	uint64_t standing;	/**< SAs keyed by one */
	uint32_t n_answer_times;
	struct kmtia_answer_time answer_times[KMTIA_ANSWER_TIMES];
};

/** A rule. Selectors apply where their has_ field is set. */
struct kmtia_rule {
	size_t size; /**< sizeof(struct kmtia_rule) */
	uint32_t priority;
	uint16_t family; /**< of the prefixes; 0: both */
	bool has_local, has_remote;
	uint8_t local[16], remote[16]; /**< network order */
	uint8_t local_len, remote_len; /**< prefix lengths, bits */
	uint8_t proto;		       /**< 0: both */
	uint32_t direction;	       /**< KMTIA_DIRECTION_UNKNOWN: both */
	bool has_reqid, has_if_id, has_mark;
	uint32_t reqid, if_id, mark, mark_mask;
	uint32_t dictate;			 /**< enum kmtia_grant */
	uint8_t dictate_manager[KMTIA_UUID_LEN]; /**< with KMTIA_GRANT_NAMED */
	uint32_t notify;			 /**< enum kmtia_grant */
	uint8_t notify_manager[KMTIA_UUID_LEN];
	bool has_keys;
	uint8_t keys_manager[KMTIA_UUID_LEN];
	bool has_on_failure; /**< else reject, where somebody dictates */
	uint32_t on_failure; /**< enum kmtia_failure_action */
	uint32_t timeout_ms; /**< 0: the kernel's default, 1,000 */
	uint64_t hits;	     /**< filled in by kmtia_rules() */
	uint64_t reserved[4];
};

/** Counters, by name, in the order of the netlink specification. */
struct kmtia_stat {
	/** As in the specification: "fail-busy"; of the time that answers took
	 * "answers-below-128us", and "answers-slower" for the rest. Valid in the
	 * callback. */
	const char *name;
	uint64_t value;
};

/** Called once for each entry; not 0 ends the listing and is returned. */
typedef int (*kmtia_manager_cb)(const struct kmtia_manager_info *manager, void *user);
typedef int (*kmtia_rule_cb)(const struct kmtia_rule *rule, void *user);
typedef int (*kmtia_sa_cb)(const struct kmtia_sa *sa, const struct kmtia_sa *mate,
			   void *user);
typedef int (*kmtia_stat_cb)(const struct kmtia_stat *stat, void *user);

int kmtia_managers(struct kmtia *h, kmtia_manager_cb cb, void *user);
int kmtia_manager_delete(struct kmtia *h, const uint8_t uuid[KMTIA_UUID_LEN]);
int kmtia_rules(struct kmtia *h, kmtia_rule_cb cb, void *user);
/** -EEXIST: priority taken. A warning of the kernel's (on-failure keep) is left
 * for kmtia_warning(). */
int kmtia_rule_add(struct kmtia *h, const struct kmtia_rule *rule);
/** Add the rule, or put it into the place of the one of its priority; no SA falls
 * between the two. */
int kmtia_rule_replace(struct kmtia *h, const struct kmtia_rule *rule);
int kmtia_rule_delete(struct kmtia *h, uint32_t priority);
int kmtia_rule_flush(struct kmtia *h);
int kmtia_sas(struct kmtia *h, kmtia_sa_cb cb, void *user);
int kmtia_stats(struct kmtia *h, kmtia_stat_cb cb, void *user);

/** Who may register key managers without CAP_NET_ADMIN: a statement of the manager
 * policy. Where there are statements about a UUID, those about any do not count for
 * it. */
struct kmtia_policy {
	size_t size;   /**< sizeof(struct kmtia_policy) */
	bool has_uuid; /**< else any UUID that no statement names */
	uint8_t uuid[KMTIA_UUID_LEN];
	bool is_group;	/**< @id is a group's number, not a user's */
	uint32_t id;	/**< uid or gid, as the caller's user namespace knows it */
	uint32_t flags; /**< enum kmtia_manager_flags that may be asked for */
	uint64_t reserved[4];
};

typedef int (*kmtia_policy_cb)(const struct kmtia_policy *policy, void *user);

/** Called once for each statement, in the order in which they were made. */
int kmtia_manager_policies(struct kmtia *h, kmtia_policy_cb cb, void *user);
/** Make a statement; one about the same UUID and the same user or group is replaced.
 * -EINVAL: flags are empty, unknown, or exclusive without dictate; no such uid or gid.
 * -ENOSPC: there are too many. -EPERM without CAP_NET_ADMIN. */
int kmtia_manager_policy_set(struct kmtia *h, const struct kmtia_policy *policy);
/** Take a statement back; flags do not count. Who is registered stays so. -ENOENT. */
int kmtia_manager_policy_delete(struct kmtia *h, const struct kmtia_policy *policy);
/** Take all statements back. */
int kmtia_manager_policy_flush(struct kmtia *h);

/** What the kernel remarked on the last command that it carried out, or NULL. */
const char *kmtia_warning(struct kmtia *h);

/** An event of the monitor group. */
struct kmtia_event {
	uint32_t event;		   /**< enum kmtia_monitor_event */
	const struct kmtia_sa *sa; /**< or NULL */
	bool has_rule;
	uint32_t rule;
	bool has_manager;
	uint8_t manager[KMTIA_UUID_LEN];
	const char *manager_name; /**< or NULL */
	uint32_t error;		  /**< positive errno, 0: none */
	uint32_t status;	  /**< the manager's own number, 0: none */
	const char *text;	  /**< or NULL */
	const char *key_id;	  /**< or NULL */
};

typedef void (*kmtia_event_cb)(struct kmtia *h, const struct kmtia_event *event,
			       void *user);

/** Join the monitor group; events come by kmtia_dispatch(). When the module was
 * unloaded and is back, its group is joined again. -EPERM without CAP_NET_ADMIN. */
int kmtia_monitor(struct kmtia *h, kmtia_event_cb cb, void *user);

/* --- Text ----------------------------------------------------------------- */

/** Size of a UUID as text, with the terminating zero. */
#define KMTIA_UUID_STR_SIZE 37

/** "12345678-9abc-def0-1234-56789abcdef0" to bytes; -EINVAL. */
int kmtia_uuid_parse(const char *text, uint8_t uuid[KMTIA_UUID_LEN]);
/** Bytes to text; returns @text. */
const char *kmtia_uuid_format(const uint8_t uuid[KMTIA_UUID_LEN],
			      char text[KMTIA_UUID_STR_SIZE]);

/** The specification's names of enum values ("reject", "aead"); "?" if unknown. */
const char *kmtia_direction_name(uint32_t direction);
const char *kmtia_slot_role_name(uint32_t role);
const char *kmtia_derivation_name(uint32_t derivation);
const char *kmtia_failure_action_name(uint32_t action);
const char *kmtia_origin_name(uint32_t origin);
const char *kmtia_notify_event_name(uint32_t event);
const char *kmtia_monitor_event_name(uint32_t event);

#ifdef __cplusplus
}
#endif

#endif /* LIBKMTIA_H */
