// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exporter "wireshark": a file "esp_sa" with the keys of all SAs, for
 * Wireshark's ESP dissector. It only grows: captures of yesterday are to be
 * read, too.
 */
#include "kmtiad/exporters.h"
#include "kmtiad/log.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wireshark {
	struct exporter base;
	char *path;
	int fd;
	bool esn_columns;
	struct line_set *written;
};

static void wireshark_close(struct exporter *exporter)
{
	struct wireshark *w = (struct wireshark *)exporter;

	if (w->fd >= 0)
		close(w->fd);
	line_set_free(w->written);
	free(w->path);
	free(w);
}

/* Remember the lines of an earlier run, so that none is written twice. */
static bool remember_lines(struct wireshark *w, FILE *in)
{
	char line[WIRESHARK_LINE_SIZE];
	bool good = true;

	while (good && fgets(line, sizeof(line), in))
		good = line_set_add(w->written, line, strlen(line));
	OPENSSL_cleanse(line, sizeof(line));
	return good && !ferror(in);
}

static bool read_back(struct wireshark *w)
{
	int fd = dup(w->fd);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	char buf[BUFSIZ];
	bool good;

	if (!in) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	/* A buffer of ours can be wiped. */
	setvbuf(in, buf, _IOFBF, sizeof(buf));
	good = remember_lines(w, in);
	fclose(in);
	OPENSSL_cleanse(buf, sizeof(buf));
	return good;
}

static struct exporter *wireshark_open(const struct exporter_settings *settings)
{
	struct wireshark *w = calloc(1, sizeof(*w));

	if (!w) {
		log_err("out of memory");
		return NULL;
	}
	w->base.ops = &exporter_wireshark;
	w->esn_columns = settings->esn_columns;
	w->path = strdup(settings->file);
	w->written = line_set_new();
	w->fd = exporter_file_open(settings->file, true);
	if (w->fd < 0 || !w->path || !w->written || !read_back(w)) {
		if (w->fd >= 0)
			log_err("cannot read %s back: %s", settings->file, strerror(errno));
		wireshark_close(&w->base);
		return NULL;
	}
	log_warn("KEYS ARE EXPORTED: whoever reads %s can decrypt the traffic of the SAs in it",
		 settings->file);
	return &w->base;
}

static void export_sa(struct wireshark *w, const struct kmtia_sa *sa)
{
	char line[WIRESHARK_LINE_SIZE];
	size_t len = wireshark_line(sa, w->esn_columns, line);

	if (len && !line_set_has(w->written, line, len) &&
	    exporter_file_append(w->fd, w->path, line, len))
		line_set_add(w->written, line, len);
	OPENSSL_cleanse(line, sizeof(line));
}

static void wireshark_notify(struct exporter *exporter, const struct kmtia_notification *what,
			     const struct kmtia_pair *pair)
{
	struct wireshark *w = (struct wireshark *)exporter;

	(void)what;
	if (!pair)
		return;
	/* The mate may come with its keys, too; twice does no harm. */
	if (pair->inbound)
		export_sa(w, pair->inbound);
	if (pair->outbound)
		export_sa(w, pair->outbound);
	if (pair->keyed != pair->inbound && pair->keyed != pair->outbound)
		export_sa(w, pair->keyed);
}

const struct exporter_ops exporter_wireshark = {
	.name = "wireshark",
	.wants_keys = true,
	.open = wireshark_open,
	.notify = wireshark_notify,
	.close = wireshark_close,
};
