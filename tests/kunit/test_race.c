// SPDX-License-Identifier: GPL-2.0
/*
 * Two ends of a request at the same time, by two threads: exactly one wins, and
 * each of them often.
 */
#include "fake_clock.h"
#include "request_scene.h"

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched/task.h>

#define ENOUGH		100	/* rounds that each of the two has won */
#define ROUNDS		20000	/* of each pair, at most */

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
 * @late: how much longer this one waits
 * @wins: how often it was first
 */
struct racer {
	struct task_struct *task;
	const struct end *end;
	struct scene *scene;
	int result;
	struct completion go;
	struct completion done;
	atomic_t *line;
	unsigned int late;
	unsigned int wins;
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
		for (i = 0; i < r->late; i++)
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

/* Which of the two has won? Both can't, nor neither (NULL): an end that says so
 * has, and one that does not say so has if the state is its own and the other's is
 * not.
 */
static struct racer *race_winner(struct racer *a, struct racer *b,
				 enum kmtia_request_state state)
{
	bool a_may = state == a->end->state && a->result == a->end->won;
	bool b_may = state == b->end->state && b->result == b->end->won;
	bool a_lost = a->result == a->end->lost;
	bool b_lost = b->result == b->end->lost;

	if (a_may && b_lost)
		return a;
	return b_may && a_lost ? b : NULL;
}

/* Do the state and the results say which one it was? */
static bool winner_is_told(const struct end *a, const struct end *b)
{
	return a->state != b->state || a->won != a->lost || b->won != b->lost;
}

static void race_round(struct kunit *test, struct scene *s, struct racer *a,
		       struct racer *b)
{
	struct racer *winner;

	atomic_set(&s->fd->d.open, 0);
	memset(s->fd->d.key_buf, 0, FAKE_MAX_KEY);
	scene_ask(test, s);
	racers_go(a, b, s);
	winner = race_winner(a, b, s->req->state);
	KUNIT_EXPECT_NOT_NULL(test, winner);
	if (winner)
		winner->wins++;
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

/* Whoever has won more often is late: the more, the longer. */
static void race_handicap(struct racer *leads, struct racer *lags)
{
	unsigned int lead = min(leads->wins - lags->wins, 100U);

	leads->late = get_random_u32() % (64 * lead * lead + 1);
	lags->late = 0;
}

static void race_pair(struct kunit *test, struct scene *s, struct racer *a,
		      struct racer *b)
{
	bool told = winner_is_told(a->end, b->end);
	unsigned int i;

	a->late = 0;
	b->late = 0;
	a->wins = 0;
	b->wins = 0;
	for (i = 0; i < ROUNDS; i++) {
		if (told ? min(a->wins, b->wins) >= ENOUGH : i >= 2 * ENOUGH)
			break;
		if (told && a->wins > b->wins)
			race_handicap(a, b);
		else if (told)
			race_handicap(b, a);
		race_round(test, s, i % 2 ? a : b, i % 2 ? b : a);
		expect_registered(test, s);
	}
	KUNIT_EXPECT_LT(test, i, ROUNDS);
	kunit_info(test, "%s %u, %s %u%s\n", a->end->name, a->wins,
		   b->end->name, b->wins, told ? "" : ", as far as can be told");
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
