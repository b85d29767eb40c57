// SPDX-License-Identifier: GPL-2.0-only
/* Running a command: which object, which command of it, and what goes wrong. */
#include "kmtia_cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

const struct cmd_word cmd_objects[] = {
	{ "manager", cmd_manager },
	{ "rule", cmd_rule },
	{ "sa", cmd_sa },
	{ "stats", cmd_stats },
	{ "monitor", cmd_monitor },
	{ "secret", cmd_secret },
	{ "status", cmd_status },
	{ NULL, NULL },
};

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "-h") || !strcmp(word, "--help");
}

/* Run "OBJECT [COMMAND ...]". */
int cmd_run(struct cmd *c, int argc, char **argv)
{
	const struct cmd_word *object = args_match(c, "object", cmd_objects, argv[0]);

	if (!object)
		return CMD_USAGE;
	return object->run(c, argc - 1, argv + 1);
}

/* Run "[COMMAND ...]" of an object; the first of @words is the default. */
int cmd_run_object(struct cmd *c, const struct cmd_word *words, const char *help,
		   int argc, char **argv)
{
	const struct cmd_word *word;

	if (argc == 0)
		return words->run(c, 0, argv);
	if (is_help(argv[0])) {
		fputs(help, c->out);
		return print_check(c);
	}
	word = args_match(c, "command", words, argv[0]);
	if (!word)
		return CMD_USAGE;
	return word->run(c, argc - 1, argv + 1);
}

static void vreport(struct cmd *c, const char *format, va_list ap)
{
	char text[2048];

	vsnprintf(text, sizeof(text), format, ap);
	/* What was written first shall be read first, on a terminal too. */
	fflush(c->out);
	fputs("kmtia: ", c->err);
	/* It may hold words of the kernel's, or of whoever answers as kmtiad. */
	print_word(c->err, text);
	fputc('\n', c->err);
}

void cmd_error(struct cmd *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vreport(c, format, ap);
	va_end(ap);
}

/* Report a mistake of the caller's; returns the exit code for it. */
int cmd_usage(struct cmd *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vreport(c, format, ap);
	va_end(ap);
	return CMD_USAGE;
}

/*
 * Report that the library or the kernel refused @what; returns the exit code.
 * Output that was begun ends here, so that it is valid JSON even then.
 */
int cmd_failed(struct cmd *c, const char *what, int err)
{
	if (c->in_array)
		print_end(c);
	cmd_error(c, "cannot %s: %s", what, kmtia_strerror(c->h, err));
	return CMD_FAILED;
}

/* Open the library in the namespace that was chosen; returns an exit code. */
int cmd_open(struct cmd *c)
{
	int err;

	if (c->h)
		return CMD_OK;
	err = kmtia_open(&c->h);
	if (!err)
		return CMD_OK;

	c->h = NULL;
	if (err == -ENOENT)
		cmd_error(c, "the kernel module kmtia is not loaded (load it with "
			     "\"modprobe kmtia\")");
	else
		cmd_error(c, "cannot reach the kernel: %s", kmtia_strerror(NULL, err));
	return CMD_FAILED;
}

int cmd_no_more(struct cmd *c, int argc, char **argv)
{
	if (argc == 0)
		return CMD_OK;
	return cmd_usage(c, "unexpected word \"%s\"", argv[0]);
}
