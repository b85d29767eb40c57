// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of tracked SAs: by protocol and SPI, and by what mates have in
 * common. All changes and lookups are made under kmtia_tracker::lock.
 */
#include "internal.h"

#include <linux/jhash.h>
#include <linux/rhashtable.h>

struct spi_key {
	__be32 spi;
	u8 proto;
};

static u32 spi_hash(__be32 spi, u8 proto, u32 seed)
{
	return jhash_2words((__force u32)spi, proto, seed);
}

static u32 spi_key_hash(const void *data, u32 len, u32 seed)
{
	const struct spi_key *key = data;

	return spi_hash(key->spi, key->proto, seed);
}

static u32 spi_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct kmtia_track *track = data;

	return spi_hash(track->id.spi, track->id.proto, seed);
}

static int spi_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct spi_key *key = arg->key;
	const struct kmtia_track *track = obj;

	return track->id.spi != key->spi || track->id.proto != key->proto;
}

static const struct rhashtable_params spi_params = {
	.head_offset = offsetof(struct kmtia_track, spi_node),
	.hashfn = spi_key_hash,
	.obj_hashfn = spi_obj_hash,
	.obj_cmpfn = spi_cmp,
	.automatic_shrinking = true,
};

/* What mates have in common; the order of the addresses is not. */
struct pair_key {
	const struct kmtia_sa_id *id;
	const union kmtia_addr *saddr;
	u32 reqid;
	u32 if_id;
	u8 mode;
};

static void pair_key_of(const struct kmtia_track *track, struct pair_key *key)
{
	key->id = &track->id;
	key->saddr = &track->saddr;
	key->reqid = track->reqid;
	key->if_id = track->if_id;
	key->mode = track->mode;
}

static u32 pair_hash(const struct pair_key *key, u32 seed)
{
	u32 words[4];
	int i;

	for (i = 0; i < 4; i++)
		words[i] = (__force u32)(key->saddr->a6[i] ^
					 key->id->daddr.a6[i]);
	return jhash2(words, 4, jhash_3words(key->reqid, key->if_id,
					     key->id->proto, seed));
}

static u32 pair_key_hash(const void *data, u32 len, u32 seed)
{
	return pair_hash(data, seed);
}

static u32 pair_obj_hash(const void *data, u32 len, u32 seed)
{
	struct pair_key key;

	pair_key_of(data, &key);
	return pair_hash(&key, seed);
}

static int pair_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct pair_key *a = arg->key;
	struct pair_key b;
	bool same, swapped;

	pair_key_of(obj, &b);
	if (a->reqid != b.reqid || a->if_id != b.if_id || a->mode != b.mode ||
	    a->id->proto != b.id->proto || a->id->family != b.id->family ||
	    a->id->mark != b.id->mark || a->id->mark_mask != b.id->mark_mask)
		return 1;
	same = kmtia_addr_equal(a->saddr, b.saddr) &&
	       kmtia_addr_equal(&a->id->daddr, &b.id->daddr);
	swapped = kmtia_addr_equal(a->saddr, &b.id->daddr) &&
		  kmtia_addr_equal(&a->id->daddr, b.saddr);
	return !same && !swapped;
}

static const struct rhashtable_params pair_params = {
	.head_offset = offsetof(struct kmtia_track, pair_node),
	.hashfn = pair_key_hash,
	.obj_hashfn = pair_obj_hash,
	.obj_cmpfn = pair_cmp,
	.automatic_shrinking = true,
};

/**
 * kmtia_tables_insert() - put an entry into both tables
 * @tracker: the tracker
 * @track: the entry
 *
 * The keys are not in the entry as they are: plain rhltable_insert() would hand
 * the compare functions something else.
 *
 * Return: 0 or a negative errno.
 */
int kmtia_tables_insert(struct kmtia_tracker *tracker,
			struct kmtia_track *track)
{
	struct spi_key spi = { .spi = track->id.spi, .proto = track->id.proto };
	struct pair_key pair;
	int err;

	lockdep_assert_held(&tracker->lock);
	err = rhltable_insert_key(&tracker->by_spi, &spi, &track->spi_node,
				  spi_params);
	if (err)
		return err;
	pair_key_of(track, &pair);
	err = rhltable_insert_key(&tracker->by_pair, &pair, &track->pair_node,
				  pair_params);
	if (err)
		kmtia_tables_remove_spi(tracker, track);
	return err;
}

/**
 * kmtia_tables_remove_spi() - take an entry out of the table by SPI
 * @tracker: the tracker
 * @track: the entry
 */
void kmtia_tables_remove_spi(struct kmtia_tracker *tracker,
			     struct kmtia_track *track)
{
	lockdep_assert_held(&tracker->lock);
	rhltable_remove(&tracker->by_spi, &track->spi_node, spi_params);
}

/**
 * kmtia_tables_remove_pair() - take an entry out of the table of pairs
 * @tracker: the tracker
 * @track: the entry
 */
void kmtia_tables_remove_pair(struct kmtia_tracker *tracker,
			      struct kmtia_track *track)
{
	lockdep_assert_held(&tracker->lock);
	rhltable_remove(&tracker->by_pair, &track->pair_node, pair_params);
}

/**
 * kmtia_tables_by_spi() - the entries of a protocol and SPI
 * @tracker: the tracker
 * @id: only these two count
 *
 * Context: under rcu_read_lock() as well.
 * Return: the first, for rhl_for_each_entry_rcu().
 */
struct rhlist_head *kmtia_tables_by_spi(struct kmtia_tracker *tracker,
					const struct kmtia_sa_id *id)
{
	struct spi_key key = { .spi = id->spi, .proto = id->proto };

	return rhltable_lookup(&tracker->by_spi, &key, spi_params);
}

/**
 * kmtia_tables_by_pair() - the entries that have in common with an SA what mates
 *	have, in either direction
 * @tracker: the tracker
 * @sa: the SA
 *
 * Context: under rcu_read_lock() as well.
 * Return: the first, for rhl_for_each_entry_rcu().
 */
struct rhlist_head *kmtia_tables_by_pair(struct kmtia_tracker *tracker,
					 const struct kmtia_sa *sa)
{
	struct pair_key key = {
		.id = &sa->id, .saddr = &sa->saddr,
		.reqid = sa->reqid, .if_id = sa->if_id, .mode = sa->mode,
	};

	return rhltable_lookup(&tracker->by_pair, &key, pair_params);
}

/**
 * kmtia_tables_init() - prepare empty tables
 * @tracker: the tracker
 *
 * Return: 0 or %-ENOMEM.
 */
int kmtia_tables_init(struct kmtia_tracker *tracker)
{
	int err;

	err = rhltable_init(&tracker->by_spi, &spi_params);
	if (err)
		return err;
	err = rhltable_init(&tracker->by_pair, &pair_params);
	if (err)
		rhltable_destroy(&tracker->by_spi);
	return err;
}

static void table_put(void *ptr, void *arg)
{
	kmtia_track_put(ptr);
}

/**
 * kmtia_tables_exit() - put all entries, and free the tables
 * @tracker: the tracker; nobody looks anything up any more
 */
void kmtia_tables_exit(struct kmtia_tracker *tracker)
{
	rhltable_destroy(&tracker->by_pair);
	rhltable_free_and_destroy(&tracker->by_spi, table_put, NULL);
}
