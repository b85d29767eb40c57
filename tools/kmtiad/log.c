// SPDX-License-Identifier: GPL-2.0-only
/* The log: lines on stderr, which the service manager takes up. */
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

void log_msg(int priority, const char *format, ...)
{
	char line[1024], *p;
	va_list ap;

	if (priority == LOG_DEBUG && !log_verbose)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);

	/* Names and reasons are others' words: they shall not forge lines. */
	for (p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (log_to_journal)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "kmtiad: %s\n", line);
}
