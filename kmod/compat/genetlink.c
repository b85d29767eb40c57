// SPDX-License-Identifier: GPL-2.0
/*
 * The family of the netlink specification, on kernels with and without split
 * operations.
 */
#include "genetlink.h"
#include "../netlink_gen.h"

#ifdef KMTIA_NO_SPLIT_OPS
#undef genl_family

static struct genl_ops old_ops[KMTIA_CMD_MAX];

static const struct genl_split_ops *split_op(u8 cmd)
{
	int i;

	for (i = 0; i < kmtia_nl_family.n_split_ops; i++)
		if (kmtia_nl_family.split_ops[i].cmd == cmd)
			return &kmtia_nl_family.split_ops[i];
	return NULL;
}

static int old_pre_doit(const struct genl_ops *ops, struct sk_buff *skb,
			struct genl_info *info)
{
	const struct genl_split_ops *split = split_op(ops->cmd);

	return split && split->pre_doit ? split->pre_doit(split, skb, info) : 0;
}

static void old_post_doit(const struct genl_ops *ops, struct sk_buff *skb,
			  struct genl_info *info)
{
	const struct genl_split_ops *split = split_op(ops->cmd);

	if (split && split->post_doit)
		split->post_doit(split, skb, info);
}

static struct genl_family family __ro_after_init = {
	.name		= KMTIA_FAMILY_NAME,
	.version	= KMTIA_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.pre_doit	= old_pre_doit,
	.post_doit	= old_post_doit,
	.ops		= old_ops,
};

/* No command of the family is both a do and a dump: an entry each will do. */
static void __init old_ops_fill(void)
{
	int i;

	for (i = 0; i < kmtia_nl_family.n_split_ops; i++) {
		const struct genl_split_ops *from = &kmtia_nl_family.split_ops[i];
		struct genl_ops *to = &old_ops[i];

		to->cmd = from->cmd;
		to->flags = from->flags & ~(GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP);
		to->validate = from->validate;
		to->policy = from->policy;
		to->maxattr = from->maxattr;
		if (from->flags & GENL_CMD_CAP_DO) {
			to->doit = from->doit;
		} else {
			to->start = from->start;
			to->dumpit = from->dumpit;
			to->done = from->done;
		}
	}
	family.n_ops = kmtia_nl_family.n_split_ops;
	family.mcgrps = kmtia_nl_family.mcgrps;
	family.n_mcgrps = kmtia_nl_family.n_mcgrps;
}

int __init kmtia_genl_register(void)
{
	old_ops_fill();
	return genl_register_family(&family);
}
#else
#define family kmtia_nl_family

int __init kmtia_genl_register(void)
{
	return genl_register_family(&family);
}
#endif

void kmtia_genl_unregister(void)
{
	genl_unregister_family(&family);
}

void *kmtia_genlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, int flags,
			u8 cmd)
{
	return genlmsg_put(skb, portid, seq, &family, flags, cmd);
}

bool kmtia_genl_has_listeners(struct net *net, unsigned int group)
{
	return genl_has_listeners(&family, net, group);
}

int kmtia_genlmsg_multicast(struct net *net, struct sk_buff *skb,
			    unsigned int group, gfp_t gfp)
{
	return genlmsg_multicast_netns(&family, net, skb, 0, group, gfp);
}
