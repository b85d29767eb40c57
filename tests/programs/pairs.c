// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key manager that is told of pairs of SAs, and prints them, a line each:
 *
 *	pair|replayed INBOUND-SPI KEY OUTBOUND-SPI KEY
 *
 * SPIs as 0x and eight digits, keys in hex, "-" for what is not there. First of all it prints
 * "ready". It runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libkmtia.h"

static void print_sa(const struct kmtia_sa *sa)
{
	size_t i, n;

	if (!sa) {
		printf(" - -");
		return;
	}
	printf(" 0x%08x ", sa->spi);
	for (i = n = 0; i < sa->n_slots; i++) {
		for (n = 0; n < sa->slots[i].key_len; n++)
			printf("%02x", sa->slots[i].key[n]);
	}
	if (!n)
		printf("-");
}

static void notify(struct kmtia *h, const struct kmtia_notification *what,
		   const struct kmtia_pair *pair, void *user)
{
	(void)h;
	(void)what;
	(void)pair;
	(void)user;
}

static void notify_pair(struct kmtia *h, const struct kmtia_notification *what,
			const struct kmtia_pair *pair, void *user)
{
	(void)h;
	(void)user;
	printf("%s", what->replayed ? "replayed" : "pair");
	print_sa(pair->inbound);
	print_sa(pair->outbound);
	printf("\n");
}

static int fail(struct kmtia *h, int err)
{
	fprintf(stderr, "pairs: %s\n", kmtia_strerror(h, err));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const struct kmtia_callbacks callbacks = {
		.size = sizeof(callbacks),
		.key_notify = notify,
		.key_notify_pair = notify_pair,
	};
	struct kmtia_manager manager = {
		.size = sizeof(manager),
		.name = "pairs",
		.flags = KMTIA_MANAGER_FLAGS_NOTIFY,
	};
	struct kmtia *h;
	int err;

	if (argc != 2 || kmtia_uuid_parse(argv[1], manager.uuid)) {
		fprintf(stderr, "usage: pairs UUID\n");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = kmtia_open(&h);
	if (!err)
		err = kmtia_register(h, &manager, &callbacks, NULL);
	if (!err)
		printf("ready\n");
	/* What was there before */
	if (!err)
		err = kmtia_notify_get(h, 0);
	if (err >= 0)
		err = kmtia_run(h);
	return fail(h, err);
}
