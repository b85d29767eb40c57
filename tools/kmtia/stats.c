// SPDX-License-Identifier: GPL-2.0-only
/* kmtia stats: the module's counters for this network namespace. */
#include "kmtia_cmd.h"
#include "sa_json.h"

#include <inttypes.h>

static const char help[] =
	"Usage: kmtia stats [show]\n"
	"Prints the module's counters for this network namespace, a name and a value each.\n";

struct show {
	struct cmd *c;
	json_t *obj;
};

static int show_one(const struct kmtia_stat *stat, void *user)
{
	struct show *show = user;
	char name[64];

	if (show->obj)
		json_object_set_new(show->obj, print_snake(stat->name, name, sizeof(name)),
				    sa_json_u64(stat->value));
	else
		fprintf(show->c->out, "%s %" PRIu64 "\n", stat->name, stat->value);
	return 0;
}

static int do_show(struct cmd *c, int argc, char **argv)
{
	struct show show = { .c = c };
	int err, code = cmd_no_more(c, argc, argv);

	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	if (c->json)
		show.obj = json_object();
	err = kmtia_stats(c->h, show_one, &show);
	if (err < 0) {
		json_decref(show.obj);
		return cmd_failed(c, "read the counters", err);
	}
	if (show.obj)
		print_json(c, show.obj, c->pretty ? JSON_INDENT(4) : JSON_COMPACT);
	return print_check(c);
}

int cmd_stats(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_show },
		{ "list", do_show },
		{ "ls", do_show },
		{ NULL, NULL },
	};

	return cmd_run_object(c, words, help, argc, argv);
}
