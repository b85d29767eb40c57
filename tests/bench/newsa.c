// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to create an SA: the time of one XFRM_MSG_NEWSA, as a keying module sees it,
 * and how much of it was the keying module's own, in the kernel too. With QEMU's -icount
 * shift=0 a nanosecond is an instruction of the guest.
 *
 * newsa N ROUNDS [pairs] [told WATCHERS]
 *	creates N SAs of rfc4106(gcm(aes)), each to a peer of its own, and flushes them, ROUNDS
 *	times; prints the least means of a round, in nanoseconds: "TIME OWN". With pairs, each
 *	second one is the way back of the one before. With told, each round ends when as many
 *	bytes have come from descriptor 3.
 * newsa live COUNT...
 *	creates as many as the last COUNT, and leaves them; prints for each COUNT the means of
 *	the last 500 up to it: "COUNT TIME OWN".
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

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

/* Of one SA, in nanoseconds */
struct cost {
	uint64_t time, own;
};

static struct cost cost_now(void)
{
	return (struct cost){ .time = bench_now(), .own = bench_own() };
}

static struct cost cost_since(const struct cost *start, unsigned int n)
{
	const struct cost now = cost_now();

	if (!n)
		return (struct cost){ 0 };
	return (struct cost){
		.time = (now.time - start->time) / n,
		.own = (now.own - start->own) / n,
	};
}

#define OWN_ADDRESS 0x0a010001

/* To the peer of that number, or from it */
static void set_ends(struct newsa *m, uint32_t peer, bool back)
{
	m->info.saddr.a4 = htonl(back ? 0x0a000000 + peer : OWN_ADDRESS);
	m->info.id.daddr.a4 = htonl(back ? OWN_ADDRESS : 0x0a000000 + peer);
}

static bool pairs;

static struct cost create(int fd, unsigned int n, uint32_t spi)
{
	/* Or kmtia would know the SA from another run, and ask nobody. */
	const pid_t run = getpid();
	struct cost start;
	struct newsa m;
	unsigned int i;

	newsa_fill(&m);
	start = cost_now();
	for (i = 0; i < n; i++, spi++) {
		set_ends(&m, pairs ? spi & ~1U : spi, pairs && spi & 1);
		m.info.id.spi = htonl(spi);
		memcpy(m.aead_and_key + AEAD_BYTES, &spi, sizeof(spi));
		memcpy(m.aead_and_key + AEAD_BYTES + sizeof(spi), &run, sizeof(run));
		m.aead_and_key[AEAD_BYTES + KEY_BYTES - 1] = 1;
		transact(fd, &m, m.hdr.nlmsg_len, "NEWSA");
	}
	return cost_since(&start, n);
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

#define FIRST_SPI 0x1000

/* Watchers that say so when they were told of a round */
static unsigned int watchers;

static void await_watchers(void)
{
	unsigned int i;
	char byte;

	for (i = 0; i < watchers; i++) {
		if (read(3, &byte, 1) != 1)
			die("pipe", errno);
	}
}

static void rounds(int fd, unsigned int n, unsigned int n_rounds)
{
	struct cost least = { .time = UINT64_MAX, .own = UINT64_MAX }, cost;
	unsigned int i;

	create(fd, n, FIRST_SPI); /* modules are loaded, caches filled */
	await_watchers();
	flush(fd);
	for (i = 1; i <= n_rounds; i++) {
		cost = create(fd, n, FIRST_SPI + i * n);
		await_watchers();
		flush(fd);
		if (cost.time < least.time)
			least.time = cost.time;
		if (cost.own < least.own)
			least.own = cost.own;
	}
	printf("%llu %llu\n", (unsigned long long)least.time, (unsigned long long)least.own);
}

#define LIVE_SAMPLE 500

static void live(int fd, char **counts)
{
	unsigned int made = 0, count;
	struct cost cost;

	for (; *counts; counts++) {
		count = number(*counts);
		if (count < made + LIVE_SAMPLE)
			die(*counts, EINVAL);
		create(fd, count - LIVE_SAMPLE - made, FIRST_SPI + made);
		cost = create(fd, LIVE_SAMPLE, FIRST_SPI + count - LIVE_SAMPLE);
		made = count;
		printf("%u %llu %llu\n", count, (unsigned long long)cost.time,
		       (unsigned long long)cost.own);
		fflush(stdout);
	}
}

static bool options(char **args)
{
	for (; *args; args++) {
		if (!strcmp(*args, "pairs"))
			pairs = true;
		else if (!strcmp(*args, "told") && args[1])
			watchers = number(*++args);
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);

	if (fd < 0 || bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)))
		die("socket", errno);
	if (argc > 2 && !strcmp(argv[1], "live")) {
		live(fd, argv + 2);
	} else if (argc > 2 && options(argv + 3)) {
		rounds(fd, number(argv[1]), number(argv[2]));
	} else {
		fprintf(stderr, "usage: newsa N ROUNDS [pairs] [told WATCHERS]\n"
				"       newsa live COUNT...\n");
		return EXIT_FAILURE;
	}
	close(fd);
	return EXIT_SUCCESS;
}
