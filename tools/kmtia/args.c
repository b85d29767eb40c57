// SPDX-License-Identifier: GPL-2.0-only
/* Words and values of the command line. */
#include "kmtia_cmd.h"
#include "parse.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static void report_ambiguous(struct cmd *c, const struct cmd_word *words, const char *word)
{
	const char *separator = "";
	size_t len = strlen(word);

	fprintf(c->err, "kmtia: \"%s\" is ambiguous: ", word);
	for (; words->name; words++) {
		if (strncmp(words->name, word, len))
			continue;
		fprintf(c->err, "%s%s", separator, words->name);
		separator = ", ";
	}
	fputc('\n', c->err);
}

/*
 * Which of @words is meant by @word, a name or the beginning of one? Names that
 * do the same are one candidate. Returns NULL, having said why, if it is none,
 * or more than one.
 */
const struct cmd_word *args_match(struct cmd *c, const char *what,
				  const struct cmd_word *words, const char *word)
{
	const struct cmd_word *w, *found = NULL;
	bool ambiguous = false;
	size_t len = strlen(word);

	for (w = words; w->name; w++) {
		if (!strcmp(w->name, word))
			return w;
		if (!len || strncmp(w->name, word, len))
			continue;
		if (found && found->run != w->run)
			ambiguous = true;
		found = w;
	}
	if (ambiguous) {
		report_ambiguous(c, words, word);
		return NULL;
	}
	if (!found)
		cmd_error(c, "unknown %s \"%s\"; \"help\" lists them", what, word);
	return found;
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
const char *args_prefix(const char *text, uint16_t *family, uint8_t addr[16], uint8_t *len)
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
bool args_mark(const char *text, uint32_t *mark, uint32_t *mask)
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
bool args_grant(const char *text, uint32_t *grant, uint8_t uuid[KMTIA_UUID_LEN])
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
