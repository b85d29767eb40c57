/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel for the library's tests, in the same process: the linker puts it in
 * the place of the socket calls (wrap.flags). A netlink socket is one end of a
 * socketpair, so poll() and timeouts are real; send() runs a handler which plays
 * the kernel's part, and puts answers into the other end.
 *
 * It also looks into each piece of memory that is freed for key bytes, makes
 * allocations fail, and lets time stand still.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <libkmtia.h>

#define FAKE_FAMILY 0x123
#define FAKE_GROUP 77

/* A command that the library sent. */
struct fake_request {
	int fd;
	struct nlmsghdr *nlh;
	uint8_t cmd;
	struct nlattr *tb[64];
};

typedef void (*fake_handler)(const struct fake_request *r);

/* What the kernel is like; all zero is normal, but for the first two. */
struct fake {
	uint16_t family; /* number of the family, and of its group; */
	uint32_t group;	 /* others each time that the module is loaded */
	bool no_family;	 /* module not loaded */
	bool gone;	 /* unloaded since */
	bool no_group;
	bool old_module;  /* without standing secrets */
	bool odd_family;  /* who asks for ours is told of another one */
	bool look_misses; /* listing the families passes over ours */
	int socket_errno; /* what fails with which error */
	int bind_errno;
	int send_errno;
	int join_errno;
	int news_errno;			    /* of joining the controller's group */
	int look_errno;			    /* of listing the families */
	int timer_errno;		    /* of making timers */
	int send_eintr;			    /* how often first */
	fake_handler on[KMTIA_CMD_MAX + 1]; /* NULL: an ACK */

	/* What was seen. */
	int sockets; /* open now */
	int timers;  /* that were made */
	int command_fd, event_fd, monitor_fd, news_fd;
	int by_name;	 /* how often the family was asked for by name */
	int unseen;	 /* commands to a family that is not there */
	uint32_t joined; /* monitor group */
	int option_ext_ack, option_cap_ack, option_rcvbuf, option_cloexec;
	int count[KMTIA_CMD_MAX + 1];
};

extern struct fake fake;

void fake_reset(void);
/* The last request of that kind; fails the test if there is none. */
const struct fake_request *fake_last(uint8_t cmd);

/* The module goes, or comes; whoever listens to the controller is told. */
void fake_unload(void);
void fake_load(void);
/* The same without a word, as if it had been lost. */
void fake_unload_silently(void);
void fake_load_silently(void);
/* What the controller says of a family. */
struct nl_msg *fake_family_news(uint8_t cmd, const char *name, uint16_t id);

/* --- Messages of the kernel's ---------------------------------------------------- */

struct nl_msg *fake_message(uint8_t cmd, uint32_t seq, int flags);
void fake_push(int fd, struct nl_msg *msg); /* frees @msg */
void fake_push_from(int fd, struct nl_msg *msg, uint32_t pid);
void fake_push_raw(int fd, const void *bytes, size_t len);
void fake_push_errno(int fd, int err); /* recvmsg() fails once */

struct fake_extack {
	const char *text;
	int offset;  /* of an attribute; 0: none */
	int missing; /* type of an attribute; 0: none */
	int nest;
	bool uncapped; /* the request is repeated in the message */
};

void fake_ack(const struct fake_request *r, int err, const struct fake_extack *e);
void fake_done(const struct fake_request *r, int err, const char *text);
/* Handlers: ACK, and end of an empty dump. */
void fake_ack_ok(const struct fake_request *r);
void fake_dump_empty(const struct fake_request *r);

void fake_put_sa(struct nl_msg *msg, int type, const struct kmtia_sa *sa);
struct nl_msg *fake_question(uint8_t cmd, uint64_t id, const struct kmtia_sa *sa,
			     const struct kmtia_sa *mate, bool check);
struct nl_msg *fake_notification(uint64_t seq, uint64_t prev, uint32_t event,
				 const struct kmtia_sa *sa, const struct kmtia_sa *mate);

/* An inbound and an outbound SA that belong together. */
extern const struct kmtia_sa fake_sa_in, fake_sa_out;

/* --- Handles ---------------------------------------------------------------------- */

struct kmtia *fake_open(void);
/* Closes; fails the test if a socket stays open. */
void fake_close(struct kmtia *h);
bool fake_readable(struct kmtia *h);

/* --- Secrets ---------------------------------------------------------------------- */

/* From now on look for these bytes. */
void fake_secret(const void *bytes, size_t len);
int fake_secret_passed(void);	  /* messages that held it */
int fake_secret_leaked(void);	  /* freed memory that held it */
bool fake_secret_in_buffer(void); /* does the last receive buffer hold it? */

/* --- Memory ----------------------------------------------------------------------- */

/* The @n-th allocation from now fails, once; 0: none does. */
void fake_fail_allocation(int n);
bool fake_allocation_failed(void);

/* --- Time ------------------------------------------------------------------------- */

/* It is so many milliseconds later now, and until this is called again. */
void fake_later(unsigned int ms);

#endif /* FAKE_KERNEL_H */
