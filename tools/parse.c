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
