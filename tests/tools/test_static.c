// SPDX-License-Identifier: GPL-2.0-only
/* Source "static": which keys it answers. */
#include "tools_test.h"
#include "kmtiad/config.h"

#include <netinet/in.h>

#define MANAGER "manager { uuid = \"" UUID_TEXT "\" flags = dictate }\n"

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

static struct config *load(const char *source)
{
	char text[1024], error[CONFIG_ERROR_SIZE];
	struct config *config;

	snprintf(text, sizeof(text), MANAGER "source static { %s }\n", source);
	write_file(path, text, 0600);
	config = config_load(path, error);
	assert_string_equal(error, "");
	return config;
}

static struct kmtia_sa make_sa(uint32_t spi, uint8_t last_byte)
{
	struct kmtia_sa sa = {
		.family = AF_INET,
		.daddr = { 10, 0, 0, last_byte },
		.spi = spi,
		.proto = IPPROTO_ESP,
		.n_slots = 1,
		.slots = { { .role = KMTIA_SLOT_ROLE_AEAD, .bits = 16 } },
	};

	return sa;
}

static void take(const struct config *config, const struct kmtia_sa *sa,
		 struct source_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	config->source->ops->take(config->source, sa, answer);
}

static void keys_by_spi_and_destination(void **state)
{
	struct config *config = load("key-id = d "
				     "sa { spi = 9 aead = 0x0909 } "
				     "sa { spi = 5 aead = 0x0505 } "
				     "sa { spi = 5 dst = 10.0.0.7 aead = 0x0507 key-id = k } "
				     "sa { spi = 5 dst = 2001:db8::1 aead = 0x0506 } "
				     "sa { spi = 5 proto = ah authentication = 0x0051 }");
	struct kmtia_sa sa = make_sa(5, 1);
	struct source_answer a;

	(void)state;
	take(config, &sa, &a);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.n_keys, 1);
	assert_int_equal(a.key_len[0], 2);
	assert_memory_equal(a.key[0], "\x05\x05", 2);
	assert_string_equal(a.key_id, "d");
	assert_false(a.gen_key);
	sa = make_sa(5, 7);
	take(config, &sa, &a);
	assert_memory_equal(a.key[0], "\x05\x07", 2);
	assert_string_equal(a.key_id, "k");
	sa = make_sa(9, 7);
	take(config, &sa, &a);
	assert_memory_equal(a.key[0], "\x09\x09", 2);
	sa = make_sa(5, 7);
	sa.proto = IPPROTO_AH;
	sa.slots[0].role = KMTIA_SLOT_ROLE_AUTHENTICATION;
	take(config, &sa, &a);
	assert_memory_equal(a.key[0], "\x00\x51", 2);
	config_free(config);
}

static void two_slots(void **state)
{
	struct config *config = load("sa { spi = 5 encryption = 0x010203 authentication = 0xff }");
	struct kmtia_sa sa = make_sa(5, 1);
	struct source_answer a;

	(void)state;
	sa.n_slots = 2;
	sa.slots[0] = (struct kmtia_slot){ .role = KMTIA_SLOT_ROLE_ENCRYPTION, .bits = 24 };
	sa.slots[1] = (struct kmtia_slot){ .role = KMTIA_SLOT_ROLE_AUTHENTICATION, .bits = 8 };
	take(config, &sa, &a);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.n_keys, 2);
	assert_memory_equal(a.key[0], "\x01\x02\x03", 3);
	assert_memory_equal(a.key[1], "\xff", 1);
	config_free(config);
}

static void null_cipher_needs_no_key(void **state)
{
	struct config *config = load("sa { spi = 5 authentication = 0xff }");
	struct kmtia_sa sa = make_sa(5, 1);
	struct source_answer a;

	(void)state;
	sa.n_slots = 2;
	sa.slots[0] = (struct kmtia_slot){ .role = KMTIA_SLOT_ROLE_ENCRYPTION, .bits = 0 };
	sa.slots[1] = (struct kmtia_slot){ .role = KMTIA_SLOT_ROLE_AUTHENTICATION, .bits = 8 };
	take(config, &sa, &a);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.key_len[0], 0);
	assert_int_equal(a.key_len[1], 1);
	config_free(config);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct config *config = load("sa { spi = 5 aead = 0x010203 }");
	struct kmtia_sa sa = make_sa(5, 1);
	struct source_answer a;

	(void)state;
	take(config, &sa, &a);
	assert_int_equal(a.status, SOURCE_WRONG_LENGTH);
	assert_string_equal(a.text, "aead: the SA needs 16 bits, the configured key has 24");
	assert_int_equal(a.n_keys, 0);
	sa.slots[0].role = KMTIA_SLOT_ROLE_ENCRYPTION;
	take(config, &sa, &a);
	assert_int_equal(a.status, SOURCE_WRONG_SLOT);
	sa.slots[0].role = 7;
	take(config, &sa, &a);
	assert_int_equal(a.status, SOURCE_WRONG_SLOT);
	sa = make_sa(5, 1);
	sa.slots[0].bits = UINT32_MAX;
	take(config, &sa, &a);
	assert_int_equal(a.status, SOURCE_WRONG_SLOT);
	config_free(config);
}

static void check_missing(const char *source, bool chooses, bool wants, bool gen_key)
{
	struct config *config = load(source);
	struct kmtia_sa sa = make_sa(6, 1), known = make_sa(5, 1);
	const struct source_ops *ops = config->source->ops;
	struct source_answer a;

	assert_int_equal(ops->chooses(config->source), chooses);
	assert_int_equal(ops->wants(config->source, &sa), wants);
	assert_true(ops->wants(config->source, &known));
	take(config, &sa, &a);
	assert_int_equal(a.status, SOURCE_NO_KEY);
	assert_int_equal(a.gen_key, gen_key);
	assert_string_equal(a.text, "no key for this SA in the configuration");
	config_free(config);
}

static void missing_keys(void **state)
{
	(void)state;
	check_missing("sa { spi = 5 aead = 0x0505 }", false, true, false);
	check_missing("on-missing = cannot sa { spi = 5 aead = 0x0505 }", false, true, false);
	check_missing("on-missing = cannot-gen-key sa { spi = 5 aead = 0x0505 }", false, true,
		      true);
	check_missing("on-missing = decline sa { spi = 5 aead = 0x0505 }", true, false, false);
}

static void test_function(void **state)
{
	struct config *config = load("test-function = spi-sha256 on-missing = decline "
				     "sa { spi = 5 aead = 0x0505 }");
	struct kmtia_sa sa = make_sa(5, 1);
	struct source_answer a;

	(void)state;
	take(config, &sa, &a);
	assert_memory_equal(a.key[0], "\x05\x05", 2);
	sa = make_sa(0xc0000001, 9);
	sa.slots[0].bits = 160;
	assert_true(config->source->ops->wants(config->source, &sa));
	take(config, &sa, &a);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.key_len[0], 20);
	assert_memory_equal(a.key[0], "\x28\x8d\x5b\x7a\x3d\x56\x9a\xce", 8);
	assert_string_equal(a.key_id, "spi-sha256");
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_by_spi_and_destination),
		cmocka_unit_test(two_slots),
		cmocka_unit_test(null_cipher_needs_no_key),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(missing_keys),
		cmocka_unit_test(test_function),
	};

	return cmocka_run_group_tests_name("tools_static", tests, make_path, remove_path);
}
