// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor for asking a process by netlink: two processes that send each other a message of
 * 256 bytes, and wait for the other's. Prints "pingpong NANOSECONDS" of one exchange.
 */
#include <linux/netlink.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define MESSAGE_BYTES 256

struct end {
	int fd;
	struct sockaddr_nl own, other;
};

static void end_open(struct end *end)
{
	socklen_t len = sizeof(end->own);

	memset(end, 0, sizeof(*end));
	end->own.nl_family = AF_NETLINK;
	end->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	if (end->fd < 0 || bind(end->fd, (struct sockaddr *)&end->own, sizeof(end->own)) ||
	    getsockname(end->fd, (struct sockaddr *)&end->own, &len))
		bench_die("netlink socket");
}

static void end_send(const struct end *end)
{
	struct {
		struct nlmsghdr hdr;
		char rest[MESSAGE_BYTES - NLMSG_HDRLEN];
	} message = { .hdr = { .nlmsg_len = sizeof(message), .nlmsg_type = NLMSG_MIN_TYPE } };

	if (sendto(end->fd, &message, sizeof(message), 0, (const struct sockaddr *)&end->other,
		   sizeof(end->other)) < 0)
		bench_die("sendto");
}

static void end_receive(const struct end *end)
{
	char message[2 * MESSAGE_BYTES];

	if (recv(end->fd, message, sizeof(message), 0) != MESSAGE_BYTES)
		bench_die("recv");
}

static void exchange(void *arg)
{
	end_send(arg);
	end_receive(arg);
}

static void answer_forever(const struct end *end)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		end_receive(end);
		end_send(end);
	}
}

int main(void)
{
	struct end asker, answerer;

	end_open(&asker);
	end_open(&answerer);
	asker.other = answerer.own;
	answerer.other = asker.own;
	switch (fork()) {
	case -1:
		bench_die("fork");
		break;
	case 0:
		answer_forever(&answerer);
		break;
	}
	bench_print("pingpong", bench_least(exchange, &asker, 1000, 5));
	return 0;
}
