// SPDX-License-Identifier: GPL-2.0-only
/* kmtiad.conf(5): what is understood, and what is refused and where. */
#include "tools_test.h"
#include "kmtiad/config.h"

#include <netinet/in.h>

#define MANAGER "manager { uuid = \"" UUID_TEXT "\" flags = {\"dictate\", \"notify\"} }\n"
#define WATCHER "manager { uuid = \"" UUID_TEXT "\" flags = notify }\n"

static char *dir, path[128];

static int make_path(void **state)
{
	(void)state;
	dir = make_dir();
	snprintf(path, sizeof(path), "%s/kmtiad.conf", dir);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	remove_dir(dir);
	return 0;
}

static struct config *load(const char *text, mode_t mode, char error[CONFIG_ERROR_SIZE])
{
	write_file(path, text, mode);
	return config_load(path, error);
}

static struct config *load_good(const char *text, mode_t mode)
{
	char error[CONFIG_ERROR_SIZE];
	struct config *config = load(text, mode, error);

	assert_string_equal(error, "");
	assert_non_null(config);
	return config;
}

static void everything(void **state)
{
	static const char text[] =
		"# a comment\n"
		"manager {	// another\n"
		"	uuid = \"" UUID_TEXT "\"\n"
		"	name = 'kme # 1'\n"
		"	description = \"says \\\"x\\\" /* no comment */\"\n"
		"	flags = {\"dictate\", # within a list\n"
		"		 \"notify\"}\n"
		"	weight = 0x10\n"
		"	timeout-hint = 2\n"
		"}\n"
		"/* over\n"
		"   lines */\n"
		"source static {\n"
		"	on-missing = cannot-gen-key\n"
		"	key-id = \"default\"\n"
		"	sa { spi = 0xc0000001 aead = 0x0001 }\n"
		"	sa { spi = \"257\" proto = ah dst = 10.1.0.2 authentication = \"0xFFee\"\n"
		"	     key-id = \"other\" }\n"
		"}\n"
		"exporter wireshark { file = /run/kmtia/esp_sa esn-columns = true }\n"
		"exporter json { file = \"/run/kmtia/events.json\" }\n";
	struct config *config = load_good(text, 0600);
	uint8_t uuid[KMTIA_UUID_LEN];

	(void)state;
	kmtia_uuid_parse(UUID_TEXT, uuid);
	assert_memory_equal(config->manager.uuid, uuid, sizeof(uuid));
	assert_string_equal(config->manager.name, "kme # 1");
	assert_string_equal(config->manager.description, "says \"x\" /* no comment */");
	assert_int_equal(config->manager.flags, 3);
	assert_true(config->manager.has_weight);
	assert_int_equal(config->manager.weight, 16);
	assert_int_equal(config->manager.timeout_hint, 2);
	assert_non_null(config->source);
	assert_int_equal(config->n_exporters, 2);
	assert_ptr_equal(config->exporters[0].ops, &exporter_wireshark);
	assert_string_equal(config->exporters[0].file, "/run/kmtia/esp_sa");
	assert_true(config->exporters[0].esn_columns);
	assert_ptr_equal(config->exporters[1].ops, &exporter_json);
	config_free(config);
}

static void defaults(void **state)
{
	struct config *config = load_good(WATCHER, 0644);

	(void)state;
	assert_string_equal(config->manager.name, "kmtiad");
	assert_string_equal(config->manager.description, "");
	assert_int_equal(config->manager.flags, KMTIA_MANAGER_FLAGS_NOTIFY);
	assert_false(config->manager.has_weight);
	assert_int_equal(config->manager.timeout_hint, 0);
	assert_null(config->source);
	assert_int_equal(config->n_exporters, 0);
	config_free(config);
}

static void test_function_needs_no_secrecy(void **state)
{
	(void)state;
	config_free(load_good(MANAGER "source static { test-function = spi-sha256 }\n", 0644));
}

static void keys_need_secrecy(void **state)
{
	static const char text[] = MANAGER "source static {\n sa { spi = 1 aead = 0x00 }\n}\n";
	static const mode_t modes[] = { 0640, 0604, 0620, 0644 };
	char error[CONFIG_ERROR_SIZE], expected[CONFIG_ERROR_SIZE];
	size_t i;

	(void)state;
	snprintf(expected, sizeof(expected),
		 "%s:3: keys in a file that others may read or write: chmod it to 0600", path);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_null(load(text, modes[i], error));
		assert_string_equal(error, expected);
	}
	config_free(load_good(text, 0600));
	config_free(load_good(text, 0400));
}

#define SOURCE(sa) MANAGER "source static {\n" sa "\n}\n"
#define HUGE "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *text;
	int line;
	const char *reason;
} bad[] = {
	{ "", 2, "there is no manager" },
	{ "\n# only this\n", 3, "there is no manager" },
	{ "manager {\n name = x\n}\n", 3, "the manager has no uuid" },
	{ "manager {\n uuid = \"" UUID_TEXT "\"\n}\n", 3,
	  "the manager has no flags: dictate, notify or both" },
	{ "# 1\n# 2\n// 3\nmanager {\n uuid = 12\n}\n", 5, "uuid: \"12\" is not a UUID" },
	{ "manager {\n uuid = \"" UUID_TEXT "\"\n\n uuid = \"" UUID_TEXT "\"\n}\n", 4,
	  "uuid is given twice" },
	{ "manager {\n /* a\n b */ name = " HUGE "\n}\n", 3, "name: \"" HUGE "\" is too long" },
	{ "manager {\n name = \"a\\nREADY=1\"\n}\n", 2,
	  "name: \"a\nREADY=1\" has a control character" },
	{ "manager {\n name = \"a\302\233m\"\n}\n", 2,
	  "name: \"a\302\233m\" has a control character" },
	{ "manager {\n\n description = \"a\\x1b\"\n}\n", 3,
	  "description: \"a\033\" has a control character" },
	{ "manager {\n flags = {\"dictate\",\n\"watch\"}\n}\n", 3,
	  "flags: \"watch\" is not dictate, notify or exclusive" },
	{ "manager {\n weight = -1\n}\n", 2, "weight: \"-1\" is not a number of 32 bits" },
	{ "manager {\n timeout-hint = 11\n}\n", 2,
	  "timeout-hint: \"11\" is not a time from 0 to 10 seconds" },
	{ "manager {\n colour = red\n}\n", 2, "no such option 'colour'" },
	{ "manager\n{\n uuid uuid\n}\n", 3, "missing equal sign after option 'uuid'" },
	{ MANAGER MANAGER, 2, "there is more than one manager" },
	{ "manager {\n uuid = \"" UUID_TEXT "\"\n flags = notify\n", 1,
	  "the brace that is opened here is not closed" },
	{ WATCHER "}\n", 2, "unexpected closing brace" },
	{ WATCHER "\nmanager { name = \"x\n }\n", 3, "a string begins here that does not end" },
	{ WATCHER "\n/* x\n\n", 3, "a comment begins here that does not end" },
	{ MANAGER, 1, "a manager with the flag dictate needs a source" },
	{ "manager { uuid = \"" UUID_TEXT "\"\n flags = {\"notify\", \"exclusive\"} }\n", 2,
	  "the flag exclusive is of no use without dictate" },
	{ WATCHER "\nrules = rules.conf\n", 3, "rules: \"rules.conf\" is not an absolute path" },
	{ WATCHER "source static { }\n", 1, "a source is of no use without the flag dictate" },
	{ "manager { uuid = \"" UUID_TEXT "\" flags = dictate }\nsource static { }\n"
	  "exporter json { file = /x }\n",
	  1,
	  "an exporter is of no use without the flag notify" },
	{ "manager { uuid = \"" UUID_TEXT "\" flags = dictate weight = 1 }\n"
	  "source static { on-missing = decline }\n",
	  1,
	  "on-missing = decline is of no use with a constant weight: the manager is not asked" },
	{ MANAGER "source oracle {\n}\n", 3, "there is no source \"oracle\"" },
	{ SOURCE("on-missing = guess"), 3,
	  "on-missing: \"guess\" is not cannot, cannot-gen-key or decline" },
	{ SOURCE("test-function = md5"), 3, "test-function: \"md5\" is not spi-sha256" },
	{ SOURCE("sa {\n}"), 4, "the sa has no spi" },
	{ SOURCE("sa {\nspi = 1 }"), 4,
	  "the sa has no key: aead, or encryption and authentication" },
	{ SOURCE("sa { spi = one }"), 3, "spi: \"one\" is not a number of 32 bits" },
	{ SOURCE("sa { spi = 0x1ffffffff }"), 3,
	  "spi: \"0x1ffffffff\" is not a number of 32 bits" },
	{ SOURCE("sa { spi = 1 aead = 0x00\nencryption = 0x00 }"), 4,
	  "the sa has aead, and encryption or authentication too" },
	{ SOURCE("sa { spi = 1 proto = ah aead = 0x00 }"), 3, "AH has authentication only" },
	{ SOURCE("sa { spi = 1 proto = tcp }"), 3, "proto: \"tcp\" is neither esp nor ah" },
	{ SOURCE("sa { spi = 1 dst = here }"), 3, "dst: \"here\" is not an address" },
	{ SOURCE("sa { spi = 1\n aead = 0x123 }"), 4,
	  "aead: the key has an odd number of digits" },
	{ SOURCE("sa { spi = 1\n aead = 12 }"), 4,
	  "aead: the key does not begin with 0x and digits" },
	{ SOURCE("sa { spi = 1\n aead = 0x }"), 4,
	  "aead: the key does not begin with 0x and digits" },
	{ SOURCE("sa { spi = 1\n aead = 0x1g }"), 4,
	  "aead: the key has something else than hexadecimal digits" },
	{ SOURCE("sa { spi = 5 aead = 0x00 }\nsa { spi = 1 aead = 0x00 }\n"
		 "sa { spi = 0x5 proto = esp aead = 0x01 }"),
	  5,
	  "the sa with spi 0x00000005 is given twice" },
	{ WATCHER "exporter syslog { file = /x }\n", 2, "there is no exporter \"syslog\"" },
	{ WATCHER "exporter json {\n}\n", 3, "exporter json has no file" },
	{ WATCHER "exporter json {\n file = x\n}\n", 3, "file: \"x\" is not an absolute path" },
	{ WATCHER "exporter json { file = /x esn-columns = true }\n", 2,
	  "exporter json has no esn-columns" },
	{ WATCHER "exporter wireshark { file = /x esn-columns = maybe }\n", 2,
	  "esn-columns: \"maybe\" is neither true nor false" },
	{ WATCHER "exporter json { file = /x }\nexporter json { file = /y }\n", 3,
	  "found duplicate title 'json'" },
	{ "a{{{{{{{{{{{{{{{{{", 1, "too many braces within each other" },
};

static void mistakes_have_a_line(void **state)
{
	char error[CONFIG_ERROR_SIZE], expected[CONFIG_ERROR_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(load(bad[i].text, 0600, error));
		snprintf(expected, sizeof(expected), "%s:%d: %s", path, bad[i].line, bad[i].reason);
		assert_string_equal(error, expected);
	}
}

/* An error about a key must not show it. */
static void errors_show_no_key(void **state)
{
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	assert_null(load(SOURCE("sa { spi = 1 aead = 0x5ec4e7 aead = 0x5ec4e7 }"), 0600, error));
	assert_null(strstr(error, "5ec4e7"));
	assert_non_null(strstr(error, "aead is given twice"));
	assert_null(load(SOURCE("sa { spi = 1 aead = \"5ec4e7\" }"), 0600, error));
	assert_null(strstr(error, "5ec4e7"));
}

static void files_that_are_none(void **state)
{
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	assert_null(config_load("/nonexistent/kmtiad.conf", error));
	assert_string_equal(error, "/nonexistent/kmtiad.conf: No such file or directory");
	assert_null(config_load(dir, error));
	assert_non_null(strstr(error, ": not a regular file"));
}

static void zero_bytes(void **state)
{
	char error[CONFIG_ERROR_SIZE];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	(void)state;
	assert_int_equal(write(fd, "#\n\0", 3), 3);
	close(fd);
	assert_null(config_load(path, error));
	assert_non_null(strstr(error, ":2: a zero byte in the text"));
}

static void what_a_reload_cannot_change(void **state)
{
	struct config *a = load_good(WATCHER, 0600), *b = load_good(WATCHER "\n", 0600);

	(void)state;
	assert_false(config_manager_differs(&a->manager, &b->manager));
	b->manager.uuid[15]++;
	assert_true(config_manager_differs(&a->manager, &b->manager));
	b->manager.uuid[15]--;
	strcpy(b->manager.name, "x");
	assert_true(config_manager_differs(&a->manager, &b->manager));
	strcpy(b->manager.name, a->manager.name);
	assert_false(config_manager_differs(&a->manager, &b->manager));
	b->manager.grace_ms++;
	assert_true(config_manager_differs(&a->manager, &b->manager));
	config_free(a);
	config_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(defaults),
		cmocka_unit_test(test_function_needs_no_secrecy),
		cmocka_unit_test(keys_need_secrecy),
		cmocka_unit_test(mistakes_have_a_line),
		cmocka_unit_test(errors_show_no_key),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(zero_bytes),
		cmocka_unit_test(what_a_reload_cannot_change),
	};

	return cmocka_run_group_tests_name("tools_config", tests, make_path, remove_path);
}
