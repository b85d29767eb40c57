// SPDX-License-Identifier: GPL-2.0-only
/* kmtia secret: which of its secrets kmtiad uses. The bytes never come here. */
#include "control_proto.h"
#include "kmtia_cmd.h"

#include <string.h>

static const char help[] =
	"Usage: kmtia secret [show] [control PATH]\n"
	"       kmtia secret use KEY-ID [control PATH]\n"
	"show lists the secrets of kmtiad by their names, and which one new SAs get.\n"
	"use chooses another one for new SAs, at once and after a restart; those that live\n"
	"stay as they are. The other end must use the same one.\n"
	"PATH is the socket that kmtiad.conf(5) names, else " CONTROL_PATH ".\n";

/* "[control PATH]", which ends the line; returns an exit code. */
static int control_arg(struct cmd *c, int argc, char **argv, const char **path)
{
	*path = CONTROL_PATH;
	if (!argc)
		return CMD_OK;
	if (strcmp(argv[0], "control"))
		return cmd_usage(c, "unexpected word \"%s\"", argv[0]);
	if (argc < 2)
		return cmd_usage(c, "\"control\" needs a value");
	*path = argv[1];
	return cmd_no_more(c, argc - 2, argv + 2);
}

static const char *text_in(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "?";
}

static bool true_in(const json_t *json, const char *name)
{
	return json_is_true(json_object_get(json, name));
}

void secret_print(FILE *out, const json_t *json)
{
	const char *state = json_string_value(json_object_get(json, "state"));
	const json_t *secrets = json_object_get(json, "secrets");
	size_t i;

	for (i = 0; i < json_array_size(secrets); i++) {
		const json_t *secret = json_array_get(secrets, i);

		fputs("secret ", out);
		print_quoted(out, text_in(secret, "key_id"));
		fputs(true_in(secret, "used") ? " used\n" : "\n", out);
	}
	fputs("derivation ", out);
	print_word(out, text_in(json, "derivation"));
	fprintf(out, " standing %s", true_in(json, "standing") ? "yes" : "no");
	if (state) {
		fputs(" state ", out);
		print_word(out, state);
	}
	fputc('\n', out);
	if (!true_in(json, "registered"))
		fputs("! kmtiad is not registered: the kernel module is away\n", out);
}

/* Takes @answer. */
static int print_answer(struct cmd *c, json_t *answer, void (*print)(FILE *, const json_t *))
{
	if (c->json) {
		print_json(c, answer, c->pretty ? JSON_INDENT(4) : JSON_COMPACT);
	} else {
		print(c->out, answer);
		json_decref(answer);
	}
	return print_check(c);
}

static int do_show(struct cmd *c, int argc, char **argv)
{
	const char *path;
	json_t *answer;
	int code = control_arg(c, argc, argv, &path);

	if (!code)
		code = client_ask(c, path, json_pack("{ss}", "command", "secret-show"), "",
				  &answer);
	return code ? code : print_answer(c, answer, secret_print);
}

static void print_use(FILE *out, const json_t *json)
{
	fputs("secret ", out);
	print_quoted(out, text_in(json, "used"));
	fputs(" used, before it ", out);
	print_quoted(out, text_in(json, "before"));
	fputc('\n', out);
}

static int do_use(struct cmd *c, int argc, char **argv)
{
	json_t *request, *answer;
	const char *path;
	int code;

	if (!argc)
		return cmd_usage(c, "which secret? Give its key-id");
	code = control_arg(c, argc - 1, argv + 1, &path);
	if (code)
		return code;
	request = json_pack("{ssss}", "command", "secret-use", "key_id", argv[0]);
	if (!request)
		return cmd_usage(c, "the key-id is not UTF-8");
	code = client_ask(c, path, request, "; whether the secret is used now is unknown: run "
					    "\"kmtia secret show\"",
			  &answer);
	if (code)
		return code;
	if (!true_in(answer, "kept"))
		fputs("Warning: a restart of kmtiad brings back what its configuration says, as "
		      "that has no \"state\"\n",
		      c->err);
	return print_answer(c, answer, print_use);
}

int cmd_secret(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_show },
		{ "list", do_show },
		{ "ls", do_show },
		{ "use", do_use },
		{ NULL, NULL },
	};

	return cmd_run_object(c, words, help, argc, argv);
}
