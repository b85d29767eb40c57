/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells, on its way to the exporters. */
#ifndef KMTIAD_FEED_H
#define KMTIAD_FEED_H

#include "config.h"

struct feed {
	struct exporter *exporters;
	const uint8_t *uuid; /* of the manager, for what is said */
	bool warned_no_keys;
	/* What is to be fetched: SAs that went live after @fetch_from. */
	bool fetch;
	uint64_t fetch_from;
	/* All exporters want it, since notifications were missed. */
	bool fetch_for_all;
	/* Set while fetching: whom it is for. */
	bool fetching_for_all;
};

bool feed_open(struct feed *f, const struct config *config);
void feed_close(struct feed *f);
void feed_notify(struct feed *f, const struct kmtia_notification *what,
		 const struct kmtia_pair *pair);
void feed_want_all(struct feed *f);
bool feed_fetch(struct feed *f, struct kmtia *h);

#endif /* KMTIAD_FEED_H */
