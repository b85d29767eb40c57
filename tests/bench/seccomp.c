// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs a process that another one decides about a system call of its own (seccomp's
 * user notification). Prints "seccomp.plain NANOSECONDS" of the call, and "seccomp.asked".
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

static void call(void *arg)
{
	(void)arg;
	syscall(SYS_getppid);
}

static int listener_open(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };
	long fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	if (fd < 0)
		bench_die("seccomp");
	return (int)fd;
}

/* Sends, or with @fd -1 receives, a file descriptor. */
static int pass_fd(int sock, int fd)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (fd < 0) {
		if (recvmsg(sock, &msg, 0) != 1)
			bench_die("recvmsg");
		memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
		return fd;
	}
	control.hdr.cmsg_level = SOL_SOCKET;
	control.hdr.cmsg_type = SCM_RIGHTS;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) != 1)
		bench_die("sendmsg");
	return fd;
}

static void answer_forever(int sock)
{
	struct seccomp_notif_resp response;
	struct seccomp_notif question;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = pass_fd(sock, -1);
	for (;;) {
		memset(&question, 0, sizeof(question));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &question)) {
			/* ENOENT: nobody is left to ask. */
			if (errno == ENOENT)
				exit(EXIT_SUCCESS);
			bench_die("SECCOMP_IOCTL_NOTIF_RECV");
		}
		memset(&response, 0, sizeof(response));
		response.id = question.id;
		response.val = 1;
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response))
			bench_die("SECCOMP_IOCTL_NOTIF_SEND");
	}
}

int main(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		bench_die("socketpair");
	switch (fork()) {
	case -1:
		bench_die("fork");
		break;
	case 0:
		answer_forever(pair[1]);
		break;
	}
	bench_print("seccomp.plain", bench_least(call, NULL, 1000, 5));
	pass_fd(pair[0], listener_open());
	bench_print("seccomp.asked", bench_least(call, NULL, 1000, 5));
	return 0;
}
