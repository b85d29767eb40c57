// SPDX-License-Identifier: GPL-2.0-only
/* The screen that "kmtia status" shows. */
#include "kmtia_cmd.h"
#include "sa_json.h"

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

static bool has_nobody(const struct status *s)
{
	return !s->n_managers && status_stat(s, "rules");
}

/*
 * Is all well now? What is counted since the module was loaded may be over long
 * since, and does not tell.
 */
bool status_is_healthy(const struct status *s)
{
	size_t i;

	for (i = 0; i < s->n_managers; i++)
		if (s->managers[i].stalled || s->managers[i].has_grace_left)
			return false;
	return !has_nobody(s) && !s->n_mismatches;
}

static void print_manager(FILE *out, const struct kmtia_manager_info *m)
{
	bool ill = m->stalled || m->has_grace_left;
	char uuid[KMTIA_UUID_STR_SIZE];

	fprintf(out, "%c   %s ", ill ? '!' : ' ', kmtia_uuid_format(m->uuid, uuid));
	print_quoted(out, m->name);
	if (m->has_grace_left)
		fprintf(out, "  IN GRACE: is gone, its standing secrets are wiped in %u.%03u s",
			m->grace_left_ms / 1000, m->grace_left_ms % 1000);
	else if (m->stalled)
		fputs("  STALLED: missed a deadline, is skipped until it is heard", out);
	fputc('\n', out);
}

static void print_managers(FILE *out, const struct status *s)
{
	bool nobody = has_nobody(s);
	size_t i;

	fprintf(out, "%c key managers  %zu%s\n", nobody ? '!' : ' ', s->n_managers,
		nobody ? "  there are rules, but nobody to ask" : "");
	for (i = 0; i < s->n_managers; i++)
		print_manager(out, &s->managers[i]);
}

/* Answers in advance, of all managers. */
static uint64_t count_secrets(const struct status *s)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < s->n_managers; i++)
		n += s->managers[i].secrets;
	return n;
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
	fprintf(out,
		"  standing      %" PRIu64 "  secrets in the kernel "
		"(since loading: %" PRIu64 " SAs keyed by one)\n",
		count_secrets(s), status_stat(s, "standing"));
	print_hooked(out, s);
	fprintf(out,
		"  live SAs      %" PRIu64 "  (since loading: "
		"%" PRIu64 " dictated, %" PRIu64 " kept, %" PRIu64 " own)\n",
		status_stat(s, "live"), status_stat(s, "dictated"),
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
	fputs(status_is_healthy(s) ? "  healthy\n" : "! NOT HEALTHY\n", out);
	print_managers(out, s);
	print_numbers(out, s);
	print_failures(out, s);
	mismatch_print(out, s);
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
		json_object_set_new(obj, "secrets", json_integer(m->secrets));
		if (m->has_grace_left)
			json_object_set_new(obj, "grace_left_ms", json_integer(m->grace_left_ms));
		json_array_append_new(array, obj);
	}
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
		"rules", "live", "pending", "dictated", "kept", "own", "standing", "refused",
		"mismatched"
	};
	json_t *obj = json_object();
	size_t i;

	json_object_set_new(obj, "healthy", json_boolean(status_is_healthy(s)));
	json_object_set_new(obj, "managers", managers_json(s));
	json_object_set_new(obj, "secrets", sa_json_u64(count_secrets(s)));
	json_object_set_new(obj, "hooked", hooked_json(s));
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_object_set_new(obj, numbers[i], sa_json_u64(status_stat(s, numbers[i])));
	json_object_set_new(obj, "failures", failures_json(s));
	json_object_set_new(obj, "mismatches", mismatch_json(s));
	json_object_set_new(obj, "xfrm", xfrm_json(s));
	return obj;
}
