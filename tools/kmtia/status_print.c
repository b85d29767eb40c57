// SPDX-License-Identifier: GPL-2.0-only
/* The screen that "kmtia status" shows. */
#include "kmtia_cmd.h"
#include "sa_json.h"
#include "sa_text.h"

#include <inttypes.h>
#include <string.h>

/* The SA types that the counter "hooked" has a bit each for. */
static const char *const hooked_names[] = { "esp4", "esp6", "ah4", "ah6" };

#define HOOKED_NAMES (sizeof(hooked_names) / sizeof(hooked_names[0]))

static const struct {
	const char *name;
	const char *meaning;
} failures[] = {
	{ "fail-no-manager", "no key manager was registered, or none wanted the SA" },
	{ "fail-busy", "the key manager's socket was full" },
	{ "fail-timeout", "no answer in time, or the key manager was stalled" },
	{ "fail-died", "the key manager went away with the question open" },
	{ "fail-cannot", "the key manager said that it cannot" },
	{ "fail-unusable", "the keys could not be used: wrong length, zero or used before" },
	{ "fail-other", "no memory; SAs flushed or creator killed meanwhile" },
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

uint64_t status_stat(const struct status *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_stats; i++)
		if (!strcmp(s->stats[i].name, name))
			return s->stats[i].value;
	return 0;
}

static void print_managers(FILE *out, const struct status *s)
{
	bool nobody = !s->n_managers && status_stat(s, "rules");
	char uuid[KMTIA_UUID_STR_SIZE];
	size_t i;

	fprintf(out, "%c key managers  %zu%s\n", nobody ? '!' : ' ', s->n_managers,
		nobody ? "  there are rules, but nobody to ask" : "");
	for (i = 0; i < s->n_managers; i++) {
		const struct kmtia_manager_info *m = &s->managers[i];

		fprintf(out, "%c   %s ", m->stalled ? '!' : ' ',
			kmtia_uuid_format(m->uuid, uuid));
		print_quoted(out, m->name);
		if (m->stalled)
			fputs("  STALLED: missed a deadline, is skipped until it is heard", out);
		fputc('\n', out);
	}
}

static void print_hooked(FILE *out, const struct status *s)
{
	uint64_t hooked = status_stat(s, "hooked");
	size_t i;

	fputs("  interposed on ", out);
	for (i = 0; i < HOOKED_NAMES; i++)
		if (hooked & 1U << i)
			fprintf(out, " %s", hooked_names[i]);
	fputs(hooked ? "\n" : " nothing\n", out);
}

static void print_numbers(FILE *out, const struct status *s)
{
	fprintf(out, "  rules         %" PRIu64 "\n", status_stat(s, "rules"));
	print_hooked(out, s);
	fprintf(out, "  live SAs      %" PRIu64 "  (since loading: %" PRIu64 " dictated, %" PRIu64
		" kept, %" PRIu64 " own)\n", status_stat(s, "live"), status_stat(s, "dictated"),
		status_stat(s, "kept"), status_stat(s, "own"));
	fprintf(out, "  waiting       %" PRIu64 "\n", status_stat(s, "pending"));
}

static void print_failures(FILE *out, const struct status *s)
{
	uint64_t refused = status_stat(s, "refused"), value;
	size_t i;

	fprintf(out, "%c refused SAs   %" PRIu64 "\n", refused ? '!' : ' ', refused);
	for (i = 0; i < FAILURES; i++) {
		value = status_stat(s, failures[i].name);
		if (value)
			fprintf(out, "!   %-15s %6" PRIu64 "  %s\n", failures[i].name, value,
				failures[i].meaning);
	}
}

static void print_suspects(FILE *out, const struct status *s)
{
	char src[SA_TEXT_SIZE], dst[SA_TEXT_SIZE];
	size_t i;

	if (!s->n_suspects)
		return;
	fprintf(out, "! mismatches    %zu  SAs whose packets all fail: the ends hold different "
		"keys\n", s->n_suspects);
	for (i = 0; i < s->n_suspects && i < STATUS_SUSPECTS; i++) {
		const struct kmtia_sa *sa = &s->suspects[i];

		fprintf(out, "!   src %s dst %s spi 0x%08x  %" PRIu64 " packets failed\n",
			sa_text_address(sa->family, sa->saddr, src),
			sa_text_address(sa->family, sa->daddr, dst), sa->spi,
			sa->integrity_failed);
	}
}

static void print_xfrm(FILE *out, const struct status *s)
{
	bool clean = true;
	size_t i;

	for (i = 0; i < XFRM_COUNTERS; i++) {
		if (!s->xfrm[i].value)
			continue;
		clean = false;
		fprintf(out, "! %-22s %6" PRIu64 "  %s\n", s->xfrm[i].name, s->xfrm[i].value,
			s->xfrm[i].meaning);
	}
	if (!s->has_xfrm)
		fputs("  XFRM counters unknown: this kernel does not keep them\n", out);
	else if (clean)
		fputs("  XFRM counters show no mismatch\n", out);
}

void status_print(FILE *out, const struct status *s)
{
	print_managers(out, s);
	print_numbers(out, s);
	print_failures(out, s);
	print_suspects(out, s);
	print_xfrm(out, s);
}

static json_t *failures_json(const struct status *s)
{
	json_t *obj = json_object();
	char name[32];
	size_t i;

	for (i = 0; i < FAILURES; i++)
		json_object_set_new(obj, print_snake(failures[i].name, name, sizeof(name)),
				    sa_json_u64(status_stat(s, failures[i].name)));
	return obj;
}

static json_t *hooked_json(const struct status *s)
{
	uint64_t hooked = status_stat(s, "hooked");
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < HOOKED_NAMES; i++)
		if (hooked & 1U << i)
			json_array_append_new(array, json_string(hooked_names[i]));
	return array;
}

static json_t *managers_json(const struct status *s)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < s->n_managers; i++) {
		const struct kmtia_manager_info *m = &s->managers[i];
		json_t *obj = json_object();

		json_object_set_new(obj, "uuid", sa_json_uuid(m->uuid));
		json_object_set_new(obj, "name", sa_json_text(m->name));
		json_object_set_new(obj, "stalled", json_boolean(m->stalled));
		json_array_append_new(array, obj);
	}
	return array;
}

static json_t *suspects_json(const struct status *s)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < s->n_suspects && i < STATUS_SUSPECTS; i++)
		json_array_append_new(array, sa_json(&s->suspects[i]));
	return array;
}

/* The counters that are not 0, with what they mean. */
static json_t *xfrm_json(const struct status *s)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < XFRM_COUNTERS; i++) {
		json_t *obj;

		if (!s->xfrm[i].value)
			continue;
		obj = json_object();
		json_object_set_new(obj, "counter", json_string(s->xfrm[i].name));
		json_object_set_new(obj, "value", sa_json_u64(s->xfrm[i].value));
		json_object_set_new(obj, "meaning", json_string(s->xfrm[i].meaning));
		json_array_append_new(array, obj);
	}
	return array;
}

json_t *status_json(const struct status *s)
{
	static const char *const numbers[] = {
		"rules", "live", "pending", "dictated", "kept", "own", "refused",
	};
	json_t *obj = json_object();
	size_t i;

	json_object_set_new(obj, "managers", managers_json(s));
	json_object_set_new(obj, "hooked", hooked_json(s));
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_object_set_new(obj, numbers[i], sa_json_u64(status_stat(s, numbers[i])));
	json_object_set_new(obj, "failures", failures_json(s));
	json_object_set_new(obj, "n_mismatches", json_integer((json_int_t)s->n_suspects));
	json_object_set_new(obj, "mismatches", suspects_json(s));
	json_object_set_new(obj, "xfrm", xfrm_json(s));
	return obj;
}
