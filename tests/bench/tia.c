// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key manager that has its answer in memory: what remains is the cost of asking.
 * Prints "ready" when it is registered, and runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libkmtia.h"

static void check(struct kmtia *h, const struct kmtia_pair *pair, bool *will_dictate,
		  uint32_t *weight, void *user)
{
	(void)h;
	(void)pair;
	(void)user;
	*will_dictate = true;
	*weight = 1;
}

static void dictate(struct kmtia *h, struct kmtia_request *req, const struct kmtia_pair *pair,
		    void *user)
{
	const struct kmtia_sa *sa = pair->keyed;
	uint8_t key[64];
	const uint8_t *keys[] = { key };
	size_t len = (sa->slots[0].bits + 7) / 8;
	int err;

	(void)user;
	if (sa->n_slots != 1 || len > sizeof(key)) {
		kmtia_answer_cannot(req, 1, "not an SA of the benchmark", NULL);
		return;
	}
	memset(key, 0x5a, sizeof(key));
	memcpy(key, &sa->spi, sizeof(sa->spi));
	err = kmtia_answer_keys(req, keys, &len, 1, NULL);
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

int main(void)
{
	static const struct kmtia_callbacks callbacks = {
		.size = sizeof(callbacks),
		.key_dictation_check = check,
		.key_dictation = dictate,
		.key_notify = notify,
	};
	struct kmtia_manager manager = {
		.size = sizeof(manager),
		.uuid = { 0x6b, 0x6d, 0x74, 0x69, 0x61 },
		.name = "bench",
		.flags = KMTIA_MANAGER_FLAGS_DICTATE,
	};
	struct kmtia *h;
	int err;

	err = kmtia_open(&h);
	if (!err)
		err = kmtia_register(h, &manager, &callbacks, NULL);
	if (err) {
		fprintf(stderr, "tia: %s\n", kmtia_strerror(h, err));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	err = kmtia_run(h);
	kmtia_close(h);
	return err ? 1 : 0;
}
