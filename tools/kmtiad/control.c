// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control socket: one message in, one out, and that was it. Nothing here
 * waits: a client that is slow is dropped, and keys are dictated meanwhile.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4(), struct ucred */
#endif

#include "clock.h"
#include "control.h"
#include "control_proto.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 8
#define CLIENT_MS 2000 /* that one may take to say what it wants */
#define DEAF_MS 1000   /* how long nobody is let in when there are no descriptors */

struct client {
	int fd;		 /* -1: none */
	uint64_t number; /* the lower, the longer it is here */
	int64_t until;
};

struct control {
	char *path;
	control_handler handler;
	void *user;
	int epoll; /* of the listener and the clients */
	int listener;
	dev_t dev; /* which file it was that we made */
	ino_t ino;
	struct client clients[CLIENTS];
	uint64_t n_clients; /* that there ever were */
	int64_t deaf_until; /* 0: it listens */
};

/* --- Clients --------------------------------------------------------------- */

static void drop(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

/* Send it or leave it: whoever does not listen, need not hear. Takes @text. */
static void reply(int fd, char *text)
{
	if (text && send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("control: cannot answer: %s", strerror(errno));
	free(text);
}

static void serve(struct control *c, struct client *client)
{
	char request[CONTROL_REQUEST_MAX];
	ssize_t len;

	/* Returns how long the message was, not how much of it there was room for. */
	len = recv(client->fd, request, sizeof(request), MSG_DONTWAIT | MSG_TRUNC);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len > (ssize_t)sizeof(request))
		reply(client->fd, control_error("the request is too long"));
	else if (len > 0)
		reply(client->fd, c->handler(request, (size_t)len, c->user));
	drop(client);
}

/* The mode of the socket says the same, but not where its directory is shared. */
static bool is_allowed(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

/* A free place, or that of the one who has been silent for the longest. */
static struct client *place(struct control *c)
{
	struct client *client, *oldest = c->clients;

	for (client = c->clients; client < c->clients + CLIENTS; client++) {
		if (client->fd < 0)
			return client;
		if (client->number < oldest->number)
			oldest = client;
	}
	reply(oldest->fd, control_error("too many ask at a time"));
	drop(oldest);
	return oldest;
}

static void admit(struct control *c, int fd)
{
	struct client *client;
	struct epoll_event event = { .events = EPOLLIN };

	if (!is_allowed(fd)) {
		reply(fd, control_error("only root and kmtiad's own user may ask"));
		close(fd);
		return;
	}
	client = place(c);
	event.data.ptr = client;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event)) {
		close(fd);
		return;
	}
	client->fd = fd;
	client->number = c->n_clients++;
	client->until = clock_ms() + CLIENT_MS;
}

static bool listen_for(struct control *c, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return !epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->listener, &event);
}

/* Who waits at the door would wake the loop all the time, and can't be let in. */
static void be_deaf(struct control *c)
{
	if (listen_for(c, 0))
		c->deaf_until = clock_ms() + DEAF_MS;
}

static void hear_again(struct control *c)
{
	if (c->deaf_until && c->deaf_until <= clock_ms() && listen_for(c, EPOLLIN))
		c->deaf_until = 0;
}

/* One at a time: the loop has others to serve, too. */
static void accept_one(struct control *c)
{
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		admit(c, fd);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		log_debug("control: cannot accept: %s", strerror(errno));
		be_deaf(c);
	}
}

static void drop_silent(struct control *c)
{
	int64_t now = clock_ms();
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].until <= now)
			drop(&c->clients[i]);
}

/* Do what there is to do, waiting for nothing. */
void control_dispatch(struct control *c)
{
	struct epoll_event event;

	/* One, as it may be that its client is dropped for another's sake. */
	if (epoll_wait(c->epoll, &event, 1, 0) == 1) {
		if (event.data.ptr)
			serve(c, event.data.ptr);
		else
			accept_one(c);
	}
	drop_silent(c);
	hear_again(c);
}

/* In how long there will be a client to drop, or one to let in; -1: there is none. */
int control_timeout_ms(const struct control *c)
{
	int64_t first = INT64_MAX, now = clock_ms();
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].until < first)
			first = c->clients[i].until;
	if (c->deaf_until && c->deaf_until < first)
		first = c->deaf_until;
	if (first == INT64_MAX)
		return -1;
	return first > now ? (int)(first - now) : 0;
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

/* --- Life ------------------------------------------------------------------ */

/* Does somebody listen at @addr? If not, what is there is a leftover. */
static bool is_alive(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
		errno != ECONNREFUSED;
	close(fd);
	return alive;
}

static bool remove_leftover(const struct sockaddr_un *addr)
{
	struct stat st;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT;
	if (S_ISSOCK(st.st_mode) && !is_alive(addr))
		return !unlink(addr->sun_path);
	errno = EADDRINUSE;
	return false;
}

/* Make the socket's file, with mode 0600 from its first moment. */
static bool listen_at(struct control *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	bool bound;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", c->path);
	if (!remove_leftover(&addr))
		return false;
	mask = umask(0177);
	bound = !bind(c->listener, (struct sockaddr *)&addr, sizeof(addr));
	umask(mask);
	if (!bound || lstat(c->path, &st))
		return false;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	return !listen(c->listener, CLIENTS);
}

static bool set_up(struct control *c, const char *path)
{
	struct epoll_event event = { .events = EPOLLIN };

	c->path = strdup(path);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return c->path && c->epoll >= 0 && c->listener >= 0 && listen_at(c) &&
	       !epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->listener, &event);
}

/* Returns NULL, having logged why. */
struct control *control_open(const char *path, control_handler handler, void *user)
{
	struct control *c = calloc(1, sizeof(*c));
	size_t i;

	if (!c) {
		log_err("out of memory");
		return NULL;
	}
	c->handler = handler;
	c->user = user;
	c->epoll = c->listener = -1;
	for (i = 0; i < CLIENTS; i++)
		c->clients[i].fd = -1;
	if (set_up(c, path))
		return c;
	log_err("cannot listen at %s: %s", path, strerror(errno));
	control_close(c);
	return NULL;
}

static bool is_ours(const struct control *c)
{
	struct stat st;

	return c->ino && !lstat(c->path, &st) && st.st_dev == c->dev && st.st_ino == c->ino;
}

/* Is it at @path that it listens, and can it be found there? */
bool control_serves(const struct control *c, const char *path)
{
	return !strcmp(c->path, path) && is_ours(c);
}

/* The file goes too, unless it is another one's by now. */
void control_close(struct control *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < CLIENTS; i++)
		drop(&c->clients[i]);
	if (c->path && is_ours(c))
		unlink(c->path);
	if (c->listener >= 0)
		close(c->listener);
	if (c->epoll >= 0)
		close(c->epoll);
	free(c->path);
	free(c);
}
