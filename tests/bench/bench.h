/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of the benchmark have in common. With QEMU's -icount shift=0 a nanosecond
 * is an instruction of the guest.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline void bench_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static inline uint64_t bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* What this thread has used, in the kernel too */
static inline uint64_t bench_own(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The least mean time of a round of @n calls, in nanoseconds; one round more comes first, which
 * loads what must be loaded. */
static inline uint64_t bench_least(void (*once)(void *arg), void *arg, unsigned int n,
				   unsigned int rounds)
{
	uint64_t least = UINT64_MAX, start, ns;
	unsigned int i, round;

	for (round = 0; round <= rounds; round++) {
		start = bench_now();
		for (i = 0; i < n; i++)
			once(arg);
		ns = (bench_now() - start) / n;
		if (round && ns < least)
			least = ns;
	}
	return least;
}

static inline void bench_print(const char *name, uint64_t ns)
{
	printf("%s %llu\n", name, (unsigned long long)ns);
	fflush(stdout);
}

#endif
