/* SPDX-License-Identifier: GPL-2.0-only */
/* A statement of the manager policy in words: those of the command, and of a rules file. */
#ifndef KMTIA_TOOLS_POLICY_WORDS_H
#define KMTIA_TOOLS_POLICY_WORDS_H

#include <stdbool.h>

#include "libkmtia.h"

/* A word that says who may. */
struct policy_word {
	const char *name;
	/* Returns NULL, or what is wrong with the value. */
	const char *(*take)(struct kmtia_policy *policy, const char *value);
};

/* The last entry has no name. */
extern const struct policy_word policy_word_list[];

const struct policy_word *policy_words_find(const char *name);
const char *policy_words_uuid(struct kmtia_policy *policy, const char *value);
const char *policy_words_check(const struct kmtia_policy *policy);

#endif /* KMTIA_TOOLS_POLICY_WORDS_H */
