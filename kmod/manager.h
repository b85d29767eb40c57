/* SPDX-License-Identifier: GPL-2.0 */
/* Key managers, the questions to them, and the decision */
#ifndef _KMTIA_MANAGER_H
#define _KMTIA_MANAGER_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "histogram.h"
#include "kmtia.h"

#define KMTIA_MAX_MANAGERS	32	/* in one network namespace */
#define KMTIA_MAX_BY_POLICY	16	/* of them, by the manager policy */
#define KMTIA_MAX_ORPHANS	32	/* likewise */
#define KMTIA_MAX_BIDDERS	(KMTIA_MAX_MANAGERS + KMTIA_MAX_ORPHANS)
#define KMTIA_MAX_SECRETS	1024	/* of one manager */
#define KMTIA_DEFAULT_HINT	5	/* seconds */

struct kmtia_kdf;
struct kmtia_rule;
struct kmtia_rule_spec;

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
	KMTIA_MANAGER_STANDING,
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
 * @lock: protects @open, @dead, @secrets and @n_secrets
 * @open: its requests that are in the making or open
 * @dead: unregistered; takes no request any more
 * @owner: the user that registered
 * @secrets: its standing secrets, by number
 * @n_secrets: how many
 * @grace: how long they outlive the registration, milliseconds
 * @estate: what holds them then; made at the registration, so that it is there
 *	when it is needed
 * @orphan: this is such an estate: never asked, in kmtia_registry::orphans
 * @grace_ends: of an orphan, nanoseconds since boot, sleep included
 * @state: bits: KMTIA_MANAGER_STALLED, it missed a deadline, and is skipped until
 *	it is heard
 * @last_seq: number of the last notification; only the notify worker uses it
 * @counters: see enum kmtia_manager_counter
 * @times: of its answers
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
	spinlock_t lock;	/* protects open, dead, secrets, n_secrets */
	struct list_head open;
	bool dead;
	kuid_t owner;
	struct list_head secrets;
	unsigned int n_secrets;
	u32 grace;
	struct kmtia_manager *estate;
	bool orphan;
	u64 grace_ends;
	unsigned long state;
	u64 last_seq;
	atomic64_t counters[KMTIA_MANAGER_N_COUNTERS];
	struct kmtia_histogram times;
	struct completion *gone;
};

/**
 * struct kmtia_registry - the key managers of a network namespace
 * @managers: in order of registration; read under RCU
 * @count: entries in @managers
 * @orphans: the estates of managers in their grace, with standing secrets; read
 *	under RCU
 * @n_orphans: entries in @orphans
 * @moves: secrets went from one manager to another so often; odd while they do
 * @reaper: wipes secrets whose time has passed
 * @draining: the module is being unloaded; no request is taken
 * @lock: serialises registrations (kmtia_net::lock)
 * @event: told when a manager comes, goes, stalls or recovers
 * @times: of all answers
 */
struct kmtia_registry {
	struct list_head managers;
	unsigned int count;
	struct list_head orphans;
	unsigned int n_orphans;
	unsigned int moves;
	struct delayed_work reaper;
	bool draining;
	struct mutex *lock;	/* serialises registrations */
	void (*event)(struct kmtia_registry *registry,
		      enum kmtia_monitor_event event,
		      const struct kmtia_manager *manager);
	struct kmtia_histogram times;
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
bool kmtia_manager_end(struct kmtia_manager *manager, bool grace);
struct kmtia_manager *kmtia_manager_find(struct kmtia_registry *registry,
					 const u8 *uuid);
unsigned int kmtia_registry_bidders(struct kmtia_registry *registry,
				    const struct kmtia_rule *rule,
				    struct kmtia_manager **bidders,
				    unsigned int room);
struct kmtia_manager *kmtia_registry_heir(struct kmtia_registry *registry,
					  const u8 *uuid);
void kmtia_manager_missed(struct kmtia_manager *manager);
void kmtia_manager_heard(struct kmtia_manager *manager);

#define KMTIA_MANAGER_STALLED	0	/* bit of kmtia_manager::state */

static inline bool kmtia_manager_stalled(const struct kmtia_manager *manager)
{
	return test_bit(KMTIA_MANAGER_STALLED, &manager->state);
}

static inline void kmtia_manager_count(struct kmtia_manager *manager,
				       enum kmtia_manager_counter counter)
{
	atomic64_inc(&manager->counters[counter]);
}

/* --- orphan.c ------------------------------------------------------------ */

struct kmtia_manager *kmtia_estate_new(struct kmtia_registry *registry);
void kmtia_orphans_init(struct kmtia_registry *registry);
void kmtia_orphans_inherit(struct kmtia_registry *registry,
			   struct kmtia_manager *heir);
bool kmtia_orphan_add(struct kmtia_registry *registry,
		      struct kmtia_manager *manager);
int kmtia_orphan_end(struct kmtia_registry *registry, const u8 *uuid);
void kmtia_orphans_clear(struct kmtia_registry *registry);
void kmtia_registry_reap(struct kmtia_registry *registry);

/* --- secret.c ------------------------------------------------------------ */

/**
 * struct kmtia_secret_desc - a standing secret
 * @number: its name among those of its manager
 * @match: which SAs it is for: only what selects counts
 * @has_rule: @rule selects, too
 * @rule: priority of the rule that covers the SA
 * @derivation: how keys are made of it
 * @secret: the bytes; not needed afterwards
 * @len: how many
 * @key_id: its name, or NULL
 * @weight: its bid
 * @not_after: when it ends, seconds since 1970; 0 for never
 * @origin: KMTIA_ORIGIN_LOCAL or KMTIA_ORIGIN_PEER
 * @gen_key: as in struct kmtia_answer
 */
struct kmtia_secret_desc {
	u32 number;
	const struct kmtia_rule_spec *match;
	bool has_rule;
	u32 rule;
	enum kmtia_derivation derivation;
	const u8 *secret;
	size_t len;
	const char *key_id;
	u32 weight;
	time64_t not_after;
	enum kmtia_origin origin;
	bool gen_key;
};

/**
 * struct kmtia_standing - what a standing secret says besides the keys
 * @key_id: its name
 * @origin: of the keys
 * @gen_key: may the keying module's own key be used if these can't be?
 */
struct kmtia_standing {
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	enum kmtia_origin origin;
	bool gen_key;
};

struct kmtia_decision;

int kmtia_secret_set(struct kmtia_manager *manager,
		     const struct kmtia_secret_desc *desc);
int kmtia_secret_del(struct kmtia_manager *manager, u32 number);
void kmtia_secrets_wipe(struct kmtia_manager *manager);
void kmtia_secrets_inherit(struct kmtia_manager *heir,
			   struct kmtia_manager *from);
time64_t kmtia_secrets_expire(struct kmtia_manager *manager, time64_t now);
bool kmtia_secret_bid(struct kmtia_manager *manager,
		      const struct kmtia_decision *d, u32 *weight);
int kmtia_secret_answer(struct kmtia_manager *manager, struct kmtia_decision *d,
			struct kmtia_standing *answer, const char **why);

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
 * @asked: when it was made, nanoseconds
 * @err: with UNSENT, why; with UNUSABLE, what the answerer was told
 * @will_dictate: with BID
 * @weight: with BID
 * @status: with CANNOT
 * @gen_key: with CANNOT and UNUSABLE
 * @origin: with KEYS
 * @why: with UNUSABLE; a constant string
 * @text: with CANNOT; this and the next are not cleared but at their beginning
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
	u64 asked;
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
void kmtia_request_complete(struct kmtia_request *req,
			    enum kmtia_request_state state);
bool kmtia_request_close(struct kmtia_request *req,
			 enum kmtia_request_state state, int err);
void kmtia_request_finish(struct kmtia_request *req);
struct kmtia_request *kmtia_request_find(struct kmtia_manager *manager, u64 id);
struct kmtia_request *kmtia_request_next(struct kmtia_manager *manager, u64 id);
void kmtia_requests_close(struct kmtia_manager *manager,
			  enum kmtia_request_state state);
void kmtia_copy_text(char *to, const char *from, size_t size);

/* --- answer.c ------------------------------------------------------------ */

int kmtia_keys_derive(struct kmtia_decision *d, const struct kmtia_kdf *kdf,
		      const char *key_id, const char **why);
int kmtia_keys_check(struct kmtia_decision *d, const char **why);

/* --- round.c ------------------------------------------------------------- */

void kmtia_round_timer(struct timer_list *timer);
int kmtia_round_ask(struct kmtia_decision *d, struct kmtia_manager *manager,
		    bool check, bool keys, unsigned long latest);
int kmtia_round_wait(struct kmtia_decision *d);
void kmtia_round_end(struct kmtia_decision *d);

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
	KMTIA_VERDICT_REFUSED,	/* fail with kmtia_decision::err */
	KMTIA_VERDICT_DICTATED,	/* use the keys in kmtia_decision::keys */
	KMTIA_VERDICT_KEPT,	/* use the keying module's */
};

/**
 * struct kmtia_decision - shall this SA be dictated, by whom, with which keys?
 * @ops: set by the caller, as all down to @mate_dictated
 * @registry: whom to ask
 * @rule: the rule that covers the SA
 * @sa: the SA
 * @mate: the SA of the other direction where that is certain, or NULL
 * @module_keys: the keying module's own keys, a slot each; only ever hashed
 * @mate_dictated: the mate has a dictated key; then this SA must have one, too
 * @mate_kept: the mate has kept the keying module's; then this SA must, too
 * @mate_manager: UUID of who dictated the mate's, or NULL; it goes first
 * @verdict: what was decided; the rest says how
 * @err: 0, or why no key came (with KEPT as well as with REFUSED)
 * @manager: who dictated, or failed; pinned; or NULL
 * @status: the manager's own number, with -EKEYREJECTED
 * @origin: of the keys
 * @standing: the keys are those of a standing secret
 * @questions: how many were asked
 * @keys: the keys, a slot each; NULL if none
 * @key_buf: where @keys points to
 * @expires: deadline for all questions, jiffies
 * @open: requests that are open
 * @n_requests: how many are in @requests
 * @gen_key: of the last refusal or unusable key
 * @wait: the creator sleeps here
 * @timer: deadline of the requests
 * @requests: those that were sent in this round
 * @key_id: name of the keys
 * @reason: why no key came, for people
 */
struct kmtia_decision {
	const struct kmtia_decision_ops *ops;
	struct kmtia_registry *registry;
	const struct kmtia_rule *rule;
	const struct kmtia_sa *sa;
	const struct kmtia_sa *mate;
	u8 *module_keys[KMTIA_MAX_SLOTS];
	bool mate_dictated;
	bool mate_kept;
	const u8 *mate_manager;

	enum kmtia_verdict verdict;
	int err;
	struct kmtia_manager *manager;
	u32 status;
	enum kmtia_origin origin;
	bool standing;
	unsigned int questions;
	u8 *keys[KMTIA_MAX_SLOTS];

	/* private to dictation.c, round.c and request.c */
	u8 *key_buf;
	unsigned long expires;
	atomic_t open;
	unsigned int n_requests;
	bool gen_key;

	/* from here on nothing needs to be zero */
	wait_queue_head_t wait;
	struct timer_list timer;
	struct kmtia_request *requests[KMTIA_MAX_MANAGERS];
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	char reason[KMTIA_NAME_MAX_LEN + KMTIA_TEXT_MAX_LEN + 64];
};

int kmtia_decide(struct kmtia_decision *d);
void kmtia_decision_release(struct kmtia_decision *d);

/* --- outcome.c ----------------------------------------------------------- */

void kmtia_decision_manager(struct kmtia_decision *d,
			    struct kmtia_manager *manager);
__printf(4, 5)
void kmtia_decision_fail(struct kmtia_decision *d,
			 struct kmtia_manager *manager, int err,
			 const char *fmt, ...);
void kmtia_fail_unsent(struct kmtia_decision *d, struct kmtia_manager *manager,
		       int err);
void kmtia_fail_stalled(struct kmtia_decision *d,
			struct kmtia_manager *manager);
void kmtia_fail_request(struct kmtia_decision *d, struct kmtia_request *req);

#endif /* _KMTIA_MANAGER_H */
