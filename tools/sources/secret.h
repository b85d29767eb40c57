/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of source "secret" have in common. */
#ifndef KMTIAD_SECRET_H
#define KMTIAD_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * secret_memory.c: pages of their own, which reach neither a disk nor a core
 * dump, and are wiped when they are given back.
 */
struct secret_memory {
	uint8_t *bytes; /* NULL: none */
	size_t len;	/* how many of them are the secret's */
	size_t size;	/* of all */
};

bool secret_memory_get(struct secret_memory *m);
void secret_memory_wipe(struct secret_memory *m);

/* secret_file.c: a secret from a file into such memory */
#define SECRET_WHY_SIZE 320

/* What others may do with the file. */
#define SECRET_FILE_FORBIDDEN 077
/* systemd gives a credential to a service that has a user of its own by group. */
#define SECRET_CREDENTIAL_FORBIDDEN 037

/* Return false with the reason in @why, and errno. */
bool secret_file_read(struct secret_memory *m, const char *path, mode_t forbidden,
		      char why[SECRET_WHY_SIZE]);
bool secret_credential_read(struct secret_memory *m, const char *name,
			    char why[SECRET_WHY_SIZE]);

#endif /* KMTIAD_SECRET_H */
