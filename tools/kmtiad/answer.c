// SPDX-License-Identifier: GPL-2.0-only
/* From a source to the kernel: answers to questions, and those in advance. */
#include "answer.h"
#include "log.h"
#include "sa_text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

static void log_answer(const struct kmtia_sa *sa, const struct source_answer *answer, int err,
		       const char *why)
{
	char dst[SA_TEXT_SIZE], proto[SA_TEXT_SIZE];
	const char *address = sa_text_address(sa->family, sa->daddr, dst);
	const char *name = sa_text_proto(sa->proto, proto);

	if (err == -ENOENT)
		/* The kernel did not wait; normal when it is busy. */
		log_info("%s spi 0x%08x dst %s: answered too late", name, sa->spi, address);
	else if (err)
		log_err("%s spi 0x%08x dst %s: the answer was refused: %s", name, sa->spi,
			address, why);
	else if (answer->status)
		log_warn("%s spi 0x%08x dst %s: no keys: %s", name, sa->spi, address,
			 answer->text);
	else
		log_debug("%s spi 0x%08x dst %s: dictated, key-id \"%s\"", name, sa->spi,
			  address, answer->key_id);
}

static int send_answer(struct kmtia_request *req, const struct source_answer *answer)
{
	struct kmtia_answer_options options = {
		.size = sizeof(options),
		.key_id = answer->key_id[0] ? answer->key_id : NULL,
		.origin = KMTIA_ORIGIN_LOCAL,
		.keying_module_gen_key = answer->gen_key,
	};
	const uint8_t *keys[KMTIA_MAX_SLOTS];
	size_t i;

	if (answer->status) {
		options.origin = KMTIA_ORIGIN_NONE;
		return kmtia_answer_cannot(req, answer->status, answer->text, &options);
	}
	if (answer->derivation == KMTIA_DERIVATION_MIX)
		return kmtia_answer_mix(req, answer->secret, answer->secret_len, &options);
	if (answer->derivation == KMTIA_DERIVATION_EXPAND)
		return kmtia_answer_expand(req, answer->secret, answer->secret_len, &options);
	for (i = 0; i < answer->n_keys; i++)
		keys[i] = answer->key[i];
	return kmtia_answer_keys(req, keys, answer->key_len, answer->n_keys, &options);
}

void answer_question(struct kmtia *h, struct kmtia_request *req, const struct kmtia_sa *keyed,
		     const struct source *source)
{
	/* The answer frees the request, and the pair may be part of it. */
	const struct kmtia_sa sa = *keyed;
	struct source_answer answer;
	int err;

	memset(&answer, 0, sizeof(answer));
	source->ops->take(source, &sa, &answer);
	err = send_answer(req, &answer);
	log_answer(&sa, &answer, err, err ? kmtia_strerror(h, err) : "");
	OPENSSL_cleanse(&answer, sizeof(answer));
}

/* Whatever is there may be of a process before us that had the same UUID. */
static int flush_standing(struct kmtia *h)
{
	int err;

	if (!kmtia_has_feature(h, "standing-secret"))
		return 0;
	err = kmtia_secret_flush(h);
	return err == -ENOENT ? 0 : err;
}

/*
 * Let the kernel have what the source wants it to answer by itself, and nothing
 * else. A secret that it has under the same number is replaced at once, so there
 * is no SA in between that gets none. Returns a negative errno, see
 * kmtia_strerror(), if all stays as it was.
 */
int answer_standing(struct kmtia *h, const struct config *config)
{
	const struct config_manager *m = &config->manager;
	const struct source *source = config->source;
	struct kmtia_secret secret = {
		.size = sizeof(secret),
		.direction = KMTIA_DIRECTION_UNKNOWN,
		.has_weight = m->has_weight,
		.weight = m->weight,
		.origin = KMTIA_ORIGIN_LOCAL,
	};

	if (!(m->flags & KMTIA_MANAGER_FLAGS_DICTATE))
		return 0;
	if (source && source->ops->standing && source->ops->standing(source, &secret))
		return kmtia_secret_set(h, &secret);
	return flush_standing(h);
}
