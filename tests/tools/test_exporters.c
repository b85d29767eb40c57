// SPDX-License-Identifier: GPL-2.0-only
/* Lines for Wireshark and in JSON, and the files that they go to. */
#include "tools_test.h"
#include "kmtiad/exporters.h"

#include <jansson.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const uint8_t key[36] = { 0x5e, 0xc4, 0xe7 };

#define KEY16 "0x5ec4e700000000000000000000000000"
#define KEY20 KEY16 "00000000"
#define KEY24 KEY20 "00000000"
#define KEY32 KEY16 "00000000000000000000000000000000"

/* Up to two slots, as the kernel describes them. */
struct slot_spec {
	uint32_t role;
	const char *algorithm;
	uint32_t bits, icv_bits;
};

/* clang-format off */
#define AEAD(name, bits, icv) { KMTIA_SLOT_ROLE_AEAD, name, bits, icv }
#define ENC(name, bits) { KMTIA_SLOT_ROLE_ENCRYPTION, name, bits, 0 }
#define AUTH(name, bits, icv) { KMTIA_SLOT_ROLE_AUTHENTICATION, name, bits, icv }
/* clang-format on */
#define GCM(icv) AEAD("rfc4106(gcm(aes))", 160, icv)
#define V4 "\"IPv4\",\"10.0.0.1\",\"10.0.0.2\",\"0x00001001\""
#define UNKNOWN "# " V4 ": Wireshark does not know "

static const struct {
	struct slot_spec slots[2];
	const char *line;
} lines[] = {
	{ { GCM(128) },
	  V4 ",\"AES-GCM with 16 octet ICV [RFC4106]\",\"" KEY20 "\",\"NULL\",\"\"\n" },
	{ { GCM(96) },
	  V4 ",\"AES-GCM with 12 octet ICV [RFC4106]\",\"" KEY20 "\",\"NULL\",\"\"\n" },
	{ { GCM(64) },
	  V4 ",\"AES-GCM with 8 octet ICV [RFC4106]\",\"" KEY20 "\",\"NULL\",\"\"\n" },
	{ { GCM(32) }, UNKNOWN "rfc4106(gcm(aes)) with an ICV of 32 bits\n" },
	{ { AEAD("rfc4309(ccm(aes))", 152, 128) },
	  UNKNOWN "rfc4309(ccm(aes)) with an ICV of 128 bits\n" },
	{ { AEAD("rfc4543(gcm(aes))", 160, 128) },
	  UNKNOWN "rfc4543(gcm(aes)) with an ICV of 128 bits\n" },
	{ { AEAD("rfc7539esp(chacha20,poly1305)", 288, 128) },
	  UNKNOWN "rfc7539esp(chacha20,poly1305) with an ICV of 128 bits\n" },
	{ { ENC("cbc(sm4)", 128), AUTH("hmac(sha256)", 256, 128) },
	  UNKNOWN "cbc(sm4) with an ICV of 0 bits\n" },
	{ { ENC("cbc(aes)", 128), AUTH("hmac(sha256)", 256, 128) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16 "\",\"HMAC-SHA-256-128 [RFC4868]\",\"" KEY32
	     "\"\n" },
	{ { ENC("cbc(aes)", 128), AUTH("hmac(sha256)", 256, 96) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16
	     "\",\"HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]\",\"" KEY32 "\"\n" },
	{ { ENC("rfc3686(ctr(aes))", 160), AUTH("hmac(sha1)", 160, 96) },
	  V4 ",\"AES-CTR [RFC3686]\",\"" KEY20 "\",\"HMAC-SHA-1-96 [RFC2404]\",\"" KEY20
	     "\"\n" },
	{ { ENC("cbc(des3_ede)", 192), AUTH("hmac(md5)", 128, 96) },
	  V4 ",\"TripleDES-CBC [RFC2451]\",\"" KEY24 "\",\"HMAC-MD5-96 [RFC2403]\",\"" KEY16
	     "\"\n" },
	{ { ENC("cbc(aes)", 128), AUTH("hmac(sha384)", 256, 192) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16 "\",\"HMAC-SHA-384-192 [RFC4868]\",\"" KEY32
	     "\"\n" },
	{ { ENC("cbc(aes)", 128), AUTH("hmac(sha512)", 256, 256) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16 "\",\"HMAC-SHA-512-256 [RFC4868]\",\"" KEY32
	     "\"\n" },
	/* What it cannot check, it decrypts all the same. */
	{ { ENC("cbc(aes)", 128), AUTH("cmac(aes)", 128, 96) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16
	     "\",\"ANY 96 bit authentication [no checking]\",\"\"\n" },
	{ { ENC("cbc(aes)", 128), AUTH("hmac(sm3)", 256, 256) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16
	     "\",\"ANY 256 bit authentication [no checking]\",\"\"\n" },
	{ { ENC("cbc(aes)", 128), AUTH("hmac(sha256)", 256, 112) },
	  UNKNOWN "hmac(sha256) with an ICV of 112 bits\n" },
	{ { ENC("ecb(cipher_null)", 0), AUTH("hmac(sha1)", 160, 96) },
	  V4 ",\"NULL\",\"\",\"HMAC-SHA-1-96 [RFC2404]\",\"" KEY20 "\"\n" },
	{ { ENC("cbc(aes)", 128), AUTH("digest_null", 0, 0) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16 "\",\"NULL\",\"\"\n" },
	{ { ENC("cbc(aes)", 128) },
	  V4 ",\"AES-CBC [RFC3602]\",\"" KEY16 "\",\"NULL\",\"\"\n" },
};

static struct kmtia_sa make_sa(const struct slot_spec slots[2])
{
	struct kmtia_sa sa = {
		.family = AF_INET,
		.saddr = { 10, 0, 0, 1 },
		.daddr = { 10, 0, 0, 2 },
		.spi = 0x1001,
		.proto = IPPROTO_ESP,
		.direction = KMTIA_DIRECTION_OUT,
	};
	struct kmtia_slot *slot;

	for (; sa.n_slots < 2 && slots[sa.n_slots].algorithm; sa.n_slots++) {
		slot = &sa.slots[sa.n_slots];
		slot->role = slots[sa.n_slots].role;
		strcpy(slot->algorithm, slots[sa.n_slots].algorithm);
		slot->bits = slots[sa.n_slots].bits;
		slot->icv_bits = slots[sa.n_slots].icv_bits;
		slot->key_len = slot->bits / 8;
		slot->key = slot->key_len ? key : NULL;
	}
	return sa;
}

static const struct slot_spec gcm[2] = { GCM(128) };

static void wireshark_lines(void **state)
{
	char line[WIRESHARK_LINE_SIZE];
	struct kmtia_sa sa;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		sa = make_sa(lines[i].slots);
		assert_int_equal(wireshark_line(&sa, false, line), strlen(lines[i].line));
		assert_string_equal(line, lines[i].line);
	}
}

static void wireshark_other_columns(void **state)
{
	char line[WIRESHARK_LINE_SIZE];
	struct kmtia_sa sa = make_sa(gcm);

	(void)state;
	sa.family = AF_INET6;
	memset(sa.saddr, 0, 16);
	memcpy(sa.daddr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	sa.spi = 0xfedcba98;
	assert_true(wireshark_line(&sa, true, line));
	assert_string_equal(line, "\"IPv6\",\"::\",\"2001:db8::2\",\"0xfedcba98\","
				  "\"AES-GCM with 16 octet ICV [RFC4106]\",\"" KEY20
				  "\",\"NULL\",\"\"\n");
	sa = make_sa(gcm);
	sa.esn = true;
	assert_true(wireshark_line(&sa, true, line));
	assert_string_equal(line, V4 ",\"AES-GCM with 16 octet ICV [RFC4106]\",\"" KEY20
				     "\",\"NULL\",\"\",\"64-bit\",\"0\"\n");
	assert_true(wireshark_line(&sa, false, line));
	assert_null(strstr(line, "64-bit"));
}

static void wireshark_without_keys(void **state)
{
	char line[WIRESHARK_LINE_SIZE];
	struct kmtia_sa sa = make_sa(gcm);

	(void)state;
	sa.proto = IPPROTO_AH;
	assert_true(wireshark_line(&sa, false, line));
	assert_string_equal(line, "# " V4 ": not ESP, nothing to decrypt\n");
	sa = make_sa(gcm);
	sa.slots[0].key = NULL;
	assert_int_equal(wireshark_line(&sa, false, line), 0);
	/* Of two keys, both must be there. */
	sa = make_sa(lines[8].slots);
	sa.slots[1].key = NULL;
	assert_int_equal(wireshark_line(&sa, false, line), 0);
	sa.n_slots = 0;
	assert_int_equal(wireshark_line(&sa, false, line), 0);
}

static void wireshark_longest_line(void **state)
{
	static const struct slot_spec slots[2] = {
		ENC("cbc(aes)", 8192),
		AUTH("hmac(sha256)", 8192, 96),
	};
	static const uint8_t long_key[KMTIA_KEY_MAX_LEN];
	char line[WIRESHARK_LINE_SIZE];
	struct kmtia_sa sa = make_sa(slots);
	size_t len;

	(void)state;
	sa.slots[0].key = sa.slots[1].key = long_key;
	sa.family = AF_INET6;
	memset(sa.saddr, 0xff, 16);
	memset(sa.daddr, 0xff, 16);
	len = wireshark_line(&sa, true, line);
	assert_true(len > (size_t)4 * KMTIA_KEY_MAX_LEN);
	assert_int_equal(line[len - 1], '\n');
}

static struct exporter *open_exporter(const struct exporter_ops *ops, const char *path)
{
	const struct exporter_settings settings = { .file = path };

	return ops->open(&settings);
}

static void tell(struct exporter *e, const struct kmtia_sa *sa)
{
	const struct kmtia_notification what = { .event = KMTIA_NOTIFY_EVENT_NEW };
	const struct kmtia_pair pair = { .outbound = sa, .keyed = sa };

	e->ops->notify(e, &what, &pair);
}

static void wireshark_file_has_no_line_twice(void **state)
{
	struct kmtia_sa sa = make_sa(gcm), other = make_sa(gcm);
	char *dir = make_dir(), path[64], *text;
	struct exporter *e;
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/esp_sa", dir);
	e = open_exporter(&exporter_wireshark, path);
	assert_non_null(e);
	tell(e, &sa);
	tell(e, &sa);
	e->ops->close(e);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	/* Nor after a restart. */
	e = open_exporter(&exporter_wireshark, path);
	other.spi++;
	tell(e, &sa);
	tell(e, &other);
	e->ops->notify(e, &(struct kmtia_notification){ .event = KMTIA_NOTIFY_EVENT_FLUSH },
		       NULL);
	e->ops->close(e);
	text = read_file(path);
	assert_int_equal(strlen(text), 2 * strlen(lines[0].line));
	assert_non_null(strstr(text, "0x00001001"));
	assert_non_null(strstr(text, "0x00001002"));
	free(text);
	remove_dir(dir);
}

static void many_lines_are_remembered(void **state)
{
	struct line_set *set = line_set_new();
	char line[32];
	int i, n;

	(void)state;
	for (i = 0; i < 1000; i++) {
		n = snprintf(line, sizeof(line), "line %d", i);
		assert_false(line_set_has(set, line, (size_t)n));
		assert_true(line_set_add(set, line, (size_t)n));
	}
	for (i = 0; i < 1000; i++) {
		n = snprintf(line, sizeof(line), "line %d", i);
		assert_true(line_set_has(set, line, (size_t)n));
	}
	line_set_free(set);
}

static void files_of_others_are_refused(void **state)
{
	char *dir = make_dir(), path[64], target[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/esp_sa", dir);
	snprintf(target, sizeof(target), "%s/target", dir);
	write_file(target, "", 0600);

	assert_int_equal(symlink(target, path), 0);
	assert_null(open_exporter(&exporter_wireshark, path));
	assert_null(open_exporter(&exporter_json, path));
	unlink(path);
	assert_int_equal(link(target, path), 0);
	assert_null(open_exporter(&exporter_wireshark, path));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(open_exporter(&exporter_wireshark, path));
	unlink(path);
	write_file(path, "", 0640);
	assert_null(open_exporter(&exporter_wireshark, path));
	assert_null(open_exporter(&exporter_wireshark, "/nonexistent/esp_sa"));
	remove_dir(dir);
}

static void json_lines(void **state)
{
	struct kmtia_sa sa = make_sa(gcm), mate = make_sa(gcm);
	struct kmtia_notification what = { .seq = 7, .event = KMTIA_NOTIFY_EVENT_NEW };
	struct kmtia_pair pair = { .inbound = &mate, .outbound = &sa, .keyed = &sa };
	char *line;
	json_t *json;

	(void)state;
	mate.spi = 0x2002;
	line = exporter_json_line(&what, &pair, "2026-01-02T03:04:05.678Z");
	assert_non_null(line);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_null(strstr(line, "5ec4e7"));
	json = json_loads(line, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(json, "seq")), 7);
	assert_string_equal(json_string_value(json_object_get(json, "event")), "new");
	assert_true(json_is_false(json_object_get(json, "replayed")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "mate"),
							      "spi")),
			    "0x00002002");
	json_decref(json);
	free(line);

	what = (struct kmtia_notification){ .event = KMTIA_NOTIFY_EVENT_FLUSH, .proto = 51 };
	line = exporter_json_line(&what, NULL, "x");
	assert_string_equal(line, "{\"time\":\"x\",\"seq\":0,\"event\":\"flush\","
				  "\"replayed\":false,\"proto\":\"ah\"}\n");
	free(line);
}

/* Of an SA that is gone, only who it was is known. */
static void json_line_of_an_sa_that_is_gone(void **state)
{
	struct kmtia_sa sa = make_sa(gcm);
	const struct kmtia_notification what = { .seq = 8, .event = KMTIA_NOTIFY_EVENT_DELETE };
	const struct kmtia_pair pair = { .keyed = &sa };
	json_t *json, *obj;
	char *line;

	(void)state;
	sa.n_slots = 0;
	sa.tracked = true;
	strcpy(sa.key_id, "\302\233m");
	line = exporter_json_line(&what, &pair, "x");
	/* A control character of others' words stays an escape sequence. */
	assert_non_null(strstr(line, "\"key_id\":\"\\u009Bm\""));
	json = json_loads(line, 0, NULL);
	obj = json_object_get(json, "sa");
	assert_string_equal(json_string_value(json_object_get(obj, "spi")), "0x00001001");
	assert_non_null(json_object_get(obj, "origin"));
	assert_null(json_object_get(obj, "mode"));
	assert_null(json_object_get(obj, "slots"));
	assert_null(json_object_get(json, "mate"));
	json_decref(json);
	free(line);
}

static void json_file(void **state)
{
	struct kmtia_sa sa = make_sa(gcm);
	char *dir = make_dir(), path[64], *text, *end;
	struct exporter *e;

	(void)state;
	snprintf(path, sizeof(path), "%s/events.json", dir);
	e = open_exporter(&exporter_json, path);
	assert_non_null(e);
	tell(e, &sa);
	tell(e, &sa);
	e->ops->close(e);
	text = read_file(path);
	end = strchr(text, '\n');
	assert_non_null(end);
	assert_non_null(strchr(end + 1, '\n'));
	assert_null(strstr(text, "5ec4e7"));
	free(text);
	remove_dir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wireshark_lines),
		cmocka_unit_test(wireshark_other_columns),
		cmocka_unit_test(wireshark_without_keys),
		cmocka_unit_test(wireshark_longest_line),
		cmocka_unit_test(wireshark_file_has_no_line_twice),
		cmocka_unit_test(many_lines_are_remembered),
		cmocka_unit_test(files_of_others_are_refused),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(json_line_of_an_sa_that_is_gone),
		cmocka_unit_test(json_file),
	};

	return cmocka_run_group_tests_name("tools_exporters", tests, NULL, NULL);
}
