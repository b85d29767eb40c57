// SPDX-License-Identifier: GPL-2.0-only
/* What key managers register for, in words. */
#include "manager_flag.h"
#include "libkmtia.h"

#include <string.h>

const struct manager_flag manager_flags[] = {
	{ "dictate", KMTIA_MANAGER_FLAGS_DICTATE },
	{ "notify", KMTIA_MANAGER_FLAGS_NOTIFY },
	{ "exclusive", KMTIA_MANAGER_FLAGS_EXCLUSIVE },
	{ NULL, 0 },
};

bool manager_flag_parse(const char *text, uint32_t *flag)
{
	const struct manager_flag *f;

	for (f = manager_flags; f->name; f++) {
		if (strcmp(f->name, text))
			continue;
		*flag = f->flag;
		return true;
	}
	return false;
}
