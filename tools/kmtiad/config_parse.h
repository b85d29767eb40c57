/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a file with libconfuse. */
#ifndef KMTIAD_CONFIG_PARSE_H
#define KMTIAD_CONFIG_PARSE_H

#include <confuse.h>
#include <stdbool.h>

#include "config_text.h"

/* What may be in a file, and what becomes of it. */
struct config_syntax {
	cfg_opt_t *options;
	/* Calls cfg_set_validate_func() for what is to be checked while it is read. */
	void (*set_checks)(cfg_t *cfg);
	/* Takes over what was read; false, having reported why. */
	bool (*build)(cfg_t *cfg, const struct config_text *t, void *user);
	/* Or NULL: wipes the parser's copies of keys, also of those that build() refused. */
	void (*wipe)(cfg_t *cfg);
};

bool config_parse(const struct config_syntax *syntax, const char *path, void *user,
		  char *error);

#endif /* KMTIAD_CONFIG_PARSE_H */
