// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmtiad: a Trusted Intermediary Agent. One thread that waits for signals and
 * for the kernel, and nothing else: questions are answered from memory.
 */
#include "config.h"
#include "log.h"
#include "netns.h"
#include "service.h"
#include "tia.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* Exit codes. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,	/* wrong usage, or the kernel refused */
	EXIT_CONFIG = 2,	/* the configuration is not right */
};

#define RETRY_MS 1000		/* for a fetch that failed */
#define CHECK_MS 10000		/* whether we are still registered */

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

/* Signals that are read from a descriptor; -1 with errno. */
static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, NULL))
		return -1;
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void announce(const struct tia *t)
{
	const struct config_manager *m = tia_identity(t);
	char uuid[KMTIA_UUID_STR_SIZE];

	kmtia_uuid_format(m->uuid, uuid);
	log_info("registered as %s (%s)", uuid, m->name);
	service_notify("READY=1\nSTATUS=registered as %s (%s)", uuid, m->name);
}

static void reload(struct tia *t, const char *path)
{
	char error[CONFIG_ERROR_SIZE];
	struct config *config;

	service_reloading();
	config = config_load(path, error);
	if (!config)
		log_err("%s", error);
	if (config && tia_reload(t, config))
		log_info("reloaded %s", path);
	else
		log_err("the configuration stays as it was");
	service_notify("READY=1");
}

/* Read one signal; false: the end. */
static bool handle_signal(struct tia *t, int signals, const char *path)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return true;
	if (info.ssi_signo != SIGHUP) {
		log_info("ending on %s", info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
		return false;
	}
	reload(t, path);
	return true;
}

static bool watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int shorter(int64_t a, int64_t b)
{
	int64_t time = a < b ? a : b;

	return time > 0 ? (int)time : 0;
}

/* What a descriptor says; false: the end, with the exit code in @code. */
static bool handle_event(struct tia *t, int fd, int signals, const char *path, int *code)
{
	if (fd != signals) {
		*code = EXIT_FAILED;
		return tia_dispatch(t);
	}
	*code = EXIT_DONE;
	return handle_signal(t, signals, path);
}

/* Returns the exit code. */
static int loop(struct tia *t, int epoll, int signals, const char *path)
{
	int watchdog = service_watchdog_ms(), wait, n, i, code;
	int64_t next_check = now_ms() + CHECK_MS;
	struct epoll_event events[2];

	for (;;) {
		wait = shorter(next_check - now_ms(), watchdog < 0 ? CHECK_MS : watchdog);
		if (!tia_fetch(t))
			wait = shorter(wait, RETRY_MS);
		n = epoll_wait(epoll, events, 2, wait);
		if (n < 0 && errno != EINTR) {
			log_err("cannot wait: %s", strerror(errno));
			return EXIT_FAILED;
		}
		if (watchdog >= 0)
			service_notify("WATCHDOG=1");
		for (i = 0; i < n; i++)
			if (!handle_event(t, events[i].data.fd, signals, path, &code))
				return code;
		if (now_ms() < next_check)
			continue;
		if (!tia_check(t))
			return EXIT_FAILED;
		next_check = now_ms() + CHECK_MS;
	}
}

static int run(struct config *config, const char *path)
{
	int signals = open_signals(), epoll = epoll_create1(EPOLL_CLOEXEC);
	int code = EXIT_FAILED;
	struct tia *t;

	t = tia_start(config);
	if (!t)
		return EXIT_FAILED;
	if (signals < 0 || epoll < 0 || !watch(epoll, signals) || !watch(epoll, tia_fd(t))) {
		log_err("cannot set up the event loop: %s", strerror(errno));
	} else {
		announce(t);
		code = loop(t, epoll, signals, path);
	}
	service_notify("STOPPING=1");
	tia_stop(t);
	return code;
}

int main(int argc, char **argv)
{
	struct settings s = { .config_path = "/etc/kmtia/kmtiad.conf" };
	char error[CONFIG_ERROR_SIZE];
	struct config *config;
	int code, err;

	code = parse_options(&s, argc, argv);
	if (code >= 0)
		return code;
	log_open(s.verbose);
	if (!s.check_only)
		service_harden();

	config = config_load(s.config_path, error);
	if (!config) {
		fprintf(stderr, "%s\n", error);
		return EXIT_CONFIG;
	}
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
	return run(config, s.config_path);
}
