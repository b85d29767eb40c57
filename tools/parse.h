/* SPDX-License-Identifier: GPL-2.0-only */
/* Values in text, of a command line or of a configuration. */
#ifndef KMTIA_TOOLS_PARSE_H
#define KMTIA_TOOLS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Each returns false if the text is no such value. */
bool parse_u32(const char *text, uint32_t *value);
bool parse_address(const char *text, uint16_t *family, uint8_t addr[16]);
bool parse_proto(const char *text, uint8_t *proto);

#endif /* KMTIA_TOOLS_PARSE_H */
