// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two acts at the same time, again and again, until each outcome that the table lists
 * was seen often enough; see Documentation/testing.rst.
 */
#define _GNU_SOURCE
#include "scene.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENOUGH 100
#define ENOUGH_UNLOAD 20 /* loading the module takes long */
#define MAX_FAULTS 3
#define LEAD 2000000 /* nanoseconds until two threads run */
#define SPREAD 12000000
#define SPREAD_UNLOAD 100000000

static unsigned int widen_us = 400;
static unsigned int limit_s = 600;

/**
 * struct run - the rounds of a pair
 * @entry: what the table says
 * @overlaps: rounds in which the acts were under way at the same time
 * @faults: rounds of which the outcome is not in the table
 * @slow: rounds that took too long to tell
 * @rounds: all of them
 * @needed: how often each outcome must be seen
 * @spread: how much sooner or later the second begins, at most, nanoseconds
 */
struct run {
	struct entry *entry;
	unsigned int overlaps, faults, slow, rounds;
	unsigned int needed;
	long spread;
};

/* --- When who begins -------------------------------------------------------------- */

static long around(long middle, long spread)
{
	return middle - spread + (long)((double)random() / RAND_MAX * 2 * (double)spread);
}

static const struct outcome *rarest(const struct run *run)
{
	const struct outcome *found = run->entry->outcomes;
	unsigned int i;

	for (i = 1; i < run->entry->n; i++)
		if (run->entry->outcomes[i].count < found->count)
			found = &run->entry->outcomes[i];
	return found;
}

/* At random; or together, if that is what lacks; or about as it was when that came of it
 * which is rarest yet
 */
static struct skew skew_choose(const struct run *run)
{
	const struct outcome *o = rarest(run);
	struct skew middle = { 0, 0 };
	long spread = run->spread;
	unsigned int known;

	if (run->overlaps < o->count) {
		spread /= 8;
	} else if (o->count && random() % 3) {
		known = o->count < MAX_SKEWS ? o->count : MAX_SKEWS;
		middle = o->skews[random() % known];
		spread /= 8;
	}
	return (struct skew){ around(middle.second, spread), around(middle.creator, spread) };
}

/* --- A round ------------------------------------------------------------------------- */

static void *racer_thread(void *data)
{
	struct racer *r = data;

	for (;;) {
		sem_wait(&r->go);
		act_run(r);
		if (r->act == N_ACTS)
			sem_post(&r->scene->created);
		sem_post(&r->done);
	}
	return NULL;
}

static void acts_meet(struct scene *s, struct skew skew)
{
	const struct pair *pair = s->pair;
	int64_t start = now_ns() + LEAD;

	if (pair_has(pair, DEADLINE))
		start = s->deadline;
	s->racers[SIDE_A].at = start - skew.second / (pair->b == DEADLINE ? 1 : 2);
	s->racers[SIDE_B].at = start + skew.second / (pair->a == DEADLINE ? 1 : 2);
	if (pair->creator)
		scene_start_creator(s, start + skew.creator);
	sem_post(&s->racers[SIDE_A].go);
	sem_post(&s->racers[SIDE_B].go);
	sem_wait(&s->racers[SIDE_A].done);
	sem_wait(&s->racers[SIDE_B].done);
	if (!s->creating)
		return;
	sem_wait(&s->racers[CREATOR].done);
	if (!pair_has(pair, DEADLINE))
		sem_wait(&s->created);
}

static bool acts_overlapped(const struct scene *s)
{
	const struct racer *a = &s->racers[SIDE_A], *b = &s->racers[SIDE_B];

	return a->began < b->ended && b->began < a->ended;
}

static void round_count(struct run *run, const char *text, struct skew skew)
{
	struct outcome *o = table_outcome(run->entry, text);

	if (o) {
		o->skews[o->count++ % MAX_SKEWS] = skew;
		return;
	}
	printf("# not in the table: %s\n", text);
	run->faults++;
}

static void round_run(struct scene *s, struct run *run)
{
	char text[MAX_OUTCOME_LEN];
	struct skew skew = skew_choose(run);

	scene_prepare(s);
	module_widen(widen_us);
	acts_meet(s, skew);
	module_widen(0);
	run->rounds++;
	run->overlaps += acts_overlapped(s);
	scene_collect(s);
	classify(s, text);
	if (scene_too_slow(s))
		run->slow++;
	else
		round_count(run, text, skew);
	scene_restore(s);
}

/* --- A pair -------------------------------------------------------------------------- */

static bool run_enough(const struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->entry->n; i++)
		if (run->entry->outcomes[i].count < run->needed)
			return false;
	return run->overlaps >= run->needed;
}

static void run_report(const struct scene *s, const struct run *run, int64_t start, bool passed)
{
	static unsigned int number = 1;
	unsigned int i;

	printf("%s %u - %s and %s\n", passed ? "ok" : "not ok", ++number,
	       act_names[s->pair->a], act_names[s->pair->b]);
	for (i = 0; i < run->entry->n; i++)
		printf("# %5u %s\n", run->entry->outcomes[i].count, run->entry->outcomes[i].text);
	printf("# %5u not in the table\n", run->faults);
	if (run->slow)
		printf("# %5u took too long to tell\n", run->slow);
	printf("# %5u rounds, of which %u with both at once, %.1f s\n", run->rounds,
	       run->overlaps, (double)(now_ns() - start) / 1e9);
	fflush(stdout);
}

static bool pair_run(struct scene *s, const struct pair *pair)
{
	struct run run = {
		.entry = table_entry(pair->a, pair->b),
		.needed = pair_has(pair, UNLOAD) ? ENOUGH_UNLOAD : ENOUGH,
		.spread = pair_has(pair, UNLOAD) ? SPREAD_UNLOAD : SPREAD,
	};
	int64_t start = now_ns();
	bool passed;

	scene_begin(s, pair);
	while (run.faults < MAX_FAULTS && !run_enough(&run) &&
	       now_ns() - start < (int64_t)limit_s * 1000000000)
		round_run(s, &run);
	scene_end(s);
	passed = !run.faults && run_enough(&run) && run.entry->n;
	run_report(s, &run, start, passed);
	return passed;
}

/* --- All of them ---------------------------------------------------------------------- */

static void racers_start(struct scene *s)
{
	unsigned int i;

	sem_init(&s->created, 0, 0);
	for (i = 0; i < 3; i++) {
		struct racer *r = &s->racers[i];

		r->scene = s;
		r->side = i;
		r->act = N_ACTS;
		sem_init(&r->go, 0, 0);
		sem_init(&r->done, 0, 0);
		if (pthread_create(&r->thread, NULL, racer_thread, r))
			die("no thread");
	}
}

static void usage(void)
{
	fputs("usage: race [-w ACT]... [-x ACT] [-t SECONDS] [-u MICROSECONDS] MODULE TABLE\n"
	      "Runs all pairs of the table, or those with (-w) or without (-x) an act.\n"
	      "-t is the limit for a pair, -u how long to stay at most where threads may meet.\n",
	      stderr);
	exit(2);
}

struct choice {
	const char *with[2], *without;
	unsigned int n;
};

static bool chosen(const struct choice *choice, const struct pair *pair)
{
	const char *a = act_names[pair->a], *b = act_names[pair->b];
	unsigned int i;

	for (i = 0; i < choice->n; i++)
		if (strcmp(choice->with[i], a) != 0 && strcmp(choice->with[i], b) != 0)
			return false;
	return !choice->without ||
	       (strcmp(choice->without, a) != 0 && strcmp(choice->without, b) != 0);
}

static void options(int argc, char **argv, struct choice *choice)
{
	int opt;

	while ((opt = getopt(argc, argv, "w:x:t:u:")) != -1) {
		switch (opt) {
		case 'w':
			if (choice->n == 2)
				usage();
			choice->with[choice->n++] = optarg;
			break;
		case 'x':
			choice->without = optarg;
			break;
		case 't':
			limit_s = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'u':
			widen_us = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2)
		usage();
}

/* The table has each pair, and this program those of which it gives outcomes. */
static bool table_fits(void)
{
	unsigned int i, missing = table_missing();

	for (i = 0; i < n_pairs; i++) {
		if (table_entry(pairs[i].a, pairs[i].b)->n)
			continue;
		printf("# %s %s: no outcome\n", act_names[pairs[i].a], act_names[pairs[i].b]);
		missing++;
	}
	printf("%s 1 - the table says of each pair what may come of it\n",
	       missing ? "not ok" : "ok");
	return !missing;
}

int main(int argc, char **argv)
{
	static struct scene scene;
	struct choice choice = {};
	unsigned int i, n = 1;
	bool passed;

	options(argc, argv, &choice);
	scene.ko = argv[optind];
	table_read(argv[optind + 1]);
	passed = table_fits();
	if (access("/run/vm/vars", F_OK))
		die("this would change this machine's IPsec: run it with tests/vm/run");
	if (unshare(CLONE_NEWNET))
		die("unshare: %s", strerror(errno));
	racers_start(&scene);
	for (i = 0; i < n_pairs; i++) {
		if (!chosen(&choice, &pairs[i]))
			continue;
		passed &= pair_run(&scene, &pairs[i]);
		n++;
	}
	printf("1..%u\n", n);
	passed &= module_users() < 0 || !module_unload();
	return passed ? 0 : 1;
}
