// SPDX-License-Identifier: GPL-2.0-only
/* What "kmtia status" says about SAs of which the other end has another key. */
#include "kmtia_cmd.h"
#include "sa_json.h"
#include "sa_text.h"

#include <inttypes.h>

/* In text; in JSON there are all of them. */
#define SHOWN 20

/* What to look for depends on whether it was we who got a key dictated. */
static bool is_dictated(const struct kmtia_sa *sa)
{
	return sa->origin != KMTIA_ORIGIN_NONE;
}

static const char advice_dictated[] =
	"!   check that the other end dictates as well, with the same secret, key-id and\n"
	"!   derivation (mix or expand)\n";

static const char advice_kept[] =
	"!   this end uses the keying module's key, the other end seems to dictate\n";

static void print_one(FILE *out, const struct kmtia_sa *sa)
{
	char src[SA_TEXT_SIZE], dst[SA_TEXT_SIZE], proto[SA_TEXT_SIZE];

	fprintf(out, "! MISMATCH: %s spi 0x%08x src %s dst %s", sa_text_proto(sa->proto, proto),
		sa->spi, sa_text_address(sa->family, sa->saddr, src),
		sa_text_address(sa->family, sa->daddr, dst));
	if (sa->key_id[0]) {
		fputs(" key-id ", out);
		print_quoted(out, sa->key_id);
	}
	fprintf(out, ": %" PRIu64 " packets failed the integrity check, none passed\n",
		sa->integrity_failed);
}

/* Those that were dictated, or those that were not, and what to do about them. */
static void print_kind(FILE *out, const struct status *s, bool dictated, const char *advice)
{
	size_t i, n = 0;

	for (i = 0; i < s->n_mismatches; i++)
		if (is_dictated(&s->mismatches[i]) == dictated && n++ < SHOWN)
			print_one(out, &s->mismatches[i]);
	if (n > SHOWN)
		fprintf(out, "!   and %zu more; \"kmtia -j status\" has all of them\n", n - SHOWN);
	if (n)
		fputs(advice, out);
}

void mismatch_print(FILE *out, const struct status *s)
{
	print_kind(out, s, true, advice_dictated);
	print_kind(out, s, false, advice_kept);
}

json_t *mismatch_json(const struct status *s)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < s->n_mismatches; i++)
		json_array_append_new(array, sa_json(&s->mismatches[i]));
	return array;
}
