// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory, as seen from the library: is what it frees wiped, and what if there is
 * none?
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kernel.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void __real_free(void *p);
struct nl_msg *__real_nlmsg_alloc_size(size_t size);
void __real_nlmsg_free(struct nl_msg *msg);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);
struct nl_msg *__wrap_nlmsg_alloc_size(size_t size);
void __wrap_nlmsg_free(struct nl_msg *msg);

void fake_note_message(const void *bytes, size_t len);
void fake_note_buffer(const void *bytes, size_t len);
void fake_memory_reset(void);

static struct {
	const void *bytes;
	size_t len;
	int passed, leaked;
	const void *buffer; /* that the library receives into */
	size_t buffer_len;
} secret;

static int fail_in;
static bool failed;

static bool holds_secret(const void *bytes, size_t len)
{
	return secret.len && bytes && memmem(bytes, len, secret.bytes, secret.len);
}

void fake_note_message(const void *bytes, size_t len)
{
	secret.passed += holds_secret(bytes, len);
}

void fake_note_buffer(const void *bytes, size_t len)
{
	secret.buffer = bytes;
	secret.buffer_len = len;
}

void fake_secret(const void *bytes, size_t len)
{
	secret.bytes = bytes;
	secret.len = len;
	secret.passed = 0;
	secret.leaked = 0;
}

int fake_secret_passed(void)
{
	return secret.passed;
}

int fake_secret_leaked(void)
{
	return secret.leaked;
}

bool fake_secret_in_buffer(void)
{
	return holds_secret(secret.buffer, secret.buffer_len);
}

void fake_memory_reset(void)
{
	memset(&secret, 0, sizeof(secret));
	fail_in = 0;
	failed = false;
}

void fake_fail_allocation(int n)
{
	fail_in = n;
	failed = false;
}

bool fake_allocation_failed(void)
{
	return failed;
}

static bool fails(void)
{
	if (!fail_in || --fail_in)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

struct nl_msg *__wrap_nlmsg_alloc_size(size_t size)
{
	return fails() ? NULL : __real_nlmsg_alloc_size(size);
}

void __wrap_free(void *p)
{
	secret.leaked += holds_secret(p, p ? malloc_usable_size(p) : 0);
	__real_free(p);
}

void __wrap_nlmsg_free(struct nl_msg *msg)
{
	secret.leaked += holds_secret(nlmsg_hdr(msg), nlmsg_get_max_size(msg));
	__real_nlmsg_free(msg);
}
