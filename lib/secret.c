// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Standing secrets: answers in advance, which the kernel keeps. All goes by the
 * registration's socket, since it is by this that the kernel knows whose they are.
 */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "internal.h"

/* A secret that keys are to be derived from, standing or for one question. */
int kmtia_check_secret(struct kmtia *h, const uint8_t *secret, size_t len)
{
	if (len < KMTIA_SECRET_MIN_LEN || len > KMTIA_SECRET_MAX_LEN)
		return kmtia_fail(h, -EINVAL, "secret has %zu bytes, should have %d to %d", len,
				  KMTIA_SECRET_MIN_LEN, KMTIA_SECRET_MAX_LEN);
	return secret ? 0 : kmtia_fail(h, -EINVAL, "secret is missing");
}

/* Copy, but for the bytes and the name, and check what would not fit a message. */
static int take_secret(struct kmtia *h, struct kmtia_secret *to, const struct kmtia_secret *from)
{
	int err = kmtia_take_struct(h, "struct kmtia_secret", to, sizeof(*to), from);

	if (err)
		return err;
	if (!kmtia_all_zero(to->reserved, sizeof(to->reserved)))
		return kmtia_fail(h, -EINVAL, "reserved field of the secret is not zero");
	if (to->derivation && to->derivation != KMTIA_DERIVATION_MIX &&
	    to->derivation != KMTIA_DERIVATION_EXPAND)
		return kmtia_fail(h, -EINVAL, "derivation is neither mix nor expand");
	err = kmtia_check_secret(h, to->secret, to->secret_len);
	if (!err)
		err = kmtia_check_text(h, "key_id", to->key_id, KMTIA_KEY_ID_MAX_LEN);
	if (!err)
		err = kmtia_check_origin(h, to->origin);
	if (!err)
		err = kmtia_match_check(h, "secret", &KMTIA_MATCH_OF(to));
	if (!err && !(h->manager.flags & KMTIA_MANAGER_FLAGS_DICTATE))
		err = kmtia_fail(h, -EINVAL, "this manager did not register to dictate");
	return err;
}

static void put_secret(struct nl_msg *msg, const struct kmtia_secret *s)
{
	nla_put_u32(msg, KMTIA_A_SECRET_NUMBER, s->number);
	kmtia_match_put(msg, &KMTIA_MATCH_OF(s));
	if (s->has_rule)
		nla_put_u32(msg, KMTIA_A_SECRET_RULE, s->rule);
	if (s->derivation)
		nla_put_u32(msg, KMTIA_A_SECRET_DERIVATION, s->derivation);
	nla_put(msg, KMTIA_A_SECRET_SECRET, s->secret_len, s->secret);
	if (s->key_id)
		nla_put_string(msg, KMTIA_A_SECRET_KEY_ID, s->key_id);
	if (s->has_weight)
		nla_put_u32(msg, KMTIA_A_SECRET_WEIGHT, s->weight);
	if (s->not_after)
		nla_put_u64(msg, KMTIA_A_SECRET_NOT_AFTER, s->not_after);
	if (s->origin != KMTIA_ORIGIN_NONE)
		nla_put_u32(msg, KMTIA_A_SECRET_ORIGIN, s->origin);
	if (s->keying_module_gen_key)
		nla_put_flag(msg, KMTIA_A_SECRET_KEYING_MODULE_GEN_KEY);
}

KMTIA_EXPORT int kmtia_secret_set(struct kmtia *h, const struct kmtia_secret *secret)
{
	struct kmtia_secret s;
	struct nl_msg *msg;
	int err;

	kmtia_begin(h);
	err = kmtia_check_registered(h);
	if (!err)
		err = take_secret(h, &s, secret);
	if (err)
		return err;
	msg = kmtia_event_command_new(h, KMTIA_CMD_SECRET_SET, NLM_F_ACK);
	if (!msg)
		return -ENOMEM;
	put_secret(msg, &s);
	return kmtia_command_run(h, &h->event, msg, NULL, NULL);
}

/* Without a number: all of them. */
static int delete_secret(struct kmtia *h, const uint32_t *number)
{
	struct nl_msg *msg;
	int err;

	kmtia_begin(h);
	err = kmtia_check_registered(h);
	if (err)
		return err;
	msg = kmtia_event_command_new(h, KMTIA_CMD_SECRET_DEL, NLM_F_ACK);
	if (!msg)
		return -ENOMEM;
	if (number)
		nla_put_u32(msg, KMTIA_A_SECRET_NUMBER, *number);
	return kmtia_command_run(h, &h->event, msg, NULL, NULL);
}

KMTIA_EXPORT int kmtia_secret_delete(struct kmtia *h, uint32_t number)
{
	return delete_secret(h, &number);
}

KMTIA_EXPORT int kmtia_secret_flush(struct kmtia *h)
{
	return delete_secret(h, NULL);
}
