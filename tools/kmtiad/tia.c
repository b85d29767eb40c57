// SPDX-License-Identifier: GPL-2.0-only
/*
 * Glue between the kernel's questions and notifications, the source of keys
 * and the exporters.
 *
 * Notifications are pushed without keys. Exporters that need them are served
 * by fetching, which the callbacks only note: it is done once they have
 * returned, by tia_fetch().
 */
#include "tia.h"
#include "log.h"
#include "sa_text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct tia {
	struct kmtia *h;
	struct config *config;
	struct exporter *exporters;
	/* What is to be fetched: SAs that went live after @fetch_from. */
	bool fetch;
	uint64_t fetch_from;
	/* All exporters want it, since notifications were missed. */
	bool fetch_for_all;
	/* Set while fetching: whom it is for. */
	bool fetching_for_all;
	bool warned_no_keys;
};

static void want_fetch(struct tia *t, uint64_t from, bool for_all)
{
	if (!t->fetch || from < t->fetch_from)
		t->fetch_from = from;
	t->fetch = true;
	t->fetch_for_all |= for_all;
}

/* --- Callbacks ------------------------------------------------------------- */

static void on_check(struct kmtia *h, const struct kmtia_pair *pair, bool *will_dictate,
		     uint32_t *weight, void *user)
{
	const struct tia *t = user;
	const struct source *source = t->config->source;

	(void)h;
	(void)weight;	/* a constant one is not asked for; else the bid is 1 */
	*will_dictate = source->ops->wants(source, pair->keyed);
}

static void log_answer(const struct kmtia_sa *sa, const struct source_answer *answer, int err,
		       const char *why)
{
	char dst[SA_TEXT_SIZE], proto[SA_TEXT_SIZE];
	const char *address = sa_text_address(sa->family, sa->daddr, dst);
	const char *name = sa_text_proto(sa->proto, proto);

	if (err == -ENOENT)
		/* The kernel did not wait; normal when it is busy. */
		log_info("%s spi 0x%08x dst %s: answered too late", name, sa->spi, address);
	else if (err)
		log_err("%s spi 0x%08x dst %s: the answer was refused: %s", name, sa->spi,
			address, why);
	else if (answer->status)
		log_warn("%s spi 0x%08x dst %s: no keys: %s", name, sa->spi, address,
			 answer->text);
	else
		log_debug("%s spi 0x%08x dst %s: dictated, key-id \"%s\"", name, sa->spi,
			  address, answer->key_id);
}

static int send_answer(struct kmtia_request *req, const struct source_answer *answer)
{
	struct kmtia_answer_options options = {
		.size = sizeof(options),
		.key_id = answer->key_id[0] ? answer->key_id : NULL,
		.origin = KMTIA_ORIGIN_LOCAL,
		.keying_module_gen_key = answer->gen_key,
	};
	const uint8_t *keys[KMTIA_MAX_SLOTS];
	size_t i;

	if (answer->status) {
		options.origin = KMTIA_ORIGIN_NONE;
		return kmtia_answer_cannot(req, answer->status, answer->text, &options);
	}
	for (i = 0; i < answer->n_keys; i++)
		keys[i] = answer->key[i];
	return kmtia_answer_keys(req, keys, answer->key_len, answer->n_keys, &options);
}

static void on_dictation(struct kmtia *h, struct kmtia_request *req,
			 const struct kmtia_pair *pair, void *user)
{
	const struct tia *t = user;
	const struct source *source = t->config->source;
	/* The answer frees the request, and the pair may be part of it. */
	const struct kmtia_sa sa = *pair->keyed;
	struct source_answer answer;
	int err;

	memset(&answer, 0, sizeof(answer));
	source->ops->take(source, &sa, &answer);
	err = send_answer(req, &answer);
	log_answer(&sa, &answer, err, err ? kmtia_strerror(h, err) : "");
	OPENSSL_cleanse(&answer, sizeof(answer));
}

static bool has_any_key(const struct kmtia_sa *sa)
{
	size_t i;

	for (i = 0; i < sa->n_slots; i++)
		if (sa->slots[i].key)
			return true;
	return false;
}

/* Without a grant a key exporter stays silent; say once why. */
static void warn_no_keys(struct tia *t, const struct kmtia_sa *sa)
{
	char text[KMTIA_UUID_STR_SIZE];

	if (t->warned_no_keys || has_any_key(sa))
		return;
	t->warned_no_keys = true;
	log_warn("an SA came without keys to export: its rule must say \"keys %s\", and the "
		 "kernel must not be locked down",
		 kmtia_uuid_format(t->config->manager.uuid, text));
}

static void on_notify(struct kmtia *h, const struct kmtia_notification *what,
		      const struct kmtia_pair *pair, void *user)
{
	struct tia *t = user;
	struct exporter *e;

	(void)h;
	for (e = t->exporters; e; e = e->next) {
		if (e->ops->wants_keys && !what->replayed) {
			if (what->event == KMTIA_NOTIFY_EVENT_NEW)
				want_fetch(t, what->seq ? what->seq - 1 : 0, false);
			continue;
		}
		if (e->ops->wants_keys && pair)
			warn_no_keys(t, pair->keyed);
		/* What was fetched for its keys, the others know already. */
		if (e->ops->wants_keys || !what->replayed || t->fetching_for_all)
			e->ops->notify(e, what, pair);
	}
}

static void on_overrun(struct kmtia *h, void *user)
{
	struct tia *t = user;

	(void)h;
	log_warn("notifications were lost; fetching all live SAs");
	if (t->exporters)
		want_fetch(t, 0, true);
}

/* --- Exporters ------------------------------------------------------------- */

static void close_exporters(struct exporter *e)
{
	struct exporter *next;

	for (; e; e = next) {
		next = e->next;
		e->ops->close(e);
	}
}

static bool open_exporters(const struct config *config, struct exporter **exporters)
{
	struct exporter *e;
	size_t i;

	*exporters = NULL;
	for (i = 0; i < config->n_exporters; i++) {
		const struct config_exporter *c = &config->exporters[i];
		const struct exporter_settings settings = {
			.file = c->file,
			.esn_columns = c->esn_columns,
		};

		e = c->ops->open(&settings);
		if (!e) {
			close_exporters(*exporters);
			return false;
		}
		e->next = *exporters;
		*exporters = e;
	}
	return true;
}

/* --- Life ------------------------------------------------------------------ */

static int do_register(struct tia *t)
{
	const struct config_manager *m = &t->config->manager;
	struct kmtia_manager manager = {
		.size = sizeof(manager),
		.name = m->name,
		.description = m->description[0] ? m->description : NULL,
		.flags = m->flags,
		.timeout_hint = m->timeout_hint,
		.has_weight = m->has_weight,
		.weight = m->weight,
	};
	struct kmtia_callbacks callbacks = {
		.size = sizeof(callbacks),
		.key_notify = on_notify,
		.overrun = on_overrun,
	};

	memcpy(manager.uuid, m->uuid, sizeof(manager.uuid));
	if (m->flags & KMTIA_MANAGER_FLAGS_DICTATE) {
		callbacks.key_dictation_check = on_check;
		callbacks.key_dictation = on_dictation;
	}
	return kmtia_register(t->h, &manager, &callbacks, t);
}

static bool connect_kernel(struct tia *t)
{
	int err = kmtia_open(&t->h);

	if (err) {
		t->h = NULL;
		log_err("cannot reach the kernel: %s", err == -ENOENT ?
			"the kernel module kmtia is not loaded" : kmtia_strerror(NULL, err));
		return false;
	}
	err = do_register(t);
	if (!err)
		return true;
	log_err("cannot register: %s", kmtia_strerror(t->h, err));
	return false;
}

/*
 * Open the exporters and register. @config is taken over. Returns NULL, having
 * logged why.
 */
struct tia *tia_start(struct config *config)
{
	struct tia *t = calloc(1, sizeof(*t));

	if (!t) {
		log_err("out of memory");
		config_free(config);
		return NULL;
	}
	t->config = config;
	if (!open_exporters(config, &t->exporters) || !connect_kernel(t)) {
		tia_stop(t);
		return NULL;
	}
	if (config->source)
		config->source->ops->announce(config->source);
	/* SAs that were there before us. */
	if (t->exporters)
		want_fetch(t, 0, true);
	return t;
}

const struct config_manager *tia_identity(const struct tia *t)
{
	return &t->config->manager;
}

int tia_fd(struct tia *t)
{
	return kmtia_get_fd(t->h);
}

/* Handle what came from the kernel; false: it cannot go on. */
bool tia_dispatch(struct tia *t)
{
	int err = kmtia_dispatch(t->h);

	if (err >= 0 || err == -EAGAIN || err == -EINTR)
		return true;
	log_err("lost the kernel: %s", kmtia_strerror(t->h, err));
	return false;
}

/* Fetch what callbacks asked for; false: not all, try again in a while. */
bool tia_fetch(struct tia *t)
{
	uint64_t from = t->fetch_from;
	int err;

	if (!t->fetch)
		return true;
	t->fetch = false;
	t->fetching_for_all = t->fetch_for_all;
	t->fetch_for_all = false;
	err = kmtia_notify_get(t->h, from);
	if (err < 0) {
		log_warn("cannot fetch the live SAs: %s", kmtia_strerror(t->h, err));
		want_fetch(t, from, t->fetching_for_all);
	}
	t->fetching_for_all = false;
	return !t->fetch;
}

struct search {
	const uint8_t *uuid;
	bool found, stalled;
};

static int find_self(const struct kmtia_manager_info *m, void *user)
{
	struct search *search = user;

	if (!memcmp(m->uuid, search->uuid, KMTIA_UUID_LEN)) {
		search->found = true;
		search->stalled = m->stalled;
	}
	return 0;
}

/*
 * Are we still registered? A module that was unloaded, or loaded anew, and an
 * administrator who ended the registration are not heard on our socket.
 */
bool tia_check(struct tia *t)
{
	struct search search = { .uuid = t->config->manager.uuid };
	int err = kmtia_managers(t->h, find_self, &search);

	/* Whoever is not privileged cannot know. */
	if (err == -EPERM || err == -ENOMEM || err == -ENOBUFS)
		return true;
	if (err < 0) {
		log_err("lost the kernel: %s", kmtia_strerror(t->h, err));
		return false;
	}
	if (!search.found) {
		log_err("no longer registered");
		return false;
	}
	/* The kernel asks us nothing until it hears of us: no SA is that new. */
	if (search.stalled) {
		log_warn("a deadline was missed; telling the kernel that we are alive");
		kmtia_notify_get(t->h, UINT64_MAX);
	}
	return true;
}

/*
 * Put a new configuration to use, which is taken over. What the kernel was told
 * at the registration stays. Returns false, having logged why, if all stays.
 */
bool tia_reload(struct tia *t, struct config *config)
{
	bool dictates = t->config->manager.flags & KMTIA_MANAGER_FLAGS_DICTATE;
	struct exporter *exporters;

	if (dictates && !config->source) {
		log_err("still registered to dictate, which needs a source; restart to change "
			"that");
		config_free(config);
		return false;
	}
	if (!open_exporters(config, &exporters)) {
		config_free(config);
		return false;
	}
	if (config_manager_differs(&t->config->manager, &config->manager)) {
		log_warn("uuid, name, description, flags, weight and timeout-hint stay as they "
			 "were registered until a restart");
		config->manager = t->config->manager;
	}
	close_exporters(t->exporters);
	t->exporters = exporters;
	config_free(t->config);
	t->config = config;
	t->warned_no_keys = false;
	if (config->source)
		config->source->ops->announce(config->source);
	/* A file that is new shall begin with what lives. */
	if (exporters)
		want_fetch(t, 0, true);
	return true;
}

/* Unregister, wipe and free. */
void tia_stop(struct tia *t)
{
	if (!t)
		return;
	if (t->h)
		kmtia_unregister(t->h);
	kmtia_close(t->h);
	close_exporters(t->exporters);
	config_free(t->config);
	free(t);
}
