// SPDX-License-Identifier: GPL-2.0-only
/*
 * Glue between the kernel's questions and notifications, the source of keys
 * and the exporters: the registration, and what becomes of it.
 *
 * Callbacks send nothing but answers. What else they find to be done they only
 * note, and tia_work() does it once they have returned.
 */
#include "tia.h"
#include "answer.h"
#include "feed.h"
#include "log.h"
#include "rules.h"
#include "service.h"
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tia {
	struct kmtia *h;
	struct config *config;
	struct feed feed;
	/* Is there a registration? Not while the module is away. */
	bool registered;
	int refused;	   /* why the module, back again, does not want us */
	unsigned int news; /* how often that changed */
	bool astray;	   /* the module is there, and nobody has told us so far */
	/* The kernel shall have what the source wants to stand there. */
	bool standing_due;
	bool standing_failed; /* and does not take it, as was logged */
	bool sync_due;	      /* of the directory of "state" */
	struct rules_keeper rules;
};

/* The module is not there, which is no reason to end. */
static bool is_away(int err)
{
	return err == -ENOENT || err == -ENOTCONN;
}

/* --- Callbacks ------------------------------------------------------------- */

static void on_check(struct kmtia *h, const struct kmtia_pair *pair, bool *will_dictate,
		     uint32_t *weight, void *user)
{
	const struct tia *t = user;
	const struct source *source = t->config->source;

	(void)h;
	(void)weight; /* a constant one is not asked for; else the bid is 1 */
	*will_dictate = source->ops->wants(source, pair->keyed);
}

static void on_dictation(struct kmtia *h, struct kmtia_request *req,
			 const struct kmtia_pair *pair, void *user)
{
	const struct tia *t = user;

	answer_question(h, req, pair->keyed, t->config->source);
}

static void on_notify(struct kmtia *h, const struct kmtia_notification *what,
		      const struct kmtia_pair *pair, void *user)
{
	struct tia *t = user;

	(void)h;
	feed_notify(&t->feed, what, pair);
}

static void on_overrun(struct kmtia *h, void *user)
{
	struct tia *t = user;

	(void)h;
	log_warn("notifications were lost; fetching all live SAs");
	feed_want_all(&t->feed);
}

static void on_registration(struct kmtia *h, bool registered, int err, void *user)
{
	struct tia *t = user;

	t->registered = registered;
	/* Gone again meanwhile: then it comes back with another call of this. */
	t->refused = is_away(err) ? 0 : err;
	t->news++;
	t->astray = false;
	/* A module that is new has no rules, whether it wants us or not. */
	t->rules.due = registered || t->refused;
	if (registered) {
		tia_announce(t, true);
		/* The new module knows nothing of what the old one had. */
		t->standing_due = true;
		feed_want_all(&t->feed);
	} else if (err) {
		log_err("cannot register again: %s", kmtia_strerror(h, err));
		service_notify("STATUS=cannot register again");
	} else {
		log_warn("the kernel module was unloaded; waiting until it is back");
		service_notify("STATUS=waiting until the kernel module is back");
	}
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
		.grace_ms = m->grace_ms,
	};
	struct kmtia_callbacks callbacks = {
		.size = sizeof(callbacks),
		.key_notify = on_notify,
		.overrun = on_overrun,
		.registration = on_registration,
	};

	memcpy(manager.uuid, m->uuid, sizeof(manager.uuid));
	if (m->flags & KMTIA_MANAGER_FLAGS_DICTATE) {
		callbacks.key_dictation_check = on_check;
		callbacks.key_dictation = on_dictation;
	}
	return kmtia_register(t->h, &manager, &callbacks, t);
}

/* As answer_standing(); logs a failure, but not one like the one before. */
static bool refresh_standing(struct tia *t, const struct config *config)
{
	int err = answer_standing(t->h, config);

	/* The module is away: it comes back with a registration, and that asks anew. */
	if (err == -ENOTCONN)
		return true;
	if (err && !t->standing_failed)
		log_err("cannot change the standing secret in the kernel: %s",
			kmtia_strerror(t->h, err));
	t->standing_failed = err;
	return !err;
}

static bool connect_kernel(struct tia *t)
{
	int err = kmtia_open(&t->h);

	if (err) {
		t->h = NULL;
		log_err("cannot reach the kernel: %s",
			err == -ENOENT ? "the kernel module kmtia is not loaded" :
					 kmtia_strerror(NULL, err));
		return false;
	}
	/* First, so that from now on no SA goes without what they say. */
	if (!rules_keep(&t->rules, t->h, t->config))
		return false;
	err = do_register(t);
	if (err) {
		log_err("cannot register: %s", kmtia_strerror(t->h, err));
		return false;
	}
	t->registered = true;
	return refresh_standing(t, t->config);
}

/*
 * Open the exporters and register. @config is taken over. Returns NULL, having
 * logged why.
 */
struct tia *tia_start(struct config *config)
{
	struct tia *t = calloc(1, sizeof(*t));
	char why[STATE_WHY_SIZE];
	enum state found;

	if (!t) {
		log_err("out of memory");
		config_free(config);
		return NULL;
	}
	t->config = config;
	found = state_restore(config, why);
	/* Better than to have no key for any SA. */
	if (found == STATE_WRONG)
		log_warn("%s; using the secret that is configured", why);
	if (!feed_open(&t->feed, config) || !connect_kernel(t)) {
		tia_stop(t);
		return NULL;
	}
	state_settle(found, NULL, config);
	if (config->source)
		config->source->ops->announce(config->source);
	return t;
}

const struct config *tia_config(const struct tia *t)
{
	return t->config;
}

bool tia_is_registered(const struct tia *t)
{
	return t->registered;
}

/* Say who we are; if not @again, the service manager has waited for it. */
void tia_announce(const struct tia *t, bool again)
{
	const struct config_manager *m = &t->config->manager;
	char uuid[KMTIA_UUID_STR_SIZE];

	kmtia_uuid_format(m->uuid, uuid);
	log_info("registered %sas %s (%s)", again ? "again " : "", uuid, m->name);
	service_notify("%sSTATUS=registered as %s (%s)", again ? "" : "READY=1\n", uuid,
		       m->name);
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

/*
 * Not before the answer: it may take long, and all that a crash can do until then is
 * to undo the choice for the time after it.
 */
static void sync_choice(struct tia *t)
{
	if (t->sync_due)
		state_sync(t->config);
	t->sync_due = false;
}

/* Do what callbacks and requests left to be done; false: not all, try again in a while. */
bool tia_work(struct tia *t)
{
	sync_choice(t);
	if (t->rules.due)
		rules_keep(&t->rules, t->h, t->config);
	/* It will be asked for again, with the registration. */
	if (!t->registered)
		return !t->rules.due;
	if (t->standing_due)
		t->standing_due = !refresh_standing(t, t->config);
	return feed_fetch(&t->feed, t->h) && !t->standing_due && !t->rules.due;
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
 * The kernel is there, but has us not in its list. That the module was unloaded
 * and loaded anew may be news that we have not read yet. If those of its coming back
 * were lost, we would wait for ever: a new start registers.
 */
static bool handle_missing(struct tia *t)
{
	unsigned int before = t->news;

	if (!tia_dispatch(t))
		return false;
	if (t->news != before)
		return true;
	if (!t->registered && !t->astray) {
		t->astray = true;
		return true;
	}
	log_err("no longer registered");
	return false;
}

/* What there is to say of the kernel's answer; false: the end. */
static bool judge(struct tia *t, const struct search *search)
{
	if (!search->found || !t->registered)
		return handle_missing(t);
	/* The kernel asks us nothing until it hears of us: no SA is that new. */
	if (search->stalled) {
		log_warn("a deadline was missed; telling the kernel that we are alive");
		kmtia_notify_get(t->h, UINT64_MAX);
	}
	return true;
}

/*
 * Are we still registered? An administrator who ended the registration is not
 * heard on our socket. False: we are not, and nothing will change that.
 */
bool tia_check(struct tia *t)
{
	struct search search = { .uuid = t->config->manager.uuid };
	int err;

	/* Loaded anew it may want us; but nobody may ever load it anew. */
	if (t->refused) {
		log_err("not registered any more: %s", strerror(-t->refused));
		return false;
	}
	err = kmtia_managers(t->h, find_self, &search);
	if (is_away(err))
		t->astray = false;
	if (err == -ENOMEM || err == -ENOBUFS || is_away(err))
		return true;
	/* Whoever is not privileged cannot see himself, but the module is there. */
	if (err == -EPERM)
		return t->registered || handle_missing(t);
	if (err >= 0)
		return judge(t, &search);
	log_err("lost the kernel: %s", kmtia_strerror(t->h, err));
	return false;
}

/* --- Changes --------------------------------------------------------------- */

/* What the kernel was told at the registration stays. */
static void keep_identity(const struct tia *t, struct config *config)
{
	if (!config_manager_differs(&t->config->manager, &config->manager))
		return;
	log_warn("uuid, name, description, flags, weight, timeout-hint and grace stay as they "
		 "were registered until a restart");
	config->manager = t->config->manager;
}

/* The kernel first, as that is what can fail; while it is away it has nothing. */
static bool change_standing(struct tia *t, const struct config *config)
{
	t->standing_failed = false;
	if (t->registered && !refresh_standing(t, config))
		return false;
	t->standing_due = false;
	return true;
}

static void replace_config(struct tia *t, struct config *config, const struct feed *feed)
{
	feed_close(&t->feed);
	t->feed = *feed;
	config_free(t->config);
	t->config = config;
	if (config->source)
		config->source->ops->announce(config->source);
}

/* Can the registration that there is serve @config? */
static bool fits_registration(const struct tia *t, const struct config *config)
{
	bool dictates = t->config->manager.flags & KMTIA_MANAGER_FLAGS_DICTATE;

	if (dictates && !config->source)
		log_err("still registered to dictate, which needs a source; restart to change "
			"that");
	else if (!dictates && config->source)
		log_err("not registered to dictate, and so of no use for a source; restart to "
			"change that");
	else
		return true;
	return false;
}

/* At a reload there is a secret in use: rather that than one by mistake. */
static bool restore_choice(const struct config *config, enum state *found)
{
	char why[STATE_WHY_SIZE];

	*found = state_restore(config, why);
	if (*found == STATE_WRONG)
		log_err("%s", why);
	return *found != STATE_WRONG;
}

/*
 * Put a new configuration to use, which is taken over. Returns false, having
 * logged why, if all stays.
 */
bool tia_reload(struct tia *t, struct config *config)
{
	enum state found;
	struct feed feed;

	sync_choice(t);
	if (!fits_registration(t, config) || !restore_choice(config, &found) ||
	    !feed_open(&feed, config)) {
		config_free(config);
		return false;
	}
	keep_identity(t, config);
	if (!change_standing(t, config)) {
		/* The kernel may have done it, and only its answer be lost. */
		t->standing_due = t->registered;
		feed_close(&feed);
		config_free(config);
		return false;
	}
	state_settle(found, t->config, config);
	replace_config(t, config, &feed);
	/* Last: where it fails, as for want of the right, the rest is of use all the same. */
	t->rules.err = 0;
	rules_keep(&t->rules, t->h, t->config);
	return true;
}

/* In the kernel, and in the file that outlives us. */
static bool use_everywhere(struct tia *t, const char *key_id, char why[TIA_WHY_SIZE])
{
	if (!change_standing(t, t->config)) {
		snprintf(why, TIA_WHY_SIZE, "the kernel does not take the secret \"%s\"; see the "
					    "log of kmtiad",
			 key_id);
		state_discard(t->config);
		return false;
	}
	t->sync_due = state_commit(t->config, why);
	return t->sync_due;
}

/*
 * Use another secret of the source for new SAs, from now on and after a restart.
 * Returns false with the reason in @why if all stays.
 */
bool tia_use(struct tia *t, const char *key_id, char why[TIA_WHY_SIZE])
{
	struct source *source = t->config->source;
	struct source_secrets list;
	const char *before;

	source->ops->list(source, &list);
	before = list.key_id[list.used];
	if (!source->ops->use(source, key_id)) {
		snprintf(why, TIA_WHY_SIZE, "there is no secret with the key-id \"%s\"", key_id);
		return false;
	}
	/* Before the kernel: if the disk is full, nothing has happened. */
	if (!state_prepare(t->config, key_id, why)) {
		source->ops->use(source, before);
		return false;
	}
	if (use_everywhere(t, key_id, why)) {
		log_info("using the secret \"%s\" from now on (before: \"%s\")", key_id, before);
		return true;
	}
	source->ops->use(source, before);
	/* What was set may be the new one: if it cannot be put back now, then later. */
	t->standing_due = !change_standing(t, t->config);
	return false;
}

/*
 * End the registration, wipe and free. Closing, and not kmtia_unregister(): what stands in
 * the kernel has its grace, lest a restart leave a gap.
 */
void tia_stop(struct tia *t)
{
	if (!t)
		return;
	kmtia_close(t->h);
	sync_choice(t);
	feed_close(&t->feed);
	config_free(t->config);
	rules_clear(&t->rules.ours);
	free(t);
}
