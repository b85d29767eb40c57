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
	uint32_t status;	/* enum source_status, 0: there are keys */
	char text[KMTIA_TEXT_MAX_LEN + 1];
	bool gen_key;		/* the keying module may use its own key instead */
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	size_t n_keys;
	uint8_t key[KMTIA_MAX_SLOTS][KMTIA_KEY_MAX_LEN];
	size_t key_len[KMTIA_MAX_SLOTS];
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
	/* Wipe what the parser holds of keys. */
	void (*wipe)(cfg_t *section);
};

/* static.c: keys by SPI, out of the configuration */
extern const struct source_kind source_static;
extern cfg_opt_t source_static_options[];
int source_static_check_sa(cfg_t *section, cfg_opt_t *option);

/* testkey.c: keys as a function of the SPI */
bool testkey_derive(uint32_t spi, uint8_t proto, uint8_t role, uint8_t *key, size_t len);

#endif /* KMTIAD_SOURCES_H */
