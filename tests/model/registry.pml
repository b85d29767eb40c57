/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How all ends: kmod/manager.c, upcall.c, netlink.c, and for the unloading
 * xfrm_hook.c and main.c. Part of request.pml
 */

/* --- Registration (manager.c) --------------------------------------------------- */

/* A registration is made only where the drain will see it. */
inline registry_link(m)
{
	atomic {
		mutex_lock(registry.lock);
		if
		:: registry.draining
		:: else ->
			assert(!ghost_drained);
			manager[m].node = 1
		fi;
		mutex_unlock(registry.lock)
	}
}

/* Part of a step of its caller's */
inline model_none_open(m)
{
	do
	:: r < REQUESTS ->
		assert(!(request[r].node && request[r].manager == m &&
			 request[r].state == KMTIA_REQUEST_OPEN));
		r++
	:: else ->
		r = 0;
		break
	od
}

/* Afterwards none of its questions is open, and none comes. */
inline kmtia_manager_end(m)
{
#ifdef SEEDED_DEATH_FIRST
	kmtia_requests_close(m, KMTIA_REQUEST_DEATH);
#endif
	mutex_lock(registry.lock);
	atomic {
		!manager[m].lock ->
		model_use(manager[m]);
		last = !manager[m].dead;
		manager[m].dead = 1
	};
	if
	:: last ->
		d_step {
			last = 0;
			manager[m].node = 0;
			mutex_unlock(registry.lock)
		};
#ifndef SEEDED_DEATH_FIRST
		kmtia_requests_close(m, KMTIA_REQUEST_DEATH);
#endif
		d_step {
			model_none_open(m);
			kmtia_manager_put(m)
		}
	:: else ->
		d_step { mutex_unlock(registry.lock) }
	fi
}

/* Afterwards none is open, but with a manager whose end is on its way. */
inline kmtia_registry_drain()
{
	d_step {
		assert(!ghost_unloaded);
		registry.draining = 1
	};
	mutex_lock(registry.lock);
	do
	:: m < MANAGERS && manager[m].node ->
		kmtia_requests_close(m, KMTIA_REQUEST_UNLOAD);
		m++
	:: m < MANAGERS && !manager[m].node ->
		m++
	:: else ->
		d_step {
			mutex_unlock(registry.lock);
			do
			:: r < REQUESTS ->
				assert(!(request[r].node &&
					 request[r].state == KMTIA_REQUEST_OPEN &&
					 !manager[request[r].manager].dead));
				r++
			:: else ->
				r = 0;
				break
			od;
			m = 0;
			ghost_drained = 1
		};
		break
	od
}

inline kmtia_registry_clear()
{
	do
	:: m < MANAGERS ->
		if
		:: d_step { manager[m].node -> manager[m].ref++ };
			kmtia_manager_end(m);
			d_step { kmtia_manager_put(m) }
		:: else
		fi;
		m++
	:: else ->
		m = 0;
		break
	od
}

/* --- Commands (netlink.c, netlink_reply.c, netlink_request.c) --------------------- */

/* They run one beside another, but none while the family is not registered, and
 * kmtia_genl_unregister() waits for them.
 */
inline kmtia_genl_unregister()
{
	d_step {
		ghost_doits == 0 ->
		ghost_family = 0
	}
}

/* Part of a step of its caller's */
inline model_doit_end()
{
	assert(!ghost_unloaded);
	ghost_doits--
}

inline kmtia_nl_manager_add_doit(m)
{
	if
	:: d_step { ghost_family -> ghost_doits++ };
		registry_link(m);
		d_step { model_doit_end() }
	:: !ghost_family
	fi
}

inline kmtia_nl_manager_del_doit(m)
{
	if
	:: d_step { ghost_family && manager[m].node ->
			ghost_doits++;
			manager[m].ref++ };
		kmtia_manager_end(m);
		d_step {
			kmtia_manager_put(m);
			model_doit_end()
		}
	:: !ghost_family || !manager[m].node
	fi
}

/* won: there is a request, in r, with a reference, and one to the manager. */
inline reply_begin(m)
{
	if
	:: d_step { ghost_family && manager[m].node ->
			assert(!ghost_unloaded);
			ghost_doits++;
			manager[m].ref++ };
		kmtia_request_find(m);
		if
		:: !won ->
			d_step {
				kmtia_manager_put(m);
				model_doit_end()
			}
		:: else
		fi
	:: !ghost_family || !manager[m].node
	fi
}

inline reply_end(m, r)
{
	d_step {
#ifndef SEEDED_FIND_WITHOUT_GET
		kmtia_request_put(r);
#endif
		r = 0;
		kmtia_manager_put(m);
		model_doit_end()
	}
}

/* What the question says is the decision's owner's. */
inline kmtia_nl_request_get_dumpit(r)
{
	atomic {
		!request[r].lock ->
		model_use(request[r]);
		if
		:: request[r].state == KMTIA_REQUEST_OPEN ->
			assert(request[r].decision > 0);
			model_use(decision[request[r].decision - 1])
		:: else
		fi
	}
}

/* --- The end of a socket (upcall.c) ----------------------------------------------- */

inline upcall_netlink_event(m)
{
	if
	:: d_step { ghost_notifier && manager[m].node ->
			ghost_notified++;
			manager[m].ref++ };
		kmtia_manager_end(m);
		d_step {
			kmtia_manager_put(m);
			ghost_notified--
		}
	:: !ghost_notifier || !manager[m].node
	fi
}

inline kmtia_upcall_exit()
{
	d_step {
		ghost_notified == 0 ->
		ghost_notifier = 0
	}
}

/* --- The hook (xfrm_hook.c) --------------------------------------------------------- */

/* Part of a step of its caller's */
inline hook_wait_begin()
{
#ifdef HOLD_CFG_MUTEX
	skip
#else
	mutex_unlock(xfrm_cfg_mutex)
#endif
}

inline hook_wait_end()
{
#ifdef HOLD_CFG_MUTEX
	skip
#else
	mutex_lock(xfrm_cfg_mutex)
#endif
}

/* The wrapper was fetched, but its first instruction is still to come; likewise the
 * task is in it still when it is not counted any more. The decision lives as long as
 * the creation of which it is a part.
 */
inline hook_init_state(c)
{
	d_step {
		assert(!ghost_unloaded);
		inside++
	};
	kmtia_decide(c);
	atomic {
		kmtia_decision_release(c);
		inside--
	};
	assert(!ghost_unloaded)
}

inline hook_remove()
{
	installed = 0
}

/* Takes the mutex and lets go of it: it must be free once. */
inline cfg_mutex_barrier()
{
	!xfrm_cfg_mutex
}

inline kmtia_hook_exit()
{
	hook_remove();
	cfg_mutex_barrier();
#ifndef SEEDED_INSIDE_IGNORED
	inside == 0;
#endif
#ifndef SEEDED_NO_LAST_BARRIER
	cfg_mutex_barrier()
#endif
}

/* --- Unloading (main.c) --------------------------------------------------------------- */

/* Whoever still refers to a request finds the cache gone. */
inline kmtia_request_cache_exit()
{
	d_step {
		do
		:: r < REQUESTS ->
			assert(request[r].ghost_memory != GHOST_THERE);
			r++
		:: else ->
			r = 0;
			break
		od
	}
}

inline kmtia_exit()
{
	kmtia_registry_drain();
	kmtia_hook_exit();
	kmtia_registry_clear();
	kmtia_genl_unregister();
	kmtia_upcall_exit();
	kmtia_request_cache_exit();
	ghost_unloaded = 1
}
