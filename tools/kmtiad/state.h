/* SPDX-License-Identifier: GPL-2.0-only */
/* The secret that was chosen by "kmtia secret use", over a restart. */
#ifndef KMTIAD_STATE_H
#define KMTIAD_STATE_H

#include <stdbool.h>

#include "config.h"

#define STATE_WHY_SIZE 320

enum state {
	STATE_NONE,	/* nothing was chosen */
	STATE_CHOSEN,
	STATE_WRONG,	/* the file is of no use */
};

/* state.c */
enum state state_read(const char *path, char key_id[KMTIA_KEY_ID_MAX_LEN + 1],
		      char why[STATE_WHY_SIZE]);
bool state_write(const char *path, const char *key_id, char why[STATE_WHY_SIZE]);
void state_restore(const struct config *config);

#endif /* KMTIAD_STATE_H */
