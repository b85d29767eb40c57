/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A library that speaks to nobody, for the files of the daemon that a test
 * includes after this. Those files are part of the test program once more, as
 * they are: hence the other names.
 */
#ifndef FAKE_LIB_H
#define FAKE_LIB_H

#define kmtia_open fake_open
#define kmtia_close fake_close
#define kmtia_register fake_register
#define kmtia_unregister fake_unregister
#define kmtia_get_fd fake_get_fd
#define kmtia_dispatch fake_dispatch
#define kmtia_strerror fake_strerror
#define kmtia_notify_get fake_notify_get
#define kmtia_managers fake_managers
#define kmtia_has_feature fake_has_feature
#define kmtia_secret_set fake_secret_set
#define kmtia_secret_flush fake_secret_flush
#define kmtia_answer_keys fake_answer_keys
#define kmtia_answer_mix fake_answer_mix
#define kmtia_answer_expand fake_answer_expand
#define kmtia_answer_cannot fake_answer_cannot

#define answer_question tested_answer_question
#define answer_standing tested_answer_standing
#define feed_open tested_feed_open
#define feed_close tested_feed_close
#define feed_notify tested_feed_notify
#define feed_want_all tested_feed_want_all
#define feed_fetch tested_feed_fetch
#define tia_start tested_tia_start
#define tia_config tested_tia_config
#define tia_is_registered tested_tia_is_registered
#define tia_announce tested_tia_announce
#define tia_fd tested_tia_fd
#define tia_dispatch tested_tia_dispatch
#define tia_work tested_tia_work
#define tia_check tested_tia_check
#define tia_reload tested_tia_reload
#define tia_use tested_tia_use
#define tia_stop tested_tia_stop
#define control_request tested_control_request
#define control_error tested_control_error
#define loop_run tested_loop_run

#include "fake_rules.h"
#include "secret_test.h"

#include <errno.h>
#include <sys/eventfd.h>

/* What was asked of it, and what it shall answer. */
static struct {
	int open_err, register_err, managers_err, set_err, flush_err, dispatch_err;
	bool listed; /* are we among the managers? */
	bool stalled;
	bool no_standing; /* a kernel without that feature */
	bool done_anyway; /* what it does fails only in what it answers */
	int n_open, n_register, n_flush, n_set, n_fetch;
	int fd;
	struct kmtia_manager manager;
	struct kmtia_callbacks callbacks;
	void *user;
	/* The secret that stands in the kernel. */
	bool stands;
	struct kmtia_secret secret;
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	uint8_t bytes[KMTIA_SECRET_MAX_LEN];
	/* The last answer. */
	uint32_t derivation, status;
	char answer_key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	size_t answer_len;
	uint8_t answer[KMTIA_SECRET_MAX_LEN];
	/* Called by the next dispatch, as news. */
	void (*on_dispatch)(void);
	/* Called when a secret is set. */
	void (*on_set)(void);
} fake;

static struct kmtia *const fake_handle = (struct kmtia *)&fake;

static inline void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	kernel_reset();
	fake.listed = true;
	fake.fd = -1;
}

int fake_open(struct kmtia **h)
{
	fake.n_open++;
	*h = fake_handle;
	fake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return fake.open_err;
}

void fake_close(struct kmtia *h)
{
	if (!h)
		return;
	close(fake.fd);
	fake.fd = -1;
}

int fake_register(struct kmtia *h, const struct kmtia_manager *manager,
		  const struct kmtia_callbacks *callbacks, void *user)
{
	(void)h;
	fake.n_register++;
	fake.manager = *manager;
	fake.callbacks = *callbacks;
	fake.user = user;
	return fake.register_err;
}

int fake_unregister(struct kmtia *h)
{
	(void)h;
	return 0;
}

int fake_get_fd(struct kmtia *h)
{
	(void)h;
	return fake.fd;
}

int fake_dispatch(struct kmtia *h)
{
	void (*news)(void) = fake.on_dispatch;

	(void)h;
	fake.on_dispatch = NULL;
	if (news)
		news();
	return fake.dispatch_err;
}

const char *fake_strerror(struct kmtia *h, int err)
{
	(void)h;
	return strerror(-err);
}

int fake_notify_get(struct kmtia *h, uint64_t from_seq)
{
	(void)h, (void)from_seq;
	fake.n_fetch++;
	return 0;
}

int fake_managers(struct kmtia *h, kmtia_manager_cb cb, void *user)
{
	struct kmtia_manager_info info = { .stalled = fake.stalled };

	(void)h;
	if (fake.managers_err)
		return fake.managers_err;
	memcpy(info.uuid, fake.manager.uuid, sizeof(info.uuid));
	return fake.listed ? cb(&info, user) : 0;
}

bool fake_has_feature(struct kmtia *h, const char *feature)
{
	(void)h, (void)feature;
	return !fake.no_standing;
}

int fake_secret_set(struct kmtia *h, const struct kmtia_secret *secret)
{
	(void)h;
	fake.n_set++;
	if (fake.on_set)
		fake.on_set();
	if (fake.set_err && !fake.done_anyway)
		return fake.set_err;
	fake.stands = true;
	fake.secret = *secret;
	memcpy(fake.bytes, secret->secret, secret->secret_len);
	snprintf(fake.key_id, sizeof(fake.key_id), "%s", secret->key_id);
	return fake.set_err;
}

int fake_secret_flush(struct kmtia *h)
{
	(void)h;
	fake.n_flush++;
	if (!fake.flush_err || fake.done_anyway)
		fake.stands = false;
	return fake.flush_err;
}

static inline int fake_answer(uint32_t derivation, const uint8_t *secret, size_t len,
			      const struct kmtia_answer_options *options)
{
	fake.derivation = derivation;
	fake.answer_len = len;
	memcpy(fake.answer, secret, len);
	snprintf(fake.answer_key_id, sizeof(fake.answer_key_id), "%s",
		 options->key_id ? options->key_id : "");
	return 0;
}

int fake_answer_mix(struct kmtia_request *req, const uint8_t *secret, size_t len,
		    const struct kmtia_answer_options *options)
{
	(void)req;
	return fake_answer(KMTIA_DERIVATION_MIX, secret, len, options);
}

int fake_answer_expand(struct kmtia_request *req, const uint8_t *secret, size_t len,
		       const struct kmtia_answer_options *options)
{
	(void)req;
	return fake_answer(KMTIA_DERIVATION_EXPAND, secret, len, options);
}

int fake_answer_keys(struct kmtia_request *req, const uint8_t *const *keys,
		     const size_t *key_lens, size_t n_keys,
		     const struct kmtia_answer_options *options)
{
	(void)req;
	return fake_answer(0, keys[n_keys - 1], key_lens[n_keys - 1], options);
}

int fake_answer_cannot(struct kmtia_request *req, uint32_t status, const char *text,
		       const struct kmtia_answer_options *options)
{
	(void)req, (void)text, (void)options;
	fake.status = status;
	return 0;
}

#endif /* FAKE_LIB_H */
