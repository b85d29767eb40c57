// SPDX-License-Identifier: GPL-2.0-only
/* The files of exporters: only we write them, and only at their end. */
#include "kmtiad/exporters.h"
#include "kmtiad/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is wrong with a file that was there before? NULL: nothing. */
static const char *mistrust(const struct stat *st, bool secret)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (st->st_uid != geteuid())
		return "belongs to somebody else";
	if (st->st_nlink != 1)
		return "has other names";
	if (secret && st->st_mode & 077)
		return "can be read or written by others; its mode must be 0600";
	return NULL;
}

/*
 * Open for reading and appending; made with mode 0600. A file that somebody
 * put there, or a link to one, is refused. Returns -1, having logged why.
 */
int exporter_file_open(const char *path, bool secret)
{
	const char *wrong;
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_err("cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	wrong = fstat(fd, &st) ? strerror(errno) : mistrust(&st, secret);
	if (!wrong)
		return fd;
	log_err("will not write to %s: it %s", path, wrong);
	close(fd);
	return -1;
}

/* Append whole lines or nothing; @line is not logged, it may hold keys. */
bool exporter_file_append(int fd, const char *path, const char *line, size_t len)
{
	off_t end = lseek(fd, 0, SEEK_END);
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = write(fd, line + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == len)
		return true;

	log_err("cannot write to %s: %s", path, strerror(errno));
	if (done && (end < 0 || ftruncate(fd, end)))
		log_err("%s ends with half a line", path);
	return false;
}
