// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs a process that another one permits it to open a file. fanotify FILE: prints
 * "fanotify.plain NANOSECONDS" of open() and close(), and "fanotify.asked".
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench.h"

static void open_close(void *arg)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		bench_die(arg);
	close(fd);
}

static void answer(int fanotify, const struct fanotify_event_metadata *event)
{
	const struct fanotify_response response = { .fd = event->fd, .response = FAN_ALLOW };

	if (write(fanotify, &response, sizeof(response)) != sizeof(response))
		bench_die("fanotify: write");
	close(event->fd);
}

static void answer_forever(int fanotify)
{
	struct fanotify_event_metadata events[16], *event;
	ssize_t len;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		len = read(fanotify, events, sizeof(events));
		if (len < 0)
			bench_die("fanotify: read");
		for (event = events; FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len))
			answer(fanotify, event);
	}
}

int main(int argc, char **argv)
{
	int fanotify;

	if (argc != 2) {
		fprintf(stderr, "usage: fanotify FILE\n");
		return EXIT_FAILURE;
	}
	bench_print("fanotify.plain", bench_least(open_close, argv[1], 1000, 5));
	fanotify = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	if (fanotify < 0 || fanotify_mark(fanotify, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, argv[1]))
		bench_die("fanotify");
	switch (fork()) {
	case -1:
		bench_die("fork");
		break;
	case 0:
		answer_forever(fanotify);
		break;
	}
	close(fanotify);
	bench_print("fanotify.asked", bench_least(open_close, argv[1], 1000, 5));
	return 0;
}
