// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: it comes, goes, and has its windows widened.
 */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULE "/sys/module/kmtia/"

/* SAs that were deleted are not of interest for long. */
void module_load(const char *ko)
{
	int fd = open(ko, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "readd_ms=200", 0))
		die("%s: %s", ko, strerror(errno));
	close(fd);
	family_resolve();
}

int module_unload(void)
{
	return syscall(SYS_delete_module, "kmtia", O_NONBLOCK) ? errno : 0;
}

/* The module may be gone, or going. */
void module_widen(unsigned int us)
{
	int fd = open(MODULE "parameters/race_us", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%u", us);
	close(fd);
}

/* How many hold the module; -1 if there is none */
int module_users(void)
{
	int fd = open(MODULE "refcnt", O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len <= 0 ? -1 : atoi(text);
}
