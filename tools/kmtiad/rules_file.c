// SPDX-License-Identifier: GPL-2.0-only
/* Reads the file of rules and the manager policy. */
#include "config.h"
#include "config_parse.h"
#include "parse.h"
#include "policy_words.h"
#include "rule_words.h"
#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the kernel takes where a rule says nothing. */
#define DEFAULT_TIMEOUT_MS 1000

/* Where checks leave what they have understood; set while rules_load() runs. */
static struct rules *loading;

/* --- Single values ----------------------------------------------------------- */

static int rule_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct kmtia_rule rule;
	struct rule_words w;

	rule_words_begin(&w, &rule);
	return config_accept(cfg, opt, value, result, rule_words_find(opt->name)->take(&w, value));
}

static int uuid_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct kmtia_policy policy;
	const char *wrong = NULL;

	if (strcmp(value, "any") && policy_words_uuid(&policy, value))
		wrong = "is not any or a UUID";
	return config_accept(cfg, opt, value, result, wrong);
}

static int who_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct kmtia_policy policy;

	return config_accept(cfg, opt, value, result,
			     policy_words_find(opt->name)->take(&policy, value));
}

/* --- Rules ------------------------------------------------------------------- */

static cfg_opt_t rule_options[] = {
	CONFIG_OPTION("family", rule_value),
	CONFIG_OPTION("local", rule_value),
	CONFIG_OPTION("remote", rule_value),
	CONFIG_OPTION("proto", rule_value),
	CONFIG_OPTION("direction", rule_value),
	CONFIG_OPTION("reqid", rule_value),
	CONFIG_OPTION("if-id", rule_value),
	CONFIG_OPTION("mark", rule_value),
	CONFIG_OPTION("dictate", rule_value),
	CONFIG_OPTION("notify", rule_value),
	CONFIG_OPTION("keys", rule_value),
	CONFIG_OPTION("on-failure", rule_value),
	CONFIG_OPTION("timeout", rule_value),
	CFG_END()
};

/* As the kernel will list it. */
static void set_defaults(struct kmtia_rule *rule)
{
	if (rule->dictate == KMTIA_GRANT_NONE)
		return;
	rule->has_on_failure = true;
	if (!rule->timeout_ms)
		rule->timeout_ms = DEFAULT_TIMEOUT_MS;
}

/* Returns NULL, or what is wrong, and where in @at. */
static const char *build_rule(cfg_t *section, struct kmtia_rule *rule, const char **at)
{
	const struct rule_word *word;
	const char *wrong;
	struct rule_words w;

	rule_words_begin(&w, rule);
	for (word = rule_word_list; word->name; word++)
		if (cfg_getstr(section, word->option))
			word->take(&w, cfg_getstr(section, word->option));
	*at = "remote";
	wrong = rule_words_end(&w);
	return wrong ? wrong : rule_words_check(rule, at);
}

static int keep_rule(cfg_t *cfg, const struct kmtia_rule *rule)
{
	if (rules_find(loading, rule->priority))
		cfg_error(cfg, "there is more than one rule of priority %u", rule->priority);
	else if (!rules_put(loading, rule))
		config_failed(cfg, ENOMEM, "out of memory");
	else
		return 0;
	return -1;
}

static int check_rule(cfg_t *cfg, cfg_opt_t *option)
{
	cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
	struct kmtia_rule rule;
	const char *at, *wrong = build_rule(section, &rule, &at);

	if (wrong) {
		if (cfg_getstr(section, at))
			section = config_at(section, at);
		cfg_error(section, "%s: %s", at, wrong);
		return -1;
	}
	if (!parse_u32(cfg_title(section), &rule.priority)) {
		cfg_error(cfg, "rule: \"%s\" is not a priority, a number of 32 bits",
			  cfg_title(section));
		return -1;
	}
	set_defaults(&rule);
	return keep_rule(cfg, &rule);
}

/* --- Manager policy ------------------------------------------------------------ */

static cfg_opt_t policy_options[] = {
	CONFIG_OPTION("uuid", uuid_value),
	CONFIG_OPTION("uid", who_value),
	CONFIG_OPTION("user", who_value),
	CONFIG_OPTION("gid", who_value),
	CONFIG_OPTION("group", who_value),
	CFG_STR_LIST_CB("flags", NULL, CFGF_NODEFAULT, config_value_flag),
	CFG_END()
};

/* Returns how many say who. */
static int build_policy(cfg_t *section, struct kmtia_policy *policy)
{
	const struct policy_word *word;
	int n = 0;

	memset(policy, 0, sizeof(*policy));
	policy->size = sizeof(*policy);
	if (cfg_getstr(section, "uuid") && strcmp(cfg_getstr(section, "uuid"), "any"))
		policy_words_uuid(policy, cfg_getstr(section, "uuid"));
	for (word = policy_word_list; word->name; word++) {
		if (!cfg_getstr(section, word->name))
			continue;
		word->take(policy, cfg_getstr(section, word->name));
		n++;
	}
	policy->flags = config_flags(section, "flags");
	return n;
}

static int check_policy(cfg_t *cfg, cfg_opt_t *option)
{
	cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
	struct kmtia_policy policy;
	int n = build_policy(section, &policy);

	if (!cfg_getstr(section, "uuid"))
		cfg_error(cfg, "the manager-policy has no uuid: a UUID, or any");
	else if (n != 1)
		cfg_error(cfg, "the manager-policy has %s one of uid, user, gid and group",
			  n ? "more than" : "not");
	else if (!policy.flags)
		cfg_error(cfg, "the manager-policy has no flags: dictate, notify, exclusive");
	else if (policy_words_check(&policy))
		cfg_error(cfg, "flags: %s", policy_words_check(&policy));
	else if (rules_find_policy(loading, &policy))
		cfg_error(cfg, "there is more than one manager-policy for this uuid and %s",
			  policy.is_group ? "group" : "user");
	else if (!rules_put_policy(loading, &policy))
		config_failed(cfg, ENOMEM, "out of memory");
	else
		return 0;
	return -1;
}

/* --- The file ------------------------------------------------------------------ */

static cfg_opt_t top_options[] = {
	CFG_SEC("rule", rule_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("manager-policy", policy_options, CFGF_MULTI),
	CFG_END()
};

static void set_checks(cfg_t *cfg)
{
	cfg_set_validate_func(cfg, "rule", check_rule);
	cfg_set_validate_func(cfg, "manager-policy", check_policy);
}

/* Whoever can write the file says which SAs are dictated, and by whom. */
static bool is_trusted(cfg_t *cfg, const struct config_text *t, void *user)
{
	(void)user;
	if (t->owner != 0 && t->owner != geteuid())
		cfg_error(cfg, "rules in a file that belongs to somebody else");
	else if (t->mode & 022)
		cfg_error(cfg, "rules in a file that others may write: chmod it to 0644");
	else
		return true;
	return false;
}

static const struct config_syntax syntax = {
	.options = top_options,
	.set_checks = set_checks,
	.build = is_trusted,
};

/* Returns NULL as config_parse() returns false. */
struct rules *rules_load(const char *path, char *error)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	int err;

	if (!rules) {
		snprintf(error, CONFIG_ERROR_SIZE, "%s: out of memory", path);
		errno = EAGAIN;
		return NULL;
	}
	loading = rules;
	if (config_parse(&syntax, path, rules, error))
		return rules;
	err = errno;
	rules_free(rules);
	errno = err;
	return NULL;
}
