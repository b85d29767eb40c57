// SPDX-License-Identifier: GPL-2.0-only
/* Entering a named network namespace, as "ip -n NAME" does. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* setns() */
#endif

#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NETNS_RUN_DIR "/var/run/netns"

/*
 * Needs no remount of /sys: what the tools read of a namespace they get by
 * netlink and from /proc/thread-self/net, which both follow the thread.
 * Returns a negative errno; -EINVAL for a name that is none.
 */
int netns_enter(const char *name)
{
	char path[PATH_MAX];
	int fd, err = 0;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (snprintf(path, sizeof(path), "%s/%s", NETNS_RUN_DIR, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (setns(fd, CLONE_NEWNET) < 0)
		err = -errno;
	close(fd);
	return err;
}
