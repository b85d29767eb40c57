/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: each transition of a request, a decision, an SA and a manager.
 * Never a byte of a key or a secret.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kmtia

#if !defined(_KMTIA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KMTIA_TRACE_H

#include <linux/tracepoint.h>
#include <net/ipv6.h>

#include "internal.h"

#ifndef _KMTIA_TRACE_FIELDS
#define _KMTIA_TRACE_FIELDS
/* Addresses as IPv6 has them, so that one field does for both families */
static inline void kmtia_trace_addr(u8 *to, const union kmtia_addr *addr,
				    u16 family)
{
	if (family == AF_INET)
		ipv6_addr_set_v4mapped(addr->a4, (struct in6_addr *)to);
	else
		memcpy(to, addr, sizeof(*addr));
}
#endif

/* For programs that read the records: their numbers */
TRACE_DEFINE_ENUM(KMTIA_REQUEST_OPEN);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_BID);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_KEYS);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_CANNOT);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_UNUSABLE);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_DEADLINE);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_DEATH);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_WITHDRAWN);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_UNLOAD);
TRACE_DEFINE_ENUM(KMTIA_REQUEST_UNSENT);
TRACE_DEFINE_ENUM(KMTIA_VERDICT_REFUSED);
TRACE_DEFINE_ENUM(KMTIA_VERDICT_DICTATED);
TRACE_DEFINE_ENUM(KMTIA_VERDICT_KEPT);
TRACE_DEFINE_ENUM(KMTIA_MONITOR_EVENT_MANAGER_ADD);
TRACE_DEFINE_ENUM(KMTIA_MONITOR_EVENT_MANAGER_DEL);
TRACE_DEFINE_ENUM(KMTIA_MONITOR_EVENT_STALLED);
TRACE_DEFINE_ENUM(KMTIA_MONITOR_EVENT_RECOVERED);
TRACE_DEFINE_ENUM(KMTIA_MONITOR_EVENT_ORPHANED);

#define KMTIA_SHOW_STATE(value)						\
	__print_symbolic(value,						\
		{ KMTIA_REQUEST_OPEN, "open" },				\
		{ KMTIA_REQUEST_BID, "bid" },				\
		{ KMTIA_REQUEST_KEYS, "keys" },				\
		{ KMTIA_REQUEST_CANNOT, "cannot" },			\
		{ KMTIA_REQUEST_UNUSABLE, "unusable" },			\
		{ KMTIA_REQUEST_DEADLINE, "deadline" },			\
		{ KMTIA_REQUEST_DEATH, "death" },			\
		{ KMTIA_REQUEST_WITHDRAWN, "withdrawn" },		\
		{ KMTIA_REQUEST_UNLOAD, "unload" },			\
		{ KMTIA_REQUEST_UNSENT, "unsent" })

#define KMTIA_SHOW_VERDICT(value)					\
	__print_symbolic(value,						\
		{ KMTIA_VERDICT_REFUSED, "refused" },			\
		{ KMTIA_VERDICT_DICTATED, "dictated" },			\
		{ KMTIA_VERDICT_KEPT, "kept" })

TRACE_EVENT(kmtia_request_open,
	TP_PROTO(const struct kmtia_request *req),
	TP_ARGS(req),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, spi)
		__field(u8, proto)
		__field(bool, check)
		__field(bool, keys)
		__array(char, manager, KMTIA_NAME_MAX_LEN + 1)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->spi = be32_to_cpu(req->sa->id.spi);
		__entry->proto = req->sa->id.proto;
		__entry->check = req->check;
		__entry->keys = req->keys;
		strscpy(__entry->manager, req->manager->name,
			KMTIA_NAME_MAX_LEN + 1);
	),
	TP_printk("id=%llu proto=%u spi=0x%08x check=%d keys=%d manager=%s",
		  __entry->id, __entry->proto, __entry->spi, __entry->check,
		  __entry->keys, __entry->manager)
);

TRACE_EVENT(kmtia_request_close,
	TP_PROTO(const struct kmtia_request *req, int err),
	TP_ARGS(req, err),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, state)
		__field(int, err)
		__field(u32, weight)
		__field(u32, status)
		__array(char, manager, KMTIA_NAME_MAX_LEN + 1)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->state = req->state;
		__entry->err = err;
		__entry->weight = req->weight;
		__entry->status = req->status;
		strscpy(__entry->manager, req->manager->name,
			KMTIA_NAME_MAX_LEN + 1);
	),
	TP_printk("id=%llu state=%s err=%d weight=%u status=%u manager=%s",
		  __entry->id, KMTIA_SHOW_STATE(__entry->state), __entry->err,
		  __entry->weight, __entry->status, __entry->manager)
);

TRACE_EVENT(kmtia_decision,
	TP_PROTO(const struct kmtia_decision *d),
	TP_ARGS(d),
	TP_STRUCT__entry(
		__field(u32, rule)
		__field(u32, spi)
		__field(u8, proto)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
		__field(u32, verdict)
		__field(int, err)
		__field(u32, questions)
		__field(bool, standing)
		__array(char, manager, KMTIA_NAME_MAX_LEN + 1)
		__array(char, key_id, KMTIA_KEY_ID_MAX_LEN + 1)
	),
	TP_fast_assign(
		__entry->rule = d->rule->spec.priority;
		__entry->spi = be32_to_cpu(d->sa->id.spi);
		__entry->proto = d->sa->id.proto;
		kmtia_trace_addr(__entry->saddr, &d->sa->saddr,
				 d->sa->id.family);
		kmtia_trace_addr(__entry->daddr, &d->sa->id.daddr,
				 d->sa->id.family);
		__entry->verdict = d->verdict;
		__entry->err = d->err;
		__entry->questions = d->questions;
		__entry->standing = d->standing;
		strscpy(__entry->manager, d->manager ? d->manager->name : "",
			KMTIA_NAME_MAX_LEN + 1);
		strscpy(__entry->key_id, d->key_id, KMTIA_KEY_ID_MAX_LEN + 1);
	),
	TP_printk("rule=%u proto=%u spi=0x%08x src=%pI6c dst=%pI6c verdict=%s err=%d questions=%u standing=%d manager=%s key-id=%s",
		  __entry->rule, __entry->proto, __entry->spi, __entry->saddr,
		  __entry->daddr, KMTIA_SHOW_VERDICT(__entry->verdict),
		  __entry->err, __entry->questions, __entry->standing,
		  __entry->manager, __entry->key_id)
);

TRACE_EVENT(kmtia_manager,
	TP_PROTO(enum kmtia_monitor_event event,
		 const struct kmtia_manager *manager),
	TP_ARGS(event, manager),
	TP_STRUCT__entry(
		__field(u32, event)
		__array(u8, uuid, KMTIA_UUID_LEN)
		__array(char, manager, KMTIA_NAME_MAX_LEN + 1)
	),
	TP_fast_assign(
		__entry->event = event;
		memcpy(__entry->uuid, manager->uuid, KMTIA_UUID_LEN);
		strscpy(__entry->manager, manager->name,
			KMTIA_NAME_MAX_LEN + 1);
	),
	TP_printk("event=%s uuid=%pUb manager=%s",
		  __print_symbolic(__entry->event,
			{ KMTIA_MONITOR_EVENT_MANAGER_ADD, "add" },
			{ KMTIA_MONITOR_EVENT_MANAGER_DEL, "del" },
			{ KMTIA_MONITOR_EVENT_STALLED, "stalled" },
			{ KMTIA_MONITOR_EVENT_RECOVERED, "recovered" },
			{ KMTIA_MONITOR_EVENT_ORPHANED, "orphaned" }),
		  __entry->uuid, __entry->manager)
);

TRACE_EVENT(kmtia_sa,
	TP_PROTO(const struct kmtia_track *track, const char *what),
	TP_ARGS(track, what),
	TP_STRUCT__entry(
		__field(u64, handle)
		__field(u32, rule)
		__field(u32, spi)
		__field(u8, proto)
		__array(u8, daddr, 16)
		__array(char, what, 16)
	),
	TP_fast_assign(
		__entry->handle = track->handle;
		__entry->rule = track->rule->spec.priority;
		__entry->spi = be32_to_cpu(track->id.spi);
		__entry->proto = track->id.proto;
		kmtia_trace_addr(__entry->daddr, &track->id.daddr,
				 track->id.family);
		strscpy(__entry->what, what, 16);
	),
	TP_printk("%s handle=%llu rule=%u proto=%u spi=0x%08x dst=%pI6c",
		  __entry->what, __entry->handle, __entry->rule,
		  __entry->proto, __entry->spi, __entry->daddr)
);

#endif /* _KMTIA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
