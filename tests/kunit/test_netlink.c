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
#include "nl_fixture.h"

static void every_command_is_known(struct kunit *test,
				   const struct genl_split_ops *op)
{
	KUNIT_EXPECT_NOT_NULL_MSG(test, nl_op_find(op->cmd),
				  "nl_ops.c has no right message of command %u",
				  op->cmd);
}

static void commands_known(struct kunit *test)
{
	nl_all_ops(test, every_command_is_known);
}

/* --- One attribute that is wrong --------------------------------------------------- */

/* After the right ones, and before them: then a right one of the same type comes
 * later, which does not make it better.
 */
static void refuse_attr(struct kunit *test, const struct genl_split_ops *op,
			unsigned int attr, bool first, const char *what)
{
	struct fixture *f = test->priv;
	struct nl_msg *msg = nl_begin_op(f, op);
	struct expected e = {
		.op = op, .what = what, .attr = attr,
		.err = f->bad.err, .text = f->bad.text,
	};

	if (!first)
		nl_put_right(msg, op);
	e.offset = nl_put(msg, attr | f->bad.flags, f->bad.payload, f->bad.len);
	if (first)
		nl_put_right(msg, op);
	nl_expect_refused(test, &e);
}

/* The same within a nest */
static void refuse_nested(struct kunit *test, const struct genl_split_ops *op,
			  unsigned int outer, unsigned int attr,
			  const char *what)
{
	struct fixture *f = test->priv;
	struct nl_msg *msg = nl_begin_op(f, op);
	struct expected e = {
		.op = op, .what = what, .attr = attr,
		.err = f->bad.err, .text = f->bad.text,
	};
	unsigned int start;

	start = nl_put(msg, outer | NLA_F_NESTED, NULL, 0);
	e.offset = nl_put(msg, attr | f->bad.flags, f->bad.payload, f->bad.len);
	nl_nest_end(msg, start);
	nl_expect_refused(test, &e);
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

	nl_all_ops(test, op_attrs);
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
	nl_all_ops(test, op_unknown);
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
		nl_put_fields(nl_begin_op(f, op), known, field->type);
		nl_call(f->c);
		KUNIT_EXPECT_EQ_MSG(test, f->c->reply.err, -EINVAL,
				    "%s without %u", known->name, field->type);
		KUNIT_EXPECT_EQ_MSG(test, f->c->reply.missing, field->type,
				    "%s without %u", known->name, field->type);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(f->c->reply.text,
						       "missing"),
					  "%s without %u: %s", known->name,
					  field->type, f->c->reply.text);
		KUNIT_EXPECT_TRUE(test, nl_world_unchanged(f));
		f->tried++;
	}
}

static void missing_attribute(struct kunit *test)
{
	struct fixture *f = test->priv;

	nl_all_ops(test, op_missing);
	KUNIT_EXPECT_EQ(test, f->tried, 13);
}

/* --- The suite ---------------------------------------------------------------------------- */

static struct kunit_case netlink_cases[] = {
	KUNIT_CASE(commands_known),
	KUNIT_CASE_PARAM(attribute_fault, fault_gen_params),
	KUNIT_CASE(unknown_attribute),
	KUNIT_CASE(missing_attribute),
	{}
};

static struct kunit_suite kmtia_netlink_suite = {
	.name = "kmtia_netlink",
	.init = nl_fixture_init,
	.exit = nl_fixture_exit,
	.test_cases = netlink_cases,
};

kunit_test_suite(kmtia_netlink_suite);
