// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The clock, as seen from the library: the kernel's, until a test makes it stand still and
 * go on by jumps. Timers are the kernel's, so that poll() sees them.
 */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "fake_kernel.h"

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __real_timerfd_create(int id, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_timerfd_create(int id, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);

void fake_clock_reset(void);

static struct {
	uint64_t now; /* ns; 0: the kernel's */
	int fd;	      /* of the timer that was made last */
	struct itimerspec timer;
} fake_clock;

static uint64_t to_ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000ULL + ts->tv_nsec;
}

void fake_clock_reset(void)
{
	memset(&fake_clock, 0, sizeof(fake_clock));
	fake_clock.fd = -1;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_MONOTONIC || !fake_clock.now)
		return __real_clock_gettime(id, ts);
	ts->tv_sec = (time_t)(fake_clock.now / 1000000000);
	ts->tv_nsec = (long)(fake_clock.now % 1000000000);
	return 0;
}

int __wrap_timerfd_create(int id, int flags)
{
	assert_int_equal(id, CLOCK_MONOTONIC);
	assert_true(flags & TFD_CLOEXEC);
	if (fake.timer_errno) {
		errno = fake.timer_errno;
		return -1;
	}
	fake.timers++;
	fake_clock.fd = __real_timerfd_create(id, flags);
	return fake_clock.fd;
}

/* While the clock stands still, a timer has run out or never will. */
static int set(void)
{
	static const struct itimerspec never, now = { .it_value.tv_nsec = 1 };
	uint64_t at = to_ns(&fake_clock.timer.it_value);
	const struct itimerspec *real = &fake_clock.timer;

	if (fake_clock.now)
		real = at && at <= fake_clock.now ? &now : &never;
	return __real_timerfd_settime(fake_clock.fd, TFD_TIMER_ABSTIME, real, NULL);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old)
{
	assert_int_equal(fd, fake_clock.fd);
	assert_int_equal(flags, TFD_TIMER_ABSTIME);
	assert_null(old);
	fake_clock.timer = *value;
	return set();
}

void fake_later(unsigned int ms)
{
	struct timespec ts;

	assert_int_equal(__wrap_clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	fake_clock.now = to_ns(&ts) + ms * 1000000ULL;
	if (fake_clock.fd >= 0)
		assert_int_equal(set(), 0);
}
