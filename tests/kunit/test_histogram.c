// SPDX-License-Identifier: GPL-2.0
/* How long answers take: which class an answer is in. */
#include "internal.h"

#include <kunit/test.h>

static const struct {
	u64 us;
	unsigned int class;
} times[] = {
	{ 0, 0 }, { 63, 0 }, { 64, 1 }, { 127, 1 }, { 128, 2 }, { 255, 2 },
	{ 256, 3 }, { 1000, 4 }, { 1023, 4 }, { 1024, 5 }, { 1000000, 14 },
	{ (64ULL << 16) - 1, 16 }, { 64ULL << 16, 17 }, { 64ULL << 17, 17 },
	{ U64_MAX / 1000, 17 },
};

static void test_classes(struct kunit *test)
{
	struct kmtia_histogram *histogram;
	unsigned int i, class;

	histogram = kunit_kzalloc(test, sizeof(*histogram), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, histogram);
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		memset(histogram, 0, sizeof(*histogram));
		kmtia_histogram_add(histogram, times[i].us * 1000);
		for (class = 0; class < KMTIA_N_TIMES; class++)
			KUNIT_EXPECT_EQ_MSG(test,
					    (u64)atomic64_read(&histogram->counts[class]),
					    (u64)(class == times[i].class),
					    "%llu us in class %u",
					    times[i].us, class);
	}
}

static struct kunit_case histogram_cases[] = {
	KUNIT_CASE(test_classes),
	{}
};

static struct kunit_suite kmtia_histogram_suite = {
	.name = "kmtia_histogram",
	.test_cases = histogram_cases,
};

kunit_test_suite(kmtia_histogram_suite);
