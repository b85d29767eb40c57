// SPDX-License-Identifier: GPL-2.0-only
/* kmtiad: a Trusted Intermediary Agent. Options, and then the loop. */
#include "config.h"
#include "log.h"
#include "loop.h"
#include "netns.h"
#include "service.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"Usage: kmtiad [OPTIONS]\n"
	"Supplies, and is told, the keys of IPsec SAs that rules of kmtia(8) leave to it.\n"
	"  -f, --foreground   do not detach from the terminal; it never does\n"
	"  -c, --config FILE  configuration instead of /etc/kmtia/kmtiad.conf\n"
	"      --check-config  only read the configuration, and say what is wrong with it\n"
	"  -n, --netns NAME   work in that network namespace\n"
	"  -v, --verbose      log more\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this\n"
	"Exit status: 0 ended by SIGTERM or SIGINT, 1 failed, 2 bad configuration.\n";

struct settings {
	const char *config_path;
	const char *netns;
	bool check_only;
	bool verbose;
};

enum { OPTION_CHECK_CONFIG = 256 };

static const struct option options[] = {
	{ "foreground", no_argument, NULL, 'f' },
	{ "config", required_argument, NULL, 'c' },
	{ "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
	{ "netns", required_argument, NULL, 'n' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Returns an exit code, or -1 to go on. */
static int handle_option(struct settings *s, int option)
{
	switch (option) {
	case 'f':
		return -1;
	case 'c':
		s->config_path = optarg;
		return -1;
	case OPTION_CHECK_CONFIG:
		s->check_only = true;
		return -1;
	case 'n':
		s->netns = optarg;
		return -1;
	case 'v':
		s->verbose = true;
		return -1;
	case 'V':
		printf("kmtiad %s\n", kmtia_version());
		return EXIT_DONE;
	case 'h':
		fputs(help, stdout);
		return EXIT_DONE;
	default:
		return EXIT_FAILED;
	}
}

static int parse_options(struct settings *s, int argc, char **argv)
{
	int option, code;

	while ((option = getopt_long(argc, argv, "fc:n:vVh", options, NULL)) != -1) {
		code = handle_option(s, option);
		if (code >= 0)
			return code;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "kmtiad: unexpected word \"%s\"\n", argv[optind]);
	return EXIT_FAILED;
}

/* Returns NULL, having said why, with the exit code in @code. */
static struct config *load(const char *path, int *code)
{
	char error[CONFIG_ERROR_SIZE];
	struct config *config = config_load(path, error);

	if (config)
		return config;
	/* What may pass, the service manager shall try again. */
	*code = errno == EAGAIN ? EXIT_FAILED : EXIT_CONFIG;
	log_clean(error);
	fprintf(stderr, "%s\n", error);
	return NULL;
}

int main(int argc, char **argv)
{
	struct settings s = { .config_path = "/etc/kmtia/kmtiad.conf" };
	struct config *config;
	int code, err;

	code = parse_options(&s, argc, argv);
	if (code >= 0)
		return code;
	log_open(s.verbose);
	if (!s.check_only)
		service_harden();

	config = load(s.config_path, &code);
	if (!config)
		return code;
	if (s.check_only) {
		config_free(config);
		return EXIT_DONE;
	}
	err = s.netns ? netns_enter(s.netns) : 0;
	if (err) {
		log_err("cannot enter network namespace \"%s\": %s", s.netns, strerror(-err));
		config_free(config);
		return EXIT_FAILED;
	}
	return loop_run(config, s.config_path);
}
