// SPDX-License-Identifier: GPL-2.0
/*
 * Caches for what is made with each SA. The file knows neither XFRM nor netlink.
 */
#include "internal.h"

#include <linux/slab.h>

/* A cache with a constructor is not merged with others: keys pass through one of
 * ours, and tests count its objects. And what is allocated is not cleared whole
 * (init_on_alloc), which would be in vain: its user clears what must be zero.
 */
static void cache_ctor(void *object)
{
}

/**
 * kmtia_cache_new() - make a cache
 * @name: of what
 * @size: of each
 *
 * Return: the cache, for kmem_cache_destroy(), or NULL.
 */
struct kmem_cache *kmtia_cache_new(const char *name, unsigned int size)
{
	return kmem_cache_create(name, size, 0, 0, cache_ctor);
}
