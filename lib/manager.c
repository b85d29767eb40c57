// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Being a key manager: registration, and what the kernel then asks and tells.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "internal.h"

/* --- Registration ----------------------------------------------------------------- */

static int check_manager(struct kmtia *h, const struct kmtia_manager *m)
{
	const uint32_t known = KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY |
			       KMTIA_MANAGER_FLAGS_EXCLUSIVE;
	int err;

	if (!m->flags)
		return kmtia_fail(h, -EINVAL, "flags of the manager are empty");
	if (m->flags & ~known)
		return kmtia_fail(h, -EINVAL, "flags of the manager have unknown bits 0x%x",
				  m->flags & ~known);
	if (m->flags & KMTIA_MANAGER_FLAGS_EXCLUSIVE && !(m->flags & KMTIA_MANAGER_FLAGS_DICTATE))
		return kmtia_fail(h, -EINVAL, "exclusive is for a manager that dictates");
	if (!kmtia_all_zero(m->reserved, sizeof(m->reserved)))
		return kmtia_fail(h, -EINVAL, "reserved field of the manager is not zero");
	if (m->grace_ms > KMTIA_GRACE_MAX)
		return kmtia_fail(h, -ERANGE, "grace_ms of the manager is %u, may be %d at most",
				  m->grace_ms, KMTIA_GRACE_MAX);
	err = kmtia_check_text(h, "name of the manager", m->name, KMTIA_NAME_MAX_LEN);
	if (err)
		return err;
	return kmtia_check_text(h, "description of the manager", m->description,
				KMTIA_TEXT_MAX_LEN);
}

/* Who dictates must also listen: the three belong together, as on Windows. */
static int check_callbacks(struct kmtia *h, const struct kmtia_callbacks *c, uint32_t flags)
{
	bool dictate = flags & KMTIA_MANAGER_FLAGS_DICTATE;

	if (!c->key_notify)
		return kmtia_fail(h, -EINVAL, "key_notify callback is missing");
	if (dictate && !c->key_dictation_check)
		return kmtia_fail(h, -EINVAL, "key_dictation_check callback is missing");
	if (dictate && !c->key_dictation)
		return kmtia_fail(h, -EINVAL, "key_dictation callback is missing");
	if (!dictate && c->key_dictation_check)
		return kmtia_fail(h, -EINVAL, "key_dictation_check callback is given, "
					      "but flags do not say dictate");
	if (!dictate && c->key_dictation)
		return kmtia_fail(h, -EINVAL, "key_dictation callback is given, "
					      "but flags do not say dictate");
	if (!kmtia_all_zero(c->reserved, sizeof(c->reserved)))
		return kmtia_fail(h, -EINVAL, "reserved field of the callbacks is not zero");
	return 0;
}

static struct nl_msg *manager_add_message(struct kmtia *h, const struct kmtia_manager *m)
{
	struct nl_msg *msg = kmtia_command_new(h, KMTIA_CMD_MANAGER_ADD, NLM_F_ACK);

	if (!msg)
		return NULL;
	nla_put(msg, KMTIA_A_MANAGER_UUID, sizeof(m->uuid), m->uuid);
	if (m->name)
		nla_put_string(msg, KMTIA_A_MANAGER_NAME, m->name);
	if (m->description)
		nla_put_string(msg, KMTIA_A_MANAGER_DESCRIPTION, m->description);
	nla_put_u32(msg, KMTIA_A_MANAGER_FLAGS, m->flags);
	if (m->has_weight)
		nla_put_u32(msg, KMTIA_A_MANAGER_WEIGHT, m->weight);
	if (m->timeout_hint)
		nla_put_u32(msg, KMTIA_A_MANAGER_TIMEOUT_HINT, m->timeout_hint);
	if (m->grace_ms)
		nla_put_u32(msg, KMTIA_A_MANAGER_GRACE, m->grace_ms);
	return msg;
}

/* Did the kernel say no, rather than that its answer is not known? */
static bool is_verdict(int err)
{
	return err != -ETIMEDOUT && err != -ENOBUFS && err != -ENOMEM;
}

/*
 * The socket that says manager-add is the registration. When the module has come back
 * it is the one of before: that is in the network namespace in which the caller
 * registered, while the thread may be in another one by now.
 */
int kmtia_registration_start(struct kmtia *h)
{
	struct nl_msg *msg;
	int err = 0;

	if (h->event.fd < 0)
		err = kmtia_sock_open(h, &h->event, true);
	if (err)
		return kmtia_fail(h, err, "cannot open a netlink socket");
	msg = manager_add_message(h, &h->manager);
	err = msg ? kmtia_command_run(h, &h->event, msg, NULL, NULL) : -ENOMEM;
	if (err) {
		/* Who may be registered without knowing it must not stay so. */
		if (!is_verdict(err))
			kmtia_sock_close(h, &h->event);
		return err;
	}
	h->registered = true;
	h->event_family = h->family;
	h->last_seq = 0;
	/* A module that was loaded anew counts from 1 again. */
	memset(h->seen, 0, sizeof(h->seen));
	return 0;
}

/* The module went, and with it the registration and its questions. */
void kmtia_registration_void(struct kmtia *h)
{
	h->registered = false;
	h->event.generation++;
	kmtia_requests_detach(h);
	kmtia_pairs_forget(h);
	kmtia_sock_drop(h, &h->event);
}

int kmtia_check_registered(struct kmtia *h)
{
	if (h->registered)
		return 0;
	if (h->wanted)
		return kmtia_fail(h, -ENOTCONN, "the kernel module was unloaded, and the "
						"registration went with it");
	return kmtia_fail(h, -ENOTCONN, "this handle is not registered");
}

/* The caller's structures may be gone when the module comes back. */
static void remember(struct kmtia *h, const struct kmtia_manager *m,
		     const struct kmtia_callbacks *callbacks, void *user)
{
	h->wanted = true;
	h->manager = *m;
	if (m->name)
		h->manager.name = strcpy(h->manager_name, m->name);
	if (m->description)
		h->manager.description = strcpy(h->manager_description, m->description);
	h->callbacks = *callbacks;
	h->user = user;
}

/* The kernel ends a registration, and its questions, when its socket is closed; it has
 * done so when close() returns. Standing secrets stay for the grace, if there is one. */
void kmtia_registration_end(struct kmtia *h)
{
	h->wanted = false;
	h->registered = false;
	kmtia_requests_detach(h);
	kmtia_pairs_close(h);
	kmtia_sock_close(h, &h->event);
	memset(&h->callbacks, 0, sizeof(h->callbacks));
	kmtia_news_unuse(h);
	kmtia_loop_settle(h);
}

KMTIA_EXPORT int kmtia_register(struct kmtia *h, const struct kmtia_manager *manager,
				const struct kmtia_callbacks *callbacks, void *user)
{
	struct kmtia_callbacks c;
	struct kmtia_manager m;
	int err;

	kmtia_begin(h);
	if (h->wanted && h->registered)
		return kmtia_fail(h, -EALREADY, "this handle is registered already");
	if (h->wanted)
		return kmtia_fail(h, -EALREADY, "this handle will be registered when the kernel "
						"module is back");
	err = kmtia_take_struct(h, "struct kmtia_manager", &m, sizeof(m), manager);
	if (!err)
		err = kmtia_take_struct(h, "struct kmtia_callbacks", &c, sizeof(c), callbacks);
	if (!err)
		err = check_manager(h, &m);
	if (!err)
		err = check_callbacks(h, &c, m.flags);
	if (err)
		return err;
	remember(h, &m, &c, user);
	/* First of all, so that nothing that happens from now on is missed. */
	err = kmtia_news_open(h);
	if (!err)
		err = kmtia_pairs_open(h);
	if (!err)
		err = kmtia_registration_start(h);
	if (err)
		kmtia_registration_end(h);
	return err;
}

/* Without secrets there is no grace. And not only for that: a child that was forked may
 * hold the socket open, and the secrets would go on answering until it ends. */
static int wipe_standing(struct kmtia *h)
{
	struct nl_msg *msg;

	if (!h->registered || !(h->manager.flags & KMTIA_MANAGER_FLAGS_DICTATE))
		return 0;
	msg = kmtia_event_command_new(h, KMTIA_CMD_SECRET_DEL, 0);
	return msg ? kmtia_command_send(h, &h->event, msg) : -ENOMEM;
}

/*
 * By closing the socket, not by manager-del: that goes by the UUID, and where an
 * administrator had unregistered us and somebody else had taken the place, it would
 * be he who has to go. But who says that it ends wants no grace.
 */
KMTIA_EXPORT int kmtia_unregister(struct kmtia *h)
{
	int err;

	kmtia_begin(h);
	if (!h->wanted)
		return kmtia_fail(h, -ENOENT, "this handle is not registered");
	err = wipe_standing(h);
	kmtia_registration_end(h);
	return err;
}

/* --- Notifications ------------------------------------------------------------------ */

/* Call back with what one message says. -EBADMSG: it is malformed. -ENOMEM: its pair
 * will not be told of. */
static int notify(struct kmtia *h, struct nlattr **tb, bool replayed)
{
	struct kmtia_notification what = { .replayed = replayed };
	struct kmtia_sa keyed, mate;
	bool has_mate = tb[KMTIA_A_NOTIFICATION_MATE];
	struct kmtia_pair pair;
	uint32_t proto = 0;
	int err;

	if (!kmtia_get_u64(tb[KMTIA_A_NOTIFICATION_SEQ], &what.seq) ||
	    !kmtia_get_u32(tb[KMTIA_A_NOTIFICATION_EVENT], &what.event))
		return -EBADMSG;
	if (tb[KMTIA_A_NOTIFICATION_PROTO] &&
	    (!kmtia_get_u32(tb[KMTIA_A_NOTIFICATION_PROTO], &proto) || proto > UINT8_MAX))
		return -EBADMSG;
	what.proto = proto;
	if (what.event == KMTIA_NOTIFY_EVENT_FLUSH) {
		kmtia_pairs_note(h, &what, NULL, NULL);
		h->callbacks.key_notify(h, &what, NULL, h->user);
		return 0;
	}
	if (kmtia_sa_parse(tb[KMTIA_A_NOTIFICATION_SA], &keyed))
		return -EBADMSG;
	if (has_mate && kmtia_sa_parse(tb[KMTIA_A_NOTIFICATION_MATE], &mate))
		return -EBADMSG;
	/* First, as the callback may end the registration. */
	err = kmtia_pairs_note(h, &what, &keyed, has_mate ? &mate : NULL);
	kmtia_pair_fill(&pair, &keyed, has_mate ? &mate : NULL);
	h->callbacks.key_notify(h, &what, &pair, h->user);
	return err;
}

/* The kernel says which event it told us before: another one was lost. */
static void check_gap(struct kmtia *h, struct nlattr **tb)
{
	uint64_t seq, prev;

	if (kmtia_get_u64(tb[KMTIA_A_NOTIFICATION_PREV_SEQ], &prev) && prev != h->last_seq)
		h->event.lost = true;
	if (kmtia_get_u64(tb[KMTIA_A_NOTIFICATION_SEQ], &seq))
		h->last_seq = seq;
}

static void notification(struct kmtia *h, struct kmtia_msg *m)
{
	struct nlattr *tb[KMTIA_A_NOTIFICATION_MAX + 1];

	/* One that cannot be understood, or not be noted, is as good as lost. */
	if (kmtia_fields_parse(kmtia_msg_header(m), tb, KMTIA_A_NOTIFICATION_MAX)) {
		h->event.lost = true;
		return;
	}
	check_gap(h, tb);
	if (notify(h, tb, false))
		h->event.lost = true;
}

static int replay(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[KMTIA_A_NOTIFICATION_MAX + 1];
	int *count = arg;
	int err;

	if (!h->registered)
		return kmtia_fail(h, -ENOTCONN, "the registration has ended");
	err = kmtia_fields_parse(nlh, tb, KMTIA_A_NOTIFICATION_MAX);
	if (!err)
		err = notify(h, tb, true);
	if (err == -ENOMEM)
		return kmtia_fail(h, err, "no memory to note an SA");
	if (err)
		return kmtia_fail(h, err, "the kernel's notification is malformed");
	++*count;
	return 0;
}

/* Have @fn called with each SA that lives and went live after event @from_seq. */
int kmtia_notify_fetch(struct kmtia *h, uint64_t from_seq, kmtia_reply_fn fn, void *arg)
{
	struct nl_msg *msg;

	msg = kmtia_event_command_new(h, KMTIA_CMD_NOTIFY_GET, NLM_F_ACK | NLM_F_DUMP);
	if (!msg)
		return -ENOMEM;
	nla_put_u64(msg, KMTIA_A_NOTIFICATION_FROM_SEQ, from_seq);
	return kmtia_command_run(h, &h->event, msg, fn, arg);
}

KMTIA_EXPORT int kmtia_notify_get(struct kmtia *h, uint64_t from_seq)
{
	int count = 0, err;

	kmtia_begin(h);
	err = kmtia_check_registered(h);
	if (!err)
		err = kmtia_notify_fetch(h, from_seq, replay, &count);
	return err ? err : count;
}

/* --- Dispatch ---------------------------------------------------------------------- */

static void handle_event(struct kmtia *h, struct kmtia_msg *m)
{
	struct nlmsghdr *nlh = kmtia_msg_header(m);

	/* Not ours: the answer to a command that was given up, or to a
	 * check-reply that came too late. */
	if (!h->registered || nlh->nlmsg_type != h->event_family || !genlmsg_valid_hdr(nlh, 0))
		return;
	switch (genlmsg_hdr(nlh)->cmd) {
	case KMTIA_CMD_CHECK:
		kmtia_question(h, m, false);
		break;
	case KMTIA_CMD_DICTATE:
		kmtia_question(h, m, true);
		break;
	case KMTIA_CMD_NOTIFY:
		notification(h, m);
		break;
	}
}

/* Handle what @s has. Returns the number of messages, or a negative errno. */
static int drain(struct kmtia *h, struct kmtia_sock *s,
		 void (*handle)(struct kmtia *h, struct kmtia_msg *m))
{
	int count = 0, err = 0;

	/* A callback may close the socket, or want to stop. */
	while (s->fd >= 0 && !(h->running && h->stop)) {
		struct kmtia_msg *m = kmtia_sock_take_any(s);

		if (m) {
			handle(h, m);
			kmtia_msg_free(m);
			count++;
			continue;
		}
		if (s->dry)
			break;
		err = kmtia_sock_receive(h, s, MSG_DONTWAIT);
		if (err == -EAGAIN)
			break;
		if (err && err != -ENOBUFS && err != -EINTR)
			return kmtia_fail(h, err, "cannot receive from the kernel");
	}
	return count;
}

/* Returns true if it called back, which may have filled the queue again. */
static bool report_loss(struct kmtia *h)
{
	int err;

	if (h->monitor.lost) {
		h->monitor.lost = false;
		if (h->monitor_err)
			strcpy(h->warning, "monitor events are lost: the group of the module that "
					   "was loaded anew could not be joined");
		else
			strcpy(h->warning, "monitor events were lost");
	}
	if (!h->event.lost)
		return false;
	h->event.lost = false;
	if (!h->registered)
		return false;
	err = kmtia_questions_fetch(h);
	if (h->registered && h->callbacks.overrun)
		h->callbacks.overrun(h, h->user);
	/* Where that failed, most likely there is no memory: not at once again. */
	return !err;
}

/* News first: if the registration is void, so is what came by it. */
static int drain_all(struct kmtia *h)
{
	int news, events, monitored, err;

	news = drain(h, &h->news, kmtia_news_handle);
	if (news < 0)
		return news;
	err = kmtia_news_catch_up(h);
	if (err)
		return err;
	events = drain(h, &h->event, handle_event);
	if (events < 0)
		return events;
	monitored = drain(h, &h->monitor, kmtia_monitor_handle);
	return monitored < 0 ? monitored : news + events + monitored;
}

static int dispatch(struct kmtia *h)
{
	int total = 0, count;

	do {
		count = drain_all(h);
		if (count < 0)
			return count;
		total += count;
		/* When all is read: what was told of may be gone by then. */
	} while (report_loss(h) || kmtia_pairs_tell(h));
	return total;
}

static int check_open(struct kmtia *h)
{
	if (kmtia_get_fd(h) >= 0)
		return 0;
	return kmtia_fail(h, -ENOTCONN, "this handle is neither registered nor monitoring");
}

/* What kmtia_loop_wait() has found */
static int dispatch_found(struct kmtia *h)
{
	int count;

	h->dispatching = true;
	count = dispatch(h);
	h->dispatching = false;
	kmtia_loop_settle(h);
	return count;
}

KMTIA_EXPORT int kmtia_dispatch(struct kmtia *h)
{
	int err;

	/* A callback must not begin anew what goes on around it, nor void the
	 * error that it may want to look at. */
	if (h->dispatching)
		return kmtia_fail(h, -EBUSY, "kmtia_dispatch() was called from a callback");
	kmtia_begin(h);
	err = check_open(h);
	if (err)
		return err;
	kmtia_loop_wait(h, 0);
	return dispatch_found(h);
}

KMTIA_EXPORT int kmtia_get_fd(struct kmtia *h)
{
	return h->news.fd >= 0 ? h->epoll_fd : -1;
}

/* --- A loop for those who have none --------------------------------------------------- */

static int run(struct kmtia *h)
{
	int count = 0, err;

	while (!h->stop && count >= 0) {
		err = kmtia_loop_wait(h, -1);
		if (err < 0 && err != -EINTR)
			return kmtia_fail(h, err, "cannot wait");
		if (h->stop)
			break;
		kmtia_begin(h);
		count = check_open(h);
		if (!count)
			count = dispatch_found(h);
	}
	return count < 0 ? count : 0;
}

KMTIA_EXPORT int kmtia_run(struct kmtia *h)
{
	int err;

	if (h->running || h->dispatching)
		return kmtia_fail(h, -EBUSY, "kmtia_run() was called from a callback");
	kmtia_begin(h);
	err = check_open(h);
	if (err)
		return err;
	h->running = true;
	err = run(h);
	h->running = false;
	/* In this order: the second drains what kmtia_stop() wrote. */
	kmtia_loop_settle(h);
	h->stop = 0;
	return err;
}

/* Only what a signal handler may do: to be called from one is useful. */
KMTIA_EXPORT void kmtia_stop(struct kmtia *h)
{
	uint64_t count = 1;
	int err = errno;

	h->stop = 1;
	if (h->wake_fd >= 0 && write(h->wake_fd, &count, sizeof(count)) < 0)
		h->stop = 1; /* full: it is readable as it is */
	errno = err;
}
