// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The socket calls, as seen from the library.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "fake_kernel.h"

/* Instead of the library's 10 seconds. */
#define RECEIVE_TIMEOUT_US 30000

#define MAX_SOCKETS 8

int __real_socket(int domain, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *addr, socklen_t len);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *mh, int flags);
int __real_close(int fd);
void __real_free(void *p);
void __real_nlmsg_free(struct nl_msg *msg);

int __wrap_socket(int domain, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags);
int __wrap_close(int fd);

void fake_note_message(const void *bytes, size_t len);
void fake_note_buffer(const void *bytes, size_t len);
void fake_memory_reset(void);
void fake_clock_reset(void);

struct fake fake;

static struct {
	int fd, peer; /* 0: free */
} sockets[MAX_SOCKETS];

static struct fake_request last[KMTIA_CMD_MAX + 1];

/* What goes before each datagram: who sent it, or that recvmsg() is to fail. */
struct prefix {
	uint32_t pid;
	int err;
};

static int peer_of(int fd)
{
	int i;

	for (i = 0; i < MAX_SOCKETS; i++) {
		if (sockets[i].fd && sockets[i].fd == fd)
			return sockets[i].peer;
	}
	return -1;
}

int __wrap_socket(int domain, int type, int protocol)
{
	int pair[2], i;

	if (domain != AF_NETLINK)
		return __real_socket(domain, type, protocol);
	if (fake.socket_errno) {
		errno = fake.socket_errno;
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		abort();
	for (i = 0; sockets[i].fd; i++)
		assert_in_range(i, 0, MAX_SOCKETS - 2);
	sockets[i].fd = pair[0];
	sockets[i].peer = pair[1];
	if (!fake.sockets++)
		fake.command_fd = pair[0];
	fake.option_cloexec = type & SOCK_CLOEXEC;
	return pair[0];
}

int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (peer_of(fd) < 0)
		return __real_bind(fd, addr, len);
	assert_int_equal(len, sizeof(struct sockaddr_nl));
	assert_int_equal(addr->sa_family, AF_NETLINK);
	if (!fake.bind_errno)
		return 0;
	errno = fake.bind_errno;
	return -1;
}

static int join(int fd, const void *value)
{
	uint32_t group = *(const uint32_t *)value;
	bool news = group == GENL_ID_CTRL;
	int err = news ? fake.news_errno : fake.join_errno;

	if (!news)
		assert_int_equal(group, fake.group);
	if (err) {
		errno = err;
		return -1;
	}
	if (news)
		fake.news_fd = fd;
	else
		fake.monitor_fd = fd;
	if (!news)
		fake.joined = group;
	return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	struct timeval soon = { .tv_usec = RECEIVE_TIMEOUT_US };

	if (peer_of(fd) < 0)
		return __real_setsockopt(fd, level, name, value, len);
	if (level == SOL_NETLINK && name == NETLINK_EXT_ACK)
		fake.option_ext_ack = *(const int *)value;
	else if (level == SOL_NETLINK && name == NETLINK_CAP_ACK)
		fake.option_cap_ack = *(const int *)value;
	else if (level == SOL_NETLINK && name == NETLINK_ADD_MEMBERSHIP)
		return join(fd, value);
	else if (level == SOL_SOCKET && name == SO_RCVTIMEO)
		return __real_setsockopt(fd, level, name, &soon, sizeof(soon));
	else if (level == SOL_SOCKET && name == SO_RCVBUF)
		fake.option_rcvbuf = *(const int *)value;
	else
		return errno = EPERM, -1; /* SO_RCVBUFFORCE */
	return 0;
}

/* --- The controller family -------------------------------------------------------- */

static void put_commands(struct nl_msg *msg)
{
	static const uint8_t commands[] = {
		KMTIA_CMD_MANAGER_ADD,
		KMTIA_CMD_MANAGER_DEL,
		KMTIA_CMD_DICTATE_REPLY,
		KMTIA_CMD_NOTIFY_GET,
		/* From here on they are later ones. */
		KMTIA_CMD_SECRET_SET,
		KMTIA_CMD_REQUEST_GET,
		KMTIA_CMD_MANAGER_POLICY_SET,
		KMTIA_CMD_RULE_REPLACE,
	};
	size_t n = sizeof(commands) - (fake.old_module ? 4 : 0);
	struct nlattr *list = nla_nest_start(msg, CTRL_ATTR_OPS), *op;
	size_t i;

	for (i = 0; i < n; i++) {
		op = nla_nest_start(msg, i + 1);
		nla_put_u32(msg, CTRL_ATTR_OP_ID, commands[i]);
		nla_put_u32(msg, CTRL_ATTR_OP_FLAGS, 0);
		nla_nest_end(msg, op);
	}
	nla_nest_end(msg, list);
}

static void put_group(struct nl_msg *msg)
{
	struct nlattr *list = nla_nest_start(msg, CTRL_ATTR_MCAST_GROUPS), *group;

	group = nla_nest_start(msg, 1);
	nla_put_u32(msg, CTRL_ATTR_MCAST_GRP_ID, fake.group);
	nla_put_string(msg, CTRL_ATTR_MCAST_GRP_NAME, KMTIA_MCGRP_MONITOR);
	nla_nest_end(msg, group);
	nla_nest_end(msg, list);
}

static struct nl_msg *family_message(uint8_t cmd, uint32_t seq, int flags, const char *name,
				     uint16_t id)
{
	struct nl_msg *msg = nlmsg_alloc();

	genlmsg_put(msg, 0, seq, GENL_ID_CTRL, 0, flags, cmd, 2);
	nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, name);
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, id);
	put_commands(msg);
	if (!fake.no_group)
		put_group(msg);
	return msg;
}

struct nl_msg *fake_family_news(uint8_t cmd, const char *name, uint16_t id)
{
	return family_message(cmd, 0, 0, name, id);
}

/* Ours is in the middle, and one before it has lost its number. */
static void list_families(const struct fake_request *r)
{
	const uint8_t cmd = CTRL_CMD_NEWFAMILY;
	const uint32_t seq = r->nlh->nlmsg_seq;
	struct nl_msg *odd;

	if (fake.look_errno) {
		fake_done(r, -fake.look_errno, NULL);
		return;
	}
	fake_push(r->fd, family_message(cmd, seq, NLM_F_MULTI, "nlctrl", GENL_ID_CTRL));
	odd = nlmsg_alloc();
	genlmsg_put(odd, 0, seq, GENL_ID_CTRL, 0, NLM_F_MULTI, cmd, 2);
	nla_put_string(odd, CTRL_ATTR_FAMILY_NAME, KMTIA_FAMILY_NAME);
	fake_push(r->fd, odd);
	if (!fake.gone && !fake.look_misses)
		fake_push(r->fd, family_message(cmd, seq, NLM_F_MULTI, "kmtia", fake.family));
	fake_push(r->fd, family_message(cmd, seq, NLM_F_MULTI, "kmtia2", FAKE_FAMILY - 1));
	fake_done(r, 0, NULL);
}

static bool has_family(const struct fake_request *r)
{
	if (fake.no_family || fake.gone)
		return false;
	if (r->tb[CTRL_ATTR_FAMILY_NAME])
		return !strcmp(nla_get_string(r->tb[CTRL_ATTR_FAMILY_NAME]), "kmtia");
	return nla_get_u16(r->tb[CTRL_ATTR_FAMILY_ID]) == fake.family;
}

static void get_family(const struct fake_request *r)
{
	assert_int_equal(r->cmd, CTRL_CMD_GETFAMILY);
	fake.by_name += r->tb[CTRL_ATTR_FAMILY_NAME] != NULL;
	if (r->nlh->nlmsg_flags & NLM_F_DUMP) {
		list_families(r);
		return;
	}
	if (!has_family(r)) {
		fake_ack(r, -ENOENT, NULL);
		return;
	}
	fake_push(r->fd, family_message(CTRL_CMD_NEWFAMILY, r->nlh->nlmsg_seq, 0,
					fake.odd_family ? "odd" : "kmtia", fake.family));
	fake_ack_ok(r);
}

void fake_unload_silently(void)
{
	assert_false(fake.gone);
	fake.gone = true;
	fake.joined = 0;
}

void fake_load_silently(void)
{
	assert_true(fake.gone);
	fake.gone = false;
	fake.family++;
	fake.group++;
}

void fake_unload(void)
{
	fake_unload_silently();
	if (fake.news_fd)
		fake_push(fake.news_fd, fake_family_news(CTRL_CMD_DELFAMILY, "kmtia", fake.family));
}

void fake_load(void)
{
	fake_load_silently();
	if (fake.news_fd)
		fake_push(fake.news_fd, fake_family_news(CTRL_CMD_NEWFAMILY, "kmtia", fake.family));
}

/* --- Requests ----------------------------------------------------------------------- */

static void parse(struct fake_request *r, int fd, struct nlmsghdr *nlh)
{
	r->fd = fd;
	r->nlh = nlh;
	r->cmd = genlmsg_hdr(nlh)->cmd;
	assert_int_equal(genlmsg_parse(nlh, 0, r->tb, 63, NULL), 0);
}

static void keep(int fd, const struct nlmsghdr *nlh, uint8_t cmd)
{
	void *copy = aligned_alloc(8, (nlh->nlmsg_len + 7) & ~7U);

	memcpy(copy, nlh, nlh->nlmsg_len);
	__real_free(last[cmd].nlh);
	parse(&last[cmd], fd, copy);
	fake.count[cmd]++;
}

static void handle(const struct fake_request *r)
{
	assert_in_range(r->nlh->nlmsg_type, FAKE_FAMILY, fake.family);
	assert_in_range(r->cmd, 1, KMTIA_CMD_MAX);
	if (fake.gone || r->nlh->nlmsg_type != fake.family) {
		fake.unseen++;
		fake_ack(r, -ENOENT, NULL);
		return;
	}
	assert_int_equal(genlmsg_hdr(r->nlh)->version, KMTIA_FAMILY_VERSION);
	keep(r->fd, r->nlh, r->cmd);
	if (r->cmd == KMTIA_CMD_MANAGER_ADD)
		fake.event_fd = r->fd;
	if (fake.on[r->cmd])
		fake.on[r->cmd](r);
	else if (r->nlh->nlmsg_flags & NLM_F_ACK)
		fake_ack_ok(r);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)bytes;
	struct fake_request r;

	if (peer_of(fd) < 0)
		return __real_send(fd, bytes, len, flags);
	fake_note_message(bytes, len);
	if (fake.send_eintr || fake.send_errno) {
		errno = fake.send_eintr ? EINTR : fake.send_errno;
		fake.send_eintr -= fake.send_eintr > 0;
		return -1;
	}
	assert_int_equal(nlh->nlmsg_len, len);
	assert_true(nlh->nlmsg_flags & NLM_F_REQUEST);
	assert_int_not_equal(nlh->nlmsg_seq, 0);
	parse(&r, fd, nlh);
	if (nlh->nlmsg_type == GENL_ID_CTRL)
		get_family(&r);
	else
		handle(&r);
	return len;
}

const struct fake_request *fake_last(uint8_t cmd)
{
	assert_non_null(last[cmd].nlh);
	return &last[cmd];
}

/* --- Receiving ---------------------------------------------------------------------- */

ssize_t __wrap_recvmsg(int fd, struct msghdr *mh, int flags)
{
	struct prefix prefix = { 0 };
	struct iovec iov[2] = { { &prefix, sizeof(prefix) }, mh->msg_iov[0] };
	struct msghdr real = { .msg_iov = iov, .msg_iovlen = 2 };
	struct sockaddr_nl *from = mh->msg_name;
	ssize_t n;

	if (peer_of(fd) < 0)
		return __real_recvmsg(fd, mh, flags);
	n = __real_recvmsg(fd, &real, flags);
	if (n < 0)
		return n;
	if (prefix.err) {
		errno = prefix.err;
		return -1;
	}
	from->nl_family = AF_NETLINK;
	from->nl_pid = prefix.pid;
	mh->msg_namelen = sizeof(*from);
	mh->msg_flags = real.msg_flags;
	n -= sizeof(prefix);
	fake_note_message(iov[1].iov_base, n);
	fake_note_buffer(iov[1].iov_base, iov[1].iov_len);
	return n;
}

static void push(int fd, const void *bytes, size_t len, uint32_t pid, int err)
{
	struct prefix prefix = { .pid = pid, .err = err };
	struct iovec iov[2] = {
		{ &prefix, sizeof(prefix) },
		{ (void *)bytes, len },
	};
	ssize_t n = writev(peer_of(fd), iov, 2);

	assert_int_equal(n, sizeof(prefix) + len);
}

void fake_push_from(int fd, struct nl_msg *msg, uint32_t pid)
{
	push(fd, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, pid, 0);
	__real_nlmsg_free(msg);
}

void fake_push(int fd, struct nl_msg *msg)
{
	fake_push_from(fd, msg, 0);
}

void fake_push_raw(int fd, const void *bytes, size_t len)
{
	push(fd, bytes, len, 0, 0);
}

void fake_push_errno(int fd, int err)
{
	push(fd, "", 1, 0, err);
}

/* --- Life ---------------------------------------------------------------------------- */

int __wrap_close(int fd)
{
	int i;

	for (i = 0; i < MAX_SOCKETS; i++) {
		if (!sockets[i].fd || sockets[i].fd != fd)
			continue;
		__real_close(sockets[i].peer);
		sockets[i].fd = 0;
		fake.sockets--;
		if (fd == fake.news_fd)
			fake.news_fd = 0;
	}
	return __real_close(fd);
}

void fake_reset(void)
{
	int i;

	for (i = 0; i <= KMTIA_CMD_MAX; i++)
		__real_free(last[i].nlh);
	memset(last, 0, sizeof(last));
	memset(&fake, 0, sizeof(fake));
	fake.family = FAKE_FAMILY;
	fake.group = FAKE_GROUP;
	for (i = 0; i < MAX_SOCKETS; i++)
		assert_int_equal(sockets[i].fd, 0);
	fake_memory_reset();
	fake_clock_reset();
}

struct kmtia *fake_open(void)
{
	struct kmtia *h;

	fake_reset();
	assert_int_equal(kmtia_open(&h), 0);
	assert_non_null(h);
	return h;
}

void fake_close(struct kmtia *h)
{
	kmtia_close(h);
	assert_int_equal(fake.sockets, 0);
	fake_reset();
}

bool fake_readable(struct kmtia *h)
{
	struct pollfd p = { .fd = kmtia_get_fd(h), .events = POLLIN };

	assert_true(p.fd >= 0);
	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}
