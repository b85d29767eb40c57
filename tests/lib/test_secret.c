// SPDX-License-Identifier: LGPL-2.1-or-later
/* Standing secrets: what is sent, what is refused, what stays of them in memory. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "fake_manager.h"

static const uint8_t bytes[1025] = "a standing secret, of 32 bytes..";

#define LEN 32

static struct kmtia_secret least_secret(void)
{
	return (struct kmtia_secret){
		.size = sizeof(struct kmtia_secret),
		.number = 3,
		.secret = bytes,
		.secret_len = LEN,
	};
}

static struct kmtia_secret full_secret(uint16_t family)
{
	return (struct kmtia_secret){
		.size = sizeof(struct kmtia_secret),
		.number = 0xfffffffe,
		.family = family,
		.has_local = true,
		.local = { 10, 1, 2, 3, 4 },
		.local_len = 24,
		.has_remote = true,
		.remote = { 10, 9, 8, 7, 6 },
		.remote_len = 16,
		.proto = IPPROTO_AH,
		.direction = KMTIA_DIRECTION_IN,
		.has_reqid = true,
		.reqid = 0,
		.has_if_id = true,
		.if_id = 22,
		.has_mark = true,
		.mark = 23,
		.mark_mask = 0xff,
		.has_rule = true,
		.rule = 0,
		.derivation = KMTIA_DERIVATION_EXPAND,
		.secret = bytes,
		.secret_len = 1024,
		.key_id = "monday",
		.has_weight = true,
		.weight = 0,
		.not_after = 1ULL << 33,
		.origin = KMTIA_ORIGIN_PEER,
		.keying_module_gen_key = true,
	};
}

static void assert_u32(const struct fake_request *r, int type, uint32_t value)
{
	assert_non_null(r->tb[type]);
	assert_int_equal(nla_len(r->tb[type]), 4);
	assert_int_equal(nla_get_u32(r->tb[type]), value);
}

static void assert_bytes(const struct fake_request *r, int type, const void *expected, int len)
{
	assert_non_null(r->tb[type]);
	assert_int_equal(nla_len(r->tb[type]), len);
	assert_memory_equal(nla_data(r->tb[type]), expected, len);
}

/* --- Sending -------------------------------------------------------------------------- */

static void assert_sent(const struct fake_request *r, const struct kmtia_secret *s)
{
	int len = s->family == AF_INET ? 4 : 16;

	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_u32(r, KMTIA_A_SECRET_NUMBER, s->number);
	assert_u32(r, KMTIA_A_SECRET_FAMILY, s->family);
	assert_bytes(r, KMTIA_A_SECRET_LOCAL, s->local, len);
	assert_u32(r, KMTIA_A_SECRET_LOCAL_LEN, s->local_len);
	assert_bytes(r, KMTIA_A_SECRET_REMOTE, s->remote, len);
	assert_u32(r, KMTIA_A_SECRET_REMOTE_LEN, s->remote_len);
	assert_u32(r, KMTIA_A_SECRET_PROTO, s->proto);
	assert_u32(r, KMTIA_A_SECRET_DIRECTION, s->direction);
	assert_u32(r, KMTIA_A_SECRET_REQID, s->reqid);
	assert_u32(r, KMTIA_A_SECRET_IF_ID, s->if_id);
	assert_u32(r, KMTIA_A_SECRET_MARK, s->mark);
	assert_u32(r, KMTIA_A_SECRET_MARK_MASK, s->mark_mask);
	assert_u32(r, KMTIA_A_SECRET_RULE, s->rule);
	assert_u32(r, KMTIA_A_SECRET_DERIVATION, s->derivation);
	assert_bytes(r, KMTIA_A_SECRET_SECRET, bytes, s->secret_len);
	assert_string_equal(nla_get_string(r->tb[KMTIA_A_SECRET_KEY_ID]), s->key_id);
	assert_u32(r, KMTIA_A_SECRET_WEIGHT, s->weight);
	assert_int_equal(nla_len(r->tb[KMTIA_A_SECRET_NOT_AFTER]), 8);
	assert_true(nla_get_u64(r->tb[KMTIA_A_SECRET_NOT_AFTER]) == s->not_after);
	assert_u32(r, KMTIA_A_SECRET_ORIGIN, s->origin);
	assert_int_equal(nla_len(r->tb[KMTIA_A_SECRET_KEYING_MODULE_GEN_KEY]), 0);
}

static void every_field_of_a_secret_is_sent(void **state)
{
	static const uint16_t families[] = { AF_INET, AF_INET6 };
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct kmtia_secret s = full_secret(families[i]);
		struct kmtia *h = fake_register(&m);

		assert_int_equal(kmtia_secret_set(h, &s), 0);
		assert_sent(fake_last(KMTIA_CMD_SECRET_SET), &s);
		fake_close(h);
	}
}

static void what_a_secret_does_not_say_is_not_sent(void **state)
{
	struct kmtia_secret s = least_secret();
	const struct fake_request *r;
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	int type;

	(void)state;
	/* Values without their "has_". */
	s.local_len = 8;
	s.reqid = 1;
	s.if_id = 2;
	s.mark = 3;
	s.mark_mask = 4;
	s.rule = 5;
	s.weight = 6;
	assert_int_equal(kmtia_secret_set(h, &s), 0);
	r = fake_last(KMTIA_CMD_SECRET_SET);
	assert_u32(r, KMTIA_A_SECRET_NUMBER, 3);
	assert_bytes(r, KMTIA_A_SECRET_SECRET, bytes, LEN);
	for (type = KMTIA_A_SECRET_NUMBER + 1; type <= KMTIA_A_SECRET_MAX; type++) {
		if (type != KMTIA_A_SECRET_SECRET)
			assert_null(r->tb[type]);
	}
	/* Said, it is sent, and not taken for the same as unsaid. */
	s.derivation = KMTIA_DERIVATION_MIX;
	s.origin = KMTIA_ORIGIN_LOCAL;
	s.key_id = "";
	assert_int_equal(kmtia_secret_set(h, &s), 0);
	r = fake_last(KMTIA_CMD_SECRET_SET);
	assert_u32(r, KMTIA_A_SECRET_DERIVATION, 2);
	assert_u32(r, KMTIA_A_SECRET_ORIGIN, KMTIA_ORIGIN_LOCAL);
	assert_bytes(r, KMTIA_A_SECRET_KEY_ID, "", 1);
	fake_close(h);
}

static void secrets_are_deleted_and_flushed(void **state)
{
	const struct fake_request *r;
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	assert_int_equal(kmtia_secret_delete(h, 0), 0);
	r = fake_last(KMTIA_CMD_SECRET_DEL);
	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_u32(r, KMTIA_A_SECRET_NUMBER, 0);
	/* Without a number: all. */
	assert_int_equal(kmtia_secret_flush(h), 0);
	r = fake_last(KMTIA_CMD_SECRET_DEL);
	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_len, NLMSG_HDRLEN + GENL_HDRLEN);
	fake_close(h);
}

/* --- Refused here ----------------------------------------------------------------------- */

static char long_id[KMTIA_KEY_ID_MAX_LEN + 2];

/* A table of functions. */
/* clang-format off */
static void size_zero(struct kmtia_secret *s) { s->size = 0; }
static void size_short(struct kmtia_secret *s) { s->size--; }
static void reserved(struct kmtia_secret *s) { s->reserved[3] = 1; }
static void no_secret(struct kmtia_secret *s) { s->secret = NULL; }
static void too_short(struct kmtia_secret *s) { s->secret_len = 31; }
static void too_long(struct kmtia_secret *s) { s->secret_len = 1025; }
static void derivation(struct kmtia_secret *s) { s->derivation = 3; }
static void key_id(struct kmtia_secret *s) { s->key_id = long_id; }
static void origin_own(struct kmtia_secret *s) { s->origin = KMTIA_ORIGIN_OWN; }
static void origin_unknown(struct kmtia_secret *s) { s->origin = 9; }
static void local(struct kmtia_secret *s) { s->has_local = true; }
/* clang-format on */

static void remote(struct kmtia_secret *s)
{
	s->has_remote = true;
	s->family = AF_UNIX;
}

static const struct {
	void (*change)(struct kmtia_secret *s);
	const char *sentence;
} bad_secrets[] = {
	{ size_zero, "size of struct kmtia_secret is 0" },
	{ size_short, "size of struct kmtia_secret is " },
	{ reserved, "reserved field of the secret is not zero" },
	{ no_secret, "secret is missing" },
	{ too_short, "secret has 31 bytes, should have 32 to 1024" },
	{ too_long, "secret has 1025 bytes, should have 32 to 1024" },
	{ derivation, "derivation is neither mix nor expand" },
	{ key_id, "key_id is longer than 63 bytes" },
	{ origin_own, "origin is neither local nor peer" },
	{ origin_unknown, "origin is neither local nor peer" },
	{ local, "secret has a prefix, but its family is neither AF_INET nor AF_INET6" },
	{ remote, "secret has a prefix, but its family is neither AF_INET nor AF_INET6" },
};

static void wrong_secrets_are_refused_here(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);
	size_t i;

	(void)state;
	memset(long_id, 'i', sizeof(long_id) - 1);
	for (i = 0; i < sizeof(bad_secrets) / sizeof(bad_secrets[0]); i++) {
		struct kmtia_secret s = least_secret();

		bad_secrets[i].change(&s);
		assert_int_equal(kmtia_secret_set(h, &s), -EINVAL);
		if (!strstr(kmtia_strerror(h, -EINVAL), bad_secrets[i].sentence))
			fail_msg("%zu: said \"%s\"", i, kmtia_strerror(h, -EINVAL));
	}
	assert_int_equal(kmtia_secret_set(h, NULL), -EINVAL);
	assert_non_null(strstr(kmtia_strerror(h, -EINVAL), "struct kmtia_secret is missing"));
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_SET], 0);
	fake_close(h);
}

static void a_later_versions_secret_is_taken_if_it_uses_nothing_new(void **state)
{
	struct {
		struct kmtia_secret secret;
		uint64_t later;
	} longer = { .secret = least_secret() };
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	longer.secret.size = sizeof(longer);
	assert_int_equal(kmtia_secret_set(h, &longer.secret), 0);
	longer.later = 1;
	assert_int_equal(kmtia_secret_set(h, &longer.secret), -EINVAL);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_SET], 1);
	fake_close(h);
}

static void who_does_not_dictate_has_no_secrets(void **state)
{
	struct kmtia_manager manager = fake_identity(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct kmtia_callbacks callbacks = fake_callbacks(KMTIA_MANAGER_FLAGS_NOTIFY);
	struct kmtia_secret s = least_secret();
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_int_equal(kmtia_secret_set(h, &s), -EINVAL);
	assert_string_equal(kmtia_strerror(h, -EINVAL),
			    "this manager did not register to dictate (Invalid argument)");
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_SET], 0);
	fake_close(h);
}

static void assert_not_registered(struct kmtia *h)
{
	int deleted = fake.count[KMTIA_CMD_SECRET_DEL];
	struct kmtia_secret s = least_secret();

	assert_int_equal(kmtia_secret_set(h, &s), -ENOTCONN);
	assert_non_null(strstr(kmtia_strerror(h, -ENOTCONN), "this handle is not registered"));
	assert_int_equal(kmtia_secret_delete(h, 1), -ENOTCONN);
	assert_int_equal(kmtia_secret_flush(h), -ENOTCONN);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_SET], 0);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_DEL], deleted);
}

static void without_a_registration_there_are_no_secrets(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_open();

	(void)state;
	assert_not_registered(h);
	fake_close(h);
	h = fake_register(&m);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_not_registered(h);
	fake_close(h);
}

/* --- Verdicts, and what stays ------------------------------------------------------------- */

static int verdict;
static struct fake_extack extack;

static void judge(const struct fake_request *r)
{
	fake_ack(r, verdict, &extack);
}

static void the_verdict_is_returned_and_the_secret_wiped(void **state)
{
	static const int verdicts[] = {
		0,
		-ENOSPC,
		-EINVAL,
		-EPERM,
		-EKEYREVOKED,
		-EOPNOTSUPP,
	};
	struct kmtia_secret s = least_secret();
	struct fake_manager m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		struct kmtia *h = fake_register(&m);

		verdict = verdicts[i];
		extack = (struct fake_extack){ .text = "the kernel's word", .uncapped = true };
		fake.on[KMTIA_CMD_SECRET_SET] = judge;
		fake_secret(bytes, LEN);
		assert_int_equal(kmtia_secret_set(h, &s), verdict);
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

static void a_secret_that_cannot_be_sent_is_wiped(void **state)
{
	struct kmtia_secret s = least_secret();
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.send_errno = ENOBUFS;
	fake_secret(bytes, LEN);
	assert_int_equal(kmtia_secret_set(h, &s), -ENOBUFS);
	assert_int_equal(fake_secret_passed(), 1);
	assert_int_equal(fake_secret_leaked(), 0);
	fake_close(h);
}

static void a_secret_that_is_not_there_is_told_from_a_module_that_is_not(void **state)
{
	struct kmtia_secret s = least_secret();
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_SECRET_DEL] = judge;
	verdict = -ENOENT;
	extack = (struct fake_extack){ .text = "there is none",
				       .offset = NLMSG_HDRLEN + GENL_HDRLEN };
	assert_int_equal(kmtia_secret_delete(h, 5), -ENOENT);
	assert_string_equal(kmtia_strerror(h, -ENOENT),
			    "there is none (attribute number) (No such file or directory)");
	extack = (struct fake_extack){ 0 };
	assert_int_equal(kmtia_secret_delete(h, 5), -ENOENT);

	fake_unload();
	assert_int_equal(kmtia_secret_delete(h, 5), -ENOTCONN);
	assert_non_null(strstr(kmtia_strerror(h, -ENOTCONN), "module was unloaded"));
	assert_int_equal(kmtia_secret_set(h, &s), -ENOTCONN);
	fake_close(h);
}

/* --- Grace ------------------------------------------------------------------------------ */

static struct kmtia *registered_with(uint32_t flags, uint32_t grace_ms)
{
	static struct fake_manager m;
	struct kmtia_manager manager = fake_identity(flags);
	struct kmtia_callbacks callbacks = fake_callbacks(flags);
	struct kmtia *h = fake_open();

	manager.grace_ms = grace_ms;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	return h;
}

static struct kmtia *registered_with_grace(uint32_t grace_ms)
{
	return registered_with(KMTIA_MANAGER_FLAGS_DICTATE, grace_ms);
}

static void who_unregisters_wants_no_grace(void **state)
{
	struct kmtia *h = registered_with_grace(100);
	const struct fake_request *r;

	(void)state;
	assert_int_equal(kmtia_unregister(h), 0);
	r = fake_last(KMTIA_CMD_SECRET_DEL);
	assert_int_equal(r->fd, fake.event_fd);
	assert_int_equal(r->nlh->nlmsg_len, NLMSG_HDRLEN + GENL_HDRLEN);
	assert_int_equal(fake.sockets, 1);
	fake_close(h);

	/* It ends nevertheless. */
	h = registered_with_grace(100);
	fake.send_errno = ENOBUFS;
	assert_int_equal(kmtia_unregister(h), -ENOBUFS);
	assert_int_equal(fake.sockets, 1);
	fake.send_errno = 0;
	assert_int_equal(kmtia_unregister(h), -ENOENT);
	fake_close(h);

	/* Without a grace too: somebody else may have the socket open. */
	h = registered_with_grace(0);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_DEL], 1);
	fake_close(h);

	/* Nothing is to be wiped of who has nothing, or without a module. */
	h = registered_with(KMTIA_MANAGER_FLAGS_NOTIFY, 0);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_DEL], 0);
	fake_close(h);
	h = registered_with_grace(100);
	fake_unload();
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(fake.unseen, 0);
	fake_close(h);
}

static void who_only_closes_has_one(void **state)
{
	struct kmtia *h = registered_with_grace(100);

	(void)state;
	kmtia_close(h);
	assert_int_equal(fake.sockets, 0);
	assert_int_equal(fake.count[KMTIA_CMD_SECRET_DEL], 0);
	fake_reset();
}

static void ask_at_once(const struct fake_request *r)
{
	fake_push(r->fd, fake_question(KMTIA_CMD_CHECK, 1, &fake_sa_in, NULL, false));
	fake_ack_ok(r);
}

static void a_question_before_the_ack_waits(void **state)
{
	struct kmtia_secret s = least_secret();
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake.on[KMTIA_CMD_SECRET_SET] = ask_at_once;
	assert_int_equal(kmtia_secret_set(h, &s), 0);
	assert_int_equal(m.checks, 0);
	assert_true(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks, 1);
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_secret_is_sent),
		cmocka_unit_test(what_a_secret_does_not_say_is_not_sent),
		cmocka_unit_test(secrets_are_deleted_and_flushed),
		cmocka_unit_test(wrong_secrets_are_refused_here),
		cmocka_unit_test(a_later_versions_secret_is_taken_if_it_uses_nothing_new),
		cmocka_unit_test(who_does_not_dictate_has_no_secrets),
		cmocka_unit_test(without_a_registration_there_are_no_secrets),
		cmocka_unit_test(the_verdict_is_returned_and_the_secret_wiped),
		cmocka_unit_test(a_secret_that_cannot_be_sent_is_wiped),
		cmocka_unit_test(a_secret_that_is_not_there_is_told_from_a_module_that_is_not),
		cmocka_unit_test(who_unregisters_wants_no_grace),
		cmocka_unit_test(who_only_closes_has_one),
		cmocka_unit_test(a_question_before_the_ack_waits),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
