// SPDX-License-Identifier: GPL-2.0-only
/* Reads a configuration file into what the daemon works with. */
#include "config.h"
#include "config_parse.h"
#include "parse.h"
#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cfg_opt_t manager_options[] = {
	CONFIG_OPTION("uuid", config_value_uuid),
	CONFIG_OPTION("name", config_value_name),
	CONFIG_OPTION("description", config_value_text),
	CFG_STR_LIST_CB("flags", NULL, CFGF_NODEFAULT, config_value_flag),
	CONFIG_OPTION("weight", config_value_u32),
	CONFIG_OPTION("timeout-hint", config_value_timeout),
	CONFIG_OPTION("grace", config_value_grace),
	CFG_END()
};

/* Of all kinds, as the parser has one set for them; check_source() sorts them. */
static cfg_opt_t source_options[] = {
	CONFIG_OPTION("on-missing", config_value_on_missing),
	CONFIG_OPTION("key-id", config_value_key_id),
	CONFIG_OPTION("test-function", config_value_function),
	CFG_SEC("sa", source_static_sa_options, CFGF_MULTI),
	CONFIG_OPTION("derivation", config_value_derivation),
	CONFIG_OPTION("standing", config_value_bool),
	CONFIG_OPTION("use", config_value_secret_id),
	CFG_SEC("secret", source_secret_secret_options, CFGF_MULTI),
	CFG_END()
};

static cfg_opt_t exporter_options[] = {
	CONFIG_OPTION("file", config_value_path),
	CONFIG_OPTION("esn-columns", config_value_bool),
	CFG_END()
};

/* Sections may be repeated as far as the parser cares, so that we can object. */
static cfg_opt_t top_options[] = {
	CONFIG_OPTION("control", config_value_socket),
	CONFIG_OPTION("state", config_value_path),
	CONFIG_OPTION("rules", config_value_path),
	CFG_SEC("manager", manager_options, CFGF_MULTI),
	CFG_SEC("source", source_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("exporter", exporter_options,
		CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

static const struct source_kind *const source_kinds[] = { &source_static, &source_secret };
static const struct exporter_ops *const exporter_kinds[CONFIG_EXPORTERS] = {
	&exporter_wireshark,
	&exporter_json,
};

static const struct source_kind *find_source(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(source_kinds) / sizeof(source_kinds[0]); i++)
		if (!strcmp(source_kinds[i]->name, name))
			return source_kinds[i];
	return NULL;
}

static const struct exporter_ops *find_exporter(const char *name)
{
	size_t i;

	for (i = 0; i < CONFIG_EXPORTERS; i++)
		if (!strcmp(exporter_kinds[i]->name, name))
			return exporter_kinds[i];
	return NULL;
}

/* The section that the parser has just read. */
static cfg_t *last_section(cfg_opt_t *option)
{
	return cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
}

static int check_manager(cfg_t *cfg, cfg_opt_t *option)
{
	cfg_t *section = last_section(option);

	if (cfg_opt_size(option) > 1)
		cfg_error(cfg, "there is more than one manager");
	else if (!cfg_getstr(section, "uuid"))
		cfg_error(cfg, "the manager has no uuid");
	else if (!cfg_size(section, "flags"))
		cfg_error(cfg, "the manager has no flags: dictate, notify or both");
	else
		return 0;
	return -1;
}

static bool kind_has_option(const struct source_kind *kind, const char *name)
{
	const char *const *option;

	for (option = kind->options; *option; option++)
		if (!strcmp(*option, name))
			return true;
	return false;
}

/* An option that was given but belongs to another kind of source, or NULL. */
static const char *foreign_option(cfg_t *section, const struct source_kind *kind)
{
	cfg_opt_t *opt;

	for (opt = section->opts; opt->name; opt++)
		if (cfg_opt_size(opt) && !kind_has_option(kind, opt->name))
			return opt->name;
	return NULL;
}

static int check_source(cfg_t *cfg, cfg_opt_t *option)
{
	cfg_t *section = last_section(option);
	const struct source_kind *kind = find_source(cfg_title(section));
	const char *foreign = kind ? foreign_option(section, kind) : NULL;

	if (!kind)
		cfg_error(cfg, "there is no source \"%s\"", cfg_title(section));
	else if (cfg_opt_size(option) > 1)
		cfg_error(cfg, "there is more than one source");
	else if (foreign)
		cfg_error(config_at(section, foreign), "source %s has no %s", kind->name,
			  foreign);
	else
		return 0;
	return -1;
}

static int check_exporter(cfg_t *cfg, cfg_opt_t *option)
{
	cfg_t *section = last_section(option);
	const struct exporter_ops *ops = find_exporter(cfg_title(section));

	if (!ops)
		cfg_error(cfg, "there is no exporter \"%s\"", cfg_title(section));
	else if (!cfg_getstr(section, "file"))
		cfg_error(cfg, "exporter %s has no file", ops->name);
	else if (cfg_getstr(section, "esn-columns") && ops != &exporter_wireshark)
		cfg_error(cfg, "exporter %s has no esn-columns", ops->name);
	else
		return 0;
	return -1;
}

static void copy_text(char *to, size_t size, cfg_t *section, const char *name,
		      const char *otherwise)
{
	const char *value = cfg_getstr(section, name);

	snprintf(to, size, "%s", value ? value : otherwise);
}

static void build_manager(struct config_manager *m, cfg_t *section)
{
	kmtia_uuid_parse(cfg_getstr(section, "uuid"), m->uuid);
	copy_text(m->name, sizeof(m->name), section, "name", "kmtiad");
	copy_text(m->description, sizeof(m->description), section, "description", "");
	m->flags = config_flags(section, "flags");
	if (cfg_getstr(section, "weight"))
		m->has_weight = parse_u32(cfg_getstr(section, "weight"), &m->weight);
	if (cfg_getstr(section, "timeout-hint"))
		parse_u32(cfg_getstr(section, "timeout-hint"), &m->timeout_hint);
	if (cfg_getstr(section, "grace"))
		parse_u32(cfg_getstr(section, "grace"), &m->grace_ms);
}

/* Copy a path that need not be given. */
static bool build_path(char **path, cfg_t *cfg, const char *name)
{
	const char *value = cfg_getstr(cfg, name);

	*path = value ? strdup(value) : NULL;
	if (!value || *path)
		return true;
	config_failed(cfg, ENOMEM, "out of memory");
	return false;
}

static bool build_exporters(struct config *config, cfg_t *cfg)
{
	unsigned int i;

	for (i = 0; i < cfg_size(cfg, "exporter"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "exporter", i);
		struct config_exporter *e = &config->exporters[i];

		e->ops = find_exporter(cfg_title(section));
		e->file = strdup(cfg_getstr(section, "file"));
		e->esn_columns = cfg_getstr(section, "esn-columns") &&
				 config_is_true(cfg_getstr(section, "esn-columns"));
		config->n_exporters++;
		if (!e->file) {
			config_failed(section, ENOMEM, "out of memory");
			return false;
		}
	}
	return true;
}

/* Why must there be no keys in the file? NULL if there may be. */
static const char *exposure(const struct config_text *t)
{
	if (t->owner != 0 && t->owner != geteuid())
		return "keys in a file that belongs to somebody else";
	if (t->mode & 077)
		return "keys in a file that others may read or write: chmod it to 0600";
	return NULL;
}

/* Does what was given fit together? */
static bool check_whole(const struct config *config, cfg_t *cfg, cfg_t *manager)
{
	bool has_secrets = config->source && config->source->ops->use;
	bool dictates = config->manager.flags & KMTIA_MANAGER_FLAGS_DICTATE;
	bool notified = config->manager.flags & KMTIA_MANAGER_FLAGS_NOTIFY;

	if (dictates && !config->source)
		cfg_error(manager, "a manager with the flag dictate needs a source");
	else if (!dictates && config->source)
		cfg_error(manager, "a source is of no use without the flag dictate");
	else if (!dictates && config->manager.flags & KMTIA_MANAGER_FLAGS_EXCLUSIVE)
		cfg_error(manager, "the flag exclusive is of no use without dictate");
	else if (!notified && config->n_exporters)
		cfg_error(manager, "an exporter is of no use without the flag notify");
	else if (config->source && config->manager.has_weight &&
		 config->source->ops->chooses(config->source))
		cfg_error(manager, "on-missing = decline is of no use with a constant weight: "
				   "the manager is not asked");
	else if (config->control && !has_secrets)
		cfg_error(config_at(cfg, "control"),
			  "control is of no use without a source secret");
	else if (config->state && !has_secrets)
		cfg_error(config_at(cfg, "state"), "state is of no use without a source secret");
	else if (config->state && !config->control)
		cfg_error(config_at(cfg, "state"), "state is of no use without control");
	else
		return true;
	return false;
}

static bool build(cfg_t *cfg, const struct config_text *t, void *user)
{
	struct config *config = user;
	cfg_t *manager = cfg_getnsec(cfg, "manager", 0);
	cfg_t *source = cfg_size(cfg, "source") ? cfg_getnsec(cfg, "source", 0) : NULL;

	if (!manager) {
		cfg_error(cfg, "there is no manager");
		return false;
	}
	build_manager(&config->manager, manager);
	if (source) {
		config->source = find_source(cfg_title(source))->build(source, exposure(t));
		if (!config->source)
			return false;
	}
	return build_path(&config->control, cfg, "control") &&
	       build_path(&config->state, cfg, "state") &&
	       build_path(&config->rules_path, cfg, "rules") &&
	       build_exporters(config, cfg) && check_whole(config, cfg, manager);
}

static void wipe(cfg_t *cfg)
{
	const struct source_kind *kind;
	unsigned int i;

	for (i = 0; i < cfg_size(cfg, "source"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "source", i);

		kind = find_source(cfg_title(section));
		if (kind && kind->wipe)
			kind->wipe(section);
	}
}

static void set_checks(cfg_t *cfg)
{
	cfg_set_validate_func(cfg, "manager", check_manager);
	cfg_set_validate_func(cfg, "source", check_source);
	cfg_set_validate_func(cfg, "source|sa", source_static_check_sa);
	cfg_set_validate_func(cfg, "source|secret", source_secret_check_secret);
	cfg_set_validate_func(cfg, "exporter", check_exporter);
}

static const struct config_syntax syntax = {
	.options = top_options,
	.set_checks = set_checks,
	.build = build,
	.wipe = wipe,
};

/*
 * Returns NULL with "FILE:LINE: reason" in @error if the file is not right, or that of
 * rules. Then errno is EINVAL; or EAGAIN if it may be right, but cannot be read at this
 * time, or what it names.
 */
struct config *config_load(const char *path, char error[CONFIG_ERROR_SIZE])
{
	struct config *config = calloc(1, sizeof(*config));
	bool loaded = false;
	int err;

	error[0] = '\0';
	if (!config) {
		snprintf(error, CONFIG_ERROR_SIZE, "%s: out of memory", path);
		errno = EAGAIN;
		return NULL;
	}
	loaded = config_parse(&syntax, path, config, error);
	if (loaded && config->rules_path) {
		config->rules = rules_load(config->rules_path, error);
		loaded = config->rules;
	}
	if (loaded)
		return config;
	err = errno;
	config_free(config);
	errno = err;
	return NULL;
}

void config_free(struct config *config)
{
	size_t i;

	if (!config)
		return;
	if (config->source)
		config->source->ops->forget(config->source);
	for (i = 0; i < config->n_exporters; i++)
		free(config->exporters[i].file);
	free(config->control);
	free(config->state);
	free(config->rules_path);
	rules_free(config->rules);
	free(config);
}

bool config_manager_differs(const struct config_manager *a, const struct config_manager *b)
{
	return memcmp(a->uuid, b->uuid, sizeof(a->uuid)) || strcmp(a->name, b->name) ||
	       strcmp(a->description, b->description) || a->flags != b->flags ||
	       a->has_weight != b->has_weight || a->weight != b->weight ||
	       a->timeout_hint != b->timeout_hint || a->grace_ms != b->grace_ms;
}
