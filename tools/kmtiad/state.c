// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that "state" names: a line with the key-id of the secret that was
 * chosen by "kmtia secret use", and one with the key-id that the configuration
 * named then. It is replaced as a whole, so that there is always the old choice
 * or the new one.
 */
#include "state.h"
#include "control_char.h"
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

/* A key-id and the end of the line; returns what follows, or NULL if it is none. */
static const char *take_line(const char *text, char key_id[KMTIA_KEY_ID_MAX_LEN + 1])
{
	const char *end = strchr(text, '\n'), *p;

	if (!end || end == text || end - text > KMTIA_KEY_ID_MAX_LEN)
		return NULL;
	for (p = text; p < end; p++)
		if (control_char(p))
			return NULL;
	snprintf(key_id, KMTIA_KEY_ID_MAX_LEN + 1, "%.*s", (int)(end - text), text);
	return end + 1;
}

static const char *read_lines(int fd, struct state_choice *choice)
{
	/* One byte more than two lines have, which tells that there is more, and a zero. */
	char text[2 * (KMTIA_KEY_ID_MAX_LEN + 1) + 2];
	const char *rest;
	ssize_t len;

	do
		len = read(fd, text, sizeof(text) - 1);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return strerror(errno);
	text[len] = '\0';
	rest = take_line(text, choice->key_id);
	if (rest)
		rest = take_line(rest, choice->configured);
	/* All of it was taken, and no zero byte has hidden anything. */
	return rest == text + len ? NULL : "is not two lines with a key-id each";
}

/* A path that is endless shall not hide the reason. */
static void explain(char why[STATE_WHY_SIZE], const char *what, const char *path,
		    const char *reason)
{
	snprintf(why, STATE_WHY_SIZE, "%s%.200s: %s", what, path, reason);
}

/* With STATE_WRONG, @why has the reason; never STATE_OUTDATED. */
enum state state_read(const char *path, struct state_choice *choice,
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
			wrong = read_lines(fd, choice);
		close(fd);
	}
	if (!wrong)
		return STATE_CHOSEN;
	explain(why, "", path, wrong);
	return STATE_WRONG;
}

/* --- Writing --------------------------------------------------------------- */

/* The name of the file that is to take the place of the one at @path. */
static bool name_new(char new[PATH_MAX], const char *path)
{
	errno = ENAMETOOLONG;
	return snprintf(new, PATH_MAX, "%s.new", path) < PATH_MAX;
}

static bool write_lines(int fd, const struct state_choice *choice)
{
	char text[sizeof(*choice) + 1];
	int len = snprintf(text, sizeof(text), "%s\n%s\n", choice->key_id, choice->configured);

	errno = 0;
	if (write(fd, text, (size_t)len) == len)
		return true;
	/* Half a write has no errno: there is no room for the rest. */
	if (!errno)
		errno = ENOSPC;
	return false;
}

static bool write_new(const char *new, const struct state_choice *choice)
{
	bool done;
	int fd, err;

	/* What a crash has left. */
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	done = write_lines(fd, choice) && !fsync(fd);
	err = errno;
	close(fd);
	if (!done)
		unlink(new);
	errno = err;
	return done;
}

/*
 * Write what state_commit() is to put in place, as far as the disk. Returns false with
 * the reason in @why.
 */
bool state_prepare(const struct config *config, const char *key_id, char why[STATE_WHY_SIZE])
{
	struct source_secrets list;
	struct state_choice choice;
	char new[PATH_MAX];

	if (!config->state)
		return true;
	config->source->ops->list(config->source, &list);
	snprintf(choice.key_id, sizeof(choice.key_id), "%s", key_id);
	snprintf(choice.configured, sizeof(choice.configured), "%s",
		 list.key_id[list.configured]);
	if (name_new(new, config->state) && write_new(new, &choice))
		return true;
	explain(why, "cannot write ", config->state, strerror(errno));
	return false;
}

/* Returns false with the reason in @why; then the file is as it was. */
bool state_commit(const struct config *config, char why[STATE_WHY_SIZE])
{
	char new[PATH_MAX];

	if (!config->state || (name_new(new, config->state) && !rename(new, config->state)))
		return true;
	explain(why, "cannot write ", config->state, strerror(errno));
	state_discard(config);
	return false;
}

/* Give up what was prepared. */
void state_discard(const struct config *config)
{
	char new[PATH_MAX];

	if (config->state && name_new(new, config->state))
		unlink(new);
}

/* Without it a crash may bring back the name's old file. */
void state_sync(const struct config *config)
{
	const char *path = config->state;
	char dir[PATH_MAX];
	int fd, len;

	if (!path)
		return;
	len = (int)(strrchr(path, '/') - path);
	snprintf(dir, sizeof(dir), "%.*s", len ? len : 1, path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		log_warn("cannot sync the directory %s: %s", dir, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* --- Putting it to use ------------------------------------------------------- */

static bool keeps_choice(const struct config *config)
{
	return config->state && config->source && config->source->ops->use;
}

static bool is_outdated(const struct state_choice *choice, const struct source_secrets *list)
{
	return strcmp(choice->configured, list->key_id[list->configured]);
}

static void restore(const struct config *config, const char *key_id, const char *configured)
{
	if (!strcmp(key_id, configured))
		return;
	if (config->source->ops->use(config->source, key_id))
		log_info("using the secret \"%s\", as \"kmtia secret use\" has left in %s, and "
			 "not \"%s\", as configured",
			 key_id, config->state, configured);
	else
		log_warn("%s says to use the secret \"%s\", which is not configured; using "
			 "\"%s\", as configured",
			 config->state, key_id, configured);
}

/*
 * Use what was chosen. That wins over the configuration, as long as that has the
 * secret, and until it says another one than when the choice was made: whoever edits
 * it then means what he writes. Changes no file; with STATE_WRONG, @why has the reason.
 */
enum state state_restore(const struct config *config, char why[STATE_WHY_SIZE])
{
	struct source_secrets list;
	struct state_choice choice;
	enum state found;

	if (!keeps_choice(config))
		return STATE_NONE;
	found = state_read(config->state, &choice, why);
	if (found != STATE_CHOSEN)
		return found;
	config->source->ops->list(config->source, &list);
	if (is_outdated(&choice, &list))
		return STATE_OUTDATED;
	restore(config, choice.key_id, list.key_id[list.configured]);
	return STATE_CHOSEN;
}

/* Lest it come back when the configuration does. */
static void drop(const struct config *config)
{
	struct source_secrets list;

	config->source->ops->list(config->source, &list);
	log_info("the configuration says to use \"%s\", which it did not when the choice in %s "
		 "was made: using what it says, and forgetting the choice",
		 list.key_id[list.configured], config->state);
	if (unlink(config->state) && errno != ENOENT)
		log_warn("cannot remove %s: %s", config->state, strerror(errno));
}

/* The same configuration as far as that goes, and yet new SAs get another secret. */
static void warn_of_loss(const struct config *before, const struct config *config)
{
	struct source_secrets old, new;

	if (!keeps_choice(config) || !before->source || !before->source->ops->list)
		return;
	before->source->ops->list(before->source, &old);
	config->source->ops->list(config->source, &new);
	if (!strcmp(old.key_id[old.configured], new.key_id[new.configured]) &&
	    strcmp(old.key_id[old.used], new.key_id[new.used]))
		log_warn("there is no choice in %s: using the secret \"%s\", as configured, and "
			 "not \"%s\" any more",
			 config->state, new.key_id[new.used],
			 old.key_id[old.used]);
}

/*
 * @config is in use from now on, in place of @before (NULL: of nothing), and @found is
 * what state_restore() said of it.
 */
void state_settle(enum state found, const struct config *before, const struct config *config)
{
	if (found == STATE_OUTDATED)
		drop(config);
	else if (found == STATE_NONE && before)
		warn_of_loss(before, config);
}
