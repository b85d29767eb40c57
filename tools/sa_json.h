/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SA as JSON, for the command line and for the daemon's JSON exporter. The
 * names are those of the netlink specification with "_" for "-". Key bytes are
 * never part of it.
 */
#ifndef KMTIA_TOOLS_SA_JSON_H
#define KMTIA_TOOLS_SA_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "libkmtia.h"

json_t *sa_json_text(const char *text);
json_t *sa_json_u64(uint64_t value);
json_t *sa_json_uuid(const uint8_t uuid[KMTIA_UUID_LEN]);
json_t *sa_json_id(const struct kmtia_sa *sa);
json_t *sa_json(const struct kmtia_sa *sa);

#endif /* KMTIA_TOOLS_SA_JSON_H */
