// SPDX-License-Identifier: GPL-2.0
/*
 * Looks at all ESP and AH SAs of the namespace of who loads it: is the type of
 * each the one in the protocol's slot? To be asked while nothing interposes:
 * then the slot holds the original. Says how many it saw, and how many have
 * another, as parameters.
 */
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <net/xfrm.h>

static unsigned int seen;
module_param(seen, uint, 0444);
MODULE_PARM_DESC(seen, "SAs that were looked at");

static unsigned int foreign;
module_param(foreign, uint, 0444);
MODULE_PARM_DESC(foreign, "SAs of another type than the protocol's");

static const struct xfrm_type *slot_type(const struct xfrm_state *x)
{
	const struct xfrm_type *type = NULL;
	struct xfrm_state_afinfo *afinfo;

	rcu_read_lock();
	afinfo = xfrm_state_afinfo_get_rcu(x->props.family);
	if (afinfo)
		type = x->id.proto == IPPROTO_ESP ? afinfo->type_esp :
						    afinfo->type_ah;
	rcu_read_unlock();
	return type;
}

static int check_state(struct xfrm_state *x, int count, void *ptr)
{
	if (x->id.proto != IPPROTO_ESP && x->id.proto != IPPROTO_AH)
		return 0;
	seen++;
	if (x->type != slot_type(x))
		foreign++;
	return 0;
}

static int __init kmtia_check_init(void)
{
	struct net *net = current->nsproxy->net_ns;
	struct xfrm_state_walk walk;

	xfrm_state_walk_init(&walk, 0, NULL);
	xfrm_state_walk(net, &walk, check_state, NULL);
	xfrm_state_walk_done(&walk, net);
	return 0;
}

static void __exit kmtia_check_exit(void)
{
}

module_init(kmtia_check_init);
module_exit(kmtia_check_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Looks at the types of SAs, for the tests of kmtia");
