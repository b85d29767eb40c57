// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One command: build it, send it, await the answers.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "internal.h"

/* Enough for the largest command, an answer with KMTIA_KEY_MAX_LEN per slot: to put
 * an attribute into a message cannot fail, and is not checked. */
#define COMMAND_SIZE 4096

static struct nl_msg *message_new(struct kmtia *h, uint16_t family, uint8_t cmd,
				  uint8_t version, int flags, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_size(size);

	/* Questions have the number 0, so no command has. */
	if (!++h->seq)
		h->seq = 1;
	if (msg && !genlmsg_put(msg, 0, h->seq, family, 0, NLM_F_REQUEST | flags, cmd, version)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	if (!msg)
		kmtia_fail(h, -ENOMEM, "no memory for a netlink message");
	return msg;
}

struct nl_msg *kmtia_message_new(struct kmtia *h, uint16_t family, uint8_t cmd,
				 uint8_t version, int flags)
{
	return message_new(h, family, cmd, version, flags, COMMAND_SIZE);
}

struct nl_msg *kmtia_command_new(struct kmtia *h, uint8_t cmd, int flags)
{
	return kmtia_message_new(h, h->family, cmd, KMTIA_FAMILY_VERSION, flags);
}

/* For the registration's socket: to the module that it registered with, should
 * another one be there by now. */
struct nl_msg *kmtia_event_command_new(struct kmtia *h, uint8_t cmd, int flags)
{
	return kmtia_message_new(h, h->event_family, cmd, KMTIA_FAMILY_VERSION, flags);
}

/* An answer to a question, for attributes that take @room bytes: what is not there need
 * be neither cleared before nor wiped after, and a tunnel waits. */
struct nl_msg *kmtia_answer_new(struct kmtia *h, uint8_t cmd, size_t room)
{
	return message_new(h, h->event_family, cmd, KMTIA_FAMILY_VERSION, 0,
			   nlmsg_size(GENL_HDRLEN + room));
}

/* All of it: what was cut off again (nla_nest_cancel()) may have been a key. */
void kmtia_command_free(struct nl_msg *msg)
{
	explicit_bzero(nlmsg_hdr(msg), nlmsg_get_max_size(msg));
	nlmsg_free(msg);
}

/* Send @msg and free it; what the kernel thinks of it is of no interest. */
int kmtia_command_send(struct kmtia *h, struct kmtia_sock *s, struct nl_msg *msg)
{
	int err = kmtia_sock_send(s, nlmsg_hdr(msg));

	kmtia_command_free(msg);
	return err ? kmtia_fail(h, err, "cannot send to the kernel") : 0;
}

/* What that means: @silent: no error, which is what was asked for. */
static int nothing_came(struct kmtia *h, bool silent, int flags)
{
	if (silent)
		return 0;
	if (flags)
		return kmtia_fail(h, -ENOBUFS, "the kernel's answer was lost");
	return kmtia_fail(h, -ETIMEDOUT, "the kernel did not answer");
}

/*
 * Get the next message that answers @request. Others stay in the queue: they are
 * questions or notifications, or answer a command further up the call chain. NULL on
 * failure; or, with *@err 0, if the request asked for no ACK and got no error: one would
 * be there when send() returns.
 */
static struct kmtia_msg *await(struct kmtia *h, struct kmtia_sock *s,
			       const struct nlmsghdr *request, int *error)
{
	bool silent = !(request->nlmsg_flags & NLM_F_ACK);
	unsigned int generation = s->generation;
	int flags = silent ? MSG_DONTWAIT : 0, err;
	struct kmtia_msg *m;

	/* A callback may end the registration meanwhile. */
	while (s->fd >= 0 && s->generation == generation) {
		m = kmtia_sock_take(s, request->nlmsg_seq);
		if (m)
			return m;
		err = kmtia_sock_receive(h, s, flags);
		if (err == -EAGAIN) {
			*error = nothing_came(h, silent, flags);
			return NULL;
		}
		if (err == -ENOBUFS) {
			/* The answer may be among what was lost. It would be
			 * there by now: look, but do not wait. */
			flags = MSG_DONTWAIT;
			silent = false;
		} else if (err && err != -EINTR) {
			*error = kmtia_fail(h, err, "cannot receive from the kernel");
			return NULL;
		}
	}
	*error = kmtia_fail(h, -ENOTCONN, "the registration has ended");
	return NULL;
}

struct exchange {
	const struct nlmsghdr *request;
	kmtia_reply_fn fn;
	void *arg;
	int stopped; /* what @fn returned */
	int err;     /* the kernel's verdict */
};

/* Returns true with the last message of the answer. */
static bool handle_answer(struct kmtia *h, struct exchange *x, struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		strcpy(h->warning, "the list changed while it was read and may be inconsistent");

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		x->err = kmtia_extack_error(h, x->request, nlh);
		return true;
	}
	if (nlh->nlmsg_type == NLMSG_DONE) {
		x->err = kmtia_extack_done(h, x->request, nlh);
		return true;
	}
	/* Once stopped, read on to the end: the kernel runs one dump at a time. */
	if (nlh->nlmsg_type == x->request->nlmsg_type && x->fn && !x->stopped)
		x->stopped = x->fn(h, nlh, x->arg);
	return false;
}

static int exchange(struct kmtia *h, struct kmtia_sock *s, struct exchange *x)
{
	struct kmtia_msg *m;
	bool last;
	int err;

	err = kmtia_sock_send(s, x->request);
	if (err)
		return kmtia_fail(h, err, "cannot send to the kernel");
	do {
		m = await(h, s, x->request, &err);
		if (!m)
			return err;
		last = handle_answer(h, x, kmtia_msg_header(m));
		kmtia_msg_free(m);
	} while (!last);
	return x->stopped ? x->stopped : x->err;
}

/* The kernel says ENOENT without a word: either that is its answer, or it knows no
 * family of this number (any more), as each loading of the module gives a new one. */
static bool is_silent_enoent(const struct kmtia *h, const struct exchange *x, int err)
{
	return err == -ENOENT && !x->stopped && x->request->nlmsg_type != GENL_ID_CTRL &&
	       !h->sentence[0];
}

/*
 * Is it that the module is another one by now? Then the command can be sent anew,
 * since nobody has seen it; but not by the socket of a registration, which is void.
 * Returns 1 if it is to be sent anew.
 */
static int after_enoent(struct kmtia *h, struct kmtia_sock *s, struct nlmsghdr *request)
{
	int renewed = kmtia_family_renew(h, request->nlmsg_type);

	if (renewed != 1 && renewed != -ENOTCONN)
		return kmtia_fail(h, -ENOENT, "%s", "");
	if (s == &h->event && h->registered)
		return kmtia_fail(h, -ENOTCONN, "the kernel module was unloaded, and the "
						"registration went with it");
	if (renewed < 0)
		return renewed;
	kmtia_begin(h);
	request->nlmsg_type = h->family;
	return 1;
}

static int attempt(struct kmtia *h, struct kmtia_sock *s, struct exchange *x)
{
	int err;

	/* Late answers to a command that was given up are of no use. */
	if (s == &h->command && !s->waiting)
		kmtia_sock_purge(s);
	s->waiting++;
	err = exchange(h, s, x);
	s->waiting--;
	return err;
}

/*
 * Send @msg, which asks for an ACK or a dump, or is content with no error, call @fn for
 * each message of the answer, and free @msg. Returns what @fn returned if not 0, else the kernel's
 * verdict. Questions that come in between stay in the queue.
 */
int kmtia_command_run(struct kmtia *h, struct kmtia_sock *s, struct nl_msg *msg,
		      kmtia_reply_fn fn, void *arg)
{
	struct exchange x = { .request = nlmsg_hdr(msg), .fn = fn, .arg = arg };
	int err;

	err = attempt(h, s, &x);
	if (is_silent_enoent(h, &x, err)) {
		err = after_enoent(h, s, nlmsg_hdr(msg));
		if (err > 0)
			err = attempt(h, s, &x);
	}
	kmtia_command_free(msg);
	kmtia_loop_settle(h);
	return err;
}

int kmtia_command_dump(struct kmtia *h, uint8_t cmd, kmtia_reply_fn fn, void *arg)
{
	struct nl_msg *msg = kmtia_command_new(h, cmd, NLM_F_ACK | NLM_F_DUMP);

	return msg ? kmtia_command_run(h, &h->command, msg, fn, arg) : -ENOMEM;
}
