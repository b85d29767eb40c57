/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink: kernels before 6.2 have no split operations. There, the
 * generated family is described by structures of ours, and compat/genetlink.c
 * makes a family of the old kind from them.
 */
#ifndef _KMTIA_COMPAT_GENETLINK_H
#define _KMTIA_COMPAT_GENETLINK_H

#include <linux/version.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "kmtia needs Linux 6.1 or newer"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define KMTIA_NO_SPLIT_OPS

struct genl_split_ops {
	union {
		struct {
			int (*pre_doit)(const struct genl_split_ops *ops,
					struct sk_buff *skb,
					struct genl_info *info);
			int (*doit)(struct sk_buff *skb,
				    struct genl_info *info);
			void (*post_doit)(const struct genl_split_ops *ops,
					  struct sk_buff *skb,
					  struct genl_info *info);
		};
		struct {
			int (*start)(struct netlink_callback *cb);
			int (*dumpit)(struct sk_buff *skb,
				      struct netlink_callback *cb);
			int (*done)(struct netlink_callback *cb);
		};
	};
	const struct nla_policy *policy;
	unsigned int maxattr;
	u8 cmd;
	u8 internal_flags;
	u8 flags;
	u8 validate;
};

struct kmtia_genl_family {
	char name[GENL_NAMSIZ];
	unsigned int version;
	bool netnsok;
	bool parallel_ops;
	struct module *module;
	const struct genl_split_ops *split_ops;
	const struct genl_multicast_group *mcgrps;
	u8 n_split_ops;
	u8 n_mcgrps;
};

/* For the generated code only; every header that means the kernel's own
 * structure has been included above.
 */
#define genl_family kmtia_genl_family

static inline struct nlattr **kmtia_dump_attrs(struct netlink_callback *cb)
{
	return genl_dumpit_info(cb)->attrs;
}
#else
static inline struct nlattr **kmtia_dump_attrs(struct netlink_callback *cb)
{
	return genl_info_dump(cb)->attrs;
}
#endif

#ifndef NLA_POLICY_MAX_LEN	/* since 7.x */
#define NLA_POLICY_MAX_LEN(_len) { .type = NLA_BINARY, .len = _len }
#endif

int kmtia_genl_register(void);
void kmtia_genl_unregister(void);
void *kmtia_genlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, int flags,
			u8 cmd);
bool kmtia_genl_has_listeners(struct net *net, unsigned int group);
int kmtia_genlmsg_multicast(struct net *net, struct sk_buff *skb,
			    unsigned int group, gfp_t gfp);

#endif /* _KMTIA_COMPAT_GENETLINK_H */
