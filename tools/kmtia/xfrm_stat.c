// SPDX-License-Identifier: GPL-2.0-only
/* XFRM's own counters that tell when two ends do not fit each other. */
#include "kmtia_cmd.h"

#include <inttypes.h>
#include <string.h>

/* Of the thread's network namespace; /proc/net is that of the main thread. */
const char xfrm_stat_path[] = "/proc/thread-self/net/xfrm_stat";

static const struct xfrm_counter explained[XFRM_COUNTERS] = {
	{
		.name = "XfrmInStateProtoError",
		.meaning = "a packet did not authenticate: the two ends may hold different keys",
	},
	{
		.name = "XfrmInNoStates",
		.meaning = "a packet came for an SA that this end does not have: refused or "
			   "deleted here",
	},
	{
		.name = "XfrmInStateSeqError",
		.meaning = "a packet was outside the replay window, or came twice",
	},
	{
		.name = "XfrmInStateModeError",
		.meaning = "a packet did not fit the SA's mode: tunnel here, transport there",
	},
	{
		.name = "XfrmInStateMismatch",
		.meaning = "a packet did not fit the SA: UDP encapsulation or addresses differ",
	},
	{
		.name = "XfrmInStateExpired",
		.meaning = "a packet came for an SA that is past its lifetime here",
	},
	{
		.name = "XfrmInStateInvalid",
		.meaning = "a packet came for an SA that was not ready or being deleted",
	},
	{
		.name = "XfrmInTmplMismatch",
		.meaning = "a packet did not come by the SA that the policy demands",
	},
	{
		.name = "XfrmInNoPols",
		.meaning = "a packet came by an SA, but no policy allows it",
	},
	{
		.name = "XfrmOutNoStates",
		.meaning = "a packet was dropped for want of an SA: not negotiated yet, or refused",
	},
	{
		.name = "XfrmOutStateProtoError",
		.meaning = "a packet could not be encrypted",
	},
	{
		.name = "XfrmOutStateExpired",
		.meaning = "a packet was to use an SA that is past its lifetime",
	},
	{
		.name = "XfrmAcquireError",
		.meaning = "an SA was needed, but no keying module took it up",
	},
};

void xfrm_stat_init(struct xfrm_counter counters[XFRM_COUNTERS])
{
	memcpy(counters, explained, sizeof(explained));
}

/* Take the values out of the file's lines, which are "NAME VALUE". */
void xfrm_stat_read(FILE *in, struct xfrm_counter counters[XFRM_COUNTERS])
{
	char line[128], name[64];
	uint64_t value;
	size_t i;

	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%63s %" SCNu64, name, &value) != 2)
			continue;
		for (i = 0; i < XFRM_COUNTERS; i++)
			if (!strcmp(counters[i].name, name))
				counters[i].value = value;
	}
}
