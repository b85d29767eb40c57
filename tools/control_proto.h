/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kmtia(8) and kmtiad(8) say to each other by the socket that "control"
 * names in kmtiad.conf(5): a connection of type SOCK_SEQPACKET, on it one
 * message to the daemon and one back, each a JSON object.
 *
 *   {"command": "secret-show"}
 *     {"derivation": "mix", "standing": true, "used": "2026-11",
 *      "secrets": [{"key_id": "2026-11", "used": true}, ...],
 *      "registered": true, "state": "/var/lib/kmtia/use"}
 *   {"command": "secret-use", "key_id": "2026-12"}
 *     {"used": "2026-12", "before": "2026-11", "kept": true}
 *   anything that fails; whoever is not heard at all, gets it unasked
 *     {"error": "why"}
 */
#ifndef KMTIA_TOOLS_CONTROL_PROTO_H
#define KMTIA_TOOLS_CONTROL_PROTO_H

/* Where kmtia(8) looks for the socket; kmtiad(8) has none if not told to. */
#define CONTROL_PATH "/run/kmtia/kmtiad.sock"

/* Bytes of a message. All key-ids with all their bytes as escapes fit a reply. */
#define CONTROL_REQUEST_MAX 1024
#define CONTROL_REPLY_MAX (64 << 10)

#endif /* KMTIA_TOOLS_CONTROL_PROTO_H */
