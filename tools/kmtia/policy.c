// SPDX-License-Identifier: GPL-2.0-only
/* kmtia manager policy: who may register key managers without being root. */
#include "kmtia_cmd.h"
#include "manager_flag.h"
#include "policy_words.h"
#include "sa_json.h"

#include <string.h>

static const char help[] =
	"Usage: kmtia manager policy [show]\n"
	"       kmtia manager policy set WHOM WHO FLAG...\n"
	"       kmtia manager policy del WHOM WHO | all\n"
	"WHOM := uuid UUID | any\n"
	"WHO  := uid N | user NAME | gid N | group NAME\n"
	"FLAG := dictate | notify | exclusive\n"
	"Who has CAP_NET_ADMIN may register any key manager. Others may as they are named here:\n"
	"as the manager UUID, or as any that no statement is about, for these flags at most.\n"
	"set replaces what was said of the same WHOM and WHO. show prints what set takes.\n"
	"Who is registered stays so, whatever is changed.\n"
	"Example: kmtia manager policy set uuid 6b6d7469-6100-4000-8000-000000000061 \\\n"
	"                        user kme dictate notify\n";

/* In the words that "set" takes. */
void policy_print(FILE *out, const struct kmtia_policy *policy)
{
	char uuid[KMTIA_UUID_STR_SIZE];
	const struct manager_flag *f;

	if (policy->has_uuid)
		fprintf(out, "uuid %s", kmtia_uuid_format(policy->uuid, uuid));
	else
		fputs("any", out);
	fprintf(out, " %s %u", policy->is_group ? "gid" : "uid", policy->id);
	for (f = manager_flags; f->name; f++)
		if (policy->flags & f->flag)
			fprintf(out, " %s", f->name);
	fputc('\n', out);
}

json_t *policy_json(const struct kmtia_policy *policy)
{
	json_t *obj = json_object();

	if (policy->has_uuid)
		json_object_set_new(obj, "uuid", sa_json_uuid(policy->uuid));
	json_object_set_new(obj, policy->is_group ? "gid" : "uid", json_integer(policy->id));
	json_object_set_new(obj, "flags", manager_flags_json(policy->flags));
	return obj;
}

static int show_one(const struct kmtia_policy *policy, void *user)
{
	struct cmd *c = user;

	if (c->json)
		print_element(c, policy_json(policy));
	else
		policy_print(c->out, policy);
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
	err = kmtia_manager_policies(c->h, show_one, c);
	if (err < 0)
		return cmd_failed(c, "list the manager policy", err);
	print_end(c);
	return print_check(c);
}

/* What has been said so far. */
struct parser {
	struct cmd *c;
	struct kmtia_policy *policy;
	bool has_whom, has_who;
};

static int once(struct cmd *c, bool *seen, const char *what)
{
	if (*seen)
		return cmd_usage(c, "%s is said twice", what);
	*seen = true;
	return CMD_OK;
}

static int take_flag(struct parser *p, const char *name)
{
	uint32_t flag;

	if (!manager_flag_parse(name, &flag))
		return cmd_usage(p->c, "unknown word \"%s\"; see \"kmtia manager policy help\"",
				 name);
	if (p->policy->flags & flag)
		return cmd_usage(p->c, "\"%s\" is given twice", name);
	p->policy->flags |= flag;
	return CMD_OK;
}

static int take_value(struct parser *p, const struct policy_word *who, const char *name,
		      const char *value)
{
	const char *wrong;
	int code;

	code = who ? once(p->c, &p->has_who, "who may") : once(p->c, &p->has_whom, "as whom");
	if (code)
		return code;
	if (!value)
		return cmd_usage(p->c, "\"%s\" needs a value", name);
	wrong = who ? who->take(p->policy, value) : policy_words_uuid(p->policy, value);
	return wrong ? cmd_usage(p->c, "%s: %s %s", name, value, wrong) : CMD_OK;
}

/* Parse what follows "policy set" or "del", in any order; returns an exit code. */
int policy_args(struct cmd *c, int argc, char **argv, struct kmtia_policy *policy)
{
	struct parser p = { .c = c, .policy = policy };
	int i, code = CMD_OK;

	memset(policy, 0, sizeof(*policy));
	policy->size = sizeof(*policy);
	for (i = 0; i < argc && !code; i++) {
		const struct policy_word *who = policy_words_find(argv[i]);

		if (!strcmp(argv[i], "any")) {
			code = once(c, &p.has_whom, "as whom");
		} else if (who || !strcmp(argv[i], "uuid")) {
			code = take_value(&p, who, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
			i++;
		} else {
			code = take_flag(&p, argv[i]);
		}
	}
	if (!code && !p.has_whom)
		return cmd_usage(c, "as whom? Give uuid UUID, or any");
	if (!code && !p.has_who)
		return cmd_usage(c, "who? Give uid N, user NAME, gid N or group NAME");
	return code;
}

static int do_set(struct cmd *c, int argc, char **argv)
{
	struct kmtia_policy policy;
	const char *wrong;
	int err, code = policy_args(c, argc, argv, &policy);

	if (code)
		return code;
	wrong = policy_words_check(&policy);
	if (wrong)
		return cmd_usage(c, "%s", wrong);
	code = cmd_open(c);
	if (code)
		return code;
	err = kmtia_manager_policy_set(c->h, &policy);
	return err < 0 ? cmd_failed(c, "change the manager policy", err) : CMD_OK;
}

static int flush(struct cmd *c)
{
	int err, code = cmd_open(c);

	if (code)
		return code;
	err = kmtia_manager_policy_flush(c->h);
	return err < 0 ? cmd_failed(c, "change the manager policy", err) : CMD_OK;
}

static int do_del(struct cmd *c, int argc, char **argv)
{
	struct kmtia_policy policy;
	int err, code;

	/* Not by saying nothing: that would be a slip with great effect. */
	if (argc == 1 && !strcmp(argv[0], "all"))
		return flush(c);
	code = policy_args(c, argc, argv, &policy);
	if (code)
		return code;
	/* It goes as a whole: who names flags may mean those alone. */
	if (policy.flags)
		return cmd_usage(c, "a statement is deleted with all flags: name none");
	code = cmd_open(c);
	if (code)
		return code;
	err = kmtia_manager_policy_delete(c->h, &policy);
	return err < 0 ? cmd_failed(c, "change the manager policy", err) : CMD_OK;
}

int cmd_manager_policy(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_show },
		{ "list", do_show },
		{ "ls", do_show },
		{ "set", do_set },
		{ "del", do_del },
		{ "delete", do_del },
		{ NULL, NULL },
	};

	return cmd_run_object(c, words, help, argc, argv);
}
