// SPDX-License-Identifier: GPL-2.0-only
/* Reads a file with libconfuse, which has its own ideas of errors and where they are. */
#include "config_parse.h"
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where report() leaves the first error: libconfuse hands no pointer of ours
 * to it. Set while config_parse() runs.
 */
static char *error_text;
static bool error_may_pass;

/*
 * May what failed with @err be otherwise in a while, though nobody changes anything? Not
 * if it is about which file it is, and whose.
 */
static bool may_pass(int err)
{
	static const int final[] = {
		EINVAL, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EACCES, EPERM, ENXIO, ENODEV
	};
	size_t i;

	for (i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		if (err == final[i])
			return false;
	return true;
}

static void report(cfg_t *cfg, const char *format, va_list ap)
{
	int n;

	if (!error_text || error_text[0])
		return;
	n = snprintf(error_text, CONFIG_ERROR_SIZE, "%s:%d: ", cfg->filename, cfg->line);
	if (n < CONFIG_ERROR_SIZE)
		vsnprintf(error_text + n, CONFIG_ERROR_SIZE - (size_t)n, format, ap);
}

/* As cfg_error(), of something that failed with @err. */
void config_failed(cfg_t *cfg, int err, const char *format, ...)
{
	va_list ap;

	if (error_text && !error_text[0])
		error_may_pass = may_pass(err);
	va_start(ap, format);
	report(cfg, format, ap);
	va_end(ap);
}

static void out_of_memory(const char *path)
{
	snprintf(error_text, CONFIG_ERROR_SIZE, "%s: out of memory", path);
	error_may_pass = true;
}

/* Parse the text, of which libconfuse makes copies that the syntax's wipe() wipes. */
static bool parse(cfg_t *cfg, const struct config_text *t, const char *path)
{
	FILE *in;
	int result;

	cfg->filename = strdup(path);
	in = fmemopen(t->text, t->size, "r");
	if (!cfg->filename || !in) {
		out_of_memory(path);
		if (in)
			fclose(in);
		return false;
	}
	setvbuf(in, NULL, _IONBF, 0);
	errno = 0;
	result = cfg_parse_fp(cfg, in);
	if (result != CFG_SUCCESS && !error_text[0] && errno == ENOMEM)
		out_of_memory(path);
	fclose(in);
	if (result != CFG_SUCCESS && !error_text[0])
		snprintf(error_text, CONFIG_ERROR_SIZE, "%s:%d: syntax error", path, cfg->line);
	return result == CFG_SUCCESS;
}

static bool parse_and_build(const struct config_syntax *syntax, const struct config_text *t,
			    const char *path, void *user)
{
	cfg_t *cfg = cfg_init(syntax->options, CFGF_NONE);
	bool built;

	if (!cfg) {
		out_of_memory(path);
		return false;
	}
	cfg_set_error_function(cfg, report);
	syntax->set_checks(cfg);
	built = parse(cfg, t, path) && syntax->build(cfg, t, user);
	if (syntax->wipe)
		syntax->wipe(cfg);
	cfg_free(cfg);
	return built;
}

/*
 * Read the file at @path and have it built into @user. Returns false with "FILE:LINE:
 * reason" in @error if it is not right. Then errno is EINVAL; or EAGAIN if it may be
 * right, but cannot be read at this time, or what it names.
 */
bool config_parse(const struct config_syntax *syntax, const char *path, void *user,
		  char *error)
{
	bool built = false;
	struct config_text t;

	error[0] = '\0';
	if (!config_text_read(&t, path, error, CONFIG_ERROR_SIZE)) {
		errno = may_pass(errno) ? EAGAIN : EINVAL;
		return false;
	}
	error_may_pass = false;
	if (config_text_strip(&t, path, error, CONFIG_ERROR_SIZE)) {
		error_text = error;
		built = parse_and_build(syntax, &t, path, user);
		error_text = NULL;
	}
	config_text_free(&t);
	errno = error_may_pass ? EAGAIN : EINVAL;
	return built;
}
