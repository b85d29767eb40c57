// SPDX-License-Identifier: GPL-2.0
/*
 * Standing secrets: what a key manager answers in advance, for all SAs that
 * rules let it dictate and that the secret's selectors cover. The file knows
 * neither XFRM nor netlink.
 *
 * DOC: the life of a standing secret
 *
 * A secret is used only with kmtia_manager::lock held, and wiped under it: when
 * kmtia_secret_del() returns, or the end of the manager has been told, its
 * bytes are nowhere in the kernel. It is therefore looked for twice, when it
 * bids and when its turn comes, and may be gone in between.
 */
#include "internal.h"
#include "kdf.h"

#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

/**
 * struct kmtia_secret - a standing secret
 * @node: in kmtia_manager::secrets
 * @number: as the rest, see struct kmtia_secret_desc
 * @match: which SAs
 * @has_rule: whether @rule selects
 * @rule: priority
 * @weight: bid
 * @not_after: end
 * @origin: of the keys
 * @gen_key: for the rule's action
 * @key_id: name, as it takes part in the derivation
 * @kdf: the secret
 */
struct kmtia_secret {
	struct list_head node;
	u32 number;
	struct kmtia_rule_spec match;
	bool has_rule;
	u32 rule;
	u32 weight;
	time64_t not_after;
	enum kmtia_origin origin;
	bool gen_key;
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	struct kmtia_kdf kdf;
};

static struct kmtia_secret *secret_new(const struct kmtia_secret_desc *desc)
{
	struct kmtia_secret *secret = kzalloc(sizeof(*secret),
					      GFP_KERNEL_ACCOUNT);

	if (!secret)
		return NULL;
	secret->number = desc->number;
	secret->match = *desc->match;
	secret->has_rule = desc->has_rule;
	secret->rule = desc->rule;
	secret->weight = desc->weight;
	secret->not_after = desc->not_after;
	secret->origin = desc->origin;
	secret->gen_key = desc->gen_key;
	if (desc->key_id)
		strscpy(secret->key_id, desc->key_id, sizeof(secret->key_id));
	return secret;
}

static void secret_free(struct kmtia_manager *manager,
			struct kmtia_secret *secret)
{
	lockdep_assert_held(&manager->lock);
	list_del(&secret->node);
	manager->n_secrets--;
	kfree_sensitive(secret);
}

/* The secret of that number, or the one before which it would be. */
static struct kmtia_secret *secret_place(struct kmtia_manager *manager,
					 u32 number, struct list_head **before)
{
	struct kmtia_secret *pos;

	lockdep_assert_held(&manager->lock);
	list_for_each_entry(pos, &manager->secrets, node)
		if (pos->number >= number)
			break;
	*before = &pos->node;
	return !list_entry_is_head(pos, &manager->secrets, node) &&
	       pos->number == number ? pos : NULL;
}

static int secret_link(struct kmtia_manager *manager,
		       struct kmtia_secret *secret)
{
	struct kmtia_secret *old;
	struct list_head *before;

	if (manager->dead)
		return -EKEYREVOKED;
	old = secret_place(manager, secret->number, &before);
	if (!old && manager->n_secrets >= KMTIA_MAX_SECRETS)
		return -ENOSPC;
	list_add_tail(&secret->node, before);
	manager->n_secrets++;
	if (old)
		secret_free(manager, old);
	return 0;
}

/**
 * kmtia_secret_set() - set a standing secret
 * @manager: whose
 * @desc: the secret; not needed afterwards
 *
 * A secret of the same number is replaced: there is no moment without one.
 *
 * Context: process.
 * Return:
 * * 0
 * * %-EINVAL: the length is not one that a secret may have
 * * %-ENOSPC: the manager has too many
 * * %-EKEYREVOKED: the manager is not registered any more
 * * %-ENOMEM
 */
int kmtia_secret_set(struct kmtia_manager *manager,
		     const struct kmtia_secret_desc *desc)
{
	struct kmtia_secret *secret = secret_new(desc);
	int err;

	if (!secret)
		return -ENOMEM;
	err = kmtia_kdf_init(&secret->kdf, desc->derivation, desc->secret,
			     desc->len);
	if (!err) {
		spin_lock_bh(&manager->lock);
		err = secret_link(manager, secret);
		spin_unlock_bh(&manager->lock);
	}
	if (err)
		kfree_sensitive(secret);
	else if (desc->not_after)
		kmtia_registry_reap(manager->registry);
	return err;
}

/**
 * kmtia_secret_del() - wipe a standing secret
 * @manager: whose
 * @number: which
 *
 * Return: 0, or %-ENOENT if there is none of that number.
 */
int kmtia_secret_del(struct kmtia_manager *manager, u32 number)
{
	struct kmtia_secret *secret;
	struct list_head *before;

	spin_lock_bh(&manager->lock);
	secret = secret_place(manager, number, &before);
	if (secret)
		secret_free(manager, secret);
	spin_unlock_bh(&manager->lock);
	return secret ? 0 : -ENOENT;
}

/**
 * kmtia_secrets_wipe() - wipe all standing secrets
 * @manager: whose
 */
void kmtia_secrets_wipe(struct kmtia_manager *manager)
{
	struct kmtia_secret *secret, *next;

	spin_lock_bh(&manager->lock);
	list_for_each_entry_safe(secret, next, &manager->secrets, node)
		secret_free(manager, secret);
	spin_unlock_bh(&manager->lock);
}

/**
 * kmtia_secrets_inherit() - secrets go from one manager to another
 * @heir: the new one, which nobody sees yet
 * @from: the old one
 */
void kmtia_secrets_inherit(struct kmtia_manager *heir,
			   struct kmtia_manager *from)
{
	spin_lock_bh(&from->lock);
	list_splice_tail_init(&from->secrets, &heir->secrets);
	heir->n_secrets += from->n_secrets;
	from->n_secrets = 0;
	spin_unlock_bh(&from->lock);
}

static bool secret_ended(const struct kmtia_secret *secret, time64_t now)
{
	return secret->not_after && now >= secret->not_after;
}

/**
 * kmtia_secrets_expire() - wipe the standing secrets whose time has passed
 * @manager: whose
 * @now: seconds since 1970
 *
 * Return: seconds until the next one ends; %TIME64_MAX if none does.
 */
time64_t kmtia_secrets_expire(struct kmtia_manager *manager, time64_t now)
{
	struct kmtia_secret *secret, *next;
	time64_t left = TIME64_MAX;

	spin_lock_bh(&manager->lock);
	list_for_each_entry_safe(secret, next, &manager->secrets, node) {
		if (secret_ended(secret, now))
			secret_free(manager, secret);
		else if (secret->not_after)
			left = min(left, secret->not_after - now);
	}
	spin_unlock_bh(&manager->lock);
	return left;
}

static struct kmtia_secret *secret_find(struct kmtia_manager *manager,
					const struct kmtia_decision *d)
{
	time64_t now = ktime_get_real_seconds();
	struct kmtia_secret *secret;

	lockdep_assert_held(&manager->lock);
	if (manager->orphan && ktime_get_boottime_ns() >= manager->grace_ends)
		return NULL;
	list_for_each_entry(secret, &manager->secrets, node)
		if (!secret_ended(secret, now) &&
		    (!secret->has_rule ||
		     secret->rule == d->rule->spec.priority) &&
		    kmtia_rule_covers(&secret->match, d->sa))
			return secret;
	return NULL;
}

/**
 * kmtia_secret_bid() - has a manager a standing secret for this SA?
 * @manager: the manager
 * @d: the decision
 * @weight: set to its bid
 *
 * Return: whether it has one.
 */
bool kmtia_secret_bid(struct kmtia_manager *manager,
		      const struct kmtia_decision *d, u32 *weight)
{
	struct kmtia_secret *secret;

	if (!READ_ONCE(manager->n_secrets))
		return false;
	spin_lock_bh(&manager->lock);
	secret = secret_find(manager, d);
	if (secret)
		*weight = secret->weight;
	spin_unlock_bh(&manager->lock);
	return secret;
}

/**
 * kmtia_secret_answer() - derive the keys of an SA from a standing secret
 * @manager: whose
 * @d: the decision; gets the keys
 * @answer: filled in, also if the keys can't be used
 * @why: set to a constant sentence if the keys can't be used
 *
 * Return:
 * * 0
 * * %-ENOENT: it has none any more
 * * %-EINVAL: they can't be derived
 * * %-EKEYREJECTED: a key is all zero, or another SA has had it
 */
int kmtia_secret_answer(struct kmtia_manager *manager, struct kmtia_decision *d,
			struct kmtia_standing *answer, const char **why)
{
	struct kmtia_secret *secret;
	int err = -ENOENT;

	spin_lock_bh(&manager->lock);
	secret = secret_find(manager, d);
	if (secret) {
		kmtia_copy_text(answer->key_id, secret->key_id,
				sizeof(answer->key_id));
		answer->origin = secret->origin;
		answer->gen_key = secret->gen_key;
		err = kmtia_keys_derive(d, &secret->kdf, secret->key_id, why);
	}
	spin_unlock_bh(&manager->lock);
	return err ?: kmtia_keys_check(d, why);
}
