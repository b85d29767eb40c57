// SPDX-License-Identifier: GPL-2.0
/* kdf.c comes to the keys of Documentation/kdf.rst. */
#include "kunit.h"
#include "kdf_trials.h"

static void vector_name(const struct kdf_vector *vector, char *desc)
{
	strscpy(desc, vector->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(vector, kdf_vectors, vector_name);

static void test_vector(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vector_holds(test->param_value));
}

static void change_name(const struct change *change, char *desc)
{
	strscpy(desc, change->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(change, changes, change_name);

static void test_change_makes_another_key(struct kunit *test)
{
	unsigned int i, applied = 0;

	for (i = 0; i < ARRAY_SIZE(kdf_vectors); i++)
		KUNIT_EXPECT_TRUE_MSG(test,
				      change_tells(&kdf_vectors[i],
						   test->param_value, &applied),
				      "%s", kdf_vectors[i].name);
	KUNIT_EXPECT_GT(test, applied, 0U);
}

static void misuse_name(const struct misuse *misuse, char *desc)
{
	strscpy(desc, misuse->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(misuse, misuses, misuse_name);

static void test_refused(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, misuse_is_refused(test->param_value));
}

static struct kunit_case kdf_cases[] = {
	KUNIT_CASE_PARAM(test_vector, vector_gen_params),
	KUNIT_CASE_PARAM(test_change_makes_another_key, change_gen_params),
	KUNIT_CASE_PARAM(test_refused, misuse_gen_params),
	{}
};

static struct kunit_suite kmtia_kdf_suite = {
	.name = "kmtia_kdf",
	.test_cases = kdf_cases,
};

kunit_test_suite(kmtia_kdf_suite);
