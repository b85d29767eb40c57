/* SPDX-License-Identifier: GPL-2.0-only */
/* The key manager that kmtiad is: what the kernel asks and tells, and how. */
#ifndef KMTIAD_TIA_H
#define KMTIAD_TIA_H

#include <stdbool.h>

#include "config.h"

struct tia;

struct tia *tia_start(struct config *config);
const struct config_manager *tia_identity(const struct tia *t);
int tia_fd(struct tia *t);
bool tia_dispatch(struct tia *t);
bool tia_fetch(struct tia *t);
bool tia_check(struct tia *t);
bool tia_reload(struct tia *t, struct config *config);
void tia_stop(struct tia *t);

#endif /* KMTIAD_TIA_H */
