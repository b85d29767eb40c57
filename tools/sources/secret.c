// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source "secret": secrets that both ends have, from which the kernel derives
 * the keys of SAs (kdf.rst). One of them is used for SAs that are new. Those
 * that live have their keys, whatever becomes of the secret.
 */
#include "secret.h"
#include "kmtiad/config.h"
#include "kmtiad/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cfg_opt_t source_secret_secret_options[] = {
	CONFIG_OPTION("key-id", config_value_secret_id),
	CONFIG_OPTION("file", config_value_path),
	CONFIG_OPTION("credential", config_value_credential),
	CFG_END()
};

static const char *const secret_options[] = {
	"derivation",
	"standing",
	"use",
	"secret",
	NULL,
};

/*
 * The only one that the kernel gets: one that is set again replaces it. The kernel may
 * also have some of a key manager that had our UUID before us, and was in its grace; of
 * all that cover an SA, the one with the lowest number answers, which shall be ours.
 */
#define STANDING_NUMBER 0

struct named_secret {
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1];
	struct secret_memory memory;
};

struct secret_source {
	struct source base;
	uint32_t derivation;
	bool standing;
	struct named_secret *secrets;
	size_t n_secrets;
	size_t used;
	size_t configured;
};

static const struct secret_source *secret_of(const struct source *source)
{
	return (const struct secret_source *)source;
}

/* The position of that secret, or the number of secrets if there is none. */
static size_t find(const struct secret_source *s, const char *key_id)
{
	size_t i;

	for (i = 0; i < s->n_secrets; i++)
		if (!strcmp(s->secrets[i].key_id, key_id))
			break;
	return i;
}

/* --- Answers --------------------------------------------------------------- */

static void secret_announce(const struct source *source)
{
	const struct secret_source *s = secret_of(source);

	log_info("source secret with %zu secrets, using \"%s\" (%s%s)", s->n_secrets,
		 s->secrets[s->used].key_id,
		 s->derivation == KMTIA_DERIVATION_MIX ? "mix" : "expand",
		 s->standing ? ", standing" : "");
}

static bool secret_chooses(const struct source *source)
{
	(void)source;
	return false;
}

static bool secret_wants(const struct source *source, const struct kmtia_sa *sa)
{
	(void)source;
	(void)sa;
	return true;
}

static void secret_take(const struct source *source, const struct kmtia_sa *sa,
			struct source_answer *answer)
{
	const struct secret_source *s = secret_of(source);
	const struct named_secret *used = &s->secrets[s->used];

	(void)sa; /* what differs from SA to SA, the kernel puts in */
	snprintf(answer->key_id, sizeof(answer->key_id), "%s", used->key_id);
	answer->derivation = s->derivation;
	answer->secret = used->memory.bytes;
	answer->secret_len = used->memory.len;
}

static void secret_forget(struct source *source)
{
	struct secret_source *s = (struct secret_source *)source;
	size_t i;

	for (i = 0; i < s->n_secrets; i++)
		secret_memory_wipe(&s->secrets[i].memory);
	free(s->secrets);
	free(s);
}

static void secret_list(const struct source *source, struct source_secrets *list)
{
	const struct secret_source *s = secret_of(source);
	size_t i;

	list->derivation = s->derivation;
	list->standing = s->standing;
	list->n = s->n_secrets;
	list->used = s->used;
	list->configured = s->configured;
	for (i = 0; i < s->n_secrets; i++)
		list->key_id[i] = s->secrets[i].key_id;
}

static bool secret_use(struct source *source, const char *key_id)
{
	struct secret_source *s = (struct secret_source *)source;
	size_t i = find(s, key_id);

	if (i == s->n_secrets)
		return false;
	s->used = i;
	return true;
}

static bool secret_standing(const struct source *source, struct kmtia_secret *secret)
{
	const struct secret_source *s = secret_of(source);
	const struct named_secret *used = &s->secrets[s->used];

	if (!s->standing)
		return false;
	secret->number = STANDING_NUMBER;
	secret->derivation = s->derivation;
	secret->secret = used->memory.bytes;
	secret->secret_len = used->memory.len;
	secret->key_id = used->key_id;
	return true;
}

static const struct source_ops secret_ops = {
	.announce = secret_announce,
	.chooses = secret_chooses,
	.wants = secret_wants,
	.take = secret_take,
	.forget = secret_forget,
	.list = secret_list,
	.use = secret_use,
	.standing = secret_standing,
};

/* --- Configuration --------------------------------------------------------- */

/* Called by the parser at the end of each "secret". */
int source_secret_check_secret(cfg_t *cfg, cfg_opt_t *option)
{
	cfg_t *secret = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
	bool file = cfg_getstr(secret, "file"), credential = cfg_getstr(secret, "credential");

	if (!cfg_getstr(secret, "key-id"))
		cfg_error(cfg, "the secret has no key-id");
	else if (file && credential)
		cfg_error(cfg, "the secret has file and credential too");
	else if (!file && !credential)
		cfg_error(cfg, "the secret has neither file nor credential");
	else
		return 0;
	return -1;
}

static bool build_secret(struct secret_source *s, cfg_t *section)
{
	const char *key_id = cfg_getstr(section, "key-id"), *file = cfg_getstr(section, "file");
	struct named_secret *secret = &s->secrets[s->n_secrets];
	char why[SECRET_WHY_SIZE];
	bool done;
	int err;

	if (find(s, key_id) < s->n_secrets) {
		cfg_error(config_at(section, "key-id"), "two secrets have the key-id \"%s\"",
			  key_id);
		return false;
	}
	snprintf(secret->key_id, sizeof(secret->key_id), "%s", key_id);
	if (file)
		done = secret_file_read(&secret->memory, file, SECRET_FILE_FORBIDDEN, why);
	else
		done = secret_credential_read(&secret->memory, cfg_getstr(section, "credential"),
					      why);
	if (!done) {
		err = errno;
		config_failed(config_at(section, file ? "file" : "credential"), err, "%s: %s",
			      file ? "file" : "credential", why);
		return false;
	}
	s->n_secrets++;
	return true;
}

static bool build_secrets(struct secret_source *s, cfg_t *section)
{
	unsigned int i, n = cfg_size(section, "secret");

	if (!n) {
		cfg_error(section, "source secret has no secret");
		return false;
	}
	if (n > SOURCE_SECRETS_MAX) {
		cfg_error(section, "source secret has more than %d secrets", SOURCE_SECRETS_MAX);
		return false;
	}
	s->secrets = calloc(n, sizeof(*s->secrets));
	if (!s->secrets) {
		config_failed(section, ENOMEM, "out of memory");
		return false;
	}
	for (i = 0; i < n; i++)
		if (!build_secret(s, cfg_getnsec(section, "secret", i)))
			return false;
	return true;
}

/* Which one is used: never a guess, as the other end must use the same. */
static bool build_use(struct secret_source *s, cfg_t *section)
{
	const char *use = cfg_getstr(section, "use");

	if (!use && s->n_secrets == 1)
		return true;
	if (!use)
		cfg_error(section, "source secret has several secrets: \"use\" must say which one "
				   "is used");
	else if (secret_use(&s->base, use))
		return true;
	else
		cfg_error(config_at(section, "use"), "use: there is no secret with the key-id "
						     "\"%s\"",
			  use);
	return false;
}

static struct source *secret_build(cfg_t *section, const char *exposed)
{
	struct secret_source *s = calloc(1, sizeof(*s));
	const char *derivation = cfg_getstr(section, "derivation");
	const char *standing = cfg_getstr(section, "standing");

	/* The secrets are in files of their own. */
	(void)exposed;
	if (!s) {
		config_failed(section, ENOMEM, "out of memory");
		return NULL;
	}
	s->base.ops = &secret_ops;
	s->derivation = derivation && !strcmp(derivation, "expand") ?
				KMTIA_DERIVATION_EXPAND :
				KMTIA_DERIVATION_MIX;
	s->standing = standing && config_is_true(standing);
	if (!build_secrets(s, section) || !build_use(s, section)) {
		secret_forget(&s->base);
		return NULL;
	}
	s->configured = s->used;
	return &s->base;
}

const struct source_kind source_secret = {
	.name = "secret",
	.build = secret_build,
	.options = secret_options,
};
