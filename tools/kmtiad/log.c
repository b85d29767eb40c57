// SPDX-License-Identifier: GPL-2.0-only
/* The log: lines on stderr, which the service manager takes up. */
#include "control_char.h"
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool log_verbose;
static bool log_to_journal;

/* Before it is called, all but debug messages are written, without priorities. */
void log_open(bool verbose)
{
	log_verbose = verbose;
	/* Whoever set one of these understands "<N>", see sd-daemon(3). */
	log_to_journal = getenv("JOURNAL_STREAM") || getenv("NOTIFY_SOCKET");
}

/* Names and reasons are others' words: they shall not forge lines, nor steer terminals. */
void log_clean(char *text)
{
	size_t len;

	while (*text) {
		len = control_char(text);
		if (!len)
			text++;
		for (; len; len--)
			*text++ = '?';
	}
}

void log_msg(int priority, const char *format, ...)
{
	char line[1024];
	va_list ap;

	if (priority == LOG_DEBUG && !log_verbose)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);

	log_clean(line);
	if (log_to_journal)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "kmtiad: %s\n", line);
}
