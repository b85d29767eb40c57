// SPDX-License-Identifier: GPL-2.0-only
/* Checks of single values of the configuration. */
#include "config.h"
#include "control_char.h"
#include "manager_flag.h"
#include "parse.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

/*
 * libconfuse would let the last of two values win, which hides mistakes. It has
 * forgotten the first when it asks about the second; but an option has room for
 * a comment, which nothing else uses. The line goes there, for errors that are
 * found later.
 */
static bool is_given_twice(cfg_t *cfg, cfg_opt_t *opt)
{
	char line[16];

	if (opt->flags & CFGF_LIST)
		return false;
	if (cfg_opt_getcomment(opt))
		return true;
	snprintf(line, sizeof(line), "%d", cfg->line);
	cfg_opt_setcomment(opt, line);
	return false;
}

/*
 * @section, for cfg_error() to name the line where its option @name was given.
 * To be used when the section was read: it forgets its own line.
 */
cfg_t *config_at(cfg_t *section, const char *name)
{
	cfg_opt_t *opt = cfg_getopt(section, name);
	const char *line = cfg_opt_getcomment(opt);

	if (line)
		section->line = atoi(line);
	else if (opt->type == CFGT_SEC && cfg_opt_size(opt))
		section->line = cfg_opt_getnsec(opt, 0)->line;
	return section;
}

/*
 * All values pass here. libconfuse has no unsigned type, so that numbers are
 * strings to it.
 */
static int accept_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result,
			const char *wrong)
{
	if (is_given_twice(cfg, opt)) {
		cfg_error(cfg, "%s is given twice", opt->name);
		return -1;
	}
	if (wrong) {
		cfg_error(cfg, "%s: \"%s\" %s", opt->name, value, wrong);
		return -1;
	}
	*(const char **)result = value;
	return 0;
}

/* For options whose values another file knows. */
int config_accept(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result,
		  const char *wrong)
{
	return accept_value(cfg, opt, value, result, wrong);
}

static const char *too_long(const char *value, size_t max)
{
	return strlen(value) > max ? "is too long" : NULL;
}

static const char *has_control(const char *value)
{
	for (; *value; value++)
		if (control_char(value))
			return "has a control character";
	return NULL;
}

/* One line of text, as the service manager is told it: a second would be its own. */
static const char *wrong_line(const char *value, size_t max)
{
	const char *wrong = has_control(value);

	return wrong ? wrong : too_long(value, max);
}

int config_value_text(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return accept_value(cfg, opt, value, result, wrong_line(value, KMTIA_TEXT_MAX_LEN));
}

int config_value_name(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return accept_value(cfg, opt, value, result, wrong_line(value, KMTIA_NAME_MAX_LEN));
}

int config_value_key_id(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return accept_value(cfg, opt, value, result, too_long(value, KMTIA_KEY_ID_MAX_LEN));
}

/*
 * The name of a secret is typed in commands, shown in JSON, and the same at both
 * ends: text, and not just bytes.
 */
static const char *wrong_secret_id(const char *value)
{
	json_t *text = json_string(value);
	bool valid = text;

	json_decref(text);
	if (!valid)
		return "is not UTF-8";
	if (!value[0])
		return "is empty";
	return wrong_line(value, KMTIA_KEY_ID_MAX_LEN);
}

int config_value_secret_id(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return accept_value(cfg, opt, value, result, wrong_secret_id(value));
}

int config_value_u32(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	uint32_t number;

	return accept_value(cfg, opt, value, result,
			    parse_u32(value, &number) ? NULL : "is not a number of 32 bits");
}

int config_value_timeout(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	uint32_t seconds;
	bool valid = parse_u32(value, &seconds) && seconds <= KMTIA_TIMEOUT_HINT_MAX;

	return accept_value(cfg, opt, value, result,
			    valid ? NULL : "is not a time from 0 to 10 seconds");
}

int config_value_grace(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	uint32_t ms;
	bool valid = parse_u32(value, &ms) && ms <= KMTIA_GRACE_MAX;

	return accept_value(cfg, opt, value, result,
			    valid ? NULL : "is not a time from 0 to 60000 milliseconds");
}

bool config_is_true(const char *value)
{
	return !strcasecmp(value, "true") || !strcasecmp(value, "yes") ||
	       !strcasecmp(value, "on");
}

int config_value_bool(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	bool valid = config_is_true(value) || !strcasecmp(value, "false") ||
		     !strcasecmp(value, "no") || !strcasecmp(value, "off");

	return accept_value(cfg, opt, value, result, valid ? NULL : "is neither true nor false");
}

int config_value_uuid(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	uint8_t uuid[KMTIA_UUID_LEN];

	return accept_value(cfg, opt, value, result,
			    kmtia_uuid_parse(value, uuid) ? "is not a UUID" : NULL);
}

int config_value_flag(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	uint32_t flag;
	bool valid = manager_flag_parse(value, &flag);

	return accept_value(cfg, opt, value, result,
			    valid ? NULL : "is not dictate, notify or exclusive");
}

/* What config_value_flag() accepted, one by one. */
uint32_t config_flags(cfg_t *section, const char *name)
{
	uint32_t flags = 0, flag;
	unsigned int i;

	for (i = 0; i < cfg_size(section, name); i++)
		if (manager_flag_parse(cfg_getnstr(section, name, i), &flag))
			flags |= flag;
	return flags;
}

int config_value_proto(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	uint8_t proto;

	return accept_value(cfg, opt, value, result,
			    parse_proto(value, &proto) ? NULL : "is neither esp nor ah");
}

int config_value_address(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	uint8_t addr[16];
	uint16_t family;

	return accept_value(cfg, opt, value, result,
			    parse_address(value, &family, addr) ? NULL : "is not an address");
}

int config_value_path(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	/* A service's working directory is not where one thinks. */
	return accept_value(cfg, opt, value, result,
			    value[0] == '/' ? NULL : "is not an absolute path");
}

int config_value_socket(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char *wrong = value[0] == '/' ? NULL : "is not an absolute path";

	if (!wrong)
		wrong = too_long(value, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	return accept_value(cfg, opt, value, result, wrong);
}

/* A file in the directory of credentials, and not elsewhere. */
int config_value_credential(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	bool valid = value[0] && !strchr(value, '/') && strcmp(value, ".") &&
		     strcmp(value, "..");

	return accept_value(cfg, opt, value, result,
			    valid ? NULL : "is not the name of a credential");
}

int config_value_derivation(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	bool valid = !strcmp(value, "mix") || !strcmp(value, "expand");

	return accept_value(cfg, opt, value, result, valid ? NULL : "is neither mix nor expand");
}

int config_value_on_missing(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	bool valid = !strcmp(value, "cannot") || !strcmp(value, "cannot-gen-key") ||
		     !strcmp(value, "decline");

	return accept_value(cfg, opt, value, result,
			    valid ? NULL : "is not cannot, cannot-gen-key or decline");
}

int config_value_function(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return accept_value(cfg, opt, value, result,
			    strcmp(value, "spi-sha256") ? "is not spi-sha256" : NULL);
}

static const char *wrong_hex(const char *value)
{
	size_t i;

	if (value[0] != '0' || (value[1] != 'x' && value[1] != 'X') || !value[2])
		return "does not begin with 0x and digits";
	for (i = 2; value[i]; i++)
		if (!isxdigit((unsigned char)value[i]))
			return "has something else than hexadecimal digits";
	if (i % 2)
		return "has an odd number of digits";
	if ((i - 2) / 2 > KMTIA_KEY_MAX_LEN)
		return "is too long";
	return NULL;
}

/* A key: what is wrong with it is said without showing it. */
int config_value_hex(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char *wrong = wrong_hex(value);

	if (wrong) {
		cfg_error(cfg, "%s: the key %s", opt->name, wrong);
		return -1;
	}
	return accept_value(cfg, opt, value, result, NULL);
}

static uint8_t hex_digit(char digit)
{
	if (digit <= '9')
		return (uint8_t)(digit - '0');
	return (uint8_t)((digit | 0x20) - 'a' + 10);
}

/* Decode what config_value_hex() accepted; returns the number of bytes. */
size_t config_hex_decode(const char *hex, uint8_t *bytes, size_t size)
{
	size_t n;

	for (n = 0, hex += 2; n < size && hex[0]; n++, hex += 2)
		bytes[n] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
	return n;
}
