/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of libkmtia know of each other.
 *
 * socket.c	sockets, and the queue of messages that were received
 * command.c	one command: build, send, await the answers
 * extack.c	the kernel's own words about a command
 * fields.c	attributes into structures, by tables
 * text.c	names and UUIDs
 * handle.c	open, close, errors, features
 * sa.c		descriptions of SAs
 * manager.c	being a key manager: registration and what comes in
 * answer.c	questions and their answers
 * admin.c	managers, rules, SAs, statistics
 * monitor.c	the monitor group
 */
#ifndef KMTIA_INTERNAL_H
#define KMTIA_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <libkmtia.h>

#define KMTIA_EXPORT __attribute__((visibility("default")))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A sentence of the kernel's or ours, with an attribute's name. */
#define KMTIA_SENTENCE_SIZE 256

/* --- socket.c -------------------------------------------------------------- */

/* Of the receive buffer. The kernel sends at most 32 KiB at a time in a dump. */
#define KMTIA_BUFFER_SIZE 65536

/* One netlink message that was received. Wiped when freed: it may hold keys. */
struct kmtia_msg {
	struct kmtia_msg *next;
	uint64_t received;		/* CLOCK_MONOTONIC, milliseconds */
	size_t len;
	_Alignas(uint64_t) unsigned char data[];
};

/*
 * A socket and what was received on it but not yet handled. Every message goes
 * through the queue, so that whoever awaits an answer can leave aside what is
 * not for him, however deep in callbacks he is.
 */
struct kmtia_sock {
	int fd;				/* -1: closed */
	unsigned int generation;	/* changes with each opening */
	unsigned int waiting;		/* commands that await answers, nested */
	bool lost;			/* messages were; to be reported */
	struct kmtia_msg *head;
	struct kmtia_msg **tail;
};

void kmtia_sock_init(struct kmtia_sock *s);
int kmtia_sock_open(struct kmtia *h, struct kmtia_sock *s, bool events);
int kmtia_sock_join(struct kmtia_sock *s, uint32_t group);
void kmtia_sock_close(struct kmtia *h, struct kmtia_sock *s);
void kmtia_sock_purge(struct kmtia_sock *s);
int kmtia_sock_send(struct kmtia_sock *s, const struct nlmsghdr *nlh);
int kmtia_sock_receive(struct kmtia *h, struct kmtia_sock *s, int flags);
struct kmtia_msg *kmtia_sock_take(struct kmtia_sock *s, uint32_t seq);
struct kmtia_msg *kmtia_sock_take_any(struct kmtia_sock *s);
struct nlmsghdr *kmtia_msg_header(struct kmtia_msg *m);
void kmtia_msg_free(struct kmtia_msg *m);

int kmtia_loop_open(struct kmtia *h);
void kmtia_loop_close(struct kmtia *h);
void kmtia_loop_settle(struct kmtia *h);
uint64_t kmtia_now(void);

/* --- command.c ------------------------------------------------------------- */

/* Called with each message of an answer; not 0 ends the calls and is returned. */
typedef int (*kmtia_reply_fn)(struct kmtia *h, struct nlmsghdr *nlh, void *arg);

struct nl_msg *kmtia_command_new(struct kmtia *h, uint8_t cmd, int flags);
void kmtia_command_free(struct nl_msg *msg);
int kmtia_command_send(struct kmtia *h, struct kmtia_sock *s, struct nl_msg *msg);
int kmtia_command_run(struct kmtia *h, struct kmtia_sock *s, struct nl_msg *msg,
		      kmtia_reply_fn fn, void *arg);
int kmtia_command_dump(struct kmtia *h, uint8_t cmd, kmtia_reply_fn fn, void *arg);
int kmtia_family_find(struct kmtia *h);

/* --- extack.c -------------------------------------------------------------- */

int kmtia_extack_error(struct kmtia *h, const struct nlmsghdr *request,
		       struct nlmsghdr *answer);
int kmtia_extack_done(struct kmtia *h, const struct nlmsghdr *request,
		      struct nlmsghdr *answer);

/* --- fields.c -------------------------------------------------------------- */

/* What an attribute is on the wire, and what it becomes. */
enum kmtia_kind {
	KMTIA_KIND_UINT,	/* u32 or u64 -> unsigned integer of field's size */
	KMTIA_KIND_FLAG,	/* flag -> bool */
	KMTIA_KIND_TEXT,	/* string -> char[] */
	KMTIA_KIND_ADDRESS,	/* 4 or 16 bytes -> uint8_t[16] */
	KMTIA_KIND_UUID,	/* 16 bytes -> uint8_t[16] */
};

struct kmtia_field {
	uint16_t type;		/* attribute */
	uint8_t kind;		/* enum kmtia_kind */
	uint8_t wire;		/* length of an integer on the wire */
	uint16_t offset, size;	/* of the member */
	int16_t has;		/* offset of the bool that tells; -1: none */
};

#define KMTIA_FIELD(_struct, _type, _kind, _wire, _member, _has) { \
	.type = (_type), .kind = KMTIA_KIND_##_kind, .wire = (_wire), \
	.offset = offsetof(struct _struct, _member), \
	.size = sizeof(((struct _struct *)NULL)->_member), .has = (_has) }

int kmtia_fields_get(struct nlattr **tb, const struct kmtia_field *fields, size_t n,
		     void *to);
int kmtia_fields_parse(struct nlmsghdr *nlh, struct nlattr **tb, int max);
bool kmtia_get_u32(const struct nlattr *nla, uint32_t *value);
bool kmtia_get_u64(const struct nlattr *nla, uint64_t *value);
const char *kmtia_get_text(const struct nlattr *nla);

/* --- sa.c ------------------------------------------------------------------ */

int kmtia_sa_parse(struct nlattr *nest, struct kmtia_sa *sa);
void kmtia_sa_forget_keys(struct kmtia_sa *sa);
void kmtia_pair_fill(struct kmtia_pair *pair, const struct kmtia_sa *keyed,
		     const struct kmtia_sa *mate);

/* --- answer.c -------------------------------------------------------------- */

struct kmtia_request {
	struct kmtia *h;		/* NULL: the registration has ended */
	struct kmtia_request *next, **link; /* of the handle's open requests */
	unsigned int refs;		/* the callee's and, calling back, ours */
	uint64_t id;
	uint64_t deadline;		/* CLOCK_MONOTONIC, milliseconds */
	struct kmtia_sa keyed, mate;
	struct kmtia_pair pair;
};

void kmtia_question(struct kmtia *h, struct kmtia_msg *m, bool dictate);
void kmtia_requests_detach(struct kmtia *h);

/* --- monitor.c ------------------------------------------------------------- */

void kmtia_monitor_handle(struct kmtia *h, struct kmtia_msg *m);

/* --- text.c ---------------------------------------------------------------- */

const char *kmtia_attribute_name(uint8_t cmd, int nest, int type);

/* --- handle.c -------------------------------------------------------------- */

struct kmtia {
	struct kmtia_sock command, event, monitor;
	uint8_t *buffer;		/* for recvmsg(), wiped after each */
	uint32_t seq;			/* of the last command */

	uint16_t family;		/* id of the generic netlink family */
	uint32_t group;			/* id of the monitor group, 0: none */
	uint64_t commands;		/* bit mask of those that the kernel has */

	/* The caller's event loop sees one descriptor: @epoll_fd. @wake_fd makes
	 * it readable while a queue is not empty, or to wake kmtia_run(). */
	int epoll_fd, wake_fd;
	bool awake;			/* wake_fd was written for a queue */
	bool dispatching, running;
	volatile sig_atomic_t stop;

	int err;			/* last error */
	char sentence[KMTIA_SENTENCE_SIZE]; /* about it; may be empty */
	char warning[KMTIA_SENTENCE_SIZE]; /* of the last command; may be empty */
	char text[KMTIA_SENTENCE_SIZE + 128]; /* what kmtia_strerror() returned */

	bool registered;
	uint8_t uuid[KMTIA_UUID_LEN];
	struct kmtia_callbacks callbacks;
	void *user;
	uint64_t last_seq;		/* of the notifications received */
	struct kmtia_request *requests;

	kmtia_event_cb event_cb;
	void *event_user;
};

void kmtia_begin(struct kmtia *h);
int kmtia_fail(struct kmtia *h, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int kmtia_take_struct(struct kmtia *h, const char *what, void *to, size_t size,
		      const void *from);
bool kmtia_all_zero(const void *bytes, size_t len);

#endif /* KMTIA_INTERNAL_H */
