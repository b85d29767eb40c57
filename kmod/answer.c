// SPDX-License-Identifier: GPL-2.0
/*
 * What a key manager answers, and whether it can be used. The file knows
 * neither XFRM nor netlink.
 */
#include "internal.h"
#include "kdf.h"

#include <linux/module.h>
#include <linux/string.h>

/**
 * kmtia_request_bid() - answer whether the manager dictates this SA
 * @req: the request
 * @will_dictate: whether it does
 * @weight: its bid; 0 never wins
 *
 * Context: any.
 * Return:
 * * 0: the request is completed
 * * %-ENOENT: it was completed before
 * * %-EINVAL: keys are awaited, and a manager that wants the SA answers with
 *   them; or it has bid before. The request is still open.
 */
int kmtia_request_bid(struct kmtia_request *req, bool will_dictate, u32 weight)
{
	int err = 0;

	spin_lock_bh(&req->lock);
	if (req->state != KMTIA_REQUEST_OPEN) {
		err = -ENOENT;
	} else if (!req->check || (req->keys && will_dictate && weight)) {
		err = -EINVAL;
	} else {
		req->will_dictate = will_dictate;
		req->weight = weight;
		kmtia_request_complete(req, KMTIA_REQUEST_BID);
	}
	spin_unlock_bh(&req->lock);
	return err;
}
EXPORT_SYMBOL_GPL(kmtia_request_bid);

#define BY_ROLE(problem) {						\
	[KMTIA_SLOT_ROLE_AEAD] = "the aead key " problem,		\
	[KMTIA_SLOT_ROLE_ENCRYPTION] = "the encryption key " problem,	\
	[KMTIA_SLOT_ROLE_AUTHENTICATION] =				\
		"the authentication key " problem,			\
}

static const char * const why_missing[] = BY_ROLE("is missing");
static const char * const why_unknown[] = BY_ROLE("is for no slot of the SA");
static const char * const why_length[] = BY_ROLE("has the wrong length");
static const char * const why_zero[] = BY_ROLE("is all zero");
static const char * const why_used[] = BY_ROLE("was used by another SA");

static const struct kmtia_key *answer_key(const struct kmtia_answer *answer,
					  enum kmtia_slot_role role)
{
	unsigned int i;

	for (i = 0; i < answer->n_keys; i++)
		if (answer->keys[i].role == role)
			return &answer->keys[i];
	return NULL;
}

static bool sa_has_role(const struct kmtia_sa *sa, enum kmtia_slot_role role)
{
	unsigned int i;

	for (i = 0; i < sa->n_slots; i++)
		if (sa->slots[i].role == role)
			return true;
	return false;
}

/* May these bytes, long enough, be the key of that slot? */
static int key_check(struct kmtia_decision *d, const struct kmtia_slot *slot,
		     const u8 *key, const char **why)
{
	unsigned int secret = (slot->bits - slot->salt_bits + 7) / 8;

	if (secret && !memchr_inv(key, 0, secret)) {
		*why = why_zero[slot->role];
		return -EKEYREJECTED;
	}
	if (slot->once && !d->ops->key_fresh(d, slot, key)) {
		*why = why_used[slot->role];
		return -EKEYREJECTED;
	}
	return 0;
}

static int slots_check(const struct kmtia_sa *sa,
		       const struct kmtia_answer *answer, const char **why)
{
	const struct kmtia_key *key;
	unsigned int i;

	for (i = 0; i < answer->n_keys; i++) {
		if (sa_has_role(sa, answer->keys[i].role))
			continue;
		*why = why_unknown[answer->keys[i].role];
		return -EINVAL;
	}
	for (i = 0; i < sa->n_slots; i++) {
		key = answer_key(answer, sa->slots[i].role);
		if (!key) {
			*why = why_missing[sa->slots[i].role];
			return -EINVAL;
		}
		if (key->len != kmtia_slot_bytes(&sa->slots[i])) {
			*why = why_length[sa->slots[i].role];
			return -EINVAL;
		}
	}
	return 0;
}

/**
 * kmtia_keys_check() - may the SA have these keys?
 * @d: the decision, with keys
 * @why: set to a constant sentence if not
 *
 * Return: 0, or %-EKEYREJECTED if a key is all zero, or another SA has had it.
 */
int kmtia_keys_check(struct kmtia_decision *d, const char **why)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < d->sa->n_slots && !err; i++)
		err = key_check(d, &d->sa->slots[i], d->keys[i], why);
	return err;
}

static int keys_malformed(const struct kmtia_answer *answer, const char **why)
{
	unsigned int i, j;

	if (answer->n_keys > KMTIA_MAX_SLOTS) {
		*why = "there are too many slots";
		return -EINVAL;
	}
	for (i = 0; i < answer->n_keys; i++) {
		if (answer->keys[i].role > KMTIA_SLOT_ROLE_AUTHENTICATION) {
			*why = "there is no such role of a slot";
			return -EINVAL;
		}
		for (j = 0; j < i; j++) {
			if (answer->keys[i].role != answer->keys[j].role)
				continue;
			*why = "two slots have the same role";
			return -EINVAL;
		}
	}
	return 0;
}

static int secret_malformed(const struct kmtia_answer *answer, const char **why)
{
	if (!answer->secret && !answer->derivation)
		return 0;
	if (!answer->secret)
		*why = "a derivation without a secret";
	else if (!answer->derivation)
		*why = "a secret without a derivation";
	else if (answer->derivation > KMTIA_DERIVATION_MIX)
		*why = "there is no such derivation";
	else if (answer->secret_len < KMTIA_SECRET_MIN_LEN ||
		 answer->secret_len > KMTIA_SECRET_MAX_LEN)
		*why = "a secret has 32 to 1024 bytes";
	else if (answer->n_keys)
		*why = "an answer has slots or a secret, not both";
	else if (answer->key_id &&
		 strlen(answer->key_id) > KMTIA_KEY_ID_MAX_LEN)
		*why = "the key-id is too long";
	else
		return 0;
	return -EINVAL;
}

/* Is it an answer at all? One that is not completes nothing. */
static int answer_malformed(const struct kmtia_answer *answer, const char **why)
{
	int err;

	if (answer->status && (answer->n_keys || answer->secret)) {
		*why = "an answer has keys or a status, not both";
		return -EINVAL;
	}
	if (!answer->status && answer->origin != KMTIA_ORIGIN_LOCAL &&
	    answer->origin != KMTIA_ORIGIN_PEER) {
		*why = "origin is neither local nor peer";
		return -EINVAL;
	}
	err = keys_malformed(answer, why);
	return err ?: secret_malformed(answer, why);
}

/* The keys go where the creator will take them, and nowhere else. */
static int keys_take(struct kmtia_decision *d,
		     const struct kmtia_answer *answer, const char **why)
{
	unsigned int i;
	int err;

	err = slots_check(d->sa, answer, why);
	if (err)
		return err;
	for (i = 0; i < d->sa->n_slots; i++)
		memcpy(d->keys[i],
		       answer_key(answer, d->sa->slots[i].role)->key,
		       kmtia_slot_bytes(&d->sa->slots[i]));
	return 0;
}

/**
 * kmtia_keys_derive() - derive the keys of an SA
 * @d: the decision; gets the keys
 * @kdf: the secret
 * @key_id: its name
 * @why: set to a constant sentence if it can't be done
 *
 * Context: any; the creator waits, or is the caller.
 * Return: 0 or %-EINVAL.
 */
int kmtia_keys_derive(struct kmtia_decision *d, const struct kmtia_kdf *kdf,
		      const char *key_id, const char **why)
{
	int err;

	err = kmtia_kdf_derive(kdf, d->sa, key_id, d->module_keys, d->keys);
	if (err)
		*why = "the SA's keys are longer than can be derived";
	return err;
}

/* @kdf is the secret in @answer, made ready, or NULL. */
static int answer_take(struct kmtia_request *req,
		       const struct kmtia_answer *answer,
		       const struct kmtia_kdf *kdf, const char **why)
{
	struct kmtia_decision *d = req->decision;
	int err;

	if (kdf)
		err = kmtia_keys_derive(d, kdf, answer->key_id ?: "", why);
	else
		err = keys_take(d, answer, why);
	if (!err)
		err = kmtia_keys_check(d, why);
	if (err)
		return err;
	if (answer->key_id)
		kmtia_copy_text(req->key_id, answer->key_id,
				sizeof(req->key_id));
	req->origin = answer->origin;
	return 0;
}

static int answer_locked(struct kmtia_request *req,
			 const struct kmtia_answer *answer,
			 const struct kmtia_kdf *kdf, const char **why)
{
	int err;

	lockdep_assert_held(&req->lock);
	if (req->state != KMTIA_REQUEST_OPEN)
		return -ENOENT;
	if (!req->keys) {
		*why = "the question was for a bid, not for keys";
		return -EINVAL;
	}
	req->gen_key = answer->gen_key;
	if (answer->status) {
		req->status = answer->status;
		if (answer->text)
			kmtia_copy_text(req->text, answer->text,
					sizeof(req->text));
		kmtia_request_complete(req, KMTIA_REQUEST_CANNOT);
		return 0;
	}
	err = answer_take(req, answer, kdf, why);
	if (err) {
		req->err = err;
		req->why = *why;
	}
	kmtia_request_complete(req, err ? KMTIA_REQUEST_UNUSABLE :
					  KMTIA_REQUEST_KEYS);
	return err;
}

/**
 * kmtia_request_answer() - answer which keys, or why none
 * @req: the request
 * @answer: the answer; all in it remains the caller's
 * @why: set to a constant sentence if the keys can't be used
 *
 * A key that can't be used completes the request, too: the manager has had its
 * say.
 *
 * Context: any.
 * Return:
 * * 0: the request is completed, the keys will be used or the refusal heeded
 * * %-ENOENT: the request was completed before
 * * %-EINVAL: a slot is missing, unknown, or has the wrong length. Also, with
 *   the request still open: the answer is none (origin, number or roles of
 *   slots, length of the secret), or the manager was asked for a bid only
 * * %-EKEYREJECTED: a key is all zero, or another SA has had it
 */
int kmtia_request_answer(struct kmtia_request *req,
			 const struct kmtia_answer *answer, const char **why)
{
	struct kmtia_kdf kdf;
	int err;

	*why = NULL;
	err = answer_malformed(answer, why);
	if (err)
		return err;
	/* What does not depend on the SA, before the lock is taken. */
	if (answer->secret)
		kmtia_kdf_init(&kdf, answer->derivation, answer->secret,
			       answer->secret_len);
	spin_lock_bh(&req->lock);
	err = answer_locked(req, answer, answer->secret ? &kdf : NULL, why);
	spin_unlock_bh(&req->lock);
	if (answer->secret)
		kmtia_kdf_wipe(&kdf);
	return err;
}
EXPORT_SYMBOL_GPL(kmtia_request_answer);
