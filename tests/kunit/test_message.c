// SPDX-License-Identifier: GPL-2.0
/*
 * What the family refuses besides attributes that are wrong: bytes that are none,
 * reserved fields, flags and commands that there are not.
 */
#include "nl_fixture.h"

/* Bytes after the last attribute that are none: too few for a head, or a head
 * that says more than there is, or less than a head.
 */
static void op_trailing(struct kunit *test, const struct genl_split_ops *op)
{
	static const u16 lies[] = { 0, 3, 9, 4096, U16_MAX };
	struct expected e = {
		.op = op, .what = "trailing bytes", .err = -EINVAL,
		.text = "bytes leftover after parsing attributes",
	};
	struct fixture *f = test->priv;
	struct nl_msg *msg;
	unsigned int i;

	for (i = 1; i < sizeof(struct nlattr); i++) {
		msg = nl_begin_op(f, op);
		nl_put_right(msg, op);
		msg->buf[msg->len] = 0x55;
		msg->len += i;
		nl_head(msg)->nlmsg_len = msg->len;
		nl_expect_refused(test, &e);
	}
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		u32 at;

		msg = nl_begin_op(f, op);
		nl_put_right(msg, op);
		at = nl_put_u32(msg, 1, 0);
		((struct nlattr *)(msg->buf + at))->nla_len = lies[i];
		nl_expect_refused(test, &e);
	}
}

static void trailing_bytes(struct kunit *test)
{
	nl_all_ops(test, op_trailing);
}

static void op_reserved(struct kunit *test, const struct genl_split_ops *op)
{
	struct expected e = {
		.op = op, .what = "reserved field", .err = -EINVAL,
		.text = "genlmsghdr.reserved field is not 0",
	};
	struct fixture *f = test->priv;
	struct genlmsghdr *genl;
	struct nl_msg *msg;
	unsigned int bit;

	for (bit = 0; bit < 16; bit++) {
		msg = nl_begin_op(f, op);
		nl_put_right(msg, op);
		genl = nlmsg_data(nl_head(msg));
		genl->reserved = BIT(bit);
		nl_expect_refused(test, &e);
	}
}

static void reserved_field(struct kunit *test)
{
	nl_all_ops(test, op_reserved);
}

static void op_flag(struct kunit *test, const struct genl_split_ops *op)
{
	const u16 known = NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO |
			  nl_op_flags(op);
	struct expected e = {
		.op = op, .what = "unknown flag", .err = -EINVAL,
		.text = "ambiguous or reserved bits set in nlmsg_flags",
	};
	struct fixture *f = test->priv;
	unsigned int bit;

	for (bit = 0; bit < 16; bit++) {
		if (BIT(bit) & known)
			continue;
		e.attr = bit;
		nl_put_right(nl_begin_op(f, op), op);
		nl_head(&f->c->out)->nlmsg_flags |= BIT(bit);
		nl_expect_refused(test, &e);
	}
}

static void unknown_flag(struct kunit *test)
{
	nl_all_ops(test, op_flag);
}

/* A command is asked either as a do or as a dump. */
static void op_other_kind(struct kunit *test, const struct genl_split_ops *op)
{
	struct expected e = {
		.op = op, .what = "do or dump", .err = -EOPNOTSUPP, .text = "",
	};
	struct fixture *f = test->priv;

	nl_put_right(nl_begin_op(f, op), op);
	nl_head(&f->c->out)->nlmsg_flags ^= NLM_F_DUMP;
	nl_expect_refused(test, &e);
}

/* So are commands that are not there, or that only the kernel sends. */
static void unknown_command(struct kunit *test)
{
	static const u8 cmds[] = { 0, KMTIA_CMD_CHECK, KMTIA_CMD_DICTATE,
				   KMTIA_CMD_NOTIFY, KMTIA_CMD_MONITOR_NTF,
				   KMTIA_CMD_MAX + 1, 255 };
	struct genl_split_ops op = {};
	struct expected e = {
		.op = &op, .what = "unknown", .err = -EOPNOTSUPP, .text = "",
	};
	struct fixture *f = test->priv;
	unsigned int i;

	nl_all_ops(test, op_other_kind);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		op.cmd = cmds[i];
		nl_begin(f->c, op.cmd, 0);
		nl_expect_refused(test, &e);
		nl_begin(f->c, op.cmd, NLM_F_DUMP);
		nl_expect_refused(test, &e);
	}
}

/* --- The suite ---------------------------------------------------------------- */

static struct kunit_case message_cases[] = {
	KUNIT_CASE(trailing_bytes),
	KUNIT_CASE(reserved_field),
	KUNIT_CASE(unknown_flag),
	KUNIT_CASE(unknown_command),
	{}
};

static struct kunit_suite kmtia_message_suite = {
	.name = "kmtia_message",
	.init = nl_fixture_init,
	.exit = nl_fixture_exit,
	.test_cases = message_cases,
};

kunit_test_suite(kmtia_message_suite);
