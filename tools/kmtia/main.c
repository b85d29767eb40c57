// SPDX-License-Identifier: GPL-2.0-only
/* kmtia: administration of IPsec key dictation. Options, then an object. */
#include "kmtia_cmd.h"
#include "netns.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

static const char help[] =
	"Usage: kmtia [OPTIONS] OBJECT [COMMAND ...]\n"
	"OBJECT := manager | rule | sa | stats | monitor | secret | status\n"
	"Objects and commands may be abbreviated; \"show\" is the default command;\n"
	"\"kmtia OBJECT help\" says more.\n"
	"OPTIONS := -j|--json        print JSON\n"
	"           -p|--pretty      with -j: for people\n"
	"           -s|--statistics  print counters also\n"
	"           -t|--timestamp   monitor: print the time of each event\n"
	"           -n|--netns NAME  work in that network namespace\n"
	"           -V|--version     print the version\n"
	"           -h|--help        print this\n"
	"Exit status: 0 done, 1 wrong usage, 2 refused by the kernel, the library or\n"
	"kmtiad.\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "statistics", no_argument, NULL, 's' },
	{ "timestamp", no_argument, NULL, 't' },
	{ "netns", required_argument, NULL, 'n' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int enter_netns(struct cmd *c, const char *name)
{
	int err = netns_enter(name);

	if (!err)
		return CMD_OK;
	if (err == -EINVAL)
		return cmd_usage(c, "\"%s\" is not a name of a network namespace", name);
	cmd_error(c, "cannot enter network namespace \"%s\": %s", name, strerror(-err));
	return CMD_FAILED;
}

/* Returns an exit code, or -1 to go on. */
static int handle_option(struct cmd *c, int option)
{
	int code;

	switch (option) {
	case 'j':
		c->json = true;
		return -1;
	case 'p':
		c->pretty = true;
		return -1;
	case 's':
		c->statistics = true;
		return -1;
	case 't':
		c->timestamp = true;
		return -1;
	case 'n':
		code = enter_netns(c, optarg);
		return code ? code : -1;
	case 'V':
		fprintf(c->out, "kmtia %s\n", kmtia_version());
		return CMD_OK;
	case 'h':
		fputs(help, c->out);
		return CMD_OK;
	default:
		/* getopt_long() has said what is wrong. */
		return CMD_USAGE;
	}
}

int main(int argc, char **argv)
{
	struct cmd c = { .out = stdout, .err = stderr };
	int option, code;

	/* "+": an object's own words are none of our options. */
	while ((option = getopt_long(argc, argv, "+jpstn:Vh", options, NULL)) != -1) {
		code = handle_option(&c, option);
		if (code >= 0)
			return code;
	}
	if (optind == argc) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	if (!strcmp(argv[optind], "help")) {
		fputs(help, stdout);
		return CMD_OK;
	}

	code = cmd_run(&c, argc - optind, argv + optind);
	kmtia_close(c.h);
	return code;
}
