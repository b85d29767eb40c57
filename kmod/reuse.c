// SPDX-License-Identifier: GPL-2.0
/*
 * Which SA has had which key. A key of a counter mode that two SAs use gives
 * both away, so it is refused for any other SA than the one that has had it.
 *
 * The memory is bounded: a cache of sets, the oldest of a set forgotten first.
 * It holds keyed hashes, never keys.
 */
#include "internal.h"

#include <linux/slab.h>

/**
 * struct kmtia_reuse_entry - a key and who has had it
 * @key: keyed hash of the key, 0 for an entry that is not in use
 * @id: hash of the SA's identity
 */
struct kmtia_reuse_entry {
	u64 key;
	u32 id;
};

/**
 * kmtia_reuse_init() - prepare an empty memory
 * @reuse: the memory
 */
void kmtia_reuse_init(struct kmtia_reuse *reuse)
{
	spin_lock_init(&reuse->lock);
}

/**
 * kmtia_reuse_exit() - free the memory
 * @reuse: the memory
 */
void kmtia_reuse_exit(struct kmtia_reuse *reuse)
{
	kvfree(reuse->entries);
	kfree(reuse->next);
}

/**
 * kmtia_reuse_prepare() - make room, at the first use in a namespace
 * @reuse: the memory
 *
 * Context: process.
 * Return: 0 or %-ENOMEM.
 */
int kmtia_reuse_prepare(struct kmtia_reuse *reuse)
{
	struct kmtia_reuse_entry *entries;
	u8 *next;

	if (READ_ONCE(reuse->entries))
		return 0;
	entries = kvcalloc(KMTIA_REUSE_MAX, sizeof(*entries),
			   GFP_KERNEL_ACCOUNT);
	next = kzalloc(KMTIA_REUSE_SETS, GFP_KERNEL_ACCOUNT);
	if (!entries || !next) {
		kvfree(entries);
		kfree(next);
		return -ENOMEM;
	}
	spin_lock_bh(&reuse->lock);
	if (!reuse->entries) {
		reuse->next = next;
		WRITE_ONCE(reuse->entries, entries);
		entries = NULL;
		next = NULL;
	}
	spin_unlock_bh(&reuse->lock);
	kvfree(entries);
	kfree(next);
	return 0;
}

static struct kmtia_reuse_entry *reuse_find(struct kmtia_reuse *reuse, u64 key)
{
	struct kmtia_reuse_entry *set;
	unsigned int i;

	if (!reuse->entries)
		return NULL;
	set = reuse->entries + (key % KMTIA_REUSE_SETS) * KMTIA_REUSE_WAYS;
	for (i = 0; i < KMTIA_REUSE_WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

/**
 * kmtia_reuse_fresh() - may this SA have this key?
 * @reuse: the memory
 * @key_hash: from kmtia_slot_key_hash()
 * @id: identity of the SA
 *
 * Context: any.
 * Return: false if another SA has had it.
 */
bool kmtia_reuse_fresh(struct kmtia_reuse *reuse, u64 key_hash,
		       const struct kmtia_sa_id *id)
{
	struct kmtia_reuse_entry *entry;
	bool fresh;

	spin_lock_bh(&reuse->lock);
	entry = reuse_find(reuse, key_hash);
	fresh = !entry || entry->id == kmtia_sa_id_hash(id);
	spin_unlock_bh(&reuse->lock);
	return fresh;
}

/**
 * kmtia_reuse_commit() - remember that this SA has this key
 * @reuse: the memory, prepared
 * @key_hash: from kmtia_slot_key_hash()
 * @id: identity of the SA
 *
 * Context: any.
 */
void kmtia_reuse_commit(struct kmtia_reuse *reuse, u64 key_hash,
			const struct kmtia_sa_id *id)
{
	unsigned int set = key_hash % KMTIA_REUSE_SETS, way;
	struct kmtia_reuse_entry *entry;

	spin_lock_bh(&reuse->lock);
	entry = reuse_find(reuse, key_hash);
	if (!entry && reuse->entries) {
		way = reuse->next[set]++ % KMTIA_REUSE_WAYS;
		entry = &reuse->entries[set * KMTIA_REUSE_WAYS + way];
		if (!entry->key)
			reuse->count++;
		entry->key = key_hash;
		entry->id = kmtia_sa_id_hash(id);
	}
	spin_unlock_bh(&reuse->lock);
}
