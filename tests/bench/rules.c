// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules N: adds N rules of all kinds of selectors, drawn at random (the same in each run), from
 * priority 1000 on. None covers an SA of ESP from 10.1.0.1 to 10.0.0.0/8 with request id 1,
 * without mark and XFRM interface.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libkmtia.h"

/* xorshift64: the same numbers with each C library */
static uint64_t state = 88172645463325252ULL;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

/* Not in 10.0.0.0/8: in 128.0.0.0/1, or 2001:db8::/32 */
static void draw_prefix(uint16_t family, uint8_t addr[16], uint8_t *len)
{
	static const uint8_t documentation[] = { 0x20, 0x01, 0x0d, 0xb8 };
	unsigned int bits = family == AF_INET ? 32 : 128, least = family == AF_INET ? 8 : 40, i;

	memset(addr, 0, 16);
	for (i = 0; i < bits / 8; i++)
		addr[i] = below(256);
	if (family == AF_INET)
		addr[0] |= 0x80;
	else
		memcpy(addr, documentation, sizeof(documentation));
	*len = least + below(bits - least + 1);
	for (i = *len; i < bits; i++)
		addr[i / 8] &= ~(0x80 >> i % 8);
}

/* What keeps the rule from the SAs of the benchmark */
static void draw_reason(struct kmtia_rule *rule)
{
	switch (below(5)) {
	case 0:
		rule->has_reqid = true;
		rule->reqid = 2 + below(100000);
		break;
	case 1:
		rule->has_if_id = true;
		rule->if_id = 1 + below(100000);
		break;
	case 2:
		rule->family = below(4) ? AF_INET : AF_INET6;
		rule->has_remote = true;
		draw_prefix(rule->family, rule->remote, &rule->remote_len);
		break;
	case 3:
		rule->family = below(4) ? AF_INET : AF_INET6;
		rule->has_local = true;
		draw_prefix(rule->family, rule->local, &rule->local_len);
		break;
	default:
		/* An exception for a mark does not cover an SA that has none. */
		rule->has_mark = true;
		rule->mark_mask = below(2) ? 0xffffffff : 0xffU << 8 * below(4);
		rule->mark = (1 + below(0xfffffff)) & rule->mark_mask;
		rule->dictate = KMTIA_GRANT_NONE;
		break;
	}
}

static void draw(struct kmtia_rule *rule)
{
	rule->dictate = below(8) ? KMTIA_GRANT_ANY : KMTIA_GRANT_NONE;
	draw_reason(rule);
	if (!below(3))
		rule->proto = below(2) ? IPPROTO_ESP : IPPROTO_AH;
	if (!below(4))
		rule->direction = below(2) ? KMTIA_DIRECTION_IN : KMTIA_DIRECTION_OUT;
	if (rule->family && !rule->has_local && below(2)) {
		rule->has_local = true;
		draw_prefix(rule->family, rule->local, &rule->local_len);
	}
}

int main(int argc, char **argv)
{
	unsigned long i, n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct kmtia *h = NULL;
	int err;

	if (!n) {
		fprintf(stderr, "usage: rules N\n");
		return EXIT_FAILURE;
	}
	err = kmtia_open(&h);
	for (i = 0; i < n && !err; i++) {
		struct kmtia_rule rule = { .size = sizeof(rule), .priority = 1000 + i };

		draw(&rule);
		err = kmtia_rule_add(h, &rule);
	}
	if (err)
		fprintf(stderr, "rules: %s\n", kmtia_strerror(h, err));
	kmtia_close(h);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
