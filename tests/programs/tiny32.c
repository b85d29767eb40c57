// SPDX-License-Identifier: GPL-2.0-only
/*
 * A keying module and a key manager as 32-bit programs, with nothing between them and the
 * kernel: the structures of linux/xfrm.h are others for such programs.
 *
 *	tiny32 newsa SPI	creates an SA; exit status: errno
 *	tiny32 tia FILE		registers, makes FILE, answers one question with a key of
 *				bytes 0x32; exit status: errno
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/kmtia.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#define GCM_BYTES 20

/* One message that is being made, or was received */
static union {
	struct nlmsghdr nlh;
	char room[8192];
} msg;

static int sock = -1;

static void fail(const char *what)
{
	int err = errno;

	perror(what);
	exit(err);
}

static void open_socket(int protocol)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };

	sock = socket(AF_NETLINK, SOCK_RAW, protocol);
	if (sock < 0 || bind(sock, (struct sockaddr *)&local, sizeof(local)))
		fail("netlink socket");
}

/* --- Messages ------------------------------------------------------------------- */

static void *put(const void *data, size_t size)
{
	void *at = msg.room + NLMSG_ALIGN(msg.nlh.nlmsg_len);

	memset(at, 0, NLMSG_ALIGN(size));
	if (data)
		memcpy(at, data, size);
	msg.nlh.nlmsg_len = NLMSG_ALIGN(msg.nlh.nlmsg_len) + size;
	return at;
}

static void begin(uint16_t type, uint16_t flags)
{
	memset(&msg, 0, sizeof(msg));
	msg.nlh.nlmsg_len = NLMSG_HDRLEN;
	msg.nlh.nlmsg_type = type;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	msg.nlh.nlmsg_seq = 1;
}

static struct nlattr *put_attr(uint16_t type, const void *data, uint16_t size)
{
	struct nlattr head = { .nla_len = NLA_HDRLEN + size, .nla_type = type };
	struct nlattr *attr = put(&head, sizeof(head));

	put(data, size);
	return attr;
}

static struct nlattr *nest_begin(uint16_t type)
{
	return put_attr(type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(struct nlattr *attr)
{
	attr->nla_len = msg.room + msg.nlh.nlmsg_len - (char *)attr;
}

/* Receives one message. */
static void receive(void)
{
	if (recv(sock, &msg, sizeof(msg), 0) < (ssize_t)sizeof(msg.nlh))
		fail("recv");
}

/* Sends the message, and returns the errno of the answer; others are passed over. */
static int talk(void)
{
	if (send(sock, &msg, msg.nlh.nlmsg_len, 0) < 0)
		fail("send");
	do
		receive();
	while (msg.nlh.nlmsg_type != NLMSG_ERROR);
	return -((struct nlmsgerr *)NLMSG_DATA(&msg.nlh))->error;
}

static struct nlattr *find(void *attrs, size_t size, uint16_t type)
{
	struct nlattr *attr = attrs;
	size_t step;

	while (size >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN && attr->nla_len <= size) {
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		step = NLA_ALIGN(attr->nla_len);
		if (step >= size)
			break;
		size -= step;
		attr = (struct nlattr *)((char *)attr + step);
	}
	return NULL;
}

static struct nlattr *find_in_message(uint16_t type)
{
	const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;

	return find(msg.room + head, msg.nlh.nlmsg_len - head, type);
}

/* --- A keying module ------------------------------------------------------------- */

static int newsa(uint32_t spi)
{
	const struct xfrm_algo_aead aead = {
		.alg_name = "rfc4106(gcm(aes))",
		.alg_key_len = GCM_BYTES * 8,
		.alg_icv_len = 128,
	};
	char with_key[sizeof(aead) + GCM_BYTES];
	struct xfrm_usersa_info info = {
		.sel.family = AF_INET,
		.id = { .spi = htonl(spi), .proto = IPPROTO_ESP },
		.lft = {
			.soft_byte_limit = XFRM_INF,
			.hard_byte_limit = XFRM_INF,
			.soft_packet_limit = XFRM_INF,
			.hard_packet_limit = XFRM_INF,
		},
		.family = AF_INET,
		.reqid = 1,
		.replay_window = 32,
	};

	info.saddr.a4 = inet_addr("10.1.0.1");
	info.id.daddr.a4 = inet_addr("10.1.0.2");
	memset(with_key, 0x1e, sizeof(with_key));
	memcpy(with_key, &aead, sizeof(aead));
	open_socket(NETLINK_XFRM);
	begin(XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL);
	put(&info, sizeof(info));
	put_attr(XFRMA_ALG_AEAD, with_key, sizeof(with_key));
	return talk();
}

/* --- A key manager ----------------------------------------------------------------- */

static void genl(uint16_t family, uint8_t cmd, uint8_t version)
{
	struct genlmsghdr head = { .cmd = cmd, .version = version };

	begin(family, 0);
	put(&head, sizeof(head));
}

static uint16_t family(void)
{
	struct nlattr *id;

	genl(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	put_attr(CTRL_ATTR_FAMILY_NAME, KMTIA_FAMILY_NAME, sizeof(KMTIA_FAMILY_NAME));
	msg.nlh.nlmsg_flags = NLM_F_REQUEST;
	if (send(sock, &msg, msg.nlh.nlmsg_len, 0) < 0)
		fail("send");
	receive();
	id = msg.nlh.nlmsg_type == GENL_ID_CTRL ? find_in_message(CTRL_ATTR_FAMILY_ID) : NULL;
	if (!id) {
		fprintf(stderr, "there is no family %s\n", KMTIA_FAMILY_NAME);
		exit(ENOENT);
	}
	return *(uint16_t *)((char *)id + NLA_HDRLEN);
}

static int register_as(uint16_t id)
{
	static const uint8_t uuid[KMTIA_UUID_LEN] = { 0x32 };
	const uint32_t flags = KMTIA_MANAGER_FLAGS_DICTATE;

	genl(id, KMTIA_CMD_MANAGER_ADD, KMTIA_FAMILY_VERSION);
	put_attr(KMTIA_A_MANAGER_UUID, uuid, sizeof(uuid));
	put_attr(KMTIA_A_MANAGER_NAME, "tiny32", sizeof("tiny32"));
	put_attr(KMTIA_A_MANAGER_FLAGS, &flags, sizeof(flags));
	return talk();
}

/* The number of the question */
static uint64_t question(uint16_t id)
{
	struct nlattr *number;
	uint64_t value;

	do
		receive();
	while (msg.nlh.nlmsg_type != id);
	number = find_in_message(KMTIA_A_REQUEST_ID);
	if (!number || number->nla_len != NLA_HDRLEN + sizeof(value)) {
		fprintf(stderr, "a question without a number of 64 bits\n");
		exit(EPROTO);
	}
	memcpy(&value, (char *)number + NLA_HDRLEN, sizeof(value));
	return value;
}

static int answer(uint16_t id, uint64_t number)
{
	const uint32_t role = KMTIA_SLOT_ROLE_AEAD;
	uint8_t key[GCM_BYTES];
	struct nlattr *slot;

	memset(key, 0x32, sizeof(key));
	genl(id, KMTIA_CMD_DICTATE_REPLY, KMTIA_FAMILY_VERSION);
	put_attr(KMTIA_A_REQUEST_ID, &number, sizeof(number));
	slot = nest_begin(KMTIA_A_REQUEST_SLOT);
	put_attr(KMTIA_A_SLOT_ROLE, &role, sizeof(role));
	put_attr(KMTIA_A_SLOT_KEY, key, sizeof(key));
	nest_end(slot);
	return talk();
}

static int tia(const char *ready)
{
	uint16_t id;
	int err, fd;

	open_socket(NETLINK_GENERIC);
	id = family();
	err = register_as(id);
	if (err)
		return err;
	fd = open(ready, O_CREAT | O_WRONLY, 0600);
	if (fd < 0)
		fail(ready);
	close(fd);
	return answer(id, question(id));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "newsa"))
		return newsa(strtoul(argv[2], NULL, 0));
	if (argc == 3 && !strcmp(argv[1], "tia"))
		return tia(argv[2]);
	fprintf(stderr, "usage: tiny32 newsa SPI | tia FILE\n");
	return EINVAL;
}
