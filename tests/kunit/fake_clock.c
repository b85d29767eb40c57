// SPDX-License-Identifier: GPL-2.0
/*
 * The clock of the decision in the module of the unit tests: jiffies and the
 * kernel's timers, but between fake_clock_begin() and fake_clock_end() one that
 * stands still. There is one, with one timer: a test makes one decision at a
 * time, in one thread.
 */
#include "clock.h"
#include "fake_clock.h"

#include <linux/bug.h>

/* Ticks before the counter wraps: most tests go across it. */
#define FAKE_START	(0UL - HZ / 10)

static bool running;
static unsigned long now;
static struct timer_list *armed;
static unsigned long armed_expires;

/**
 * fake_clock_begin() - stop the clock
 */
void fake_clock_begin(void)
{
	now = FAKE_START;
	armed = NULL;
	running = true;
}

/**
 * fake_clock_end() - let the kernel's clock go on
 */
void fake_clock_end(void)
{
	WARN_ON(armed);
	running = false;
}

/**
 * fake_clock_now() - what the clock shows
 *
 * Return: ticks.
 */
unsigned long fake_clock_now(void)
{
	return now;
}

/**
 * fake_clock_armed() - is the timer running?
 * @expires: set to when it ends
 *
 * Return: whether it is.
 */
bool fake_clock_armed(unsigned long *expires)
{
	*expires = armed_expires;
	return armed;
}

/**
 * fake_clock_advance() - move the clock
 * @ticks: by so much; 0 runs what is due
 *
 * The timer's function sees the tick at which it was due.
 */
void fake_clock_advance(unsigned long ticks)
{
	unsigned long end = now + ticks;
	struct timer_list *timer;

	while (armed && time_before_eq(armed_expires, end)) {
		timer = armed;
		armed = NULL;
		if (time_after(armed_expires, now))
			now = armed_expires;
		timer->function(timer);
	}
	now = end;
}

unsigned long kmtia_clock_now(void)
{
	return running ? now : jiffies;
}

void kmtia_clock_start(struct timer_list *timer, unsigned long expires)
{
	if (!running) {
		mod_timer(timer, expires);
		return;
	}
	WARN_ON(armed && armed != timer);
	armed = timer;
	armed_expires = expires;
}

void kmtia_clock_stop(struct timer_list *timer)
{
	if (!running) {
		timer_delete_sync(timer);
		return;
	}
	WARN_ON(armed && armed != timer);
	armed = NULL;
}
