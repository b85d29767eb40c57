// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generic netlink family: is it there, and which number, commands and group has
 * it? All that changes when the module is unloaded and loaded again.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "internal.h"

/* --- Descriptions of families ---------------------------------------------------- */

static void learn_commands(struct kmtia *h, struct nlattr *list)
{
	struct nlattr *nest, *tb[CTRL_ATTR_OP_MAX + 1];
	uint32_t cmd;
	int left;

	nla_for_each_nested(nest, list, left) {
		if (!nla_parse_nested(tb, CTRL_ATTR_OP_MAX, nest, NULL) &&
		    kmtia_get_u32(tb[CTRL_ATTR_OP_ID], &cmd) && cmd < 64)
			h->commands |= 1ULL << cmd;
	}
}

static void learn_group(struct kmtia *h, struct nlattr *list)
{
	struct nlattr *nest, *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];
	const char *name;
	int left;

	nla_for_each_nested(nest, list, left) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, nest, NULL))
			continue;
		name = kmtia_get_text(tb[CTRL_ATTR_MCAST_GRP_NAME]);
		if (name && !strcmp(name, KMTIA_MCGRP_MONITOR))
			kmtia_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID], &h->group);
	}
}

/* Is that family ours? Then its number is in *@id. */
bool kmtia_family_is_ours(struct nlattr **tb, uint16_t *id)
{
	const char *name = kmtia_get_text(tb[CTRL_ATTR_FAMILY_NAME]);
	const struct nlattr *number = tb[CTRL_ATTR_FAMILY_ID];

	if (!name || strcmp(name, KMTIA_FAMILY_NAME) || !number ||
	    nla_len(number) != sizeof(*id))
		return false;
	memcpy(id, nla_data(number), sizeof(*id));
	return true;
}

/* From the description of a family that is ours. */
static void learn(struct kmtia *h, struct nlattr **tb)
{
	kmtia_family_is_ours(tb, &h->family);
	h->commands = 0;
	h->group = 0;
	if (tb[CTRL_ATTR_OPS])
		learn_commands(h, tb[CTRL_ATTR_OPS]);
	if (tb[CTRL_ATTR_MCAST_GROUPS])
		learn_group(h, tb[CTRL_ATTR_MCAST_GROUPS]);
}

/* --- Questions to the controller --------------------------------------------------- */

static struct nl_msg *get_family(struct kmtia *h, int flags)
{
	return kmtia_message_new(h, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK | flags);
}

static int learn_answer(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	uint16_t id;

	(void)arg;
	if (kmtia_fields_parse(nlh, tb, CTRL_ATTR_MAX) || !kmtia_family_is_ours(tb, &id))
		return kmtia_fail(h, -EBADMSG, "the kernel's description of the family "
					       "is malformed");
	learn(h, tb);
	return 0;
}

/* By name, which makes the kernel load the module. Not genl_ctrl_resolve(): that
 * reports any error as another one, and neither commands nor a group's id. */
int kmtia_family_find(struct kmtia *h)
{
	struct nl_msg *msg = get_family(h, 0);

	if (!msg)
		return -ENOMEM;
	nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, KMTIA_FAMILY_NAME);
	return kmtia_command_run(h, &h->command, msg, learn_answer, NULL);
}

/* One of all families: is it ours? Those of others need not be understood. */
static int learn_one(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	bool *found = arg;
	uint16_t id;

	if (!kmtia_fields_parse(nlh, tb, CTRL_ATTR_MAX) && kmtia_family_is_ours(tb, &id)) {
		learn(h, tb);
		*found = true;
	}
	return 0;
}

/* The number may be another family's by now, which is as if nobody had it. */
static int check_name(struct kmtia *h, struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	uint16_t id;

	(void)h;
	(void)arg;
	return kmtia_fields_parse(nlh, tb, CTRL_ATTR_MAX) || !kmtia_family_is_ours(tb, &id) ?
		       -ENOENT :
		       0;
}

/* -ENOENT: our family has not that number. */
static int ask_by_number(struct kmtia *h, uint16_t id)
{
	struct nl_msg *msg = get_family(h, 0);

	if (!msg)
		return -ENOMEM;
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, id);
	return kmtia_command_run(h, &h->command, msg, check_name, NULL);
}

/*
 * Is the family there? Not by name: an administrator who has just unloaded the module
 * does not want it back because somebody asks. Returns 1 if it is, 0 if not, or a
 * negative errno.
 */
int kmtia_family_look(struct kmtia *h)
{
	struct nl_msg *msg = get_family(h, NLM_F_DUMP);
	bool found = false;
	int err;

	if (!msg)
		return -ENOMEM;
	err = kmtia_command_run(h, &h->command, msg, learn_one, &found);
	if (err || found)
		return err ? err : 1;
	/* The kernel goes on with the list where it left off by counting: if another
	 * family goes meanwhile, it passes over one. That may be ours, and a registration
	 * that lives must not be void for that. */
	err = ask_by_number(h, h->family);
	if (err == -ENOENT)
		return 0;
	return err ? err : 1;
}

/*
 * Is @id the family's number still? Then 0. If not, look for another one: 1 if there is
 * one, which is learnt, else -ENOTCONN. Another error: it can't be told.
 */
int kmtia_family_renew(struct kmtia *h, uint16_t id)
{
	int err = ask_by_number(h, id);

	if (err != -ENOENT)
		return err;
	if (kmtia_family_look(h) == 1)
		return 1;
	return kmtia_fail(h, -ENOTCONN, "the kernel module was unloaded");
}
