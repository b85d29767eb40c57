// SPDX-License-Identifier: GPL-2.0-only
/* The words of a rule, and what they mean. */
#include "rule_words.h"
#include "parse.h"

#include <string.h>
#include <sys/socket.h>

/* Each of these takes a value, and returns NULL, or what is wrong with the value. */

static const char *take_family(struct rule_words *w, const char *value)
{
	if (!strcmp(value, "inet"))
		w->rule->family = AF_INET;
	else if (!strcmp(value, "inet6"))
		w->rule->family = AF_INET6;
	else
		return "is neither inet nor inet6";
	return NULL;
}

static const char *take_local(struct rule_words *w, const char *value)
{
	w->rule->has_local = true;
	return parse_prefix(value, &w->local_family, w->rule->local, &w->rule->local_len);
}

static const char *take_remote(struct rule_words *w, const char *value)
{
	w->rule->has_remote = true;
	return parse_prefix(value, &w->remote_family, w->rule->remote, &w->rule->remote_len);
}

static const char *take_proto(struct rule_words *w, const char *value)
{
	return parse_proto(value, &w->rule->proto) ? NULL : "is neither esp nor ah";
}

static const char *take_dir(struct rule_words *w, const char *value)
{
	if (!strcmp(value, "in"))
		w->rule->direction = KMTIA_DIRECTION_IN;
	else if (!strcmp(value, "out"))
		w->rule->direction = KMTIA_DIRECTION_OUT;
	else
		return "is neither in nor out";
	return NULL;
}

static const char *take_reqid(struct rule_words *w, const char *value)
{
	w->rule->has_reqid = true;
	return parse_u32(value, &w->rule->reqid) ? NULL : "is not a number";
}

static const char *take_if_id(struct rule_words *w, const char *value)
{
	w->rule->has_if_id = true;
	return parse_u32(value, &w->rule->if_id) ? NULL : "is not a number";
}

static const char *take_mark(struct rule_words *w, const char *value)
{
	w->rule->has_mark = true;
	return parse_mark(value, &w->rule->mark, &w->rule->mark_mask) ?
		       NULL :
		       "is not VALUE or VALUE/MASK";
}

static const char *take_dictate(struct rule_words *w, const char *value)
{
	return parse_grant(value, &w->rule->dictate, w->rule->dictate_manager) ?
		       NULL :
		       "is not any, none or a UUID";
}

static const char *take_notify(struct rule_words *w, const char *value)
{
	return parse_grant(value, &w->rule->notify, w->rule->notify_manager) ?
		       NULL :
		       "is not any, none or a UUID";
}

static const char *take_keys(struct rule_words *w, const char *value)
{
	w->rule->has_keys = true;
	return kmtia_uuid_parse(value, w->rule->keys_manager) ? "is not a UUID" : NULL;
}

static const char *take_on_failure(struct rule_words *w, const char *value)
{
	uint32_t action;

	for (action = KMTIA_FAILURE_ACTION_REJECT; action <= KMTIA_FAILURE_ACTION_KEEP;
	     action++) {
		if (strcmp(value, kmtia_failure_action_name(action)))
			continue;
		w->rule->has_on_failure = true;
		w->rule->on_failure = action;
		return NULL;
	}
	return "is not reject, manager or keep";
}

static const char *take_timeout(struct rule_words *w, const char *value)
{
	/* 0 would mean the default to the library: refused, not misread. */
	if (!parse_u32(value, &w->rule->timeout_ms) || !w->rule->timeout_ms ||
	    w->rule->timeout_ms > KMTIA_RULE_TIMEOUT_MAX)
		return "is not a time from 1 to 10000 ms";
	return NULL;
}

const struct rule_word rule_word_list[] = {
	{ "family", "family", take_family },
	{ "local", "local", take_local },
	{ "remote", "remote", take_remote },
	{ "proto", "proto", take_proto },
	{ "dir", "direction", take_dir },
	{ "reqid", "reqid", take_reqid },
	{ "if_id", "if-id", take_if_id },
	{ "mark", "mark", take_mark },
	{ "dictate", "dictate", take_dictate },
	{ "notify", "notify", take_notify },
	{ "keys", "keys", take_keys },
	{ "on-failure", "on-failure", take_on_failure },
	{ "timeout", "timeout", take_timeout },
	{ NULL, NULL, NULL },
};

/* NULL: there is no such word. */
const struct rule_word *rule_words_find(const char *name)
{
	const struct rule_word *word;

	for (word = rule_word_list; word->name; word++)
		if (!strcmp(word->name, name) || !strcmp(word->option, name))
			return word;
	return NULL;
}

void rule_words_begin(struct rule_words *w, struct kmtia_rule *rule)
{
	memset(w, 0, sizeof(*w));
	memset(rule, 0, sizeof(*rule));
	rule->size = sizeof(*rule);
	w->rule = rule;
}

/*
 * All words were taken. The family of a rule is that of its prefixes, which must agree.
 * Returns NULL, or what is wrong.
 */
const char *rule_words_end(struct rule_words *w)
{
	uint16_t family = w->local_family ? w->local_family : w->remote_family;

	if (w->remote_family && family != w->remote_family)
		return "local and remote are of different families";
	if (family && w->rule->family && family != w->rule->family)
		return "family contradicts the family of the addresses";
	if (family)
		w->rule->family = family;
	return NULL;
}

/*
 * What the kernel would say of a rule whose words are right each by itself. Returns NULL,
 * or what is wrong, and with which option.
 */
const char *rule_words_check(const struct kmtia_rule *rule, const char **option)
{
	*option = "mark";
	if (rule->has_mark && rule->mark & ~rule->mark_mask)
		return "has bits that its mask leaves out";
	*option = "keys";
	if (rule->has_keys && rule->notify != KMTIA_GRANT_ANY &&
	    (rule->notify != KMTIA_GRANT_NAMED ||
	     memcmp(rule->notify_manager, rule->keys_manager, KMTIA_UUID_LEN)))
		return "is for a key manager that is not notified";
	*option = "on-failure";
	if (rule->has_on_failure && rule->dictate == KMTIA_GRANT_NONE)
		return "is of no use where nobody dictates";
	*option = "timeout";
	if (rule->timeout_ms && rule->dictate == KMTIA_GRANT_NONE)
		return "is of no use where nobody dictates";
	return NULL;
}
