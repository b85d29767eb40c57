/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where keys come from. A source answers from memory and at once: the keying
 * module waits meanwhile.
 */
#ifndef KMTIAD_SOURCES_H
#define KMTIAD_SOURCES_H

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libkmtia.h"

/* The numbers that kmtiad gives with "cannot", as in kmtiad.conf(5). */
enum source_status {
	SOURCE_NO_KEY = 1,
	SOURCE_WRONG_LENGTH = 2,
	SOURCE_WRONG_SLOT = 3,
	SOURCE_INTERNAL = 4,
};

/* What a source answers; the asker wipes it. */
struct source_answer {
	uint32_t status; /* enum source_status, 0: there are keys */
	char text[KMTIA_TEXT_MAX_LEN + 1];
	bool gen_key; /* the keying module may use its own key instead */
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	/* Either keys, */
	size_t n_keys;
	uint8_t key[KMTIA_MAX_SLOTS][KMTIA_KEY_MAX_LEN];
	size_t key_len[KMTIA_MAX_SLOTS];
	/* or a secret to derive them from, which stays where the source has it. */
	uint32_t derivation; /* enum kmtia_derivation */
	const uint8_t *secret;
	size_t secret_len;
};

/* What an administrator may know of a source that has secrets by name. */
#define SOURCE_SECRETS_MAX 64

struct source_secrets {
	uint32_t derivation; /* enum kmtia_derivation */
	bool standing;
	size_t n;
	size_t used;	   /* which of them is used for new SAs, */
	size_t configured; /* and which one the configuration says */
	const char *key_id[SOURCE_SECRETS_MAX];
};

struct source {
	const struct source_ops *ops;
};

struct source_ops {
	/* Log what the administrator must know, when it is put to use. */
	void (*announce)(const struct source *source);
	/* May it say no to some SAs, so that it must be asked about each? */
	bool (*chooses)(const struct source *source);
	/* Will it have something to say about the keys of @sa? */
	bool (*wants)(const struct source *source, const struct kmtia_sa *sa);
	/* The keys of @sa, or why there are none; @answer is all zero before. */
	void (*take)(const struct source *source, const struct kmtia_sa *sa,
		     struct source_answer *answer);
	/* Wipe and free. */
	void (*forget)(struct source *source);
	/* These are NULL, all of them, in a source that has no secrets by name. */
	void (*list)(const struct source *source, struct source_secrets *list);
	/* Use that secret for new SAs; false: there is none of that name. */
	bool (*use)(struct source *source, const char *key_id);
	/*
	 * What the kernel shall answer by itself: fills in the secret, its
	 * derivation and key-id. False: it shall ask about each SA.
	 */
	bool (*standing)(const struct source *source, struct kmtia_secret *secret);
};

/* A kind of source: "source NAME { ... }" in the configuration. */
struct source_kind {
	const char *name;
	/*
	 * Make the source that @section describes. @exposed, if not NULL, says
	 * why the file may not contain keys. Returns NULL, having reported by
	 * cfg_error(), if it cannot be.
	 */
	struct source *(*build)(cfg_t *section, const char *exposed);
	/* Wipe what the parser holds of keys. NULL: nothing. */
	void (*wipe)(cfg_t *section);
	/* The options that it has, of those of all kinds; ends with NULL. */
	const char *const *options;
};

/* static.c: keys by SPI, out of the configuration */
extern const struct source_kind source_static;
extern cfg_opt_t source_static_sa_options[];
int source_static_check_sa(cfg_t *section, cfg_opt_t *option);

/* secret.c: keys that the kernel derives from a secret which both ends have */
extern const struct source_kind source_secret;
extern cfg_opt_t source_secret_secret_options[];
int source_secret_check_secret(cfg_t *section, cfg_opt_t *option);

/* testkey.c: keys as a function of the SPI */
bool testkey_derive(uint32_t spi, uint8_t proto, uint8_t role, uint8_t *key, size_t len);

#endif /* KMTIAD_SOURCES_H */
