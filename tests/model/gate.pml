/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate: kmod/request.c and kmod/answer.c. Part of request.pml */

/* --- Memory and references --------------------------------------------------------- */

/* Cleared, so that states differ only where the difference matters. Part of a step
 * of its caller's, as the next one is
 */
inline model_request_free(r)
{
	request[r].state = 0;
	request[r].check = 0;
	request[r].keys = 0;
	request[r].ref = 0;
	request[r].decision = 0;
	request[r].manager = 0;
	request[r].expires = 0;
	request[r].ghost_completed = 0;
	request[r].ghost_memory = GHOST_FREED
}

inline kmtia_manager_put(m)
{
	model_use(manager[m]);
	assert(manager[m].ref > 0);
	manager[m].ref--;
	if
	:: manager[m].ref == 0 ->
		assert(!manager[m].node && !manager[m].lock);
		manager[m].ghost_memory = GHOST_FREED
	:: else
	fi
}

/* Here at the latest a request is found that was not completed. Part of a step of
 * its caller's
 */
inline kmtia_request_put(r)
{
	model_use(request[r]);
	assert(request[r].ref > 0);
	request[r].ref--;
	if
	:: request[r].ref == 0 ->
		assert(request[r].ghost_completed == 1);
		assert(!request[r].node && !request[r].lock);
		tmp = request[r].manager;
		model_request_free(r);
		kmtia_manager_put(tmp);
		tmp = 0
	:: else
	fi
}

/* --- A request (request.c) ---------------------------------------------------------- */

#ifdef SEEDED_DRAIN_UNLOCKED
#define MODEL_DRAINING	due
#else
#define MODEL_DRAINING	registry.draining
#endif

/* Leaves the request in r, or why there is none in error. Only the creator knows it
 * before it is in the list; so all is one step, that in which it looks whether the
 * module is going.
 */
inline kmtia_request_new(c, m, is_check, is_keys, when)
{
	atomic {
		!manager[m].lock ->
		model_use(manager[m]);
		model_use(decision[c]);
		if
		:: error = ENOMEM
		:: manager[m].dead -> error = EKEYREVOKED
		:: !manager[m].dead && MODEL_DRAINING -> error = ECANCELED
		:: !manager[m].dead && !MODEL_DRAINING ->
			assert(!ghost_drained);
			assert(last_id < REQUESTS);
			r = last_id;
			request[r].ghost_memory = GHOST_THERE;
			request[r].state = KMTIA_REQUEST_OPEN;
			request[r].node = 1;
			request[r].ref = 2;
			request[r].decision = c + 1;
			request[r].manager = m;
			request[r].check = is_check;
			request[r].keys = is_keys;
			request[r].expires = when;
			model_reached(KMTIA_REQUEST_OPEN);
			manager[m].ref++;
			decision[c].open++;
			last_id++
		fi
	}
}

/* First half: the gate. Part of a step of its caller's, who has the lock */
inline kmtia_request_complete(r, outcome)
{
	assert(request[r].lock);
	assert(request[r].ghost_completed == 0);
	request[r].ghost_completed++;
	request[r].state = outcome;
	model_reached(outcome);
	d = request[r].decision;
	request[r].decision = 0;
	assert(d > 0);
	model_use(decision[d - 1]);
	decision[d - 1].open--;
	last = (decision[d - 1].open == 0)
}

/* Second half: wakes the creator, who may have seen already that nothing is open any
 * more, and gone on as far as our lock let him; and lets go of the lock.
 */
inline model_complete_end(r)
{
	d_step {
#ifndef SEEDED_NO_WAKE
		if
		:: last -> wake_up(decision[d - 1])
		:: else
		fi;
#endif
		spin_unlock_bh(request[r]);
		last = 0;
		d = 0;
		won = 0
	}
}

#ifdef SEEDED_NO_GATE
inline kmtia_request_close(r, outcome)
{
	d_step {
		model_use(request[r]);
		won = (request[r].state == KMTIA_REQUEST_OPEN)
	};
	if
	:: won ->
		atomic {
			spin_lock_bh(request[r]);
			kmtia_request_complete(r, outcome)
		};
		model_complete_end(r)
	:: else
	fi
}
#else
/* Who finds it completed lets go of the lock in the same step. */
inline kmtia_request_close(r, outcome)
{
	atomic {
		!request[r].lock ->
		model_use(request[r]);
		if
		:: request[r].state == KMTIA_REQUEST_OPEN ->
			request[r].lock = 1;
			won = 1;
			kmtia_request_complete(r, outcome)
		:: else
		fi
	};
	if
	:: won -> model_complete_end(r)
	:: else
	fi
}
#endif

inline kmtia_request_finish(r)
{
#ifndef SEEDED_NO_FINISH
	kmtia_request_close(r, KMTIA_REQUEST_WITHDRAWN);
#endif
	atomic {
		!manager[request[r].manager].lock ->
		model_use(request[r]);
		model_use(manager[request[r].manager]);
		if
		:: request[r].node ->
			request[r].node = 0;
			kmtia_request_put(r)
		:: else
		fi
	}
}

/* Whichever of the manager's is taken, or none: the number is what the answerer
 * says. Leaves it in r; won says whether there is one.
 */
inline kmtia_request_find(m)
{
	atomic {
		!manager[m].lock ->
		model_use(manager[m]);
		do
		:: r < REQUESTS ->
			r++
		:: r < REQUESTS && request[r].node && request[r].manager == m ->
			model_use(request[r]);
#ifndef SEEDED_FIND_WITHOUT_GET
			request[r].ref++;
#endif
			won = 1;
			break
		:: r == REQUESTS ->
			r = 0;
			break
		od
	}
}

/* The next of the manager's list. Part of a step of its caller's */
inline model_list_next(m)
{
	do
	:: r < REQUESTS && !(request[r].node && request[r].manager == m) ->
		r++
	:: else ->
		break
	od
}

inline kmtia_requests_close(m, outcome)
{
	atomic {
		spin_lock_bh(manager[m]);
		model_list_next(m)
	};
	do
	:: r < REQUESTS ->
		kmtia_request_close(r, outcome);
		atomic {
			r++;
			model_list_next(m)
		}
	:: else ->
		break
	od;
	atomic {
		spin_unlock_bh(manager[m]);
		r = 0
	}
}

/* --- Answers (answer.c) -------------------------------------------------------------- */

/* One that does not fit the question completes nothing. */
inline kmtia_request_bid(r)
{
	atomic {
		!request[r].lock ->
		model_use(request[r]);
		if
		:: request[r].state == KMTIA_REQUEST_OPEN && request[r].check ->
			request[r].lock = 1;
			won = 1;
			kmtia_request_complete(r, KMTIA_REQUEST_BID)
		:: else
		fi
	};
	if
	:: won -> model_complete_end(r)
	:: else
	fi
}

/* The keys are written to the decision: it must be there. */
inline answer_take(r)
{
	assert(request[r].decision > 0);
	model_use(decision[request[r].decision - 1])
}

inline answer_locked(r)
{
	if
	:: request[r].state == KMTIA_REQUEST_OPEN && request[r].keys ->
		request[r].lock = 1;
		won = 1;
		if
		:: kmtia_request_complete(r, KMTIA_REQUEST_CANNOT)
		:: answer_take(r);
			if
			:: kmtia_request_complete(r, KMTIA_REQUEST_UNUSABLE)
			:: kmtia_request_complete(r, KMTIA_REQUEST_KEYS)
			fi
		fi
	:: else
	fi
}

inline kmtia_request_answer(r)
{
	atomic {
		!request[r].lock ->
		model_use(request[r]);
		answer_locked(r)
	};
	if
	:: won -> model_complete_end(r)
	:: else
	fi
}
