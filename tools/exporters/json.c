// SPDX-License-Identifier: GPL-2.0-only
/* Exporter "json": a JSON object a line for each notification, without keys. */
#include "kmtiad/exporters.h"
#include "kmtiad/log.h"
#include "sa_json.h"
#include "sa_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct json_exporter {
	struct exporter base;
	char *path;
	int fd;
};

static void json_close(struct exporter *exporter)
{
	struct json_exporter *j = (struct json_exporter *)exporter;

	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j);
}

static struct exporter *json_open(const struct exporter_settings *settings)
{
	struct json_exporter *j = calloc(1, sizeof(*j));

	if (!j) {
		log_err("out of memory");
		return NULL;
	}
	j->base.ops = &exporter_json;
	j->path = strdup(settings->file);
	j->fd = exporter_file_open(settings->file, false);
	if (j->fd < 0 || !j->path) {
		json_close(&j->base);
		return NULL;
	}
	return &j->base;
}

/* The line, to be freed, with its end; NULL without memory. */
char *exporter_json_line(const struct kmtia_notification *what,
			 const struct kmtia_pair *pair, const char *stamp)
{
	json_t *obj = json_object();
	char *text, *line;

	json_object_set_new(obj, "time", json_string(stamp));
	json_object_set_new(obj, "seq", sa_json_u64(what->seq));
	json_object_set_new(obj, "event", json_string(kmtia_notify_event_name(what->event)));
	json_object_set_new(obj, "replayed", json_boolean(what->replayed));
	if (pair) {
		const struct kmtia_sa *mate = pair->keyed == pair->inbound ?
						      pair->outbound :
						      pair->inbound;

		json_object_set_new(obj, "sa", sa_json(pair->keyed));
		if (mate)
			json_object_set_new(obj, "mate", sa_json_id(mate));
	} else if (what->proto) {
		char buf[SA_TEXT_SIZE];

		json_object_set_new(obj, "proto", json_string(sa_text_proto(what->proto, buf)));
	}
	/* ASCII, as the files are looked at on terminals. */
	text = json_dumps(obj, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(obj);
	if (!text)
		return NULL;
	line = realloc(text, strlen(text) + 2);
	if (!line)
		free(text);
	else
		strcat(line, "\n");
	return line;
}

static void json_notify(struct exporter *exporter, const struct kmtia_notification *what,
			const struct kmtia_pair *pair)
{
	struct json_exporter *j = (struct json_exporter *)exporter;
	struct timespec now;
	char date[24], stamp[48], *line;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp, sizeof(stamp), "%s.%03ldZ", date, now.tv_nsec / 1000000);

	line = exporter_json_line(what, pair, stamp);
	if (!line) {
		log_err("out of memory: a notification is not exported");
		return;
	}
	exporter_file_append(j->fd, j->path, line, strlen(line));
	free(line);
}

const struct exporter_ops exporter_json = {
	.name = "json",
	.open = json_open,
	.notify = json_notify,
	.close = json_close,
};
