// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handles: open and close, errors, features.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strerrordesc_np() */
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

#ifndef KMTIA_VERSION
#define KMTIA_VERSION "0.1.0"
#endif

/* --- Errors ------------------------------------------------------------------- */

/* Each command begins so: what was said of the one before is void. */
void kmtia_begin(struct kmtia *h)
{
	h->err = 0;
	h->sentence[0] = '\0';
	h->warning[0] = '\0';
}

/* Note @err and the sentence about it, which may be empty. Returns @err. */
int kmtia_fail(struct kmtia *h, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(h->sentence, sizeof(h->sentence), format, args);
	va_end(args);
	h->err = err;
	return err;
}

static const char *errno_text(int err)
{
	const char *text = strerrordesc_np(err < 0 ? -err : err);

	return text ? text : "Unknown error";
}

KMTIA_EXPORT const char *kmtia_strerror(struct kmtia *h, int err)
{
	if (!h || !h->sentence[0] || h->err != err)
		return errno_text(err);
	snprintf(h->text, sizeof(h->text), "%s (%s)", h->sentence, errno_text(err));
	return h->text;
}

KMTIA_EXPORT const char *kmtia_warning(struct kmtia *h)
{
	return h->warning[0] ? h->warning : NULL;
}

/* --- Structures of the caller's -------------------------------------------------- */

bool kmtia_all_zero(const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	while (len--) {
		if (*byte++)
			return false;
	}
	return true;
}

/*
 * Copy a structure that begins with its size. A caller that was built for a later
 * version may have a longer one, as long as it uses nothing that is new in it. A
 * size that no version will ever have is a variable that was not set.
 */
int kmtia_take_struct(struct kmtia *h, const char *what, void *to, size_t size,
		      const void *from)
{
	const size_t longest = 4096;
	size_t given;

	if (!from)
		return kmtia_fail(h, -EINVAL, "%s is missing", what);
	memcpy(&given, from, sizeof(given));
	if (given < size || given > longest)
		return kmtia_fail(h, -EINVAL, "size of %s is %zu, should be %zu", what, given,
				  size);
	if (!kmtia_all_zero((const char *)from + size, given - size))
		return kmtia_fail(h, -EINVAL, "%s has fields that this version of libkmtia "
					      "does not know",
				  what);
	memcpy(to, from, size);
	return 0;
}

int kmtia_check_text(struct kmtia *h, const char *what, const char *text, size_t max)
{
	if (text && strlen(text) > max)
		return kmtia_fail(h, -EINVAL, "%s is longer than %zu bytes", what, max);
	return 0;
}

/* --- Open and close ---------------------------------------------------------------- */

static struct kmtia *handle_new(void)
{
	struct kmtia *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->buffer = malloc(KMTIA_BUFFER_SIZE);
	if (!h->buffer) {
		free(h);
		return NULL;
	}
	kmtia_sock_init(&h->command);
	kmtia_sock_init(&h->event);
	kmtia_sock_init(&h->monitor);
	kmtia_sock_init(&h->news);
	h->epoll_fd = -1;
	h->wake_fd = -1;
	h->seq = time(NULL);
	return h;
}

KMTIA_EXPORT int kmtia_open(struct kmtia **h)
{
	struct kmtia *new;
	int err;

	*h = NULL;
	new = handle_new();
	if (!new)
		return -ENOMEM;
	err = kmtia_sock_open(new, &new->command, false);
	if (!err)
		err = kmtia_family_find(new);
	if (err) {
		kmtia_close(new);
		return err;
	}
	*h = new;
	return 0;
}

KMTIA_EXPORT void kmtia_close(struct kmtia *h)
{
	if (!h)
		return;
	kmtia_registration_end(h);
	kmtia_sock_close(h, &h->monitor);
	kmtia_sock_close(h, &h->news);
	kmtia_sock_close(h, &h->command);
	kmtia_loop_close(h);
	free(h->buffer);
	free(h);
}

/* --- Version and features -------------------------------------------------------- */

KMTIA_EXPORT const char *kmtia_version(void)
{
	return KMTIA_VERSION;
}

KMTIA_EXPORT bool kmtia_has_feature(struct kmtia *h, const char *feature)
{
	static const struct {
		const char *name;
		uint8_t cmd; /* that the kernel must have */
	} features[] = {
		{ "dictate", KMTIA_CMD_DICTATE_REPLY },
		{ "notify", KMTIA_CMD_MANAGER_ADD },
		{ "notify-get", KMTIA_CMD_NOTIFY_GET },
		{ "notify-pair", KMTIA_CMD_NOTIFY_GET },
		/* These came together, and it is by a command that one sees it. */
		{ "expand", KMTIA_CMD_SECRET_SET },
		{ "mix", KMTIA_CMD_SECRET_SET },
		{ "standing-secret", KMTIA_CMD_SECRET_SET },
		{ "mismatch", KMTIA_CMD_SECRET_SET },
		{ "request-get", KMTIA_CMD_REQUEST_GET },
		{ "manager-policy", KMTIA_CMD_MANAGER_POLICY_SET },
		{ "exclusive", KMTIA_CMD_MANAGER_POLICY_SET },
		{ "rule-replace", KMTIA_CMD_RULE_REPLACE },
	};
	size_t i;

	if (!strcmp(feature, "monitor"))
		return h->group != 0;
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (!strcmp(feature, features[i].name))
			return h->commands >> features[i].cmd & 1;
	}
	return false;
}
