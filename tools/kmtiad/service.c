// SPDX-License-Identifier: GPL-2.0-only
/* The protocol of sd_notify(3), and the protection of keys in memory. */
#include "service.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Send a datagram to the service manager, if there is one that wants it. */
void service_notify(const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char message[512];
	va_list ap;
	size_t len;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	/* "@" stands for the zero byte of an abstract address. */
	if (path[0] == '@')
		addr.sun_path[0] = '\0';

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&addr,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0)
		log_debug("cannot notify the service manager: %s", strerror(errno));
	close(fd);
}

void service_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	service_notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		       (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

/* How often the watchdog wants to hear from us; -1: there is none. */
int service_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long value;

	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
		return -1;
	value = strtoll(usec, NULL, 10);
	if (value <= 0 || value > 3600LL * 1000000)
		return -1;
	/* Twice within the time, so that one delay does no harm. */
	return value < 2000 ? 1 : (int)(value / 2000);
}

static bool may_lock_memory(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur == RLIM_INFINITY)
		return true;
	return !syscall(SYS_capget, &header, data) &&
	       data[0].effective & 1U << CAP_IPC_LOCK;
}

/* Keys shall not reach a disk, nor another process. None of it can fail us. */
void service_harden(void)
{
	const struct rlimit none = { 0, 0 };

	umask(077);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		log_debug("cannot become undumpable: %s", strerror(errno));
	if (setrlimit(RLIMIT_CORE, &none))
		log_debug("cannot forbid core dumps: %s", strerror(errno));
	/* Under a limit, locking what is to come would let malloc() fail. */
	if (!may_lock_memory())
		log_debug("not allowed to lock memory: keys may be swapped");
	else if (mlockall(MCL_CURRENT | MCL_FUTURE))
		log_debug("cannot lock memory: %s", strerror(errno));
}
