// SPDX-License-Identifier: GPL-2.0-only
/* Output that all objects share: JSON lists, and strings that are safe to show. */
#include "control_char.h"
#include "kmtia_cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * A list is printed element by element, since there can be very many SAs. In
 * text nothing surrounds the elements. All JSON is printed as ASCII: by itself it
 * escapes the C0 controls only, and others' words reach terminals here, too.
 */
void print_begin(struct cmd *c)
{
	c->n_printed = 0;
	if (!c->json)
		return;
	c->in_array = true;
	fputc('[', c->out);
}

void print_end(struct cmd *c)
{
	if (!c->in_array)
		return;
	c->in_array = false;
	fputs(c->pretty && c->n_printed ? "\n]\n" : "]\n", c->out);
}

/* Print @text, indented one step after each line's end. */
static void put_indented(FILE *out, const char *text)
{
	fputs("\n    ", out);
	for (; *text; text++) {
		fputc(*text, out);
		if (*text == '\n')
			fputs("    ", out);
	}
}

/* Print @element, and drop the reference to it. */
void print_element(struct cmd *c, json_t *element)
{
	size_t flags = c->pretty ? JSON_INDENT(4) : JSON_COMPACT;
	char *text = json_dumps(element, flags | JSON_ENSURE_ASCII);

	json_decref(element);
	if (!text) {
		cmd_error(c, "out of memory");
		exit(CMD_FAILED);
	}
	if (c->n_printed++)
		fputc(',', c->out);
	if (c->pretty)
		put_indented(c->out, text);
	else
		fputs(text, c->out);
	free(text);
}

/* Print @json, which is no element of a list, as a line, and drop it. */
void print_json(struct cmd *c, json_t *json, size_t flags)
{
	if (!json || json_dumpf(json, c->out, flags | JSON_ENSURE_ASCII)) {
		cmd_error(c, "out of memory");
		exit(CMD_FAILED);
	}
	fputc('\n', c->out);
	json_decref(json);
}

/*
 * Strings come from other programs: what would speak to a terminal is shown as
 * an escape sequence of C. UTF-8 passes, but for its control characters.
 */
static void put_safely(FILE *out, const char *text, const char *special)
{
	size_t len;

	while (*text) {
		len = control_char(text);
		if (!len && strchr(special, *text))
			fputc('\\', out);
		if (!len)
			fputc(*text++, out);
		for (; len; len--)
			fprintf(out, "\\x%02x", (unsigned char)*text++);
	}
}

void print_word(FILE *out, const char *text)
{
	put_safely(out, text, "");
}

void print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	put_safely(out, text, "\"\\");
	fputc('"', out);
}

/* "fail-busy" to "fail_busy", as JSON wants it. */
char *print_snake(const char *name, char *buf, size_t size)
{
	char *p;

	snprintf(buf, size, "%s", name);
	for (p = buf; *p; p++)
		if (*p == '-')
			*p = '_';
	return buf;
}

/* Did all that was printed get out? Returns an exit code. */
int print_check(struct cmd *c)
{
	errno = 0;
	if (!fflush(c->out) && !ferror(c->out))
		return CMD_OK;
	cmd_error(c, "cannot write: %s", strerror(errno ? errno : EIO));
	return CMD_FAILED;
}
