// SPDX-License-Identifier: GPL-2.0
/*
 * Which SAs a rule covers: each selector with what it takes and what it leaves,
 * and what can't be known of an SA, for rules and for exceptions from them.
 */
#include "kunit.h"

#define ESP		.proto = IPPROTO_ESP, .spi = cpu_to_be32(0x1001)
#define V4(from, to) \
	.saddr = from, .id = { ESP, .family = AF_INET, .daddr = to }
#define V6(from, to) \
	.saddr = from, .id = { ESP, .family = AF_INET6, .daddr = to }
#define OUT		.direction = KMTIA_DIRECTION_OUT
#define IN		.direction = KMTIA_DIRECTION_IN
#define SA_OUT		{ V4(TEST_LOCAL, TEST_REMOTE), OUT }
#define SA_IN		{ V4(TEST_REMOTE, TEST_LOCAL), IN }
#define SA_UNKNOWN	{ V4(TEST_LOCAL, TEST_REMOTE) }
#define SA6_OUT		{ V6(TEST_LOCAL6, TEST_REMOTE6), OUT }
#define SA6_IN		{ V6(TEST_REMOTE6, TEST_LOCAL6), IN }
#define MARKED(value, mask) {						\
	.saddr = TEST_LOCAL, OUT,					\
	.id = {								\
		ESP, .family = AF_INET, .daddr = TEST_REMOTE,		\
		.mark = (value), .mark_mask = (mask),			\
	},								\
}

#define ANY		.dictate = KMTIA_GRANT_ANY
#define NOBODY		.dictate = KMTIA_GRANT_NONE
#define LOCAL_NET(address, bits) \
	.family = AF_INET, .has_local = true, .local = address, .local_len = bits
#define REMOTE_NET(address, bits) \
	.family = AF_INET, .has_remote = true, .remote = address, .remote_len = bits
#define REMOTE_NET6(address, bits) \
	.family = AF_INET6, .has_remote = true, .remote = address, .remote_len = bits
#define MARK(value, mask) \
	.has_mark = true, .mark = (value), .mark_mask = (mask)

/**
 * struct selector_case - a rule and an SA
 * @name: of the test
 * @spec: what the rule says
 * @sa: the SA
 * @covered: does the rule cover it?
 */
struct selector_case {
	const char *name;
	struct kmtia_rule_spec spec;
	struct kmtia_sa sa;
	bool covered;
};

static const struct selector_case selector_cases[] = {
	{ "no selector, out", { ANY }, SA_OUT, true },
	{ "no selector, in", { ANY }, SA_IN, true },
	{ "no selector, IPv6", { ANY }, SA6_OUT, true },
	{ "an exception without a selector", { NOBODY }, SA_OUT, true },

	/* The ends, whichever of them is the source */
	{ "local, out", { ANY, LOCAL_NET(TEST_LOCAL, 32) }, SA_OUT, true },
	{ "local, in", { ANY, LOCAL_NET(TEST_LOCAL, 32) }, SA_IN, true },
	{ "remote, out", { ANY, REMOTE_NET(TEST_REMOTE, 32) }, SA_OUT, true },
	{ "remote, in", { ANY, REMOTE_NET(TEST_REMOTE, 32) }, SA_IN, true },
	{ "remote is local, out",
	  { ANY, REMOTE_NET(TEST_LOCAL, 32) }, SA_OUT, false },
	{ "remote is local, in",
	  { ANY, REMOTE_NET(TEST_LOCAL, 32) }, SA_IN, false },
	{ "local is remote, out",
	  { ANY, LOCAL_NET(TEST_REMOTE, 32) }, SA_OUT, false },
	{ "local is remote, in",
	  { ANY, LOCAL_NET(TEST_REMOTE, 32) }, SA_IN, false },
	{ "both ends, in",
	  { ANY, LOCAL_NET(TEST_LOCAL, 32),
	    .has_remote = true, .remote = TEST_REMOTE, .remote_len = 32 },
	  SA_IN, true },
	{ "the right local, another remote",
	  { ANY, LOCAL_NET(TEST_LOCAL, 32),
	    .has_remote = true, .remote = TEST_V4(10, 1, 0, 3), .remote_len = 32 },
	  SA_OUT, false },

	/* Lengths of prefixes; 10.1.0.2 and .3 differ in the last bit */
	{ "/0", { ANY, REMOTE_NET(TEST_V4(0, 0, 0, 0), 0) }, SA_OUT, true },
	{ "/1, the other half",
	  { ANY, REMOTE_NET(TEST_V4(128, 0, 0, 0), 1) }, SA_OUT, false },
	{ "/24", { ANY, REMOTE_NET(TEST_V4(10, 1, 0, 0), 24) }, SA_OUT, true },
	{ "/24, the next",
	  { ANY, REMOTE_NET(TEST_V4(10, 1, 1, 0), 24) }, SA_OUT, false },
	{ "/31", { ANY, REMOTE_NET(TEST_V4(10, 1, 0, 3), 31) }, SA_OUT, true },
	{ "/32, the neighbour",
	  { ANY, REMOTE_NET(TEST_V4(10, 1, 0, 3), 32) }, SA_OUT, false },

	{ "IPv6 /128, in",
	  { ANY, REMOTE_NET6(TEST_REMOTE6, 128) }, SA6_IN, true },
	{ "IPv6 /128, the neighbour",
	  { ANY, REMOTE_NET6(TEST_V6(0xfd010000, 3), 128) }, SA6_OUT, false },
	{ "IPv6 /127",
	  { ANY, REMOTE_NET6(TEST_V6(0xfd010000, 3), 127) }, SA6_OUT, true },
	{ "IPv6 /96, any last word",
	  { ANY, REMOTE_NET6(TEST_V6(0xfd010000, 0xffffffff), 96) },
	  SA6_OUT, true },
	{ "IPv6 /32, another first word",
	  { ANY, REMOTE_NET6(TEST_V6(0xfd010001, 2), 32) }, SA6_OUT, false },
	{ "IPv6 /31, another last bit of the first word",
	  { ANY, REMOTE_NET6(TEST_V6(0xfd010001, 2), 31) }, SA6_OUT, true },
	{ "IPv4 /0 is not for IPv6",
	  { ANY, REMOTE_NET(TEST_V4(0, 0, 0, 0), 0) }, SA6_OUT, false },
	{ "IPv6 /0 is not for IPv4",
	  { ANY, REMOTE_NET6(TEST_V6(0, 0), 0) }, SA_OUT, false },

	/* Which way */
	{ "out, out", { ANY, OUT }, SA_OUT, true },
	{ "out, in", { ANY, OUT }, SA_IN, false },
	{ "in, in", { ANY, IN }, SA_IN, true },
	{ "in, out", { ANY, IN }, SA_OUT, false },

	/* What can't be known counts for a rule */
	{ "in, unknown", { ANY, IN }, SA_UNKNOWN, true },
	{ "out, unknown", { ANY, OUT }, SA_UNKNOWN, true },
	{ "remote is the destination, unknown",
	  { ANY, REMOTE_NET(TEST_REMOTE, 32) }, SA_UNKNOWN, true },
	{ "remote is the source, unknown",
	  { ANY, REMOTE_NET(TEST_LOCAL, 32) }, SA_UNKNOWN, true },
	{ "remote is neither, unknown",
	  { ANY, REMOTE_NET(TEST_V4(10, 1, 0, 3), 32) }, SA_UNKNOWN, false },
	{ "local and remote are the source, unknown",
	  { ANY, LOCAL_NET(TEST_LOCAL, 32),
	    .has_remote = true, .remote = TEST_LOCAL, .remote_len = 32 },
	  SA_UNKNOWN, false },
	/* ... and against an exception */
	{ "an exception, in, in", { NOBODY, IN }, SA_IN, true },
	{ "an exception, in, unknown", { NOBODY, IN }, SA_UNKNOWN, false },
	{ "an exception, out, unknown", { NOBODY, OUT }, SA_UNKNOWN, false },
	{ "an exception, remote, out",
	  { NOBODY, REMOTE_NET(TEST_REMOTE, 32) }, SA_OUT, true },
	{ "an exception, remote, unknown",
	  { NOBODY, REMOTE_NET(TEST_REMOTE, 32) }, SA_UNKNOWN, false },
	{ "an exception, remote is both, unknown",
	  { NOBODY, REMOTE_NET(TEST_V4(10, 1, 0, 0), 24) }, SA_UNKNOWN, true },

	/* Marks: those that the SA serves, those that the rule is about */
	{ "mark, equal", { ANY, MARK(5, ~0) }, MARKED(5, ~0), true },
	{ "mark, another", { ANY, MARK(5, ~0) }, MARKED(6, ~0), false },
	{ "mark, another bit under the mask",
	  { ANY, MARK(0x15, 0xff) }, MARKED(0x05, 0xff), false },
	{ "mark, another bit outside of the mask",
	  { ANY, MARK(0x15, 0x0f) }, MARKED(0x05, 0xff), true },
	{ "mark, the SA has some bits of it",
	  { ANY, MARK(0x15, 0xff) }, MARKED(0x05, 0x0f), true },
	{ "mark, the SA serves all", { ANY, MARK(5, ~0) }, SA_OUT, true },
	{ "mark 0, the SA serves another", { ANY, MARK(0, ~0) }, MARKED(5, ~0), false },
	{ "no mark, the SA has one", { ANY }, MARKED(5, ~0), true },
	{ "an exception, mark, equal",
	  { NOBODY, MARK(5, ~0) }, MARKED(5, ~0), true },
	{ "an exception, mark, the SA serves all",
	  { NOBODY, MARK(5, ~0) }, SA_OUT, false },
	{ "an exception, mark, the SA has some bits of it",
	  { NOBODY, MARK(0x05, 0xff) }, MARKED(0x05, 0x0f), false },
	{ "an exception, mark, the SA has more bits",
	  { NOBODY, MARK(0x05, 0x0f) }, MARKED(0x05, 0xff), true },

	/* The rest */
	{ "protocol", { ANY, .proto = IPPROTO_ESP }, SA_OUT, true },
	{ "another protocol", { ANY, .proto = IPPROTO_AH }, SA_OUT, false },
	{ "reqid", { ANY, .has_reqid = true, .reqid = 7 },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .reqid = 7 }, true },
	{ "another reqid", { ANY, .has_reqid = true, .reqid = 7 },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .reqid = 8 }, false },
	{ "reqid 0", { ANY, .has_reqid = true },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .reqid = 8 }, false },
	{ "no reqid", { ANY },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .reqid = 8 }, true },
	{ "interface", { ANY, .has_if_id = true, .if_id = 7 },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .if_id = 7 }, true },
	{ "another interface", { ANY, .has_if_id = true, .if_id = 7 },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .if_id = 8 }, false },
	{ "no interface", { ANY, .has_if_id = true },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .if_id = 8 }, false },
	{ "all but the last", { ANY, REMOTE_NET(TEST_REMOTE, 32), OUT,
	    .proto = IPPROTO_ESP, .has_reqid = true, .reqid = 7,
	    .has_if_id = true, .if_id = 9 },
	  { V4(TEST_LOCAL, TEST_REMOTE), OUT, .reqid = 7, .if_id = 8 }, false },
};

static void selector_name(const struct selector_case *selector, char *desc)
{
	strscpy(desc, selector->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(selector, selector_cases, selector_name);

static void test_covers(struct kunit *test)
{
	const struct selector_case *selector = test->param_value;

	KUNIT_EXPECT_EQ(test, selector->covered,
			kmtia_rule_covers(&selector->spec, &selector->sa));
}

/* Every length of prefix: the first bit that counts, and the first that does
 * not.
 */
static void test_prefix_lengths(struct kunit *test)
{
	static const union kmtia_addr addr = TEST_REMOTE6;
	union kmtia_addr other;
	unsigned int len;

	for (len = 0; len <= 128; len++) {
		if (len) {
			other = addr;
			other.in6.s6_addr[(len - 1) / 8] ^= 0x80 >> (len - 1) % 8;
			KUNIT_EXPECT_FALSE_MSG(test,
					       kmtia_addr_in_prefix(&addr, &other, len),
					       "/%u", len);
		}
		if (len < 128) {
			other = addr;
			other.in6.s6_addr[len / 8] ^= 0x80 >> len % 8;
			KUNIT_EXPECT_TRUE_MSG(test,
					      kmtia_addr_in_prefix(&addr, &other, len),
					      "/%u", len);
		}
		KUNIT_EXPECT_TRUE_MSG(test,
				      kmtia_addr_in_prefix(&addr, &addr, len),
				      "/%u", len);
	}
}

static const u8 someone[KMTIA_UUID_LEN] = { 1 };
static const u8 someone_else[KMTIA_UUID_LEN] = { [KMTIA_UUID_LEN - 1] = 1 };

static void test_grants(struct kunit *test)
{
	struct kmtia_rule rule = {};

	KUNIT_EXPECT_FALSE(test, kmtia_rule_dictates(&rule, someone));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_notifies(&rule, someone));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_gives_keys(&rule, someone));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_watched(&rule));

	rule.spec.dictate = KMTIA_GRANT_ANY;
	KUNIT_EXPECT_TRUE(test, kmtia_rule_dictates(&rule, someone));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_notifies(&rule, someone));
	KUNIT_EXPECT_TRUE(test, kmtia_rule_watched(&rule));

	rule.spec.dictate = KMTIA_GRANT_NONE;
	rule.spec.notify = KMTIA_GRANT_NAMED;
	memcpy(rule.spec.notify_manager, someone, KMTIA_UUID_LEN);
	KUNIT_EXPECT_TRUE(test, kmtia_rule_notifies(&rule, someone));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_notifies(&rule, someone_else));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_dictates(&rule, someone));
	KUNIT_EXPECT_TRUE(test, kmtia_rule_watched(&rule));

	rule.spec.dictate = KMTIA_GRANT_NAMED;
	memcpy(rule.spec.dictate_manager, someone_else, KMTIA_UUID_LEN);
	KUNIT_EXPECT_TRUE(test, kmtia_rule_dictates(&rule, someone_else));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_dictates(&rule, someone));
}

/* Keys are for who is named, whatever else is granted to whom. */
static void test_grant_of_keys(struct kunit *test)
{
	static const u8 nobody[KMTIA_UUID_LEN];
	struct kmtia_rule rule = {
		.spec = {
			.dictate = KMTIA_GRANT_ANY,
			.notify = KMTIA_GRANT_ANY,
		},
	};

	KUNIT_EXPECT_FALSE(test, kmtia_rule_gives_keys(&rule, someone));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_gives_keys(&rule, nobody));
	rule.spec.has_keys = true;
	memcpy(rule.spec.keys_manager, someone, KMTIA_UUID_LEN);
	KUNIT_EXPECT_TRUE(test, kmtia_rule_gives_keys(&rule, someone));
	KUNIT_EXPECT_FALSE(test, kmtia_rule_gives_keys(&rule, someone_else));
}

static struct kunit_case selector_kunit_cases[] = {
	KUNIT_CASE_PARAM(test_covers, selector_gen_params),
	KUNIT_CASE(test_prefix_lengths),
	KUNIT_CASE(test_grants),
	KUNIT_CASE(test_grant_of_keys),
	{}
};

static struct kunit_suite kmtia_selector_suite = {
	.name = "kmtia_selector",
	.test_cases = selector_kunit_cases,
};

kunit_test_suite(kmtia_selector_suite);
