/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Places where two threads may meet. The race tests' variant of the module
 * (-DKMTIA_RACE, race.c) stays there for a random time, so that they do meet;
 * elsewhere there is nothing of this.
 */
#ifndef _KMTIA_RACE_H
#define _KMTIA_RACE_H

#ifdef KMTIA_RACE
void kmtia_race_delay(void);
void kmtia_race_sleep(void);
#else
/* Context: any. */
static inline void kmtia_race_delay(void) { }

/* Context: process, may sleep. */
static inline void kmtia_race_sleep(void) { }
#endif

#endif /* _KMTIA_RACE_H */
