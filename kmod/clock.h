/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The time that a decision lives by, and its timer: all of it goes through here,
 * so that the unit tests have a clock that stands still until they move it.
 */
#ifndef _KMTIA_CLOCK_H
#define _KMTIA_CLOCK_H

#include <linux/jiffies.h>
#include <linux/timer.h>

#ifdef KMTIA_KUNIT
unsigned long kmtia_clock_now(void);
void kmtia_clock_start(struct timer_list *timer, unsigned long expires);
void kmtia_clock_stop(struct timer_list *timer);
#else
/**
 * kmtia_clock_now() - what time is it?
 *
 * Return: jiffies.
 */
static inline unsigned long kmtia_clock_now(void)
{
	return jiffies;
}

/**
 * kmtia_clock_start() - start a timer, or set it anew
 * @timer: the timer
 * @expires: when its function is called, jiffies
 */
static inline void kmtia_clock_start(struct timer_list *timer,
				     unsigned long expires)
{
	mod_timer(timer, expires);
}

/**
 * kmtia_clock_stop() - stop a timer
 * @timer: the timer; its function does not run any more when this returns
 *
 * Context: process.
 */
static inline void kmtia_clock_stop(struct timer_list *timer)
{
	timer_delete_sync(timer);
}
#endif

#endif /* _KMTIA_CLOCK_H */
