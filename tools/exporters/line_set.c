// SPDX-License-Identifier: GPL-2.0-only
/*
 * A set of lines, known by their SHA-256: the lines hold keys, which shall not
 * be kept in memory to remember that they were written.
 */
#include "kmtiad/exporters.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_LEN 32
#define FIRST_SIZE 64

/* Open addressing; a slot of zeros is free. At most three quarters are taken. */
struct line_set {
	uint8_t (*slots)[DIGEST_LEN];
	size_t size; /* a power of two */
	size_t used;
};

static bool digest_of(const char *line, size_t len, uint8_t digest[DIGEST_LEN])
{
	return EVP_Digest(line, len, digest, NULL, EVP_sha256(), NULL);
}

/* The slot of @digest, or the free one where it belongs. */
static uint8_t *find_slot(uint8_t (*slots)[DIGEST_LEN], size_t size,
			  const uint8_t digest[DIGEST_LEN])
{
	static const uint8_t zeros[DIGEST_LEN];
	uint32_t hash;
	size_t i;

	memcpy(&hash, digest, sizeof(hash));
	for (i = hash & (size - 1);; i = (i + 1) & (size - 1))
		if (!memcmp(slots[i], digest, DIGEST_LEN) ||
		    !memcmp(slots[i], zeros, DIGEST_LEN))
			return slots[i];
}

struct line_set *line_set_new(void)
{
	struct line_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->size = FIRST_SIZE;
	set->slots = calloc(set->size, DIGEST_LEN);
	if (!set->slots) {
		free(set);
		return NULL;
	}
	return set;
}

static bool grow(struct line_set *set)
{
	static const uint8_t zeros[DIGEST_LEN];
	uint8_t(*slots)[DIGEST_LEN];
	size_t i;

	slots = calloc(set->size * 2, DIGEST_LEN);
	if (!slots)
		return false;
	for (i = 0; i < set->size; i++)
		if (memcmp(set->slots[i], zeros, DIGEST_LEN))
			memcpy(find_slot(slots, set->size * 2, set->slots[i]), set->slots[i],
			       DIGEST_LEN);
	free(set->slots);
	set->slots = slots;
	set->size *= 2;
	return true;
}

bool line_set_has(const struct line_set *set, const char *line, size_t len)
{
	uint8_t digest[DIGEST_LEN];

	return digest_of(line, len, digest) &&
	       !memcmp(find_slot(set->slots, set->size, digest), digest, DIGEST_LEN);
}

/* Returns false without memory: the line is then not remembered. */
bool line_set_add(struct line_set *set, const char *line, size_t len)
{
	uint8_t digest[DIGEST_LEN];

	if (!digest_of(line, len, digest))
		return false;
	if (set->used >= set->size / 4 * 3 && !grow(set))
		return false;
	memcpy(find_slot(set->slots, set->size, digest), digest, DIGEST_LEN);
	set->used++;
	return true;
}

void line_set_free(struct line_set *set)
{
	if (!set)
		return;
	free(set->slots);
	free(set);
}
