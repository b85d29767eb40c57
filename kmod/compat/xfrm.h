/* SPDX-License-Identifier: GPL-2.0 */
/* XFRM, mutexes and extended acknowledgments: what differs between kernels. */
#ifndef _KMTIA_COMPAT_XFRM_H
#define _KMTIA_COMPAT_XFRM_H

#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/version.h>
#include <net/xfrm.h>
#include <uapi/linux/kmtia.h>

/**
 * kmtia_mutex_owned() - does the current task hold @lock?
 * @lock: the mutex
 *
 * Both representations keep flags in the low bits of the owner's address.
 */
static inline bool kmtia_mutex_owned(struct mutex *lock)
{
#ifdef CONFIG_PREEMPT_RT
	return ((unsigned long)READ_ONCE(lock->rtmutex.owner) & ~1UL) ==
	       (unsigned long)current;
#else
	return (atomic_long_read(&lock->owner) & ~7L) == (long)current;
#endif
}

/* The direction that the keying module gave an SA, where the kernel keeps it */
static inline enum kmtia_direction kmtia_state_dir(const struct xfrm_state *x)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	if (x->dir == XFRM_SA_DIR_IN)
		return KMTIA_DIRECTION_IN;
	if (x->dir == XFRM_SA_DIR_OUT)
		return KMTIA_DIRECTION_OUT;
#endif
	return KMTIA_DIRECTION_UNKNOWN;
}

/* A formatted sentence where the kernel can carry one, else a constant one.
 * What does not fit is cut off by the caller: the kernel would log it.
 */
#ifdef NL_SET_ERR_MSG_FMT
#define kmtia_extack(extack, constant, fmt, args...) do {	\
	(void)(constant);					\
	NL_SET_ERR_MSG_FMT(extack, fmt, ##args);		\
} while (0)
#else
#define kmtia_extack(extack, constant, fmt, args...)	\
	kmtia_extack_set(extack, NULL, constant)
#endif

/* A constant sentence that is not a literal, about an attribute or NULL */
static inline void kmtia_extack_set(struct netlink_ext_ack *extack,
				    const struct nlattr *attr,
				    const char *constant)
{
	if (!extack)
		return;
	extack->_msg = constant;
	extack->bad_attr = attr;
}

#endif /* _KMTIA_COMPAT_XFRM_H */
