/* SPDX-License-Identifier: GPL-2.0-only */
/* Whoever asks: kmod/round.c and kmod/dictation.c. Part of request.pml */

/* --- Rounds (round.c) -------------------------------------------------------------- */

/* The earliest deadline of a round, even if it has passed, in due. Part of a step of
 * its caller's
 */
inline first_deadline(c)
{
	due = 0;
	j = 0;
	do
	:: j < decision[c].n_requests ->
		tmp = request[decision[c].requests[j]].expires;
		if
		:: due == 0 || tmp < due -> due = tmp
		:: else
		fi;
		j++
	:: else ->
		j = 0;
		tmp = 0;
		break
	od
}

/* The earliest deadline after ghost_now, in due; 0 if all have passed. Part of a
 * step of its caller's
 */
inline next_deadline(c)
{
	due = 0;
	j = 0;
	do
	:: j < decision[c].n_requests ->
		tmp = request[decision[c].requests[j]].expires;
		if
		:: tmp > decision[c].ghost_now && (due == 0 || tmp < due) ->
			due = tmp
		:: else
		fi;
		j++
	:: else ->
		j = 0;
		tmp = 0;
		break
	od
}

inline kmtia_round_timer(c)
{
	do
	:: i < decision[c].n_requests ->
		d_step {
			model_use(decision[c]);
			r = decision[c].requests[i];
			model_use(request[r]);
			due = (request[r].expires <= decision[c].ghost_now);
			i++
		};
		if
		:: due ->
			due = 0;
#ifndef SEEDED_DEADLINE_IGNORED
			kmtia_request_close(r, KMTIA_REQUEST_DEADLINE)
#endif
		:: else
		fi
	:: else ->
		d_step {
			model_use(decision[c]);
			i = 0;
			r = 0;
			next_deadline(c);
#ifdef SEEDED_DEADLINE_IGNORED
			due = 2;
#endif
			if
			:: due -> kmtia_clock_start(decision[c], due)
			:: else
			fi;
			due = 0;
			decision[c].ghost_timer_runs = 0
		};
		break
	od
}

/* A question of several has its own deadline or the last of all. Whether it can be
 * sent is anybody's guess; the answer may come before we know.
 */
inline kmtia_round_ask(c, m, is_check, is_keys)
{
#ifdef SEEDED_DRAIN_UNLOCKED
	due = registry.draining;
#endif
	atomic {
		if
		:: kmtia_request_new(c, m, is_check, is_keys, 2)
#if MANAGERS > 1
		:: is_check && !is_keys ->
			kmtia_request_new(c, m, is_check, is_keys, 1)
#endif
		fi;
		if
		:: error == 0 ->
			decision[c].requests[decision[c].n_requests] = r;
			decision[c].n_requests++
		:: else
		fi;
		due = 0
	};
	if
	:: error == 0 ->
		kmtia_request_close(r, KMTIA_REQUEST_UNSENT)
	:: true
	fi;
	r = 0
}

/* Any time may have passed, deadlines as well. */
inline kmtia_round_wait(c)
{
	if
	:: decision[c].open ->
		atomic {
			model_use(decision[c]);
			if
			:: true
			:: decision[c].ghost_now = 1
			:: decision[c].ghost_now = 2
			fi;
			first_deadline(c);
#ifndef SEEDED_NO_TIMER
			kmtia_clock_start(decision[c], due);
#endif
			due = 0;
			hook_wait_begin()
		};
		wait_event_state(decision[c], KILLED, error);
		atomic {
			hook_wait_end();
			kmtia_clock_stop(decision[c])
		}
	:: else
	fi;
	do
	:: i < decision[c].n_requests ->
		r = decision[c].requests[i];
		kmtia_request_finish(r);
		i++
	:: else ->
		i = 0;
		r = 0;
		break
	od
}

/* To finish a request again does nothing; that is left out. */
inline kmtia_round_end(c)
{
	do
	:: i < decision[c].n_requests ->
		r = decision[c].requests[i];
		if
		:: request[r].node -> kmtia_request_finish(r)
		:: else
		fi;
		d_step {
			kmtia_request_put(r);
			i++
		}
	:: else ->
		d_step {
			i = 0;
			r = 0;
			decision[c].n_requests = 0;
			decision[c].requests[0] = 0;
#if MANAGERS > 1
			decision[c].requests[1] = 0;
#endif
		};
		break
	od
}

/* --- The decision (dictation.c) ------------------------------------------------------ */

/* What a creator knows of a manager: nothing that matters, or it has had its turn;
 * it is to be asked whether it bids; it bids
 */
#define BIDDER_NONE	0
#define BIDDER_ASK	1
#define BIDDER_BIDS	2

/* What to do next. Without the lock: a completed request does not change. UNSENT is for want of
 * memory or not.
 */
inline kmtia_fail_request(r)
{
	assert(request[r].state != KMTIA_REQUEST_OPEN);
	if
	:: request[r].state == KMTIA_REQUEST_UNLOAD ||
	   request[r].state == KMTIA_REQUEST_WITHDRAWN ->
		error = ECANCELED
	:: request[r].state == KMTIA_REQUEST_UNSENT ->
		if
		:: error = ENOMEM
		:: error = EAGAIN
		fi
	:: else ->
		error = EAGAIN
	fi
}

/* All who have to be asked, then what they said. Weights are none: any that bids may
 * be the highest.
 */
inline collect_bids(c)
{
	do
	:: error == 0 && m < MANAGERS && bidder[m] == BIDDER_ASK ->
		bidder[m] = BIDDER_NONE;
		kmtia_round_ask(c, m, 1, 0);
		if
		:: error == EKEYREVOKED -> error = 0
		:: else
		fi;
		m++
	:: error == 0 && m < MANAGERS && bidder[m] != BIDDER_ASK ->
		m++
	:: else ->
		m = 0;
		break
	od;
	if
	:: error == 0 ->
		kmtia_round_wait(c)
	:: else
	fi;
	do
	:: error == 0 && i < decision[c].n_requests ->
		atomic {
			r = decision[c].requests[i];
			model_use(request[r]);
			assert(request[r].state != KMTIA_REQUEST_OPEN);
			if
			:: request[r].state == KMTIA_REQUEST_BID ->
				bidder[request[r].manager] = BIDDER_BIDS
			:: request[r].state == KMTIA_REQUEST_BID
			:: request[r].state != KMTIA_REQUEST_BID ->
				kmtia_fail_request(r)
			fi;
			if
			:: error == EAGAIN -> error = 0
			:: else
			fi;
			r = 0;
			i++
		}
	:: else ->
		i = 0;
		break
	od;
	kmtia_round_end(c)
}

/* Leaves error 0 if there are keys, EAGAIN if the next may be asked. */
inline ask_keys(c, m, is_check)
{
	kmtia_round_ask(c, m, is_check, 1);
	if
	:: d_step {
			error == EKEYREVOKED ->
			model_failed(error);
			error = EAGAIN
		}
	:: error == 0 ->
		kmtia_round_wait(c);
		if
		:: error == 0 ->
			atomic {
				r = decision[c].requests[0];
				model_use(request[r]);
				if
				:: request[r].state == KMTIA_REQUEST_KEYS ->
					model_failed(error)
				:: request[r].state == KMTIA_REQUEST_BID ->
					error = EAGAIN
				:: else -> kmtia_fail_request(r)
				fi;
				r = 0
			}
		:: else
		fi;
		kmtia_round_end(c)
	:: else
	fi
}

/* Who may be asked: not one that has stalled, that the rule does not name, whose
 * standing secret answers: all that is one choice here. RCU is: whoever finds a manager
 * in the list takes the reference in the same step. j: how many they are
 */
inline bidding_begin(c)
{
	do
	:: m < MANAGERS ->
		atomic {
			if
			:: manager[m].node && manager[m].ref ->
				manager[m].ref++;
				held[m] = 1;
				j++;
				bidder[m] = BIDDER_ASK
			:: manager[m].node && manager[m].ref ->
				manager[m].ref++;
				held[m] = 1;
				j++;
				bidder[m] = BIDDER_BIDS
			:: true
			fi;
			m++
		}
	:: else ->
		m = 0;
		break
	od
}

/* A single one has both questions in one. Of several, any may be the next; each has
 * one turn.
 */
inline bidding_run(c)
{
	if
	:: d_step { j == 1 && bidder[0] == BIDDER_ASK -> j = 0 };
		ask_keys(c, 0, 1)
#if MANAGERS > 1
	:: d_step { j == 1 && bidder[1] == BIDDER_ASK -> j = 0; m = 1 };
		ask_keys(c, m, 1)
#endif
	:: else ->
		j = 0;
#if MANAGERS > 1
		collect_bids(c);
#endif
		do
		:: d_step { error == 0 && !won && bidder[0] == BIDDER_BIDS ->
				bidder[0] = BIDDER_NONE };
			ask_keys(c, 0, 0);
			won = (error == 0);
			if
			:: error == EAGAIN -> error = 0
			:: else
			fi
#if MANAGERS > 1
		:: d_step { error == 0 && !won && bidder[1] == BIDDER_BIDS ->
				bidder[1] = BIDDER_NONE; m = 1 };
			ask_keys(c, m, 0);
			won = (error == 0);
			m = 0;
			if
			:: error == EAGAIN -> error = 0
			:: else
			fi
#endif
		:: else -> break
		od
	fi
}

inline kmtia_decide(c)
{
	bidding_begin(c);
	bidding_run(c);
	atomic {
		won = 0;
		do
		:: m < MANAGERS && held[m] ->
			kmtia_manager_put(m);
			held[m] = 0;
			bidder[m] = BIDDER_NONE;
			m++
		:: m < MANAGERS && !held[m] ->
			m++
		:: else ->
			m = 0;
			break
		od
	}
}

/* The decision's memory goes with it. Nobody may refer to it any more. Part of a step
 * of its caller's
 */
inline kmtia_decision_release(c)
{
	model_use(decision[c]);
	assert(decision[c].open == 0);
	assert(!decision[c].timer && !decision[c].ghost_timer_runs);
	decision[c].ghost_memory = GHOST_FREED;
	decision[c].ghost_timer_expires = 0;
	decision[c].ghost_now = 0
}
