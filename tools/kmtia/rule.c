// SPDX-License-Identifier: GPL-2.0-only
/* kmtia rule: which SAs may be dictated or watched, by whom, and what if not. */
#include "kmtia_cmd.h"
#include "parse.h"
#include "sa_json.h"
#include "sa_text.h"

#include <inttypes.h>
#include <string.h>

static const char help[] =
	"Usage: kmtia rule [show]\n"
	"       kmtia rule add priority N [SELECTOR] [GRANT] [on-failure ACTION] [timeout MS]\n"
	"       kmtia rule replace priority N ...\n"
	"       kmtia rule del [priority] N\n"
	"       kmtia rule flush\n"
	"       kmtia rule save\n"
	"SELECTOR := [family inet|inet6] [local PREFIX] [remote PREFIX] [proto esp|ah]\n"
	"            [dir in|out] [reqid N] [if_id N] [mark VALUE[/MASK]]\n"
	"GRANT    := [dictate UUID|any|none] [notify UUID|any|none] [keys UUID]\n"
	"ACTION   := reject | manager | keep\n"
	"The rule of the lowest priority that matches a new SA applies to it. What is not\n"
	"granted is not allowed. show prints rules as add takes them, with -s their hits.\n"
	"replace adds a rule, or puts it into the place of the one of its priority; no SA falls\n"
	"between the two. save prints rules and manager policy as kmtiad's rules file has them.\n"
	"Example: kmtia rule add priority 10 remote 10.1.0.0/24 proto esp \\\n"
	"                        dictate any notify any on-failure reject\n";

static void print_prefix(FILE *out, const char *word, const struct kmtia_rule *rule,
			 const uint8_t addr[16], uint8_t len)
{
	char buf[SA_TEXT_SIZE];

	fprintf(out, " %s %s/%u", word, sa_text_address(rule->family, addr, buf), len);
}

static void print_selectors(FILE *out, const struct kmtia_rule *rule)
{
	char buf[SA_TEXT_SIZE];

	if (rule->family && !rule->has_local && !rule->has_remote)
		fprintf(out, " family %s", sa_text_family(rule->family));
	if (rule->has_local)
		print_prefix(out, "local", rule, rule->local, rule->local_len);
	if (rule->has_remote)
		print_prefix(out, "remote", rule, rule->remote, rule->remote_len);
	if (rule->proto)
		fprintf(out, " proto %s", sa_text_proto(rule->proto, buf));
	if (rule->direction != KMTIA_DIRECTION_UNKNOWN)
		fprintf(out, " dir %s", kmtia_direction_name(rule->direction));
	if (rule->has_reqid)
		fprintf(out, " reqid %u", rule->reqid);
	if (rule->has_if_id)
		fprintf(out, " if_id 0x%x", rule->if_id);
	if (rule->has_mark && rule->mark_mask == UINT32_MAX)
		fprintf(out, " mark 0x%x", rule->mark);
	else if (rule->has_mark)
		fprintf(out, " mark 0x%x/0x%x", rule->mark, rule->mark_mask);
}

static void print_grant(FILE *out, const char *word, uint32_t grant,
			const uint8_t uuid[KMTIA_UUID_LEN])
{
	char text[KMTIA_UUID_STR_SIZE];
	const char *who = grant == KMTIA_GRANT_NONE ? "none" :
			  grant == KMTIA_GRANT_ANY  ? "any" :
						      kmtia_uuid_format(uuid, text);

	fprintf(out, " %s %s", word, who);
}

/* In the words that "rule add" takes. */
void rule_print(FILE *out, const struct kmtia_rule *rule, bool statistics)
{
	fprintf(out, "priority %u", rule->priority);
	print_selectors(out, rule);
	print_grant(out, "dictate", rule->dictate, rule->dictate_manager);
	print_grant(out, "notify", rule->notify, rule->notify_manager);
	if (rule->has_keys)
		print_grant(out, "keys", KMTIA_GRANT_NAMED, rule->keys_manager);
	if (rule->has_on_failure)
		fprintf(out, " on-failure %s", kmtia_failure_action_name(rule->on_failure));
	if (rule->timeout_ms)
		fprintf(out, " timeout %u", rule->timeout_ms);
	if (statistics)
		fprintf(out, " hits %" PRIu64, rule->hits);
	fputc('\n', out);
}

static void set_prefix(json_t *obj, const char *name, const char *len_name,
		       const struct kmtia_rule *rule, const uint8_t addr[16], uint8_t len)
{
	char buf[SA_TEXT_SIZE];

	json_object_set_new(obj, name, json_string(sa_text_address(rule->family, addr, buf)));
	json_object_set_new(obj, len_name, json_integer(len));
}

static void set_grant(json_t *obj, const char *name, const char *manager_name,
		      uint32_t grant, const uint8_t uuid[KMTIA_UUID_LEN])
{
	static const char *const names[] = { "none", "any", "named" };

	json_object_set_new(obj, name, json_string(grant < 3 ? names[grant] : "?"));
	if (grant == KMTIA_GRANT_NAMED)
		json_object_set_new(obj, manager_name, sa_json_uuid(uuid));
}

static void set_selectors(json_t *obj, const struct kmtia_rule *rule)
{
	char buf[SA_TEXT_SIZE];

	if (rule->family)
		json_object_set_new(obj, "family", json_string(sa_text_family(rule->family)));
	if (rule->has_local)
		set_prefix(obj, "local", "local_len", rule, rule->local, rule->local_len);
	if (rule->has_remote)
		set_prefix(obj, "remote", "remote_len", rule, rule->remote, rule->remote_len);
	if (rule->proto)
		json_object_set_new(obj, "proto", json_string(sa_text_proto(rule->proto, buf)));
	if (rule->direction != KMTIA_DIRECTION_UNKNOWN)
		json_object_set_new(obj, "direction",
				    json_string(kmtia_direction_name(rule->direction)));
	if (rule->has_reqid)
		json_object_set_new(obj, "reqid", json_integer(rule->reqid));
	if (rule->has_if_id)
		json_object_set_new(obj, "if_id", json_integer(rule->if_id));
	if (rule->has_mark) {
		json_object_set_new(obj, "mark", json_integer(rule->mark));
		json_object_set_new(obj, "mark_mask", json_integer(rule->mark_mask));
	}
}

json_t *rule_json(const struct kmtia_rule *rule)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "priority", json_integer(rule->priority));
	set_selectors(obj, rule);
	set_grant(obj, "dictate", "dictate_manager", rule->dictate, rule->dictate_manager);
	set_grant(obj, "notify", "notify_manager", rule->notify, rule->notify_manager);
	if (rule->has_keys)
		json_object_set_new(obj, "keys_manager", sa_json_uuid(rule->keys_manager));
	if (rule->has_on_failure)
		json_object_set_new(obj, "on_failure",
				    json_string(kmtia_failure_action_name(rule->on_failure)));
	if (rule->timeout_ms)
		json_object_set_new(obj, "timeout", json_integer(rule->timeout_ms));
	json_object_set_new(obj, "hits", sa_json_u64(rule->hits));
	return obj;
}

static int show_one(const struct kmtia_rule *rule, void *user)
{
	struct cmd *c = user;

	if (c->json)
		print_element(c, rule_json(rule));
	else
		rule_print(c->out, rule, c->statistics);
	return 0;
}

static int do_show(struct cmd *c, int argc, char **argv)
{
	int err, code = cmd_no_more(c, argc, argv);

	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	print_begin(c);
	err = kmtia_rules(c->h, show_one, c);
	if (err < 0)
		return cmd_failed(c, "list the rules", err);
	print_end(c);
	return print_check(c);
}

typedef int (*put_function)(struct kmtia *h, const struct kmtia_rule *rule);

static int put(struct cmd *c, int argc, char **argv, put_function function, const char *what)
{
	struct kmtia_rule rule;
	const char *warning;
	int err, code = rule_args(c, argc, argv, &rule);

	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	err = function(c->h, &rule);
	if (err < 0)
		return cmd_failed(c, what, err);
	warning = kmtia_warning(c->h);
	if (warning)
		fprintf(c->err, "Warning: %s\n", warning);
	return CMD_OK;
}

static int do_add(struct cmd *c, int argc, char **argv)
{
	return put(c, argc, argv, kmtia_rule_add, "add the rule");
}

static int do_replace(struct cmd *c, int argc, char **argv)
{
	return put(c, argc, argv, kmtia_rule_replace, "replace the rule");
}

static int do_del(struct cmd *c, int argc, char **argv)
{
	uint32_t priority;
	int err, code;

	/* "priority" may be left out: there is nothing else to name. */
	if (argc > 0 && !strcmp(argv[0], "priority")) {
		argc--;
		argv++;
	}
	if (argc < 1)
		return cmd_usage(c, "which rule? Give its priority");
	if (!parse_u32(argv[0], &priority))
		return cmd_usage(c, "priority: %s is not a number", argv[0]);
	code = cmd_no_more(c, argc - 1, argv + 1);
	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	err = kmtia_rule_delete(c->h, priority);
	return err < 0 ? cmd_failed(c, "delete the rule", err) : CMD_OK;
}

static int do_flush(struct cmd *c, int argc, char **argv)
{
	int err, code = cmd_no_more(c, argc, argv);

	if (!code)
		code = cmd_open(c);
	if (code)
		return code;
	err = kmtia_rule_flush(c->h);
	return err < 0 ? cmd_failed(c, "flush the rules", err) : CMD_OK;
}

int cmd_rule(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_show },
		{ "list", do_show },
		{ "ls", do_show },
		{ "add", do_add },
		{ "replace", do_replace },
		{ "del", do_del },
		{ "delete", do_del },
		{ "flush", do_flush },
		{ "save", rule_save },
		{ NULL, NULL },
	};

	return cmd_run_object(c, words, help, argc, argv);
}
