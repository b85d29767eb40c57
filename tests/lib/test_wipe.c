// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keys in answers: what stays of them in memory. (Fetched ones: test_notify.c) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_manager.h"

static const uint8_t key_a[] = "secret-key-A-16b", key_b[] = "secret-key-B-that-has-32-bytes!!";

#define KEY_A_LEN 16
#define KEY_B_LEN 32

static const uint8_t *const keys[] = { key_a, key_b };
static const size_t key_lens[] = { KEY_A_LEN, KEY_B_LEN };

static struct kmtia *asked(struct fake_manager *m)
{
	struct kmtia *h = fake_register(m);

	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 42, &fake_sa_out, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_non_null(m->req);
	return h;
}

static int verdict;
static struct fake_extack extack;

static void judge(const struct fake_request *r)
{
	fake_ack(r, verdict, &extack);
}

static void keys_are_wiped_whatever_the_verdict(void **state)
{
	static const int verdicts[] = { 0, -ENOENT, -EINVAL, -EKEYREJECTED };
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		struct kmtia *h = asked(&m);

		verdict = verdicts[i];
		/* Even where the kernel sends the request back whole. */
		extack = (struct fake_extack){ .text = "no", .uncapped = true };
		fake.on[KMTIA_CMD_DICTATE_REPLY] = judge;
		fake_secret(key_b, KEY_B_LEN);
		assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), verdict);
		assert_int_equal(fake_secret_passed(), 2);
		assert_int_equal(fake_secret_leaked(), 0);
		assert_false(fake_secret_in_buffer());
		kmtia_close(h);
		assert_int_equal(fake_secret_leaked(), 0);
		fake_reset();
	}
}

static void keys_are_wiped_if_they_cannot_be_sent(void **state)
{
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	fake.send_errno = ENOBUFS;
	fake_secret(key_a, KEY_A_LEN);
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), -ENOBUFS);
	assert_int_equal(fake_secret_passed(), 1);
	assert_int_equal(fake_secret_leaked(), 0);
	fake_close(h);
}

static void the_search_for_keys_finds_them(void **state)
{
	char *copy = malloc(64);

	(void)state;
	fake_reset();
	fake_secret(key_a, KEY_A_LEN);
	memset(copy, 0, 64);
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): no text */
	memcpy(copy + 17, key_a, KEY_A_LEN);
	assert_int_equal(copy[64 - 1], 0);
	assert_memory_equal(copy + 17, key_a, KEY_A_LEN);
	free(copy);
	assert_int_equal(fake_secret_leaked(), 1);
	fake_reset();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_wiped_whatever_the_verdict),
		cmocka_unit_test(keys_are_wiped_if_they_cannot_be_sent),
		cmocka_unit_test(the_search_for_keys_finds_them),
	};

	return cmocka_run_group_tests_name("wipe", tests, NULL, NULL);
}
