// SPDX-License-Identifier: GPL-2.0-only
/* Words of the command line. */
#include "kmtia_cmd.h"

#include <string.h>

static void report_ambiguous(struct cmd *c, const struct cmd_word *words, const char *word)
{
	const char *separator = "";
	size_t len = strlen(word);

	fprintf(c->err, "kmtia: \"%s\" is ambiguous: ", word);
	for (; words->name; words++) {
		if (strncmp(words->name, word, len))
			continue;
		fprintf(c->err, "%s%s", separator, words->name);
		separator = ", ";
	}
	fputc('\n', c->err);
}

/*
 * Which of @words is meant by @word, a name or the beginning of one? Names that
 * do the same are one candidate. Returns NULL, having said why, if it is none,
 * or more than one.
 */
const struct cmd_word *args_match(struct cmd *c, const char *what,
				  const struct cmd_word *words, const char *word)
{
	const struct cmd_word *w, *found = NULL;
	bool ambiguous = false;
	size_t len = strlen(word);

	for (w = words; w->name; w++) {
		if (!strcmp(w->name, word))
			return w;
		if (!len || strncmp(w->name, word, len))
			continue;
		if (found && found->run != w->run)
			ambiguous = true;
		found = w;
	}
	if (ambiguous) {
		report_ambiguous(c, words, word);
		return NULL;
	}
	if (!found)
		cmd_error(c, "unknown %s \"%s\"; \"help\" lists them", what, word);
	return found;
}
