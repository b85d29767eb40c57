// SPDX-License-Identifier: GPL-2.0
/*
 * What the family refuses, for every command, attribute and flag that it has:
 * with which errno and sentence, and which attribute is blamed; and that nothing
 * comes of it. The commands and their attributes are those that are registered,
 * so that a new one is tested as soon as it is there.
 *
 * What the commands themselves have against a message that is well-formed is in
 * tests/scenarios/bad-input.py.
 */
#include "nl_ops.h"
#include "nl_policy.h"
#include "compat/genetlink.h"
#include "netlink_gen.h"

#include <linux/module.h>

static const u8 own_uuid[KMTIA_UUID_LEN] = NL_OWN_UUID;

/**
 * struct world - all that a message might change
 * @rules: in the namespace
 * @managers: likewise
 * @orphans: likewise
 * @secrets: of the manager
 * @manager_refs: how often it is pinned
 * @sock_refs: how often its socket is
 * @module_refs: how often the module is
 */
struct world {
	unsigned int rules;
	unsigned int managers;
	unsigned int orphans;
	unsigned int secrets;
	unsigned int manager_refs;
	unsigned int sock_refs;
	int module_refs;
};

/**
 * struct fixture - a socket that has registered a manager
 * @c: the socket
 * @m: the manager; pinned
 * @bad: room for a wrong attribute
 * @before: the world, with nothing but the manager in it
 * @tried: messages that were refused as they should
 */
struct fixture {
	struct nl_client *c;
	struct kmtia_manager *m;
	struct nl_bad bad;
	struct world before;
	unsigned int tried;
};

static void world_look(struct fixture *f, struct world *w)
{
	struct kmtia_net *kn = kmtia_pernet(&init_net);

	memset(w, 0, sizeof(*w));
	w->rules = kn->rules.count;
	w->managers = kn->registry.count;
	w->orphans = kn->registry.n_orphans;
	w->secrets = f->m->n_secrets;
	w->manager_refs = refcount_read(&f->m->ref);
	w->sock_refs = nl_client_refs(f->c);
	w->module_refs = module_refcount(THIS_MODULE);
}

static bool world_unchanged(struct fixture *f)
{
	struct world now;

	world_look(f, &now);
	return !memcmp(&now, &f->before, sizeof(now));
}

/* --- One message ---------------------------------------------------------------- */

/**
 * struct expected - how a message is refused
 * @op: the command
 * @what: what is wrong with it, for people
 * @attr: type of the attribute, for people
 * @err: errno
 * @text: the sentence, or "" for none
 * @offset: where the attribute is that is blamed, or 0
 * @missing: type of the attribute that is missing, or 0
 */
struct expected {
	const struct genl_split_ops *op;
	const char *what;
	unsigned int attr;
	int err;
	const char *text;
	u32 offset;
	u32 missing;
};

static void expect_refused(struct kunit *test, const struct expected *e)
{
	struct fixture *f = test->priv;
	const struct nl_reply *reply = &f->c->reply;

	nl_call(f->c);
	KUNIT_EXPECT_TRUE_MSG(test,
			      reply->err == e->err &&
			      !strcmp(reply->text, e->text) &&
			      reply->offset == e->offset &&
			      reply->missing == e->missing &&
			      !reply->messages,
			      "command %u, attribute %u, %s: error %d '%s', offset %u, missing %u, %u messages; not error %d '%s', offset %u, missing %u",
			      e->op->cmd, e->attr, e->what, reply->err,
			      reply->text, reply->offset, reply->missing,
			      reply->messages, e->err, e->text, e->offset,
			      e->missing);
	KUNIT_EXPECT_TRUE_MSG(test, world_unchanged(f),
			      "command %u, attribute %u, %s: changes something",
			      e->op->cmd, e->attr, e->what);
	f->tried++;
}

static u16 op_flags(const struct genl_split_ops *op)
{
	return op->flags & GENL_CMD_CAP_DUMP ? NLM_F_DUMP : 0;
}

static struct nl_msg *begin(struct fixture *f, const struct genl_split_ops *op)
{
	return nl_begin(f->c, op->cmd, op_flags(op));
}

/* The attributes of a right message, where the test knows any */
static void put_right(struct nl_msg *msg, const struct genl_split_ops *op)
{
	const struct nl_op *known = nl_op_find(op->cmd);

	if (known)
		nl_put_fields(msg, known, 0);
}

typedef void (*op_test)(struct kunit *test, const struct genl_split_ops *op);

static void for_each_op(struct kunit *test, op_test fn)
{
	unsigned int i;

	for (i = 0; i < kmtia_nl_family.n_split_ops; i++)
		fn(test, &kmtia_nl_family.split_ops[i]);
}

static void every_command_is_known(struct kunit *test,
				   const struct genl_split_ops *op)
{
	KUNIT_EXPECT_NOT_NULL_MSG(test, nl_op_find(op->cmd),
				  "nl_ops.c has no right message of command %u",
				  op->cmd);
}

static void commands_known(struct kunit *test)
{
	for_each_op(test, every_command_is_known);
}

/* --- One attribute that is wrong --------------------------------------------------- */

/* After the right ones, and before them: then a right one of the same type comes
 * later, which does not make it better.
 */
static void refuse_attr(struct kunit *test, const struct genl_split_ops *op,
			unsigned int attr, bool first, const char *what)
{
	struct fixture *f = test->priv;
	struct nl_msg *msg = begin(f, op);
	struct expected e = {
		.op = op, .what = what, .attr = attr,
		.err = f->bad.err, .text = f->bad.text,
	};

	if (!first)
		put_right(msg, op);
	e.offset = nl_put(msg, attr | f->bad.flags, f->bad.payload, f->bad.len);
	if (first)
		put_right(msg, op);
	expect_refused(test, &e);
}

/* The same within a nest */
static void refuse_nested(struct kunit *test, const struct genl_split_ops *op,
			  unsigned int outer, unsigned int attr,
			  const char *what)
{
	struct fixture *f = test->priv;
	struct nl_msg *msg = begin(f, op);
	struct expected e = {
		.op = op, .what = what, .attr = attr,
		.err = f->bad.err, .text = f->bad.text,
	};
	unsigned int start;

	start = nl_put(msg, outer | NLA_F_NESTED, NULL, 0);
	e.offset = nl_put(msg, attr | f->bad.flags, f->bad.payload, f->bad.len);
	nl_nest_end(msg, start);
	expect_refused(test, &e);
}

static enum nl_fault param_fault(struct kunit *test)
{
	return (const char * const *)test->param_value - nl_fault_names;
}

static void op_attr(struct kunit *test, const struct genl_split_ops *op,
		    unsigned int attr)
{
	const struct nla_policy *policy = &op->policy[attr];
	enum nl_fault fault = param_fault(test);
	struct fixture *f = test->priv;
	unsigned int inner;

	if (nl_bad_make(&f->bad, policy, fault)) {
		refuse_attr(test, op, attr, false, nl_fault_names[fault]);
		refuse_attr(test, op, attr, true, nl_fault_names[fault]);
	}
	if (policy->type != NLA_NESTED || !policy->nested_policy)
		return;
	for (inner = 1; inner <= policy->len; inner++)
		if (nl_bad_make(&f->bad, &policy->nested_policy[inner], fault))
			refuse_nested(test, op, attr, inner,
				      nl_fault_names[fault]);
}

static void op_attrs(struct kunit *test, const struct genl_split_ops *op)
{
	unsigned int attr;

	for (attr = 1; attr <= op->maxattr; attr++)
		op_attr(test, op, attr);
}

static void fault_desc(const char * const *name, char *desc)
{
	strscpy(desc, *name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fault, nl_fault_names, fault_desc);

static void attribute_fault(struct kunit *test)
{
	struct fixture *f = test->priv;

	for_each_op(test, op_attrs);
	KUNIT_EXPECT_GT(test, f->tried, 0);
	kunit_info(test, "%u messages", f->tried);
}

/* --- Attributes of no type ----------------------------------------------------------- */

static void op_unknown(struct kunit *test, const struct genl_split_ops *op)
{
	const unsigned int types[] = { 0, op->maxattr + 1, 0x1234,
				       NLA_TYPE_MASK };
	struct fixture *f = test->priv;
	unsigned int i, attr;

	memset(&f->bad, 0, sizeof(f->bad));
	f->bad.len = sizeof(u32);
	f->bad.err = -EINVAL;
	f->bad.text = "Unknown attribute type";
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		refuse_attr(test, op, types[i], false, "unknown");
		refuse_attr(test, op, types[i], true, "unknown");
	}
	for (attr = 1; attr <= op->maxattr; attr++) {
		const struct nla_policy *policy = &op->policy[attr];

		if (policy->type != NLA_NESTED || !policy->nested_policy)
			continue;
		refuse_nested(test, op, attr, 0, "unknown in a nest");
		refuse_nested(test, op, attr, policy->len + 1,
			      "unknown in a nest");
	}
}

static void unknown_attribute(struct kunit *test)
{
	for_each_op(test, op_unknown);
}

/* --- Attributes that are missing ------------------------------------------------------ */

static void op_missing(struct kunit *test, const struct genl_split_ops *op)
{
	const struct nl_op *known = nl_op_find(op->cmd);
	struct fixture *f = test->priv;
	const struct nl_field *field;

	for (field = known->fields; field < known->fields + NL_MAX_FIELDS;
	     field++) {
		if (!field->required)
			continue;
		nl_put_fields(begin(f, op), known, field->type);
		nl_call(f->c);
		KUNIT_EXPECT_EQ_MSG(test, f->c->reply.err, -EINVAL,
				    "%s without %u", known->name, field->type);
		KUNIT_EXPECT_EQ_MSG(test, f->c->reply.missing, field->type,
				    "%s without %u", known->name, field->type);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(f->c->reply.text,
						       "missing"),
					  "%s without %u: %s", known->name,
					  field->type, f->c->reply.text);
		KUNIT_EXPECT_TRUE(test, world_unchanged(f));
		f->tried++;
	}
}

static void missing_attribute(struct kunit *test)
{
	struct fixture *f = test->priv;

	for_each_op(test, op_missing);
	KUNIT_EXPECT_EQ(test, f->tried, 11);
}

/* --- The message around them ------------------------------------------------------------ */

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
		msg = begin(f, op);
		put_right(msg, op);
		msg->buf[msg->len] = 0x55;
		msg->len += i;
		nl_head(msg)->nlmsg_len = msg->len;
		expect_refused(test, &e);
	}
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		u32 at;

		msg = begin(f, op);
		put_right(msg, op);
		at = nl_put_u32(msg, 1, 0);
		((struct nlattr *)(msg->buf + at))->nla_len = lies[i];
		expect_refused(test, &e);
	}
}

static void trailing_bytes(struct kunit *test)
{
	for_each_op(test, op_trailing);
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
		msg = begin(f, op);
		put_right(msg, op);
		genl = nlmsg_data(nl_head(msg));
		genl->reserved = BIT(bit);
		expect_refused(test, &e);
	}
}

static void reserved_field(struct kunit *test)
{
	for_each_op(test, op_reserved);
}

static void op_flag(struct kunit *test, const struct genl_split_ops *op)
{
	const u16 known = NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO |
			  op_flags(op);
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
		put_right(begin(f, op), op);
		nl_head(&f->c->out)->nlmsg_flags |= BIT(bit);
		expect_refused(test, &e);
	}
}

static void unknown_flag(struct kunit *test)
{
	for_each_op(test, op_flag);
}

/* A command is asked either as a do or as a dump. */
static void op_other_kind(struct kunit *test, const struct genl_split_ops *op)
{
	struct expected e = {
		.op = op, .what = "do or dump", .err = -EOPNOTSUPP, .text = "",
	};
	struct fixture *f = test->priv;

	put_right(begin(f, op), op);
	nl_head(&f->c->out)->nlmsg_flags ^= NLM_F_DUMP;
	expect_refused(test, &e);
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

	for_each_op(test, op_other_kind);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		op.cmd = cmds[i];
		nl_begin(f->c, op.cmd, 0);
		expect_refused(test, &e);
		nl_begin(f->c, op.cmd, NLM_F_DUMP);
		expect_refused(test, &e);
	}
}

/* --- The suite ---------------------------------------------------------------------------- */

static int netlink_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->c = nl_client_new(test);
	nl_begin(f->c, KMTIA_CMD_MANAGER_ADD, 0);
	nl_put(&f->c->out, KMTIA_A_MANAGER_UUID, own_uuid, sizeof(own_uuid));
	nl_put_u32(&f->c->out, KMTIA_A_MANAGER_FLAGS,
		   KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY);
	KUNIT_ASSERT_EQ(test, nl_call(f->c), 0);
	f->m = kmtia_upcall_find(&kmtia_pernet(&init_net)->registry,
				 f->c->sock->sk);
	KUNIT_ASSERT_NOT_NULL(test, f->m);
	world_look(f, &f->before);
	return 0;
}

/* After the socket the manager goes, and takes the socket's last reference along. */
static void netlink_exit(struct kunit *test)
{
	struct kmtia_net *kn = kmtia_pernet(&init_net);
	struct fixture *f = test->priv;

	if (!f || !f->m)
		return;
	KUNIT_EXPECT_TRUE(test, world_unchanged(f));
	nl_client_end(f->c);
	KUNIT_EXPECT_TRUE(test, f->m->dead);
	KUNIT_EXPECT_EQ(test, refcount_read(&f->m->ref), 1);
	KUNIT_EXPECT_EQ(test, kn->registry.count, f->before.managers - 1);
	kmtia_manager_put(f->m);
}

static struct kunit_case netlink_cases[] = {
	KUNIT_CASE(commands_known),
	KUNIT_CASE_PARAM(attribute_fault, fault_gen_params),
	KUNIT_CASE(unknown_attribute),
	KUNIT_CASE(missing_attribute),
	KUNIT_CASE(trailing_bytes),
	KUNIT_CASE(reserved_field),
	KUNIT_CASE(unknown_flag),
	KUNIT_CASE(unknown_command),
	{}
};

static struct kunit_suite kmtia_netlink_suite = {
	.name = "kmtia_netlink",
	.init = netlink_init,
	.exit = netlink_exit,
	.test_cases = netlink_cases,
};

kunit_test_suite(kmtia_netlink_suite);
