// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The monitor group: what administrators may want to follow.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include "internal.h"

#define EVENT(_attr, _kind, _wire, _member) \
	KMTIA_FIELD(kmtia_event, KMTIA_A_MONITOR_##_attr, _kind, _wire, _member, -1)
#define EVENT_HAS(_attr, _kind, _wire, _member, _has) \
	KMTIA_FIELD(kmtia_event, KMTIA_A_MONITOR_##_attr, _kind, _wire, _member, \
		    offsetof(struct kmtia_event, _has))

static const struct kmtia_field event_fields[] = {
	EVENT(EVENT, UINT, 4, event),
	EVENT_HAS(RULE, UINT, 4, rule, has_rule),
	EVENT_HAS(MANAGER, UUID, 0, manager, has_manager),
	EVENT(ERRNO, UINT, 4, error),
	EVENT(STATUS, UINT, 4, status),
};

/* Handle one message; the texts stay in it. A malformed one is left out. */
void kmtia_monitor_handle(struct kmtia *h, struct kmtia_msg *m)
{
	struct nlmsghdr *nlh = kmtia_msg_header(m);
	struct nlattr *tb[KMTIA_A_MONITOR_MAX + 1];
	struct kmtia_event event = { 0 };
	struct kmtia_sa sa;

	/* Not by the family's number: events from before the module was loaded anew may
	 * still be there to be read, and who else sends to its group? */
	if (nlh->nlmsg_type <= GENL_ID_CTRL ||
	    kmtia_fields_parse(nlh, tb, KMTIA_A_MONITOR_MAX) ||
	    genlmsg_hdr(nlh)->cmd != KMTIA_CMD_MONITOR_NTF || !tb[KMTIA_A_MONITOR_EVENT])
		return;
	if (kmtia_fields_get(tb, event_fields, ARRAY_SIZE(event_fields), &event))
		return;
	if (tb[KMTIA_A_MONITOR_SA]) {
		if (kmtia_sa_parse(tb[KMTIA_A_MONITOR_SA], &sa))
			return;
		event.sa = &sa;
	}
	event.manager_name = kmtia_get_text(tb[KMTIA_A_MONITOR_MANAGER_NAME]);
	event.text = kmtia_get_text(tb[KMTIA_A_MONITOR_TEXT]);
	event.key_id = kmtia_get_text(tb[KMTIA_A_MONITOR_KEY_ID]);
	h->event_cb(h, &event, h->event_user);
}

static int join(struct kmtia *h)
{
	int err;

	/* The kernel would let us join a group that is nobody's by now. */
	err = kmtia_family_renew(h, h->family);
	if (err < 0)
		return err;
	if (!h->group)
		return kmtia_fail(h, -ENOENT, "the kernel module has no monitor group");
	err = kmtia_sock_open(h, &h->monitor, true);
	if (err)
		return kmtia_fail(h, err, "cannot open a netlink socket");
	err = kmtia_sock_join(&h->monitor, h->group);
	if (err) {
		kmtia_sock_close(h, &h->monitor);
		return kmtia_fail(h, err, "cannot join the monitor group");
	}
	h->monitor_family = h->family;
	h->monitor_err = 0;
	return 0;
}

/* The family may be another one by now, whose group we are not in. What it reported
 * before we came is lost, so that is said in any case. */
void kmtia_monitor_rejoin(struct kmtia *h)
{
	if (h->monitor.fd < 0 || h->monitor_family == h->family)
		return;
	h->monitor_err = h->group ? kmtia_sock_join(&h->monitor, h->group) : -ENOENT;
	h->monitor_family = h->family;
	h->monitor.lost = true;
}

/* Once more: the callback is another one from now on. */
KMTIA_EXPORT int kmtia_monitor(struct kmtia *h, kmtia_event_cb cb, void *user)
{
	int err = 0;

	kmtia_begin(h);
	if (!cb)
		return kmtia_fail(h, -EINVAL, "callback is missing");
	if (h->monitor.fd < 0) {
		err = kmtia_news_open(h);
		if (!err)
			err = join(h);
	}
	if (err) {
		kmtia_news_unuse(h);
		return err;
	}
	h->event_cb = cb;
	h->event_user = user;
	return 0;
}
