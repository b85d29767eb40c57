// SPDX-License-Identifier: GPL-2.0
/*
 * Wide windows for the race tests; see race.h. Never in a module that is used.
 */
#include "race.h"

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/random.h>

#define DELAY_MAX	1000	/* spinning; others may spin for it, too */

static unsigned int race_us;
module_param(race_us, uint, 0644);
MODULE_PARM_DESC(race_us,
		 "How long to stay at most where threads may meet, microseconds (default: 0)");

static unsigned int some_us(void)
{
	unsigned int most = READ_ONCE(race_us);

	return most ? get_random_u32() % (most + 1) : 0;
}

/**
 * kmtia_race_delay() - stay for a random time
 *
 * Context: any.
 */
void kmtia_race_delay(void)
{
	unsigned int us = min_t(unsigned int, some_us(), DELAY_MAX);

	if (us)
		udelay(us);
}

/**
 * kmtia_race_sleep() - sleep for a random time
 *
 * Context: process.
 */
void kmtia_race_sleep(void)
{
	unsigned int us = some_us();

	if (us)
		usleep_range(us, us + 1);
}
