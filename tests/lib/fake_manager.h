/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A key manager that notes what it is asked and told.
 */
#ifndef FAKE_MANAGER_H
#define FAKE_MANAGER_H

#include "fake_kernel.h"

extern const uint8_t fake_uuid[KMTIA_UUID_LEN];

/* A pair by value. */
struct fake_pair {
	bool given, has_inbound, has_outbound, keyed_is_inbound, keyed_is_outbound;
	struct kmtia_sa keyed, inbound, outbound;
};

/* What it does, and what it has noted. Passed as the callbacks' @user. */
struct fake_manager {
	bool will_dictate;
	bool sets_weight;
	uint32_t weight;
	void (*on_check)(struct kmtia *h, struct fake_manager *m);
	void (*on_dictation)(struct kmtia *h, struct fake_manager *m);
	void (*on_notify)(struct kmtia *h, struct fake_manager *m);
	void (*on_overrun)(struct kmtia *h, struct fake_manager *m);
	void (*on_registration)(struct kmtia *h, struct fake_manager *m);

	int checks, dictations, notifications, overruns, registrations;
	bool registered; /* as it was told last */
	int err;
	char sentence[160]; /* about it */
	uint32_t preset_weight;
	bool preset_will;
	struct kmtia_request *req;     /* the last one; to be answered */
	const struct kmtia_pair *live; /* in a callback: the pair itself */
	struct fake_pair pair;
	struct kmtia_notification what;
	uint8_t keys[KMTIA_MAX_SLOTS][64]; /* of the last notification */
	int result;			   /* for the test's own use */
};

struct kmtia_manager fake_identity(uint32_t flags);
struct kmtia_callbacks fake_callbacks(uint32_t flags);
/* Open and register, to dictate and to be notified. */
struct kmtia *fake_register(struct fake_manager *m);

#endif /* FAKE_MANAGER_H */
