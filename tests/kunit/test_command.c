// SPDX-License-Identifier: GPL-2.0
/*
 * Every command of the family, sent as it should be, and what comes of it; an
 * attribute that comes twice; and messages without a whole head.
 */
#include "fake_clock.h"
#include "fake_manager.h"
#include "nl_ops.h"
#include "compat/genetlink.h"

#include <linux/module.h>

static const u8 own_uuid[KMTIA_UUID_LEN] = NL_OWN_UUID;
static const u8 other_uuid[KMTIA_UUID_LEN] = NL_OTHER_UUID;

/**
 * struct setup - a socket, a manager's or not yet
 * @c: the socket
 * @kn: the namespace
 * @m: the manager, once it is registered; pinned
 * @module_refs: how often the module was pinned in the beginning
 */
struct setup {
	struct nl_client *c;
	struct kmtia_net *kn;
	struct kmtia_manager *m;
	int module_refs;
};

/* Sends the right message of a command; returns the errno. */
static int command(struct setup *s, u8 cmd, u16 flags)
{
	nl_put_fields(nl_begin(s->c, cmd, flags), nl_op_find(cmd), 0);
	return nl_call(s->c);
}

static void become_manager(struct kunit *test)
{
	struct setup *s = test->priv;

	nl_begin(s->c, KMTIA_CMD_MANAGER_ADD, 0);
	nl_put(&s->c->out, KMTIA_A_MANAGER_UUID, own_uuid, sizeof(own_uuid));
	nl_put_u32(&s->c->out, KMTIA_A_MANAGER_FLAGS,
		   KMTIA_MANAGER_FLAGS_DICTATE | KMTIA_MANAGER_FLAGS_NOTIFY);
	KUNIT_ASSERT_EQ(test, nl_call(s->c), 0);
	KUNIT_EXPECT_EQ(test, s->kn->registry.count, 1);
	s->m = kmtia_upcall_find(&s->kn->registry, s->c->sock->sk);
	KUNIT_ASSERT_NOT_NULL(test, s->m);
}

/* --- Managers, rules, secrets ---------------------------------------------------- */

static void managers(struct kunit *test)
{
	struct setup *s = test->priv;
	const struct nlattr *uuid;

	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_MANAGER_GET, NLM_F_DUMP), 0);
	KUNIT_EXPECT_EQ(test, s->c->reply.messages, 0);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_NOTIFY_GET, NLM_F_DUMP),
			-EPERM);
	become_manager(test);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_MANAGER_ADD, 0), -EALREADY);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_MANAGER_GET, NLM_F_DUMP), 0);
	KUNIT_EXPECT_EQ(test, s->c->reply.messages, 1);
	uuid = nl_last_attr(s->c, KMTIA_A_MANAGER_UUID);
	KUNIT_ASSERT_NOT_NULL(test, uuid);
	KUNIT_EXPECT_EQ(test, nla_memcmp(uuid, own_uuid, sizeof(own_uuid)), 0);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_NOTIFY_GET, NLM_F_DUMP), 0);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_MANAGER_DEL, 0), -ENOENT);
	KUNIT_EXPECT_FALSE(test, s->m->dead);

	nl_begin(s->c, KMTIA_CMD_MANAGER_DEL, 0);
	nl_put(&s->c->out, KMTIA_A_MANAGER_UUID, own_uuid, sizeof(own_uuid));
	KUNIT_EXPECT_EQ(test, nl_call(s->c), 0);
	KUNIT_EXPECT_TRUE(test, s->m->dead);
	KUNIT_EXPECT_EQ(test, s->kn->registry.count, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&s->m->ref), 1);
}

static void rules(struct kunit *test)
{
	struct setup *s = test->priv;
	const struct nlattr *priority;

	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_RULE_DEL, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_RULE_ADD, 0), 0);
	KUNIT_EXPECT_EQ(test, s->kn->rules.count, 1);
	/* It refuses SAs, so the module must stay. */
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), s->module_refs + 1);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_RULE_ADD, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), s->module_refs + 1);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_RULE_GET, NLM_F_DUMP), 0);
	KUNIT_EXPECT_EQ(test, s->c->reply.messages, 1);
	priority = nl_last_attr(s->c, KMTIA_A_RULE_PRIORITY);
	KUNIT_ASSERT_NOT_NULL(test, priority);
	KUNIT_EXPECT_EQ(test, nla_get_u32(priority), NL_PRIORITY);

	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_RULE_DEL, 0), 0);
	KUNIT_EXPECT_EQ(test, s->kn->rules.count, 0);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_RULE_ADD, 0), 0);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_RULE_FLUSH, 0), 0);
	KUNIT_EXPECT_EQ(test, s->kn->rules.count, 0);
}

static void secrets(struct kunit *test)
{
	struct setup *s = test->priv;

	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_SET, 0), -EPERM);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_DEL, 0), -EPERM);
	become_manager(test);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_DEL, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_SET, 0), 0);
	KUNIT_EXPECT_EQ(test, s->m->n_secrets, 1);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_SET, 0), 0);
	KUNIT_EXPECT_EQ(test, s->m->n_secrets, 1);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_DEL, 0), 0);
	KUNIT_EXPECT_EQ(test, s->m->n_secrets, 0);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_SET, 0), 0);
	/* All of them */
	nl_begin(s->c, KMTIA_CMD_SECRET_DEL, 0);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), 0);
	KUNIT_EXPECT_EQ(test, s->m->n_secrets, 0);
}

static void what_there_is(struct kunit *test)
{
	struct setup *s = test->priv;
	const struct nlattr *n;

	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SA_GET, NLM_F_DUMP), 0);
	KUNIT_EXPECT_EQ(test, s->c->reply.messages, 0);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_STATS_GET, 0), 0);
	KUNIT_EXPECT_EQ(test, s->c->reply.messages, 1);
	n = nl_last_attr(s->c, KMTIA_A_STATS_RULES);
	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_EXPECT_EQ(test, nla_get_u32(n), 0);
}

/* --- Questions and answers --------------------------------------------------------- */

/*
 * struct answering - an answer over the socket
 * @name: the case
 * @reply: which command
 * @put: its attributes besides the id
 * @reply_err: what it gets
 * @err: what the decision comes to
 */
struct answering {
	const char *name;
	u8 reply;
	void (*put)(struct nl_msg *msg);
	int reply_err;
	int err;
};

static void put_slot(struct nl_msg *msg, enum kmtia_slot_role role,
		     unsigned int len)
{
	u8 key[FAKE_MAX_KEY];
	unsigned int start, i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = fake_key_byte(role, i);
	start = nl_put(msg, KMTIA_A_REQUEST_SLOT | NLA_F_NESTED, NULL, 0);
	nl_put_u32(msg, KMTIA_A_SLOT_ROLE, role);
	nl_put(msg, KMTIA_A_SLOT_KEY, key, len);
	nl_nest_end(msg, start);
}

static void put_key(struct nl_msg *msg)
{
	put_slot(msg, KMTIA_SLOT_ROLE_AEAD, 20);
}

static void put_short_key(struct nl_msg *msg)
{
	put_slot(msg, KMTIA_SLOT_ROLE_AEAD, 19);
}

static void put_secret(struct nl_msg *msg)
{
	static const u8 bytes[KMTIA_SECRET_MIN_LEN] = { 9 };

	nl_put_u32(msg, KMTIA_A_REQUEST_DERIVATION, KMTIA_DERIVATION_MIX);
	nl_put(msg, KMTIA_A_REQUEST_SECRET, bytes, sizeof(bytes));
}

static void put_status(struct nl_msg *msg)
{
	nl_put_u32(msg, KMTIA_A_REQUEST_STATUS, 5);
}

static void put_no(struct nl_msg *msg)
{
	nl_put_u32(msg, KMTIA_A_REQUEST_WILL_DICTATE, 0);
}

static const struct answering answerings[] = {
	{ "keys", KMTIA_CMD_DICTATE_REPLY, put_key },
	{ "a secret", KMTIA_CMD_DICTATE_REPLY, put_secret },
	{ "cannot", KMTIA_CMD_DICTATE_REPLY, put_status, 0, -EKEYREJECTED },
	{ "unusable", KMTIA_CMD_DICTATE_REPLY, put_short_key, -EINVAL,
	  -EKEYREJECTED },
	{ "does not want it", KMTIA_CMD_CHECK_REPLY, put_no, 0, -ENOKEY },
};

static void answering_name(const struct answering *of, char *desc)
{
	strscpy(desc, of->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(answering, answerings, answering_name);

static void answer_by_socket(struct fake_decision *fd)
{
	const struct answering *a = fd->reg->test->param_value;
	struct kunit *test = fd->reg->test;
	struct setup *s = test->priv;
	const struct genlmsghdr *genl;
	const struct nlattr *attr;
	u64 id;

	nl_receive(s->c);
	KUNIT_EXPECT_EQ(test, s->c->reply.messages, 1);
	genl = nlmsg_data(nl_head(&s->c->reply.last));
	KUNIT_EXPECT_EQ(test, genl->cmd, KMTIA_CMD_DICTATE);
	KUNIT_EXPECT_NOT_NULL(test, nl_last_attr(s->c, KMTIA_A_REQUEST_CHECK));
	attr = nl_last_attr(s->c, KMTIA_A_REQUEST_TIMEOUT);
	KUNIT_EXPECT_TRUE(test, attr &&
			  nla_get_u32(attr) == KMTIA_DEFAULT_TIMEOUT);
	attr = nl_last_attr(s->c, KMTIA_A_REQUEST_ID);
	KUNIT_EXPECT_NOT_NULL(test, attr);
	id = attr ? nla_get_u64(attr) : 0;

	nl_begin(s->c, a->reply, 0);
	nl_put(&s->c->out, KMTIA_A_REQUEST_ID, &id, sizeof(id));
	a->put(&s->c->out);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), a->reply_err);
	KUNIT_EXPECT_EQ(test, atomic_read(&fd->d.open), 0);
	/* The same again is too late. */
	nl_send(s->c);
	nl_receive(s->c);
	KUNIT_EXPECT_EQ(test, s->c->reply.err, -ENOENT);
	KUNIT_EXPECT_EQ(test, s->c->reply.offset, NLMSG_HDRLEN + GENL_HDRLEN);
}

static void question_and_answer(struct kunit *test)
{
	const struct answering *a = test->param_value;
	struct fake_registry *reg = fake_registry_new(test);
	struct fake_decision *fd = fake_decision_new(reg);
	struct setup *s = test->priv;

	become_manager(test);
	fd->d.registry = &s->kn->registry;
	fd->sleeps = answer_by_socket;
	KUNIT_EXPECT_EQ(test, kmtia_decide(&fd->d), a->err);
	if (!a->err)
		KUNIT_EXPECT_PTR_EQ(test, fd->d.manager, s->m);
	if (a->put == put_key)
		KUNIT_EXPECT_EQ(test, fd->d.keys[0][19],
				fake_key_byte(KMTIA_SLOT_ROLE_AEAD, 19));
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&s->m->counters[KMTIA_MANAGER_LATE]),
			1);
	kmtia_decision_release(&fd->d);
	KUNIT_EXPECT_EQ(test, refcount_read(&s->m->ref), 2);
	fake_registry_end(reg);
}

/* Answers to no question, from who is a manager and who is not */
static void answer_to_nothing(struct kunit *test)
{
	struct setup *s = test->priv;

	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_DICTATE_REPLY, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_CHECK_REPLY, 0), -ENOENT);
	become_manager(test);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_DICTATE_REPLY, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_CHECK_REPLY, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, refcount_read(&s->m->ref), 2);
}

/* --- Twice ----------------------------------------------------------------------------- */

/* As everywhere in netlink the last one counts; it does not add to the first. */
static void the_last_counts(struct kunit *test)
{
	struct setup *s = test->priv;
	struct nl_msg *msg = &s->c->out;

	become_manager(test);
	nl_begin(s->c, KMTIA_CMD_MANAGER_DEL, 0);
	nl_put(msg, KMTIA_A_MANAGER_UUID, own_uuid, sizeof(own_uuid));
	nl_put(msg, KMTIA_A_MANAGER_UUID, other_uuid, sizeof(other_uuid));
	KUNIT_EXPECT_EQ(test, nl_call(s->c), -ENOENT);
	KUNIT_EXPECT_FALSE(test, s->m->dead);

	nl_begin(s->c, KMTIA_CMD_RULE_ADD, 0);
	nl_put_u32(msg, KMTIA_A_RULE_PRIORITY, 1);
	nl_put_u32(msg, KMTIA_A_RULE_PRIORITY, 2);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), 0);
	KUNIT_EXPECT_EQ(test, s->kn->rules.count, 1);
	nl_begin(s->c, KMTIA_CMD_RULE_DEL, 0);
	nl_put_u32(msg, KMTIA_A_RULE_PRIORITY, 1);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), -ENOENT);
	nl_put_u32(msg, KMTIA_A_RULE_PRIORITY, 2);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), 0);
	KUNIT_EXPECT_EQ(test, s->kn->rules.count, 0);

	nl_put_fields(nl_begin(s->c, KMTIA_CMD_SECRET_SET, 0),
		      nl_op_find(KMTIA_CMD_SECRET_SET), 0);
	nl_put_u32(msg, KMTIA_A_SECRET_NUMBER, 8);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), 0);
	KUNIT_EXPECT_EQ(test, s->m->n_secrets, 1);
	KUNIT_EXPECT_EQ(test, command(s, KMTIA_CMD_SECRET_DEL, 0), -ENOENT);
	nl_put_u32(nl_begin(s->c, KMTIA_CMD_SECRET_DEL, 0),
		   KMTIA_A_SECRET_NUMBER, 8);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), 0);
}

/* Slots are a list: two of one role are no answer, and the second is to blame. */
static void two_slots_of_one_role(struct kunit *test)
{
	struct setup *s = test->priv;
	struct nl_msg *msg = &s->c->out;
	unsigned int second;

	become_manager(test);
	nl_put_fields(nl_begin(s->c, KMTIA_CMD_DICTATE_REPLY, 0),
		      nl_op_find(KMTIA_CMD_DICTATE_REPLY), 0);
	second = msg->len;
	put_key(msg);
	KUNIT_EXPECT_EQ(test, nl_call(s->c), -EINVAL);
	KUNIT_EXPECT_STREQ(test, s->c->reply.text,
			   "two slots have the same role");
	KUNIT_EXPECT_EQ(test, s->c->reply.offset, second);
}

/* --- Less than a head, or more than there is --------------------------------------------- */

static void truncated_head(struct kunit *test)
{
	struct setup *s = test->priv;
	struct nl_msg *msg = &s->c->out;
	unsigned int len, all;

	for (len = 0; len < NLMSG_HDRLEN + GENL_HDRLEN; len++) {
		nl_put_fields(nl_begin(s->c, KMTIA_CMD_RULE_ADD, 0),
			      nl_op_find(KMTIA_CMD_RULE_ADD), 0);
		nl_head(msg)->nlmsg_len = len;
		all = msg->len;
		/* What the head says, and once really no more than that */
		KUNIT_EXPECT_EQ(test, nl_call(s->c), len < NLMSG_HDRLEN ?
				NL_NO_ACK : -EINVAL);
		if (len >= NLMSG_HDRLEN) {
			msg->len = len;
			KUNIT_EXPECT_EQ(test, nl_call(s->c), -EINVAL);
			msg->len = all;
		}
		KUNIT_EXPECT_EQ(test, s->kn->rules.count, 0);
	}
	nl_head(msg)->nlmsg_len = msg->len + 1;
	KUNIT_EXPECT_EQ(test, nl_call(s->c), NL_NO_ACK);
	KUNIT_EXPECT_EQ(test, s->kn->rules.count, 0);
}

/* --- The suite ----------------------------------------------------------------------------- */

static int command_init(struct kunit *test)
{
	struct setup *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	test->priv = s;
	fake_clock_begin();
	s->kn = kmtia_pernet(&init_net);
	s->c = nl_client_new(test);
	s->module_refs = module_refcount(THIS_MODULE);
	return 0;
}

static void command_exit(struct kunit *test)
{
	struct setup *s = test->priv;

	fake_clock_end();
	if (!s)
		return;
	nl_client_end(s->c);
	KUNIT_EXPECT_EQ(test, s->kn->registry.count, 0);
	KUNIT_EXPECT_EQ(test, s->kn->rules.count, 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), s->module_refs);
	if (!s->m)
		return;
	KUNIT_EXPECT_TRUE(test, s->m->dead);
	KUNIT_EXPECT_EQ(test, refcount_read(&s->m->ref), 1);
	kmtia_manager_put(s->m);
}

static struct kunit_case command_cases[] = {
	KUNIT_CASE(managers),
	KUNIT_CASE(rules),
	KUNIT_CASE(secrets),
	KUNIT_CASE(what_there_is),
	KUNIT_CASE_PARAM(question_and_answer, answering_gen_params),
	KUNIT_CASE(answer_to_nothing),
	KUNIT_CASE(the_last_counts),
	KUNIT_CASE(two_slots_of_one_role),
	KUNIT_CASE(truncated_head),
	{}
};

static struct kunit_suite kmtia_command_suite = {
	.name = "kmtia_command",
	.init = command_init,
	.exit = command_exit,
	.test_cases = command_cases,
};

kunit_test_suite(kmtia_command_suite);
