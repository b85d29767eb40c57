/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model needs of the kernel: memory that is freed, locks, sleeping and
 * waking, a timer. Nothing here is the module's. Part of request.pml
 *
 * A step is a statement that stands alone, or all that is in an atomic or d_step;
 * between two steps of a task anybody else may make some. What the code does in
 * several instructions is one step of the model only if nobody can tell: it takes a
 * lock and then touches what the lock protects, or lets go of locks and references
 * after that, with at most one access among it to what others see without the lock.
 * (Taking can be put off and letting go be done early: Lipton's reduction.)
 */

/* Memory: an entry of an array is what the allocator gives out, each once. */
#define GHOST_NEVER	0
#define GHOST_THERE	1
#define GHOST_FREED	2

/* The module's text is gone: to run it is an oops. */
bit ghost_unloaded;

/* This step is code of the module and reads or writes this object. */
inline model_use(object)
{
	assert(!ghost_unloaded);
	assert(object.ghost_memory == GHOST_THERE)
}

/* An object's lock. The object must be there when the lock is had. */
inline spin_lock_bh(object)
{
	atomic {
		!object.lock ->
		model_use(object);
		object.lock = 1
	}
}

/* Part of a step of its caller's */
inline spin_unlock_bh(object)
{
	model_use(object);
	assert(object.lock);
	object.lock = 0
}

inline mutex_lock(mutex)
{
	atomic {
		!mutex ->
		mutex = 1
	}
}

/* Part of a step of its caller's */
inline mutex_unlock(mutex)
{
	assert(mutex);
	mutex = 0
}

/* Sleeps until nothing is open, or the task is killed. Who is asleep goes on only
 * if he is woken, so that a missing wake-up is seen; but who is not yet does when he
 * looks, woken or not.
 */
inline wait_event_state(d, killable, error)
{
	do
	:: d.open == 0 ->
		break
	:: d_step {
			d.open != 0 ->
			d.wait = 1
		};
		if
		:: !d.wait
		:: d_step {
				killable && d.open != 0 ->
				d.wait = 0
			};
			error = EINTR;
			break
		fi
	od
}

/* Part of a step of its caller's */
inline wake_up(d)
{
	model_use(d);
	d.wait = 0
}

/* Part of a step of its caller's */
inline kmtia_clock_start(d, when)
{
	d.timer = 1;
	d.ghost_timer_expires = when
}

/* As timer_delete_sync(): until the timer's function does not run. */
inline kmtia_clock_stop(d)
{
	d_step {
#ifndef SEEDED_TIMER_RUNS_ON
		!d.ghost_timer_runs ->
#endif
		d.timer = 0;
		d.ghost_timer_expires = 0;
		d.ghost_now = 0
	}
}
