/* SPDX-License-Identifier: GPL-2.0 */
/* For each command of the family a message that is right */
#ifndef _KMTIA_NL_OPS_H
#define _KMTIA_NL_OPS_H

#include "nl_client.h"

#define NL_OWN_UUID	{ 0xb0, 1 }	/* who registered */
#define NL_OTHER_UUID	{ 0xb0, 2 }	/* nobody */
#define NL_PRIORITY	4711
#define NL_MAX_FIELDS	6

/**
 * struct nl_field - an attribute of a right message
 * @type: its type, with flags
 * @required: without it the message is refused
 * @data: its payload
 * @len: how long that is
 */
struct nl_field {
	u16 type;
	bool required;
	const void *data;
	unsigned int len;
};

/**
 * struct nl_op - a command
 * @cmd: its number
 * @name: its name
 * @fields: of a message that is right, but may meet with an error: there is no
 *	such manager, rule or question
 */
struct nl_op {
	u8 cmd;
	const char *name;
	struct nl_field fields[NL_MAX_FIELDS];
};

const struct nl_op *nl_op_find(u8 cmd);
void nl_put_fields(struct nl_msg *msg, const struct nl_op *op, u16 without);

#endif /* _KMTIA_NL_OPS_H */
