// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key manager that has its answer in memory: what remains is the cost of asking.
 *
 * tia FORM [NUMBER [WEIGHT]]: FORM is how it answers: keys, expand, mix, or standing, by which
 * the kernel derives the keys without asking; or none: it never does. NUMBER tells several
 * apart; they bid the same unless WEIGHT says otherwise, which is asked for with each SA.
 * Prints "ready" when it is registered, and runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libkmtia.h"

static const uint8_t secret[32] = "a secret that everybody may know";

struct tia {
	const char *form;
	uint32_t weight;
};

static void check(struct kmtia *h, const struct kmtia_pair *pair, bool *will_dictate,
		  uint32_t *weight, void *user)
{
	const struct tia *tia = user;

	(void)h;
	(void)pair;
	*will_dictate = true;
	*weight = tia->weight;
}

static int answer_keys(struct kmtia_request *req, const struct kmtia_sa *sa)
{
	uint8_t key[64];
	const uint8_t *keys[] = { key };
	size_t len = (sa->slots[0].bits + 7) / 8;

	if (sa->n_slots != 1 || len > sizeof(key))
		return kmtia_answer_cannot(req, 1, "not an SA of the benchmark", NULL);
	memset(key, 0x5a, sizeof(key));
	memcpy(key, &sa->spi, sizeof(sa->spi));
	return kmtia_answer_keys(req, keys, &len, 1, NULL);
}

static void dictate(struct kmtia *h, struct kmtia_request *req, const struct kmtia_pair *pair,
		    void *user)
{
	const struct tia *tia = user;
	int err;

	if (!strcmp(tia->form, "none"))
		return; /* The request stays with us, and nobody hears of it again. */
	if (!strcmp(tia->form, "expand"))
		err = kmtia_answer_expand(req, secret, sizeof(secret), NULL);
	else if (!strcmp(tia->form, "mix"))
		err = kmtia_answer_mix(req, secret, sizeof(secret), NULL);
	else
		err = answer_keys(req, pair->keyed);
	if (err)
		fprintf(stderr, "tia: %s\n", kmtia_strerror(h, err));
}

static void notify(struct kmtia *h, const struct kmtia_notification *what,
		   const struct kmtia_pair *pair, void *user)
{
	(void)h;
	(void)what;
	(void)pair;
	(void)user;
}

static int set_standing(struct kmtia *h)
{
	const struct kmtia_secret standing = {
		.size = sizeof(standing),
		.derivation = KMTIA_DERIVATION_MIX,
		.secret = secret,
		.secret_len = sizeof(secret),
	};

	return kmtia_secret_set(h, &standing);
}

static int start(struct kmtia **h, struct tia *tia, uint8_t number)
{
	static const struct kmtia_callbacks callbacks = {
		.size = sizeof(callbacks),
		.key_dictation_check = check,
		.key_dictation = dictate,
		.key_notify = notify,
	};
	const struct kmtia_manager manager = {
		.size = sizeof(manager),
		.uuid = { 0x6b, 0x6d, 0x74, 0x69, 0x61, number },
		.name = "bench",
		.flags = KMTIA_MANAGER_FLAGS_DICTATE,
	};
	int err;

	err = kmtia_open(h);
	if (!err)
		err = kmtia_register(*h, &manager, &callbacks, tia);
	if (!err && !strcmp(tia->form, "standing"))
		err = set_standing(*h);
	return err;
}

static bool is_form(const char *text)
{
	static const char *const forms[] = { "keys", "expand", "mix", "standing", "none" };
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!strcmp(forms[i], text))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct tia tia = { .weight = 1 };
	struct kmtia *h = NULL;
	int err;

	if (argc < 2 || argc > 4 || !is_form(argv[1])) {
		fprintf(stderr, "usage: tia keys|expand|mix|standing|none [NUMBER [WEIGHT]]\n");
		return EXIT_FAILURE;
	}
	tia.form = argv[1];
	if (argc > 3)
		tia.weight = strtoul(argv[3], NULL, 10);
	err = start(&h, &tia, argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
	if (err) {
		fprintf(stderr, "tia: %s\n", kmtia_strerror(h, err));
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	err = kmtia_run(h);
	kmtia_close(h);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
