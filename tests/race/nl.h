/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink without a library: what a thread sends, another one may see answered. */
#ifndef NL_H
#define NL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#define NL_ACKS 64

/**
 * struct nl - a socket
 * @fd: it; -1 if it is closed
 * @acks: the kernel's answers that came, by number of the message
 * @message: called for each message that is no such answer
 * @user: for @message
 */
struct nl {
	int fd;
	struct {
		uint32_t seq;
		int err;
	} acks[NL_ACKS];
	void (*message)(struct nl *nl, const struct nlmsghdr *hdr);
	void *user;
};

struct msg {
	union {
		struct nlmsghdr hdr;
		uint8_t bytes[1024];
	};
};

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

void msg_begin(struct msg *m, uint16_t type, uint16_t flags, const void *head, size_t len);
void msg_attr(struct msg *m, uint16_t type, const void *data, size_t len);
void msg_u32(struct msg *m, uint16_t type, uint32_t value);
size_t msg_nest(struct msg *m, uint16_t type);
void msg_nest_end(struct msg *m, size_t nest);
const struct nlattr *msg_find(const struct nlmsghdr *hdr, size_t head, uint16_t type);

void nl_open(struct nl *nl, int protocol);
void nl_close(struct nl *nl);
int nl_send(struct nl *nl, struct msg *m, uint32_t *seq);
void nl_read(struct nl *nl);
int nl_wait(struct nl *nl, uint32_t seq);
int nl_call(struct nl *nl, struct msg *m);
void nl_drain(struct nl *nl);

#endif /* NL_H */
