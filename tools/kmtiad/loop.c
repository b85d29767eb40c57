// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event loop: one thread that waits for signals, for the kernel and for
 * kmtia(8), and does nothing that takes long. Questions are answered from memory.
 */
#include "loop.h"
#include "clock.h"
#include "control.h"
#include "log.h"
#include "service.h"
#include "tia.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define RETRY_MS 1000  /* for work that failed */
#define CHECK_MS 10000 /* whether we are still registered */

struct loop {
	struct tia *t;
	struct control *control; /* NULL: none */
	const char *path;	 /* of the configuration */
	int epoll, signals;
	int64_t next_check;
};

static bool watch(const struct loop *l, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= 0 && !epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event))
		return true;
	log_err("cannot set up the event loop: %s", strerror(errno));
	return false;
}

/* --- The control socket ------------------------------------------------------ */

static char *answer(const char *request, size_t len, void *user)
{
	struct loop *l = user;

	return control_request(request, len, l->t);
}

/* Returns false, having logged why, if there should be one, but is not. */
static bool open_control(struct loop *l, const char *path, struct control **control)
{
	*control = NULL;
	if (!path)
		return true;
	*control = control_open(path, answer, l);
	if (!*control)
		return false;
	if (watch(l, control_fd(*control)))
		return true;
	control_close(*control);
	*control = NULL;
	return false;
}

/* The socket for another configuration, which may be the one that there is. */
static bool change_control(struct loop *l, const char *path, struct control **control)
{
	*control = l->control;
	if (path && *control && control_serves(*control, path))
		return true;
	return open_control(l, path, control);
}

/* --- Signals ----------------------------------------------------------------- */

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

/* Put @config to use, which is taken over; false, having logged why: all stays. */
static bool use_config(struct loop *l, struct config *config)
{
	struct control *control;

	if (!change_control(l, config->control, &control)) {
		config_free(config);
		return false;
	}
	if (!tia_reload(l->t, config)) {
		if (control != l->control)
			control_close(control);
		return false;
	}
	if (control != l->control)
		control_close(l->control);
	l->control = control;
	return true;
}

static void reload(struct loop *l)
{
	char error[CONFIG_ERROR_SIZE];
	struct config *config;

	service_reloading();
	config = config_load(l->path, error);
	if (!config)
		log_err("%s", error);
	if (config && use_config(l, config))
		log_info("reloaded %s", l->path);
	else
		log_err("the configuration stays as it was");
	service_notify("READY=1");
}

/* Read one signal; false: the end. */
static bool handle_signal(struct loop *l)
{
	struct signalfd_siginfo info;

	if (read(l->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return true;
	if (info.ssi_signo != SIGHUP) {
		log_info("ending on %s", info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
		return false;
	}
	reload(l);
	return true;
}

/* --- The loop ---------------------------------------------------------------- */

/* What a descriptor says; false: the end, with the exit code in @code. */
static bool handle_event(struct loop *l, int fd, int *code)
{
	if (fd == l->signals) {
		*code = EXIT_DONE;
		return handle_signal(l);
	}
	*code = EXIT_FAILED;
	if (fd == tia_fd(l->t))
		return tia_dispatch(l->t);
	/* It may be one that a signal, just now, has put an end to. */
	if (l->control && fd == control_fd(l->control))
		control_dispatch(l->control);
	return true;
}

static int shorter(int64_t a, int64_t b)
{
	int64_t time = a < b ? a : b;

	return time > 0 ? (int)time : 0;
}

/* Do what is to be done, and say how long to wait for events. */
static int prepare_wait(struct loop *l, int watchdog)
{
	int wait = shorter(l->next_check - clock_ms(), watchdog < 0 ? CHECK_MS : watchdog);
	int client = l->control ? control_timeout_ms(l->control) : -1;

	if (client >= 0)
		wait = shorter(wait, client);
	return tia_work(l->t) ? wait : shorter(wait, RETRY_MS);
}

/* What goes by the clock; false: the end. */
static bool tick(struct loop *l, int watchdog)
{
	if (watchdog >= 0)
		service_notify("WATCHDOG=1");
	if (l->control && !control_timeout_ms(l->control))
		control_dispatch(l->control);
	if (clock_ms() < l->next_check)
		return true;
	l->next_check = clock_ms() + CHECK_MS;
	return tia_check(l->t);
}

/* Returns the exit code. */
static int loop(struct loop *l)
{
	int watchdog = service_watchdog_ms(), n, i, code;
	struct epoll_event events[3];

	l->next_check = clock_ms() + CHECK_MS;
	for (;;) {
		n = epoll_wait(l->epoll, events, 3, prepare_wait(l, watchdog));
		if (n < 0 && errno != EINTR) {
			log_err("cannot wait: %s", strerror(errno));
			return EXIT_FAILED;
		}
		for (i = 0; i < n; i++)
			if (!handle_event(l, events[i].data.fd, &code))
				return code;
		if (!tick(l, watchdog))
			return EXIT_FAILED;
	}
}

/*
 * The control socket comes before the registration: whoever cannot have the one, as
 * another process has it, shall not have changed in the kernel what stands there, nor
 * begin a grace with each attempt. Takes @config.
 */
static bool set_up(struct loop *l, struct config *config)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!watch(l, l->signals) || !open_control(l, config->control, &l->control)) {
		config_free(config);
		return false;
	}
	l->t = tia_start(config);
	return l->t && watch(l, tia_fd(l->t));
}

/* Be the key manager of @config, which was read from @path; returns the exit code. */
int loop_run(struct config *config, const char *path)
{
	struct loop l = { .path = path, .epoll = -1, .signals = -1 };
	int code = EXIT_FAILED;

	/* First, so that none ends us half-way. */
	l.signals = open_signals();
	if (set_up(&l, config)) {
		tia_announce(l.t, false);
		code = loop(&l);
	}
	service_notify("STOPPING=1");
	control_close(l.control);
	tia_stop(l.t);
	return code;
}
