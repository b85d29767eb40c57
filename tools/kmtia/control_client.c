// SPDX-License-Identifier: GPL-2.0-only
/* Asking kmtiad by its control socket; control_proto.h has the format. */
#include "control_proto.h"
#include "kmtia_cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_SECONDS 5

/* Returns -1 with errno. */
static int connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* The one for sending holds for connecting, too. */
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) &&
	    !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* About errno. A socket's time that is over is told as if it were not to block. */
static const char *error_text(void)
{
	return strerror(errno == EAGAIN ? ETIMEDOUT : errno);
}

static int no_connection(struct cmd *c, const char *path)
{
	const char *hint = "";

	if (errno == ENOENT)
		hint = "; does kmtiad run, and does its configuration say \"control\"?";
	else if (errno == ECONNREFUSED)
		hint = "; kmtiad does not run";
	cmd_error(c, "cannot reach kmtiad at %s: %s%s", path, error_text(), hint);
	return CMD_FAILED;
}

/* Takes @request; false with errno if it was not sent. */
static bool send_request(int fd, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	bool sent;

	json_decref(request);
	errno = ENOMEM;
	sent = text && send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0;
	free(text);
	return sent;
}

/* Returns the length of the reply, or -1 with errno. */
static ssize_t receive_reply(int fd, char reply[CONTROL_REPLY_MAX])
{
	ssize_t len = recv(fd, reply, CONTROL_REPLY_MAX, 0);

	/* That is said first of what it left unread, and its words come after it. */
	if (len < 0 && errno == ECONNRESET)
		len = recv(fd, reply, CONTROL_REPLY_MAX, 0);
	if (!len) {
		/* It hung up without a word. */
		errno = EPIPE;
		len = -1;
	}
	return len;
}

/*
 * Takes @request; returns the length of the reply, or -1 with errno. Whom kmtiad does
 * not want to hear, it tells why, and hangs up before it was asked.
 */
static ssize_t exchange(int fd, json_t *request, char reply[CONTROL_REPLY_MAX], bool *sent)
{
	*sent = send_request(fd, request);
	if (!*sent && errno != EPIPE && errno != ECONNRESET)
		return -1;
	return receive_reply(fd, reply);
}

/* Takes @json, if it is not handed on as the @answer. */
static int judge(struct cmd *c, json_t *json, json_t **answer)
{
	const char *error = json_string_value(json_object_get(json, "error"));

	if (json_is_object(json) && !error) {
		*answer = json;
		return CMD_OK;
	}
	if (error)
		cmd_error(c, "kmtiad: %s", error);
	else
		cmd_error(c, "the answer of kmtiad is not understood");
	json_decref(json);
	return CMD_FAILED;
}

/*
 * Ask the kmtiad that listens at @path. Takes @request. @unsure is what to say when it
 * may have been carried out, but nobody knows. Returns an exit code, and with CMD_OK an
 * object in @answer.
 */
int client_ask(struct cmd *c, const char *path, json_t *request, const char *unsure,
	       json_t **answer)
{
	char reply[CONTROL_REPLY_MAX];
	int fd = connect_to(path);
	ssize_t len;
	bool sent;

	*answer = NULL;
	if (fd < 0) {
		json_decref(request);
		return no_connection(c, path);
	}
	len = exchange(fd, request, reply, &sent);
	if (len < 0) {
		cmd_error(c, "no answer of kmtiad at %s: %s%s", path, error_text(),
			  sent ? unsure : "");
		close(fd);
		return CMD_FAILED;
	}
	close(fd);
	return judge(c, json_loadb(reply, (size_t)len, JSON_REJECT_DUPLICATES, NULL), answer);
}
