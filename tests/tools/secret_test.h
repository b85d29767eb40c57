/* SPDX-License-Identifier: GPL-2.0-only */
/* Configurations with secrets in files, for the tests of source "secret". */
#ifndef SECRET_TEST_H
#define SECRET_TEST_H

#include "tools_test.h"
#include "kmtiad/config.h"

#define MANAGER "manager { uuid = \"" UUID_TEXT "\" flags = dictate }\n"

static char *dir, conf[128];

static inline int make_path(void **state)
{
	(void)state;
	dir = make_dir();
	snprintf(conf, sizeof(conf), "%s/kmtiad.conf", dir);
	return 0;
}

static inline int remove_path(void **state)
{
	(void)state;
	remove_dir(dir);
	return 0;
}

/* A file with @len bytes of @byte; returns its path, which the next call reuses. */
static inline const char *write_secret(const char *name, int byte, size_t len, mode_t mode)
{
	static char file[192];
	char bytes[2048];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	memset(bytes, byte, sizeof(bytes));
	unlink(file);
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return file;
}

/* Write @text, in which each "@" stands for the directory, as the configuration. */
static inline void write_config(const char *text)
{
	char expanded[4096];
	size_t n = 0;

	for (; *text; text++)
		if (*text == '@')
			n += (size_t)snprintf(expanded + n, sizeof(expanded) - n, "%s", dir);
		else
			expanded[n++] = *text;
	expanded[n] = '\0';
	write_file(conf, expanded, 0644);
}

static inline struct config *load_text(const char *text, char error[CONFIG_ERROR_SIZE])
{
	write_config(text);
	return config_load(conf, error);
}

static inline struct config *load_good(const char *text)
{
	char error[CONFIG_ERROR_SIZE];
	struct config *config = load_text(text, error);

	assert_string_equal(error, "");
	assert_non_null(config);
	return config;
}

#define ONE "secret { key-id = one file = @/one.key }\n"
#define TWO "secret { key-id = two file = @/two.key }\n"

static inline const char *used_secret(const struct config *config)
{
	struct source_secrets list;

	config->source->ops->list(config->source, &list);
	return list.key_id[list.used];
}

#endif /* SECRET_TEST_H */
