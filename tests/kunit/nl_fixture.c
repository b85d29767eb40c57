// SPDX-License-Identifier: GPL-2.0
/*
 * A socket that has registered a key manager, and messages from it that must be
 * refused: see nl_fixture.h.
 */
#include "nl_fixture.h"
#include "netlink_gen.h"

#include <linux/module.h>

static const u8 own_uuid[KMTIA_UUID_LEN] = NL_OWN_UUID;

static void world_look(struct fixture *f, struct world *w)
{
	struct kmtia_net *kn = kmtia_pernet(&init_net);

	memset(w, 0, sizeof(*w));
	w->rules = kn->rules.count;
	w->managers = kn->registry.count;
	w->policies = kn->policies.count;
	w->orphans = kn->registry.n_orphans;
	w->secrets = f->m->n_secrets;
	w->manager_refs = refcount_read(&f->m->ref);
	w->sock_refs = nl_client_refs(f->c);
	w->module_refs = module_refcount(THIS_MODULE);
}

/**
 * nl_world_unchanged() - is everything as it was?
 * @f: the fixture
 *
 * Return: whether it is.
 */
bool nl_world_unchanged(struct fixture *f)
{
	struct world now;

	world_look(f, &now);
	return !memcmp(&now, &f->before, sizeof(now));
}

/**
 * nl_expect_refused() - send the message that was begun last; it must be refused
 * @test: the test
 * @e: how
 */
void nl_expect_refused(struct kunit *test, const struct expected *e)
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
	KUNIT_EXPECT_TRUE_MSG(test, nl_world_unchanged(f),
			      "command %u, attribute %u, %s: changes something",
			      e->op->cmd, e->attr, e->what);
	f->tried++;
}

/**
 * nl_op_flags() - the flags that a command needs
 * @op: the command
 *
 * Return: the flags.
 */
u16 nl_op_flags(const struct genl_split_ops *op)
{
	return op->flags & GENL_CMD_CAP_DUMP ? NLM_F_DUMP : 0;
}

/**
 * nl_begin_op() - begin a message
 * @f: the fixture
 * @op: its command
 *
 * Return: the message.
 */
struct nl_msg *nl_begin_op(struct fixture *f, const struct genl_split_ops *op)
{
	return nl_begin(f->c, op->cmd, nl_op_flags(op));
}

/**
 * nl_put_right() - append the attributes of a right message, if any are known
 * @msg: the message
 * @op: its command
 */
void nl_put_right(struct nl_msg *msg, const struct genl_split_ops *op)
{
	const struct nl_op *known = nl_op_find(op->cmd);

	if (known)
		nl_put_fields(msg, known, 0);
}

/**
 * nl_all_ops() - do something with each command of the family
 * @test: the test
 * @fn: what
 */
void nl_all_ops(struct kunit *test, nl_op_test fn)
{
	unsigned int i;

	for (i = 0; i < kmtia_nl_family.n_split_ops; i++)
		fn(test, &kmtia_nl_family.split_ops[i]);
}

/**
 * nl_fixture_init() - make a fixture
 * @test: the test, whose it is
 *
 * Return: 0.
 */
int nl_fixture_init(struct kunit *test)
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

/**
 * nl_fixture_exit() - close the socket
 * @test: the test
 *
 * Then the manager is gone, and nothing else has changed.
 */
void nl_fixture_exit(struct kunit *test)
{
	struct kmtia_net *kn = kmtia_pernet(&init_net);
	struct fixture *f = test->priv;

	if (!f)
		return;
	if (f->m)
		KUNIT_EXPECT_TRUE(test, nl_world_unchanged(f));
	nl_client_end(f->c);
	if (!f->m)
		return;
	KUNIT_EXPECT_TRUE(test, f->m->dead);
	KUNIT_EXPECT_EQ(test, refcount_read(&f->m->ref), 1);
	KUNIT_EXPECT_EQ(test, kn->registry.count, f->before.managers - 1);
	kmtia_manager_put(f->m);
}
