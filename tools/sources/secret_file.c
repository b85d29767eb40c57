// SPDX-License-Identifier: GPL-2.0-only
/* The file of a secret: whose it must be, and reading it. */
#include "kmtiad/config.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Leave "PATH: reason" in @why, and EINVAL in errno: it is the file that is not right. A
 * path that is endless shall not hide the reason.
 */
static bool __attribute__((format(printf, 3, 4)))
refuse(char why[SECRET_WHY_SIZE], const char *path, const char *format, ...)
{
	int n = snprintf(why, SECRET_WHY_SIZE, "%.200s: ", path);
	va_list ap;

	va_start(ap, format);
	vsnprintf(why + n, SECRET_WHY_SIZE - (size_t)n, format, ap);
	va_end(ap);
	errno = EINVAL;
	return false;
}

/* The same with errno as the reason, which stays. */
static bool refuse_errno(char why[SECRET_WHY_SIZE], const char *path)
{
	int err = errno;

	refuse(why, path, "%s", err == ELOOP ? "is a symbolic link" : strerror(err));
	errno = err;
	return false;
}

static bool check_file(int fd, const char *path, mode_t forbidden, char why[SECRET_WHY_SIZE])
{
	struct stat st;

	if (fstat(fd, &st))
		return refuse_errno(why, path);
	if (!S_ISREG(st.st_mode))
		return refuse(why, path, "not a regular file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse(why, path, "belongs to somebody else (uid %u)", st.st_uid);
	if (st.st_mode & forbidden)
		return refuse(why, path, "has mode %04o, so that others may read or write it: "
					 "chmod it to 0600",
			      st.st_mode & 07777);
	return true;
}

/* Read to the end or until @size is full; false with errno. */
static bool read_all(int fd, uint8_t *bytes, size_t size, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < size; *len += (size_t)n) {
		n = read(fd, bytes + *len, size - *len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return false;
		else if (n == 0)
			break;
	}
	return true;
}

static bool read_bytes(struct secret_memory *m, int fd, const char *path,
		       char why[SECRET_WHY_SIZE])
{
	int err;

	if (!secret_memory_get(m))
		return refuse_errno(why, path);
	/* One byte more than allowed, which tells that it is too long. */
	if (!read_all(fd, m->bytes, KMTIA_SECRET_MAX_LEN + 1, &m->len))
		refuse_errno(why, path);
	else if (m->len < KMTIA_SECRET_MIN_LEN)
		refuse(why, path, "has %zu bytes, a secret has at least %u", m->len,
		       KMTIA_SECRET_MIN_LEN);
	else if (m->len > KMTIA_SECRET_MAX_LEN)
		refuse(why, path, "is too long, a secret has at most %u bytes",
		       KMTIA_SECRET_MAX_LEN);
	else
		return true;
	err = errno;
	secret_memory_wipe(m);
	errno = err;
	return false;
}

/*
 * Read a secret, all bytes as they are. @forbidden is what the mode must not
 * have. Returns false with the reason, and the path, in @why.
 */
bool secret_file_read(struct secret_memory *m, const char *path, mode_t forbidden,
		      char why[SECRET_WHY_SIZE])
{
	/* O_NONBLOCK: a FIFO shall be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	bool done;
	int err;

	memset(m, 0, sizeof(*m));
	if (fd < 0)
		return refuse_errno(why, path);
	done = check_file(fd, path, forbidden, why) && read_bytes(m, fd, path, why);
	err = errno;
	close(fd);
	errno = err;
	return done;
}

/* Read a secret that systemd put into the service's directory of credentials. */
bool secret_credential_read(struct secret_memory *m, const char *name,
			    char why[SECRET_WHY_SIZE])
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	memset(m, 0, sizeof(*m));
	if (!dir || dir[0] != '/')
		return refuse(why, name, "$CREDENTIALS_DIRECTORY is not set; the service needs "
					 "LoadCredential=");
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return refuse(why, name, "%s", strerror(ENAMETOOLONG));
	return secret_file_read(m, path, SECRET_CREDENTIAL_FORBIDDEN, why);
}
