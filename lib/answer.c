// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Questions of the kernel and their answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "internal.h"

/* --- Requests -------------------------------------------------------------------- */

static void request_link(struct kmtia *h, struct kmtia_request *req)
{
	req->h = h;
	req->next = h->requests;
	req->link = &h->requests;
	if (req->next)
		req->next->link = &req->next;
	h->requests = req;
}

static void request_unlink(struct kmtia_request *req)
{
	if (!req->h)
		return;
	*req->link = req->next;
	if (req->next)
		req->next->link = req->link;
	req->h = NULL;
}

static void request_put(struct kmtia_request *req)
{
	if (--req->refs)
		return;
	request_unlink(req);
	explicit_bzero(req, sizeof(*req));
	free(req);
}

/* The registration ends; its requests are void, but their holders still have them. */
void kmtia_requests_detach(struct kmtia *h)
{
	while (h->requests)
		request_unlink(h->requests);
}

static int parse_sas(struct nlattr **tb, struct kmtia_request *req)
{
	struct nlattr *mate = tb[KMTIA_A_REQUEST_MATE];
	int err;

	err = kmtia_sa_parse(tb[KMTIA_A_REQUEST_SA], &req->keyed);
	if (!err && mate)
		err = kmtia_sa_parse(mate, &req->mate);
	/* There are none in questions; were there, they would dangle. */
	kmtia_sa_forget_keys(&req->keyed);
	kmtia_sa_forget_keys(&req->mate);
	if (!err)
		kmtia_pair_fill(&req->pair, &req->keyed, mate ? &req->mate : NULL);
	return err;
}

/* Questions may come twice, when open ones are fetched; each is asked once. */
static bool is_new(const struct kmtia *h, uint64_t id)
{
	size_t i;

	for (i = 0; i < KMTIA_SEEN; i++) {
		if (h->seen[i] == id)
			return false;
	}
	return true;
}

/* NULL: no memory, or not even the question's number is there, or it was asked before.
 * *@err otherwise tells whether the rest can be understood. */
static struct kmtia_request *request_new(struct kmtia *h, uint64_t received,
					 struct nlattr **tb, int *err)
{
	struct kmtia_request *req;
	uint32_t timeout = 0;
	uint64_t id;

	if (!kmtia_get_u64(tb[KMTIA_A_REQUEST_ID], &id) || !is_new(h, id))
		return NULL;
	req = calloc(1, sizeof(*req));
	if (!req)
		return NULL;
	kmtia_get_u32(tb[KMTIA_A_REQUEST_TIMEOUT], &timeout);
	req->refs = 1;
	req->id = id;
	req->deadline = received + timeout;
	h->seen[h->n_seen++ % KMTIA_SEEN] = id;
	*err = parse_sas(tb, req);
	request_link(h, req);
	return req;
}

KMTIA_EXPORT uint64_t kmtia_request_id(const struct kmtia_request *req)
{
	return req->id;
}

KMTIA_EXPORT const struct kmtia_pair *kmtia_request_pair(const struct kmtia_request *req)
{
	return &req->pair;
}

KMTIA_EXPORT uint32_t kmtia_request_time_left(const struct kmtia_request *req)
{
	uint64_t now = kmtia_now();

	return req->h && now < req->deadline ? req->deadline - now : 0;
}

KMTIA_EXPORT void kmtia_request_drop(struct kmtia_request *req)
{
	if (!req)
		return;
	request_unlink(req);
	request_put(req);
}

/* --- Messages --------------------------------------------------------------------- */

/* What attributes take in a message; the number of the question is in each answer. */
#define ID_ROOM (NLA_HDRLEN + 8)
#define U32_ROOM (NLA_HDRLEN + 4)
#define BID_ROOM (ID_ROOM + 2 * U32_ROOM)
#define SLOT_ROOM(_key_len) (NLA_HDRLEN + U32_ROOM + NLA_HDRLEN + NLMSG_ALIGN(_key_len))
#define TEXT_ROOM(_len) (NLA_HDRLEN + NLMSG_ALIGN((_len) + 1))
/* flag, key-id, origin */
#define OPTIONS_ROOM (NLA_HDRLEN + TEXT_ROOM(KMTIA_KEY_ID_MAX_LEN) + U32_ROOM)

/* No ACK is asked for here, since nobody waits for the verdict on a bid; nor in an answer,
 * since an error comes without. */
static void send_check_reply(struct kmtia *h, uint64_t id, bool will_dictate, uint32_t weight)
{
	struct nl_msg *msg = kmtia_answer_new(h, KMTIA_CMD_CHECK_REPLY, BID_ROOM);

	if (!msg)
		return;
	nla_put_u64(msg, KMTIA_A_REQUEST_ID, id);
	nla_put_u32(msg, KMTIA_A_REQUEST_WILL_DICTATE, will_dictate);
	nla_put_u32(msg, KMTIA_A_REQUEST_WEIGHT, weight);
	kmtia_command_send(h, &h->event, msg);
}

static void put_options(struct nl_msg *msg, const struct kmtia_answer_options *o)
{
	if (o->keying_module_gen_key)
		nla_put_flag(msg, KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY);
	if (o->key_id)
		nla_put_string(msg, KMTIA_A_REQUEST_KEY_ID, o->key_id);
	if (o->origin != KMTIA_ORIGIN_NONE)
		nla_put_u32(msg, KMTIA_A_REQUEST_ORIGIN, o->origin);
}

static void put_slot(struct nl_msg *msg, uint32_t role, const uint8_t *key, size_t len)
{
	struct nlattr *nest = nla_nest_start(msg, KMTIA_A_REQUEST_SLOT | NLA_F_NESTED);

	nla_put_u32(msg, KMTIA_A_SLOT_ROLE, role);
	nla_put(msg, KMTIA_A_SLOT_KEY, len, key);
	nla_nest_end(msg, nest);
}

/* For the logs, so rather cut off than refused; but not within a character. */
static void put_text(struct nl_msg *msg, const char *text)
{
	char copy[KMTIA_TEXT_MAX_LEN + 1];
	size_t len = strnlen(text, sizeof(copy));

	if (len == sizeof(copy)) {
		len--;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	nla_put_string(msg, KMTIA_A_REQUEST_TEXT, copy);
}

/* A slot too many gets a role that was not asked for: with one that was there before,
 * or none, the message would be malformed, and the question stay open. */
static uint32_t role_of(const struct kmtia_sa *sa, size_t slot)
{
	if (slot < sa->n_slots)
		return sa->slots[slot].role;
	return sa->slots[0].role == KMTIA_SLOT_ROLE_AUTHENTICATION ?
		       KMTIA_SLOT_ROLE_ENCRYPTION :
		       KMTIA_SLOT_ROLE_AUTHENTICATION;
}

static int send_keys(struct kmtia_request *req, const uint8_t *const *keys,
		     const size_t *key_lens, size_t n_keys,
		     const struct kmtia_answer_options *options)
{
	struct kmtia *h = req->h;
	size_t room = ID_ROOM + OPTIONS_ROOM, i;
	struct nl_msg *msg;

	for (i = 0; i < n_keys; i++)
		room += SLOT_ROOM(key_lens[i]);
	msg = kmtia_answer_new(h, KMTIA_CMD_DICTATE_REPLY, room);
	if (!msg)
		return -ENOMEM;
	nla_put_u64(msg, KMTIA_A_REQUEST_ID, req->id);
	for (i = 0; i < n_keys; i++)
		put_slot(msg, role_of(&req->keyed, i), keys[i], key_lens[i]);
	put_options(msg, options);
	return kmtia_command_run(h, &h->event, msg, NULL, NULL);
}

static int send_secret(struct kmtia_request *req, uint32_t derivation, const uint8_t *secret,
		       size_t len, const struct kmtia_answer_options *options)
{
	struct kmtia *h = req->h;
	struct nl_msg *msg = kmtia_answer_new(h, KMTIA_CMD_DICTATE_REPLY,
					      ID_ROOM + SLOT_ROOM(len) + OPTIONS_ROOM);

	if (!msg)
		return -ENOMEM;
	nla_put_u64(msg, KMTIA_A_REQUEST_ID, req->id);
	nla_put_u32(msg, KMTIA_A_REQUEST_DERIVATION, derivation);
	nla_put(msg, KMTIA_A_REQUEST_SECRET, len, secret);
	put_options(msg, options);
	return kmtia_command_run(h, &h->event, msg, NULL, NULL);
}

static int send_cannot(struct kmtia *h, uint64_t id, uint32_t status, const char *text,
		       const struct kmtia_answer_options *options)
{
	struct nl_msg *msg = kmtia_answer_new(
		h, KMTIA_CMD_DICTATE_REPLY,
		ID_ROOM + U32_ROOM + TEXT_ROOM(KMTIA_TEXT_MAX_LEN) + OPTIONS_ROOM);

	if (!msg)
		return -ENOMEM;
	nla_put_u64(msg, KMTIA_A_REQUEST_ID, id);
	nla_put_u32(msg, KMTIA_A_REQUEST_STATUS, status);
	if (text)
		put_text(msg, text);
	put_options(msg, options);
	return kmtia_command_run(h, &h->event, msg, NULL, NULL);
}

/* --- Questions -------------------------------------------------------------------- */

static const struct kmtia_answer_options no_options = {
	.size = sizeof(no_options),
};

/* Not understood, though we know which it is: say so, lest the kernel wait. */
static void decline(struct kmtia *h, uint64_t id, bool dictate)
{
	if (dictate)
		send_cannot(h, id, EBADMSG, "libkmtia could not read the question", &no_options);
	else
		send_check_reply(h, id, false, 0);
}

/* Will the manager dictate? If not, or if that was all the kernel wanted to know,
 * it is told so. Returns true if key_dictation is to follow. */
static bool check(struct kmtia *h, struct kmtia_request *req, bool dictate)
{
	bool will_dictate = false;
	uint32_t weight = 1;

	h->callbacks.key_dictation_check(h, &req->pair, &will_dictate, &weight, h->user);
	if (!req->h) /* the callback ended the registration */
		return false;
	if (dictate && will_dictate && weight)
		return true;
	send_check_reply(h, req->id, will_dictate && !dictate, weight);
	return false;
}

static void question(struct kmtia *h, struct nlattr **tb, uint64_t received, bool dictate)
{
	struct kmtia_request *req;
	int err;

	req = request_new(h, received, tb, &err);
	if (!req)
		return;
	/* Who registered for notifications alone is not asked. */
	if (err || !h->callbacks.key_dictation) {
		decline(h, req->id, dictate);
	} else if ((dictate && !tb[KMTIA_A_REQUEST_CHECK]) || check(h, req, dictate)) {
		req->refs++;
		h->callbacks.key_dictation(h, req, &req->pair, h->user);
	}
	/* The pair stays valid until here, even if the callback has answered. If it
	 * keeps the request, the reference left is the callee's. */
	request_put(req);
}

/* Handle a check or dictate message. */
void kmtia_question(struct kmtia *h, struct kmtia_msg *m, bool dictate)
{
	struct nlattr *tb[KMTIA_A_REQUEST_MAX + 1];

	if (!kmtia_fields_parse(kmtia_msg_header(m), tb, KMTIA_A_REQUEST_MAX))
		question(h, tb, m->received, dictate);
}

static int open_question(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[KMTIA_A_REQUEST_MAX + 1];

	(void)arg;
	if (!h->registered)
		return -ENOTCONN;
	if (!kmtia_fields_parse(nlh, tb, KMTIA_A_REQUEST_MAX))
		question(h, tb, kmtia_now(), tb[KMTIA_A_REQUEST_KEYS]);
	return 0;
}

/* Messages were lost, questions among them perhaps: ask the kernel which are open. */
int kmtia_questions_fetch(struct kmtia *h)
{
	struct nl_msg *msg;

	if (!h->callbacks.key_dictation || !kmtia_has_feature(h, "request-get"))
		return 0;
	msg = kmtia_event_command_new(h, KMTIA_CMD_REQUEST_GET, NLM_F_ACK | NLM_F_DUMP);
	return msg ? kmtia_command_run(h, &h->event, msg, open_question, NULL) : -ENOMEM;
}

/* --- Answers ---------------------------------------------------------------------- */

/* Of those that there are, a manager may claim two; none means local. */
int kmtia_check_origin(struct kmtia *h, uint32_t origin)
{
	if (origin == KMTIA_ORIGIN_NONE || origin == KMTIA_ORIGIN_LOCAL ||
	    origin == KMTIA_ORIGIN_PEER)
		return 0;
	return kmtia_fail(h, -EINVAL, "origin is neither local nor peer");
}

static int take_options(struct kmtia *h, struct kmtia_answer_options *to,
			const struct kmtia_answer_options *from)
{
	int err;

	*to = no_options;
	if (!from)
		return 0;
	err = kmtia_take_struct(h, "struct kmtia_answer_options", to, sizeof(*to), from);
	if (err)
		return err;
	if (!kmtia_all_zero(to->reserved, sizeof(to->reserved)))
		return kmtia_fail(h, -EINVAL, "reserved field of the answer's options is not zero");
	err = kmtia_check_text(h, "key_id", to->key_id, KMTIA_KEY_ID_MAX_LEN);
	return err ? err : kmtia_check_origin(h, to->origin);
}

/* What a message can carry at all. Whether the keys fit is for the kernel to say,
 * which counts and logs it, and names the slot. */
static int check_keys(struct kmtia *h, const uint8_t *const *keys, const size_t *key_lens,
		      size_t n_keys)
{
	size_t i;

	if (n_keys > KMTIA_MAX_SLOTS)
		return kmtia_fail(h, -EINVAL, "%zu keys are given, no SA has more than %d", n_keys,
				  KMTIA_MAX_SLOTS);
	for (i = 0; i < n_keys; i++) {
		if (key_lens[i] > KMTIA_KEY_MAX_LEN)
			return kmtia_fail(h, -EINVAL, "key %zu is longer than %d bytes", i,
					  KMTIA_KEY_MAX_LEN);
		if (!keys[i] && key_lens[i])
			return kmtia_fail(h, -EINVAL, "key %zu is missing", i);
	}
	return 0;
}

/*
 * The answer is not fit to be sent. The request is gone all the same, so tell the
 * kernel, which would wait in vain; the caller learns what was wrong.
 */
static int refuse(struct kmtia *h, uint64_t id)
{
	char sentence[KMTIA_SENTENCE_SIZE];
	int err = h->err;

	memcpy(sentence, h->sentence, sizeof(sentence));
	send_cannot(h, id, -err, sentence, &no_options);
	return kmtia_fail(h, err, "%s", sentence);
}

/* Returns NULL if the registration that @req belongs to is no more. */
static struct kmtia *answer_begin(struct kmtia_request *req)
{
	if (req->h)
		kmtia_begin(req->h);
	return req->h;
}

KMTIA_EXPORT int kmtia_answer_keys(struct kmtia_request *req, const uint8_t *const *keys,
				   const size_t *key_lens, size_t n_keys,
				   const struct kmtia_answer_options *options)
{
	struct kmtia *h = answer_begin(req);
	struct kmtia_answer_options o;
	int err = -ENOTCONN;

	if (h) {
		err = take_options(h, &o, options);
		if (!err)
			err = check_keys(h, keys, key_lens, n_keys);
		if (err)
			err = refuse(h, req->id);
		else
			err = send_keys(req, keys, key_lens, n_keys, &o);
	}
	kmtia_request_drop(req);
	return err;
}

static int answer_secret(struct kmtia_request *req, uint32_t derivation, const uint8_t *secret,
			 size_t len, const struct kmtia_answer_options *options)
{
	struct kmtia *h = answer_begin(req);
	struct kmtia_answer_options o;
	int err = -ENOTCONN;

	if (h) {
		err = take_options(h, &o, options);
		if (!err)
			err = kmtia_check_secret(h, secret, len);
		if (err)
			err = refuse(h, req->id);
		else
			err = send_secret(req, derivation, secret, len, &o);
	}
	kmtia_request_drop(req);
	return err;
}

KMTIA_EXPORT int kmtia_answer_mix(struct kmtia_request *req, const uint8_t *secret, size_t len,
				  const struct kmtia_answer_options *options)
{
	return answer_secret(req, KMTIA_DERIVATION_MIX, secret, len, options);
}

KMTIA_EXPORT int kmtia_answer_expand(struct kmtia_request *req, const uint8_t *secret,
				     size_t len, const struct kmtia_answer_options *options)
{
	return answer_secret(req, KMTIA_DERIVATION_EXPAND, secret, len, options);
}

KMTIA_EXPORT int kmtia_answer_cannot(struct kmtia_request *req, uint32_t status,
				     const char *text,
				     const struct kmtia_answer_options *options)
{
	struct kmtia *h = answer_begin(req);
	struct kmtia_answer_options o;
	int err = -ENOTCONN;

	if (h) {
		err = take_options(h, &o, options);
		if (!err && !status)
			err = kmtia_fail(h, -EINVAL, "status is 0, which would mean success");
		if (err)
			err = refuse(h, req->id);
		else
			err = send_cannot(h, req->id, status, text, &o);
	}
	kmtia_request_drop(req);
	return err;
}
