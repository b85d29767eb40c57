// SPDX-License-Identifier: GPL-2.0-only
/* Words and values of kmtia's command line. */
#include "tools_test.h"
#include "parse.h"

#include <netinet/in.h>
#include <sys/socket.h>

static void check_match(const char *word, int (*expected)(struct cmd *, int, char **),
			const char *complaint)
{
	const struct cmd_word *found;
	struct run r;

	run_begin(&r);
	found = args_match(&r.c, "object", cmd_objects, word);
	run_end(&r);
	if (expected) {
		assert_non_null(found);
		assert_ptr_equal(found->run, expected);
		assert_string_equal(r.err, "");
	} else {
		assert_null(found);
		assert_non_null(strstr(r.err, complaint));
	}
	run_free(&r);
}

static void abbreviations_name_an_object(void **state)
{
	(void)state;
	check_match("rule", cmd_rule, NULL);
	check_match("ru", cmd_rule, NULL);
	check_match("r", cmd_rule, NULL);
	check_match("sa", cmd_sa, NULL);
	check_match("mo", cmd_monitor, NULL);
	check_match("ma", cmd_manager, NULL);
	check_match("statu", cmd_status, NULL);
	check_match("se", cmd_secret, NULL);
	check_match("stats", cmd_stats, NULL);
}

static void ambiguous_ones_name_the_candidates(void **state)
{
	(void)state;
	check_match("s", NULL, "\"s\" is ambiguous: sa, stats, secret, status\n");
	check_match("stat", NULL, "\"stat\" is ambiguous: stats, status\n");
	check_match("m", NULL, "\"m\" is ambiguous: manager, monitor\n");
}

static void unknown_ones_are_named(void **state)
{
	(void)state;
	check_match("rules", NULL, "unknown object \"rules\"");
	check_match("", NULL, "unknown object \"\"");
	check_match("x", NULL, "unknown object \"x\"");
}

static int run_one(struct cmd *c, int argc, char **argv)
{
	(void)argc, (void)argv;
	fputs("one", c->out);
	return CMD_OK;
}

static int run_two(struct cmd *c, int argc, char **argv)
{
	fprintf(c->out, "two %d %s", argc, argc ? argv[0] : "");
	return CMD_FAILED;
}

static void check_command(const char *line, int expected, const char *out, const char *err)
{
	static const struct cmd_word words[] = {
		{ "show", run_one },
		{ "list", run_one },
		{ "ls", run_one },
		{ "del", run_two },
		{ "delete", run_two },
		{ NULL, NULL },
	};
	char copy[64], *argv[MAX_WORDS];
	struct run r;
	int n;

	snprintf(copy, sizeof(copy), "%s", line);
	n = split_words(copy, argv);
	run_begin(&r);
	assert_int_equal(cmd_run_object(&r.c, words, "the help\n", n, argv), expected);
	run_end(&r);
	assert_string_equal(r.out, out);
	assert_string_equal(r.err, err);
	run_free(&r);
}

static void commands_are_found(void **state)
{
	(void)state;
	check_command("", CMD_OK, "one", "");
	check_command("sh", CMD_OK, "one", "");
	/* Aliases of one command are no ambiguity. */
	check_command("l", CMD_OK, "one", "");
	check_command("de x", CMD_FAILED, "two 1 x", "");
	check_command("help", CMD_OK, "the help\n", "");
	check_command("--help", CMD_OK, "the help\n", "");
	check_command("foo", CMD_USAGE, "",
		      "kmtia: unknown command \"foo\"; \"help\" lists them\n");
}

static void check_line(const char *line, const char *err)
{
	struct run r;

	assert_int_equal(run_line(&r, line), CMD_USAGE);
	assert_string_equal(r.out, "");
	assert_string_equal(r.err, err);
	run_free(&r);
}

/* None of these gets as far as to the kernel. */
static void usage_errors_are_found_first(void **state)
{
	(void)state;
	check_line("rule show 10", "kmtia: unexpected word \"10\"\n");
	check_line("rule del", "kmtia: which rule? Give its priority\n");
	check_line("rule del priority", "kmtia: which rule? Give its priority\n");
	check_line("rule del ten", "kmtia: priority: ten is not a number\n");
	check_line("rule del 1 2", "kmtia: unexpected word \"2\"\n");
	check_line("rule flush all", "kmtia: unexpected word \"all\"\n");
	check_line("rule replace dictate any", "kmtia: a rule needs a priority\n");
	check_line("rule save x", "kmtia: unexpected word \"x\"\n");
	check_line("manager del", "kmtia: which key manager? Give its UUID\n");
	check_line("manager del 12", "kmtia: \"12\" is not a UUID\n");
	check_line("manager policy show x", "kmtia: unexpected word \"x\"\n");
	check_line("ma pol s", "kmtia: \"s\" is ambiguous: show, set\n");
	check_line("stats now", "kmtia: unknown command \"now\"; \"help\" lists them\n");
	check_line("monitor -t all", "kmtia: unexpected word \"all\"\n");
	check_line("status show x", "kmtia: unexpected word \"x\"\n");
	check_line("sa show spi", "kmtia: \"spi\" needs a value\n");
	check_line("sa show spi 1 spi 2", "kmtia: \"spi\" is given twice\n");
	check_line("sa show dst x", "kmtia: dst: x is not an address\n");
	check_line("sa show reqid 1",
		   "kmtia: unknown word \"reqid\"; see \"kmtia sa help\"\n");
}

static void numbers(void **state)
{
	uint32_t n = 7;

	(void)state;
	assert_true(parse_u32("0", &n));
	assert_int_equal(n, 0);
	assert_true(parse_u32("0xC0000001", &n));
	assert_int_equal(n, 0xc0000001);
	assert_true(parse_u32("4294967295", &n));
	assert_int_equal(n, UINT32_MAX);
	assert_false(parse_u32("4294967296", &n));
	assert_false(parse_u32("99999999999999999999999", &n));
	assert_false(parse_u32("-1", &n));
	assert_false(parse_u32("+1", &n));
	assert_false(parse_u32(" 1", &n));
	assert_false(parse_u32("1x", &n));
	assert_false(parse_u32("0x", &n));
	assert_false(parse_u32("", &n));
}

static void prefixes(void **state)
{
	uint8_t addr[16], len;
	uint16_t family;

	(void)state;
	assert_null(parse_prefix("10.1.0.0/24", &family, addr, &len));
	assert_int_equal(family, AF_INET);
	assert_int_equal(len, 24);
	assert_memory_equal(addr, "\x0a\x01\x00\x00\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_null(parse_prefix("10.1.0.1", &family, addr, &len));
	assert_int_equal(len, 32);
	assert_null(parse_prefix("0.0.0.0/0", &family, addr, &len));
	assert_int_equal(len, 0);
	assert_null(parse_prefix("2001:db8::/33", &family, addr, &len));
	assert_int_equal(family, AF_INET6);
	assert_int_equal(len, 33);
	assert_null(parse_prefix("::1", &family, addr, &len));
	assert_int_equal(len, 128);
	assert_null(parse_prefix("10.1.0.130/31", &family, addr, &len));

	assert_string_equal(parse_prefix("10.1.0.1/24", &family, addr, &len), "has host bits set");
	assert_string_equal(parse_prefix("2001:db8::1/64", &family, addr, &len),
			    "has host bits set");
	assert_string_equal(parse_prefix("10.1.0.0/33", &family, addr, &len),
			    "has no valid prefix length");
	assert_string_equal(parse_prefix("10.1.0.0/", &family, addr, &len),
			    "has no valid prefix length");
	assert_string_equal(parse_prefix("10.1.0.0/-1", &family, addr, &len),
			    "has no valid prefix length");
	assert_string_equal(parse_prefix("10.1.0", &family, addr, &len), "is not an address");
	assert_string_equal(parse_prefix("", &family, addr, &len), "is not an address");
	assert_string_equal(parse_prefix("/24", &family, addr, &len), "is not an address");
	assert_string_equal(parse_prefix("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa/1",
					 &family, addr, &len),
			    "is not an address");
}

static void marks(void **state)
{
	uint32_t mark, mask;

	(void)state;
	assert_true(parse_mark("0x10/0xff", &mark, &mask));
	assert_int_equal(mark, 0x10);
	assert_int_equal(mask, 0xff);
	assert_true(parse_mark("7", &mark, &mask));
	assert_int_equal(mask, UINT32_MAX);
	assert_false(parse_mark("7/", &mark, &mask));
	assert_false(parse_mark("/7", &mark, &mask));
	assert_false(parse_mark("00000000000000000007/7", &mark, &mask));
}

static void filters(void **state)
{
	char line[] = "spi 0x1001 dst 10.0.0.2 proto esp manager " UUID_TEXT;
	struct kmtia_sa sa = {
		.family = AF_INET,
		.daddr = { 10, 0, 0, 2 },
		.spi = 0x1001,
		.proto = IPPROTO_ESP,
		.has_manager = true,
	};
	struct sa_filter filter;
	char *words[MAX_WORDS];
	struct run r;

	(void)state;
	kmtia_uuid_parse(UUID_TEXT, sa.manager);
	run_begin(&r);
	assert_int_equal(sa_filter_args(&r.c, split_words(line, words), words, &filter), CMD_OK);
	run_end(&r);
	run_free(&r);
	assert_true(sa_filter_match(&filter, &sa));
	sa.spi++;
	assert_false(sa_filter_match(&filter, &sa));
	sa.spi--;
	sa.daddr[3]++;
	assert_false(sa_filter_match(&filter, &sa));
	sa.daddr[3]--;
	sa.family = AF_INET6;
	assert_false(sa_filter_match(&filter, &sa));
	sa.family = AF_INET;
	sa.proto = IPPROTO_AH;
	assert_false(sa_filter_match(&filter, &sa));
	sa.proto = IPPROTO_ESP;
	sa.has_manager = false;
	assert_false(sa_filter_match(&filter, &sa));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abbreviations_name_an_object),
		cmocka_unit_test(ambiguous_ones_name_the_candidates),
		cmocka_unit_test(unknown_ones_are_named),
		cmocka_unit_test(commands_are_found),
		cmocka_unit_test(usage_errors_are_found_first),
		cmocka_unit_test(numbers),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(marks),
		cmocka_unit_test(filters),
	};

	return cmocka_run_group_tests_name("tools_args", tests, NULL, NULL);
}
