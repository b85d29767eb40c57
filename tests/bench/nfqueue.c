// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs that a process decides about a packet: a datagram to 127.0.0.1, port 9, which
 * this process also receives. A rule of the packet filter must send it to queue 0, for
 *
 *	nfqueue NAME		prints "NAME NANOSECONDS" of sending and receiving one
 *	nfqueue NAME queue	the same; another process reads the queue, and accepts
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define PORT 9

/* --- The queue ------------------------------------------------------------------------ */

struct message {
	struct nlmsghdr hdr;
	struct nfgenmsg nfgen;
	struct nlattr attr;
	char payload[64];
};

/* A message with one attribute; returns the answer if it asks for one. */
static void queue_send(int fd, int type, int flags, int attr, const void *data, size_t len)
{
	struct message m = {
		.hdr = {
			.nlmsg_len = offsetof(struct message, payload) + len,
			.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type,
			.nlmsg_flags = NLM_F_REQUEST | flags,
		},
		.nfgen = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 },
		.attr = { .nla_len = NLA_HDRLEN + len, .nla_type = attr },
	};
	struct {
		struct nlmsghdr hdr;
		struct nlmsgerr err;
		char rest[256];
	} ack;

	memcpy(m.payload, data, len);
	if (send(fd, &m, m.hdr.nlmsg_len, 0) < 0)
		bench_die("nfqueue: send");
	if (!(flags & NLM_F_ACK))
		return;
	if (recv(fd, &ack, sizeof(ack), 0) < 0 || ack.err.error) {
		errno = -ack.err.error;
		bench_die("nfqueue: configuration");
	}
}

static int queue_open(void)
{
	const struct nfqnl_msg_config_cmd bind_cmd = { .command = NFQNL_CFG_CMD_BIND };
	const struct nfqnl_msg_config_params params = { .copy_mode = NFQNL_COPY_META };
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
		bench_die("nfqueue: socket");
	queue_send(fd, NFQNL_MSG_CONFIG, NLM_F_ACK, NFQA_CFG_CMD, &bind_cmd, sizeof(bind_cmd));
	queue_send(fd, NFQNL_MSG_CONFIG, NLM_F_ACK, NFQA_CFG_PARAMS, &params, sizeof(params));
	return fd;
}

/* The packet's number, in network order */
static uint32_t packet_id(const char *packet, size_t len)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nfqnl_msg_packet_hdr hdr;
	struct nlattr attr;

	while (at + sizeof(attr) <= len) {
		memcpy(&attr, packet + at, sizeof(attr));
		if (attr.nla_type == NFQA_PACKET_HDR) {
			memcpy(&hdr, packet + at + NLA_HDRLEN, sizeof(hdr));
			return hdr.packet_id;
		}
		at += NLA_ALIGN(attr.nla_len);
	}
	errno = EBADMSG;
	bench_die("nfqueue: a packet without a number");
	return 0;
}

static void accept_forever(int fd)
{
	struct nfqnl_msg_verdict_hdr verdict = { .verdict = htonl(NF_ACCEPT) };
	char packet[4096];
	ssize_t len;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		len = recv(fd, packet, sizeof(packet), 0);
		if (len < 0)
			bench_die("nfqueue: recv");
		verdict.id = packet_id(packet, len);
		queue_send(fd, NFQNL_MSG_VERDICT, 0, NFQA_VERDICT_HDR, &verdict, sizeof(verdict));
	}
}

/* --- The packet ------------------------------------------------------------------------- */

struct way {
	int from, to;
	struct sockaddr_in there;
};

static void way_open(struct way *way)
{
	memset(way, 0, sizeof(*way));
	way->there.sin_family = AF_INET;
	way->there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	way->there.sin_port = htons(PORT);
	way->from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	way->to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (way->from < 0 || way->to < 0 ||
	    bind(way->to, (struct sockaddr *)&way->there, sizeof(way->there)))
		bench_die("nfqueue: UDP socket");
}

static void datagram(void *arg)
{
	const struct way *way = arg;
	char byte = 0;

	if (sendto(way->from, &byte, 1, 0, (const struct sockaddr *)&way->there,
		   sizeof(way->there)) != 1 ||
	    recv(way->to, &byte, 1, 0) != 1)
		bench_die("nfqueue: datagram");
}

int main(int argc, char **argv)
{
	struct way way;
	int fd;

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "queue"))) {
		fprintf(stderr, "usage: nfqueue NAME [queue]\n");
		return EXIT_FAILURE;
	}
	way_open(&way);
	if (argc == 3) {
		fd = queue_open();
		switch (fork()) {
		case -1:
			bench_die("fork");
			break;
		case 0:
			accept_forever(fd);
			break;
		}
		close(fd);
	}
	bench_print(argv[1], bench_least(datagram, &way, 1000, 5));
	return 0;
}
