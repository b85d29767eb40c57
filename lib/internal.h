/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of libkmtia know of each other.
 *
 * socket.c	sockets, and the queue of messages that were received
 * command.c	one command: build, send, await the answers
 * family.c	the generic netlink family: is it there, which number has it?
 * news.c	the family goes and comes back, and the registration with it
 * extack.c	the kernel's own words about a command
 * fields.c	attributes into structures, by tables
 * text.c	names and UUIDs
 * handle.c	open, close, errors, features
 * sa.c		descriptions of SAs
 * manager.c	being a key manager: registration and what comes in
 * note.c	which SAs live, which wait for a mate, which were told of
 * pair.c	two SAs that belong together: the first waits for the second
 * report.c	telling of the two
 * answer.c	questions and their answers
 * secret.c	standing secrets
 * match.c	which SAs a rule or a standing secret is for
 * admin.c	managers, rules, SAs, statistics
 * policy.c	who may register key managers
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
	uint64_t received; /* CLOCK_MONOTONIC, milliseconds */
	size_t len;
	_Alignas(uint64_t) unsigned char data[];
};

/*
 * A socket and what was received on it but not yet handled. Every message goes
 * through the queue, so that whoever awaits an answer can leave aside what is
 * not for him, however deep in callbacks he is.
 */
struct kmtia_sock {
	int fd;			 /* -1: closed */
	unsigned int generation; /* changes with each opening, and each module */
	unsigned int waiting;	 /* commands that await answers, nested */
	bool lost;		 /* messages were; to be reported */
	bool dry;		 /* nothing was there when it was last looked at */
	struct kmtia_msg *head;
	struct kmtia_msg **tail;
};

void kmtia_sock_init(struct kmtia_sock *s);
int kmtia_sock_open(struct kmtia *h, struct kmtia_sock *s, bool events);
int kmtia_sock_join(struct kmtia_sock *s, uint32_t group);
void kmtia_sock_close(struct kmtia *h, struct kmtia_sock *s);
void kmtia_sock_purge(struct kmtia_sock *s);
void kmtia_sock_drop(struct kmtia *h, struct kmtia_sock *s);
int kmtia_sock_send(struct kmtia_sock *s, const struct nlmsghdr *nlh);
int kmtia_sock_receive(struct kmtia *h, struct kmtia_sock *s, int flags);
struct kmtia_msg *kmtia_sock_take(struct kmtia_sock *s, uint32_t seq);
struct kmtia_msg *kmtia_sock_take_any(struct kmtia_sock *s);
struct kmtia_msg *kmtia_msg_new(const struct nlmsghdr *nlh, uint64_t now);
struct nlmsghdr *kmtia_msg_header(struct kmtia_msg *m);
void kmtia_msg_free(struct kmtia_msg *m);

int kmtia_loop_open(struct kmtia *h);
int kmtia_loop_add(struct kmtia *h, int fd);
void kmtia_loop_remove(struct kmtia *h, int fd);
int kmtia_loop_wait(struct kmtia *h, int timeout);
void kmtia_loop_close(struct kmtia *h);
void kmtia_loop_settle(struct kmtia *h);
uint64_t kmtia_now(void);

/* --- command.c ------------------------------------------------------------- */

/* Called with each message of an answer; not 0 ends the calls and is returned. */
typedef int (*kmtia_reply_fn)(struct kmtia *h, struct nlmsghdr *nlh, void *arg);

struct nl_msg *kmtia_message_new(struct kmtia *h, uint16_t family, uint8_t cmd,
				 uint8_t version, int flags);
struct nl_msg *kmtia_command_new(struct kmtia *h, uint8_t cmd, int flags);
struct nl_msg *kmtia_event_command_new(struct kmtia *h, uint8_t cmd, int flags);
struct nl_msg *kmtia_answer_new(struct kmtia *h, uint8_t cmd, size_t room);
void kmtia_command_free(struct nl_msg *msg);
int kmtia_command_send(struct kmtia *h, struct kmtia_sock *s, struct nl_msg *msg);
int kmtia_command_run(struct kmtia *h, struct kmtia_sock *s, struct nl_msg *msg,
		      kmtia_reply_fn fn, void *arg);
int kmtia_command_dump(struct kmtia *h, uint8_t cmd, kmtia_reply_fn fn, void *arg);

/* --- family.c -------------------------------------------------------------- */

int kmtia_family_find(struct kmtia *h);
int kmtia_family_look(struct kmtia *h);
int kmtia_family_renew(struct kmtia *h, uint16_t id);
bool kmtia_family_is_ours(struct nlattr **tb, uint16_t *id);

/* --- news.c ---------------------------------------------------------------- */

int kmtia_news_open(struct kmtia *h);
void kmtia_news_unuse(struct kmtia *h);
void kmtia_news_handle(struct kmtia *h, struct kmtia_msg *m);
int kmtia_news_catch_up(struct kmtia *h);

/* --- extack.c -------------------------------------------------------------- */

int kmtia_extack_error(struct kmtia *h, const struct nlmsghdr *request,
		       struct nlmsghdr *answer);
int kmtia_extack_done(struct kmtia *h, const struct nlmsghdr *request,
		      struct nlmsghdr *answer);

/* --- fields.c -------------------------------------------------------------- */

/* What an attribute is on the wire, and what it becomes. */
enum kmtia_kind {
	KMTIA_KIND_UINT,    /* u32 or u64 -> unsigned integer of field's size */
	KMTIA_KIND_FLAG,    /* flag -> bool */
	KMTIA_KIND_TEXT,    /* string -> char[] */
	KMTIA_KIND_ADDRESS, /* 4 or 16 bytes -> uint8_t[16] */
	KMTIA_KIND_UUID,    /* 16 bytes -> uint8_t[16] */
};

struct kmtia_field {
	uint16_t type;	       /* attribute */
	uint8_t kind;	       /* enum kmtia_kind */
	uint8_t wire;	       /* length of an integer on the wire */
	uint16_t offset, size; /* of the member */
	int16_t has;	       /* offset of the bool that tells; -1: none */
};

/* clang-format off */
#define KMTIA_FIELD(_struct, _type, _kind, _wire, _member, _has) { \
	.type = (_type), .kind = KMTIA_KIND_##_kind, .wire = (_wire), \
	.offset = offsetof(struct _struct, _member), \
	.size = sizeof(((struct _struct *)NULL)->_member), .has = (_has) }
/* clang-format on */

int kmtia_fields_get(struct nlattr **tb, const struct kmtia_field *fields, size_t n,
		     void *to);
int kmtia_fields_parse(struct nlmsghdr *nlh, struct nlattr **tb, int max);
int kmtia_times_get(struct nlmsghdr *nlh, int type, struct kmtia_answer_time *times, int n);
bool kmtia_get_u32(const struct nlattr *nla, uint32_t *value);
bool kmtia_get_u64(const struct nlattr *nla, uint64_t *value);
const char *kmtia_get_text(const struct nlattr *nla);

/* --- sa.c ------------------------------------------------------------------ */

int kmtia_sa_parse(struct nlattr *nest, struct kmtia_sa *sa);
void kmtia_sa_forget_keys(struct kmtia_sa *sa);
void kmtia_pair_fill(struct kmtia_pair *pair, const struct kmtia_sa *keyed,
		     const struct kmtia_sa *mate);

/* --- manager.c ------------------------------------------------------------- */

int kmtia_registration_start(struct kmtia *h);
void kmtia_registration_void(struct kmtia *h);
void kmtia_registration_end(struct kmtia *h);
int kmtia_check_registered(struct kmtia *h);
int kmtia_notify_fetch(struct kmtia *h, uint64_t from_seq, kmtia_reply_fn fn, void *arg);

/* --- note.c ---------------------------------------------------------------- */

/* By this the kernel names a mate. */
struct kmtia_identity {
	uint16_t family;
	uint8_t proto;
	uint8_t daddr[16];
	uint32_t spi, mark, mark_mask;
};

/* An SA that lives, as far as is known. */
struct kmtia_note {
	struct kmtia_note *next;	  /* in its row */
	struct kmtia_note *after, **link; /* among those that wait */
	uint64_t handle;
	struct kmtia_identity id, mate;
	bool has_mate;
	struct kmtia_notification what; /* by which it came */
	struct kmtia_sa *sa;		/* without keys; NULL: told of, waits no more */
	uint64_t due;			/* CLOCK_MONOTONIC, milliseconds: end of the wait; 0: now */
	bool wanted;			/* now, be it fetched */
	struct kmtia_msg *msg;		/* as fetched, with keys perhaps */
};

#define KMTIA_NOTE_ROWS 1024

struct kmtia_notes {
	struct kmtia_note *waiting, **tail; /* in the order in which they came */
	unsigned int n_told;
	struct kmtia_note *rows[KMTIA_NOTE_ROWS];
};

struct kmtia_identity kmtia_identity_of(const struct kmtia_sa *sa);
void kmtia_notes_init(struct kmtia_notes *notes);
struct kmtia_note *kmtia_note_new(struct kmtia_notes *notes, const struct kmtia_sa *sa);
struct kmtia_note *kmtia_note_find(struct kmtia_notes *notes, const struct kmtia_sa *sa);
struct kmtia_note *kmtia_note_mate(struct kmtia_notes *notes, const struct kmtia_note *note);
void kmtia_note_told(struct kmtia_notes *notes, struct kmtia_note *note);
void kmtia_note_forget(struct kmtia_notes *notes, struct kmtia_note *note);
void kmtia_notes_flush(struct kmtia_notes *notes, const struct kmtia_notification *flush);
void kmtia_notes_forget(struct kmtia_notes *notes);

/* --- pair.c ---------------------------------------------------------------- */

#define KMTIA_NEVER UINT64_MAX

struct kmtia_pairs {
	int timer_fd;
	uint64_t due;	/* CLOCK_MONOTONIC, milliseconds: when there is something to tell */
	uint64_t armed; /* what the timer is set to */
	struct kmtia_notes notes;
};

int kmtia_pairs_open(struct kmtia *h);
void kmtia_pairs_close(struct kmtia *h);
void kmtia_pairs_forget(struct kmtia *h);
int kmtia_pairs_note(struct kmtia *h, const struct kmtia_notification *what,
		     const struct kmtia_sa *sa, const struct kmtia_sa *mate);
void kmtia_pairs_settle(struct kmtia *h);

/* --- report.c -------------------------------------------------------------- */

bool kmtia_pairs_tell(struct kmtia *h);

/* --- answer.c -------------------------------------------------------------- */

struct kmtia_request {
	struct kmtia *h;		    /* NULL: the registration has ended */
	struct kmtia_request *next, **link; /* of the handle's open requests */
	unsigned int refs;		    /* the callee's and, calling back, ours */
	uint64_t id;
	uint64_t deadline; /* CLOCK_MONOTONIC, milliseconds */
	struct kmtia_sa keyed, mate;
	struct kmtia_pair pair;
};

void kmtia_question(struct kmtia *h, struct kmtia_msg *m, bool dictate);
int kmtia_questions_fetch(struct kmtia *h);
void kmtia_requests_detach(struct kmtia *h);
int kmtia_check_origin(struct kmtia *h, uint32_t origin);

/* --- secret.c -------------------------------------------------------------- */

int kmtia_check_secret(struct kmtia *h, const uint8_t *secret, size_t len);

/* --- match.c --------------------------------------------------------------- */

/* What struct kmtia_rule and struct kmtia_secret have in common. */
struct kmtia_match {
	uint16_t family;
	bool has_local, has_remote;
	const uint8_t *local, *remote;
	uint8_t local_len, remote_len;
	uint8_t proto;
	uint32_t direction;
	bool has_reqid, has_if_id, has_mark;
	uint32_t reqid, if_id, mark, mark_mask;
};

/* clang-format off */
#define KMTIA_MATCH_OF(_s) ((struct kmtia_match){ \
	.family = (_s)->family, .proto = (_s)->proto, .direction = (_s)->direction, \
	.has_local = (_s)->has_local, .local = (_s)->local, .local_len = (_s)->local_len, \
	.has_remote = (_s)->has_remote, .remote = (_s)->remote, \
	.remote_len = (_s)->remote_len, \
	.has_reqid = (_s)->has_reqid, .reqid = (_s)->reqid, \
	.has_if_id = (_s)->has_if_id, .if_id = (_s)->if_id, \
	.has_mark = (_s)->has_mark, .mark = (_s)->mark, .mark_mask = (_s)->mark_mask })
/* clang-format on */

int kmtia_match_check(struct kmtia *h, const char *what, const struct kmtia_match *match);
void kmtia_match_put(struct nl_msg *msg, const struct kmtia_match *match);

/* --- monitor.c ------------------------------------------------------------- */

void kmtia_monitor_handle(struct kmtia *h, struct kmtia_msg *m);
void kmtia_monitor_rejoin(struct kmtia *h);

/* --- text.c ---------------------------------------------------------------- */

const char *kmtia_attribute_name(uint8_t cmd, int nest, int type);

/* --- handle.c -------------------------------------------------------------- */

/* So many of the last questions are known again. */
#define KMTIA_SEEN 256

struct kmtia {
	struct kmtia_sock command, event, monitor;
	/* News of families; open while the caller wants a registration or monitors. */
	struct kmtia_sock news;
	uint8_t *buffer; /* for recvmsg(), wiped after each */
	uint32_t seq;	 /* of the last command */

	uint16_t family;   /* id of the generic netlink family */
	uint32_t group;	   /* id of the monitor group, 0: none */
	uint64_t commands; /* bit mask of those that the kernel has */

	/* The caller's event loop sees one descriptor: @epoll_fd. @wake_fd makes
	 * it readable while a queue is not empty, or to wake kmtia_run(). */
	int epoll_fd, wake_fd;
	bool awake; /* wake_fd was written for a queue */
	bool dispatching, running;
	volatile sig_atomic_t stop;

	int err;			      /* last error */
	char sentence[KMTIA_SENTENCE_SIZE];   /* about it; may be empty */
	char warning[KMTIA_SENTENCE_SIZE];    /* of the last command; may be empty */
	char text[KMTIA_SENTENCE_SIZE + 128]; /* what kmtia_strerror() returned */

	/* The caller wants a registration; and the kernel has it. Only the first
	 * while the module is not there. */
	bool wanted, registered;
	uint16_t event_family;	      /* that the registration was made with */
	struct kmtia_manager manager; /* to register again; texts are below */
	char manager_name[KMTIA_NAME_MAX_LEN + 1];
	char manager_description[KMTIA_TEXT_MAX_LEN + 1];
	struct kmtia_callbacks callbacks;
	void *user;
	uint64_t last_seq; /* of the notifications received */
	struct kmtia_request *requests;
	uint64_t seen[KMTIA_SEEN]; /* numbers of the last questions, a ring */
	unsigned int n_seen;	   /* questions that were seen */
	struct kmtia_pairs *pairs; /* NULL without key_notify_pair */

	kmtia_event_cb event_cb;
	void *event_user;
	uint16_t monitor_family; /* whose group was joined */
	int monitor_err;	 /* from joining it again */
};

void kmtia_begin(struct kmtia *h);
int kmtia_fail(struct kmtia *h, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int kmtia_take_struct(struct kmtia *h, const char *what, void *to, size_t size,
		      const void *from);
bool kmtia_all_zero(const void *bytes, size_t len);
int kmtia_check_text(struct kmtia *h, const char *what, const char *text, size_t max);

#endif /* KMTIA_INTERNAL_H */
