// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel tells, on its way to the exporters.
 *
 * Notifications are pushed without keys. Exporters that need them are served
 * by fetching, which is only noted while one is handled: feed_fetch() does it
 * when that is over.
 */
#include "feed.h"
#include "log.h"

#include <string.h>

static void want_fetch(struct feed *f, uint64_t from, bool for_all)
{
	if (!f->fetch || from < f->fetch_from)
		f->fetch_from = from;
	f->fetch = true;
	f->fetch_for_all |= for_all;
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
static void warn_no_keys(struct feed *f, const struct kmtia_sa *sa)
{
	char text[KMTIA_UUID_STR_SIZE];

	if (f->warned_no_keys || has_any_key(sa))
		return;
	f->warned_no_keys = true;
	log_warn("an SA came without keys to export: its rule must say \"keys %s\", and the "
		 "kernel must not be locked down",
		 kmtia_uuid_format(f->uuid, text));
}

/* Give it to those whom it concerns. @pair is NULL for a flush. */
void feed_notify(struct feed *f, const struct kmtia_notification *what,
		 const struct kmtia_pair *pair)
{
	struct exporter *e;

	for (e = f->exporters; e; e = e->next) {
		if (e->ops->wants_keys && !what->replayed) {
			if (what->event == KMTIA_NOTIFY_EVENT_NEW)
				want_fetch(f, what->seq ? what->seq - 1 : 0, false);
			continue;
		}
		if (e->ops->wants_keys && pair)
			warn_no_keys(f, pair->keyed);
		/* What was fetched for its keys, the others know already. */
		if (e->ops->wants_keys || !what->replayed || f->fetching_for_all)
			e->ops->notify(e, what, pair);
	}
}

/* All exporters shall be told of all SAs that live. */
void feed_want_all(struct feed *f)
{
	if (f->exporters)
		want_fetch(f, 0, true);
}

/* Fetch what there is to fetch; false: not all. */
bool feed_fetch(struct feed *f, struct kmtia *h)
{
	uint64_t from = f->fetch_from;
	int err;

	if (!f->fetch)
		return true;
	f->fetch = false;
	f->fetching_for_all = f->fetch_for_all;
	f->fetch_for_all = false;
	err = kmtia_notify_get(h, from);
	if (err < 0) {
		log_warn("cannot fetch the live SAs: %s", kmtia_strerror(h, err));
		want_fetch(f, from, f->fetching_for_all);
	}
	f->fetching_for_all = false;
	return !f->fetch;
}

void feed_close(struct feed *f)
{
	struct exporter *e, *next;

	for (e = f->exporters; e; e = next) {
		next = e->next;
		e->ops->close(e);
	}
	f->exporters = NULL;
}

/* All exporters of @config, and with what lives as the first to be told. */
bool feed_open(struct feed *f, const struct config *config)
{
	struct exporter *e;
	size_t i;

	memset(f, 0, sizeof(*f));
	f->uuid = config->manager.uuid;
	for (i = 0; i < config->n_exporters; i++) {
		const struct config_exporter *c = &config->exporters[i];
		const struct exporter_settings settings = {
			.file = c->file,
			.esn_columns = c->esn_columns,
		};

		e = c->ops->open(&settings);
		if (!e) {
			feed_close(f);
			return false;
		}
		e->next = f->exporters;
		f->exporters = e;
	}
	feed_want_all(f);
	return true;
}
