// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for a secret. It comes from the kernel directly: what malloc() gave
 * might share its pages with anything, and OpenSSL's secure heap is for the
 * whole process to set up or not.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MADV_DONTDUMP */
#endif

#include "kmtiad/log.h"
#include "secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A page, so that there is room for more than the longest secret. */
bool secret_memory_get(struct secret_memory *m)
{
	memset(m, 0, sizeof(*m));
	m->size = (size_t)sysconf(_SC_PAGESIZE);
	m->bytes = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	if (m->bytes == MAP_FAILED) {
		m->bytes = NULL;
		return false;
	}
	/* Both before there is anything in it. */
	if (mlock(m->bytes, m->size))
		log_warn("cannot lock memory, a secret may be swapped: %s", strerror(errno));
	if (madvise(m->bytes, m->size, MADV_DONTDUMP))
		log_debug("cannot keep a secret out of core dumps: %s", strerror(errno));
	return true;
}

void secret_memory_wipe(struct secret_memory *m)
{
	if (!m->bytes)
		return;
	OPENSSL_cleanse(m->bytes, m->size);
	munmap(m->bytes, m->size);
	memset(m, 0, sizeof(*m));
}
