// SPDX-License-Identifier: GPL-2.0-only
/* kmtia status: whether all is well, and what it says if not. */
#include "tools_test.h"

#include <netinet/in.h>
#include <sys/socket.h>

static struct kmtia_sa sample_sa(void)
{
	struct kmtia_sa sa = {
		.family = AF_INET,
		.saddr = { 10, 0, 0, 1 },
		.daddr = { 10, 0, 0, 2 },
		.spi = 0xc0000001,
		.proto = IPPROTO_ESP,
		.tracked = true,
		.origin = KMTIA_ORIGIN_LOCAL,
		.integrity_failed = 12,
		.key_id = "k\"1",
	};

	return sa;
}

static void read_xfrm(struct status *s, const char *text)
{
	FILE *in = fmemopen((char *)text, strlen(text), "r");

	s->has_xfrm = true;
	xfrm_stat_init(s->xfrm);
	xfrm_stat_read(in, s->xfrm);
	fclose(in);
}

static struct kmtia_manager_info sample_manager(void)
{
	struct kmtia_manager_info m = { .name = "kmtiad", .pid = 42, .secrets = 2 };

	kmtia_uuid_parse(UUID_TEXT, m.uuid);
	return m;
}

/* Two managers, two mismatches, counters. */
static struct status sample_status(struct kmtia_manager_info m[2], struct kmtia_sa sas[2])
{
	struct status s = {
		.managers = m,
		.n_managers = 2,
		.mismatches = sas,
		.n_mismatches = 2,
		.n_stats = 6,
		.stats = {
			{ "rules", 2 },
			{ "refused", 7 },
			{ "fail-timeout", 7 },
			{ "hooked", 3 },
			{ "standing", 5 },
			{ "mismatched", 4 },
		},
	};

	m[0] = sample_manager();
	m[0].stalled = true;
	m[1] = sample_manager();
	m[1].has_grace_left = true;
	m[1].grace_left_ms = 2050;
	m[1].secrets = 1;
	sas[0] = sample_sa();
	sas[0].origin = KMTIA_ORIGIN_NONE;
	sas[0].key_id[0] = '\0';
	sas[0].proto = IPPROTO_AH;
	sas[0].integrity_failed = 3;
	sas[1] = sample_sa();
	read_xfrm(&s, "XfrmInError             \t0\nXfrmInNoStates          \t3\n"
		      "XfrmInStateProtoError   \t12\nnonsense\n");
	return s;
}

static void expect(const struct status *s, const char *expected)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	status_print(out, s);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void text(void **state)
{
	struct kmtia_manager_info m[2];
	struct kmtia_sa sas[2];
	struct status s = sample_status(m, sas);

	(void)state;
	expect(&s,
	       "! NOT HEALTHY\n"
	       "  key managers  2\n"
	       "!   " UUID_TEXT " \"kmtiad\"  STALLED: missed a deadline, is skipped until it"
	       " is heard\n"
	       "!   " UUID_TEXT " \"kmtiad\"  IN GRACE: is gone, its standing secrets are wiped"
	       " in 2.050 s\n"
	       "  rules         2\n"
	       "  standing      3  secrets in the kernel (since loading: 5 SAs keyed by one)\n"
	       "  interposed on  esp4 esp6\n"
	       "  live SAs      0  (since loading: 0 dictated, 0 kept, 0 own)\n"
	       "  waiting       0\n"
	       "! refused SAs   7\n"
	       "!   fail-timeout         7  no answer in time, or the key manager was stalled\n"
	       "! MISMATCH: esp spi 0xc0000001 src 10.0.0.1 dst 10.0.0.2 key-id \"k\\\"1\": 12"
	       " packets failed the integrity check, none passed\n"
	       "!   check that the other end dictates as well, with the same secret, key-id and\n"
	       "!   derivation (mix or expand)\n"
	       "! MISMATCH: ah spi 0xc0000001 src 10.0.0.1 dst 10.0.0.2: 3 packets failed the"
	       " integrity check, none passed\n"
	       "!   this end uses the keying module's key, the other end seems to dictate\n"
	       "! XfrmInStateProtoError      12  a packet did not authenticate: the two ends may"
	       " hold different keys\n"
	       "! XfrmInNoStates              3  a packet came for an SA that this end does not"
	       " have: refused or deleted here\n");
}

static void text_when_all_is_well(void **state)
{
	struct kmtia_manager_info m = sample_manager();
	struct status s = { .managers = &m, .n_managers = 1 };

	(void)state;
	read_xfrm(&s, "\n");
	expect(&s,
	       "  healthy\n"
	       "  key managers  1\n"
	       "    " UUID_TEXT " \"kmtiad\"\n"
	       "  rules         0\n"
	       "  standing      2  secrets in the kernel (since loading: 0 SAs keyed by one)\n"
	       "  interposed on  nothing\n"
	       "  live SAs      0  (since loading: 0 dictated, 0 kept, 0 own)\n"
	       "  waiting       0\n"
	       "  refused SAs   0\n"
	       "  XFRM counters show no mismatch\n");
}

/* What was, and is over, makes nobody ill. */
static void health(void **state)
{
	struct kmtia_manager_info m = sample_manager();
	struct kmtia_sa sa = sample_sa();
	struct status s = {
		.managers = &m,
		.n_managers = 1,
		.n_stats = 3,
		.stats = { { "rules", 1 }, { "refused", 9 }, { "mismatched", 1 } },
	};

	(void)state;
	assert_true(status_is_healthy(&s));
	m.stalled = true;
	assert_false(status_is_healthy(&s));
	m.stalled = false;
	m.has_grace_left = true;
	assert_false(status_is_healthy(&s));
	m.has_grace_left = false;
	s.n_managers = 0;
	assert_false(status_is_healthy(&s));
	s.stats[0].value = 0;
	assert_true(status_is_healthy(&s));
	s.mismatches = &sa;
	s.n_mismatches = 1;
	assert_false(status_is_healthy(&s));
}

static void what_is_a_mismatch(void **state)
{
	struct kmtia_sa sa = sample_sa();

	(void)state;
	sa.integrity_failed = 2;
	assert_false(status_is_mismatch(&sa));
	sa.integrity_failed = 3;
	assert_true(status_is_mismatch(&sa));
	sa.packets = 1;
	assert_false(status_is_mismatch(&sa));
}

static void many_mismatches(void **state)
{
	static struct kmtia_sa sas[30];
	struct status s = { .mismatches = sas, .n_mismatches = 30 };
	char *out_text, *line;
	size_t size, i, n = 0;
	FILE *out = open_memstream(&out_text, &size);
	json_t *json;

	(void)state;
	for (i = 0; i < 30; i++)
		sas[i] = sample_sa();
	mismatch_print(out, &s);
	fclose(out);
	for (line = out_text; (line = strstr(line, "MISMATCH: ")); line++)
		n++;
	assert_int_equal(n, 20);
	assert_non_null(strstr(out_text, "!   and 10 more; \"kmtia -j status\" has all of them\n"));
	free(out_text);
	json = mismatch_json(&s);
	assert_int_equal(json_array_size(json), 30);
	json_decref(json);
}

static json_int_t number(json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static void in_json(void **state)
{
	struct kmtia_manager_info m[2];
	struct kmtia_sa sas[2];
	struct status s = sample_status(m, sas);
	json_t *json = status_json(&s), *list, *one;

	(void)state;
	assert_true(json_is_false(json_object_get(json, "healthy")));
	assert_int_equal(number(json, "rules"), 2);
	assert_int_equal(number(json, "live"), 0);
	assert_int_equal(number(json, "standing"), 5);
	assert_int_equal(number(json, "secrets"), 3);
	assert_int_equal(number(json, "mismatched"), 4);
	assert_int_equal(json_array_size(json_object_get(json, "hooked")), 2);
	assert_int_equal(number(json_object_get(json, "failures"), "fail_timeout"), 7);
	list = json_object_get(json, "managers");
	assert_int_equal(json_array_size(list), 2);
	assert_true(json_is_true(json_object_get(json_array_get(list, 0), "stalled")));
	assert_null(json_object_get(json_array_get(list, 0), "grace_left_ms"));
	assert_int_equal(number(json_array_get(list, 0), "secrets"), 2);
	assert_int_equal(number(json_array_get(list, 1), "grace_left_ms"), 2050);
	list = json_object_get(json, "mismatches");
	assert_int_equal(json_array_size(list), 2);
	one = json_array_get(list, 1);
	assert_string_equal(json_string_value(json_object_get(one, "spi")), "0xc0000001");
	assert_string_equal(json_string_value(json_object_get(one, "key_id")), "k\"1");
	assert_int_equal(number(one, "integrity_failed"), 12);
	list = json_object_get(json, "xfrm");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "counter")),
			    "XfrmInStateProtoError");
	json_decref(json);
	s = (struct status){ 0 };
	json = status_json(&s);
	assert_true(json_is_true(json_object_get(json, "healthy")));
	assert_int_equal(json_array_size(json_object_get(json, "mismatches")), 0);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(text_when_all_is_well),
		cmocka_unit_test(health),
		cmocka_unit_test(what_is_a_mismatch),
		cmocka_unit_test(many_mismatches),
		cmocka_unit_test(in_json),
	};

	return cmocka_run_group_tests_name("tools_status", tests, NULL, NULL);
}
