// SPDX-License-Identifier: GPL-2.0-only
/* What kmtia prints: text that is safe to show, JSON that is valid. */
#include "tools_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A name as a hostile program might choose it: escape sequence, bad UTF-8. */
#define NASTY "a\"b\\c\n\033[31m\xff\xc3\xbc\xc2\x9b"

static struct kmtia_sa sample_sa(void)
{
	static const uint8_t key[20] = { 0x5e, 0xc4, 0xe7 };
	struct kmtia_sa sa = {
		.family = AF_INET,
		.saddr = { 10, 0, 0, 1 },
		.daddr = { 10, 0, 0, 2 },
		.spi = 0xc0000001,
		.proto = IPPROTO_ESP,
		.mode = 1,
		.reqid = 16,
		.direction = KMTIA_DIRECTION_OUT,
		.n_slots = 1,
		.tracked = true,
		.handle = 4,
		.has_rule = true,
		.rule = 10,
		.origin = KMTIA_ORIGIN_LOCAL,
		.has_manager = true,
		.age_ms = 61005,
		.packets = 3,
		.bytes = 252,
		.slots = { {
			.role = KMTIA_SLOT_ROLE_AEAD,
			.algorithm = "rfc4106(gcm(aes))",
			.bits = 160,
			.icv_bits = 128,
			.key = key,
			.key_len = sizeof(key),
		} },
	};

	kmtia_uuid_parse(UUID_TEXT, sa.manager);
	return sa;
}

/* Print something to memory. */
struct capture {
	FILE *out;
	char *text;
	size_t size;
};

static FILE *capture(struct capture *c)
{
	c->out = open_memstream(&c->text, &c->size);
	assert_non_null(c->out);
	return c->out;
}

static void expect(struct capture *c, const char *text)
{
	fclose(c->out);
	assert_string_equal(c->text, text);
	free(c->text);
}

static void text_of_an_sa(void **state)
{
	struct kmtia_sa sa = sample_sa(), mate = sample_sa();
	struct capture c;

	(void)state;
	memcpy(mate.saddr, sa.daddr, 4);
	memcpy(mate.daddr, sa.saddr, 4);
	mate.spi = 0x1001;
	strcpy(sa.key_id, "k\"1");
	sa_print(capture(&c), &sa, &mate, true);
	expect(&c, "src 10.0.0.1 dst 10.0.0.2\n"
		   "\tproto esp spi 0xc0000001 reqid 16 mode tunnel\n"
		   "\tdirection out rule 10 origin local manager " UUID_TEXT "\n"
		   "\tkey-id \"k\\\"1\" age 61.005s\n"
		   "\taead rfc4106(gcm(aes)) bits 160 icv 128\n"
		   "\tmate src 10.0.0.2 dst 10.0.0.1 spi 0x00001001\n"
		   "\tpackets 3 bytes 252 integrity-failed 0 replay-failed 0\n");
}

static void text_of_an_unusual_sa(void **state)
{
	struct kmtia_sa sa = {
		.family = AF_INET6,
		.saddr = { 0x20, 1 },
		.spi = 0x100,
		.proto = IPPROTO_AH,
		.mode = 77,
		.mark = 1,
		.mark_mask = 0xff,
		.if_id = 9,
		.esn = true,
		.encap_type = 2,
		.encap_sport = 4500,
		.encap_dport = 4501,
		.n_slots = 1,
		.slots = { {
			.role = KMTIA_SLOT_ROLE_AUTHENTICATION,
			.algorithm = "hmac(sha256)",
			.bits = 256,
			.icv_bits = 128,
		} },
	};
	struct capture c;

	(void)state;
	sa_print(capture(&c), &sa, NULL, false);
	expect(&c, "src 2001:: dst ::\n"
		   "\tproto ah spi 0x00000100 reqid 0 mode 77 mark 0x1/0xff if_id 0x9 esn"
		   " encap espinudp sport 4500 dport 4501\n"
		   "\tdirection unknown origin none\n"
		   "\tage 0.000s\n"
		   "\tauthentication hmac(sha256) bits 256 icv 128\n");
}

/* Whatever is printed as JSON must be read back, and never hold a key. */
static json_t *reread(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_error_t error;
	json_t *again;

	assert_non_null(text);
	assert_null(strstr(text, "5ec4e7"));
	assert_null(strstr(text, "\"key\""));
	again = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(again);
	assert_true(json_equal(json, again));
	free(text);
	json_decref(json);
	return again;
}

static const char *get(json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static void json_of_an_sa(void **state)
{
	struct kmtia_sa sa = sample_sa(), mate = sample_sa();
	json_t *json, *slot;

	(void)state;
	strcpy(sa.key_id, NASTY);
	sa.bytes = UINT64_MAX;
	sa.selector.family = AF_INET6;
	sa.selector.dport = 80;
	sa.encap_type = 99;
	json = reread(sa_with_mate_json(&sa, &mate));
	assert_string_equal(get(json, "spi"), "0xc0000001");
	assert_string_equal(get(json, "saddr"), "10.0.0.1");
	assert_string_equal(get(json, "daddr"), "10.0.0.2");
	assert_string_equal(get(json, "mode"), "tunnel");
	assert_string_equal(get(json, "direction"), "out");
	assert_string_equal(get(json, "origin"), "local");
	assert_string_equal(get(json, "manager"), UUID_TEXT);
	assert_string_equal(get(json, "encap_type"), "99");
	assert_int_equal(json_integer_value(json_object_get(json, "rule")), 10);
	assert_int_equal(json_integer_value(json_object_get(json, "age_ms")), 61005);
	assert_true(json_integer_value(json_object_get(json, "bytes")) == INT64_MAX);
	assert_true(json_is_false(json_object_get(json, "esn")));
	slot = json_array_get(json_object_get(json, "slots"), 0);
	assert_string_equal(get(slot, "role"), "aead");
	assert_int_equal(json_integer_value(json_object_get(slot, "icv_bits")), 128);
	assert_string_equal(get(json_object_get(json, "mate"), "spi"), "0xc0000001");
	json_decref(json);
}

static struct kmtia_manager_info sample_manager(void)
{
	struct kmtia_manager_info m = {
		.flags = KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY,
		.name = "kmtiad",
		.timeout_hint = 5,
		.pid = 42,
		.stalled = true,
		.questions = 9,
		.answers = 8,
		.misses = 1,
	};

	kmtia_uuid_parse(UUID_TEXT, m.uuid);
	return m;
}

static void text_of_a_manager(void **state)
{
	struct kmtia_manager_info m = sample_manager();
	struct capture c;

	(void)state;
	manager_print(capture(&c), &m, true);
	expect(&c, UUID_TEXT " name \"kmtiad\"\n"
			     "\tflags dictate,notify timeout-hint 5s pid 42 uid 0 STALLED\n"
			     "\tquestions 9 answers 8 refusals 0 unusable 0 misses 1 late 0"
			     " notifications 0 dropped 0 standing 0\n");
	m.pid = 0;
	m.stalled = false;
	m.has_weight = true;
	m.weight = 100;
	m.flags = KMTIA_MANAGER_FLAGS_NOTIFY;
	strcpy(m.name, NASTY);
	strcpy(m.description, "words");
	manager_print(capture(&c), &m, false);
	expect(&c, UUID_TEXT " name \"a\\\"b\\\\c\\x0a\\x1b[31m\xff\xc3\xbc\\xc2\\x9b\"\n"
			     "\tflags notify weight 100 timeout-hint 5s in-kernel\n"
			     "\tdescription \"words\"\n");
}

static int64_t number(json_t *json, const char *name)
{
	assert_non_null(json_object_get(json, name));
	return json_integer_value(json_object_get(json, name));
}

static void times_of_a_manager(void **state)
{
	struct kmtia_manager_info m = sample_manager();
	json_t *json, *times;
	struct capture c;

	(void)state;
	m.n_answer_times = 2;
	m.answer_times[0] = (struct kmtia_answer_time){ 128, 7 };
	m.answer_times[1] = (struct kmtia_answer_time){ 0, 1 };
	manager_print(capture(&c), &m, true);
	expect(&c, UUID_TEXT " name \"kmtiad\"\n"
			     "\tflags dictate,notify timeout-hint 5s pid 42 uid 0 STALLED\n"
			     "\tquestions 9 answers 8 refusals 0 unusable 0 misses 1 late 0"
			     " notifications 0 dropped 0 standing 0\n"
			     "\tanswered <128us:7 slower:1\n");
	json = reread(manager_json(&m));
	times = json_object_get(json, "answer_times");
	assert_int_equal(json_array_size(times), 2);
	assert_int_equal(number(json_array_get(times, 0), "below_us"), 128);
	assert_int_equal(number(json_array_get(times, 0), "count"), 7);
	assert_null(json_object_get(json_array_get(times, 1), "below_us"));
	assert_int_equal(number(json_array_get(times, 1), "count"), 1);
	json_decref(json);
}

static void text_of_a_manager_with_secrets(void **state)
{
	struct kmtia_manager_info m = sample_manager();
	struct capture c;

	(void)state;
	m.stalled = false;
	m.secrets = 2;
	m.standing = 7;
	strcpy(m.description, "words");
	manager_print(capture(&c), &m, true);
	expect(&c, UUID_TEXT " name \"kmtiad\"\n"
			     "\tflags dictate,notify timeout-hint 5s pid 42 uid 0\n"
			     "\tsecrets 2 grace 0.000s\n"
			     "\tdescription \"words\"\n"
			     "\tquestions 9 answers 8 refusals 0 unusable 0 misses 1 late 0"
			     " notifications 0 dropped 0 standing 7\n");
	m.description[0] = '\0';
	m.grace_ms = 60000;
	m.has_grace_left = true;
	m.grace_left_ms = 12399;
	manager_print(capture(&c), &m, false);
	expect(&c, UUID_TEXT " name \"kmtiad\"\n"
			     "\tflags dictate,notify timeout-hint 5s pid 42 uid 0\n"
			     "\tsecrets 2 grace 60.000s in grace: 12.3 s left\n");
	m.secrets = 0;
	m.grace_ms = 1005;
	m.grace_left_ms = 0;
	manager_print(capture(&c), &m, false);
	expect(&c, UUID_TEXT " name \"kmtiad\"\n"
			     "\tflags dictate,notify timeout-hint 5s pid 42 uid 0\n"
			     "\tsecrets 0 grace 1.005s in grace: 0.0 s left\n");
}

static void json_of_a_manager_with_secrets(void **state)
{
	struct kmtia_manager_info m = sample_manager();
	json_t *json = reread(manager_json(&m));

	(void)state;
	assert_int_equal(number(json, "grace_ms"), 0);
	assert_int_equal(number(json, "secrets"), 0);
	assert_int_equal(number(json, "standing"), 0);
	assert_null(json_object_get(json, "grace_left_ms"));
	json_decref(json);
	m.grace_ms = 60000;
	m.has_grace_left = true;
	m.grace_left_ms = 0;
	m.secrets = 2;
	m.standing = 7;
	json = reread(manager_json(&m));
	assert_int_equal(number(json, "grace_ms"), 60000);
	assert_int_equal(number(json, "grace_left_ms"), 0);
	assert_int_equal(number(json, "secrets"), 2);
	assert_int_equal(number(json, "standing"), 7);
	json_decref(json);
}

static void json_of_a_manager(void **state)
{
	struct kmtia_manager_info m = sample_manager();
	json_t *json, *flags;

	(void)state;
	strcpy(m.name, NASTY);
	json = reread(manager_json(&m));
	assert_string_equal(get(json, "uuid"), UUID_TEXT);
	flags = json_object_get(json, "flags");
	assert_int_equal(json_array_size(flags), 2);
	assert_string_equal(json_string_value(json_array_get(flags, 0)), "dictate");
	assert_string_equal(json_string_value(json_array_get(flags, 1)), "notify");
	assert_null(json_object_get(json, "weight"));
	assert_true(json_is_true(json_object_get(json, "stalled")));
	assert_int_equal(json_integer_value(json_object_get(json, "questions")), 9);
	json_decref(json);
}

static void events(void **state)
{
	struct kmtia_sa sa = sample_sa();
	struct kmtia_event event = {
		.event = KMTIA_MONITOR_EVENT_FAILED,
		.sa = &sa,
		.has_rule = true,
		.rule = 10,
		.has_manager = true,
		.manager_name = "kmtiad",
		.error = ENOKEY,
		.status = 3,
		.text = "two\nlines",
		.key_id = "k1",
	};
	struct capture c;
	json_t *json;

	(void)state;
	kmtia_uuid_parse(UUID_TEXT, event.manager);
	monitor_print(capture(&c), &event);
	expect(&c, "failed rule 10 manager " UUID_TEXT " name \"kmtiad\""
		   " src 10.0.0.1 dst 10.0.0.2 proto esp spi 0xc0000001 dir out key-id \"k1\""
		   " status 3 errno 126 (Required key not available) text \"two\\x0alines\"\n");
	json = reread(monitor_json(&event));
	assert_string_equal(get(json, "event"), "failed");
	assert_int_equal(json_integer_value(json_object_get(json, "errno")), ENOKEY);
	assert_string_equal(get(json, "text"), "two\nlines");
	assert_string_equal(get(json_object_get(json, "sa"), "spi"), "0xc0000001");
	json_decref(json);

	event = (struct kmtia_event){
		.event = KMTIA_MONITOR_EVENT_MISMATCH,
		.sa = &sa,
		.has_rule = true,
		.rule = 10,
		.text = "3 packets failed",
		.key_id = "k1",
	};
	monitor_print(capture(&c), &event);
	expect(&c, "mismatch rule 10 src 10.0.0.1 dst 10.0.0.2 proto esp spi 0xc0000001 dir out"
		   " key-id \"k1\" text \"3 packets failed\"\n");

	event = (struct kmtia_event){ .event = KMTIA_MONITOR_EVENT_RULE_ADD };
	monitor_print(capture(&c), &event);
	expect(&c, "rule-add\n");
	json = reread(monitor_json(&event));
	assert_int_equal(json_object_size(json), 1);
	json_decref(json);
}

static void print_list(struct cmd *c, size_t n)
{
	struct kmtia_sa sa = sample_sa();

	print_begin(c);
	while (n--)
		print_element(c, sa_with_mate_json(&sa, NULL));
	print_end(c);
}

static void lists_are_valid(void **state)
{
	json_error_t error;
	size_t n, pretty;
	struct run r;
	json_t *json;

	(void)state;
	for (pretty = 0; pretty < 2; pretty++) {
		for (n = 0; n < 3; n++) {
			run_begin(&r);
			r.c.json = true;
			r.c.pretty = pretty;
			print_list(&r.c, n);
			run_end(&r);
			json = json_loads(r.out, 0, &error);
			assert_true(json_is_array(json));
			assert_int_equal(json_array_size(json), n);
			if (!n)
				assert_string_equal(r.out, "[]\n");
			json_decref(json);
			run_free(&r);
		}
	}
}

/* A list that breaks off is still JSON; the exit code tells. */
static void lists_that_fail_are_valid(void **state)
{
	struct kmtia_sa sa = sample_sa();
	json_t *json;
	struct run r;

	(void)state;
	run_begin(&r);
	r.c.json = true;
	print_begin(&r.c);
	print_element(&r.c, sa_with_mate_json(&sa, NULL));
	assert_int_equal(cmd_failed(&r.c, "list the SAs", -EPERM), CMD_FAILED);
	run_end(&r);
	json = json_loads(r.out, 0, NULL);
	assert_int_equal(json_array_size(json), 1);
	json_decref(json);
	assert_string_equal(r.err, "kmtia: cannot list the SAs: Operation not permitted\n");
	run_free(&r);
}

/* Of others' words none reaches a terminal as it is. */
static void json_is_ascii(void **state)
{
	struct run r;

	(void)state;
	run_begin(&r);
	r.c.json = true;
	print_json(&r.c, json_pack("{ss}", "text", "\302\233m\177\303\274"), JSON_COMPACT);
	print_begin(&r.c);
	/* NOLINTNEXTLINE(misc-misleading-bidirectional): the text is to mislead */
	print_element(&r.c, json_pack("[s]", "\342\200\256\033"));
	print_end(&r.c);
	run_end(&r);
	/* DEL is ASCII, and does nothing. */
	assert_string_equal(r.out, "{\"text\":\"\\u009Bm\177\\u00FC\"}\n"
				   "[[\"\\u202E\\u001B\"]]\n");
	run_free(&r);
}

static void errors_are_safe(void **state)
{
	struct run r;

	(void)state;
	run_begin(&r);
	cmd_error(&r.c, "kmtiad: %s", "\"a\"\n\033[2J\302\233\303\274\\");
	assert_int_equal(cmd_usage(&r.c, "%s", "\r"), CMD_USAGE);
	run_end(&r);
	assert_string_equal(r.err, "kmtia: kmtiad: \"a\"\\x0a\\x1b[2J\\xc2\\x9b\303\274\\\n"
				   "kmtia: \\x0d\n");
	run_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_an_sa),
		cmocka_unit_test(text_of_an_unusual_sa),
		cmocka_unit_test(json_of_an_sa),
		cmocka_unit_test(text_of_a_manager),
		cmocka_unit_test(times_of_a_manager),
		cmocka_unit_test(text_of_a_manager_with_secrets),
		cmocka_unit_test(json_of_a_manager),
		cmocka_unit_test(json_of_a_manager_with_secrets),
		cmocka_unit_test(events),
		cmocka_unit_test(lists_are_valid),
		cmocka_unit_test(lists_that_fail_are_valid),
		cmocka_unit_test(json_is_ascii),
		cmocka_unit_test(errors_are_safe),
	};

	return cmocka_run_group_tests_name("tools_print", tests, NULL, NULL);
}
