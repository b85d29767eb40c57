/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module share, grouped by the file that defines it.
 *
 * DOC: locking
 *
 * Order, outermost first:
 *
 *   net->xfrm.xfrm_cfg_mutex	held by the creator of an SA; only xfrm_hook.c
 *				lets go of it, while an answer is awaited
 *   kmtia_net::lock		rules and registrations change; never held
 *				while waiting for an answer
 *   hook_lock			installs and removes the hook
 *   kmtia_manager::lock	its open requests
 *   kmtia_request::lock	the gate: who completes the request
 *   kmtia_tracker::lock	tracked SAs
 *
 * The last three are spinlocks taken with bottom halves off, because XFRM calls
 * back from softirq. Rules and managers are read under RCU and pinned by
 * reference counts. Handlers of generic netlink commands run under the
 * kernel's cb_lock: they wait for nothing, and in particular take neither
 * xfrm_cfg_mutex nor net_rwsem.
 */
#ifndef _KMTIA_INTERNAL_H
#define _KMTIA_INTERNAL_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "kmtia.h"

#define KMTIA_MAX_MANAGERS	32	/* in one network namespace */
#define KMTIA_MAX_RULES		65536	/* in one network namespace */
#define KMTIA_DEFAULT_HINT	5	/* seconds */
#define KMTIA_DEFAULT_TIMEOUT	1000	/* milliseconds */

struct genl_info;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;
struct sock;
struct xfrm_state;

/* --- rule.c ------------------------------------------------------------- */

/**
 * struct kmtia_rule_spec - what an administrator says of a rule
 * @priority: place in the list, and the rule's name
 * @family: of the prefixes; 0 for both families
 * @has_local: @local selects
 * @has_remote: @remote selects
 * @local: address or network of this end
 * @remote: address or network of the other end
 * @local_len: prefix length, bits
 * @remote_len: prefix length, bits
 * @proto: IPPROTO_ESP, IPPROTO_AH, or 0 for both
 * @direction: KMTIA_DIRECTION_UNKNOWN for both
 * @has_reqid: @reqid selects
 * @has_if_id: @if_id selects
 * @has_mark: @mark and @mark_mask select
 * @reqid: request id
 * @if_id: XFRM interface id
 * @mark: value of the SA's mark under @mark_mask
 * @mark_mask: which bits count
 * @dictate: who may dictate
 * @dictate_manager: its UUID, with KMTIA_GRANT_NAMED
 * @notify: who is notified
 * @notify_manager: its UUID, with KMTIA_GRANT_NAMED
 * @has_keys: @keys_manager may fetch keys
 * @keys_manager: its UUID
 * @on_failure: what becomes of an SA for which no key came
 * @timeout: longest wait, milliseconds
 */
struct kmtia_rule_spec {
	u32 priority;
	u16 family;
	bool has_local;
	bool has_remote;
	union kmtia_addr local;
	union kmtia_addr remote;
	u8 local_len;
	u8 remote_len;
	u8 proto;
	enum kmtia_direction direction;
	bool has_reqid;
	bool has_if_id;
	bool has_mark;
	u32 reqid;
	u32 if_id;
	u32 mark;
	u32 mark_mask;
	enum kmtia_grant dictate;
	u8 dictate_manager[KMTIA_UUID_LEN];
	enum kmtia_grant notify;
	u8 notify_manager[KMTIA_UUID_LEN];
	bool has_keys;
	u8 keys_manager[KMTIA_UUID_LEN];
	enum kmtia_failure_action on_failure;
	u32 timeout;
};

/**
 * struct kmtia_rule - a rule in the list; never changed once it is there
 * @node: in kmtia_rules::list
 * @ref: the list has one, each SA in the making or tracked another
 * @rcu: frees it
 * @spec: what it says
 * @hits: SAs that it has matched
 */
struct kmtia_rule {
	struct list_head node;
	refcount_t ref;
	struct rcu_head rcu;
	struct kmtia_rule_spec spec;
	atomic64_t hits;
};

/**
 * struct kmtia_rules - the rules of a network namespace
 * @list: sorted by priority; read under RCU
 * @count: entries in @list
 * @removed: called for each rule that left the list
 *
 * Changes are serialised by the caller (kmtia_net::lock).
 */
struct kmtia_rules {
	struct list_head list;
	unsigned int count;
	void (*removed)(const struct kmtia_rule *rule);
};

void kmtia_rules_init(struct kmtia_rules *rules,
		      void (*removed)(const struct kmtia_rule *rule));
struct kmtia_rule *kmtia_rule_add(struct kmtia_rules *rules,
				  const struct kmtia_rule_spec *spec);
int kmtia_rule_del(struct kmtia_rules *rules, u32 priority);
void kmtia_rules_flush(struct kmtia_rules *rules);
struct kmtia_rule *kmtia_rule_match(struct kmtia_rules *rules,
				    const struct kmtia_sa *sa);
struct kmtia_rule *kmtia_rule_hold(struct kmtia_rule *rule);
void kmtia_rule_put(struct kmtia_rule *rule);
bool kmtia_rule_dictates(const struct kmtia_rule *rule, const u8 *uuid);
bool kmtia_rule_notifies(const struct kmtia_rule *rule, const u8 *uuid);
bool kmtia_rule_gives_keys(const struct kmtia_rule *rule, const u8 *uuid);
bool kmtia_rule_watched(const struct kmtia_rule *rule);
bool kmtia_addr_in_prefix(const union kmtia_addr *addr,
			  const union kmtia_addr *prefix, unsigned int len);

/* --- manager.c ---------------------------------------------------------- */

enum kmtia_manager_counter {
	KMTIA_MANAGER_QUESTIONS,
	KMTIA_MANAGER_ANSWERS,
	KMTIA_MANAGER_REFUSALS,
	KMTIA_MANAGER_UNUSABLE,
	KMTIA_MANAGER_MISSES,
	KMTIA_MANAGER_LATE,
	KMTIA_MANAGER_NOTIFICATIONS,
	KMTIA_MANAGER_DROPPED,
	KMTIA_MANAGER_N_COUNTERS
};

/**
 * struct kmtia_manager - a registered key manager
 * @node: in kmtia_registry::managers; order of registration
 * @ref: the registry has one, each request and each user for a while another
 * @rcu: frees it
 * @registry: where it is registered
 * @ops: what it is asked and told
 * @priv: the implementation's
 * @uuid: identity
 * @name: for people
 * @description: for people
 * @flags: enum kmtia_manager_flags
 * @has_weight: @weight is a constant bid
 * @weight: the bid
 * @timeout_hint: seconds that an answer may take
 * @lock: protects @open and @dead
 * @open: its requests that are in the making or open
 * @dead: unregistered; takes no request any more
 * @stalled: missed a deadline, and is skipped until it is heard
 * @last_seq: number of the last notification; only the notify worker uses it
 * @counters: see enum kmtia_manager_counter
 * @gone: completed when the last reference is put
 */
struct kmtia_manager {
	struct list_head node;
	refcount_t ref;
	struct rcu_head rcu;
	struct kmtia_registry *registry;
	const struct kmtia_manager_ops *ops;
	void *priv;
	u8 uuid[KMTIA_UUID_LEN];
	char name[KMTIA_NAME_MAX_LEN + 1];
	char description[KMTIA_TEXT_MAX_LEN + 1];
	u32 flags;
	bool has_weight;
	u32 weight;
	u32 timeout_hint;
	spinlock_t lock;	/* protects open and dead */
	struct list_head open;
	bool dead;
	bool stalled;
	u64 last_seq;
	atomic64_t counters[KMTIA_MANAGER_N_COUNTERS];
	struct completion *gone;
};

/**
 * struct kmtia_registry - the key managers of a network namespace
 * @managers: in order of registration; read under RCU
 * @count: entries in @managers
 * @draining: the module is being unloaded; no request is taken
 * @lock: serialises registrations (kmtia_net::lock)
 * @event: told when a manager comes, goes, stalls or recovers
 */
struct kmtia_registry {
	struct list_head managers;
	unsigned int count;
	bool draining;
	struct mutex *lock;	/* serialises registrations */
	void (*event)(struct kmtia_registry *registry,
		      enum kmtia_monitor_event event,
		      const struct kmtia_manager *manager);
};

void kmtia_registry_init(struct kmtia_registry *registry, struct mutex *lock,
			 void (*event)(struct kmtia_registry *registry,
				       enum kmtia_monitor_event event,
				       const struct kmtia_manager *manager));
void kmtia_registry_drain(struct kmtia_registry *registry);
void kmtia_registry_clear(struct kmtia_registry *registry);
struct kmtia_manager *kmtia_manager_new(struct kmtia_registry *registry,
					const struct kmtia_manager_desc *desc,
					const struct kmtia_manager_ops *ops,
					void *priv);
bool kmtia_manager_hold(struct kmtia_manager *manager);
void kmtia_manager_put(struct kmtia_manager *manager);
bool kmtia_manager_end(struct kmtia_manager *manager);
struct kmtia_manager *kmtia_manager_find(struct kmtia_registry *registry,
					 const u8 *uuid);
unsigned int kmtia_registry_bidders(struct kmtia_registry *registry,
				    const struct kmtia_rule *rule,
				    struct kmtia_manager **bidders);
void kmtia_manager_stall(struct kmtia_manager *manager);
void kmtia_manager_heard(struct kmtia_manager *manager);

static inline void kmtia_manager_count(struct kmtia_manager *manager,
				       enum kmtia_manager_counter counter)
{
	atomic64_inc(&manager->counters[counter]);
}

/* --- request.c ---------------------------------------------------------- */

/**
 * enum kmtia_request_state - a request's life
 * @KMTIA_REQUEST_OPEN: an answer is awaited; every other state is final
 * @KMTIA_REQUEST_BID: the manager said whether it bids
 * @KMTIA_REQUEST_KEYS: it gave keys, they were checked and copied
 * @KMTIA_REQUEST_CANNOT: it said that it has none
 * @KMTIA_REQUEST_UNUSABLE: it gave keys that can't be used
 * @KMTIA_REQUEST_DEADLINE: it did not answer in time
 * @KMTIA_REQUEST_DEATH: it was unregistered
 * @KMTIA_REQUEST_WITHDRAWN: the creator of the SA does not wait any more
 * @KMTIA_REQUEST_UNLOAD: the module is being unloaded
 * @KMTIA_REQUEST_UNSENT: the manager could not be asked
 */
enum kmtia_request_state {
	KMTIA_REQUEST_OPEN,
	KMTIA_REQUEST_BID,
	KMTIA_REQUEST_KEYS,
	KMTIA_REQUEST_CANNOT,
	KMTIA_REQUEST_UNUSABLE,
	KMTIA_REQUEST_DEADLINE,
	KMTIA_REQUEST_DEATH,
	KMTIA_REQUEST_WITHDRAWN,
	KMTIA_REQUEST_UNLOAD,
	KMTIA_REQUEST_UNSENT,
};

/**
 * struct kmtia_request - a question to a key manager
 * @node: in kmtia_manager::open
 * @ref: the creator has one, the manager's list another, answerers more
 * @lock: the gate; protects @state and all that an answer writes
 * @state: see enum kmtia_request_state
 * @decision: whose question it is; valid while @state is OPEN, under @lock
 * @sa: the SA; valid in the callback that asks, which the creator runs
 * @mate: likewise
 * @manager: who is asked
 * @id: never used again
 * @check: the question is, or includes, whether the manager bids
 * @keys: the question is, or includes, which keys
 * @expires: deadline, jiffies
 * @err: with UNSENT, why; with UNUSABLE, what the answerer was told
 * @will_dictate: with BID
 * @weight: with BID
 * @status: with CANNOT
 * @gen_key: with CANNOT and UNUSABLE
 * @origin: with KEYS
 * @why: with UNUSABLE; a constant string
 * @text: with CANNOT
 * @key_id: with KEYS
 */
struct kmtia_request {
	struct list_head node;
	refcount_t ref;
	spinlock_t lock;	/* the gate: protects state and the answer */
	enum kmtia_request_state state;
	struct kmtia_decision *decision;
	const struct kmtia_sa *sa;
	const struct kmtia_sa *mate;
	struct kmtia_manager *manager;
	u64 id;
	bool check;
	bool keys;
	unsigned long expires;
	int err;
	bool will_dictate;
	u32 weight;
	u32 status;
	bool gen_key;
	enum kmtia_origin origin;
	const char *why;
	char text[KMTIA_TEXT_MAX_LEN + 1];
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
};

int kmtia_request_cache_init(void);
void kmtia_request_cache_exit(void);
struct kmtia_request *kmtia_request_new(struct kmtia_decision *d,
					struct kmtia_manager *manager,
					bool check, bool keys,
					unsigned long expires);
bool kmtia_request_close(struct kmtia_request *req,
			 enum kmtia_request_state state, int err);
void kmtia_request_finish(struct kmtia_request *req);
struct kmtia_request *kmtia_request_find(struct kmtia_manager *manager, u64 id);
void kmtia_requests_close(struct kmtia_manager *manager,
			  enum kmtia_request_state state);
void kmtia_copy_text(char *to, const char *from, size_t size);

/* --- dictation.c -------------------------------------------------------- */

/**
 * struct kmtia_decision_ops - what the decision needs of its caller
 * @wait_begin: the decision is about to sleep; returns whether a lock was let
 *	go (then the wait may be frozen)
 * @wait_end: it has slept; @released is what @wait_begin returned
 * @key_fresh: may this key be given to the SA, or has another one had it?
 *	Called under kmtia_request::lock.
 */
struct kmtia_decision_ops {
	bool (*wait_begin)(struct kmtia_decision *d);
	void (*wait_end)(struct kmtia_decision *d, bool released);
	bool (*key_fresh)(struct kmtia_decision *d,
			  const struct kmtia_slot *slot, const u8 *key);
};

enum kmtia_verdict {
	KMTIA_VERDICT_DICTATED,	/* use the keys in kmtia_decision::keys */
	KMTIA_VERDICT_KEPT,	/* use the keying module's */
	KMTIA_VERDICT_REFUSED,	/* fail with kmtia_decision::err */
};

/**
 * struct kmtia_decision - shall this SA be dictated, by whom, with which keys?
 * @ops: set by the caller, as all down to @mate_dictated
 * @registry: whom to ask
 * @rule: the rule that covers the SA
 * @sa: the SA
 * @mate: the SA of the other direction where that is certain, or NULL
 * @mate_dictated: the mate has a dictated key; then this SA must have one, too
 * @verdict: what was decided; the rest says how
 * @err: 0, or why no key came (with KEPT as well as with REFUSED)
 * @manager: who dictated, or failed; pinned; or NULL
 * @status: the manager's own number, with -EKEYREJECTED
 * @origin: of the keys
 * @key_id: name of the keys
 * @reason: why no key came, for people
 * @questions: how many were sent
 * @keys: the keys, a slot each; NULL if none
 * @key_buf: where @keys points to
 * @key_buf_size: its size
 * @wait: the creator sleeps here
 * @open: requests that are open
 * @timer: deadline of the requests
 * @requests: those that were sent in this round
 * @n_requests: how many
 * @gen_key: of the last refusal or unusable key
 */
struct kmtia_decision {
	const struct kmtia_decision_ops *ops;
	struct kmtia_registry *registry;
	const struct kmtia_rule *rule;
	const struct kmtia_sa *sa;
	const struct kmtia_sa *mate;
	bool mate_dictated;

	enum kmtia_verdict verdict;
	int err;
	struct kmtia_manager *manager;
	u32 status;
	enum kmtia_origin origin;
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	char reason[KMTIA_NAME_MAX_LEN + KMTIA_TEXT_MAX_LEN + 64];
	unsigned int questions;
	u8 *keys[KMTIA_MAX_SLOTS];

	/* private to dictation.c and request.c */
	u8 *key_buf;
	size_t key_buf_size;
	wait_queue_head_t wait;
	atomic_t open;
	struct timer_list timer;
	struct kmtia_request *requests[KMTIA_MAX_MANAGERS];
	unsigned int n_requests;
	bool gen_key;
};

int kmtia_decide(struct kmtia_decision *d);
void kmtia_decision_release(struct kmtia_decision *d);

/* --- sa.c --------------------------------------------------------------- */

void kmtia_sa_id_read(const struct xfrm_state *x, struct kmtia_sa_id *id);
void kmtia_sa_read(const struct xfrm_state *x, struct kmtia_sa *sa);
u8 *kmtia_sa_key(const struct xfrm_state *x, const struct kmtia_slot *slot);
void kmtia_sa_write(struct xfrm_state *x, const struct kmtia_sa *sa,
		    u8 *const *keys);
void kmtia_sa_randomise(struct xfrm_state *x, const struct kmtia_sa *sa);
bool kmtia_sa_zero(const struct xfrm_state *x, const struct kmtia_sa *sa);
u64 kmtia_sa_key_hash(const struct xfrm_state *x, const struct kmtia_sa *sa);
u64 kmtia_slot_key_hash(const struct kmtia_slot *slot, const u8 *key);
u64 kmtia_sa_reuse_hash(const struct xfrm_state *x, const struct kmtia_sa *sa);
u32 kmtia_sa_id_hash(const struct kmtia_sa_id *id);
bool kmtia_sa_id_equal(const struct kmtia_sa_id *a, const struct kmtia_sa_id *b);
bool kmtia_addr_equal(const union kmtia_addr *a, const union kmtia_addr *b);
struct xfrm_state *kmtia_sa_lookup(struct net *net, const struct kmtia_sa_id *id);
const char *kmtia_proto_name(u8 proto);

/* --- reuse.c ------------------------------------------------------------ */

/**
 * struct kmtia_reuse - which SA has had which key; bounded
 * @lock: protects the rest
 * @entries: sets of KMTIA_REUSE_WAYS; allocated at the first use
 * @next: for each set, the way that is overwritten next
 * @count: entries in use
 */
struct kmtia_reuse {
	spinlock_t lock;	/* protects all of the rest */
	struct kmtia_reuse_entry *entries;
	u8 *next;
	unsigned int count;
};

#define KMTIA_REUSE_WAYS	8
#define KMTIA_REUSE_SETS	512
#define KMTIA_REUSE_MAX		(KMTIA_REUSE_WAYS * KMTIA_REUSE_SETS)

void kmtia_reuse_init(struct kmtia_reuse *reuse);
void kmtia_reuse_exit(struct kmtia_reuse *reuse);
int kmtia_reuse_prepare(struct kmtia_reuse *reuse);
bool kmtia_reuse_fresh(struct kmtia_reuse *reuse, u64 key_hash,
		       const struct kmtia_sa_id *id);
void kmtia_reuse_commit(struct kmtia_reuse *reuse, u64 key_hash,
			const struct kmtia_sa_id *id);

/* --- tracker.c ---------------------------------------------------------- */

enum kmtia_track_state {
	KMTIA_TRACK_PENDING,	/* made; XFRM may yet refuse to insert it */
	KMTIA_TRACK_LIVE,
	KMTIA_TRACK_GONE,	/* remembered, in case it is added again */
};

/**
 * struct kmtia_track - a tracked SA
 * @spi_node: in kmtia_tracker::by_spi
 * @pair_node: in kmtia_tracker::by_pair
 * @node: in the list of its state
 * @event_node: in kmtia_tracker::events while @events is not 0
 * @ref: the tracker has one, readers more
 * @rcu: frees it
 * @id: identity
 * @saddr: source address
 * @reqid: with the next two, for finding mates
 * @if_id: XFRM interface id
 * @mode: XFRM_MODE_*
 * @state: see enum kmtia_track_state
 * @origin: who decided the key
 * @kept: a key should have been dictated, but none came
 * @shadow: an SA of this identity lived when it was made (xfrm_hook.c)
 * @randomised: and so it got a random key
 * @events: bits of enum kmtia_notify_event that are to be told
 * @handle: number of the SA; index in kmtia_tracker::by_handle
 * @mate: handle of the mate, 0 for none
 * @seq: number of the last event
 * @key_hash: keyed hash of all keys
 * @reuse_hash: keyed hash of the key that must be used once, 0 for none
 * @rule: the rule that covers it; pinned
 * @creator: who is making it; compared, never followed
 * @since: when it came into its state, jiffies
 * @manager: UUID of who dictated
 * @key_id: name of the key, or NULL
 */
struct kmtia_track {
	struct rhlist_head spi_node;
	struct rhlist_head pair_node;
	struct list_head node;
	struct list_head event_node;
	refcount_t ref;
	struct rcu_head rcu;
	struct kmtia_sa_id id;
	union kmtia_addr saddr;
	u32 reqid;
	u32 if_id;
	u8 mode;
	u8 state;
	u8 origin;
	bool kept:1;
	bool shadow:1;
	bool randomised:1;
	u8 events;
	u64 handle;
	u64 mate;
	u64 seq;
	u64 key_hash;
	u64 reuse_hash;
	struct kmtia_rule *rule;
	const void *creator;
	unsigned long since;
	u8 manager[KMTIA_UUID_LEN];
	char *key_id;
};

/**
 * struct kmtia_tracker - the tracked SAs of a network namespace
 * @lock: protects all of the rest
 * @dead: the namespace goes; nothing is added or found any more
 * @by_spi: every entry, by protocol and SPI
 * @by_pair: pending and live ones, by what mates have in common
 * @by_handle: pending and live ones, by handle
 * @pending: entries in state PENDING
 * @gone: entries in state GONE, oldest first
 * @events: entries with something to tell
 * @next_handle: handle of the next entry
 * @seq: number of the last event
 * @live: entries in state LIVE
 * @remembered: entries in state GONE
 * @flushed: bits of protocols flushed since the worker ran: 1 ESP, 2 AH
 * @work: tells what happened (notify.c)
 * @reaper: forgets pending and gone entries
 */
struct kmtia_tracker {
	spinlock_t lock;	/* protects all of the rest */
	bool dead;
	struct rhltable by_spi;
	struct rhltable by_pair;
	struct xarray by_handle;
	struct list_head pending;
	struct list_head gone;
	struct list_head events;
	u64 next_handle;
	u64 seq;
	unsigned int live;
	unsigned int remembered;
	u8 flushed;
	struct work_struct work;
	struct delayed_work reaper;
};

int kmtia_tracker_cache_init(void);
void kmtia_tracker_cache_exit(void);
int kmtia_tracker_init(struct kmtia_tracker *tracker);
void kmtia_tracker_exit(struct kmtia_tracker *tracker);
struct kmtia_track *kmtia_track_new(const struct kmtia_sa *sa,
				    struct kmtia_rule *rule);
int kmtia_track_add(struct kmtia_tracker *tracker, struct kmtia_track *track);
void kmtia_track_put(struct kmtia_track *track);
void kmtia_tracker_forget_own(struct kmtia_tracker *tracker);
bool kmtia_tracker_live(struct kmtia_tracker *tracker,
			const struct kmtia_sa_id *id, u64 *reuse_hash);
void kmtia_tracker_event(struct kmtia_tracker *tracker,
			 const struct kmtia_sa_id *id,
			 enum kmtia_notify_event event);
void kmtia_tracker_flushed(struct kmtia_tracker *tracker, u8 protos);
void kmtia_tracker_gone(struct kmtia_tracker *tracker,
			struct kmtia_track *track, bool tell);
struct kmtia_track *kmtia_tracker_readd(struct kmtia_tracker *tracker,
					const struct kmtia_sa *sa,
					u64 key_hash);
bool kmtia_tracker_knows_spi(struct kmtia_tracker *tracker,
			     const struct kmtia_sa *sa);
struct kmtia_track *kmtia_tracker_mate(struct kmtia_tracker *tracker,
				       const struct kmtia_sa *sa);
struct kmtia_track *kmtia_tracker_next(struct kmtia_tracker *tracker,
				       u64 handle);
void kmtia_tracker_describe(struct kmtia_tracker *tracker,
			    const struct kmtia_track *track,
			    struct kmtia_tracked *out);
struct kmtia_track *kmtia_tracker_pop(struct kmtia_tracker *tracker,
				      enum kmtia_notify_event *event,
				      u64 *seq);
u8 kmtia_tracker_pop_flush(struct kmtia_tracker *tracker, u64 *seq);

/* --- km.c --------------------------------------------------------------- */

void kmtia_km_register(void);
void kmtia_km_unregister(void);

/* --- notify.c ----------------------------------------------------------- */

void kmtia_notify_work(struct work_struct *work);

/* --- xfrm_hook.c -------------------------------------------------------- */

int kmtia_hook_use(const struct kmtia_rule_spec *spec,
		   struct netlink_ext_ack *extack);
void kmtia_hook_unuse(const struct kmtia_rule *rule);
unsigned int kmtia_hook_types(void);
int kmtia_hook_init(void);
void kmtia_hook_exit(void);

/* --- netlink_put.c ------------------------------------------------------ */

int kmtia_put_u64(struct sk_buff *skb, int type, u64 value);
int kmtia_put_sa_id(struct sk_buff *skb, int type, const struct kmtia_sa_id *id,
		    const union kmtia_addr *saddr);
int kmtia_put_sa(struct sk_buff *skb, int type, const struct kmtia_sa *sa,
		 const struct kmtia_tracked *tracked,
		 const struct xfrm_state *x, bool with_keys);
int kmtia_put_gone(struct sk_buff *skb, int type, const struct kmtia_sa *sa,
		   const struct kmtia_tracked *tracked);

/* --- netlink.c ---------------------------------------------------------- */

bool kmtia_nl_admin(struct sk_buff *skb, struct net *net);

/* --- monitor.c ---------------------------------------------------------- */

struct kmtia_net;
void kmtia_monitor_manager(struct kmtia_registry *registry,
			   enum kmtia_monitor_event event,
			   const struct kmtia_manager *manager);
void kmtia_monitor_rule(struct net *net, enum kmtia_monitor_event event,
			u32 priority);
void kmtia_monitor_decision(struct net *net, const struct kmtia_decision *d);
void kmtia_monitor_alarm(struct net *net, const struct kmtia_track *track,
			 const char *text);

/* --- upcall.c ----------------------------------------------------------- */

int kmtia_upcall_init(void);
void kmtia_upcall_exit(void);
struct kmtia_manager *kmtia_upcall_find(struct kmtia_registry *registry,
					const struct sock *sk);
bool kmtia_upcall_is_own(const struct kmtia_manager *manager);
u32 kmtia_upcall_pid(const struct kmtia_manager *manager);
u32 kmtia_upcall_uid(const struct kmtia_manager *manager);

/* --- main.c ------------------------------------------------------------- */

enum kmtia_stat {
	KMTIA_STAT_UNMATCHED,
	KMTIA_STAT_MATCHED,
	KMTIA_STAT_QUESTIONS,
	KMTIA_STAT_DICTATED,
	KMTIA_STAT_KEPT,
	KMTIA_STAT_OWN,
	KMTIA_STAT_READDED,
	KMTIA_STAT_EXISTING,
	KMTIA_STAT_REFUSED,
	KMTIA_STAT_FAIL_NO_MANAGER,
	KMTIA_STAT_FAIL_BUSY,
	KMTIA_STAT_FAIL_TIMEOUT,
	KMTIA_STAT_FAIL_DIED,
	KMTIA_STAT_FAIL_CANNOT,
	KMTIA_STAT_FAIL_UNUSABLE,
	KMTIA_STAT_FAIL_OTHER,
	KMTIA_N_STATS
};

/**
 * struct kmtia_net - all that the module has in a network namespace
 * @net: the namespace
 * @node: in the list of all of them (main.c)
 * @visited: which round of kmtia_net_barrier() was here last
 * @lock: serialises changes of @rules and @registry
 * @rules: the administrator's rules
 * @registry: the key managers
 * @tracker: the SAs
 * @reuse: the keys that were used
 * @pending: creators that wait for an answer
 * @flushes: how often ESP and AH SAs were flushed
 * @stats: see enum kmtia_stat
 */
struct kmtia_net {
	struct net *net;
	struct list_head node;
	unsigned long visited;
	struct mutex lock;	/* serialises changes of rules and registry */
	struct kmtia_rules rules;
	struct kmtia_registry registry;
	struct kmtia_tracker tracker;
	struct kmtia_reuse reuse;
	atomic_t pending;
	atomic_t flushes[2];
	atomic64_t stats[KMTIA_N_STATS];
};

struct kmtia_net *kmtia_pernet(const struct net *net);
void kmtia_net_for_each_ref(void (*fn)(struct kmtia_net *kn));

static inline void kmtia_count(struct kmtia_net *kn, enum kmtia_stat stat)
{
	atomic64_inc(&kn->stats[stat]);
}

extern bool kmtia_userns;
extern unsigned int kmtia_readd_ms;

#endif /* _KMTIA_INTERNAL_H */
