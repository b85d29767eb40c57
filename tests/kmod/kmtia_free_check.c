// SPDX-License-Identifier: GPL-2.0
/*
 * Looks into everything that the kernel frees, as long as it is loaded, for
 * bytes that should have been wiped: how often they were found, and how often
 * it was kmtia that freed them.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#define MAX_PATTERNS	4
#define PATTERN_LEN	16
#define MAX_OBJECT	8192
#define MAX_FRAMES	16

static char *patterns[MAX_PATTERNS];
static unsigned int n_patterns;
module_param_array(patterns, charp, &n_patterns, 0);
MODULE_PARM_DESC(patterns, "16 bytes each, in hex");

static unsigned int all[MAX_PATTERNS];
module_param_array(all, uint, NULL, 0444);
MODULE_PARM_DESC(all, "freed objects with them");

static unsigned int ours[MAX_PATTERNS];
module_param_array(ours, uint, NULL, 0444);
MODULE_PARM_DESC(ours, "those that kmtia freed");

static unsigned long seen;
module_param(seen, ulong, 0444);
MODULE_PARM_DESC(seen, "objects that were looked at");

static unsigned long seen_ours;
module_param(seen_ours, ulong, 0444);
MODULE_PARM_DESC(seen_ours, "those that kmtia freed");

static u8 bytes[MAX_PATTERNS][PATTERN_LEN];

static bool is_ours(void)
{
	unsigned long frames[MAX_FRAMES];
	char symbol[KSYM_SYMBOL_LEN];
	unsigned int i, n;

	n = stack_trace_save(frames, MAX_FRAMES, 0);
	for (i = 0; i < n; i++) {
		sprint_symbol(symbol, frames[i]);
		if (strstr(symbol, "[kmtia]"))
			return true;
	}
	return false;
}

/* What was allocated may be shorter than what is freed, and KASAN minds who reads
 * the rest: so this file is built without it (Kbuild), and none of the kernel's
 * functions, which are not, looks at an object.
 */
static bool equal(const u8 *at, const u8 *pattern)
{
	unsigned int i;

	for (i = 0; i < PATTERN_LEN; i++)
		if (READ_ONCE(at[i]) != pattern[i])
			return false;
	return true;
}

static bool contains(const u8 *object, size_t len, const u8 *pattern)
{
	const u8 *end = object + len - PATTERN_LEN, *at;

	for (at = object; at <= end; at++)
		if (equal(at, pattern))
			return true;
	return false;
}

static void look(const void *object, size_t len)
{
	bool our_free = is_ours();
	unsigned int i;

	seen++;
	seen_ours += our_free;
	if (len < PATTERN_LEN)
		return;
	for (i = 0; i < n_patterns; i++) {
		if (!contains(object, min_t(size_t, len, MAX_OBJECT), bytes[i]))
			continue;
		all[i]++;
		ours[i] += our_free;
	}
}

static int pre_kfree(struct kprobe *p, struct pt_regs *regs)
{
	const void *object = (void *)regs_get_kernel_argument(regs, 0);

	if (!ZERO_OR_NULL_PTR(object))
		look(object, ksize(object));
	return 0;
}

static int pre_cache_free(struct kprobe *p, struct pt_regs *regs)
{
	struct kmem_cache *cache = (void *)regs_get_kernel_argument(regs, 0);
	const void *object = (void *)regs_get_kernel_argument(regs, 1);

	if (object)
		look(object, kmem_cache_size(cache));
	return 0;
}

static struct kprobe kfree_probe = {
	.symbol_name = "kfree",
	.pre_handler = pre_kfree,
};

static struct kprobe cache_probe = {
	.symbol_name = "kmem_cache_free",
	.pre_handler = pre_cache_free,
};

static struct kprobe *probes[] = { &kfree_probe, &cache_probe };

static int __init unhex(u8 *to, const char *hex)
{
	char pair[3] = "";
	unsigned int i;

	if (strlen(hex) != 2 * PATTERN_LEN)
		return -EINVAL;
	for (i = 0; i < PATTERN_LEN; i++) {
		memcpy(pair, hex + 2 * i, 2);
		if (kstrtou8(pair, 16, &to[i]))
			return -EINVAL;
	}
	return 0;
}

static int __init kmtia_free_check_init(void)
{
	unsigned int i;

	for (i = 0; i < n_patterns; i++)
		if (unhex(bytes[i], patterns[i]))
			return -EINVAL;
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

static void __exit kmtia_free_check_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(kmtia_free_check_init);
module_exit(kmtia_free_check_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Looks for secrets in what is freed, for the tests of kmtia");
