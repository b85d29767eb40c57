/* SPDX-License-Identifier: GPL-2.0-only */
/* To where notifications are written. */
#ifndef KMTIAD_EXPORTERS_H
#define KMTIAD_EXPORTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "libkmtia.h"

struct exporter {
	const struct exporter_ops *ops;
	struct exporter *next;
};

/* "exporter NAME { ... }" in the configuration. */
struct exporter_settings {
	const char *file;
	bool esn_columns; /* wireshark */
};

struct exporter_ops {
	const char *name;
	/* Needs key bytes, which only notifications that were fetched have. */
	bool wants_keys;
	/* Returns NULL, having logged why, if it cannot be opened. */
	struct exporter *(*open)(const struct exporter_settings *settings);
	/* @pair is NULL for a flush. */
	void (*notify)(struct exporter *exporter, const struct kmtia_notification *what,
		       const struct kmtia_pair *pair);
	void (*close)(struct exporter *exporter);
};

/* wireshark.c, wireshark_line.c: keys, as Wireshark reads them */
#define WIRESHARK_LINE_SIZE (4 * KMTIA_KEY_MAX_LEN + 768)

extern const struct exporter_ops exporter_wireshark;
size_t wireshark_line(const struct kmtia_sa *sa, bool esn_columns,
		      char line[WIRESHARK_LINE_SIZE]);

/* json.c: a JSON object for each notification, without keys */
extern const struct exporter_ops exporter_json;
char *exporter_json_line(const struct kmtia_notification *what,
			 const struct kmtia_pair *pair, const char *stamp);

/* file.c: files that only we may write, append-only */
int exporter_file_open(const char *path, bool secret);
bool exporter_file_append(int fd, const char *path, const char *line, size_t len);

/* line_set.c: which lines were written already */
struct line_set;
struct line_set *line_set_new(void);
bool line_set_has(const struct line_set *set, const char *line, size_t len);
bool line_set_add(struct line_set *set, const char *line, size_t len);
void line_set_free(struct line_set *set);

#endif /* KMTIAD_EXPORTERS_H */
