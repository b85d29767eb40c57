/* SPDX-License-Identifier: GPL-2.0-only */
/* kmtiad(8) at work. */
#ifndef KMTIAD_LOOP_H
#define KMTIAD_LOOP_H

#include "config.h"

/* Exit codes. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* wrong usage, the kernel refused, or it may pass */
	EXIT_CONFIG = 2, /* the configuration is not right */
};

int loop_run(struct config *config, const char *path);

#endif /* KMTIAD_LOOP_H */
