// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The family goes and comes back, as the module is unloaded and loaded again, and the
 * registration with it. The kernel closes no socket when that happens, and says
 * nothing on those that are open; but the controller of generic netlink tells whoever
 * listens to its group.
 */
#include <errno.h>

#include <linux/genetlink.h>

#include "internal.h"

/* The controller's only group, "notify", has the controller's own number, always
 * (genl_validate_assign_mc_groups()). To join it takes no privilege. */
#define NEWS_GROUP GENL_ID_CTRL

/* Open as well what the caller polls, which the socket is part of. */
int kmtia_news_open(struct kmtia *h)
{
	int err;

	if (h->news.fd >= 0)
		return 0;
	err = kmtia_loop_open(h);
	if (!err)
		err = kmtia_sock_open(h, &h->news, true);
	if (err)
		return kmtia_fail(h, err, "cannot open a netlink socket");
	err = kmtia_sock_join(&h->news, NEWS_GROUP);
	if (err) {
		kmtia_sock_close(h, &h->news);
		return kmtia_fail(h, err, "cannot listen to whether the kernel module is there");
	}
	return 0;
}

/* Close, unless something needs it still. */
void kmtia_news_unuse(struct kmtia *h)
{
	if (!h->wanted && h->monitor.fd < 0)
		kmtia_sock_close(h, &h->news);
}

/* A callback may unregister, and register anew: look at the handle again after it. */
static void tell(struct kmtia *h, bool registered, int err)
{
	if (h->callbacks.registration)
		h->callbacks.registration(h, registered, err, h->user);
}

/* The family of number @id is not there any more. */
static void gone(struct kmtia *h, uint16_t id)
{
	if (!h->registered || h->event_family != id)
		return;
	kmtia_registration_void(h);
	tell(h, false, 0);
}

/* The family is there, as was just seen. */
static void there(struct kmtia *h)
{
	bool again;
	int err = 0;

	/* That it was gone in between may have been lost. */
	if (h->event_family != h->family)
		gone(h, h->event_family);
	again = h->wanted && !h->registered;
	if (again)
		err = kmtia_registration_start(h);
	kmtia_monitor_rejoin(h);
	if (again)
		tell(h, !err, err);
}

/*
 * Handle one message. Most are about other families. That ours has come may be of the
 * past by now, and it be gone again or another one. So it says no more than news that
 * were lost: look, when all is read.
 */
void kmtia_news_handle(struct kmtia *h, struct kmtia_msg *m)
{
	struct nlmsghdr *nlh = kmtia_msg_header(m);
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	uint16_t id;

	if (nlh->nlmsg_type != GENL_ID_CTRL || kmtia_fields_parse(nlh, tb, CTRL_ATTR_MAX) ||
	    !kmtia_family_is_ours(tb, &id))
		return;
	switch (genlmsg_hdr(nlh)->cmd) {
	case CTRL_CMD_DELFAMILY:
		gone(h, id);
		break;
	case CTRL_CMD_NEWFAMILY:
		h->news.lost = true;
		break;
	}
}

/* If the family may be there, or news were lost, look how things are. Should that fail,
 * the next call tries again. */
int kmtia_news_catch_up(struct kmtia *h)
{
	int found;

	if (!h->news.lost)
		return 0;
	found = kmtia_family_look(h);
	if (found < 0)
		return found;
	h->news.lost = false;
	if (found)
		there(h);
	else
		gone(h, h->event_family);
	return 0;
}
