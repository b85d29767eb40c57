// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which acts meet in which scene, and what came of it.
 */
#include "scene.h"

#include <stdio.h>
#include <string.h>

#define REJECT KMTIA_FAILURE_ACTION_REJECT
#define KEEP KMTIA_FAILURE_ACTION_KEEP

#define PAIR(first, second, scene, action, ...) \
	{ \
		.a = (first), .b = (second), .kind = (scene), \
		.on_failure = (action), ##__VA_ARGS__ \
	}

/* A key that is kept lets the SA go in without an answer, so that it can be deleted, and
 * the rule lets the module go.
 */
const struct pair pairs[] = {
	PAIR(REGISTER, REGISTER, IDLE, REJECT),
	PAIR(REGISTER, RULE, OPEN, REJECT),
	PAIR(REGISTER, ANSWER, OPEN, REJECT),
	PAIR(REGISTER, DEADLINE, OPEN, REJECT),
	PAIR(REGISTER, DELETE, OPEN, KEEP),
	PAIR(REGISTER, FLUSH, OPEN, KEEP, .bystander = true),
	PAIR(REGISTER, CLOSE, OPEN, REJECT, .grace = true),
	PAIR(REGISTER, UNLOAD, OPEN, KEEP),
	PAIR(RULE, RULE, IDLE, REJECT, .creator = true),
	PAIR(RULE, ANSWER, OPEN, REJECT),
	PAIR(RULE, DEADLINE, OPEN, REJECT),
	PAIR(RULE, DELETE, LIVE, REJECT),
	PAIR(RULE, FLUSH, LIVE, REJECT),
	PAIR(RULE, CLOSE, OPEN, REJECT),
	PAIR(RULE, UNLOAD, IDLE, KEEP),
	PAIR(ANSWER, ANSWER, OPEN, REJECT),
	PAIR(ANSWER, DEADLINE, OPEN, REJECT),
	PAIR(ANSWER, DELETE, OPEN, REJECT),
	PAIR(ANSWER, FLUSH, OPEN, REJECT, .bystander = true),
	PAIR(ANSWER, CLOSE, OPEN, REJECT),
	PAIR(ANSWER, UNLOAD, OPEN, KEEP),
	PAIR(DEADLINE, DELETE, OPEN, KEEP),
	PAIR(DEADLINE, FLUSH, OPEN, KEEP, .bystander = true),
	PAIR(DEADLINE, CLOSE, OPEN, REJECT),
	PAIR(DEADLINE, UNLOAD, OPEN, KEEP),
	PAIR(DELETE, DELETE, LIVE, REJECT),
	PAIR(DELETE, FLUSH, LIVE, REJECT),
	PAIR(DELETE, CLOSE, OPEN, KEEP),
	PAIR(DELETE, UNLOAD, LIVE, KEEP, .creator = true),
	PAIR(FLUSH, FLUSH, LIVE, REJECT),
	PAIR(FLUSH, CLOSE, OPEN, KEEP, .bystander = true),
	PAIR(FLUSH, UNLOAD, LIVE, KEEP),
	PAIR(CLOSE, CLOSE, OPEN, REJECT, .both = true),
	PAIR(CLOSE, NETNS, SPACE, KEEP),
	PAIR(CLOSE, UNLOAD, OPEN, KEEP),
	PAIR(NETNS, UNLOAD, SPACE, KEEP),
};

const unsigned int n_pairs = sizeof(pairs) / sizeof(pairs[0]);

static void say(char text[MAX_OUTCOME_LEN], const char *what, const char *result)
{
	size_t len = strlen(text);

	snprintf(text + len, MAX_OUTCOME_LEN - len, "%s%s%s%s", len ? " " : "", what,
		 result ? "=" : "", result ? result : "");
}

/* What must never be: such an outcome is not in the table. */
static void classify_faults(const struct scene *s, bool may_go, char text[MAX_OUTCOME_LEN])
{
	bool made = s->creating && !s->racers[CREATOR].err && !s->pair->creator;

	if (s->wrong_key)
		say(text, "wrong-key", NULL);
	if (s->pending)
		say(text, "pending", NULL);
	if (s->lives && !made)
		say(text, "lives", NULL);
	if (!s->lives && made && !may_go)
		say(text, "lost", NULL);
}

/* The words of the table */
void classify(const struct scene *s, char text[MAX_OUTCOME_LEN])
{
	const struct racer *a = &s->racers[SIDE_A], *b = &s->racers[SIDE_B];
	const struct pair *pair = s->pair;
	bool may_go = pair_has(pair, DELETE) || pair_has(pair, FLUSH);
	unsigned int i;

	text[0] = '\0';
	if (s->creating)
		say(text, "sa", s->racers[CREATOR].name);
	for (i = 0; i < 2; i++)
		if (s->racers[i].name)
			say(text, act_names[s->racers[i].act], s->racers[i].name);
	if (pair->kind == OPEN && may_go && !s->racers[CREATOR].err)
		say(text, s->lives ? "stays" : "goes", NULL);
	if (pair->kind == SPACE && pair->a == CLOSE && a->began < b->began)
		say(text, "netns-last", NULL);
	else if (pair->kind == SPACE && pair->a == CLOSE)
		say(text, "close-last", NULL);
	classify_faults(s, may_go, text);
}
