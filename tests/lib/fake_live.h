/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SAs that live in the fake kernel, and a key manager that is told of pairs.
 */
#ifndef FAKE_LIVE_H
#define FAKE_LIVE_H

#include "fake_manager.h"

/* An SA; it is mates with the one that names it. */
struct fake_sa {
	struct kmtia_sa sa; /* its keys, too */
	struct fake_sa *mate;
	uint64_t seq; /* 0: it was not told of yet */
	bool lives;
};

/* What the kernel does when SAs are fetched. */
struct fake_live {
	bool granted; /* with keys */
	int err;      /* fails, after so many messages: */
	int after;
	void (*before)(void);
	uint64_t seq; /* of the last event */
	uint64_t prev_seq;
	uint64_t from_seq; /* from where on it was fetched last */
};

extern struct fake_live fake_live;

/* Keys that fake_sa_new() gives. */
#define FAKE_KEY_IN "an inbound AEAD key."
#define FAKE_KEY_OUT "an outbound key."
#define FAKE_KEY_AUTH "and one that authenticates it..."

/* None lives; from now on those that do can be fetched. */
void fake_live_begin(void);
/* One more, of handle @handle, which nobody has been told of. */
struct fake_sa *fake_sa_new(const struct kmtia_sa *like, uint64_t handle);
void fake_sa_mates(struct fake_sa *a, struct fake_sa *b);
/* The kernel tells of it. */
void fake_sa_push(struct fake_sa *sa, uint32_t event);
void fake_sa_push_flush(uint8_t proto);

/* One call of key_notify_pair. */
struct fake_told {
	struct kmtia_notification what;
	uint64_t inbound, outbound, keyed; /* handles; 0: there was none */
	struct kmtia_sa in, out;
	char keys_in[64], keys_out[64]; /* one after the other */
};

#define FAKE_MAX_TOLD 64

/* Passed as the callbacks' @user. */
struct fake_pair_manager {
	struct fake_manager m;
	int n;
	struct fake_told told[FAKE_MAX_TOLD];
	void (*on_pair)(struct kmtia *h, struct fake_pair_manager *m);
};

struct kmtia_callbacks fake_pair_callbacks(void);
int fake_pair_register_again(struct kmtia *h, struct fake_pair_manager *m);
/* Open and register, to be told of events and of pairs. */
struct kmtia *fake_pair_register(struct fake_pair_manager *m);
/* The same, with mates of handles 1 and 2 that live; and the clock stands still. */
struct kmtia *fake_pair_begin(struct fake_pair_manager *m, struct fake_sa **in,
			      struct fake_sa **out);
/* Mates of handles 3 and 4. */
void fake_pair_more(struct fake_sa **in, struct fake_sa **out);
/* Fails the test if there were not @n calls in all then. */
void fake_pair_dispatch(struct kmtia *h, const struct fake_pair_manager *m, int n);
/* Fails the test if call number @i was not about these; 0: about none. */
void fake_assert_told(const struct fake_pair_manager *m, int i, uint64_t inbound,
		      uint64_t outbound, uint64_t keyed);

#endif /* FAKE_LIVE_H */
