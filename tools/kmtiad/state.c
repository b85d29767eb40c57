// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that "state" names: one line, the key-id of the secret that was
 * chosen by "kmtia secret use". It is replaced as a whole, so that there is
 * always the old choice or the new one.
 */
#include "state.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- Reading --------------------------------------------------------------- */

/* Whoever can write it chooses among our secrets. */
static const char *mistrust(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return "belongs to somebody else";
	if (st.st_mode & 022)
		return "others may write it";
	return NULL;
}

/* A key-id and the end of the line, and nothing else. */
static bool is_line(const char *text, ssize_t len)
{
	ssize_t i;

	if (len < 2 || text[len - 1] != '\n')
		return false;
	for (i = 0; i < len - 1; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static const char *read_line(int fd, char key_id[KMTIA_KEY_ID_MAX_LEN + 1])
{
	/* One byte more than a line has, which tells that there is more. */
	char text[KMTIA_KEY_ID_MAX_LEN + 2];
	ssize_t len;

	do
		len = read(fd, text, sizeof(text));
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return strerror(errno);
	if (len == (ssize_t)sizeof(text) || !is_line(text, len))
		return "is not a line with a key-id";
	memcpy(key_id, text, (size_t)len - 1);
	key_id[len - 1] = '\0';
	return NULL;
}

/* With STATE_WRONG, @why has the reason. */
enum state state_read(const char *path, char key_id[KMTIA_KEY_ID_MAX_LEN + 1],
		      char why[STATE_WHY_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const char *wrong;

	if (fd < 0 && errno == ENOENT)
		return STATE_NONE;
	if (fd < 0) {
		wrong = errno == ELOOP ? "is a symbolic link" : strerror(errno);
	} else {
		wrong = mistrust(fd);
		if (!wrong)
			wrong = read_line(fd, key_id);
		close(fd);
	}
	if (!wrong)
		return STATE_CHOSEN;
	snprintf(why, STATE_WHY_SIZE, "%s: %s", path, wrong);
	return STATE_WRONG;
}

/* --- Writing --------------------------------------------------------------- */

static bool write_line(int fd, const char *key_id)
{
	char text[KMTIA_KEY_ID_MAX_LEN + 2];
	int len = snprintf(text, sizeof(text), "%s\n", key_id);

	errno = 0;
	if (write(fd, text, (size_t)len) == len)
		return true;
	/* Half a write has no errno: there is no room for the rest. */
	if (!errno)
		errno = ENOSPC;
	return false;
}

/* Without it a crash may bring back the name's old file. */
static bool sync_directory(const char *path)
{
	char dir[PATH_MAX];
	int fd, len = (int)(strrchr(path, '/') - path);
	bool done;

	snprintf(dir, sizeof(dir), "%.*s", len ? len : 1, path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = !fsync(fd);
	close(fd);
	return done;
}

static bool write_new(const char *new, const char *key_id)
{
	bool done;
	int fd, err;

	/* What a crash has left. */
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	done = write_line(fd, key_id) && !fsync(fd);
	err = errno;
	close(fd);
	if (!done)
		unlink(new);
	errno = err;
	return done;
}

/* Returns false with the reason in @why; then the file is as it was. */
bool state_write(const char *path, const char *key_id, char why[STATE_WHY_SIZE])
{
	char new[PATH_MAX];
	bool done = false;

	if (snprintf(new, sizeof(new), "%s.new", path) >= (int)sizeof(new)) {
		errno = ENAMETOOLONG;
	} else if (write_new(new, key_id)) {
		done = !rename(new, path);
	}
	if (!done)
		snprintf(why, STATE_WHY_SIZE, "cannot write %s: %s", path, strerror(errno));
	else if (!sync_directory(path))
		log_warn("cannot sync the directory of %s: %s", path, strerror(errno));
	return done;
}

/* --- Putting it to use ------------------------------------------------------- */

static const char *used(const struct source *source)
{
	struct source_secrets list;

	source->ops->list(source, &list);
	return list.key_id[list.used];
}

/* The choice wins over the configuration, as long as that has the secret. */
void state_restore(const struct config *config)
{
	char key_id[KMTIA_KEY_ID_MAX_LEN + 1], why[STATE_WHY_SIZE];
	struct source *source = config->source;
	const char *configured;

	if (!config->state || !source || !source->ops->use)
		return;
	configured = used(source);
	switch (state_read(config->state, key_id, why)) {
	case STATE_NONE:
		return;
	case STATE_WRONG:
		log_warn("%s; using the secret \"%s\", as configured", why, configured);
		return;
	case STATE_CHOSEN:
		break;
	}
	if (!strcmp(key_id, configured))
		return;
	if (source->ops->use(source, key_id))
		log_info("using the secret \"%s\", as \"kmtia secret use\" has left in %s, and "
			 "not \"%s\", as configured", key_id, config->state, configured);
	else
		log_warn("%s says to use the secret \"%s\", which is not configured; using "
			 "\"%s\", as configured", config->state, key_id, configured);
}
