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
 *   kmtia_reuse::lock		which key was used
 *   kmtia_clones::lock		SAs that are moved; only processes take it
 *
 * The last four are spinlocks taken with bottom halves off, because XFRM calls
 * back from softirq. Rules and managers are read under RCU and pinned by
 * reference counts; the list of namespaces has a spinlock of its own (main.c),
 * inside which nothing is locked. Handlers of generic netlink commands run under
 * the kernel's cb_lock: they wait for nothing but, when a rule is added, the
 * modules of the protocols (kmtia_hook_use()), and take neither xfrm_cfg_mutex
 * nor net_rwsem.
 */
#ifndef _KMTIA_INTERNAL_H
#define _KMTIA_INTERNAL_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "kmtia.h"
#include "manager.h"
#include "policy.h"
#include "race.h"
#include "rule.h"
#include "tracker.h"

struct genl_info;
struct kmem_cache;
struct kmtia_net;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;
struct sock;
struct xfrm_state;

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
u32 kmtia_sa_id_hash(const struct kmtia_sa_id *id);
bool kmtia_sa_id_equal(const struct kmtia_sa_id *a, const struct kmtia_sa_id *b);
bool kmtia_addr_equal(const union kmtia_addr *a, const union kmtia_addr *b);
struct xfrm_state *kmtia_sa_lookup(struct net *net, const struct kmtia_sa_id *id);
const char *kmtia_proto_name(u8 proto);

/* --- cache.c ------------------------------------------------------------ */

struct kmem_cache *kmtia_cache_new(const char *name, unsigned int size);

/* --- km.c --------------------------------------------------------------- */

void kmtia_km_register(void);
void kmtia_km_unregister(void);

/* --- notify.c ----------------------------------------------------------- */

void kmtia_notify_work(struct work_struct *work);
struct xfrm_state *kmtia_track_state(struct kmtia_net *kn,
				     const struct kmtia_track *track,
				     bool *gone);

/* --- creation.c --------------------------------------------------------- */

/**
 * struct kmtia_wait_ops - how to wait with an SA in the making
 * @begin: lets go of the creator's lock, if it can; returns whether it did
 * @end: takes it again
 */
struct kmtia_wait_ops {
	bool (*begin)(struct net *net);
	void (*end)(struct net *net);
};

struct kmtia_creation;
struct kmtia_net;

int kmtia_creation_cache_init(void);
void kmtia_creation_cache_exit(void);
int kmtia_creation_begin(struct kmtia_net *kn, struct xfrm_state *x,
			 const struct kmtia_wait_ops *wait,
			 struct netlink_ext_ack *extack,
			 struct kmtia_creation **creation);
int kmtia_creation_end(struct kmtia_creation *c, int err,
		       struct netlink_ext_ack *extack);
void kmtia_creation_probe(struct kmtia_net *kn, struct xfrm_state *x);

/* --- report.c ------------------------------------------------------------ */

void kmtia_report_decision(struct kmtia_net *kn, const struct kmtia_decision *d,
			   struct netlink_ext_ack *extack);
void kmtia_report_no_memory(struct kmtia_net *kn, const struct kmtia_sa *sa,
			    const struct kmtia_rule *rule,
			    struct netlink_ext_ack *extack);

/* --- migrate.c ----------------------------------------------------------- */

/**
 * struct kmtia_clones - SAs of a network namespace that are being moved
 * @lock: protects @list
 * @list: those of which XFRM has not been seen to be done
 * @work: looks for them
 */
struct kmtia_clones {
	spinlock_t lock;	/* protects list */
	struct list_head list;
	struct delayed_work work;
};

void kmtia_clones_init(struct kmtia_clones *clones);
void kmtia_clones_exit(struct kmtia_clones *clones);
int kmtia_clone_begin(struct kmtia_net *kn, struct xfrm_state *x,
		      struct netlink_ext_ack *extack);

/* --- xfrm_hook.c -------------------------------------------------------- */

int kmtia_hook_use(const struct kmtia_rule_spec *spec,
		   struct netlink_ext_ack *extack);
void kmtia_hook_unuse(const struct kmtia_rule *rule);
unsigned int kmtia_hook_types(void);
int kmtia_hook_init(void);
void kmtia_hook_exit(void);

/* --- netlink_put.c ------------------------------------------------------ */

int kmtia_put_u64(struct sk_buff *skb, int type, u64 value);
int kmtia_put_times(struct sk_buff *skb, int type,
		    const struct kmtia_histogram *histogram);
int kmtia_put_sa_id(struct sk_buff *skb, int type, const struct kmtia_sa_id *id,
		    const union kmtia_addr *saddr);
int kmtia_put_sa(struct sk_buff *skb, int type, const struct kmtia_sa *sa,
		 const struct kmtia_tracked *tracked,
		 const struct xfrm_state *x, bool with_keys);
unsigned int kmtia_sa_room(const struct kmtia_sa *sa);
int kmtia_put_gone(struct sk_buff *skb, int type, const struct kmtia_sa *sa,
		   const struct kmtia_tracked *tracked);

/* --- netlink.c ---------------------------------------------------------- */

bool kmtia_nl_admin(struct sk_buff *skb, struct net *net);

/* --- netlink_rule.c ------------------------------------------------------ */

int kmtia_nl_parse_selectors(struct genl_info *info,
			     struct kmtia_rule_spec *spec);

/* --- netlink_request.c --------------------------------------------------- */

int kmtia_put_question(struct sk_buff *skb, const struct kmtia_request *req);
unsigned int kmtia_question_room(const struct kmtia_request *req);

/* --- audit.c ------------------------------------------------------------- */

void kmtia_audit_manager_del(const struct kmtia_manager *manager);
void kmtia_audit_decision(const struct kmtia_decision *d);

/* --- mismatch.c ---------------------------------------------------------- */

void kmtia_mismatch_work(struct work_struct *work);

/* --- monitor.c ---------------------------------------------------------- */

void kmtia_monitor_manager(struct kmtia_registry *registry,
			   enum kmtia_monitor_event event,
			   const struct kmtia_manager *manager);
void kmtia_monitor_rule(struct net *net, enum kmtia_monitor_event event,
			u32 priority);
void kmtia_monitor_policy(struct net *net, enum kmtia_monitor_event event,
			  const u8 *uuid);
void kmtia_monitor_decision(struct net *net, const struct kmtia_decision *d);
void kmtia_monitor_alarm(struct net *net, const struct kmtia_track *track,
			 const char *text);
void kmtia_monitor_mismatch(struct net *net, const struct kmtia_track *track,
			    u32 failed);

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
	KMTIA_STAT_STANDING,
	KMTIA_STAT_MISMATCHED,
	KMTIA_N_STATS
};

/**
 * struct kmtia_net - all that the module has in a network namespace
 * @net: the namespace
 * @node: in the list of all of them (main.c)
 * @visited: which round of kmtia_nets_walk() was here last
 * @lock: serialises changes of @rules and @registry, and all use of @policies
 * @rules: the administrator's rules
 * @policies: who may register key managers
 * @registry: the key managers
 * @tracker: the SAs
 * @clones: the SAs that are being moved
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
	struct kmtia_policies policies;
	struct kmtia_registry registry;
	struct kmtia_tracker tracker;
	struct kmtia_clones clones;
	struct kmtia_reuse reuse;
	atomic_t pending;
	atomic_t flushes[KMTIA_N_FLUSHES];
	atomic64_t stats[KMTIA_N_STATS];
};

struct kmtia_net *kmtia_pernet(const struct net *net);
typedef void (*kmtia_nets_fn)(struct kmtia_net *kn);
void kmtia_nets_walk(kmtia_nets_fn fn);

static inline void kmtia_count(struct kmtia_net *kn, enum kmtia_stat stat)
{
	atomic64_inc(&kn->stats[stat]);
}

extern struct workqueue_struct *kmtia_wq;
extern bool kmtia_userns;
extern unsigned int kmtia_readd_ms;

#endif /* _KMTIA_INTERNAL_H */
