/* SPDX-License-Identifier: GPL-2.0 */
/* Messages that must be refused, and a world that they must not change */
#ifndef _KMTIA_NL_FIXTURE_H
#define _KMTIA_NL_FIXTURE_H

#include "nl_ops.h"
#include "nl_policy.h"
#include "compat/genetlink.h"

/**
 * struct world - all that a message might change
 * @rules: in the namespace
 * @managers: likewise
 * @policies: likewise
 * @orphans: likewise
 * @secrets: of the manager
 * @manager_refs: how often it is pinned
 * @sock_refs: how often its socket is
 * @module_refs: how often the module is
 */
struct world {
	unsigned int rules;
	unsigned int managers;
	unsigned int policies;
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

typedef void (*nl_op_test)(struct kunit *test, const struct genl_split_ops *op);

int nl_fixture_init(struct kunit *test);
void nl_fixture_exit(struct kunit *test);
void nl_all_ops(struct kunit *test, nl_op_test fn);
u16 nl_op_flags(const struct genl_split_ops *op);
struct nl_msg *nl_begin_op(struct fixture *f, const struct genl_split_ops *op);
void nl_put_right(struct nl_msg *msg, const struct genl_split_ops *op);
bool nl_world_unchanged(struct fixture *f);
void nl_expect_refused(struct kunit *test, const struct expected *e);

#endif /* _KMTIA_NL_FIXTURE_H */
