// SPDX-License-Identifier: GPL-2.0-only
/*
 * The acts. They only send: what the kernel answered is read when both are over, so
 * that two may use one socket.
 */
#define _GNU_SOURCE
#include "scene.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SPIN 200000		/* nanoseconds; a thread wakes later than it should */
#define BEFORE_DEADLINE 2000000 /* likewise; of who waits for it */

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void sleep_until(int64_t at)
{
	int64_t early = at - SPIN;
	struct timespec t = { .tv_sec = early / 1000000000, .tv_nsec = early % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	while (now_ns() < at)
		;
}

/* The key that a side dictates */
void scene_key(const struct scene *s, unsigned int side, uint8_t key[KEY_BYTES])
{
	memset(key, 0xa0 + (int)side, KEY_BYTES);
	memcpy(key, &s->spi, sizeof(s->spi));
}

static void act_send(struct racer *r, struct nl *nl, struct msg *m)
{
	int err;

	r->nl = nl;
	err = nl_send(nl, m, &r->seqs[r->n]);
	if (err && !r->err)
		r->err = err;
	r->n += !err;
}

/* Who has no registration makes one: of the same manager, where the pair is about who
 * of two gets it.
 */
static void act_register(struct racer *r)
{
	const struct pair *pair = r->scene->pair;
	struct scene *s = r->scene;
	struct msg m;

	if (r->side == SIDE_B || pair->b == CLOSE || pair->b == UNLOAD) {
		manager_add_msg(&m, pair->b == UNLOAD ? UUID_OTHER : UUID, 0);
		act_send(r, &s->managers[1].nl, &m);
		return;
	}
	manager_del_msg(&m, UUID);
	act_send(r, &s->managers[0].nl, &m);
	manager_add_msg(&m, UUID, 0);
	act_send(r, &s->managers[0].nl, &m);
}

/* Replaced in place, or taken away, which removes the hook, and made again */
static void act_rule(struct racer *r)
{
	const struct pair *pair = r->scene->pair;
	struct nl *nl = &r->scene->admins[r->side].nl;
	bool replace = pair->a == pair->b ? r->side == SIDE_A : r->scene->round % 2;
	struct msg m;

	if (pair->b == UNLOAD) {
		rule_add_msg(&m, RULE_PRIORITY + 1, KMTIA_FAILURE_ACTION_REJECT, 1000, false);
		act_send(r, nl, &m);
		return;
	}
	if (!replace) {
		rule_del_msg(&m, RULE_PRIORITY);
		act_send(r, nl, &m);
	}
	rule_add_msg(&m, RULE_PRIORITY, pair->on_failure, rule_timeout(pair), replace);
	act_send(r, nl, &m);
}

static void act_answer(struct racer *r)
{
	struct scene *s = r->scene;
	uint8_t key[KEY_BYTES];
	struct msg m;

	scene_key(s, r->side, key);
	answer_msg(&m, s->managers[0].question, key);
	act_send(r, &s->managers[0].nl, &m);
}

/* It comes by itself; this waits until the SA's creator knows. */
static void act_deadline(struct racer *r)
{
	sem_wait(&r->scene->created);
}

static void act_delete(struct racer *r)
{
	struct msg m;

	sa_del_msg(&m, r->scene->spi);
	act_send(r, &r->scene->sas[r->side].nl, &m);
}

static void act_flush(struct racer *r)
{
	struct msg m;

	sa_flush_msg(&m);
	act_send(r, &r->scene->sas[r->side].nl, &m);
}

static void act_close(struct racer *r)
{
	const struct pair *pair = r->scene->pair;
	bool other = pair->kind == SPACE || (pair->both && r->side == SIDE_B);

	nl_close(&r->scene->managers[other].nl);
}

/* The last who keeps the namespace lets go of it; then it goes, with its rule, which
 * held the module.
 */
static void act_netns(struct racer *r)
{
	struct scene *s = r->scene;

	nl_close(&s->space.nl);
	if (s->pair->b == UNLOAD)
		nl_close(&s->managers[1].nl);
	while (module_users() > 0)
		usleep(500);
}

/* A namespace takes its time to go: every other time at once when it lets the module go */
static void act_unload(struct racer *r)
{
	bool again = r->scene->pair->a == NETNS && r->scene->round % 2;

	do
		r->err = module_unload();
	while (r->err == EAGAIN && again);
}

static void act_create(struct racer *r)
{
	struct sa_sock *sa = &r->scene->sas[CREATOR];
	struct msg m;

	sa_new_msg(&m, r->scene->creator_spi, REQID);
	r->err = nl_call(&sa->nl, &m);
}

static void (*const acts[])(struct racer *r) = {
	[REGISTER] = act_register,
	[RULE] = act_rule,
	[ANSWER] = act_answer,
	[DEADLINE] = act_deadline,
	[DELETE] = act_delete,
	[FLUSH] = act_flush,
	[CLOSE] = act_close,
	[NETNS] = act_netns,
	[UNLOAD] = act_unload,
	[N_ACTS] = act_create,
};

void act_run(struct racer *r)
{
	r->nl = NULL;
	r->n = 0;
	r->err = 0;
	r->last_err = 0;
	sleep_until(r->act == DEADLINE ? r->scene->deadline - BEFORE_DEADLINE : r->at);
	r->began = now_ns();
	acts[r->act](r);
	r->ended = now_ns();
}

static bool act_tells(enum act act)
{
	return act != DEADLINE && act != CLOSE && act != NETNS;
}

/* What the kernel answered. A socket that is closed meanwhile does not tell. */
void act_result(struct racer *r)
{
	unsigned int i;

	r->name = NULL;
	if (r->nl && r->nl->fd < 0) {
		r->name = r->err ? strerrorname_np(r->err) : "sent";
		return;
	}
	for (i = 0; i < r->n; i++) {
		r->last_err = nl_wait(r->nl, r->seqs[i]);
		if (!r->err)
			r->err = r->last_err;
	}
	if (act_tells(r->act))
		r->name = r->err ? strerrorname_np(r->err) : "ok";
}
