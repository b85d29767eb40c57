/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests of the tools share. */
#ifndef TOOLS_TEST_H
#define TOOLS_TEST_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kmtia/kmtia_cmd.h"

#define UUID_TEXT "12345678-9abc-def0-1234-56789abcdef0"

/* A run of kmtia(8) whose output is kept. */
struct run {
	struct cmd c;
	char *out, *err;
	size_t out_size, err_size;
};

static inline void run_begin(struct run *r)
{
	memset(r, 0, sizeof(*r));
	r->c.out = open_memstream(&r->out, &r->out_size);
	r->c.err = open_memstream(&r->err, &r->err_size);
	assert_non_null(r->c.out);
	assert_non_null(r->c.err);
}

/* From here on r->out and r->err are complete. */
static inline void run_end(struct run *r)
{
	fclose(r->c.out);
	fclose(r->c.err);
}

static inline void run_free(struct run *r)
{
	free(r->out);
	free(r->err);
}

#define MAX_WORDS 40

/* Split @line at spaces, in place. */
static inline int split_words(char *line, char *words[MAX_WORDS])
{
	char *word;
	int n = 0;

	for (word = strtok(line, " "); word && n < MAX_WORDS; word = strtok(NULL, " "))
		words[n++] = word;
	return n;
}

/* Run "kmtia LINE" as far as it gets without the kernel; returns its exit code. */
static inline int run_line(struct run *r, const char *line)
{
	char copy[512], *words[MAX_WORDS];
	int n, code;

	snprintf(copy, sizeof(copy), "%s", line);
	n = split_words(copy, words);
	run_begin(r);
	code = cmd_run(&r->c, n, words);
	run_end(r);
	return code;
}

/* A directory for a test's files. */
static inline char *make_dir(void)
{
	char *dir = strdup("/tmp/kmtia-test-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static inline char *read_file(const char *path)
{
	char *text = calloc(1, 65536);
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, text, 65535) >= 0);
	close(fd);
	return text;
}

static inline void remove_dir(char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	free(dir);
}

#endif /* TOOLS_TEST_H */
