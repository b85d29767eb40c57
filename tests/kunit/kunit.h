/* SPDX-License-Identifier: GPL-2.0 */
/* What the KUnit suites share: helpers.c */
#ifndef _KMTIA_KUNIT_H
#define _KMTIA_KUNIT_H

#include <kunit/test.h>
#include <linux/in.h>
#include <linux/socket.h>

#include "internal.h"

/* Initialisers of union kmtia_addr: 10.1.0.N and fd01::N are local and remote as
 * in the scenarios' namespaces.
 */
#define TEST_V4(a, b, c, d) \
	{ .a6 = { cpu_to_be32((a) << 24 | (b) << 16 | (c) << 8 | (d)) } }
#define TEST_V6(first, last) \
	{ .a6 = { cpu_to_be32(first), 0, 0, cpu_to_be32(last) } }

#define TEST_LOCAL	TEST_V4(10, 1, 0, 1)
#define TEST_REMOTE	TEST_V4(10, 1, 0, 2)
#define TEST_LOCAL6	TEST_V6(0xfd010000, 1)
#define TEST_REMOTE6	TEST_V6(0xfd010000, 2)

#define TEST_GCM	"rfc4106(gcm(aes))"
#define TEST_GCM_BYTES	20	/* with 4 bytes of salt */

void kmtia_test_sa(struct kmtia_sa *sa, u32 spi);
void kmtia_test_sa_mate(struct kmtia_sa *mate, const struct kmtia_sa *sa,
			u32 spi);
void kmtia_test_spec(struct kmtia_rule_spec *spec, u32 priority);

/**
 * struct kmtia_test_rules - a list of rules that shows what became of each
 * @rules: the list
 * @n_others: rules that came otherwise, and went
 * @n_made: rules that kmtia_test_rule_add() put into it
 * @made: they, each with a reference of the test's
 */
struct kmtia_test_rules {
	struct kmtia_rules rules;
	unsigned int n_others;
	unsigned int n_made;
	struct kmtia_rule *made[64];
};

struct kmtia_test_rules *kmtia_test_rules(struct kunit *test);
struct kmtia_rule *kmtia_test_rule_add(struct kunit *test,
				       struct kmtia_test_rules *rules,
				       const struct kmtia_rule_spec *spec);
void kmtia_test_rules_end(struct kunit *test, struct kmtia_test_rules *rules);
unsigned int kmtia_test_rules_removed(void);

#endif /* _KMTIA_KUNIT_H */
