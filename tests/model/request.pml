/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a request, as kmod/request.c, round.c, dictation.c, manager.c,
 * answer.c and, for the unloading, xfrm_hook.c and main.c have it. Searched by
 * tests/model/check.py, which says with what sizes; Documentation/testing.rst
 * says what is left out.
 *
 * An inline or a proctype has the name of the function that it models; so have
 * states, and members of structures. What is the model's own begins with model_,
 * task_ or ghost_. tests/model/names.py compares them with the code.
 *
 * SEEDED_... are faults. Each must be found.
 */

/* What there is in one search: CREATORS of SAs, who may be KILLED; MANAGERS, of which
 * LATE are not registered at first; ANSWERERS, threads of a manager, each with ANSWERS
 * to give (0: no end of them); and whether their socket CLOSES, an administrator
 * DELETES one of them, the module UNLOADS. What is there does happen, sooner or later:
 * where it would hide that a wait does not end, another search leaves it out.
 */
#ifndef CREATORS
#define CREATORS	1
#endif
#ifndef KILLED
#define KILLED		0
#endif
#ifndef MANAGERS
#define MANAGERS	1
#endif
#ifndef LATE
#define LATE		0
#endif
#ifndef ANSWERERS
#define ANSWERERS	0
#endif
#ifndef ANSWERS
#define ANSWERS		0
#endif
#ifndef CLOSES
#define CLOSES		0
#endif
#ifndef DELETES
#define DELETES		0
#endif
#ifndef UNLOADS
#define UNLOADS		0
#endif

/* A creator asks each manager for its bid, and then for keys; a single one is
 * asked once.
 */
#if MANAGERS == 1
#define REQUESTS	CREATORS
#else
#define REQUESTS	(CREATORS * MANAGERS * 2)
#endif

mtype:kmtia_request_state = {
	KMTIA_REQUEST_OPEN,
	KMTIA_REQUEST_BID,
	KMTIA_REQUEST_KEYS,
	KMTIA_REQUEST_CANNOT,
	KMTIA_REQUEST_UNUSABLE,
	KMTIA_REQUEST_DEADLINE,
	KMTIA_REQUEST_DEATH,
	KMTIA_REQUEST_WITHDRAWN,
	KMTIA_REQUEST_UNLOAD,
	KMTIA_REQUEST_UNSENT
};

/* The errors that decide how it goes on; 0 is none. */
mtype:errno = { EAGAIN, ECANCELED, EINTR, EKEYREVOKED, ENOMEM };

/* decision is a pointer: 0 or the number of a decision and one. node says whether
 * it is in the manager's list. A deadline is 1 or 2: a question's own, and the
 * last of all.
 */
typedef kmtia_request {
	mtype:kmtia_request_state state;
	bit lock;
	bit node;
	bit check;
	bit keys;
	byte ref;
	byte decision;
	byte manager;
	byte expires;
	byte ghost_memory;
	byte ghost_completed
};

/* wait: the creator sleeps. timer: it is set. */
typedef kmtia_decision {
	bit wait;
	bit timer;
	byte open;
	byte n_requests;
	byte requests[MANAGERS];
	bit ghost_timer_runs;
	byte ghost_timer_expires;
	byte ghost_now;
	byte ghost_memory
};

/* node says whether it is in the registry's list. */
typedef kmtia_manager {
	bit lock;
	bit node;
	bit dead;
	byte ref;
	byte ghost_memory
};

typedef kmtia_registry {
	bit lock;
	bit draining
};

kmtia_request request[REQUESTS];
kmtia_decision decision[CREATORS];
kmtia_manager manager[MANAGERS];
kmtia_registry registry;

byte last_id;		/* requests that were made */
bit xfrm_cfg_mutex;
bit installed;		/* the wrapper is in the slot */
byte inside;		/* tasks in hook_init_state() */

bit ghost_family;	/* of generic netlink: commands are taken */
byte ghost_doits;	/* commands that run: cb_lock is held for reading */
bit ghost_notifier;	/* the end of a socket is heard of */
byte ghost_notified;	/* calls of the notifier that run */
bit ghost_drained;	/* kmtia_registry_drain() is through */
byte ghost_ended;	/* creators that are through */

#include "kernel.pml"

/* How often a request came to each state, and a creator to each error (0: to keys), in
 * the whole search; no part of a state of the model. check.py wants each of them.
 */
c_decl {
	\#include <stdio.h>
	\#include <stdlib.h>
	static unsigned long ghost_states[256], ghost_errors[256];
	static void ghost_report(void);
};

byte ghost_number;	/* 0 but while it is handed over */

c_code {
	static void ghost_report(void)
	{
		int i;

		for (i = 0; i < 256; i++) {
			if (ghost_states[i])
				printf("state %d %lu\n", i, ghost_states[i]);
			if (ghost_errors[i])
				printf("error %d %lu\n", i, ghost_errors[i]);
		}
	}
};

/* Parts of a step of their caller's */
inline model_reached(outcome)
{
	ghost_number = outcome;
	c_code { ghost_states[now.ghost_number]++; now.ghost_number = 0; }
}

inline model_failed(error)
{
	ghost_number = error;
	c_code { ghost_errors[now.ghost_number]++; now.ghost_number = 0; }
}

/* What the functions below work with; each task has its own. */
#define MODEL_LOCALS					\
	byte r, m, i, j, d, due, tmp;			\
	bit won, last;					\
	mtype:errno error = 0

#include "gate.pml"
#include "decision.pml"
#include "registry.pml"

/* --- Who does all that --------------------------------------------------------- */

/* Who creates an SA: XFRM, and from its slot the hook */
proctype task_creator(byte c)
{
	MODEL_LOCALS;
	bit held[MANAGERS];
	byte bidder[MANAGERS];

	mutex_lock(xfrm_cfg_mutex);
	if
	:: installed -> hook_init_state(c)
	:: else
	fi;
	d_step {
		if
		:: error != 0 -> model_failed(error)
		:: else
		fi;
		error = 0;
		mutex_unlock(xfrm_cfg_mutex);
		ghost_ended++
	}
}

/* The timer of a decision: time has come to where it was set to, or to the end. */
proctype task_timer(byte c)
{
	MODEL_LOCALS;

end:	do
	:: atomic {
			decision[c].timer ->
			decision[c].timer = 0;
			decision[c].ghost_timer_runs = 1;
			if
			:: decision[c].ghost_now < decision[c].ghost_timer_expires ->
				decision[c].ghost_now = decision[c].ghost_timer_expires
			:: decision[c].ghost_now >= decision[c].ghost_timer_expires
			:: decision[c].ghost_now = 2
			fi;
			decision[c].ghost_timer_expires = 0
		};
		kmtia_round_timer(c)
	od
}

#if ANSWERERS
/* A thread of a manager: says something about any of its questions, again and
 * again, whether it is asked or not.
 */
proctype task_answerer(byte a)
{
	MODEL_LOCALS;
	byte answers;

	m = a;
end:	do
	:: ANSWERS == 0 || answers < ANSWERS ->
		answers = answers + (ANSWERS > 0);
		reply_begin(m);
		if
		:: won ->
			won = 0;
			if
			:: kmtia_request_bid(r)
			:: kmtia_request_answer(r)
			:: kmtia_nl_request_get_dumpit(r)
			fi;
			reply_end(m, r)
		:: else
		fi
	:: ANSWERS > 0 && answers == ANSWERS -> break
	od
}
#endif

#if CLOSES || LATE
/* A manager's socket registers, if it is not registered, and is closed. */
proctype task_socket(byte s)
{
	MODEL_LOCALS;

	m = s;
	if
	:: m >= MANAGERS - LATE -> kmtia_nl_manager_add_doit(m)
	:: else
	fi;
#if CLOSES
	upcall_netlink_event(m)
#endif
}
#endif

#if DELETES
proctype task_administrator(byte s)
{
	MODEL_LOCALS;

	m = s;
	kmtia_nl_manager_del_doit(m)
}
#endif

#if UNLOADS
proctype task_unload()
{
	MODEL_LOCALS;

	kmtia_exit()
}
#endif

init {
	byte n;

	atomic {
		c_code { atexit(ghost_report); };
		installed = 1;
		ghost_family = 1;
		ghost_notifier = 1;
		for (n : 0 .. MANAGERS - 1) {
			manager[n].ghost_memory = GHOST_THERE;
			manager[n].ref = 1;
			manager[n].node = (n < MANAGERS - LATE);
#if CLOSES || LATE
			run task_socket(n)
#endif
		}
#if ANSWERERS
		for (n : 0 .. MANAGERS * ANSWERERS - 1) {
			run task_answerer(n % MANAGERS)
		}
#endif
#if DELETES
		run task_administrator(0);
#endif
		for (n : 0 .. CREATORS - 1) {
			decision[n].ghost_memory = GHOST_THERE;
			run task_timer(n);
			run task_creator(n)
		}
#if UNLOADS
		run task_unload();
#endif
		n = 0
	}
}

#ifdef LIVENESS
/* Whatever happens, who creates an SA gets it or an error. */
ltl creators_end { <> (ghost_ended == CREATORS) }
#endif
