/* SPDX-License-Identifier: GPL-2.0-only */
/* Values in text, of a command line or of a configuration. */
#ifndef KMTIA_TOOLS_PARSE_H
#define KMTIA_TOOLS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "libkmtia.h"

/* Each returns false if the text is no such value. */
bool parse_u32(const char *text, uint32_t *value);
bool parse_address(const char *text, uint16_t *family, uint8_t addr[16]);
bool parse_proto(const char *text, uint8_t *proto);
bool parse_mark(const char *text, uint32_t *mark, uint32_t *mask);
bool parse_grant(const char *text, uint32_t *grant, uint8_t uuid[KMTIA_UUID_LEN]);

/* Returns NULL, or what is wrong with it. */
const char *parse_prefix(const char *text, uint16_t *family, uint8_t addr[16], uint8_t *len);

#endif /* KMTIA_TOOLS_PARSE_H */
