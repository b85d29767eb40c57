/* SPDX-License-Identifier: GPL-2.0-only */
/* A rule in words with a value each: those of "kmtia rule add", and of a rules file. */
#ifndef KMTIA_TOOLS_RULE_WORDS_H
#define KMTIA_TOOLS_RULE_WORDS_H

#include <stdint.h>

#include "libkmtia.h"

/* A rule that is being put together. */
struct rule_words {
	struct kmtia_rule *rule;
	uint16_t local_family, remote_family;
};

struct rule_word {
	const char *name;
	const char *option; /* its name in a rules file, which the command takes, too */
	/* Returns NULL, or what is wrong with the value. */
	const char *(*take)(struct rule_words *w, const char *value);
};

/* All but "priority"; the last entry has no name. */
extern const struct rule_word rule_word_list[];

void rule_words_begin(struct rule_words *w, struct kmtia_rule *rule);
const struct rule_word *rule_words_find(const char *name);
const char *rule_words_end(struct rule_words *w);
const char *rule_words_check(const struct kmtia_rule *rule, const char **option);

#endif /* KMTIA_TOOLS_RULE_WORDS_H */
