// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sockets, and the queue of messages that were received.
 *
 * The sockets are not libnl's: it shrinks their buffers, folds errno values
 * together and reads where it likes. Whatever is received goes into the socket's
 * queue first; the buffer is wiped at once, each message when it is freed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "internal.h"

/* Events come in bursts: many SAs at once when a tunnel is set up anew. */
#define EVENT_BUFFER_SIZE (1024 * 1024)

/* The kernel answers a command before send() returns, so this is never reached
 * unless something is broken. */
#define ANSWER_TIMEOUT_S 10

uint64_t kmtia_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- Messages ---------------------------------------------------------------- */

struct kmtia_msg *kmtia_msg_new(const struct nlmsghdr *nlh, uint64_t now)
{
	struct kmtia_msg *m = malloc(sizeof(*m) + nlh->nlmsg_len);

	if (!m)
		return NULL;
	m->next = NULL;
	m->received = now;
	m->len = nlh->nlmsg_len;
	memcpy(m->data, nlh, nlh->nlmsg_len);
	return m;
}

struct nlmsghdr *kmtia_msg_header(struct kmtia_msg *m)
{
	return (struct nlmsghdr *)m->data;
}

void kmtia_msg_free(struct kmtia_msg *m)
{
	if (!m)
		return;
	explicit_bzero(m->data, m->len);
	free(m);
}

/* --- Sockets ----------------------------------------------------------------- */

void kmtia_sock_init(struct kmtia_sock *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->tail = &s->head;
}

/* Not fatal where one fails: an old kernel then says less, or buffers less. */
static void set_options(int fd, bool events)
{
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	int size = EVENT_BUFFER_SIZE, one = 1;

	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (events && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* A socket for @events is part of what the caller polls. */
int kmtia_sock_open(struct kmtia *h, struct kmtia_sock *s, bool events)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int fd, err;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		return -errno;
	set_options(fd, events);
	err = bind(fd, (struct sockaddr *)&any, sizeof(any)) ? -errno : 0;
	if (!err && events)
		err = kmtia_loop_add(h, fd);
	if (err) {
		close(fd);
		return err;
	}
	s->fd = fd;
	s->generation++;
	s->lost = false;
	s->dry = false;
	return 0;
}

int kmtia_sock_join(struct kmtia_sock *s, uint32_t group)
{
	int err = setsockopt(s->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));

	return err ? -errno : 0;
}

void kmtia_sock_purge(struct kmtia_sock *s)
{
	struct kmtia_msg *m;

	while ((m = kmtia_sock_take_any(s)))
		kmtia_msg_free(m);
}

void kmtia_sock_close(struct kmtia *h, struct kmtia_sock *s)
{
	kmtia_sock_purge(s);
	s->lost = false;
	if (s->fd < 0)
		return;
	kmtia_loop_remove(h, s->fd);
	close(s->fd);
	s->fd = -1;
}

int kmtia_sock_send(struct kmtia_sock *s, const struct nlmsghdr *nlh)
{
	ssize_t n;

	do {
		n = send(s->fd, nlh, nlh->nlmsg_len, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int enqueue(struct kmtia *h, struct kmtia_sock *s, size_t len)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)h->buffer;
	uint64_t now = kmtia_now();
	int left = len;

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		struct kmtia_msg *m = kmtia_msg_new(nlh, now);

		if (!m) {
			s->lost = true;
			return -ENOMEM;
		}
		*s->tail = m;
		s->tail = &m->next;
	}
	return 0;
}

/*
 * Receive once, into the queue. -EAGAIN: nothing there (with MSG_DONTWAIT), or
 * nothing came in time. -ENOBUFS: the kernel had to throw messages away.
 */
int kmtia_sock_receive(struct kmtia *h, struct kmtia_sock *s, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = h->buffer, .iov_len = KMTIA_BUFFER_SIZE };
	struct msghdr mh = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;
	int err = 0;

	n = recvmsg(s->fd, &mh, flags);
	s->dry = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
	if (n < 0) {
		err = -errno;
		if (err == -ENOBUFS)
			s->lost = true;
		return err == -EWOULDBLOCK ? -EAGAIN : err;
	}
	/* Any process may send to our port: only the kernel's port is 0. */
	if (mh.msg_namelen != sizeof(from) || from.nl_pid) {
		err = 0;
	} else if (mh.msg_flags & MSG_TRUNC) {
		s->lost = true;
		err = -ENOBUFS;
	} else {
		err = enqueue(h, s, n);
	}
	explicit_bzero(h->buffer, n < KMTIA_BUFFER_SIZE ? n : KMTIA_BUFFER_SIZE);
	return err;
}

/* Throw away what is there, received or not. */
void kmtia_sock_drop(struct kmtia *h, struct kmtia_sock *s)
{
	int err;

	do {
		err = s->fd < 0 ? -EBADF : kmtia_sock_receive(h, s, MSG_DONTWAIT);
		kmtia_sock_purge(s);
	} while (!err || err == -ENOBUFS || err == -ENOMEM || err == -EINTR);
	s->lost = false;
}

static struct kmtia_msg *unlink_msg(struct kmtia_sock *s, struct kmtia_msg **link)
{
	struct kmtia_msg *m = *link;

	*link = m->next;
	if (!*link)
		s->tail = link;
	m->next = NULL;
	return m;
}

/* Take the first message out of the queue that answers command @seq. */
struct kmtia_msg *kmtia_sock_take(struct kmtia_sock *s, uint32_t seq)
{
	struct kmtia_msg **link;

	for (link = &s->head; *link; link = &(*link)->next) {
		if (kmtia_msg_header(*link)->nlmsg_seq == seq)
			return unlink_msg(s, link);
	}
	return NULL;
}

struct kmtia_msg *kmtia_sock_take_any(struct kmtia_sock *s)
{
	return s->head ? unlink_msg(s, &s->head) : NULL;
}

/* --- What the caller polls ---------------------------------------------------- */

int kmtia_loop_add(struct kmtia *h, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Does the one of @s have something? */
static void look_at(struct kmtia_sock *s, const struct epoll_event *events, int n)
{
	int i;

	s->dry = true;
	for (i = 0; i < n; i++)
		s->dry &= events[i].data.fd != s->fd;
}

/* Wait until a descriptor has something, @timeout milliseconds, -1 for ever, and note which
 * sockets have. Should that fail, or there be more than fits, all are to be looked at. */
int kmtia_loop_wait(struct kmtia *h, int timeout)
{
	struct epoll_event events[8];
	const int room = sizeof(events) / sizeof(events[0]);
	int n = epoll_wait(h->epoll_fd, events, room, timeout);

	if (n < 0 || n == room) {
		h->news.dry = h->event.dry = h->monitor.dry = false;
		return n < 0 ? -errno : n;
	}
	look_at(&h->news, events, n);
	look_at(&h->event, events, n);
	look_at(&h->monitor, events, n);
	return n;
}

/* By hand, lest a child's copy of the descriptor keep it in the set. */
void kmtia_loop_remove(struct kmtia *h, int fd)
{
	if (h->epoll_fd >= 0)
		epoll_ctl(h->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

int kmtia_loop_open(struct kmtia *h)
{
	int err;

	if (h->epoll_fd >= 0)
		return 0;
	h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (h->epoll_fd < 0)
		return -errno;
	h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = h->wake_fd < 0 ? -errno : kmtia_loop_add(h, h->wake_fd);
	if (err)
		kmtia_loop_close(h);
	return err;
}

void kmtia_loop_close(struct kmtia *h)
{
	if (h->wake_fd >= 0)
		close(h->wake_fd);
	if (h->epoll_fd >= 0)
		close(h->epoll_fd);
	h->wake_fd = -1;
	h->epoll_fd = -1;
	h->awake = false;
}

static bool has_work(const struct kmtia_sock *s)
{
	return s->head || s->lost;
}

/*
 * Let the descriptor that is polled tell whether the queues hold something: what
 * was received while a command awaited its answer wakes no poll() by itself. And
 * have it wake who polls when a pair is due.
 * Called at the end of whatever may have changed a queue, except within
 * kmtia_dispatch(), which empties them anyway.
 */
void kmtia_loop_settle(struct kmtia *h)
{
	bool work = has_work(&h->event) || has_work(&h->monitor) || has_work(&h->news);
	uint64_t count = 1;

	if (h->dispatching || h->wake_fd < 0)
		return;
	kmtia_pairs_settle(h);
	if (work && !h->awake) {
		h->awake = write(h->wake_fd, &count, sizeof(count)) == sizeof(count);
	} else if (!work && (h->awake || h->stop)) {
		/* -EAGAIN: kmtia_stop() has yet to write, or was read before. */
		if (read(h->wake_fd, &count, sizeof(count)) < 0)
			count = 0;
		h->awake = false;
	}
}
