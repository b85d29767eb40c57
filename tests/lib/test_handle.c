// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening, errors and the kernel's words, features, one command's way. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_kernel.h"

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void open_sets_the_socket_up(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(fake.sockets, 1);
	assert_true(fake.option_cloexec);
	assert_int_equal(fake.option_ext_ack, 1);
	assert_int_equal(fake.option_cap_ack, 1);
	/* Neither registered nor monitoring. */
	assert_int_equal(kmtia_get_fd(h), -1);
	assert_int_equal(kmtia_dispatch(h), -ENOTCONN);
	assert_int_equal(kmtia_run(h), -ENOTCONN);
	fake_close(h);
}

static void open_without_the_module_fails(void **state)
{
	struct kmtia *h = (struct kmtia *)state;
	int before;

	fake_reset();
	before = open_descriptors();
	fake.no_family = true;
	assert_int_equal(kmtia_open(&h), -ENOENT);
	assert_null(h);
	assert_int_equal(fake.sockets, 0);
	assert_int_equal(open_descriptors(), before);
	fake_reset();
}

static void open_reports_what_the_socket_reports(void **state)
{
	struct kmtia *h;

	(void)state;
	fake_reset();
	fake.socket_errno = EMFILE;
	assert_int_equal(kmtia_open(&h), -EMFILE);
	fake.socket_errno = 0;
	fake.bind_errno = EADDRINUSE;
	assert_int_equal(kmtia_open(&h), -EADDRINUSE);
	fake.bind_errno = 0;
	fake.send_errno = ECONNREFUSED;
	assert_int_equal(kmtia_open(&h), -ECONNREFUSED);
	fake.send_errno = 0;
	fake.odd_family = true;
	assert_int_equal(kmtia_open(&h), -EBADMSG);
	assert_null(h);
	assert_int_equal(fake.sockets, 0);
	fake_reset();
}

static void close_takes_null(void **state)
{
	(void)state;
	kmtia_close(NULL);
}

static void features_are_what_the_kernel_has(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	assert_true(kmtia_has_feature(h, "dictate"));
	assert_true(kmtia_has_feature(h, "notify"));
	assert_true(kmtia_has_feature(h, "notify-get"));
	assert_true(kmtia_has_feature(h, "notify-pair"));
	assert_true(kmtia_has_feature(h, "monitor"));
	assert_true(kmtia_has_feature(h, "expand"));
	assert_true(kmtia_has_feature(h, "mix"));
	assert_true(kmtia_has_feature(h, "standing-secret"));
	assert_true(kmtia_has_feature(h, "mismatch"));
	assert_true(kmtia_has_feature(h, "request-get"));
	assert_true(kmtia_has_feature(h, "manager-policy"));
	assert_true(kmtia_has_feature(h, "exclusive"));
	assert_true(kmtia_has_feature(h, "rule-replace"));
	assert_false(kmtia_has_feature(h, "teleport"));
	assert_false(kmtia_has_feature(h, ""));
	kmtia_close(h);

	fake_reset();
	fake.no_group = true;
	assert_int_equal(kmtia_open(&h), 0);
	assert_false(kmtia_has_feature(h, "monitor"));
	assert_true(kmtia_has_feature(h, "dictate"));
	kmtia_close(h);

	fake_reset();
	fake.old_module = true;
	assert_int_equal(kmtia_open(&h), 0);
	assert_true(kmtia_has_feature(h, "notify-get"));
	assert_false(kmtia_has_feature(h, "expand"));
	assert_false(kmtia_has_feature(h, "mix"));
	assert_false(kmtia_has_feature(h, "standing-secret"));
	assert_false(kmtia_has_feature(h, "mismatch"));
	assert_false(kmtia_has_feature(h, "request-get"));
	assert_false(kmtia_has_feature(h, "manager-policy"));
	assert_false(kmtia_has_feature(h, "exclusive"));
	assert_false(kmtia_has_feature(h, "rule-replace"));
	fake_close(h);
}

/* --- Errors --------------------------------------------------------------------- */

static struct fake_extack extack;
static int verdict;

static void answer(const struct fake_request *r)
{
	fake_ack(r, verdict, &extack);
}

static int delete_rule(struct kmtia *h, int err, struct fake_extack e)
{
	fake.on[KMTIA_CMD_RULE_DEL] = answer;
	verdict = err;
	extack = e;
	return kmtia_rule_delete(h, 7);
}

static void errno_alone_has_a_sentence(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	assert_string_equal(kmtia_strerror(NULL, -ENOENT), "No such file or directory");
	assert_string_equal(kmtia_strerror(NULL, ENOENT), "No such file or directory");
	assert_string_equal(kmtia_strerror(NULL, -99999), "Unknown error");
	assert_int_equal(delete_rule(h, -EACCES, (struct fake_extack){ 0 }), -EACCES);
	assert_string_equal(kmtia_strerror(h, -EACCES), "Permission denied");
	fake_close(h);
}

static void errno_is_the_kernels_own(void **state)
{
	/* Those that libnl would fold into others. */
	static const int errors[] = { ESRCH, ENOBUFS, EKEYREJECTED, ERANGE, EEXIST, ENOKEY };
	struct kmtia *h = fake_open();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(delete_rule(h, -errors[i], (struct fake_extack){ 0 }), -errors[i]);
	fake_close(h);
}

static void the_kernels_words_are_the_sentence(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(delete_rule(h, -ENOENT, (struct fake_extack){ .text = "no such rule" }),
			 -ENOENT);
	assert_string_equal(kmtia_strerror(h, -ENOENT),
			    "no such rule (No such file or directory)");
	/* Another error than the last one: its own text alone. */
	assert_string_equal(kmtia_strerror(h, -EPERM), "Operation not permitted");
	assert_null(kmtia_warning(h));
	/* A later success voids it. */
	assert_int_equal(delete_rule(h, 0, (struct fake_extack){ 0 }), 0);
	assert_string_equal(kmtia_strerror(h, -ENOENT), "No such file or directory");
	fake_close(h);
}

static void the_kernels_words_are_found_after_a_repeated_request(void **state)
{
	struct fake_extack repeated = { .text = "not you", .uncapped = true };
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(delete_rule(h, -EPERM, repeated), -EPERM);
	assert_string_equal(kmtia_strerror(h, -EPERM), "not you (Operation not permitted)");
	fake_close(h);
}

static void the_attribute_is_named(void **state)
{
	const int first = NLMSG_HDRLEN + GENL_HDRLEN;
	struct fake_extack range = { .text = "integer out of range", .offset = first };
	struct fake_extack mark = { .text = "incomplete", .missing = KMTIA_A_RULE_MARK };
	struct kmtia *h = fake_open();

	(void)state;
	delete_rule(h, -EINVAL, range);
	assert_string_equal(kmtia_strerror(h, -EINVAL),
			    "integer out of range (attribute priority) (Invalid argument)");
	delete_rule(h, -EINVAL, (struct fake_extack){ .offset = first });
	assert_string_equal(kmtia_strerror(h, -EINVAL),
			    "attribute priority is not accepted (Invalid argument)");
	delete_rule(h, -EINVAL, (struct fake_extack){ .missing = KMTIA_A_RULE_PRIORITY });
	assert_string_equal(kmtia_strerror(h, -EINVAL),
			    "attribute priority is missing (Invalid argument)");
	delete_rule(h, -EINVAL, mark);
	assert_string_equal(kmtia_strerror(h, -EINVAL),
			    "incomplete (attribute mark is missing) (Invalid argument)");
	fake_close(h);
}

static void nonsense_about_attributes_is_left_out(void **state)
{
	static const struct fake_extack odd[] = {
		{ .text = "hm", .offset = 1 },
		{ .text = "hm", .offset = 100000 },
		{ .text = "hm", .offset = -4 },
		{ .text = "hm", .missing = 999 },
		{ .text = "hm", .missing = -1 },
		{ .text = "hm", .missing = KMTIA_A_SLOT_KEY, .nest = 5000 },
	};
	struct kmtia *h = fake_open();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(delete_rule(h, -EINVAL, odd[i]), -EINVAL);
		assert_string_equal(kmtia_strerror(h, -EINVAL), "hm (Invalid argument)");
	}
	fake_close(h);
}

static void a_remark_on_success_is_a_warning(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	assert_null(kmtia_warning(h));
	assert_int_equal(delete_rule(h, 0, (struct fake_extack){ .text = "mind the gap" }), 0);
	assert_string_equal(kmtia_warning(h), "mind the gap");
	assert_int_equal(delete_rule(h, 0, (struct fake_extack){ 0 }), 0);
	assert_null(kmtia_warning(h));
	fake_close(h);
}

static void a_long_sentence_is_cut_off(void **state)
{
	struct kmtia *h = fake_open();
	char text[3000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(delete_rule(h, -EINVAL, (struct fake_extack){ .text = text }), -EINVAL);
	assert_memory_equal(kmtia_strerror(h, -EINVAL), text, 200);
	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), "a (Invalid argument)"));
	fake_close(h);
}

static void malformed_verdict(const struct fake_request *r)
{
	struct nlmsghdr header = {
		.nlmsg_len = sizeof(header),
		.nlmsg_type = NLMSG_ERROR,
		.nlmsg_seq = r->nlh->nlmsg_seq,
	};

	fake_push_raw(r->fd, &header, sizeof(header));
}

static void truncated_extack(const struct fake_request *r)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr e;
		struct nlattr nla;
	} m = {
		.header = {
			.nlmsg_len = sizeof(m),
			.nlmsg_type = NLMSG_ERROR,
			.nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS,
			.nlmsg_seq = r->nlh->nlmsg_seq,
		},
		.e = { .error = -EDOM, .msg = *r->nlh },
		.nla = { .nla_len = 500, .nla_type = NLMSGERR_ATTR_MSG },
	};

	fake_push_raw(r->fd, &m, sizeof(m));
}

static uint32_t lie;

static void lying_length(const struct fake_request *r)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr e;
	} m = {
		.header = {
			.nlmsg_len = sizeof(m),
			.nlmsg_type = NLMSG_ERROR,
			.nlmsg_flags = NLM_F_ACK_TLVS,
			.nlmsg_seq = r->nlh->nlmsg_seq,
		},
		.e = { .error = -EDOM, .msg = { .nlmsg_len = lie } },
	};

	fake_push_raw(r->fd, &m, sizeof(m));
}

static void positive_verdict(const struct fake_request *r)
{
	fake_ack(r, 5, NULL);
}

static void malformed_answers_are_survived(void **state)
{
	static const uint32_t lies[] = { 17, 21, 1000, 0x7ffffff0, 0x80000000, 0xffffffff };
	struct kmtia *h = fake_open();
	size_t i;

	(void)state;
	fake.on[KMTIA_CMD_RULE_FLUSH] = malformed_verdict;
	assert_int_equal(kmtia_rule_flush(h), -EBADMSG);
	fake.on[KMTIA_CMD_RULE_FLUSH] = positive_verdict;
	assert_int_equal(kmtia_rule_flush(h), -EBADMSG);
	fake.on[KMTIA_CMD_RULE_FLUSH] = truncated_extack;
	assert_int_equal(kmtia_rule_flush(h), -EDOM);
	assert_string_equal(kmtia_strerror(h, -EDOM), kmtia_strerror(NULL, -EDOM));
	fake.on[KMTIA_CMD_RULE_FLUSH] = lying_length;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		lie = lies[i];
		assert_int_equal(kmtia_rule_flush(h), -EDOM);
	}
	fake_close(h);
}

/* --- A command's way ---------------------------------------------------------------- */

static void stay_silent(const struct fake_request *r)
{
	(void)r;
}

static struct fake_request late;
static struct nlmsghdr late_header;

static void answer_the_one_before(const struct fake_request *r)
{
	fake_ack(&late, -EDOM, NULL);
	fake_ack(r, 0, NULL);
}

static void silence_times_out_and_a_late_answer_is_not_taken(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_FLUSH] = stay_silent;
	assert_int_equal(kmtia_rule_flush(h), -ETIMEDOUT);
	assert_string_equal(kmtia_strerror(h, -ETIMEDOUT),
			    "the kernel did not answer (Connection timed out)");
	late = *fake_last(KMTIA_CMD_RULE_FLUSH);
	late_header = *late.nlh;
	late.nlh = &late_header;
	fake.on[KMTIA_CMD_RULE_DEL] = answer_the_one_before;
	assert_int_equal(kmtia_rule_delete(h, 1), 0);
	fake_close(h);
}

static void impostor(const struct fake_request *r)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlmsgerr e = { .error = -EDOM };

	nlmsg_put(msg, 0, r->nlh->nlmsg_seq, NLMSG_ERROR, 0, NLM_F_CAPPED);
	nlmsg_append(msg, &e, sizeof(e), NLMSG_ALIGNTO);
	fake_push_from(r->fd, msg, 4711);
	fake_ack_ok(r);
}

static void other_processes_are_not_listened_to(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_FLUSH] = impostor;
	assert_int_equal(kmtia_rule_flush(h), 0);
	fake_close(h);
}

static void lose_then_answer(const struct fake_request *r)
{
	fake_push_errno(r->fd, ENOBUFS);
	fake_ack(r, -ERANGE, NULL);
}

static void lose(const struct fake_request *r)
{
	fake_push_errno(r->fd, ENOBUFS);
}

static void an_answer_after_a_loss_is_taken(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_FLUSH] = lose_then_answer;
	assert_int_equal(kmtia_rule_flush(h), -ERANGE);
	fake.on[KMTIA_CMD_RULE_FLUSH] = lose;
	assert_int_equal(kmtia_rule_flush(h), -ENOBUFS);
	assert_string_equal(kmtia_strerror(h, -ENOBUFS),
			    "the kernel's answer was lost (No buffer space available)");
	fake_close(h);
}

static void interrupt_then_answer(const struct fake_request *r)
{
	fake_push_errno(r->fd, EINTR);
	fake_ack_ok(r);
}

static void signals_do_not_break_a_command(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.send_eintr = 2;
	fake.on[KMTIA_CMD_RULE_FLUSH] = interrupt_then_answer;
	assert_int_equal(kmtia_rule_flush(h), 0);
	assert_int_equal(fake.count[KMTIA_CMD_RULE_FLUSH], 1);
	fake_close(h);
}

static void huge(const struct fake_request *r)
{
	static char bytes[70000];

	fake_push_raw(r->fd, bytes, sizeof(bytes));
}

static void a_message_too_long_is_a_lost_one(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_RULE_FLUSH] = huge;
	assert_int_equal(kmtia_rule_flush(h), -ENOBUFS);
	fake_close(h);
}

static void a_module_that_is_gone_is_told_from_a_thing_that_is(void **state)
{
	struct kmtia *h = fake_open();

	(void)state;
	/* The rule is missing, and the kernel has no word for it. */
	assert_int_equal(delete_rule(h, -ENOENT, (struct fake_extack){ 0 }), -ENOENT);
	assert_string_equal(kmtia_strerror(h, -ENOENT), "No such file or directory");
	fake.gone = true;
	assert_int_equal(kmtia_rule_delete(h, 7), -ENOTCONN);
	assert_non_null(strstr(kmtia_strerror(h, -ENOTCONN), "module was unloaded"));
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_sets_the_socket_up),
		cmocka_unit_test(open_without_the_module_fails),
		cmocka_unit_test(open_reports_what_the_socket_reports),
		cmocka_unit_test(close_takes_null),
		cmocka_unit_test(features_are_what_the_kernel_has),
		cmocka_unit_test(errno_alone_has_a_sentence),
		cmocka_unit_test(errno_is_the_kernels_own),
		cmocka_unit_test(the_kernels_words_are_the_sentence),
		cmocka_unit_test(the_kernels_words_are_found_after_a_repeated_request),
		cmocka_unit_test(the_attribute_is_named),
		cmocka_unit_test(nonsense_about_attributes_is_left_out),
		cmocka_unit_test(a_remark_on_success_is_a_warning),
		cmocka_unit_test(a_long_sentence_is_cut_off),
		cmocka_unit_test(malformed_answers_are_survived),
		cmocka_unit_test(silence_times_out_and_a_late_answer_is_not_taken),
		cmocka_unit_test(other_processes_are_not_listened_to),
		cmocka_unit_test(an_answer_after_a_loss_is_taken),
		cmocka_unit_test(signals_do_not_break_a_command),
		cmocka_unit_test(a_message_too_long_is_a_lost_one),
		cmocka_unit_test(a_module_that_is_gone_is_told_from_a_thing_that_is),
	};

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}
