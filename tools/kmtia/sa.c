// SPDX-License-Identifier: GPL-2.0-only
/* kmtia sa: the SAs that were dictated or are watched. Never their keys. */
#include "kmtia_cmd.h"
#include "parse.h"
#include "sa_json.h"
#include "sa_text.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

static const char help[] =
	"Usage: kmtia sa [show [spi SPI] [dst ADDRESS] [proto esp|ah] [manager UUID]]\n"
	"Lists the live SAs that the module tracks, with -s their packets and failures.\n"
	"A SPI is a number, hexadecimal with 0x. Keys are never shown.\n";

static const char *parse_filter(struct sa_filter *f, const char *word, const char *value)
{
	if (!strcmp(word, "spi")) {
		f->has_spi = true;
		return parse_u32(value, &f->spi) ? NULL : "is not a number";
	}
	if (!strcmp(word, "dst")) {
		f->has_dst = true;
		return parse_address(value, &f->family, f->dst) ? NULL : "is not an address";
	}
	if (!strcmp(word, "proto")) {
		f->has_proto = true;
		return parse_proto(value, &f->proto) ? NULL : "is neither esp nor ah";
	}
	f->has_manager = true;
	return kmtia_uuid_parse(value, f->manager) ? "is not a UUID" : NULL;
}

static bool *filter_flag(struct sa_filter *f, const char *word)
{
	if (!strcmp(word, "spi"))
		return &f->has_spi;
	if (!strcmp(word, "dst"))
		return &f->has_dst;
	if (!strcmp(word, "proto"))
		return &f->has_proto;
	if (!strcmp(word, "manager"))
		return &f->has_manager;
	return NULL;
}

/* Parse what follows "sa show"; returns an exit code. */
int sa_filter_args(struct cmd *c, int argc, char **argv, struct sa_filter *filter)
{
	const char *wrong;
	bool *flag;
	int i;

	memset(filter, 0, sizeof(*filter));
	for (i = 0; i < argc; i += 2) {
		flag = filter_flag(filter, argv[i]);
		if (!flag)
			return cmd_usage(c, "unknown word \"%s\"; see \"kmtia sa help\"", argv[i]);
		if (*flag)
			return cmd_usage(c, "\"%s\" is given twice", argv[i]);
		if (i + 1 == argc)
			return cmd_usage(c, "\"%s\" needs a value", argv[i]);
		wrong = parse_filter(filter, argv[i], argv[i + 1]);
		if (wrong)
			return cmd_usage(c, "%s: %s %s", argv[i], argv[i + 1], wrong);
	}
	return CMD_OK;
}

bool sa_filter_match(const struct sa_filter *f, const struct kmtia_sa *sa)
{
	size_t size = sa->family == AF_INET ? 4 : 16;

	if (f->has_spi && f->spi != sa->spi)
		return false;
	if (f->has_dst && (f->family != sa->family || memcmp(f->dst, sa->daddr, size)))
		return false;
	if (f->has_proto && f->proto != sa->proto)
		return false;
	if (f->has_manager &&
	    (!sa->has_manager || memcmp(f->manager, sa->manager, KMTIA_UUID_LEN)))
		return false;
	return true;
}

static void print_id(FILE *out, const struct kmtia_sa *sa)
{
	char src[SA_TEXT_SIZE], dst[SA_TEXT_SIZE];

	fprintf(out, "src %s dst %s", sa_text_address(sa->family, sa->saddr, src),
		sa_text_address(sa->family, sa->daddr, dst));
}

static void print_parameters(FILE *out, const struct kmtia_sa *sa)
{
	char proto[SA_TEXT_SIZE], mode[SA_TEXT_SIZE], encap[SA_TEXT_SIZE];

	fprintf(out, "\tproto %s spi 0x%08x reqid %u mode %s", sa_text_proto(sa->proto, proto),
		sa->spi, sa->reqid, sa_text_mode(sa->mode, mode));
	if (sa->mark_mask)
		fprintf(out, " mark 0x%x/0x%x", sa->mark, sa->mark_mask);
	if (sa->if_id)
		fprintf(out, " if_id 0x%x", sa->if_id);
	if (sa->esn)
		fputs(" esn", out);
	if (sa->encap_type)
		fprintf(out, " encap %s sport %u dport %u",
			sa_text_encap(sa->encap_type, encap), sa->encap_sport,
			sa->encap_dport);
	fputc('\n', out);
}

static void print_tracking(FILE *out, const struct kmtia_sa *sa)
{
	char uuid[KMTIA_UUID_STR_SIZE];

	fprintf(out, "\tdirection %s", kmtia_direction_name(sa->direction));
	if (sa->has_rule)
		fprintf(out, " rule %u", sa->rule);
	fprintf(out, " origin %s", kmtia_origin_name(sa->origin));
	if (sa->has_manager)
		fprintf(out, " manager %s", kmtia_uuid_format(sa->manager, uuid));
	fputs("\n\t", out);
	if (sa->key_id[0]) {
		fputs("key-id ", out);
		print_quoted(out, sa->key_id);
		fputc(' ', out);
	}
	fprintf(out, "age %" PRIu64 ".%03us\n", sa->age_ms / 1000,
		(unsigned int)(sa->age_ms % 1000));
}

static void print_slots(FILE *out, const struct kmtia_sa *sa)
{
	size_t i;

	for (i = 0; i < sa->n_slots; i++) {
		fprintf(out, "\t%s ", kmtia_slot_role_name(sa->slots[i].role));
		print_word(out, sa->slots[i].algorithm);
		fprintf(out, " bits %u", sa->slots[i].bits);
		if (sa->slots[i].icv_bits)
			fprintf(out, " icv %u", sa->slots[i].icv_bits);
		fputc('\n', out);
	}
}

/* Like the beginning of what "ip xfrm state" prints. */
void sa_print(FILE *out, const struct kmtia_sa *sa, const struct kmtia_sa *mate,
	      bool statistics)
{
	print_id(out, sa);
	fputc('\n', out);
	print_parameters(out, sa);
	print_tracking(out, sa);
	print_slots(out, sa);
	if (mate) {
		fputs("\tmate ", out);
		print_id(out, mate);
		fprintf(out, " spi 0x%08x\n", mate->spi);
	}
	if (statistics)
		fprintf(out,
			"\tpackets %" PRIu64 " bytes %" PRIu64
			" integrity-failed %" PRIu64 " replay-failed %" PRIu64 "\n",
			sa->packets, sa->bytes, sa->integrity_failed, sa->replay_failed);
}

json_t *sa_with_mate_json(const struct kmtia_sa *sa, const struct kmtia_sa *mate)
{
	json_t *obj = sa_json(sa);

	if (mate)
		json_object_set_new(obj, "mate", sa_json_id(mate));
	return obj;
}

struct show {
	struct cmd *c;
	struct sa_filter filter;
};

static int show_one(const struct kmtia_sa *sa, const struct kmtia_sa *mate, void *user)
{
	struct show *show = user;

	if (!sa_filter_match(&show->filter, sa))
		return 0;
	if (show->c->json)
		print_element(show->c, sa_with_mate_json(sa, mate));
	else
		sa_print(show->c->out, sa, mate, show->c->statistics);
	return 0;
}

static int do_show(struct cmd *c, int argc, char **argv)
{
	struct show show = { .c = c };
	int err, code = sa_filter_args(c, argc, argv, &show.filter);

	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	print_begin(c);
	err = kmtia_sas(c->h, show_one, &show);
	if (err < 0)
		return cmd_failed(c, "list the SAs", err);
	print_end(c);
	return print_check(c);
}

int cmd_sa(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_show },
		{ "list", do_show },
		{ "ls", do_show },
		{ NULL, NULL },
	};

	return cmd_run_object(c, words, help, argc, argv);
}
