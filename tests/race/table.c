// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of outcomes: a line "A B: OUTCOME" each, or "A B: none: REASON", or
 * "A B: kunit: SUITE".
 */
#include "table.h"
#include "nl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const act_names[N_ACTS] = {
	[REGISTER] = "register",
	[RULE] = "rule",
	[ANSWER] = "answer",
	[DEADLINE] = "deadline",
	[DELETE] = "delete",
	[FLUSH] = "flush",
	[CLOSE] = "close",
	[NETNS] = "netns",
	[UNLOAD] = "unload",
};

static struct entry entries[N_ACTS][N_ACTS];

/* Each pair once, in the order of the names */
struct entry *table_entry(enum act a, enum act b)
{
	return a < b ? &entries[a][b] : &entries[b][a];
}

struct outcome *table_outcome(struct entry *entry, const char *text)
{
	unsigned int i;

	for (i = 0; i < entry->n; i++)
		if (!strcmp(entry->outcomes[i].text, text))
			return &entry->outcomes[i];
	return NULL;
}

static enum act act_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < N_ACTS; i++)
		if (!strcmp(act_names[i], name))
			break;
	return i;
}

static void line_read(const char *line, const char *path, unsigned int number)
{
	char a[16], b[16], text[256];
	struct entry *entry;

	if (sscanf(line, "%15s %15[^:]: %255[^\n]", a, b, text) != 3 ||
	    act_of(a) == N_ACTS || act_of(b) == N_ACTS)
		die("%s:%u: no pair and outcome", path, number);
	entry = table_entry(act_of(a), act_of(b));
	if (entry->elsewhere || table_outcome(entry, text))
		die("%s:%u: said twice", path, number);
	if (!strncmp(text, "none: ", 6) || !strncmp(text, "kunit: ", 7)) {
		if (entry->n)
			die("%s:%u: the pair has outcomes", path, number);
		entry->elsewhere = true;
		return;
	}
	if (entry->n == MAX_OUTCOMES || strlen(text) >= MAX_OUTCOME_LEN)
		die("%s:%u: too many outcomes, or too long", path, number);
	strcpy(entry->outcomes[entry->n++].text, text);
}

void table_read(const char *path)
{
	FILE *in = fopen(path, "r");
	unsigned int number = 0;
	char line[320];

	if (!in)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		number++;
		if (line[0] != '#' && line[0] != '\n')
			line_read(line, path, number);
	}
	fclose(in);
}

/* How many pairs the table says nothing about */
unsigned int table_missing(void)
{
	unsigned int a, b, missing = 0;

	for (a = 0; a < N_ACTS; a++) {
		for (b = a; b < N_ACTS; b++) {
			if (entries[a][b].n || entries[a][b].elsewhere)
				continue;
			printf("# %s %s: nothing is said\n", act_names[a], act_names[b]);
			missing++;
		}
	}
	return missing;
}
