/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket by which kmtia(8) speaks to the daemon. */
#ifndef KMTIAD_CONTROL_H
#define KMTIAD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tia.h"

/* A text, to be freed, in answer to one; NULL without memory. */
typedef char *(*control_handler)(const char *request, size_t len, void *user);

struct control;

/* control.c: who connects, and how long he is waited for */
struct control *control_open(const char *path, control_handler handler, void *user);
bool control_serves(const struct control *c, const char *path);
int control_fd(const struct control *c);
void control_dispatch(struct control *c);
int control_timeout_ms(const struct control *c);
void control_close(struct control *c);

/* control_request.c: what is asked; @user is a struct tia */
char *control_request(const char *request, size_t len, void *user);
char *control_error(const char *why);

#endif /* KMTIAD_CONTROL_H */
