// SPDX-License-Identifier: GPL-2.0-only
/* kmtia status: gathers what tells whether all is well. */
#include "kmtia_cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: kmtia status\n"
	"One screen: whether all is well, key managers, rules, SAs, failures, SAs of which the\n"
	"other end has another key, and those counters of XFRM that betray ends which do not\n"
	"fit each other. Lines that want attention begin with \"!\".\n";

/*
 * So many packets must have failed before an SA is suspected: one may have been
 * damaged, or sent by somebody who has no key at all. The kernel's own look for
 * mismatches has the same number.
 */
#define MISMATCH_PACKETS 3

static int add_manager(const struct kmtia_manager_info *m, void *user)
{
	struct status *s = user;
	struct kmtia_manager_info *more;

	more = reallocarray(s->managers, s->n_managers + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->managers = more;
	s->managers[s->n_managers++] = *m;
	return 0;
}

static int add_stat(const struct kmtia_stat *stat, void *user)
{
	struct status *s = user;
	struct status_stat *copy = &s->stats[s->n_stats];

	if (s->n_stats == STATUS_STATS)
		return 0;
	snprintf(copy->name, sizeof(copy->name), "%s", stat->name);
	copy->value = stat->value;
	s->n_stats++;
	return 0;
}

/*
 * IKE sees nothing wrong when the two ends got different keys; what shows it
 * is an SA whose packets all fail.
 */
bool status_is_mismatch(const struct kmtia_sa *sa)
{
	return sa->integrity_failed >= MISMATCH_PACKETS && !sa->packets;
}

static int add_mismatch(const struct kmtia_sa *sa, const struct kmtia_sa *mate, void *user)
{
	struct status *s = user;
	struct kmtia_sa *more;

	(void)mate;
	if (!status_is_mismatch(sa))
		return 0;
	more = reallocarray(s->mismatches, s->n_mismatches + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->mismatches = more;
	s->mismatches[s->n_mismatches++] = *sa;
	return 0;
}

static void gather_xfrm(struct status *s)
{
	FILE *in = fopen(xfrm_stat_path, "re");

	xfrm_stat_init(s->xfrm);
	/* A kernel without CONFIG_XFRM_STATISTICS has none. */
	if (!in)
		return;
	s->has_xfrm = true;
	xfrm_stat_read(in, s->xfrm);
	fclose(in);
}

static int gather(struct cmd *c, struct status *s)
{
	int err;

	err = kmtia_managers(c->h, add_manager, s);
	if (err < 0)
		return cmd_failed(c, "list the key managers", err);
	err = kmtia_stats(c->h, add_stat, s);
	if (err < 0)
		return cmd_failed(c, "read the counters", err);
	err = kmtia_sas(c->h, add_mismatch, s);
	if (err < 0)
		return cmd_failed(c, "list the SAs", err);
	gather_xfrm(s);
	return CMD_OK;
}

static int do_show(struct cmd *c, int argc, char **argv)
{
	struct status s = { 0 };
	int code = cmd_no_more(c, argc, argv);

	if (!code)
		code = cmd_open(c);
	if (!code)
		code = gather(c, &s);
	if (!code) {
		if (c->json)
			print_json(c, status_json(&s), c->pretty ? JSON_INDENT(4) : JSON_COMPACT);
		else
			status_print(c->out, &s);
		code = print_check(c);
	}
	free(s.managers);
	free(s.mismatches);
	return code;
}

int cmd_status(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_show },
		{ NULL, NULL },
	};

	return cmd_run_object(c, words, help, argc, argv);
}
