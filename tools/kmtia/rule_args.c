// SPDX-License-Identifier: GPL-2.0-only
/* The grammar of "kmtia rule add": words with a value each, in any order. */
#include "kmtia_cmd.h"
#include "parse.h"

#include <string.h>
#include <sys/socket.h>

struct rule_parser {
	struct cmd *c;
	struct kmtia_rule *rule;
	uint16_t local_family, remote_family;
};

/* Each of these takes a value, and returns NULL, or what is wrong with the value. */

static const char *take_priority(struct rule_parser *p, const char *value)
{
	return parse_u32(value, &p->rule->priority) ? NULL : "is not a number";
}

static const char *take_family(struct rule_parser *p, const char *value)
{
	if (!strcmp(value, "inet"))
		p->rule->family = AF_INET;
	else if (!strcmp(value, "inet6"))
		p->rule->family = AF_INET6;
	else
		return "is neither inet nor inet6";
	return NULL;
}

static const char *take_local(struct rule_parser *p, const char *value)
{
	p->rule->has_local = true;
	return args_prefix(value, &p->local_family, p->rule->local, &p->rule->local_len);
}

static const char *take_remote(struct rule_parser *p, const char *value)
{
	p->rule->has_remote = true;
	return args_prefix(value, &p->remote_family, p->rule->remote, &p->rule->remote_len);
}

static const char *take_proto(struct rule_parser *p, const char *value)
{
	return parse_proto(value, &p->rule->proto) ? NULL : "is neither esp nor ah";
}

static const char *take_dir(struct rule_parser *p, const char *value)
{
	if (!strcmp(value, "in"))
		p->rule->direction = KMTIA_DIRECTION_IN;
	else if (!strcmp(value, "out"))
		p->rule->direction = KMTIA_DIRECTION_OUT;
	else
		return "is neither in nor out";
	return NULL;
}

static const char *take_reqid(struct rule_parser *p, const char *value)
{
	p->rule->has_reqid = true;
	return parse_u32(value, &p->rule->reqid) ? NULL : "is not a number";
}

static const char *take_if_id(struct rule_parser *p, const char *value)
{
	p->rule->has_if_id = true;
	return parse_u32(value, &p->rule->if_id) ? NULL : "is not a number";
}

static const char *take_mark(struct rule_parser *p, const char *value)
{
	p->rule->has_mark = true;
	return args_mark(value, &p->rule->mark, &p->rule->mark_mask) ?
		       NULL :
		       "is not VALUE or VALUE/MASK";
}

static const char *take_dictate(struct rule_parser *p, const char *value)
{
	return args_grant(value, &p->rule->dictate, p->rule->dictate_manager) ?
		       NULL :
		       "is not any, none or a UUID";
}

static const char *take_notify(struct rule_parser *p, const char *value)
{
	return args_grant(value, &p->rule->notify, p->rule->notify_manager) ?
		       NULL :
		       "is not any, none or a UUID";
}

static const char *take_keys(struct rule_parser *p, const char *value)
{
	p->rule->has_keys = true;
	return kmtia_uuid_parse(value, p->rule->keys_manager) ? "is not a UUID" : NULL;
}

static const char *take_on_failure(struct rule_parser *p, const char *value)
{
	uint32_t action;

	for (action = KMTIA_FAILURE_ACTION_REJECT; action <= KMTIA_FAILURE_ACTION_KEEP;
	     action++) {
		if (strcmp(value, kmtia_failure_action_name(action)))
			continue;
		p->rule->has_on_failure = true;
		p->rule->on_failure = action;
		return NULL;
	}
	return "is not reject, manager or keep";
}

static const char *take_timeout(struct rule_parser *p, const char *value)
{
	/* 0 would mean the default to the library: refused, not misread. */
	if (!parse_u32(value, &p->rule->timeout_ms) || !p->rule->timeout_ms ||
	    p->rule->timeout_ms > KMTIA_RULE_TIMEOUT_MAX)
		return "is not a time from 1 to 10000 ms";
	return NULL;
}

static const struct rule_word {
	const char *name;
	const char *(*take)(struct rule_parser *p, const char *value);
} rule_words[] = {
	{ "priority", take_priority },
	{ "family", take_family },
	{ "local", take_local },
	{ "remote", take_remote },
	{ "proto", take_proto },
	{ "dir", take_dir },
	{ "reqid", take_reqid },
	{ "if_id", take_if_id },
	{ "mark", take_mark },
	{ "dictate", take_dictate },
	{ "notify", take_notify },
	{ "keys", take_keys },
	{ "on-failure", take_on_failure },
	{ "timeout", take_timeout },
};

#define RULE_WORDS (sizeof(rule_words) / sizeof(rule_words[0]))

static const struct rule_word *find_word(const char *name)
{
	size_t i;

	for (i = 0; i < RULE_WORDS; i++)
		if (!strcmp(rule_words[i].name, name))
			return &rule_words[i];
	return NULL;
}

static int take_word(struct rule_parser *p, const char *name, const char *value,
		     uint32_t *seen)
{
	const struct rule_word *word = find_word(name);
	const char *wrong;
	uint32_t bit;

	if (!word)
		return cmd_usage(p->c, "unknown word \"%s\"; see \"kmtia rule help\"", name);
	bit = 1U << (word - rule_words);
	if (*seen & bit)
		return cmd_usage(p->c, "\"%s\" is given twice", name);
	*seen |= bit;
	if (!value)
		return cmd_usage(p->c, "\"%s\" needs a value", name);
	wrong = word->take(p, value);
	if (wrong)
		return cmd_usage(p->c, "%s: %s %s", name, value, wrong);
	return CMD_OK;
}

/* The family of a rule is that of its prefixes, which must agree. */
static int settle_family(struct rule_parser *p)
{
	uint16_t family = p->local_family ? p->local_family : p->remote_family;

	if (p->remote_family && family != p->remote_family)
		return cmd_usage(p->c, "local and remote are of different families");
	if (family && p->rule->family && family != p->rule->family)
		return cmd_usage(p->c, "family contradicts the family of the addresses");
	if (family)
		p->rule->family = family;
	return CMD_OK;
}

/* Parse what follows "rule add"; returns an exit code. */
int rule_args(struct cmd *c, int argc, char **argv, struct kmtia_rule *rule)
{
	struct rule_parser p = { .c = c, .rule = rule };
	uint32_t seen = 0;
	int i, code;

	memset(rule, 0, sizeof(*rule));
	rule->size = sizeof(*rule);
	for (i = 0; i < argc; i += 2) {
		code = take_word(&p, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &seen);
		if (code)
			return code;
	}
	if (!(seen & 1U << (find_word("priority") - rule_words)))
		return cmd_usage(c, "a rule needs a priority");
	return settle_family(&p);
}
