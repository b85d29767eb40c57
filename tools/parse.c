// SPDX-License-Identifier: GPL-2.0-only
/* Values in text, of a command line or of a configuration. */
#include "parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Decimal, or hexadecimal with 0x. */
bool parse_u32(const char *text, uint32_t *value)
{
	unsigned long long number;
	char *end;

	/* strtoull() would take "-1" and " 1". */
	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	number = strtoull(text, &end, 0);
	if (*end || errno || number > UINT32_MAX)
		return false;
	*value = (uint32_t)number;
	return true;
}

bool parse_address(const char *text, uint16_t *family, uint8_t addr[16])
{
	memset(addr, 0, 16);
	*family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, addr) == 1;
}

bool parse_proto(const char *text, uint8_t *proto)
{
	if (!strcmp(text, "esp"))
		*proto = IPPROTO_ESP;
	else if (!strcmp(text, "ah"))
		*proto = IPPROTO_AH;
	else
		return false;
	return true;
}

static bool has_host_bits(const uint8_t addr[16], unsigned int size, unsigned int len)
{
	unsigned int bit;

	for (bit = len; bit < size * 8; bit++)
		if (addr[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

/* ADDRESS or ADDRESS/LENGTH. Returns NULL, or what is wrong with it. */
const char *parse_prefix(const char *text, uint16_t *family, uint8_t addr[16], uint8_t *len)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	uint32_t bits, size;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(address))
		return "is not an address";
	memcpy(address, text, n);
	address[n] = '\0';
	if (!parse_address(address, family, addr))
		return "is not an address";

	size = *family == AF_INET ? 4 : 16;
	bits = size * 8;
	if (slash && (!parse_u32(slash + 1, &bits) || bits > size * 8))
		return "has no valid prefix length";
	/* ip-route(8) drops them; here they rather betray a mistake. */
	if (has_host_bits(addr, size, bits))
		return "has host bits set";
	*len = (uint8_t)bits;
	return NULL;
}

/* VALUE or VALUE/MASK. */
bool parse_mark(const char *text, uint32_t *mark, uint32_t *mask)
{
	const char *slash = strchr(text, '/');
	char value[16];

	*mask = UINT32_MAX;
	if (!slash)
		return parse_u32(text, mark);
	if ((size_t)(slash - text) >= sizeof(value))
		return false;
	memcpy(value, text, slash - text);
	value[slash - text] = '\0';
	return parse_u32(value, mark) && parse_u32(slash + 1, mask);
}

/* "none", "any" or a UUID. */
bool parse_grant(const char *text, uint32_t *grant, uint8_t uuid[KMTIA_UUID_LEN])
{
	if (!strcmp(text, "none"))
		*grant = KMTIA_GRANT_NONE;
	else if (!strcmp(text, "any"))
		*grant = KMTIA_GRANT_ANY;
	else if (!kmtia_uuid_parse(text, uuid))
		*grant = KMTIA_GRANT_NAMED;
	else
		return false;
	return true;
}
