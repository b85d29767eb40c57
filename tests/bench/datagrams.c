// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a datagram costs its sender, and who handles it on the same processor: datagrams ADDRESS
 * NAME sends 6,000 of 100 bytes to port 9 of ADDRESS, and prints "NAME NANOSECONDS" of one.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

static void datagram(void *arg)
{
	static const char payload[100];

	if (send(*(const int *)arg, payload, sizeof(payload), 0) != sizeof(payload))
		bench_die("datagrams: send");
}

int main(int argc, char **argv)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 3 || inet_pton(AF_INET, argv[1], &there.sin_addr) != 1) {
		fprintf(stderr, "usage: datagrams ADDRESS NAME\n");
		return EXIT_FAILURE;
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)))
		bench_die("datagrams: socket");
	bench_print(argv[2], bench_least(datagram, &fd, 1000, 5));
	close(fd);
	return EXIT_SUCCESS;
}
