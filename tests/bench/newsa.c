// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to create an SA: the time of one XFRM_MSG_NEWSA, as a keying module
 * sees it. With QEMU's -icount shift=0 a nanosecond is an instruction of the guest.
 *
 * newsa N ROUNDS: creates N SAs of rfc4106(gcm(aes)), each to a peer of its own, and
 * flushes them, ROUNDS times; prints the least mean of a round, in nanoseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEY_BYTES 20
#define AEAD_BYTES sizeof(struct xfrm_algo_aead)

struct newsa {
	struct nlmsghdr hdr;
	struct xfrm_usersa_info info;
	struct nlattr aead_hdr;
	union {
		struct xfrm_algo_aead aead;
		unsigned char aead_and_key[AEAD_BYTES + KEY_BYTES];
	};
};

struct flushsa {
	struct nlmsghdr hdr;
	struct xfrm_usersa_flush flush;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "newsa: %s: %s\n", what, strerror(err));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void transact(int fd, const void *request, size_t size, const char *what)
{
	struct {
		struct nlmsghdr hdr;
		struct nlmsgerr err;
		char rest[1024];
	} reply;

	if (send(fd, request, size, 0) < 0 || recv(fd, &reply, sizeof(reply), 0) < 0)
		die(what, errno);
	if (reply.hdr.nlmsg_type != NLMSG_ERROR || reply.err.error)
		die(what, -reply.err.error);
}

static void newsa_fill(struct newsa *m)
{
	memset(m, 0, sizeof(*m));
	m->hdr.nlmsg_len = offsetof(struct newsa, aead_and_key) + AEAD_BYTES + KEY_BYTES;
	m->hdr.nlmsg_type = XFRM_MSG_NEWSA;
	m->hdr.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	m->info.family = AF_INET;
	m->info.id.proto = IPPROTO_ESP;
	m->info.saddr.a4 = htonl(0x0a010001);
	m->info.mode = XFRM_MODE_TUNNEL;
	m->info.reqid = 1;
	m->info.lft.soft_byte_limit = m->info.lft.hard_byte_limit = XFRM_INF;
	m->info.lft.soft_packet_limit = m->info.lft.hard_packet_limit = XFRM_INF;
	m->aead_hdr.nla_type = XFRMA_ALG_AEAD;
	m->aead_hdr.nla_len = sizeof(m->aead_hdr) + AEAD_BYTES + KEY_BYTES;
	strcpy(m->aead.alg_name, "rfc4106(gcm(aes))");
	m->aead.alg_key_len = KEY_BYTES * 8;
	m->aead.alg_icv_len = 128;
}

static uint64_t round_ns(int fd, unsigned int n, uint32_t spi)
{
	struct newsa m;
	uint64_t start;
	unsigned int i;

	newsa_fill(&m);
	start = now_ns();
	for (i = 0; i < n; i++, spi++) {
		m.info.id.daddr.a4 = htonl(0x0a000000 + spi);
		m.info.id.spi = htonl(spi);
		memcpy(m.aead_and_key + AEAD_BYTES, &spi, sizeof(spi));
		m.aead_and_key[AEAD_BYTES + KEY_BYTES - 1] = 1;
		transact(fd, &m, m.hdr.nlmsg_len, "NEWSA");
	}
	return (now_ns() - start) / n;
}

static void flush(int fd)
{
	struct flushsa m = {
		.hdr = {
			.nlmsg_len = sizeof(m),
			.nlmsg_type = XFRM_MSG_FLUSHSA,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};

	transact(fd, &m, sizeof(m), "FLUSHSA");
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || n > 1000000)
		die(text, EINVAL);
	return (unsigned int)n;
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 1 ? number(argv[1]) : 500;
	unsigned int rounds = argc > 2 ? number(argv[2]) : 5;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint64_t least = UINT64_MAX, ns;
	unsigned int i;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	if (fd < 0 || bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)))
		die("socket", errno);
	round_ns(fd, n, 0x1000); /* modules are loaded, caches filled */
	flush(fd);
	for (i = 0; i < rounds; i++) {
		ns = round_ns(fd, n, 0x1000 + (i + 1) * n);
		flush(fd);
		if (ns < least)
			least = ns;
	}
	printf("%llu\n", (unsigned long long)least);
	close(fd);
	return 0;
}
