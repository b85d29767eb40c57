/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules and the manager policy: of the file that "rules" names, and in the kernel. */
#ifndef KMTIAD_RULES_H
#define KMTIAD_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libkmtia.h"

/* All zero: none. */
struct rules {
	struct kmtia_rule *rules; /* by priority, each once */
	size_t n_rules, max_rules;
	struct kmtia_policy *policies; /* each whom and who once */
	size_t n_policies, max_policies;
};

/* rules_file.c */
struct rules *rules_load(const char *path, char *error);

/* rules_list.c */
struct kmtia_rule *rules_find(const struct rules *rules, uint32_t priority);
struct kmtia_policy *rules_find_policy(const struct rules *rules,
				       const struct kmtia_policy *policy);
bool rules_put(struct rules *rules, const struct kmtia_rule *rule);
bool rules_put_policy(struct rules *rules, const struct kmtia_policy *policy);
bool rules_same(const struct kmtia_rule *a, const struct kmtia_rule *b);
void rules_clear(struct rules *rules);
void rules_free(struct rules *rules);

/* rules.c: what of it is in the kernel */
struct config;

struct rules_keeper {
	struct rules ours; /* what we have put there */
	bool due;	   /* the kernel shall have it, and may not */
	int err;	   /* why that failed, as was logged */
};

bool rules_keep(struct rules_keeper *k, struct kmtia *h, const struct config *config);

#endif /* KMTIAD_RULES_H */
