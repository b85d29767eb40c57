// SPDX-License-Identifier: GPL-2.0
/*
 * A key manager in the kernel, as an example: it dictates in the network
 * namespace of whoever loads it, in the form that a parameter says, at once or
 * later. Its keys are no secret; use it for nothing but to learn and to test.
 *
 * What a real one would add is where the keys come from. What it must do, too:
 *
 * - hold a reference to its namespace as long as it is registered;
 * - answer from what it has in memory, as a creator of an SA waits;
 * - copy what it needs of the description before its callback returns;
 * - take a reference to a request that it answers later, and put it in any case;
 * - unregister before it goes, which completes whatever is open and waits until
 *   no callback runs, and only then put away what the callbacks use.
 */
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "kmtia.h"

#define MAX_KEY 128	/* of one slot, bytes; no algorithm has more */

static char *form = "keys";
module_param(form, charp, 0444);
MODULE_PARM_DESC(form, "What to answer: keys, expand, mix, cannot or none (default: keys)");

static unsigned int delay_ms;
module_param(delay_ms, uint, 0444);
MODULE_PARM_DESC(delay_ms, "How long to wait before the answer, milliseconds (default: 0)");

static unsigned int weight = 1;
module_param(weight, uint, 0444);
MODULE_PARM_DESC(weight, "The bid; 0 never wins (default: 1)");

static bool asked;
module_param(asked, bool, 0444);
MODULE_PARM_DESC(asked, "Be asked for the bid rather than have a constant weight (default: no)");

static const u8 uuid[KMTIA_UUID_LEN] = {
	0x6b, 0x6d, 0x74, 0x69, 0x61, 0x00, 0x40, 0x00,
	0x80, 0x00, 's', 'a', 'm', 'p', 'l', 'e',
};

static const u8 secret[KMTIA_SECRET_MIN_LEN] = "the secret of a sample: not one!";

static struct kmtia_manager *manager;
static struct net *net;
static struct workqueue_struct *wq;

static DEFINE_SPINLOCK(later_lock);	/* protects later and leaving */
static LIST_HEAD(later);		/* answers that wait for their time */
static bool leaving;

/**
 * struct reply - an answer, and what it points to
 * @node: in the list of those that wait
 * @work: gives it later
 * @req: to what; with a reference
 * @answer: the answer
 * @keys: its keys
 */
struct reply {
	struct list_head node;
	struct delayed_work work;
	struct kmtia_request *req;
	struct kmtia_answer answer;
	u8 keys[KMTIA_MAX_SLOTS][MAX_KEY];
};

/* --- What to answer --------------------------------------------------------- */

/* Each SA has another key, as counter modes need: the SPI is in it. */
static int reply_keys(struct reply *reply, const struct kmtia_sa *sa)
{
	unsigned int i, j;

	for (i = 0; i < sa->n_slots; i++) {
		struct kmtia_key *key = &reply->answer.keys[i];

		key->role = sa->slots[i].role;
		key->len = kmtia_slot_bytes(&sa->slots[i]);
		key->key = reply->keys[i];
		if (key->len > MAX_KEY)
			return -EINVAL;
		for (j = 0; j < key->len; j++)
			reply->keys[i][j] = ((u8 *)&sa->id.spi)[j % 4] ^
					    (0x5a + j + i);
	}
	reply->answer.n_keys = sa->n_slots;
	return 0;
}

static void reply_secret(struct reply *reply, enum kmtia_derivation derivation)
{
	reply->answer.derivation = derivation;
	reply->answer.secret = secret;
	reply->answer.secret_len = sizeof(secret);
}

static void reply_cannot(struct reply *reply)
{
	reply->answer.status = 1;
	reply->answer.text = "the sample has no keys";
}

static void reply_fill(struct reply *reply, const struct kmtia_sa *sa)
{
	reply->answer.origin = KMTIA_ORIGIN_LOCAL;
	reply->answer.key_id = "sample";
	if (!strcmp(form, "expand"))
		reply_secret(reply, KMTIA_DERIVATION_EXPAND);
	else if (!strcmp(form, "mix"))
		reply_secret(reply, KMTIA_DERIVATION_MIX);
	else if (!strcmp(form, "cannot") || reply_keys(reply, sa))
		reply_cannot(reply);
}

/* --- When ------------------------------------------------------------------- */

static void reply_give(struct reply *reply)
{
	const char *why;
	int err;

	err = kmtia_request_answer(reply->req, &reply->answer, &why);
	/* Too late is normal; another error is ours. */
	if (err && err != -ENOENT)
		pr_warn("kmtia_sample: the answer was refused: %s\n",
			why ?: "?");
	kmtia_request_put(reply->req);
	kfree_sensitive(reply);
}

static void reply_work(struct work_struct *work)
{
	struct reply *reply = container_of(to_delayed_work(work), struct reply,
					   work);

	spin_lock(&later_lock);
	list_del(&reply->node);
	spin_unlock(&later_lock);
	reply_give(reply);
}

static void reply_later(struct reply *reply)
{
	INIT_DELAYED_WORK(&reply->work, reply_work);
	spin_lock(&later_lock);
	list_add_tail(&reply->node, &later);
	queue_delayed_work(wq, &reply->work,
			   leaving ? 0 : msecs_to_jiffies(delay_ms));
	spin_unlock(&later_lock);
}

/* Those that wait hold their requests, and these the manager. */
static void reply_now(void)
{
	struct reply *reply;

	spin_lock(&later_lock);
	leaving = true;
	list_for_each_entry(reply, &later, node)
		mod_delayed_work(wq, &reply->work, 0);
	spin_unlock(&later_lock);
}

static int sample_dictate(struct kmtia_manager *m, struct kmtia_request *req)
{
	struct reply *reply;

	if (!strcmp(form, "none"))
		return 0;	/* Let it wait until its deadline. */
	reply = kzalloc(sizeof(*reply), GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	reply->req = kmtia_request_get(req);
	reply_fill(reply, kmtia_request_sa(req));
	if (delay_ms)
		reply_later(reply);
	else
		reply_give(reply);
	return 0;
}

static int sample_check(struct kmtia_manager *m, struct kmtia_request *req)
{
	kmtia_request_bid(req, true, weight);
	return 0;
}

static void sample_notify(struct kmtia_manager *m,
			  const struct kmtia_notification *what)
{
	pr_debug("kmtia_sample: event %llu\n", what->seq);
}

static const struct kmtia_manager_ops sample_ops = {
	.key_dictation_check	= sample_check,
	.key_dictation		= sample_dictate,
	.key_notify		= sample_notify,
};

/* --- Loading and unloading ---------------------------------------------------- */

static int __init sample_init(void)
{
	const struct kmtia_manager_desc desc = {
		.uuid = uuid,
		.name = "sample",
		.description = "a key manager in the kernel",
		.flags = KMTIA_MANAGER_FLAGS_DICTATE |
			 KMTIA_MANAGER_FLAGS_NOTIFY,
		.has_weight = !asked,
		.weight = asked ? 0 : weight,
	};

	wq = alloc_workqueue("kmtia_sample", WQ_UNBOUND, 0);
	if (!wq)
		return -ENOMEM;
	net = get_net(current->nsproxy->net_ns);
	manager = kmtia_manager_register(net, &desc, &sample_ops, NULL);
	if (!IS_ERR(manager))
		return 0;
	put_net(net);
	destroy_workqueue(wq);
	return PTR_ERR(manager);
}

static void __exit sample_exit(void)
{
	/* What waits is answered now, or unregistering would wait for it. */
	reply_now();
	kmtia_manager_unregister(manager);
	destroy_workqueue(wq);
	put_net(net);
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A key manager in the kernel, as an example for kmtia");
