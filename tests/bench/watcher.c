// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key manager that is told of SAs. watcher NUMBER SAS [PAIRS]: NUMBER tells several apart,
 * and is the last byte of the UUID, which a rule may name. Prints "ready" when it is registered,
 * and writes a byte to descriptor 3 each time that it was told of SAS new ones; with PAIRS, it
 * fetches the keys of each pair, and awaits so many of them, too. Prints "lost" if something
 * was. Runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libkmtia.h"

struct watcher {
	unsigned long told, pairs;	   /* so far */
	unsigned long all_told, all_pairs; /* of a round */
};

static void count(struct watcher *w, unsigned long *what)
{
	(*what)++;
	if (w->told != w->all_told || w->pairs != w->all_pairs)
		return;
	w->told = w->pairs = 0;
	if (write(3, "", 1) != 1)
		puts("unheard");
}

static void notify(struct kmtia *h, const struct kmtia_notification *what,
		   const struct kmtia_pair *pair, void *user)
{
	struct watcher *w = user;

	(void)h;
	(void)pair;
	if (what->event == KMTIA_NOTIFY_EVENT_NEW)
		count(w, &w->told);
}

static void notify_pair(struct kmtia *h, const struct kmtia_notification *what,
			const struct kmtia_pair *pair, void *user)
{
	struct watcher *w = user;

	(void)h;
	(void)what;
	if (pair->inbound && pair->outbound && pair->keyed->slots[0].key)
		count(w, &w->pairs);
}

static void overrun(struct kmtia *h, void *user)
{
	(void)h;
	(void)user;
	puts("lost");
	fflush(stdout);
}

static int watch(struct kmtia **h, struct watcher *w, uint8_t number)
{
	const struct kmtia_callbacks callbacks = {
		.size = sizeof(callbacks),
		.key_notify = notify,
		.key_notify_pair = w->all_pairs ? notify_pair : NULL,
		.overrun = overrun,
	};
	struct kmtia_manager manager = {
		.size = sizeof(manager),
		.uuid = { 0x77, 0x61, 0x74, 0x63, 0x68 },
		.name = "watcher",
		.flags = KMTIA_MANAGER_FLAGS_NOTIFY,
	};
	int err;

	manager.uuid[15] = number;
	err = kmtia_open(h);
	if (!err)
		err = kmtia_register(*h, &manager, &callbacks, w);
	if (err)
		return err;
	puts("ready");
	fflush(stdout);
	return kmtia_run(*h);
}

int main(int argc, char **argv)
{
	struct watcher w = { 0 };
	struct kmtia *h = NULL;
	int err;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: watcher NUMBER TOLD [PAIRS]\n");
		return EXIT_FAILURE;
	}
	w.all_told = strtoul(argv[2], NULL, 10);
	w.all_pairs = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	err = watch(&h, &w, strtoul(argv[1], NULL, 10));
	if (err)
		fprintf(stderr, "watcher: %s\n", kmtia_strerror(h, err));
	kmtia_close(h);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
