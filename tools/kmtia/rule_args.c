// SPDX-License-Identifier: GPL-2.0-only
/* The grammar of "kmtia rule add": words with a value each, in any order. */
#include "kmtia_cmd.h"
#include "parse.h"
#include "rule_words.h"

#include <string.h>

struct rule_parser {
	struct cmd *c;
	struct rule_words words;
	bool has_priority;
	uint32_t seen; /* a bit for each of rule_word_list */
};

static const char *take_priority(struct rule_parser *p, const char *value)
{
	p->has_priority = true;
	return parse_u32(value, &p->words.rule->priority) ? NULL : "is not a number";
}

static bool is_given_twice(struct rule_parser *p, const struct rule_word *word)
{
	uint32_t bit = word ? 1U << (word - rule_word_list) : 0;
	bool twice = word ? p->seen & bit : p->has_priority;

	p->seen |= bit;
	return twice;
}

static int take_word(struct rule_parser *p, const char *name, const char *value)
{
	const struct rule_word *word = rule_words_find(name);
	const char *wrong;

	if (!word && strcmp(name, "priority"))
		return cmd_usage(p->c, "unknown word \"%s\"; see \"kmtia rule help\"", name);
	if (is_given_twice(p, word))
		return cmd_usage(p->c, "\"%s\" is given twice", name);
	if (!value)
		return cmd_usage(p->c, "\"%s\" needs a value", name);
	wrong = word ? word->take(&p->words, value) : take_priority(p, value);
	if (wrong)
		return cmd_usage(p->c, "%s: %s %s", name, value, wrong);
	return CMD_OK;
}

/* Parse what follows "rule add"; returns an exit code. */
int rule_args(struct cmd *c, int argc, char **argv, struct kmtia_rule *rule)
{
	struct rule_parser p = { .c = c };
	const char *wrong;
	int i, code;

	rule_words_begin(&p.words, rule);
	for (i = 0; i < argc; i += 2) {
		code = take_word(&p, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
		if (code)
			return code;
	}
	if (!p.has_priority)
		return cmd_usage(c, "a rule needs a priority");
	wrong = rule_words_end(&p.words);
	return wrong ? cmd_usage(c, "%s", wrong) : CMD_OK;
}
