/* SPDX-License-Identifier: GPL-2.0 */
/* How long answers take */
#ifndef _KMTIA_HISTOGRAM_H
#define _KMTIA_HISTOGRAM_H

#include <linux/atomic.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#define KMTIA_TIME_SHIFT	6	/* the first class: less than 64 us */
#define KMTIA_N_TIMES		18	/* the last but one: less than 4.2 s */

/**
 * struct kmtia_histogram - answers by the time that they took
 * @counts: of the class i, less than 64 << i microseconds and not of one before;
 *	of the last one all others
 */
struct kmtia_histogram {
	atomic64_t counts[KMTIA_N_TIMES];
};

/**
 * kmtia_histogram_add() - count an answer
 * @histogram: where
 * @ns: how long it took, nanoseconds
 */
static inline void kmtia_histogram_add(struct kmtia_histogram *histogram,
				       u64 ns)
{
	u64 units = div_u64(ns, NSEC_PER_USEC) >> KMTIA_TIME_SHIFT;
	unsigned int class = units ? ilog2(units) + 1 : 0;

	class = min_t(unsigned int, class, KMTIA_N_TIMES - 1);
	atomic64_inc(&histogram->counts[class]);
}

#endif /* _KMTIA_HISTOGRAM_H */
