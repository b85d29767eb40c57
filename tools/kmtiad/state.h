/* SPDX-License-Identifier: GPL-2.0-only */
/* The secret that was chosen by "kmtia secret use", over a restart. */
#ifndef KMTIAD_STATE_H
#define KMTIAD_STATE_H

#include <stdbool.h>

#include "config.h"

#define STATE_WHY_SIZE 320

struct state_choice {
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	/* What the configuration said when it was made. */
	char configured[KMTIA_KEY_ID_MAX_LEN + 1];
};

enum state {
	STATE_NONE, /* nothing was chosen */
	STATE_CHOSEN,
	STATE_OUTDATED, /* the configuration says something else since */
	STATE_WRONG,	/* the file is of no use */
};

/* state.c */
enum state state_read(const char *path, struct state_choice *choice,
		      char why[STATE_WHY_SIZE]);

/*
 * Writing is in three steps: what is likely to fail, before the choice is made; making
 * it; and what may take long, after it. A configuration without "state" keeps nothing.
 */
bool state_prepare(const struct config *config, const char *key_id, char why[STATE_WHY_SIZE]);
bool state_commit(const struct config *config, char why[STATE_WHY_SIZE]);
void state_sync(const struct config *config);
void state_discard(const struct config *config);

enum state state_restore(const struct config *config, char why[STATE_WHY_SIZE]);
void state_settle(enum state found, const struct config *before, const struct config *config);

#endif /* KMTIAD_STATE_H */
