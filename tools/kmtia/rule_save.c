// SPDX-License-Identifier: GPL-2.0-only
/* kmtia rule save: rules and manager policy as kmtiad's rules file has them. */
#include "kmtia_cmd.h"
#include "manager_flag.h"
#include "sa_text.h"

#include <stdlib.h>

static void save_prefix(FILE *out, const char *name, const struct kmtia_rule *rule,
			const uint8_t addr[16], uint8_t len)
{
	char buf[SA_TEXT_SIZE];

	fprintf(out, "\t%s = \"%s/%u\"\n", name, sa_text_address(rule->family, addr, buf), len);
}

static void save_selectors(FILE *out, const struct kmtia_rule *rule)
{
	char buf[SA_TEXT_SIZE];

	if (rule->family && !rule->has_local && !rule->has_remote)
		fprintf(out, "\tfamily = %s\n", sa_text_family(rule->family));
	if (rule->has_local)
		save_prefix(out, "local", rule, rule->local, rule->local_len);
	if (rule->has_remote)
		save_prefix(out, "remote", rule, rule->remote, rule->remote_len);
	if (rule->proto)
		fprintf(out, "\tproto = %s\n", sa_text_proto(rule->proto, buf));
	if (rule->direction != KMTIA_DIRECTION_UNKNOWN)
		fprintf(out, "\tdirection = %s\n", kmtia_direction_name(rule->direction));
	if (rule->has_reqid)
		fprintf(out, "\treqid = %u\n", rule->reqid);
	if (rule->has_if_id)
		fprintf(out, "\tif-id = 0x%x\n", rule->if_id);
	if (rule->has_mark)
		fprintf(out, "\tmark = \"0x%x/0x%x\"\n", rule->mark, rule->mark_mask);
}

static void save_grant(FILE *out, const char *name, uint32_t grant,
		       const uint8_t uuid[KMTIA_UUID_LEN])
{
	char text[KMTIA_UUID_STR_SIZE];

	if (grant == KMTIA_GRANT_NAMED)
		fprintf(out, "\t%s = \"%s\"\n", name, kmtia_uuid_format(uuid, text));
	else
		fprintf(out, "\t%s = %s\n", name, grant == KMTIA_GRANT_ANY ? "any" : "none");
}

void rule_save_rule(FILE *out, const struct kmtia_rule *rule)
{
	fprintf(out, "rule %u {\n", rule->priority);
	save_selectors(out, rule);
	save_grant(out, "dictate", rule->dictate, rule->dictate_manager);
	save_grant(out, "notify", rule->notify, rule->notify_manager);
	if (rule->has_keys)
		save_grant(out, "keys", KMTIA_GRANT_NAMED, rule->keys_manager);
	if (rule->has_on_failure)
		fprintf(out, "\ton-failure = %s\n", kmtia_failure_action_name(rule->on_failure));
	if (rule->timeout_ms)
		fprintf(out, "\ttimeout = %u\n", rule->timeout_ms);
	fputs("}\n", out);
}

void rule_save_policy(FILE *out, const struct kmtia_policy *policy)
{
	const struct manager_flag *f;
	const char *separator = "";

	fputs("manager-policy {\n", out);
	if (policy->has_uuid)
		save_grant(out, "uuid", KMTIA_GRANT_NAMED, policy->uuid);
	else
		save_grant(out, "uuid", KMTIA_GRANT_ANY, NULL);
	fprintf(out, "\t%s = %u\n\tflags = { ", policy->is_group ? "gid" : "uid", policy->id);
	for (f = manager_flags; f->name; f++) {
		if (!(policy->flags & f->flag))
			continue;
		fprintf(out, "%s\"%s\"", separator, f->name);
		separator = ", ";
	}
	fputs(" }\n}\n", out);
}

static int save_one_rule(const struct kmtia_rule *rule, void *user)
{
	rule_save_rule(user, rule);
	return 0;
}

static int save_one_policy(const struct kmtia_policy *policy, void *user)
{
	rule_save_policy(user, policy);
	return 0;
}

static int save_all(struct cmd *c, FILE *out)
{
	int err;

	fputs("# Saved by \"kmtia rule save\". For \"rules\" in kmtiad.conf(5).\n", out);
	err = kmtia_manager_policies(c->h, save_one_policy, out);
	if (err < 0)
		return cmd_failed(c, "list the manager policy", err);
	err = kmtia_rules(c->h, save_one_rule, out);
	return err < 0 ? cmd_failed(c, "list the rules", err) : CMD_OK;
}

int rule_save(struct cmd *c, int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out;
	int code = cmd_no_more(c, argc, argv);

	if (!code && c->json)
		code = cmd_usage(c, "save prints no JSON; show does");
	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	/* All or nothing: a file with half of the rules could be taken for a whole one. */
	out = open_memstream(&text, &size);
	if (!out) {
		cmd_error(c, "out of memory");
		return CMD_FAILED;
	}
	code = save_all(c, out);
	if (fclose(out)) {
		cmd_error(c, "out of memory");
		code = CMD_FAILED;
	}
	if (!code) {
		fputs(text, c->out);
		code = print_check(c);
	}
	free(text);
	return code;
}
