// SPDX-License-Identifier: GPL-2.0
/*
 * A key manager in user space: questions out, answers in.
 *
 * A manager is the socket that registered it, pinned and compared by address:
 * neither a port id, which somebody else may have by the time it is looked at,
 * nor a capability. What is pushed to the port id (questions, notifications)
 * holds no secret for the same reason.
 */
#include "internal.h"
#include "compat/genetlink.h"
#include "compat/xfrm.h"
#include "netlink_gen.h"

#include <linux/cred.h>
#include <linux/netlink.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/sock.h>

/**
 * struct upcall - a manager in user space
 * @sk: the socket that registered; pinned
 * @portid: its port id, where questions go
 * @pid: its process (thread group); pinned
 * @by_policy: its user is no administrator
 */
struct upcall {
	struct sock *sk;
	u32 portid;
	struct pid *pid;
	bool by_policy;
};

/* --- Questions -------------------------------------------------------------- */

/* What became of a message to the manager's socket, in the words of the
 * callbacks' contract
 */
static int unicast_error(int err)
{
	switch (err) {
	case -EAGAIN:
		return -ENOBUFS;
	case -ECONNREFUSED:
		return -EKEYREVOKED;
	default:
		return err;
	}
}

static int upcall_ask(struct kmtia_manager *manager, struct kmtia_request *req,
		      u8 cmd)
{
	struct upcall *up = kmtia_manager_priv(manager);
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(kmtia_question_room(req), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = kmtia_genlmsg_put(skb, 0, 0, 0, cmd);
	if (!hdr || kmtia_put_question(skb, req) ||
	    (cmd == KMTIA_CMD_DICTATE && kmtia_request_is_check(req) &&
	     nla_put_flag(skb, KMTIA_A_REQUEST_CHECK))) {
		nlmsg_free(skb);
		return -ENOMEM;
	}
	genlmsg_end(skb, hdr);
	return unicast_error(genlmsg_unicast(sock_net(up->sk), skb,
					     up->portid));
}

static int upcall_check(struct kmtia_manager *manager,
			struct kmtia_request *req)
{
	return upcall_ask(manager, req, KMTIA_CMD_CHECK);
}

static int upcall_dictate(struct kmtia_manager *manager,
			  struct kmtia_request *req)
{
	return upcall_ask(manager, req, KMTIA_CMD_DICTATE);
}

/* --- Notifications ----------------------------------------------------------- */

static int put_notification(struct sk_buff *skb, struct kmtia_manager *manager,
			    const struct kmtia_notification *what)
{
	const struct kmtia_tracked *tracked = what->tracked;
	int err;

	if (kmtia_put_u64(skb, KMTIA_A_NOTIFICATION_SEQ, what->seq) ||
	    kmtia_put_u64(skb, KMTIA_A_NOTIFICATION_PREV_SEQ,
			  manager->last_seq) ||
	    nla_put_u32(skb, KMTIA_A_NOTIFICATION_EVENT, what->event))
		return -EMSGSIZE;
	if (!what->sa)
		return nla_put_u32(skb, KMTIA_A_NOTIFICATION_PROTO,
				   what->proto);
	if (what->event == KMTIA_NOTIFY_EVENT_NEW ||
	    what->event == KMTIA_NOTIFY_EVENT_UPDATE)
		err = kmtia_put_sa(skb, KMTIA_A_NOTIFICATION_SA, what->sa,
				   tracked, NULL, false);
	else
		err = kmtia_put_gone(skb, KMTIA_A_NOTIFICATION_SA, what->sa,
				     tracked);
	if (err || !tracked->has_mate)
		return err;
	return kmtia_put_sa_id(skb, KMTIA_A_NOTIFICATION_MATE, &tracked->mate,
			       &tracked->mate_saddr);
}

static void upcall_notify(struct kmtia_manager *manager,
			  const struct kmtia_notification *what)
{
	struct upcall *up = kmtia_manager_priv(manager);
	struct sk_buff *skb;
	void *hdr;
	int err = -ENOMEM;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto out;
	hdr = kmtia_genlmsg_put(skb, 0, 0, 0, KMTIA_CMD_NOTIFY);
	if (!hdr || put_notification(skb, manager, what)) {
		nlmsg_free(skb);
		goto out;
	}
	genlmsg_end(skb, hdr);
	err = genlmsg_unicast(sock_net(up->sk), skb, up->portid);
out:
	/* A number that was not received is seen in the next prev-seq. */
	manager->last_seq = what->seq;
	kmtia_manager_count(manager, err ? KMTIA_MANAGER_DROPPED :
					   KMTIA_MANAGER_NOTIFICATIONS);
}

static void upcall_release(struct kmtia_manager *manager)
{
	struct upcall *up = kmtia_manager_priv(manager);

	put_pid(up->pid);
	sock_put(up->sk);
	kfree(up);
}

static const struct kmtia_manager_ops upcall_dictator_ops = {
	.key_dictation_check	= upcall_check,
	.key_dictation		= upcall_dictate,
	.key_notify		= upcall_notify,
	.release		= upcall_release,
};

static const struct kmtia_manager_ops upcall_watcher_ops = {
	.key_notify		= upcall_notify,
	.release		= upcall_release,
};

/* --- Who is who ---------------------------------------------------------------- */

static struct upcall *upcall_of(const struct kmtia_manager *manager)
{
	if (manager->ops == &upcall_dictator_ops ||
	    manager->ops == &upcall_watcher_ops)
		return manager->priv;
	return NULL;
}

/**
 * kmtia_upcall_find() - the manager that a socket registered
 * @registry: where
 * @sk: the socket
 *
 * Return: the manager with a reference for the caller, or NULL.
 */
struct kmtia_manager *kmtia_upcall_find(struct kmtia_registry *registry,
					const struct sock *sk)
{
	struct kmtia_manager *manager;
	struct upcall *up;

	rcu_read_lock();
	list_for_each_entry_rcu(manager, &registry->managers, node) {
		if (!kmtia_manager_hold(manager))
			continue;
		up = upcall_of(manager);
		if (up && up->sk == sk) {
			rcu_read_unlock();
			return manager;
		}
		kmtia_manager_put(manager);
	}
	rcu_read_unlock();
	return NULL;
}

/**
 * kmtia_upcall_is_own() - is the current process the one that registered?
 * @manager: the manager
 *
 * Return: true if it is.
 */
bool kmtia_upcall_is_own(const struct kmtia_manager *manager)
{
	struct upcall *up = upcall_of(manager);

	return up && up->pid == task_tgid(current);
}

/**
 * kmtia_upcall_pid() - the process that registered
 * @manager: the manager
 *
 * Return: its number as the current task sees it; 0 for a manager in the
 * kernel.
 */
u32 kmtia_upcall_pid(const struct kmtia_manager *manager)
{
	struct upcall *up = upcall_of(manager);

	return up ? pid_vnr(up->pid) : 0;
}

/**
 * kmtia_upcall_uid() - the user that registered
 * @manager: the manager
 *
 * Return: its number as the current task sees it; 0 for a manager in the
 * kernel.
 */
u32 kmtia_upcall_uid(const struct kmtia_manager *manager)
{
	if (!upcall_of(manager) && !manager->orphan)
		return 0;
	return from_kuid_munged(current_user_ns(), manager->owner);
}

/* --- Registration ---------------------------------------------------------------- */

/* One socket, one manager: also if two threads try with the same at a time. */
static DEFINE_MUTEX(upcall_register_lock);

static void registration_error(struct genl_info *info, int err)
{
	struct netlink_ext_ack *extack = info->extack;
	struct nlattr *grace;

	switch (err) {
	case -EINVAL:
		kmtia_extack_set(extack, info->attrs[KMTIA_A_MANAGER_FLAGS],
				 "flags, weight or UUID make no sense: weight and exclusive are for who dictates, a UUID is not all zero");
		break;
	case -ERANGE:
		grace = info->attrs[KMTIA_A_MANAGER_GRACE];
		if (grace && nla_get_u32(grace) > KMTIA_GRACE_MAX)
			kmtia_extack_set(extack, grace,
					 "grace is above 60,000 milliseconds");
		else
			kmtia_extack_set(extack,
					 info->attrs[KMTIA_A_MANAGER_TIMEOUT_HINT],
					 "timeout-hint is above 10 seconds");
		break;
	case -EEXIST:
		kmtia_extack_set(extack, info->attrs[KMTIA_A_MANAGER_UUID],
				 "a key manager of this uuid is registered");
		break;
	case -EADDRINUSE:
		kmtia_extack_set(extack, info->attrs[KMTIA_A_MANAGER_FLAGS],
				 "exclusive stands in the way: this manager's flag or that of another that dictates");
		break;
	case -EALREADY:
		NL_SET_ERR_MSG(extack, "this socket is a key manager already");
		break;
	case -ENOSPC:
		NL_SET_ERR_MSG(extack, "too many key managers are registered");
		break;
	}
}

static const char *attr_string(struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_data(info->attrs[attr]) : NULL;
}

static struct upcall *upcall_new(struct sk_buff *skb, struct genl_info *info)
{
	struct upcall *up = kzalloc(sizeof(*up), GFP_KERNEL_ACCOUNT);

	if (!up)
		return NULL;
	up->sk = NETLINK_CB(skb).sk;
	sock_hold(up->sk);
	up->portid = info->snd_portid;
	up->pid = get_pid(task_tgid(current));
	return up;
}

/* Administrators find room, whatever those do whom the policy lets register. */
static bool has_room(struct kmtia_registry *registry)
{
	struct kmtia_manager *manager;
	unsigned int n = 0;
	struct upcall *up;

	rcu_read_lock();
	list_for_each_entry_rcu(manager, &registry->managers, node) {
		if (!kmtia_manager_hold(manager))
			continue;
		up = upcall_of(manager);
		n += up && up->by_policy;
		kmtia_manager_put(manager);
	}
	rcu_read_unlock();
	return n < KMTIA_MAX_BY_POLICY;
}

static int upcall_register(struct kmtia_registry *registry, struct sk_buff *skb,
			   struct genl_info *info, bool by_policy)
{
	struct kmtia_manager_desc desc = {
		.uuid = nla_data(info->attrs[KMTIA_A_MANAGER_UUID]),
		.name = attr_string(info, KMTIA_A_MANAGER_NAME),
		.description = attr_string(info, KMTIA_A_MANAGER_DESCRIPTION),
		.flags = nla_get_u32(info->attrs[KMTIA_A_MANAGER_FLAGS]),
	};
	struct kmtia_manager *manager;
	struct upcall *up;

	if (info->attrs[KMTIA_A_MANAGER_WEIGHT]) {
		desc.has_weight = true;
		desc.weight = nla_get_u32(info->attrs[KMTIA_A_MANAGER_WEIGHT]);
	}
	if (info->attrs[KMTIA_A_MANAGER_TIMEOUT_HINT])
		desc.timeout_hint =
			nla_get_u32(info->attrs[KMTIA_A_MANAGER_TIMEOUT_HINT]);
	if (info->attrs[KMTIA_A_MANAGER_GRACE])
		desc.grace = nla_get_u32(info->attrs[KMTIA_A_MANAGER_GRACE]);
	if (by_policy && !has_room(registry))
		return -ENOSPC;
	up = upcall_new(skb, info);
	if (!up)
		return -ENOMEM;
	up->by_policy = by_policy;
	manager = kmtia_manager_new(registry, &desc,
				    desc.flags & KMTIA_MANAGER_FLAGS_DICTATE ?
				    &upcall_dictator_ops : &upcall_watcher_ops,
				    up);
	if (IS_ERR(manager)) {
		put_pid(up->pid);
		sock_put(up->sk);
		kfree(up);
		return PTR_ERR(manager);
	}
	return 0;
}

static int policy_lets(struct kmtia_net *kn, struct sk_buff *skb,
		       struct genl_info *info)
{
	int err;

	mutex_lock(&kn->lock);
	err = kmtia_policy_check(&kn->policies,
				 nla_data(info->attrs[KMTIA_A_MANAGER_UUID]),
				 nla_get_u32(info->attrs[KMTIA_A_MANAGER_FLAGS]),
				 NETLINK_CB(skb).sk->sk_socket->file->f_cred,
				 current_cred());
	mutex_unlock(&kn->lock);
	if (err == -EPERM)
		NL_SET_ERR_MSG(info->extack,
			       "registering a key manager needs CAP_NET_ADMIN or a manager policy");
	else if (err)
		NL_SET_ERR_MSG(info->extack,
			       "the manager policy names others for this uuid, or less than these flags");
	return err;
}

int kmtia_nl_manager_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kmtia_net *kn = kmtia_pernet(genl_info_net(info));
	struct kmtia_manager *manager;
	bool by_policy;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_MANAGER_UUID)) {
		NL_SET_ERR_MSG(info->extack, "uuid is missing");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, KMTIA_A_MANAGER_FLAGS)) {
		NL_SET_ERR_MSG(info->extack, "flags are missing");
		return -EINVAL;
	}
	/* Administrators always, others as the policy says. */
	by_policy = !kmtia_nl_admin(skb, kn->net);
	err = by_policy ? policy_lets(kn, skb, info) : 0;
	if (err)
		return err;
	mutex_lock(&upcall_register_lock);
	manager = kmtia_upcall_find(&kn->registry, NETLINK_CB(skb).sk);
	err = manager ? -EALREADY :
			upcall_register(&kn->registry, skb, info, by_policy);
	mutex_unlock(&upcall_register_lock);
	kmtia_manager_put(manager);
	if (err)
		registration_error(info, err);
	return err;
}

/* A closing socket's port id may be somebody else's by now: whose socket is
 * dead tells.
 */
static int upcall_netlink_event(struct notifier_block *nb, unsigned long event,
				void *data)
{
	struct netlink_notify *n = data;
	struct kmtia_manager *manager;
	struct kmtia_net *kn;
	struct upcall *up;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	kn = kmtia_pernet(n->net);
	if (!kn)
		return NOTIFY_DONE;
again:
	rcu_read_lock();
	list_for_each_entry_rcu(manager, &kn->registry.managers, node) {
		if (!kmtia_manager_hold(manager))
			continue;
		up = upcall_of(manager);
		if (up && up->portid == n->portid &&
		    sock_flag(up->sk, SOCK_DEAD)) {
			rcu_read_unlock();
			kmtia_race_sleep();
			kmtia_manager_end(manager, true);
			kmtia_manager_put(manager);
			goto again;
		}
		kmtia_manager_put(manager);
	}
	rcu_read_unlock();
	return NOTIFY_DONE;
}

static struct notifier_block upcall_netlink_nb = {
	.notifier_call = upcall_netlink_event,
};

/**
 * kmtia_upcall_init() - begin to see sockets close
 *
 * Return: 0 or a negative errno.
 */
int __init kmtia_upcall_init(void)
{
	return netlink_register_notifier(&upcall_netlink_nb);
}

/**
 * kmtia_upcall_exit() - cease to see sockets close
 */
void kmtia_upcall_exit(void)
{
	netlink_unregister_notifier(&upcall_netlink_nb);
}
