/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration file's text, made ready for the parser. */
#ifndef KMTIAD_CONFIG_TEXT_H
#define KMTIAD_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct config_text {
	char *text; /* without comments, lines as in the file */
	size_t size;
	mode_t mode;
	uid_t owner;
};

bool config_text_read(struct config_text *t, const char *path, char *error, size_t error_size);
bool config_text_strip(struct config_text *t, const char *path, char *error,
		       size_t error_size);
void config_text_free(struct config_text *t);

#endif /* KMTIAD_CONFIG_TEXT_H */
