/* SPDX-License-Identifier: GPL-2.0 */
/* A request that is open, and every way in which it may end */
#ifndef _KMTIA_REQUEST_SCENE_H
#define _KMTIA_REQUEST_SCENE_H

#include "fake_manager.h"

/**
 * struct scene - a request that is open, and all whom it belongs to
 * @reg: the registry
 * @fake: who was asked
 * @fd: whose question it is
 * @req: the request; the scene has the creator's reference
 */
struct scene {
	struct fake_registry *reg;
	struct fake_manager *fake;
	struct fake_decision *fd;
	struct kmtia_request *req;
};

/**
 * struct end - a way in which a request ends
 * @name: the case
 * @run: does it
 * @state: what the request is then
 * @won: what @run returns if it came first
 * @lost: what it returns if it did not
 */
struct end {
	const char *name;
	int (*run)(struct scene *s);
	enum kmtia_request_state state;
	int won;
	int lost;
};

#define N_ENDS 12

extern const struct end scene_ends[N_ENDS];

void scene_begin(struct kunit *test, struct scene *s);
void scene_ask(struct kunit *test, struct scene *s);
bool scene_finds(struct scene *s, u64 id);
void scene_end(struct kunit *test, struct scene *s);

#endif /* _KMTIA_REQUEST_SCENE_H */
