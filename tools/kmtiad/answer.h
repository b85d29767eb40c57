/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel gets from the source: answers, and those in advance. */
#ifndef KMTIAD_ANSWER_H
#define KMTIAD_ANSWER_H

#include "config.h"

/* answer.c */
void answer_question(struct kmtia *h, struct kmtia_request *req, const struct kmtia_sa *keyed,
		     const struct source *source);
int answer_standing(struct kmtia *h, const struct config *config);

#endif /* KMTIAD_ANSWER_H */
