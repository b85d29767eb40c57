// SPDX-License-Identifier: GPL-2.0
/*
 * Two ends of a request at the same time, by two threads: exactly one wins.
 */
#include "fake_clock.h"
#include "request_scene.h"

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>

#define ROUNDS		200	/* of each pair */

/* Of who waits at the line: where there is one processor the other does not come
 * before this one is done.
 */
#define PATIENCE	(num_online_cpus() > 1 ? 10000 : 0)

/**
 * struct racer - a thread that ends requests
 * @task: it
 * @end: how
 * @scene: which; NULL to stop
 * @result: what the end returned
 * @go: there is a scene
 * @done: there was
 * @line: both wait here for each other, for a while
 */
struct racer {
	struct task_struct *task;
	const struct end *end;
	struct scene *scene;
	int result;
	struct completion go;
	struct completion done;
	atomic_t *line;
};

static int racer_run(void *data)
{
	struct racer *r = data;
	unsigned int i;

	for (;;) {
		wait_for_completion(&r->go);
		if (!r->scene)
			break;
		atomic_dec(r->line);
		for (i = 0; atomic_read(r->line) && i < PATIENCE; i++)
			cpu_relax();
		r->result = r->end->run(r->scene);
		complete(&r->done);
	}
	return 0;
}

static void racer_start(struct kunit *test, struct racer *r, atomic_t *line)
{
	init_completion(&r->go);
	init_completion(&r->done);
	r->line = line;
	r->task = kthread_run(racer_run, r, "kmtia-racer");
	KUNIT_ASSERT_FALSE(test, IS_ERR(r->task));
	get_task_struct(r->task);
}

/* Until the thread is out of the module's code */
static void racer_stop(struct racer *r)
{
	r->scene = NULL;
	complete(&r->go);
	kthread_stop(r->task);
	put_task_struct(r->task);
}

/* @a is woken first */
static void racers_go(struct racer *a, struct racer *b, struct scene *s)
{
	a->scene = s;
	b->scene = s;
	atomic_set(a->line, 2);
	complete(&a->go);
	complete(&b->go);
	wait_for_completion(&a->done);
	wait_for_completion(&b->done);
}

/* Which of the two has won? Both can't, nor neither: an end that says so has, and
 * one that does not say so has if the state is its own and the other's is not.
 */
static bool race_has_one_winner(struct racer *a, struct racer *b,
				enum kmtia_request_state state)
{
	bool a_may = state == a->end->state && a->result == a->end->won;
	bool b_may = state == b->end->state && b->result == b->end->won;
	bool a_lost = a->result == a->end->lost;
	bool b_lost = b->result == b->end->lost;

	return (a_may && b_lost) || (b_may && a_lost);
}

static void race_round(struct kunit *test, struct scene *s, struct racer *a,
		       struct racer *b)
{
	atomic_set(&s->fd->d.open, 0);
	memset(s->fd->d.key_buf, 0, FAKE_MAX_KEY);
	scene_ask(test, s);
	racers_go(a, b, s);
	KUNIT_EXPECT_TRUE(test, race_has_one_winner(a, b, s->req->state));
	KUNIT_EXPECT_EQ(test, atomic_read(&s->fd->d.open), 0);
	kmtia_request_finish(s->req);
	KUNIT_EXPECT_EQ(test, refcount_read(&s->req->ref), 1);
	kmtia_request_put(s->req);
	s->reg->registry.draining = false;
}

static void expect_registered(struct kunit *test, struct scene *s)
{
	if (!s->fake->m->dead) {
		KUNIT_EXPECT_EQ(test, fake_manager_refs(s->fake), 2);
		return;
	}
	KUNIT_EXPECT_EQ(test, fake_manager_refs(s->fake), 1);
	kmtia_manager_put(s->fake->m);
	s->fake = fake_manager_add(s->reg, 1);
}

static void race_pair(struct kunit *test, struct scene *s, struct racer *a,
		      struct racer *b)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		race_round(test, s, i % 2 ? a : b, i % 2 ? b : a);
		expect_registered(test, s);
	}
}

/* Each with itself and those after it: so each pair meets once. */
static void race_desc(const struct end *end, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", end->name);
}

KUNIT_ARRAY_PARAM(race, scene_ends, race_desc);

static void one_winner(struct kunit *test)
{
	const struct end *end = test->param_value, *other;
	struct racer a = { .end = end }, b = {};
	atomic_t line = ATOMIC_INIT(0);
	struct scene s;

	scene_begin(test, &s);
	kmtia_request_finish(s.req);
	kmtia_request_put(s.req);
	racer_start(test, &a, &line);
	racer_start(test, &b, &line);
	for (other = end; other < scene_ends + N_ENDS; other++) {
		b.end = other;
		race_pair(test, &s, &a, &b);
	}
	racer_stop(&a);
	racer_stop(&b);
	kmtia_manager_put(s.fake->m);
}

/* --- The suite ---------------------------------------------------------------------- */

static int race_init(struct kunit *test)
{
	fake_clock_begin();
	test->priv = fake_registry_new(test);
	return 0;
}

static void race_exit(struct kunit *test)
{
	fake_registry_end(test->priv);
	fake_clock_end();
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE_PARAM(one_winner, race_gen_params),
	{}
};

static struct kunit_suite kmtia_race_suite = {
	.name = "kmtia_race",
	.init = race_init,
	.exit = race_exit,
	.test_cases = race_cases,
};

kunit_test_suite(kmtia_race_suite);
