/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A clock for unit tests, in place of kmod/clock.h's: it stands still until it
 * is moved, and whoever moves it runs the timer's function, in place.
 */
#ifndef _KMTIA_FAKE_CLOCK_H
#define _KMTIA_FAKE_CLOCK_H

#include <linux/types.h>

void fake_clock_begin(void);
void fake_clock_end(void);
unsigned long fake_clock_now(void);
bool fake_clock_armed(unsigned long *expires);
void fake_clock_advance(unsigned long ticks);

#endif /* _KMTIA_FAKE_CLOCK_H */
