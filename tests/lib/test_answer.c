// SPDX-License-Identifier: LGPL-2.1-or-later
/* Answers: how they look on the wire, and what comes back. */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static const uint8_t key_a[] = "secret-key-A-16b", key_b[] = "secret-key-B-that-has-32-bytes!!";

#define KEY_A_LEN 16
#define KEY_B_LEN 32

static const uint8_t *const keys[] = { key_a, key_b };
static const size_t key_lens[] = { KEY_A_LEN, KEY_B_LEN };

/* A question for an SA with two slots, and its request. */
static struct kmtia *asked(struct fake_manager *m)
{
	struct kmtia *h = fake_register(m);

	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 42, &fake_sa_out, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_non_null(m->req);
	return h;
}

struct sent_slot {
	uint32_t role;
	const uint8_t *key;
	int key_len;
};

static int sent_slots(const struct fake_request *r, struct sent_slot *slots, int max)
{
	struct nlattr *nla, *tb[KMTIA_A_SLOT_MAX + 1];
	int left, n = 0;

	memset(slots, 0, max * sizeof(*slots));
	nlmsg_for_each_attr(nla, r->nlh, GENL_HDRLEN, left) {
		if (nla_type(nla) != KMTIA_A_REQUEST_SLOT)
			continue;
		/* The kernel's validation is strict about that bit. */
		assert_true(nla->nla_type & NLA_F_NESTED);
		assert_true(n < max);
		assert_int_equal(nla_parse_nested(tb, KMTIA_A_SLOT_MAX, nla, NULL), 0);
		assert_int_equal(nla_len(tb[KMTIA_A_SLOT_ROLE]), 4);
		assert_null(tb[KMTIA_A_SLOT_ALGORITHM]);
		slots[n].role = nla_get_u32(tb[KMTIA_A_SLOT_ROLE]);
		slots[n].key = nla_data(tb[KMTIA_A_SLOT_KEY]);
		slots[n++].key_len = nla_len(tb[KMTIA_A_SLOT_KEY]);
	}
	return n;
}

static void keys_are_sent_by_slot(void **state)
{
	struct sent_slot slots[4];
	const struct fake_request *r;
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), 0);
	r = fake_last(KMTIA_CMD_DICTATE_REPLY);
	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_ID]), 8);
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 42);
	assert_int_equal(sent_slots(r, slots, 4), 2);
	assert_int_equal(slots[0].role, KMTIA_SLOT_ROLE_ENCRYPTION);
	assert_int_equal(slots[0].key_len, KEY_A_LEN);
	assert_memory_equal(slots[0].key, key_a, KEY_A_LEN);
	assert_int_equal(slots[1].role, KMTIA_SLOT_ROLE_AUTHENTICATION);
	assert_int_equal(slots[1].key_len, KEY_B_LEN);
	assert_memory_equal(slots[1].key, key_b, KEY_B_LEN);
	assert_null(r->tb[KMTIA_A_REQUEST_STATUS]);
	assert_null(r->tb[KMTIA_A_REQUEST_TEXT]);
	assert_null(r->tb[KMTIA_A_REQUEST_KEY_ID]);
	assert_null(r->tb[KMTIA_A_REQUEST_ORIGIN]);
	assert_null(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]);
	fake_close(h);
}

static void options_are_sent(void **state)
{
	struct kmtia_answer_options options = {
		.size = sizeof(options),
		.key_id = "epoch-7",
		.origin = KMTIA_ORIGIN_PEER,
		.keying_module_gen_key = true,
	};
	const struct fake_request *r;
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, &options), 0);
	r = fake_last(KMTIA_CMD_DICTATE_REPLY);
	assert_string_equal(nla_get_string(r->tb[KMTIA_A_REQUEST_KEY_ID]), "epoch-7");
	assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_ORIGIN]), 4);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_ORIGIN]), KMTIA_ORIGIN_PEER);
	assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]), 0);
	fake_close(h);
}

/* Messages are as large as their attributes, and no larger: the last one fits, too. */
static void the_largest_answers_arrive_whole(void **state)
{
	static uint8_t longest[KMTIA_KEY_MAX_LEN];
	static char key_id[KMTIA_KEY_ID_MAX_LEN + 1], text[KMTIA_TEXT_MAX_LEN + 1];
	const uint8_t *const both[] = { longest, longest };
	const size_t lens[] = { sizeof(longest), sizeof(longest) - 1 };
	struct kmtia_answer_options options = {
		.size = sizeof(options),
		.key_id = memset(key_id, 'k', sizeof(key_id) - 1),
		.origin = KMTIA_ORIGIN_PEER,
		.keying_module_gen_key = true,
	};
	const struct fake_request *r;
	struct sent_slot slots[4];
	struct fake_manager m;
	struct kmtia *h;
	int i;

	(void)state;
	memset(text, 't', sizeof(text) - 1);
	for (i = 0; i < 3; i++) {
		h = asked(&m);
		if (i == 0)
			assert_int_equal(kmtia_answer_keys(m.req, both, lens, 2, &options), 0);
		else if (i == 1)
			assert_int_equal(kmtia_answer_mix(m.req, longest, 1024, &options), 0);
		else
			assert_int_equal(kmtia_answer_cannot(m.req, 1, text, &options), 0);
		r = fake_last(KMTIA_CMD_DICTATE_REPLY);
		assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 42);
		assert_int_equal(sent_slots(r, slots, 4), i == 0 ? 2 : 0);
		assert_int_equal(slots[0].key_len, i == 0 ? lens[0] : 0);
		assert_int_equal(slots[1].key_len, i == 0 ? lens[1] : 0);
		if (i == 1)
			assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_SECRET]), 1024);
		if (i == 2)
			assert_string_equal(nla_get_string(r->tb[KMTIA_A_REQUEST_TEXT]), text);
		assert_string_equal(nla_get_string(r->tb[KMTIA_A_REQUEST_KEY_ID]), key_id);
		assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_ORIGIN]), KMTIA_ORIGIN_PEER);
		assert_non_null(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]);
		fake_close(h);
	}
}

static void cannot_is_sent_with_status_and_text(void **state)
{
	struct kmtia_answer_options options = {
		.size = sizeof(options),
		.keying_module_gen_key = true,
	};
	const struct fake_request *r;
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	assert_int_equal(kmtia_answer_cannot(m.req, 0x80070005, "vault is sealed", &options), 0);
	r = fake_last(KMTIA_CMD_DICTATE_REPLY);
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 42);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_STATUS]), 0x80070005);
	assert_string_equal(nla_get_string(r->tb[KMTIA_A_REQUEST_TEXT]), "vault is sealed");
	assert_non_null(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]);
	assert_null(r->tb[KMTIA_A_REQUEST_SLOT]);
	fake_close(h);
}

static void a_long_text_is_cut_between_characters(void **state)
{
	char text[300];
	const char *sent;
	struct fake_manager m;
	struct kmtia *h = asked(&m);
	size_t i;

	(void)state;
	text[0] = 'x';
	for (i = 1; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2); /* two bytes each */
	text[i] = '\0';
	assert_int_equal(kmtia_answer_cannot(m.req, 1, text, NULL), 0);
	sent = nla_get_string(fake_last(KMTIA_CMD_DICTATE_REPLY)->tb[KMTIA_A_REQUEST_TEXT]);
	assert_int_equal(strlen(sent), 127);
	assert_memory_equal(sent, text, 127);
	fake_close(h);

	h = asked(&m);
	assert_int_equal(kmtia_answer_cannot(m.req, 1, text + 1, NULL), 0);
	sent = nla_get_string(fake_last(KMTIA_CMD_DICTATE_REPLY)->tb[KMTIA_A_REQUEST_TEXT]);
	assert_int_equal(strlen(sent), 126);
	assert_memory_equal(sent, text + 1, 126);
	fake_close(h);
}

/* --- Verdicts -------------------------------------------------------------------------- */

static int verdict;
static struct fake_extack extack;

static void judge(const struct fake_request *r)
{
	fake_ack(r, verdict, &extack);
}

static void the_kernels_verdict_is_returned(void **state)
{
	static const struct {
		int err;
		const char *text, *sentence;
	} rows[] = {
		{ ENOENT, "the question is not open any more",
		  "the question is not open any more (No such file or directory)" },
		{ EINVAL, "slot 1: key has 31 bytes, should have 32",
		  "slot 1: key has 31 bytes, should have 32 (Invalid argument)" },
		{ EKEYREJECTED, "key was used before",
		  "key was used before (Key was rejected by service)" },
		{ EPERM, "the question was asked of another socket",
		  "the question was asked of another socket (Operation not permitted)" },
		{ EKEYREJECTED, NULL, "Key was rejected by service" },
	};
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kmtia *h = asked(&m);

		verdict = -rows[i].err;
		extack = (struct fake_extack){ .text = rows[i].text };
		fake.on[KMTIA_CMD_DICTATE_REPLY] = judge;
		assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), verdict);
		assert_string_equal(kmtia_strerror(h, verdict), rows[i].sentence);
		fake_close(h);
	}
}

static int second_slot_offset(const struct nlmsghdr *nlh, int inner)
{
	struct nlattr *nla;
	int left, n = 0;

	nlmsg_for_each_attr(nla, (struct nlmsghdr *)nlh, GENL_HDRLEN, left) {
		if (nla_type(nla) == KMTIA_A_REQUEST_SLOT && n++ == 1)
			return (char *)nla - (char *)nlh + inner;
	}
	return 0;
}

static int inner_offset;

static void point_at_slot(const struct fake_request *r)
{
	struct fake_extack no = {
		.text = "no",
		.offset = second_slot_offset(r->nlh, inner_offset),
	};

	fake_ack(r, -EINVAL, &no);
}

static void miss_a_key(const struct fake_request *r)
{
	struct fake_extack no_key = {
		.missing = KMTIA_A_SLOT_KEY,
		.nest = second_slot_offset(r->nlh, 0),
	};

	fake_ack(r, -EINVAL, &no_key);
}

static void an_attribute_within_a_slot_is_named(void **state)
{
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	fake.on[KMTIA_CMD_DICTATE_REPLY] = point_at_slot;
	inner_offset = 0;
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), -EINVAL);
	assert_string_equal(kmtia_strerror(h, -EINVAL), "no (attribute slot) (Invalid argument)");
	fake_close(h);

	h = asked(&m);
	fake.on[KMTIA_CMD_DICTATE_REPLY] = point_at_slot;
	inner_offset = NLA_HDRLEN + nla_total_size(4); /* after its role */
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), -EINVAL);
	assert_string_equal(kmtia_strerror(h, -EINVAL), "no (attribute key) (Invalid argument)");
	fake_close(h);

	h = asked(&m);
	fake.on[KMTIA_CMD_DICTATE_REPLY] = miss_a_key;
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), -EINVAL);
	assert_string_equal(kmtia_strerror(h, -EINVAL),
			    "attribute key is missing (Invalid argument)");
	fake_close(h);
}

static void wrong_lengths_are_for_the_kernel_to_refuse(void **state)
{
	static const size_t wrong[] = { KEY_A_LEN - 1, 0 };
	struct sent_slot slots[4];
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	verdict = -EINVAL;
	extack = (struct fake_extack){ .text = "wrong length" };
	fake.on[KMTIA_CMD_DICTATE_REPLY] = judge;
	assert_int_equal(kmtia_answer_keys(m.req, keys, wrong, 2, NULL), -EINVAL);
	assert_int_equal(sent_slots(fake_last(KMTIA_CMD_DICTATE_REPLY), slots, 4), 2);
	assert_int_equal(slots[0].key_len, KEY_A_LEN - 1);
	assert_int_equal(slots[1].key_len, 0);
	fake_close(h);
}

/* So that it is unusable, which ends the question, and not malformed. */
static void wrong_numbers_of_slots_are_well_formed(void **state)
{
	struct sent_slot slots[4];
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 1, NULL), 0);
	assert_int_equal(sent_slots(fake_last(KMTIA_CMD_DICTATE_REPLY), slots, 4), 1);
	fake_close(h);

	h = fake_register(&m);
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 1, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), 0);
	assert_int_equal(sent_slots(fake_last(KMTIA_CMD_DICTATE_REPLY), slots, 4), 2);
	assert_int_equal(slots[0].role, KMTIA_SLOT_ROLE_AEAD);
	assert_int_not_equal(slots[1].role, slots[0].role);
	fake_close(h);
}

/* --- Refused here -------------------------------------------------------------------------- */

struct bad_answer {
	struct kmtia_answer_options options;
	const uint8_t *keys[3];
	size_t lens[3];
	size_t n;
	uint32_t status; /* of a "cannot" */
};

static char long_id[KMTIA_KEY_ID_MAX_LEN + 2];

/* A table of functions. */
/* clang-format off */
static void three_keys(struct bad_answer *b) { b->n = 3; }
static void huge_key(struct bad_answer *b) { b->lens[1] = KMTIA_KEY_MAX_LEN + 1; }
static void null_key(struct bad_answer *b) { b->keys[0] = NULL; }
static void size_zero(struct bad_answer *b) { b->options.size = 0; }
static void reserved(struct bad_answer *b) { b->options.reserved[0] = 1; }
static void long_key_id(struct bad_answer *b) { b->options.key_id = long_id; }
static void origin_own(struct bad_answer *b) { b->options.origin = KMTIA_ORIGIN_OWN; }
static void origin_unknown(struct bad_answer *b) { b->options.origin = 99; }
/* clang-format on */

static const struct {
	void (*change)(struct bad_answer *b);
	const char *sentence;
} bad_answers[] = {
	{ three_keys, "3 keys are given, no SA has more than 2" },
	{ huge_key, "key 1 is longer than 1024 bytes" },
	{ null_key, "key 0 is missing" },
	{ size_zero, "size of struct kmtia_answer_options is 0" },
	{ reserved, "reserved field of the answer's options is not zero" },
	{ long_key_id, "key_id is longer than 63 bytes" },
	{ origin_own, "origin is neither local nor peer" },
	{ origin_unknown, "origin is neither local nor peer" },
};

static void assert_refused(struct kmtia *h, const char *sentence)
{
	const struct fake_request *r = fake_last(KMTIA_CMD_DICTATE_REPLY);

	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), sentence));
	/* The question is answered nevertheless: the kernel need not wait. */
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 42);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_STATUS]), EINVAL);
	assert_non_null(strstr(nla_get_string(r->tb[KMTIA_A_REQUEST_TEXT]), sentence));
	assert_null(r->tb[KMTIA_A_REQUEST_SLOT]);
}

static void answers_unfit_for_sending_become_a_refusal(void **state)
{
	struct fake_manager m;
	size_t i;

	(void)state;
	memset(long_id, 'i', sizeof(long_id) - 1);
	for (i = 0; i < sizeof(bad_answers) / sizeof(bad_answers[0]); i++) {
		struct bad_answer b = {
			.options = { .size = sizeof(b.options) },
			.keys = { key_a, key_b, key_a },
			.lens = { KEY_A_LEN, KEY_B_LEN, KEY_A_LEN },
			.n = 2,
		};
		struct kmtia *h = asked(&m);

		bad_answers[i].change(&b);
		assert_int_equal(kmtia_answer_keys(m.req, b.keys, b.lens, b.n, &b.options),
				 -EINVAL);
		assert_refused(h, bad_answers[i].sentence);
		fake_close(h);
	}
}

static void a_refusal_needs_a_status(void **state)
{
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	assert_int_equal(kmtia_answer_cannot(m.req, 0, "because", NULL), -EINVAL);
	assert_refused(h, "status is 0");
	fake_close(h);
}

/* --- Life ----------------------------------------------------------------------------- */

static void a_request_outlives_registration_and_handle(void **state)
{
	struct kmtia_request *reqs[3];
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, i + 1, &fake_sa_in,
						       &fake_sa_out, false));
		assert_int_equal(kmtia_dispatch(h), 1);
		reqs[i] = m.req;
	}
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(kmtia_answer_keys(reqs[1], keys, key_lens, 1, NULL), -ENOTCONN);
	fake_close(h);
	assert_int_equal(kmtia_request_id(reqs[2]), 3);
	assert_int_equal(kmtia_request_time_left(reqs[2]), 0);
	assert_int_equal(kmtia_request_pair(reqs[2])->outbound->spi, fake_sa_out.spi);
	assert_int_equal(kmtia_answer_cannot(reqs[2], 1, NULL, NULL), -ENOTCONN);
	kmtia_request_drop(reqs[0]);
	kmtia_request_drop(NULL);
}

static void an_old_request_is_void_after_registering_anew(void **state)
{
	const uint32_t flags = KMTIA_MANAGER_FLAGS_DICTATE;
	struct kmtia_manager manager = fake_identity(flags);
	struct kmtia_callbacks callbacks = fake_callbacks(flags);
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_int_equal(kmtia_answer_keys(m.req, keys, key_lens, 2, NULL), -ENOTCONN);
	assert_int_equal(fake.count[KMTIA_CMD_DICTATE_REPLY], 0);
	fake_close(h);
}

static void requests_are_answered_in_any_order(void **state)
{
	static const int order[] = { 1, 3, 0, 2 };
	struct kmtia_request *reqs[4];
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 10 + i, &fake_sa_out,
						       NULL, false));
		assert_int_equal(kmtia_dispatch(h), 1);
		reqs[i] = m.req;
	}
	for (i = 0; i < 4; i++) {
		const struct fake_request *r;

		assert_int_equal(kmtia_answer_keys(reqs[order[i]], keys, key_lens, 2, NULL), 0);
		r = fake_last(KMTIA_CMD_DICTATE_REPLY);
		assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 10 + order[i]);
	}
	fake_close(h);
}

static void time_runs_out(void **state)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_DICTATE, 0, 0);
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	nla_put_u64(msg, KMTIA_A_REQUEST_ID, 1);
	fake_put_sa(msg, KMTIA_A_REQUEST_SA, &fake_sa_in);
	nla_put_u32(msg, KMTIA_A_REQUEST_TIMEOUT, 0);
	fake_push(fake.event_fd, msg);
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(kmtia_request_time_left(m.req), 0);
	kmtia_request_drop(m.req);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_sent_by_slot),
		cmocka_unit_test(options_are_sent),
		cmocka_unit_test(the_largest_answers_arrive_whole),
		cmocka_unit_test(cannot_is_sent_with_status_and_text),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(the_kernels_verdict_is_returned),
		cmocka_unit_test(an_attribute_within_a_slot_is_named),
		cmocka_unit_test(wrong_lengths_are_for_the_kernel_to_refuse),
		cmocka_unit_test(wrong_numbers_of_slots_are_well_formed),
		cmocka_unit_test(answers_unfit_for_sending_become_a_refusal),
		cmocka_unit_test(a_refusal_needs_a_status),
		cmocka_unit_test(a_request_outlives_registration_and_handle),
		cmocka_unit_test(an_old_request_is_void_after_registering_anew),
		cmocka_unit_test(requests_are_answered_in_any_order),
		cmocka_unit_test(time_runs_out),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
