// SPDX-License-Identifier: GPL-2.0-only
/* Source "static": exact keys by SPI, for manual keying and for tests. */
#include "kmtiad/config.h"
#include "kmtiad/log.h"
#include "parse.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The options that carry keys; the position is enum kmtia_slot_role. */
static const char *const role_options[] = { "aead", "encryption", "authentication" };

#define ROLES (sizeof(role_options) / sizeof(role_options[0]))

cfg_opt_t source_static_sa_options[] = {
	CONFIG_OPTION("spi", config_value_u32),
	CONFIG_OPTION("proto", config_value_proto),
	CONFIG_OPTION("dst", config_value_address),
	CONFIG_OPTION("aead", config_value_hex),
	CONFIG_OPTION("encryption", config_value_hex),
	CONFIG_OPTION("authentication", config_value_hex),
	CONFIG_OPTION("key-id", config_value_key_id),
	CFG_END()
};

static const char *const static_options[] = {
	"on-missing",
	"key-id",
	"test-function",
	"sa",
	NULL,
};

enum on_missing {
	ON_MISSING_CANNOT,
	ON_MISSING_GEN_KEY,
	ON_MISSING_DECLINE,
};

struct static_sa {
	uint32_t spi;
	uint8_t proto;
	uint16_t family; /* 0: any destination */
	uint8_t dst[16];
	int line; /* in the configuration */
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	uint8_t *key[ROLES];
	size_t key_len[ROLES];
};

struct static_source {
	struct source base;
	enum on_missing on_missing;
	bool test_function;
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	struct static_sa *sas; /* in the order of compare_sas() */
	size_t n_sas;
};

static const struct static_source *static_of(const struct source *source)
{
	return (const struct static_source *)source;
}

/* --- Answers --------------------------------------------------------------- */

/* By SPI and protocol; an entry with a destination comes before one without. */
static int compare_sas(const void *a, const void *b)
{
	const struct static_sa *x = a, *y = b;

	if (x->spi != y->spi)
		return x->spi < y->spi ? -1 : 1;
	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	if (x->family != y->family)
		return x->family > y->family ? -1 : 1;
	return memcmp(x->dst, y->dst, sizeof(x->dst));
}

/* The first entry that is not below that SPI. */
static size_t lower_bound(const struct static_source *s, uint32_t spi)
{
	size_t low = 0, high = s->n_sas, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->sas[middle].spi < spi)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool fits(const struct static_sa *entry, const struct kmtia_sa *sa)
{
	if (entry->proto != sa->proto)
		return false;
	if (!entry->family)
		return true;
	return entry->family == sa->family &&
	       !memcmp(entry->dst, sa->daddr, sa->family == AF_INET ? 4 : 16);
}

static const struct static_sa *find(const struct static_source *s, const struct kmtia_sa *sa)
{
	size_t i;

	for (i = lower_bound(s, sa->spi); i < s->n_sas && s->sas[i].spi == sa->spi; i++)
		if (fits(&s->sas[i], sa))
			return &s->sas[i];
	return NULL;
}

static bool static_chooses(const struct source *source)
{
	return static_of(source)->on_missing == ON_MISSING_DECLINE;
}

static bool static_wants(const struct source *source, const struct kmtia_sa *sa)
{
	const struct static_source *s = static_of(source);

	return s->on_missing != ON_MISSING_DECLINE || s->test_function || find(s, sa);
}

static void refuse(struct source_answer *answer, enum source_status status, const char *role,
		   const char *why)
{
	answer->status = status;
	snprintf(answer->text, sizeof(answer->text), "%s%s%s", role, *role ? ": " : "", why);
}

static bool take_from_entry(const struct static_sa *entry, const struct kmtia_slot *slot,
			    uint8_t *key, size_t len, struct source_answer *answer)
{
	char why[80];

	/* A null cipher has a slot of no bits, for which nothing is configured. */
	if (!len)
		return true;
	if (!entry->key[slot->role]) {
		refuse(answer, SOURCE_WRONG_SLOT, role_options[slot->role],
		       "the SA needs such a key, the configuration has none");
		return false;
	}
	if (entry->key_len[slot->role] != len) {
		snprintf(why, sizeof(why), "the SA needs %u bits, the configured key has %zu",
			 slot->bits, entry->key_len[slot->role] * 8);
		refuse(answer, SOURCE_WRONG_LENGTH, role_options[slot->role], why);
		return false;
	}
	memcpy(key, entry->key[slot->role], len);
	return true;
}

static bool take_slot(const struct static_sa *entry, const struct kmtia_sa *sa, size_t i,
		      struct source_answer *answer)
{
	const struct kmtia_slot *slot = &sa->slots[i];
	size_t len = ((size_t)slot->bits + 7) / 8;

	if (slot->role >= ROLES || len > sizeof(answer->key[i])) {
		refuse(answer, SOURCE_WRONG_SLOT, "", "unknown kind or length of key");
		return false;
	}
	answer->key_len[i] = len;
	if (entry)
		return take_from_entry(entry, slot, answer->key[i], len, answer);
	if (testkey_derive(sa->spi, sa->proto, (uint8_t)slot->role, answer->key[i], len))
		return true;
	refuse(answer, SOURCE_INTERNAL, "", "cannot compute SHA-256");
	return false;
}

static void static_take(const struct source *source, const struct kmtia_sa *sa,
			struct source_answer *answer)
{
	const struct static_source *s = static_of(source);
	const struct static_sa *entry = find(s, sa);
	size_t i;

	answer->gen_key = s->on_missing == ON_MISSING_GEN_KEY;
	snprintf(answer->key_id, sizeof(answer->key_id), "%s",
		 entry && entry->key_id[0] ? entry->key_id : s->key_id);
	if (!entry && !s->test_function) {
		refuse(answer, SOURCE_NO_KEY, "", "no key for this SA in the configuration");
		return;
	}
	for (i = 0; i < sa->n_slots; i++)
		if (!take_slot(entry, sa, i, answer))
			return;
	answer->n_keys = sa->n_slots;
}

static void static_forget(struct source *source)
{
	struct static_source *s = (struct static_source *)source;
	size_t i, role;

	for (i = 0; i < s->n_sas; i++)
		for (role = 0; role < ROLES; role++)
			OPENSSL_clear_free(s->sas[i].key[role], s->sas[i].key_len[role]);
	free(s->sas);
	free(s);
}

static void static_announce(const struct source *source)
{
	if (static_of(source)->test_function)
		log_warn("INSECURE: the keys of SAs are a public function of their SPI "
			 "(test-function); for tests only");
	log_info("source static with %zu SAs", static_of(source)->n_sas);
}

static const struct source_ops static_ops = {
	.announce = static_announce,
	.chooses = static_chooses,
	.wants = static_wants,
	.take = static_take,
	.forget = static_forget,
};

/* --- Configuration --------------------------------------------------------- */

/* Called by the parser at the end of each "sa". */
int source_static_check_sa(cfg_t *cfg, cfg_opt_t *option)
{
	cfg_t *sa = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
	bool aead = cfg_getstr(sa, "aead"), encryption = cfg_getstr(sa, "encryption");
	bool authentication = cfg_getstr(sa, "authentication");
	const char *proto = cfg_getstr(sa, "proto");

	if (!cfg_getstr(sa, "spi"))
		cfg_error(cfg, "the sa has no spi");
	else if (aead && (encryption || authentication))
		cfg_error(cfg, "the sa has aead, and encryption or authentication too");
	else if (!aead && !encryption && !authentication)
		cfg_error(cfg, "the sa has no key: aead, or encryption and authentication");
	else if (proto && !strcmp(proto, "ah") && (aead || encryption))
		cfg_error(cfg, "AH has authentication only");
	else
		return 0;
	return -1;
}

static bool build_key(struct static_sa *entry, size_t role, const char *hex)
{
	size_t len = (strlen(hex) - 2) / 2;

	entry->key[role] = OPENSSL_malloc(len);
	if (!entry->key[role])
		return false;
	entry->key_len[role] = config_hex_decode(hex, entry->key[role], len);
	return true;
}

static bool build_sa(struct static_sa *entry, cfg_t *section)
{
	const char *proto = cfg_getstr(section, "proto"), *dst = cfg_getstr(section, "dst");
	const char *key_id = cfg_getstr(section, "key-id"), *hex;
	size_t role;

	entry->line = section->line;
	entry->proto = IPPROTO_ESP;
	parse_u32(cfg_getstr(section, "spi"), &entry->spi);
	if (proto)
		parse_proto(proto, &entry->proto);
	if (dst)
		parse_address(dst, &entry->family, entry->dst);
	if (key_id)
		snprintf(entry->key_id, sizeof(entry->key_id), "%s", key_id);
	for (role = 0; role < ROLES; role++) {
		hex = cfg_getstr(section, role_options[role]);
		if (hex && !build_key(entry, role, hex)) {
			config_failed(section, ENOMEM, "out of memory");
			return false;
		}
	}
	return true;
}

static bool build_sas(struct static_source *s, cfg_t *section, const char *exposed)
{
	size_t i, n = cfg_size(section, "sa");

	if (n && exposed) {
		cfg_error(cfg_getnsec(section, "sa", 0), "%s", exposed);
		return false;
	}
	s->sas = calloc(n ? n : 1, sizeof(*s->sas));
	if (!s->sas) {
		config_failed(section, ENOMEM, "out of memory");
		return false;
	}
	for (i = 0; i < n; i++) {
		/* Counted first, so that half an entry is wiped too. */
		s->n_sas++;
		if (!build_sa(&s->sas[i], cfg_getnsec(section, "sa", (unsigned int)i)))
			return false;
	}

	qsort(s->sas, n, sizeof(*s->sas), compare_sas);
	for (i = 1; i < n; i++) {
		if (compare_sas(&s->sas[i - 1], &s->sas[i]))
			continue;
		section->line = s->sas[i].line > s->sas[i - 1].line ?
					s->sas[i].line :
					s->sas[i - 1].line;
		cfg_error(section, "the sa with spi 0x%08x is given twice", s->sas[i].spi);
		return false;
	}
	return true;
}

static enum on_missing on_missing_of(const char *value)
{
	if (!value || !strcmp(value, "cannot"))
		return ON_MISSING_CANNOT;
	return strcmp(value, "decline") ? ON_MISSING_GEN_KEY : ON_MISSING_DECLINE;
}

static struct source *static_build(cfg_t *section, const char *exposed)
{
	struct static_source *s = calloc(1, sizeof(*s));
	const char *key_id = cfg_getstr(section, "key-id");

	if (!s) {
		config_failed(section, ENOMEM, "out of memory");
		return NULL;
	}
	s->base.ops = &static_ops;
	s->on_missing = on_missing_of(cfg_getstr(section, "on-missing"));
	s->test_function = cfg_getstr(section, "test-function");
	if (!key_id)
		key_id = s->test_function ? "spi-sha256" : "";
	snprintf(s->key_id, sizeof(s->key_id), "%s", key_id);
	if (!build_sas(s, section, exposed)) {
		static_forget(&s->base);
		return NULL;
	}
	return &s->base;
}

static void static_wipe(cfg_t *section)
{
	unsigned int i;
	size_t role;
	char *value;

	for (i = 0; i < cfg_size(section, "sa"); i++) {
		for (role = 0; role < ROLES; role++) {
			value = cfg_getstr(cfg_getnsec(section, "sa", i), role_options[role]);
			if (value)
				OPENSSL_cleanse(value, strlen(value));
		}
	}
}

const struct source_kind source_static = {
	.name = "static",
	.options = static_options,
	.build = static_build,
	.wipe = static_wipe,
};
