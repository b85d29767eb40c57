/* SPDX-License-Identifier: GPL-2.0-only */
/* kmtia(8): what its files have in common, grouped by the file that has it. */
#ifndef KMTIA_CMD_H
#define KMTIA_CMD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "libkmtia.h"

/* Exit codes, as those of ip(8). */
enum {
	CMD_OK = 0,
	CMD_USAGE = 1,
	CMD_FAILED = 2,
};

/* One run of the command. */
struct cmd {
	bool json, pretty, statistics, timestamp;
	FILE *out, *err;
	struct kmtia *h;  /* opened by cmd_open() */
	bool in_array;	  /* of JSON, between print_begin() and print_end() */
	size_t n_printed; /* elements of that array */
};

/*
 * A word of the command line: an object, or a command of one. Aliases are
 * entries with the same function.
 */
struct cmd_word {
	const char *name;
	int (*run)(struct cmd *c, int argc, char **argv);
};

/* cmd.c: running a command */
extern const struct cmd_word cmd_objects[];
int cmd_run(struct cmd *c, int argc, char **argv);
int cmd_run_object(struct cmd *c, const struct cmd_word *words, const char *help,
		   int argc, char **argv);
void cmd_error(struct cmd *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cmd_usage(struct cmd *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cmd_failed(struct cmd *c, const char *what, int err);
int cmd_open(struct cmd *c);
int cmd_no_more(struct cmd *c, int argc, char **argv);

/* args.c: words */
const struct cmd_word *args_match(struct cmd *c, const char *what,
				  const struct cmd_word *words, const char *word);

/* rule_args.c: the grammar of "rule add" and "rule replace" */
int rule_args(struct cmd *c, int argc, char **argv, struct kmtia_rule *rule);

/* print.c: output that objects share */
void print_begin(struct cmd *c);
void print_element(struct cmd *c, json_t *element);
void print_end(struct cmd *c);
void print_json(struct cmd *c, json_t *json, size_t flags);
void print_word(FILE *out, const char *text);
void print_quoted(FILE *out, const char *text);
char *print_snake(const char *name, char *buf, size_t size);
int print_check(struct cmd *c);

/* Objects, each in a file of its name; run by cmd.c, printing for tests. */
int cmd_manager(struct cmd *c, int argc, char **argv);
void manager_print(FILE *out, const struct kmtia_manager_info *m, bool statistics);
json_t *manager_json(const struct kmtia_manager_info *m);
json_t *manager_flags_json(uint32_t flags);

/* policy.c */
int cmd_manager_policy(struct cmd *c, int argc, char **argv);
int policy_args(struct cmd *c, int argc, char **argv, struct kmtia_policy *policy);
void policy_print(FILE *out, const struct kmtia_policy *policy);
json_t *policy_json(const struct kmtia_policy *policy);

int cmd_rule(struct cmd *c, int argc, char **argv);
void rule_print(FILE *out, const struct kmtia_rule *rule, bool statistics);
json_t *rule_json(const struct kmtia_rule *rule);

/* rule_save.c: as kmtiad reads them */
int rule_save(struct cmd *c, int argc, char **argv);
void rule_save_rule(FILE *out, const struct kmtia_rule *rule);
void rule_save_policy(FILE *out, const struct kmtia_policy *policy);

/* Which SAs "sa show" shows. */
struct sa_filter {
	bool has_spi, has_dst, has_proto, has_manager;
	uint32_t spi;
	uint16_t family;
	uint8_t dst[16];
	uint8_t proto;
	uint8_t manager[KMTIA_UUID_LEN];
};

int cmd_sa(struct cmd *c, int argc, char **argv);
int sa_filter_args(struct cmd *c, int argc, char **argv, struct sa_filter *filter);
bool sa_filter_match(const struct sa_filter *filter, const struct kmtia_sa *sa);
void sa_print(FILE *out, const struct kmtia_sa *sa, const struct kmtia_sa *mate,
	      bool statistics);
json_t *sa_with_mate_json(const struct kmtia_sa *sa, const struct kmtia_sa *mate);

int cmd_stats(struct cmd *c, int argc, char **argv);

int cmd_monitor(struct cmd *c, int argc, char **argv);
void monitor_print(FILE *out, const struct kmtia_event *event);
json_t *monitor_json(const struct kmtia_event *event);

int cmd_secret(struct cmd *c, int argc, char **argv);
void secret_print(FILE *out, const json_t *json);

/* control_client.c: asking kmtiad */
int client_ask(struct cmd *c, const char *path, json_t *request, const char *unsure,
	       json_t **answer);

int cmd_status(struct cmd *c, int argc, char **argv);

/* xfrm_stat.c: XFRM's own counters */
struct xfrm_counter {
	const char *name;
	const char *meaning;
	uint64_t value;
};

#define XFRM_COUNTERS 13

extern const char xfrm_stat_path[];
void xfrm_stat_init(struct xfrm_counter counters[XFRM_COUNTERS]);
void xfrm_stat_read(FILE *in, struct xfrm_counter counters[XFRM_COUNTERS]);

#define STATUS_STATS 48

/* A copy of struct kmtia_stat, whose name need not outlive the callback. */
struct status_stat {
	char name[32];
	uint64_t value;
};

struct status {
	struct kmtia_manager_info *managers;
	size_t n_managers;
	struct status_stat stats[STATUS_STATS];
	size_t n_stats;
	/* SAs of which the other end has another key. */
	struct kmtia_sa *mismatches;
	size_t n_mismatches;
	bool has_xfrm;
	struct xfrm_counter xfrm[XFRM_COUNTERS];
};

bool status_is_mismatch(const struct kmtia_sa *sa);
uint64_t status_stat(const struct status *s, const char *name);
bool status_is_healthy(const struct status *s);

/* status_mismatch.c: what is said about them */
void mismatch_print(FILE *out, const struct status *s);
json_t *mismatch_json(const struct status *s);

/* status_print.c: the screen of "status" */
void status_print(FILE *out, const struct status *s);
json_t *status_json(const struct status *s);

#endif /* KMTIA_CMD_H */
