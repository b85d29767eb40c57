// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a configuration file, and takes the comments out before libconfuse sees
 * it. libconfuse 3.3 counts lines wrongly after a comment, refuses comments
 * within lists, and takes the end of the file for the end of a section; and
 * what it is given in memory can be wiped when it is done.
 */
#include "config_text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE (16 << 20)
#define MAX_DEPTH 16

static bool read_all(int fd, struct config_text *t)
{
	size_t done = 0;
	ssize_t n;

	while (done < t->size) {
		n = read(fd, t->text + done, t->size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	/* An empty file cannot be opened in memory; an empty line can. */
	if (!done)
		t->text[done++] = '\n';
	t->size = done;
	return true;
}

/* Returns an errno; with EINVAL the reason is in @why. */
static int read_fd(struct config_text *t, int fd, const char **why)
{
	struct stat st;

	if (fstat(fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_SIZE) {
		*why = S_ISREG(st.st_mode) ? "too large" : "not a regular file";
		return EINVAL;
	}
	t->mode = st.st_mode;
	t->owner = st.st_uid;
	t->size = (size_t)st.st_size;
	t->text = malloc(t->size + 1);
	if (!t->text)
		return ENOMEM;
	return read_all(fd, t) ? 0 : errno;
}

/* Read the file at @path. Returns false with the reason in @error and errno. */
bool config_text_read(struct config_text *t, const char *path, char *error, size_t error_size)
{
	/* O_NONBLOCK: a FIFO shall be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = fd < 0 ? errno : 0;
	const char *why = NULL;

	memset(t, 0, sizeof(*t));
	if (!err) {
		err = read_fd(t, fd, &why);
		close(fd);
	}
	if (!err)
		return true;
	snprintf(error, error_size, "%s: %s", path, why ? why : strerror(err));
	config_text_free(t);
	errno = err;
	return false;
}

void config_text_free(struct config_text *t)
{
	if (t->text)
		OPENSSL_cleanse(t->text, t->size);
	free(t->text);
	t->text = NULL;
}

/* Where we are in the text. */
struct scan {
	char *p, *end;
	int line;
	int depth, open_line[MAX_DEPTH]; /* of braces that are not closed */
	int start_line;			 /* of the string or comment that is not ended */
	const char *unended;		 /* what such a one is called; NULL: none */
};

/* Skip a string; the parser will see to its contents. */
static void skip_string(struct scan *s)
{
	char quote = *s->p++;

	s->unended = "a string begins here that does not end";
	for (; s->p < s->end; s->p++) {
		if (*s->p == '\n')
			s->line++;
		if (*s->p == quote) {
			s->p++;
			s->unended = NULL;
			return;
		}
		if (*s->p == '\\' && s->p + 1 < s->end && *++s->p == '\n')
			s->line++;
	}
}

static void blank_line_comment(struct scan *s)
{
	while (s->p < s->end && *s->p != '\n')
		*s->p++ = ' ';
}

static void blank_block_comment(struct scan *s)
{
	bool ended = false;

	s->unended = "a comment begins here that does not end";
	/* The "/" of its beginning cannot be the one of its end. */
	*s->p++ = ' ';
	*s->p++ = ' ';
	for (; s->p < s->end && !ended; s->p++) {
		ended = s->p[0] == '*' && s->p + 1 < s->end && s->p[1] == '/';
		if (*s->p == '\n')
			s->line++;
		else
			*s->p = ' ';
	}
	if (ended) {
		*s->p++ = ' ';
		s->unended = NULL;
	}
}

/* Count a brace. Returns what is wrong with it, or NULL. */
static const char *take_brace(struct scan *s)
{
	if (*s->p == '{') {
		if (s->depth == MAX_DEPTH)
			return "too many braces within each other";
		s->open_line[s->depth++] = s->line;
	} else if (s->depth > 0) {
		/* One too many is for the parser to complain about. */
		s->depth--;
	}
	s->p++;
	return NULL;
}

static const char *scan_step(struct scan *s)
{
	bool slash = *s->p == '/' && s->p + 1 < s->end;

	s->start_line = s->line;
	if (*s->p == '"' || *s->p == '\'')
		skip_string(s);
	else if (*s->p == '#' || (slash && s->p[1] == '/'))
		blank_line_comment(s);
	else if (slash && s->p[1] == '*')
		blank_block_comment(s);
	else if (*s->p == '{' || *s->p == '}')
		return take_brace(s);
	else if (*s->p == '\0')
		return "a zero byte in the text";
	else if (*s->p++ == '\n')
		s->line++;
	return s->unended;
}

/*
 * Take out the comments, and see that strings and braces end. Returns false
 * with "FILE:LINE: reason" in @error.
 */
bool config_text_strip(struct config_text *t, const char *path, char *error,
		       size_t error_size)
{
	struct scan s = { .p = t->text, .end = t->text + t->size, .line = 1 };
	const char *wrong = NULL;

	while (s.p < s.end && !wrong)
		wrong = scan_step(&s);
	if (!wrong && s.depth) {
		wrong = "the brace that is opened here is not closed";
		s.start_line = s.open_line[s.depth - 1];
	}
	if (!wrong)
		return true;
	snprintf(error, error_size, "%s:%d: %s", path, s.start_line, wrong);
	return false;
}
