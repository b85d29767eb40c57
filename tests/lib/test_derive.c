// SPDX-License-Identifier: LGPL-2.1-or-later
/* Answers with a secret: how they look on the wire, what is refused, what stays. */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

#define MIN 32
#define MAX 1024

typedef int (*answer_fn)(struct kmtia_request *req, const uint8_t *secret, size_t len,
			 const struct kmtia_answer_options *options);

static const struct {
	answer_fn answer;
	uint32_t derivation;
} forms[] = {
	{ kmtia_answer_expand, 1 },
	{ kmtia_answer_mix, 2 },
};

static uint8_t secret[MAX + 1];

static int set_up(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(secret); i++)
		secret[i] = 7 + 31 * i + i / 256;
	return 0;
}

static struct kmtia *asked(struct fake_manager *m)
{
	struct kmtia *h = fake_register(m);

	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 42, &fake_sa_out, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_non_null(m->req);
	return h;
}

static void assert_sent(const struct fake_request *r, uint32_t derivation, size_t len)
{
	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 42);
	assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_DERIVATION]), 4);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_DERIVATION]), derivation);
	assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_SECRET]), len);
	assert_memory_equal(nla_data(r->tb[KMTIA_A_REQUEST_SECRET]), secret, len);
	assert_null(r->tb[KMTIA_A_REQUEST_SLOT]);
	assert_null(r->tb[KMTIA_A_REQUEST_STATUS]);
	assert_null(r->tb[KMTIA_A_REQUEST_TEXT]);
}

static void a_secret_is_sent_in_place_of_slots(void **state)
{
	static const size_t lens[] = { MIN, 100, MAX };
	const struct fake_request *r;
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct kmtia *h = asked(&m);

		assert_int_equal(forms[i % 2].answer(m.req, secret, lens[i / 2], NULL), 0);
		r = fake_last(KMTIA_CMD_DICTATE_REPLY);
		assert_sent(r, forms[i % 2].derivation, lens[i / 2]);
		assert_null(r->tb[KMTIA_A_REQUEST_KEY_ID]);
		assert_null(r->tb[KMTIA_A_REQUEST_ORIGIN]);
		assert_null(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]);
		fake_close(h);
	}
}

static void its_options_are_sent(void **state)
{
	struct kmtia_answer_options options = {
		.size = sizeof(options),
		.key_id = "epoch-7",
		.origin = KMTIA_ORIGIN_PEER,
		.keying_module_gen_key = true,
	};
	const struct fake_request *r;
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct kmtia *h = asked(&m);

		assert_int_equal(forms[i].answer(m.req, secret, MIN, &options), 0);
		r = fake_last(KMTIA_CMD_DICTATE_REPLY);
		assert_sent(r, forms[i].derivation, MIN);
		assert_string_equal(nla_get_string(r->tb[KMTIA_A_REQUEST_KEY_ID]), "epoch-7");
		assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_ORIGIN]), KMTIA_ORIGIN_PEER);
		assert_int_equal(nla_len(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]), 0);
		fake_close(h);
	}
}

/* --- Refused here ---------------------------------------------------------------------- */

struct bad_answer {
	const uint8_t *secret;
	size_t len;
	struct kmtia_answer_options options;
};

static char long_id[KMTIA_KEY_ID_MAX_LEN + 2];

/* A table of functions. */
/* clang-format off */
static void empty(struct bad_answer *b) { b->len = 0; }
static void too_short(struct bad_answer *b) { b->len = MIN - 1; }
static void too_long(struct bad_answer *b) { b->len = MAX + 1; }
static void wild(struct bad_answer *b) { b->len = (size_t)-1; }
static void null(struct bad_answer *b) { b->secret = NULL; }
static void nothing(struct bad_answer *b) { b->secret = NULL; b->len = 0; }
static void size_zero(struct bad_answer *b) { b->options.size = 0; }
static void reserved(struct bad_answer *b) { b->options.reserved[3] = 1; }
static void long_key_id(struct bad_answer *b) { b->options.key_id = long_id; }
static void origin_own(struct bad_answer *b) { b->options.origin = KMTIA_ORIGIN_OWN; }
/* clang-format on */

static const struct {
	void (*change)(struct bad_answer *b);
	const char *sentence;
} bad_answers[] = {
	{ empty, "secret has 0 bytes, should have 32 to 1024" },
	{ too_short, "secret has 31 bytes, should have 32 to 1024" },
	{ too_long, "secret has 1025 bytes, should have 32 to 1024" },
	{ wild, "bytes, should have 32 to 1024" },
	{ null, "secret is missing" },
	{ nothing, "secret has 0 bytes" },
	{ size_zero, "size of struct kmtia_answer_options is 0" },
	{ reserved, "reserved field of the answer's options is not zero" },
	{ long_key_id, "key_id is longer than 63 bytes" },
	{ origin_own, "origin is neither local nor peer" },
};

static void assert_refused(struct kmtia *h, const char *sentence)
{
	const struct fake_request *r = fake_last(KMTIA_CMD_DICTATE_REPLY);

	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), sentence));
	/* The kernel is told "cannot", and need not wait. */
	assert_int_equal(fake.count[KMTIA_CMD_DICTATE_REPLY], 1);
	assert_int_equal(nla_get_u64(r->tb[KMTIA_A_REQUEST_ID]), 42);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_REQUEST_STATUS]), EINVAL);
	assert_non_null(strstr(nla_get_string(r->tb[KMTIA_A_REQUEST_TEXT]), sentence));
	assert_null(r->tb[KMTIA_A_REQUEST_DERIVATION]);
	assert_null(r->tb[KMTIA_A_REQUEST_SECRET]);
	assert_null(r->tb[KMTIA_A_REQUEST_KEYING_MODULE_GEN_KEY]);
}

static void secrets_unfit_for_sending_become_a_refusal(void **state)
{
	const size_t n = sizeof(bad_answers) / sizeof(bad_answers[0]);
	struct fake_manager m;
	size_t i;

	(void)state;
	memset(long_id, 'i', sizeof(long_id) - 1);
	for (i = 0; i < 2 * n; i++) {
		struct bad_answer b = {
			.secret = secret,
			.len = MIN,
			.options.size = sizeof(b.options),
		};
		struct kmtia *h = asked(&m);

		bad_answers[i / 2].change(&b);
		assert_int_equal(forms[i % 2].answer(m.req, b.secret, b.len, &b.options), -EINVAL);
		assert_refused(h, bad_answers[i / 2].sentence);
		fake_close(h);
	}
}

/* --- Verdicts, and what stays ------------------------------------------------------------ */

static int verdict;
static struct fake_extack extack;

static void judge(const struct fake_request *r)
{
	fake_ack(r, verdict, &extack);
}

static void the_verdict_is_returned_and_the_secret_wiped(void **state)
{
	static const int verdicts[] = { 0, -ENOENT, -EINVAL, -EKEYREJECTED, -EPERM };
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < 10; i++) {
		struct kmtia *h = asked(&m);

		verdict = verdicts[i / 2];
		extack = (struct fake_extack){ .text = "the kernel's word", .uncapped = true };
		fake.on[KMTIA_CMD_DICTATE_REPLY] = judge;
		fake_secret(secret, 100);
		assert_int_equal(forms[i % 2].answer(m.req, secret, 100, NULL), verdict);
		if (verdict)
			assert_non_null(strstr(kmtia_strerror(h, verdict), "the kernel's word ("));
		assert_int_equal(fake_secret_passed(), 2);
		assert_int_equal(fake_secret_leaked(), 0);
		assert_false(fake_secret_in_buffer());
		kmtia_close(h);
		assert_int_equal(fake_secret_leaked(), 0);
		fake_reset();
	}
}

static int secret_offset(const struct nlmsghdr *nlh)
{
	struct nlattr *nla;
	int left;

	nlmsg_for_each_attr(nla, (struct nlmsghdr *)nlh, GENL_HDRLEN, left) {
		if (nla_type(nla) == KMTIA_A_REQUEST_SECRET)
			return (char *)nla - (char *)nlh;
	}
	return 0;
}

static void point_at_secret(const struct fake_request *r)
{
	struct fake_extack no = { .text = "no", .offset = secret_offset(r->nlh) };

	fake_ack(r, -EINVAL, &no);
}

static void miss_derivation(const struct fake_request *r)
{
	fake_ack(r, -EINVAL, &(struct fake_extack){ .missing = KMTIA_A_REQUEST_DERIVATION });
}

static void the_attributes_have_names(void **state)
{
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	fake.on[KMTIA_CMD_DICTATE_REPLY] = point_at_secret;
	assert_int_equal(kmtia_answer_mix(m.req, secret, MIN, NULL), -EINVAL);
	assert_string_equal(kmtia_strerror(h, -EINVAL), "no (attribute secret) (Invalid argument)");
	fake_close(h);

	h = asked(&m);
	fake.on[KMTIA_CMD_DICTATE_REPLY] = miss_derivation;
	assert_int_equal(kmtia_answer_mix(m.req, secret, MIN, NULL), -EINVAL);
	assert_string_equal(kmtia_strerror(h, -EINVAL),
			    "attribute derivation is missing (Invalid argument)");
	fake_close(h);
}

static void a_secret_that_cannot_be_sent_is_wiped(void **state)
{
	struct fake_manager m;
	struct kmtia *h = asked(&m);

	(void)state;
	fake.send_errno = ENOBUFS;
	fake_secret(secret, MIN);
	assert_int_equal(kmtia_answer_expand(m.req, secret, MIN, NULL), -ENOBUFS);
	assert_int_equal(fake_secret_passed(), 1);
	assert_int_equal(fake_secret_leaked(), 0);
	fake_close(h);
}

static void a_void_request_takes_no_secret(void **state)
{
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct kmtia *h = asked(&m);

		assert_int_equal(kmtia_unregister(h), 0);
		assert_int_equal(forms[i].answer(m.req, secret, i ? MIN : 1, NULL), -ENOTCONN);
		assert_int_equal(fake.count[KMTIA_CMD_DICTATE_REPLY], 0);
		fake_close(h);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_sent_in_place_of_slots),
		cmocka_unit_test(its_options_are_sent),
		cmocka_unit_test(secrets_unfit_for_sending_become_a_refusal),
		cmocka_unit_test(the_verdict_is_returned_and_the_secret_wiped),
		cmocka_unit_test(the_attributes_have_names),
		cmocka_unit_test(a_secret_that_cannot_be_sent_is_wiped),
		cmocka_unit_test(a_void_request_takes_no_secret),
	};

	return cmocka_run_group_tests_name("derive", tests, set_up, NULL);
}
