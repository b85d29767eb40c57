// SPDX-License-Identifier: LGPL-2.1-or-later
/* Registering: what is refused here, what is sent, what the kernel refuses. */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_manager.h"

#define DICTATE KMTIA_MANAGER_FLAGS_DICTATE
#define NOTIFY KMTIA_MANAGER_FLAGS_NOTIFY
#define BOTH (DICTATE | NOTIFY)

/* The caller's structures, and one as a later version would have them. */
struct case_data {
	struct kmtia_manager manager;
	struct kmtia_callbacks callbacks;
	struct {
		struct kmtia_manager manager;
		uint64_t later[2];
	} longer;
	bool use_longer, no_manager, no_callbacks;
};

struct case_row {
	const char *what;
	uint32_t flags;
	void (*change)(struct case_data *d);
	const char *sentence; /* NULL: accepted */
};

static char long_text[KMTIA_TEXT_MAX_LEN + 2];

/* A table of functions. */
/* clang-format off */
static void none(struct case_data *d) { (void)d; }
static void size_zero(struct case_data *d) { d->manager.size = 0; }
static void size_short(struct case_data *d) { d->manager.size--; }
static void size_wild(struct case_data *d) { d->manager.size = (size_t)-1; }
static void size_callbacks(struct case_data *d) { d->callbacks.size = 8; }
static void flags_none(struct case_data *d) { d->manager.flags = 0; }
static void flags_unknown(struct case_data *d) { d->manager.flags |= 8; }
static void exclusive(struct case_data *d) { d->manager.flags |= KMTIA_MANAGER_FLAGS_EXCLUSIVE; }
static void reserved_manager(struct case_data *d) { d->manager.reserved[3] = 1; }
static void reserved_callbacks(struct case_data *d) { d->callbacks.reserved[0] = d; }
static void no_check(struct case_data *d) { d->callbacks.key_dictation_check = NULL; }
static void no_dictation(struct case_data *d) { d->callbacks.key_dictation = NULL; }
static void no_notify(struct case_data *d) { d->callbacks.key_notify = NULL; }
static void pair(struct case_data *d) { d->callbacks.key_notify_pair = d->callbacks.key_notify; }
static void pair_no_notify(struct case_data *d) { pair(d); no_notify(d); }
static void no_overrun(struct case_data *d) { d->callbacks.overrun = NULL; }
static void no_registration(struct case_data *d) { d->callbacks.registration = NULL; }
static void grace_longest(struct case_data *d) { d->manager.grace_ms = 60000; }
static void only_notify(struct case_data *d) { d->manager.flags = NOTIFY; }
static void only_notify_no_check(struct case_data *d) { only_notify(d); no_check(d); }
static void long_name(struct case_data *d) { d->manager.name = long_text; }
static void long_description(struct case_data *d) { d->manager.description = long_text; }
static void no_manager(struct case_data *d) { d->no_manager = true; }
static void no_callbacks(struct case_data *d) { d->no_callbacks = true; }
/* clang-format on */

static void no_texts(struct case_data *d)
{
	d->manager.name = NULL;
	d->manager.description = NULL;
}

static void later_unused(struct case_data *d)
{
	d->longer.manager = d->manager;
	d->longer.manager.size = sizeof(d->longer);
	d->use_longer = true;
}

static void later_used(struct case_data *d)
{
	later_unused(d);
	d->longer.later[1] = 1ULL << 63;
}

static const struct case_row rows[] = {
	{ "both", BOTH, none, NULL },
	{ "dictate alone", DICTATE, none, NULL },
	{ "notify alone", NOTIFY, none, NULL },
	{ "notify alone, with pairs", NOTIFY, pair, NULL },
	{ "both, with pairs", BOTH, pair, NULL },
	{ "no overrun callback", BOTH, no_overrun, NULL },
	{ "no registration callback", BOTH, no_registration, NULL },
	{ "grace as long as may be", BOTH, grace_longest, NULL },
	{ "no texts", BOTH, no_texts, NULL },
	{ "longer, unused", BOTH, later_unused, NULL },
	{ "longer, used", BOTH, later_used,
	  "struct kmtia_manager has fields that this version of libkmtia does not know" },
	{ "no manager", BOTH, no_manager, "struct kmtia_manager is missing" },
	{ "no callbacks", BOTH, no_callbacks, "struct kmtia_callbacks is missing" },
	{ "size 0", BOTH, size_zero, "size of struct kmtia_manager is 0" },
	{ "size too short", BOTH, size_short, "size of struct kmtia_manager is " },
	{ "size not set", BOTH, size_wild, "size of struct kmtia_manager is " },
	{ "size of callbacks", BOTH, size_callbacks, "size of struct kmtia_callbacks is 8" },
	{ "no flags", BOTH, flags_none, "flags of the manager are empty" },
	{ "unknown flags", BOTH, flags_unknown, "flags of the manager have unknown bits 0x8" },
	{ "exclusive", BOTH, exclusive, NULL },
	{ "exclusive, notify alone", NOTIFY, exclusive,
	  "exclusive is for a manager that dictates" },
	{ "reserved", BOTH, reserved_manager, "reserved field of the manager is not zero" },
	{ "reserved callbacks", BOTH, reserved_callbacks,
	  "reserved field of the callbacks is not zero" },
	{ "dictate, no check", DICTATE, no_check, "key_dictation_check callback is missing" },
	{ "dictate, no dictation", DICTATE, no_dictation, "key_dictation callback is missing" },
	{ "dictate, no notify", DICTATE, no_notify, "key_notify callback is missing" },
	{ "both, no check", BOTH, no_check, "key_dictation_check callback is missing" },
	{ "notify, no notify", NOTIFY, no_notify, "key_notify callback is missing" },
	{ "pairs are not enough", NOTIFY, pair_no_notify, "key_notify callback is missing" },
	{ "notify, with all", BOTH, only_notify,
	  "key_dictation_check callback is given, but flags do not say dictate" },
	{ "notify, with dictation", BOTH, only_notify_no_check,
	  "key_dictation callback is given, but flags do not say dictate" },
	{ "name too long", BOTH, long_name, "name of the manager is longer than 63 bytes" },
	{ "description too long", BOTH, long_description,
	  "description of the manager is longer than 127 bytes" },
};

static int try_row(struct kmtia *h, const struct case_row *row, struct fake_manager *m)
{
	struct case_data d = { 0 };

	d.manager = fake_identity(row->flags);
	d.callbacks = fake_callbacks(row->flags);
	row->change(&d);
	return kmtia_register(h, d.no_manager ? NULL : d.use_longer ? &d.longer.manager :
								      &d.manager,
			      d.no_callbacks ? NULL : &d.callbacks, m);
}

static void what_is_refused_is_said(void **state)
{
	struct fake_manager m = { 0 };
	size_t i;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kmtia *h = fake_open();
		int err = try_row(h, &rows[i], &m);

		if (err != (rows[i].sentence ? -EINVAL : 0))
			fail_msg("%s: %s", rows[i].what, kmtia_strerror(h, err));
		if (rows[i].sentence && !strstr(kmtia_strerror(h, err), rows[i].sentence))
			fail_msg("%s: said \"%s\"", rows[i].what, kmtia_strerror(h, err));
		/* What is refused is not sent, and leaves nothing behind. */
		assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], err ? 0 : 1);
		assert_int_equal(fake.sockets, err ? 1 : 3);
		assert_int_equal(kmtia_get_fd(h) >= 0, !err);
		fake_close(h);
	}
}

static void too_much_grace_is_refused(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct kmtia *h = fake_open();

	(void)state;
	manager.grace_ms = 60001;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), -ERANGE);
	assert_non_null(strstr(kmtia_strerror(h, -ERANGE),
			       "grace_ms of the manager is 60001, may be 60000 at most"));
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 0);
	assert_int_equal(fake.sockets, 1);
	fake_close(h);
}

static void without_news_there_is_no_registration(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct kmtia *h = fake_open();

	(void)state;
	fake.news_errno = EPERM;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), -EPERM);
	assert_non_null(strstr(kmtia_strerror(h, -EPERM),
			       "cannot listen to whether the kernel module is there"));
	fake.news_errno = 0;
	fake.socket_errno = EMFILE;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), -EMFILE);
	assert_non_null(strstr(kmtia_strerror(h, -EMFILE), "cannot open a netlink socket"));
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 0);
	assert_int_equal(fake.sockets, 1);
	assert_int_equal(kmtia_get_fd(h), -1);
	fake_close(h);
}

/* Who was built before a callback came has zero in its place. */
static void the_callbacks_stay_as_long_as_they_are(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct kmtia_callbacks), sizeof(size_t) + 8 * sizeof(void *));
	assert_int_equal(offsetof(struct kmtia_callbacks, key_notify_pair),
			 sizeof(size_t) + 5 * sizeof(void *));
}

static void the_identity_is_sent(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	const struct fake_request *r;
	struct kmtia *h = fake_open();

	(void)state;
	manager.has_weight = true;
	manager.weight = 0xfffffffe;
	manager.timeout_hint = 11; /* for the kernel to refuse */
	manager.grace_ms = 1500;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), 0);
	r = fake_last(KMTIA_CMD_MANAGER_ADD);
	assert_int_equal(r->nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(nla_len(r->tb[KMTIA_A_MANAGER_UUID]), KMTIA_UUID_LEN);
	assert_memory_equal(nla_data(r->tb[KMTIA_A_MANAGER_UUID]), fake_uuid, KMTIA_UUID_LEN);
	assert_string_equal(nla_get_string(r->tb[KMTIA_A_MANAGER_NAME]), "test");
	assert_string_equal(nla_get_string(r->tb[KMTIA_A_MANAGER_DESCRIPTION]),
			    "a manager that notes");
	assert_int_equal(nla_len(r->tb[KMTIA_A_MANAGER_FLAGS]), 4);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_FLAGS]), BOTH);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_WEIGHT]), 0xfffffffe);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_TIMEOUT_HINT]), 11);
	assert_int_equal(nla_len(r->tb[KMTIA_A_MANAGER_GRACE]), 4);
	assert_int_equal(nla_get_u32(r->tb[KMTIA_A_MANAGER_GRACE]), 1500);
	/* On a socket of its own, with room for a burst of events. */
	assert_int_not_equal(fake.event_fd, fake.command_fd);
	assert_in_range(fake.option_rcvbuf, 1 << 20, 1 << 24);
	fake_close(h);
}

static void what_is_not_given_is_not_sent(void **state)
{
	struct kmtia_manager manager = fake_identity(NOTIFY);
	struct kmtia_callbacks callbacks = fake_callbacks(NOTIFY);
	const struct fake_request *r;
	struct kmtia *h = fake_open();

	(void)state;
	manager.name = NULL;
	manager.description = NULL;
	manager.weight = 5; /* has_weight is false */
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), 0);
	r = fake_last(KMTIA_CMD_MANAGER_ADD);
	assert_null(r->tb[KMTIA_A_MANAGER_NAME]);
	assert_null(r->tb[KMTIA_A_MANAGER_DESCRIPTION]);
	assert_null(r->tb[KMTIA_A_MANAGER_WEIGHT]);
	assert_null(r->tb[KMTIA_A_MANAGER_TIMEOUT_HINT]);
	assert_null(r->tb[KMTIA_A_MANAGER_GRACE]);
	fake_close(h);
}

static int refusal;

static void refuse(const struct fake_request *r)
{
	fake_ack(r, refusal, &(struct fake_extack){ .text = "the kernel says no" });
}

static void the_kernels_refusal_is_passed_on(void **state)
{
	static const int errors[] = { EEXIST, ERANGE, EPERM, EINVAL };
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct kmtia *h = fake_open();
	size_t i;

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_ADD] = refuse;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		refusal = -errors[i];
		assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), refusal);
		assert_non_null(strstr(kmtia_strerror(h, refusal), "the kernel says no ("));
		assert_int_equal(fake.sockets, 1);
		assert_int_equal(kmtia_get_fd(h), -1);
	}
	/* Nothing stands in the way of another try. */
	fake.on[KMTIA_CMD_MANAGER_ADD] = NULL;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), 0);
	fake_close(h);
}

static void only_once_at_a_time(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), -EALREADY);
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_ADD], 1);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(kmtia_register(h, &manager, &callbacks, NULL), 0);
	fake_close(h);
}

static void unregister_closes_the_socket(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	assert_int_equal(fake.sockets, 3);
	assert_int_equal(kmtia_unregister(h), 0);
	assert_int_equal(fake.sockets, 1);
	/* It must not hit who has registered the same UUID since. */
	assert_int_equal(fake.count[KMTIA_CMD_MANAGER_DEL], 0);
	assert_int_equal(kmtia_get_fd(h), -1);
	assert_int_equal(kmtia_dispatch(h), -ENOTCONN);
	assert_int_equal(kmtia_notify_get(h, 0), -ENOTCONN);
	assert_int_equal(kmtia_unregister(h), -ENOENT);
	fake_close(h);
}

static void close_unregisters(void **state)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	(void)state;
	fake_push(fake.event_fd, fake_question(KMTIA_CMD_DICTATE, 1, &fake_sa_in, NULL, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	kmtia_close(h);
	assert_int_equal(fake.sockets, 0);
	assert_int_equal(kmtia_answer_cannot(m.req, 1, NULL, NULL), -ENOTCONN);
	fake_reset();
}

static void ask_at_once(const struct fake_request *r)
{
	/* Another CPU asks before the ACK is there. */
	fake_push(r->fd, fake_question(KMTIA_CMD_CHECK, 1, &fake_sa_in, NULL, false));
	fake_ack_ok(r);
}

static void a_question_may_come_before_the_ack(void **state)
{
	struct kmtia_manager manager = fake_identity(BOTH);
	struct kmtia_callbacks callbacks = fake_callbacks(BOTH);
	struct fake_manager m = { 0 };
	struct kmtia *h = fake_open();

	(void)state;
	fake.on[KMTIA_CMD_MANAGER_ADD] = ask_at_once;
	assert_int_equal(kmtia_register(h, &manager, &callbacks, &m), 0);
	assert_int_equal(m.checks, 0);
	assert_true(fake_readable(h));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks, 1);
	assert_false(fake_readable(h));
	fake_close(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_is_said),
		cmocka_unit_test(too_much_grace_is_refused),
		cmocka_unit_test(without_news_there_is_no_registration),
		cmocka_unit_test(the_callbacks_stay_as_long_as_they_are),
		cmocka_unit_test(the_identity_is_sent),
		cmocka_unit_test(what_is_not_given_is_not_sent),
		cmocka_unit_test(the_kernels_refusal_is_passed_on),
		cmocka_unit_test(only_once_at_a_time),
		cmocka_unit_test(unregister_closes_the_socket),
		cmocka_unit_test(close_unregisters),
		cmocka_unit_test(a_question_may_come_before_the_ack),
	};

	return cmocka_run_group_tests_name("register", tests, NULL, NULL);
}
