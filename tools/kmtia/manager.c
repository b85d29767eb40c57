// SPDX-License-Identifier: GPL-2.0-only
/* kmtia manager: the key managers that are registered. */
#include "kmtia_cmd.h"
#include "manager_flag.h"
#include "sa_json.h"

#include <inttypes.h>

static const char help[] =
	"Usage: kmtia manager [show]\n"
	"       kmtia manager del UUID\n"
	"       kmtia manager policy [show | set ... | del ...]\n"
	"show lists the registered key managers, and those whose standing secrets outlive them\n"
	"for a while (\"in grace\"); with -s how they answered, and how fast.\n"
	"del ends a registration, or a grace; open questions end at once.\n"
	"policy says who may register without being root: \"kmtia manager policy help\".\n";

/* Counters of a manager, in the order of the specification. */
static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	{ "questions", offsetof(struct kmtia_manager_info, questions) },
	{ "answers", offsetof(struct kmtia_manager_info, answers) },
	{ "refusals", offsetof(struct kmtia_manager_info, refusals) },
	{ "unusable", offsetof(struct kmtia_manager_info, unusable) },
	{ "misses", offsetof(struct kmtia_manager_info, misses) },
	{ "late", offsetof(struct kmtia_manager_info, late) },
	{ "notifications", offsetof(struct kmtia_manager_info, notifications) },
	{ "dropped", offsetof(struct kmtia_manager_info, dropped) },
	{ "standing", offsetof(struct kmtia_manager_info, standing) },
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t counter(const struct kmtia_manager_info *m, size_t i)
{
	return *(const uint64_t *)((const char *)m + counters[i].offset);
}

static void print_flags(FILE *out, uint32_t flags)
{
	const char *separator = "flags ";
	const struct manager_flag *f;

	for (f = manager_flags; f->name; f++) {
		if (!(flags & f->flag))
			continue;
		fprintf(out, "%s%s", separator, f->name);
		separator = ",";
	}
}

json_t *manager_flags_json(uint32_t flags)
{
	json_t *array = json_array();
	const struct manager_flag *f;

	for (f = manager_flags; f->name; f++)
		if (flags & f->flag)
			json_array_append_new(array, json_string(f->name));
	return array;
}

static void print_registration(FILE *out, const struct kmtia_manager_info *m)
{
	fputc('\t', out);
	print_flags(out, m->flags);
	if (m->has_weight)
		fprintf(out, " weight %u", m->weight);
	fprintf(out, " timeout-hint %us", m->timeout_hint);
	if (m->pid)
		fprintf(out, " pid %u uid %u", m->pid, m->uid);
	else
		fputs(" in-kernel", out);
	if (m->stalled)
		fputs(" STALLED", out);
	fputc('\n', out);
}

/* What the kernel keeps for it, for how long, and that it is gone itself. */
static void print_secrets(FILE *out, const struct kmtia_manager_info *m)
{
	if (!m->secrets && !m->grace_ms && !m->has_grace_left)
		return;
	fprintf(out, "\tsecrets %u grace %u.%03us", m->secrets, m->grace_ms / 1000,
		m->grace_ms % 1000);
	if (m->has_grace_left)
		fprintf(out, " in grace: %u.%u s left", m->grace_left_ms / 1000,
			m->grace_left_ms % 1000 / 100);
	fputc('\n', out);
}

/* How long its answers took. */
static void print_times(FILE *out, const struct kmtia_manager_info *m)
{
	uint32_t i;

	for (i = 0; i < m->n_answer_times; i++) {
		const struct kmtia_answer_time *t = &m->answer_times[i];

		fputs(i ? " " : "\tanswered ", out);
		if (t->below_us)
			fprintf(out, "<%" PRIu64 "us:%" PRIu64, t->below_us, t->count);
		else
			fprintf(out, "slower:%" PRIu64, t->count);
	}
	if (i)
		fputc('\n', out);
}

static json_t *times_json(const struct kmtia_manager_info *m)
{
	json_t *array = json_array();
	uint32_t i;

	for (i = 0; i < m->n_answer_times; i++) {
		const struct kmtia_answer_time *t = &m->answer_times[i];
		json_t *obj = json_object();

		if (t->below_us)
			json_object_set_new(obj, "below_us", sa_json_u64(t->below_us));
		json_object_set_new(obj, "count", sa_json_u64(t->count));
		json_array_append_new(array, obj);
	}
	return array;
}

void manager_print(FILE *out, const struct kmtia_manager_info *m, bool statistics)
{
	char uuid[KMTIA_UUID_STR_SIZE];
	size_t i;

	fprintf(out, "%s name ", kmtia_uuid_format(m->uuid, uuid));
	print_quoted(out, m->name);
	fputc('\n', out);
	print_registration(out, m);
	print_secrets(out, m);
	if (m->description[0]) {
		fputs("\tdescription ", out);
		print_quoted(out, m->description);
		fputc('\n', out);
	}
	if (!statistics)
		return;
	for (i = 0; i < COUNTERS; i++)
		fprintf(out, "%s%s %" PRIu64, i ? " " : "\t", counters[i].name, counter(m, i));
	fputc('\n', out);
	print_times(out, m);
}

json_t *manager_json(const struct kmtia_manager_info *m)
{
	json_t *obj = json_object();
	size_t i;

	json_object_set_new(obj, "uuid", sa_json_uuid(m->uuid));
	json_object_set_new(obj, "name", sa_json_text(m->name));
	json_object_set_new(obj, "description", sa_json_text(m->description));
	json_object_set_new(obj, "flags", manager_flags_json(m->flags));
	if (m->has_weight)
		json_object_set_new(obj, "weight", json_integer(m->weight));
	json_object_set_new(obj, "timeout_hint", json_integer(m->timeout_hint));
	json_object_set_new(obj, "pid", json_integer(m->pid));
	json_object_set_new(obj, "uid", json_integer(m->uid));
	json_object_set_new(obj, "stalled", json_boolean(m->stalled));
	json_object_set_new(obj, "secrets", json_integer(m->secrets));
	json_object_set_new(obj, "grace_ms", json_integer(m->grace_ms));
	if (m->has_grace_left)
		json_object_set_new(obj, "grace_left_ms", json_integer(m->grace_left_ms));
	for (i = 0; i < COUNTERS; i++)
		json_object_set_new(obj, counters[i].name, sa_json_u64(counter(m, i)));
	json_object_set_new(obj, "answer_times", times_json(m));
	return obj;
}

static int show_one(const struct kmtia_manager_info *m, void *user)
{
	struct cmd *c = user;

	if (c->json)
		print_element(c, manager_json(m));
	else
		manager_print(c->out, m, c->statistics);
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
	err = kmtia_managers(c->h, show_one, c);
	if (err < 0)
		return cmd_failed(c, "list the key managers", err);
	print_end(c);
	return print_check(c);
}

static int do_del(struct cmd *c, int argc, char **argv)
{
	uint8_t uuid[KMTIA_UUID_LEN];
	int err, code;

	if (argc < 1)
		return cmd_usage(c, "which key manager? Give its UUID");
	if (kmtia_uuid_parse(argv[0], uuid))
		return cmd_usage(c, "\"%s\" is not a UUID", argv[0]);
	code = cmd_no_more(c, argc - 1, argv + 1);
	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	err = kmtia_manager_delete(c->h, uuid);
	return err < 0 ? cmd_failed(c, "delete the key manager", err) : CMD_OK;
}

int cmd_manager(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_show },
		{ "list", do_show },
		{ "ls", do_show },
		{ "del", do_del },
		{ "delete", do_del },
		{ "policy", cmd_manager_policy },
		{ NULL, NULL },
	};

	return cmd_run_object(c, words, help, argc, argv);
}
