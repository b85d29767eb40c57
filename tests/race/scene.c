// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scene is set before each round, and brought back to how it was.
 */
#define _GNU_SOURCE
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GRACE 60000 /* milliseconds */
#define FAR 10000   /* milliseconds: a deadline that does not come */
#define NEAR 40
#define NEAR_UNLOAD 200
#define BYSTANDER 0x80000000 /* bit of its SPI */
#define MEANWHILE 0x40000000 /* the same of an SA that is created during the acts */

static void must(struct nl *nl, struct msg *m, const char *what)
{
	int err = nl_call(nl, m);

	if (err)
		die("%s: %s", what, strerrorname_np(err));
}

uint32_t rule_timeout(const struct pair *pair)
{
	if (!pair_has(pair, DEADLINE))
		return FAR;
	return pair->b == UNLOAD ? NEAR_UNLOAD : NEAR;
}

static void rule_ensure(struct scene *s)
{
	const struct pair *pair = s->pair;
	struct msg m;

	rule_add_msg(&m, RULE_PRIORITY, pair->on_failure, rule_timeout(pair), true);
	must(&s->admins[2].nl, &m, "rule-add");
}

/* --- Managers --------------------------------------------------------------------- */

static void manager_ensure(struct scene *s, unsigned int i)
{
	struct kmtia_sock *manager = &s->managers[i];
	struct msg m;

	if (manager->nl.fd < 0)
		family_open(manager);
	if (s->registered[i])
		return;
	manager_add_msg(&m, i ? UUID_OTHER : UUID, s->pair->grace ? GRACE : 0);
	must(&manager->nl, &m, "manager-add");
	s->registered[i] = true;
	if (!s->pair->grace)
		return;
	secret_msg(&m, REQID_OTHER);
	must(&manager->nl, &m, "secret-set");
}

/* Whoever is registered, and what is left of them */
static void managers_end(struct scene *s)
{
	unsigned int i;
	struct msg m;

	for (i = 0; i < 2; i++) {
		manager_del_msg(&m, i ? UUID_OTHER : UUID);
		nl_call(&s->admins[2].nl, &m);
		nl_drain(&s->managers[i].nl);
		s->registered[i] = false;
	}
}

/* --- A network namespace ------------------------------------------------------------ */

/* With an SA that a standing secret has keyed, so that all workers have work */
static void space_fill(struct scene *s)
{
	struct kmtia_sock *manager = &s->managers[1];
	struct msg m;

	manager_add_msg(&m, UUID, GRACE);
	must(&manager->nl, &m, "manager-add");
	secret_msg(&m, REQID);
	must(&manager->nl, &m, "secret-set");
	rule_add_msg(&m, RULE_PRIORITY, KMTIA_FAILURE_ACTION_REJECT, FAR, false);
	must(&manager->nl, &m, "rule-add");
	sa_new_msg(&m, s->spi, REQID);
	must(&s->space.nl, &m, "NEWSA");
	sa_del_msg(&m, s->spi);
	must(&s->space.nl, &m, "DELSA");
	sa_new_msg(&m, ++s->spi, REQID);
	must(&s->space.nl, &m, "NEWSA");
}

/* Two sockets keep it, and nothing else. */
static void space_new(struct scene *s)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0 || unshare(CLONE_NEWNET))
		die("unshare: %s", strerror(errno));
	nl_close(&s->managers[1].nl);
	family_open(&s->managers[1]);
	sa_open(&s->space);
	if (setns(home, CLONE_NEWNET))
		die("setns: %s", strerror(errno));
	close(home);
	space_fill(s);
}

/* --- Before a pair, and after it ------------------------------------------------------ */

static void sockets_open(struct scene *s)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		family_open(&s->admins[i]);
	for (i = 0; i < 2; i++) {
		family_open(&s->managers[i]);
		s->registered[i] = false;
	}
	for (i = 0; i < 4; i++)
		sa_open(&s->sas[i]);
	s->space.nl.fd = -1;
}

void scene_begin(struct scene *s, const struct pair *pair)
{
	s->pair = pair;
	s->round = 0;
	s->racers[SIDE_A].act = pair->a;
	s->racers[SIDE_B].act = pair->b;
	if (module_users() < 0)
		module_load(s->ko);
	sockets_open(s);
	rule_ensure(s);
}

void scene_end(struct scene *s)
{
	unsigned int i;
	struct msg m;

	rules_flush(&s->admins[2]);
	sa_flush_msg(&m);
	must(&s->sas[3].nl, &m, "FLUSHSA");
	for (i = 0; i < 3; i++)
		nl_close(&s->admins[i].nl);
	for (i = 0; i < 2; i++)
		nl_close(&s->managers[i].nl);
	for (i = 0; i < 4; i++)
		nl_close(&s->sas[i].nl);
}

/* --- Before a round -------------------------------------------------------------------- */

static void creator_start(struct scene *s, uint32_t spi, int64_t at)
{
	s->creating = true;
	s->creator_spi = spi;
	s->racers[CREATOR].at = at;
	sem_post(&s->racers[CREATOR].go);
}

void scene_start_creator(struct scene *s, int64_t at)
{
	creator_start(s, s->spi | MEANWHILE, at);
}

static void bystander_ensure(struct scene *s)
{
	struct msg m;

	sa_new_msg(&m, s->spi | BYSTANDER, REQID_OTHER);
	must(&s->sas[3].nl, &m, "NEWSA");
}

static void question_open(struct scene *s)
{
	unsigned int i, n = s->pair->both ? 2 : 1;

	creator_start(s, s->spi, 0);
	for (i = 0; i < n; i++)
		wait_question(&s->managers[i]);
	s->opened = now_ns();
	s->deadline = s->opened + (int64_t)rule_timeout(s->pair) * 1000000;
}

static void sa_make(struct scene *s)
{
	uint8_t key[KEY_BYTES];
	struct msg m;

	question_open(s);
	scene_key(s, SIDE_A, key);
	answer_msg(&m, s->managers[0].question, key);
	must(&s->managers[0].nl, &m, "dictate-reply");
	sem_wait(&s->racers[CREATOR].done);
	sem_wait(&s->created);
	s->creating = false;
	act_result(&s->racers[CREATOR]);
	if (s->racers[CREATOR].err)
		die("an SA is not made: %s", s->racers[CREATOR].name);
}

static void managers_ensure(struct scene *s)
{
	const struct pair *pair = s->pair;
	struct msg m;

	if (pair->kind == SPACE || (pair->a == RULE && pair->b == RULE))
		return;
	manager_ensure(s, 0);
	if (pair->both)
		manager_ensure(s, 1);
	/* One that has missed a deadline is asked again when it was heard. */
	if (!pair_has(pair, DEADLINE))
		return;
	hello_msg(&m);
	nl_call(&s->managers[0].nl, &m);
}

void scene_prepare(struct scene *s)
{
	const struct pair *pair = s->pair;
	unsigned int i;

	s->round++;
	s->spi++;
	s->lives = false;
	if (module_users() < 0) {
		module_load(s->ko);
		s->registered[0] = false;
		s->registered[1] = false;
		rule_ensure(s);
	} else if (pair_has(pair, RULE)) {
		rule_ensure(s);
	}
	managers_ensure(s);
	for (i = 0; i < 2; i++)
		s->managers[i].question = 0;
	if (pair->bystander)
		bystander_ensure(s);
	if (pair->kind == OPEN)
		question_open(s);
	else if (pair->kind == LIVE)
		sa_make(s);
	else if (pair->kind == SPACE)
		space_new(s);
}

/* --- After a round ---------------------------------------------------------------------- */

/* Who is registered now */
static void registrations_note(struct scene *s, const struct racer *r)
{
	const struct pair *pair = s->pair;

	if (r->act == CLOSE && pair->kind != SPACE)
		s->registered[pair->both && r->side == SIDE_B] = false;
	if (r->act == REGISTER && r->nl == &s->managers[0].nl)
		s->registered[0] = !r->last_err;
	if (r->act == REGISTER && r->nl == &s->managers[1].nl)
		s->registered[1] = !r->last_err;
}

/* The key is the one that it must be: that of the answer that came first, or the
 * keying module's own
 */
static void key_check(struct scene *s)
{
	uint8_t key[KEY_BYTES];
	unsigned int i;

	sa_own_key(s->spi, key);
	if (s->pair->kind == LIVE)
		scene_key(s, SIDE_A, key);
	for (i = 0; i < 2; i++)
		if (s->racers[i].act == ANSWER && !s->racers[i].err)
			scene_key(s, i, key);
	s->wrong_key = memcmp(key, s->sas[3].key, KEY_BYTES);
}

/* On a host that is too busy even a deadline that does not come may come. */
bool scene_too_slow(const struct scene *s)
{
	return s->creating && s->pair->kind == OPEN && !pair_has(s->pair, DEADLINE) &&
	       s->racers[CREATOR].ended - s->opened > (int64_t)FAR * 900000;
}

/* Reads all that was said */
void scene_collect(struct scene *s)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		act_result(&s->racers[i]);
		registrations_note(s, &s->racers[i]);
	}
	if (s->creating)
		act_result(&s->racers[CREATOR]);
	s->wrong_key = false;
	s->lives = s->pair->kind != SPACE && sa_key(&s->sas[3], s->spi);
	if (s->lives)
		key_check(s);
	s->pending = module_users() < 0 ? 0 : stats_pending(&s->admins[2]);
}

void scene_restore(struct scene *s)
{
	const struct pair *pair = s->pair;
	unsigned int i;
	struct msg m;

	s->creating = false;
	if (pair->creator) {
		sa_del_msg(&m, s->creator_spi);
		nl_call(&s->sas[3].nl, &m);
	}
	if (s->lives) {
		sa_del_msg(&m, s->spi);
		must(&s->sas[3].nl, &m, "DELSA");
	}
	if (pair->b == UNLOAD && module_users() >= 0) {
		rule_del_msg(&m, RULE_PRIORITY + 1);
		nl_call(&s->admins[2].nl, &m);
	}
	if (module_users() >= 0 && pair_has(pair, REGISTER) && pair->kind != SPACE &&
	    (s->registered[1] || pair->grace))
		managers_end(s);
	for (i = 0; i < 2; i++)
		nl_drain(&s->managers[i].nl);
	for (i = 0; i < 4; i++)
		nl_drain(&s->sas[i].nl);
}
