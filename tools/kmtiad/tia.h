/* SPDX-License-Identifier: GPL-2.0-only */
/* The key manager that kmtiad is: what the kernel asks and tells, and how. */
#ifndef KMTIAD_TIA_H
#define KMTIAD_TIA_H

#include <stdbool.h>

#include "config.h"

struct tia;

#define TIA_WHY_SIZE 512

struct tia *tia_start(struct config *config);
const struct config *tia_config(const struct tia *t);
bool tia_is_registered(const struct tia *t);
void tia_announce(const struct tia *t, bool again);
int tia_fd(struct tia *t);
bool tia_dispatch(struct tia *t);
bool tia_work(struct tia *t);
bool tia_check(struct tia *t);
bool tia_reload(struct tia *t, struct config *config);
bool tia_use(struct tia *t, const char *key_id, char why[TIA_WHY_SIZE]);
void tia_stop(struct tia *t);

#endif /* KMTIAD_TIA_H */
