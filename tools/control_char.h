/* SPDX-License-Identifier: GPL-2.0-only */
/* Characters that speak to a terminal, or end a line, where only text is meant. */
#ifndef KMTIA_TOOLS_CONTROL_CHAR_H
#define KMTIA_TOOLS_CONTROL_CHAR_H

#include <stddef.h>

/*
 * How many bytes the control character has with which @text begins: C0 and DEL one, C1
 * (U+0080 to U+009F) two, as UTF-8. 0: it begins with none.
 */
static inline size_t control_char(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if ((p[0] && p[0] < 0x20) || p[0] == 0x7f)
		return 1;
	return p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

#endif /* KMTIA_TOOLS_CONTROL_CHAR_H */
