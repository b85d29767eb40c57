/* SPDX-License-Identifier: GPL-2.0-only */
/* What kmtiad says, on stderr. Never a key byte. */
#ifndef KMTIAD_LOG_H
#define KMTIAD_LOG_H

#include <stdbool.h>
#include <syslog.h>

void log_open(bool verbose);
void log_clean(char *text);
void log_msg(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...) log_msg(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_DEBUG, __VA_ARGS__)

#endif /* KMTIAD_LOG_H */
