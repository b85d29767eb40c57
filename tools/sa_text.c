// SPDX-License-Identifier: GPL-2.0-only
/* Words for the numbers in a description of an SA. */
#include "sa_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char *sa_text_number(unsigned int number, char buf[SA_TEXT_SIZE])
{
	snprintf(buf, SA_TEXT_SIZE, "%u", number);
	return buf;
}

const char *sa_text_address(uint16_t family, const uint8_t *addr, char buf[SA_TEXT_SIZE])
{
	if (!inet_ntop(family, addr, buf, SA_TEXT_SIZE))
		strcpy(buf, "?");
	return buf;
}

const char *sa_text_family(uint16_t family)
{
	switch (family) {
	case AF_INET:
		return "inet";
	case AF_INET6:
		return "inet6";
	default:
		return "?";
	}
}

const char *sa_text_proto(uint8_t proto, char buf[SA_TEXT_SIZE])
{
	switch (proto) {
	case IPPROTO_ESP:
		return "esp";
	case IPPROTO_AH:
		return "ah";
	default:
		return sa_text_number(proto, buf);
	}
}

/* The names that ip-xfrm(8) uses; the position is XFRM_MODE_*. */
const char *sa_text_mode(uint8_t mode, char buf[SA_TEXT_SIZE])
{
	static const char *const names[] = {
		"transport", "tunnel", "ro", "in_trigger", "beet", "iptfs"
	};

	if (mode < sizeof(names) / sizeof(names[0]))
		return names[mode];
	return sa_text_number(mode, buf);
}

/* The names that ip-xfrm(8) uses for UDP_ENCAP_* and TCP_ENCAP_*. */
const char *sa_text_encap(uint16_t type, char buf[SA_TEXT_SIZE])
{
	switch (type) {
	case 1:
		return "espinudp-nonike";
	case 2:
		return "espinudp";
	case 7:
		return "espintcp";
	default:
		return sa_text_number(type, buf);
	}
}
