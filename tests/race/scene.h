/* SPDX-License-Identifier: GPL-2.0-only */
/* Where two acts meet */
#ifndef SCENE_H
#define SCENE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"
#include "table.h"

#define UUID 1	     /* of the manager */
#define UUID_OTHER 2 /* of another */
#define RULE_PRIORITY 10

/* Also how the scene is set */
enum scene_kind {
	IDLE,  /* a manager and a rule */
	OPEN,  /* and an SA in the making, whose question is open */
	LIVE,  /* and an SA that lives, with the manager's key */
	SPACE, /* a network namespace, with all of it, that two sockets keep */
};

enum side {
	SIDE_A,
	SIDE_B,
	CREATOR
};

/**
 * struct pair - two acts, and what they need
 * @a: the first act, in the order of the table
 * @b: the second
 * @kind: what is there
 * @on_failure: of the rule
 * @bystander: another SA lives, so that a flush finds one
 * @creator: at the same time an SA is created, at any time
 * @both: there are two managers, both asked
 * @grace: the manager has asked for one, and leaves a secret
 */
struct pair {
	enum act a, b;
	enum scene_kind kind;
	uint32_t on_failure;
	bool bystander;
	bool creator;
	bool both;
	bool grace;
};

/**
 * struct racer - one of the two, or who creates the SA
 * @scene: where
 * @act: what; N_ACTS: creates the SA
 * @side: which of these it is
 * @thread: who
 * @go: it may begin
 * @done: it has ended
 * @at: when to begin, nanoseconds
 * @began: when it did
 * @ended: when it had ended
 * @nl: where the kernel's answers to its messages are
 * @seqs: their numbers
 * @n: how many
 * @err: 0 or the first errno that it got
 * @last_err: the same of its last message
 * @name: of @err, or another word
 */
struct racer {
	struct scene *scene;
	enum act act;
	unsigned int side;
	pthread_t thread;
	sem_t go, done;
	int64_t at, began, ended;
	struct nl *nl;
	uint32_t seqs[2];
	unsigned int n;
	int err, last_err;
	const char *name;
};

/**
 * struct scene - all that a round needs
 * @pair: which
 * @ko: the module
 * @round: number
 * @managers: sockets of the manager, and of another one
 * @registered: is that one registered?
 * @admins: sockets for commands, of each side, and of who prepares
 * @sas: sockets of XFRM, of each side, of who creates, and of who prepares
 * @space: socket of XFRM in the namespace that goes
 * @spi: of the SA
 * @creator_spi: the same, or of another one that is created during the acts
 * @creating: an SA is being created
 * @created: it was, or not
 * @opened: when the question came, nanoseconds
 * @deadline: about when the question's is, nanoseconds
 * @racers: both sides, and who creates
 * @lives: the SA was there at the end
 * @wrong_key: with another key than it should have
 * @pending: questions open at the end
 */
struct scene {
	const struct pair *pair;
	const char *ko;
	unsigned long round;
	struct kmtia_sock managers[2];
	bool registered[2];
	struct kmtia_sock admins[3];
	struct sa_sock sas[4];
	struct sa_sock space;
	uint32_t spi, creator_spi;
	bool creating;
	sem_t created;
	int64_t opened, deadline;
	struct racer racers[3];
	bool lives, wrong_key;
	uint32_t pending;
};

static inline bool pair_has(const struct pair *pair, enum act act)
{
	return pair->a == act || pair->b == act;
}

/* --- acts.c --------------------------------------------------------------------- */

int64_t now_ns(void);
void sleep_until(int64_t at);
void act_run(struct racer *r);
void act_result(struct racer *r);
void scene_key(const struct scene *s, unsigned int side, uint8_t key[KEY_BYTES]);

/* --- scene.c -------------------------------------------------------------------- */

uint32_t rule_timeout(const struct pair *pair);
void scene_begin(struct scene *s, const struct pair *pair);
void scene_prepare(struct scene *s);
void scene_start_creator(struct scene *s, int64_t at);
bool scene_too_slow(const struct scene *s);
void scene_collect(struct scene *s);
void scene_restore(struct scene *s);
void scene_end(struct scene *s);

/* --- pairs.c -------------------------------------------------------------------- */

extern const struct pair pairs[];
extern const unsigned int n_pairs;

void classify(const struct scene *s, char text[MAX_OUTCOME_LEN]);

#endif /* SCENE_H */
