/* SPDX-License-Identifier: GPL-2.0-only */
/* kmtiad.conf(5). */
#ifndef KMTIAD_CONFIG_H
#define KMTIAD_CONFIG_H

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exporters.h"
#include "sources.h"

#define CONFIG_ERROR_SIZE 512

/* As whom to register. */
struct config_manager {
	uint8_t uuid[KMTIA_UUID_LEN];
	char name[KMTIA_NAME_MAX_LEN + 1];
	char description[KMTIA_TEXT_MAX_LEN + 1];
	uint32_t flags;
	bool has_weight;
	uint32_t weight;
	uint32_t timeout_hint;
	uint32_t grace_ms;
};

struct config_exporter {
	const struct exporter_ops *ops;
	char *file;
	bool esn_columns;
};

#define CONFIG_EXPORTERS 2

struct rules;

struct config {
	struct config_manager manager;
	char *control;	       /* socket for kmtia(8); NULL: none */
	char *state;	       /* file of the choice made there; NULL: none */
	char *rules_path;      /* file of the rules; NULL: they are not our business */
	struct rules *rules;   /* what it says */
	struct source *source; /* NULL: none */
	struct config_exporter exporters[CONFIG_EXPORTERS];
	size_t n_exporters;
};

/* config.c */
struct config *config_load(const char *path, char error[CONFIG_ERROR_SIZE]);
void config_free(struct config *config);
bool config_manager_differs(const struct config_manager *a, const struct config_manager *b);

/*
 * config_value.c: checks of single values while the parser reads them, so that
 * errors name the right line. They have the type cfg_callback_t.
 */
int config_value_text(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_secret_id(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_u32(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_timeout(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_grace(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_bool(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_uuid(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_name(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_key_id(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_flag(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_proto(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_address(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_path(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_socket(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_credential(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_derivation(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_hex(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_on_missing(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int config_value_function(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);

/* config_parse.c: for sources */
void config_failed(cfg_t *cfg, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* config_value.c: for what is checked later */
int config_accept(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result,
		  const char *wrong);
cfg_t *config_at(cfg_t *section, const char *name);
uint32_t config_flags(cfg_t *section, const char *name);
bool config_is_true(const char *value);
size_t config_hex_decode(const char *hex, uint8_t *bytes, size_t size);

/* An option whose value @check looks at, and that has none if not given. */
#define CONFIG_OPTION(name, check) CFG_STR_CB(name, NULL, CFGF_NODEFAULT, check)

#endif /* KMTIAD_CONFIG_H */
