/* SPDX-License-Identifier: GPL-2.0-only */
/* What key managers register for, in words. */
#ifndef KMTIA_TOOLS_MANAGER_FLAG_H
#define KMTIA_TOOLS_MANAGER_FLAG_H

#include <stdbool.h>
#include <stdint.h>

/* All flags, in the order of their bits; the last entry has no name. */
struct manager_flag {
	const char *name;
	uint32_t flag; /* enum kmtia_manager_flags */
};

extern const struct manager_flag manager_flags[];

/* Returns false if the text is none. */
bool manager_flag_parse(const char *text, uint32_t *flag);

#endif /* KMTIA_TOOLS_MANAGER_FLAG_H */
