// SPDX-License-Identifier: GPL-2.0
/*
 * Makes each new SA cost more, as a control of the benchmark: XFRM tells this
 * module of it, which then counts for a while.
 */
#include <linux/module.h>
#include <net/xfrm.h>

static unsigned int turns;
module_param(turns, uint, 0444);
MODULE_PARM_DESC(turns, "How far to count; a turn is three instructions");

static int slow_notify(struct xfrm_state *x, const struct km_event *c)
{
	unsigned int i;

	if (c->event == XFRM_MSG_NEWSA)
		for (i = 0; i < turns; i++)
			barrier(); /* or the compiler would know how far it gets */
	return 0;
}

static int slow_acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl,
			struct xfrm_policy *policy)
{
	return -ESRCH;
}

static struct xfrm_policy *slow_compile_policy(struct sock *sk, int opt,
					       u8 *data, int len, int *dir)
{
	return NULL;
}

static struct xfrm_mgr slow_mgr = {
	.notify		= slow_notify,
	.acquire	= slow_acquire,
	.compile_policy	= slow_compile_policy,
};

static int __init kmtia_slow_init(void)
{
	xfrm_register_km(&slow_mgr);
	return 0;
}

static void __exit kmtia_slow_exit(void)
{
	xfrm_unregister_km(&slow_mgr);
}

module_init(kmtia_slow_init);
module_exit(kmtia_slow_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A slower XFRM, to see that the benchmark sees it");
