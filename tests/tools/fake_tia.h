/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon but for its loop, with secrets in files and a library that is none. */
#ifndef FAKE_TIA_H
#define FAKE_TIA_H

#include "fake_lib.h"

#include "kmtiad/answer.c"
#include "kmtiad/control_request.c"
#include "kmtiad/feed.c"
#include "kmtiad/rules.c"
#include "kmtiad/tia.c"

#define STANDING "source secret { standing = yes use = one " ONE TWO "}\n"
#define STANDING_TWO "source secret { standing = yes use = two " ONE TWO "}\n"
#define ASKED "source secret { use = one " ONE TWO "}\n"
#define WATCHER "manager { uuid = \"" UUID_TEXT "\" flags = notify }\n"
#define STATIC "source static { test-function = spi-sha256 }\n"

static inline int make_secrets(void **state)
{
	make_path(state);
	write_secret("one.key", 1, 32, 0600);
	write_secret("two.key", 2, 64, 0600);
	return 0;
}

static inline int reset(void **state)
{
	(void)state;
	fake_reset();
	/* A test may have written other bytes. */
	write_secret("one.key", 1, 32, 0600);
	return 0;
}

static inline struct tia *start(const char *text)
{
	struct tia *t = tia_start(load_good(text));

	assert_non_null(t);
	assert_int_equal(fake.n_register, 1);
	return t;
}

static inline void expect_standing(const char *key_id, int byte, size_t len)
{
	assert_true(fake.stands);
	assert_int_equal(fake.secret.number, 0);
	assert_string_equal(fake.key_id, key_id);
	assert_int_equal(fake.secret.secret_len, len);
	assert_int_equal(fake.bytes[0], byte);
	assert_int_equal(fake.bytes[len - 1], byte);
}

/* Have it asked for the keys of an SA. */
static inline void ask(struct tia *t)
{
	const struct kmtia_sa sa = { .n_slots = 1, .slots = { { .bits = 160 } } };
	const struct kmtia_pair pair = { .keyed = &sa };
	uint32_t weight = 1;
	bool will = false;

	fake.callbacks.key_dictation_check(t->h, &pair, &will, &weight, fake.user);
	assert_true(will);
	assert_int_equal(weight, 1);
	fake.callbacks.key_dictation(t->h, NULL, &pair, fake.user);
}

/* From here on what is logged goes to a file. */
static inline int log_begin(void)
{
	char file[192];
	int before = dup(STDERR_FILENO), fd;

	snprintf(file, sizeof(file), "%s/log", dir);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	assert_true(before >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	return before;
}

/* The end of that: did it say so? */
static inline bool log_end(int before, const char *words)
{
	char file[192], *text;
	bool found;

	dup2(before, STDERR_FILENO);
	close(before);
	snprintf(file, sizeof(file), "%s/log", dir);
	text = read_file(file);
	found = strstr(text, words);
	free(text);
	return found;
}

#endif /* FAKE_TIA_H */
