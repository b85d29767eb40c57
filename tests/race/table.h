/* SPDX-License-Identifier: GPL-2.0-only */
/* What may come of each pair: the file "outcomes" */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>

enum act {
	REGISTER,
	RULE,
	ANSWER,
	DEADLINE,
	DELETE,
	FLUSH,
	CLOSE,
	NETNS,
	UNLOAD,
	N_ACTS
};

extern const char *const act_names[N_ACTS];

#define MAX_OUTCOMES 8
#define MAX_OUTCOME_LEN 80
#define MAX_SKEWS 16

/**
 * struct skew - when who begins, in nanoseconds
 * @second: how much later than the first the second does
 * @creator: how much later than the middle of both who creates an SA meanwhile does
 */
struct skew {
	long second, creator;
};

/**
 * struct outcome - what may come of a pair
 * @text: how classify() calls it
 * @count: how often it was seen
 * @skews: when who began in the last of these rounds; a ring
 */
struct outcome {
	char text[MAX_OUTCOME_LEN];
	unsigned int count;
	struct skew skews[MAX_SKEWS];
};

/**
 * struct entry - a pair in the table
 * @n: how many outcomes there are
 * @outcomes: they
 * @elsewhere: a reason why it is not here ("none"), or who tests it ("kunit")
 */
struct entry {
	unsigned int n;
	struct outcome outcomes[MAX_OUTCOMES];
	bool elsewhere;
};

void table_read(const char *path);
struct entry *table_entry(enum act a, enum act b);
struct outcome *table_outcome(struct entry *entry, const char *text);
unsigned int table_missing(void);

#endif /* TABLE_H */
