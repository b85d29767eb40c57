// SPDX-License-Identifier: GPL-2.0
/*
 * The key derivation on kernels that have no KUnit: says in KTAP in the kernel's
 * log, when it is loaded, whether kdf.c does what kdf_trials.h wants.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "kmod/kdf.c"
#include "kdf_trials.h"

static unsigned int count;

static void result(bool passed, const char *what, const char *name)
{
	pr_info("%s %u - %s%s\n", passed ? "ok" : "not ok", ++count, what, name);
}

static void print_change(const struct change *change)
{
	unsigned int i, applied = 0, same = 0;

	for (i = 0; i < ARRAY_SIZE(kdf_vectors); i++) {
		if (change_tells(&kdf_vectors[i], change, &applied))
			continue;
		same++;
		pr_info("# %s: %s\n", change->name, kdf_vectors[i].name);
	}
	result(applied && !same, "another key with another: ", change->name);
}

static int __init kmtia_kdf_check_init(void)
{
	unsigned int i;

	pr_info("KTAP version 1\n");
	pr_info("1..%zu\n", ARRAY_SIZE(kdf_vectors) + ARRAY_SIZE(changes) +
			    ARRAY_SIZE(misuses));
	for (i = 0; i < ARRAY_SIZE(kdf_vectors); i++)
		result(vector_holds(&kdf_vectors[i]), "", kdf_vectors[i].name);
	for (i = 0; i < ARRAY_SIZE(changes); i++)
		print_change(&changes[i]);
	for (i = 0; i < ARRAY_SIZE(misuses); i++)
		result(misuse_is_refused(&misuses[i]), "refused: ",
		       misuses[i].name);
	pr_info("end\n");
	return 0;
}

static void __exit kmtia_kdf_check_exit(void)
{
}

module_init(kmtia_kdf_check_init);
module_exit(kmtia_kdf_check_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Known answers for the key derivation of kmtia");
