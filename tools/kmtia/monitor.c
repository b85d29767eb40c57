// SPDX-License-Identifier: GPL-2.0-only
/* kmtia monitor: what happens, a line each, until it is interrupted. */
#include "kmtia_cmd.h"
#include "sa_json.h"
#include "sa_text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
	"Usage: kmtia monitor [-t]\n"
	"Prints events, a line each, until it is interrupted: managers and rules that come\n"
	"and go, SAs that were dictated, kept or refused, managers that stall, alarms, and SAs\n"
	"of which the other end has another key (mismatch).\n"
	"A manager that is gone, but whose standing secrets have their grace, is orphaned;\n"
	"manager-del follows when that is over, or manager-add when it is back.\n"
	"With -t a line begins with the time (UTC); with -j it is a JSON object.\n";

/* State of a running monitor. */
struct monitor {
	struct cmd *c;
	int code; /* what to exit with, once output failed */
};

static void format_now(char *buf, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, size - n, ".%06ldZ", now.tv_nsec / 1000);
}

static void print_sa(FILE *out, const struct kmtia_sa *sa)
{
	char src[SA_TEXT_SIZE], dst[SA_TEXT_SIZE], proto[SA_TEXT_SIZE];

	fprintf(out, " src %s dst %s proto %s spi 0x%08x",
		sa_text_address(sa->family, sa->saddr, src),
		sa_text_address(sa->family, sa->daddr, dst),
		sa_text_proto(sa->proto, proto), sa->spi);
	if (sa->direction != KMTIA_DIRECTION_UNKNOWN)
		fprintf(out, " dir %s", kmtia_direction_name(sa->direction));
}

static void print_text(FILE *out, const char *word, const char *text)
{
	if (!text)
		return;
	fprintf(out, " %s ", word);
	print_quoted(out, text);
}

void monitor_print(FILE *out, const struct kmtia_event *event)
{
	char uuid[KMTIA_UUID_STR_SIZE];

	fputs(kmtia_monitor_event_name(event->event), out);
	if (event->has_rule)
		fprintf(out, " rule %u", event->rule);
	if (event->has_manager)
		fprintf(out, " manager %s", kmtia_uuid_format(event->manager, uuid));
	print_text(out, "name", event->manager_name);
	if (event->sa)
		print_sa(out, event->sa);
	print_text(out, "key-id", event->key_id);
	if (event->status)
		fprintf(out, " status %u", event->status);
	if (event->error)
		fprintf(out, " errno %u (%s)", event->error, strerror((int)event->error));
	print_text(out, "text", event->text);
	fputc('\n', out);
}

json_t *monitor_json(const struct kmtia_event *event)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "event", json_string(kmtia_monitor_event_name(event->event)));
	if (event->has_rule)
		json_object_set_new(obj, "rule", json_integer(event->rule));
	if (event->has_manager)
		json_object_set_new(obj, "manager", sa_json_uuid(event->manager));
	if (event->manager_name)
		json_object_set_new(obj, "manager_name", sa_json_text(event->manager_name));
	if (event->sa)
		json_object_set_new(obj, "sa", sa_json(event->sa));
	if (event->key_id)
		json_object_set_new(obj, "key_id", sa_json_text(event->key_id));
	if (event->status)
		json_object_set_new(obj, "status", json_integer(event->status));
	if (event->error)
		json_object_set_new(obj, "errno", json_integer(event->error));
	if (event->text)
		json_object_set_new(obj, "text", sa_json_text(event->text));
	return obj;
}

static void on_event(struct kmtia *h, const struct kmtia_event *event, void *user)
{
	struct monitor *m = user;
	struct cmd *c = m->c;
	char now[48] = "";

	(void)h;
	if (c->timestamp)
		format_now(now, sizeof(now));
	if (c->json) {
		json_t *obj = monitor_json(event);

		if (c->timestamp)
			json_object_set_new(obj, "timestamp", json_string(now));
		print_json(c, obj, JSON_COMPACT);
	} else {
		if (c->timestamp)
			fprintf(c->out, "%s ", now);
		monitor_print(c->out, event);
	}
	/* Whoever reads a pipe shall get each event when it happens. */
	if (!m->code)
		m->code = print_check(c);
}

/* Block the signals that end a monitor, and get them by a descriptor. */
static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL))
		return -1;
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int dispatch(struct cmd *c)
{
	const char *warning;
	int err = kmtia_dispatch(c->h);

	if (err < 0)
		return cmd_failed(c, "read events", err);
	/* That events were lost, when they come faster than they are read. */
	warning = kmtia_warning(c->h);
	if (warning)
		fprintf(c->err, "Warning: %s\n", warning);
	return CMD_OK;
}

static int follow(struct monitor *m, int signals)
{
	struct cmd *c = m->c;
	int code;

	while (!m->code) {
		struct pollfd fds[] = {
			{ .fd = kmtia_get_fd(c->h), .events = POLLIN },
			{ .fd = signals, .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0)
			return errno == EINTR ? CMD_OK : cmd_failed(c, "wait", -errno);
		if (fds[1].revents)
			return CMD_OK;
		code = dispatch(c);
		if (code)
			return code;
	}
	return m->code;
}

static int do_monitor(struct cmd *c, int argc, char **argv)
{
	struct monitor m = { .c = c };
	int signals, err, code;

	if (argc > 0 && (!strcmp(argv[0], "-t") || !strcmp(argv[0], "--timestamp"))) {
		c->timestamp = true;
		argc--;
		argv++;
	}
	code = cmd_no_more(c, argc, argv);
	if (!code)
		code = cmd_open(c);
	if (code)
		return code;

	signals = open_signals();
	if (signals < 0) {
		cmd_error(c, "cannot wait for signals: %s", strerror(errno));
		return CMD_FAILED;
	}
	err = kmtia_monitor(c->h, on_event, &m);
	code = err < 0 ? cmd_failed(c, "follow events", err) : follow(&m, signals);
	close(signals);
	return code;
}

int cmd_monitor(struct cmd *c, int argc, char **argv)
{
	static const struct cmd_word words[] = {
		{ "show", do_monitor },
		{ NULL, NULL },
	};

	/* There is one command only, and it may be left out with its option. */
	if (argc > 0 && (!strcmp(argv[0], "-t") || !strcmp(argv[0], "--timestamp")))
		return do_monitor(c, argc, argv);
	return cmd_run_object(c, words, help, argc, argv);
}
