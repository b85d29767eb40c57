// SPDX-License-Identifier: LGPL-2.1-or-later
/* Descriptions of SAs: every attribute, and every way to be malformed. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fake_manager.h"

/* Each member has another value, so that no two can be mixed up. */
static const struct kmtia_sa full = {
	.family = AF_INET6,
	.daddr = { 0x20, 1, 0xd, 0xb8, 1 },
	.saddr = { 0x20, 1, 0xd, 0xb8, 2 },
	.spi = 0x11223344,
	.proto = IPPROTO_AH,
	.mark = 0x51,
	.mark_mask = 0xff,
	.mode = 4,
	.reqid = 52,
	.if_id = 53,
	.direction = KMTIA_DIRECTION_OUT,
	.esn = true,
	.encap_type = 2,
	.encap_sport = 4500,
	.encap_dport = 4501,
	.soft_byte_limit = 1ULL << 40,
	.hard_byte_limit = (1ULL << 40) + 1,
	.soft_packet_limit = (1ULL << 40) + 2,
	.hard_packet_limit = (1ULL << 40) + 3,
	.soft_add_expires = 3000,
	.hard_add_expires = 3600,
	.selector = {
		.family = AF_INET6,
		.saddr = { 0xfd, 1 },
		.daddr = { 0xfd, 2 },
		.saddr_len = 64,
		.daddr_len = 128,
		.proto = 17,
		.sport = 500,
		.sport_mask = 0xffff,
		.dport = 501,
		.dport_mask = 0xfff0,
	},
	.n_slots = 2,
	.slots = {
		{ KMTIA_SLOT_ROLE_ENCRYPTION, "cbc(aes)", 256, 0, NULL, 0 },
		{ KMTIA_SLOT_ROLE_AUTHENTICATION, "hmac(sha512)", 512, 256, NULL, 0 },
	},
	.tracked = true,
	.handle = 1ULL << 33,
	.has_rule = true,
	.rule = 54,
	.origin = KMTIA_ORIGIN_PEER,
	.has_manager = true,
	.manager = { 9, 8, 7 },
	.key_id = "key-1",
	.age_ms = 1234567890123,
	.integrity_failed = 61,
	.replay_failed = 62,
	.packets = 63,
	.bytes = 1ULL << 50,
};

static struct kmtia_sa listed, listed_mate;
static bool has_mate;
static int n_listed;

static int list(const struct kmtia_sa *sa, const struct kmtia_sa *mate, void *user)
{
	n_listed++;
	listed = *sa;
	has_mate = mate;
	if (mate)
		listed_mate = *mate;
	return user ? *(int *)user : 0;
}

static struct nl_msg *(*build)(uint32_t seq);

static void dump(const struct fake_request *r)
{
	fake_push(r->fd, build(r->nlh->nlmsg_seq));
	fake_dump_empty(r);
}

/* Let the library read what @b builds. */
static int read_sas(struct nl_msg *(*b)(uint32_t seq))
{
	struct kmtia *h = fake_open();
	int err;

	build = b;
	n_listed = 0;
	memset(&listed, 0x5a, sizeof(listed));
	memset(&listed_mate, 0x5a, sizeof(listed_mate));
	fake.on[KMTIA_CMD_SA_GET] = dump;
	err = kmtia_sas(h, list, NULL);
	fake_close(h);
	return err;
}

static struct nl_msg *with_everything(uint32_t seq)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_SA_GET, seq, NLM_F_MULTI);

	fake_put_sa(msg, KMTIA_A_TRACKED_SA, &full);
	fake_put_sa(msg, KMTIA_A_TRACKED_MATE, &fake_sa_in);
	return msg;
}

static void assert_slots_equal(const struct kmtia_sa *a, const struct kmtia_sa *b)
{
	size_t i;

	assert_int_equal(a->n_slots, b->n_slots);
	for (i = 0; i < a->n_slots; i++) {
		assert_int_equal(a->slots[i].role, b->slots[i].role);
		assert_string_equal(a->slots[i].algorithm, b->slots[i].algorithm);
		assert_int_equal(a->slots[i].bits, b->slots[i].bits);
		assert_int_equal(a->slots[i].icv_bits, b->slots[i].icv_bits);
		assert_null(a->slots[i].key);
		assert_int_equal(a->slots[i].key_len, 0);
	}
}

static void assert_identity_equal(const struct kmtia_sa *a, const struct kmtia_sa *b)
{
	assert_int_equal(a->family, b->family);
	assert_memory_equal(a->daddr, b->daddr, 16);
	assert_memory_equal(a->saddr, b->saddr, 16);
	assert_int_equal(a->spi, b->spi);
	assert_int_equal(a->proto, b->proto);
	assert_int_equal(a->mark, b->mark);
	assert_int_equal(a->mark_mask, b->mark_mask);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->reqid, b->reqid);
	assert_int_equal(a->if_id, b->if_id);
	assert_int_equal(a->direction, b->direction);
}

static void assert_selector_equal(const struct kmtia_selector *a, const struct kmtia_selector *b)
{
	assert_int_equal(a->family, b->family);
	assert_memory_equal(a->saddr, b->saddr, 16);
	assert_memory_equal(a->daddr, b->daddr, 16);
	assert_int_equal(a->saddr_len, b->saddr_len);
	assert_int_equal(a->daddr_len, b->daddr_len);
	assert_int_equal(a->proto, b->proto);
	assert_int_equal(a->sport, b->sport);
	assert_int_equal(a->sport_mask, b->sport_mask);
	assert_int_equal(a->dport, b->dport);
	assert_int_equal(a->dport_mask, b->dport_mask);
}

static void assert_tracked_equal(const struct kmtia_sa *a, const struct kmtia_sa *b)
{
	assert_int_equal(a->tracked, b->tracked);
	assert_int_equal(a->handle, b->handle);
	assert_int_equal(a->has_rule, b->has_rule);
	assert_int_equal(a->rule, b->rule);
	assert_int_equal(a->origin, b->origin);
	assert_int_equal(a->has_manager, b->has_manager);
	assert_memory_equal(a->manager, b->manager, KMTIA_UUID_LEN);
	assert_string_equal(a->key_id, b->key_id);
	assert_int_equal(a->age_ms, b->age_ms);
	assert_int_equal(a->integrity_failed, b->integrity_failed);
	assert_int_equal(a->replay_failed, b->replay_failed);
	assert_int_equal(a->packets, b->packets);
	assert_int_equal(a->bytes, b->bytes);
}

static void assert_limits_equal(const struct kmtia_sa *a, const struct kmtia_sa *b)
{
	assert_int_equal(a->soft_byte_limit, b->soft_byte_limit);
	assert_int_equal(a->hard_byte_limit, b->hard_byte_limit);
	assert_int_equal(a->soft_packet_limit, b->soft_packet_limit);
	assert_int_equal(a->hard_packet_limit, b->hard_packet_limit);
	assert_int_equal(a->soft_add_expires, b->soft_add_expires);
	assert_int_equal(a->hard_add_expires, b->hard_add_expires);
}

/* Member by member: what is in between has no value. */
static void assert_sa_equal(const struct kmtia_sa *a, const struct kmtia_sa *b)
{
	assert_identity_equal(a, b);
	assert_selector_equal(&a->selector, &b->selector);
	assert_slots_equal(a, b);
	assert_limits_equal(a, b);
	assert_tracked_equal(a, b);
	assert_int_equal(a->esn, b->esn);
	assert_int_equal(a->encap_type, b->encap_type);
	assert_int_equal(a->encap_sport, b->encap_sport);
	assert_int_equal(a->encap_dport, b->encap_dport);
}

static void every_attribute_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_sas(with_everything), 0);
	assert_int_equal(n_listed, 1);
	assert_sa_equal(&listed, &full);
	assert_true(has_mate);
	assert_sa_equal(&listed_mate, &fake_sa_in);
}

static struct nl_msg *with_the_least(uint32_t seq)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_SA_GET, seq, NLM_F_MULTI);
	struct nlattr *nest = nla_nest_start(msg, KMTIA_A_TRACKED_SA);

	nla_put_u32(msg, KMTIA_A_SA_FAMILY, AF_INET);
	nla_put(msg, KMTIA_A_SA_DADDR, 4, fake_sa_in.daddr);
	nla_put_u32(msg, KMTIA_A_SA_SPI, 256);
	nla_put_u32(msg, KMTIA_A_SA_PROTO, IPPROTO_ESP);
	nla_nest_end(msg, nest);
	return msg;
}

static void what_is_absent_is_zero(void **state)
{
	struct kmtia_sa least = { .family = AF_INET, .spi = 256, .proto = IPPROTO_ESP };

	(void)state;
	memcpy(least.daddr, fake_sa_in.daddr, sizeof(least.daddr));
	assert_int_equal(read_sas(with_the_least), 0);
	assert_int_equal(n_listed, 1);
	assert_sa_equal(&listed, &least);
	assert_false(has_mate);
}

/* --- Malformed ---------------------------------------------------------------------- */

static int odd_type, odd_len, odd_drop;
static uint64_t odd_value;

/* All but @odd_drop, then @odd_type once more, @odd_len bytes long. */
static struct nl_msg *with_something_odd(uint32_t seq)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_SA_GET, seq, NLM_F_MULTI);
	struct nlattr *nest = nla_nest_start(msg, KMTIA_A_TRACKED_SA);
	uint8_t bytes[64] = { 0 };

	memcpy(bytes, &odd_value, sizeof(odd_value));
	if (odd_drop != KMTIA_A_SA_FAMILY)
		nla_put_u32(msg, KMTIA_A_SA_FAMILY, AF_INET);
	if (odd_drop != KMTIA_A_SA_DADDR)
		nla_put(msg, KMTIA_A_SA_DADDR, 4, fake_sa_in.daddr);
	if (odd_drop != KMTIA_A_SA_SPI)
		nla_put_u32(msg, KMTIA_A_SA_SPI, 256);
	if (odd_drop != KMTIA_A_SA_PROTO)
		nla_put_u32(msg, KMTIA_A_SA_PROTO, IPPROTO_ESP);
	if (odd_type)
		nla_put(msg, odd_type, odd_len, bytes);
	nla_nest_end(msg, nest);
	return msg;
}

static int read_odd(int type, int len, uint64_t value)
{
	odd_type = type;
	odd_len = len;
	odd_value = value;
	odd_drop = 0;
	return read_sas(with_something_odd);
}

static void without_its_identity_it_is_malformed(void **state)
{
	static const int needed[] = {
		KMTIA_A_SA_FAMILY,
		KMTIA_A_SA_DADDR,
		KMTIA_A_SA_SPI,
		KMTIA_A_SA_PROTO,
	};
	size_t i;

	(void)state;
	odd_type = 0;
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		odd_drop = needed[i];
		assert_int_equal(read_sas(with_something_odd), -EBADMSG);
		assert_int_equal(n_listed, 0);
	}
	odd_drop = 0;
	assert_int_equal(read_sas(with_something_odd), 0);
}

static void integers_of_another_length_are_malformed(void **state)
{
	static const int narrow[] = {
		KMTIA_A_SA_FAMILY, KMTIA_A_SA_SPI, KMTIA_A_SA_PROTO, KMTIA_A_SA_MARK,
		KMTIA_A_SA_MARK_MASK, KMTIA_A_SA_MODE, KMTIA_A_SA_REQID, KMTIA_A_SA_IF_ID,
		KMTIA_A_SA_DIRECTION, KMTIA_A_SA_ENCAP_TYPE, KMTIA_A_SA_ENCAP_SPORT,
		KMTIA_A_SA_ENCAP_DPORT, KMTIA_A_SA_RULE, KMTIA_A_SA_ORIGIN
	};
	static const int wide[] = {
		KMTIA_A_SA_SOFT_BYTE_LIMIT, KMTIA_A_SA_HARD_BYTE_LIMIT,
		KMTIA_A_SA_SOFT_PACKET_LIMIT, KMTIA_A_SA_HARD_PACKET_LIMIT,
		KMTIA_A_SA_SOFT_ADD_EXPIRES, KMTIA_A_SA_HARD_ADD_EXPIRES, KMTIA_A_SA_HANDLE,
		KMTIA_A_SA_AGE, KMTIA_A_SA_INTEGRITY_FAILED, KMTIA_A_SA_REPLAY_FAILED,
		KMTIA_A_SA_PACKETS, KMTIA_A_SA_BYTES
	};
	size_t i;
	int len;

	(void)state;
	for (len = 0; len <= 9; len++) {
		for (i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
			assert_int_equal(read_odd(narrow[i], len, 1), len == 4 ? 0 : -EBADMSG);
		for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
			assert_int_equal(read_odd(wide[i], len, 1), len == 8 ? 0 : -EBADMSG);
	}
}

static void integers_that_do_not_fit_are_malformed(void **state)
{
	(void)state;
	assert_int_equal(read_odd(KMTIA_A_SA_PROTO, 4, 255), 0);
	assert_int_equal(listed.proto, 255);
	assert_int_equal(read_odd(KMTIA_A_SA_PROTO, 4, 256), -EBADMSG);
	assert_int_equal(read_odd(KMTIA_A_SA_MODE, 4, 256), -EBADMSG);
	assert_int_equal(read_odd(KMTIA_A_SA_FAMILY, 4, 65536), -EBADMSG);
	assert_int_equal(read_odd(KMTIA_A_SA_ENCAP_SPORT, 4, 65535), 0);
	assert_int_equal(listed.encap_sport, 65535);
	assert_int_equal(read_odd(KMTIA_A_SA_ENCAP_SPORT, 4, 65536), -EBADMSG);
	assert_int_equal(read_odd(KMTIA_A_SA_SPI, 4, UINT32_MAX), 0);
	assert_int_equal(listed.spi, UINT32_MAX);
}

static void addresses_and_uuids_have_their_lengths(void **state)
{
	int len;

	(void)state;
	for (len = 0; len <= 20; len++) {
		bool address = len == 4 || len == 16;

		assert_int_equal(read_odd(KMTIA_A_SA_DADDR, len, 0), address ? 0 : -EBADMSG);
		assert_int_equal(read_odd(KMTIA_A_SA_SADDR, len, 0), address ? 0 : -EBADMSG);
		assert_int_equal(read_odd(KMTIA_A_SA_MANAGER, len, 0), len == 16 ? 0 : -EBADMSG);
	}
}

static void texts_are_terminated(void **state)
{
	(void)state;
	/* Neither a missing zero nor an empty attribute is a problem. */
	assert_int_equal(read_odd(KMTIA_A_SA_KEY_ID, 8, 0x4141414141414141), 0);
	assert_string_equal(listed.key_id, "AAAAAAAA");
	assert_int_equal(read_odd(KMTIA_A_SA_KEY_ID, 0, 0), 0);
	assert_string_equal(listed.key_id, "");
}

static struct nl_msg *with_three_slots(uint32_t seq)
{
	struct nl_msg *msg = fake_message(KMTIA_CMD_SA_GET, seq, NLM_F_MULTI);
	struct kmtia_sa sa = fake_sa_out;
	struct nlattr *nest, *slot;
	int i;

	sa.n_slots = 0;
	fake_put_sa(msg, KMTIA_A_TRACKED_MATE, &sa);
	nest = nla_nest_start(msg, KMTIA_A_TRACKED_SA);
	nla_put_u32(msg, KMTIA_A_SA_FAMILY, AF_INET);
	nla_put(msg, KMTIA_A_SA_DADDR, 4, sa.daddr);
	nla_put_u32(msg, KMTIA_A_SA_SPI, 1);
	nla_put_u32(msg, KMTIA_A_SA_PROTO, IPPROTO_ESP);
	for (i = 0; i < 3; i++) {
		slot = nla_nest_start(msg, KMTIA_A_SA_SLOT);
		nla_put_u32(msg, KMTIA_A_SLOT_ROLE, i);
		nla_nest_end(msg, slot);
	}
	nla_nest_end(msg, nest);
	return msg;
}

static void a_slot_too_many_is_malformed(void **state)
{
	(void)state;
	assert_int_equal(read_sas(with_three_slots), -EBADMSG);
}

/* Each 32-bit word of the message as a wild length or type, and cut off anywhere:
 * whatever is made of it, the sanitizers must have nothing to say. */
static const uint8_t *wild;
static size_t wild_len;

static void dump_wild(const struct fake_request *r)
{
	uint8_t *bytes = malloc(wild_len);
	struct nlmsghdr *nlh = (struct nlmsghdr *)bytes;

	memcpy(bytes, wild, wild_len);
	if (wild_len >= sizeof(*nlh)) {
		nlh->nlmsg_seq = r->nlh->nlmsg_seq;
		nlh->nlmsg_len = wild_len;
	}
	fake_push_raw(r->fd, bytes, wild_len);
	free(bytes);
	fake_dump_empty(r);
}

static void wild_messages_are_survived(void **state)
{
	struct nl_msg *msg = with_everything(0);
	size_t len = nlmsg_hdr(msg)->nlmsg_len, at, i;
	uint8_t *bytes = malloc(len);
	static const uint16_t values[] = { 0, 1, 3, 4, 5, 0x7fff, 0x8001, 0xffff };
	struct kmtia *h = fake_open();
	int ok = 0, bad = 0;

	(void)state;
	fake.on[KMTIA_CMD_SA_GET] = dump_wild;
	wild = bytes;
	for (at = sizeof(struct nlmsghdr); at <= len; at++) {
		memcpy(bytes, nlmsg_hdr(msg), len);
		wild_len = at;
		kmtia_sas(h, list, NULL) ? bad++ : ok++;
	}
	wild_len = len;
	for (at = sizeof(struct nlmsghdr); at + 2 <= len; at += 2) {
		for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			memcpy(bytes, nlmsg_hdr(msg), len);
			memcpy(bytes + at, &values[i], 2);
			kmtia_sas(h, list, NULL) ? bad++ : ok++;
		}
	}
	/* Both happen, or the test would prove nothing. */
	assert_in_range(ok, 100, 100000);
	assert_in_range(bad, 100, 100000);
	free(bytes);
	nlmsg_free(msg);
	fake_close(h);
}

/* --- Pairs ------------------------------------------------------------------------- */

static struct fake_pair ask(const struct kmtia_sa *sa, const struct kmtia_sa *mate)
{
	struct fake_manager m;
	struct kmtia *h = fake_register(&m);

	fake_push(fake.event_fd, fake_question(KMTIA_CMD_CHECK, 1, sa, mate, false));
	assert_int_equal(kmtia_dispatch(h), 1);
	assert_int_equal(m.checks, 1);
	fake_close(h);
	return m.pair;
}

static void a_pair_is_sorted_by_direction(void **state)
{
	struct fake_pair p;

	(void)state;
	p = ask(&fake_sa_in, NULL);
	assert_true(p.keyed_is_inbound && !p.has_outbound);
	p = ask(&fake_sa_out, NULL);
	assert_true(p.keyed_is_outbound && !p.has_inbound);
	p = ask(&fake_sa_in, &fake_sa_out);
	assert_true(p.keyed_is_inbound && p.has_outbound);
	assert_identity_equal(&p.keyed, &fake_sa_in);
	assert_identity_equal(&p.outbound, &fake_sa_out);
	p = ask(&fake_sa_out, &fake_sa_in);
	assert_true(p.keyed_is_outbound && p.has_inbound);
	assert_identity_equal(&p.inbound, &fake_sa_in);
}

static void an_unknown_direction_is_not_guessed(void **state)
{
	struct kmtia_sa unknown = fake_sa_in;
	struct fake_pair p;

	(void)state;
	unknown.direction = KMTIA_DIRECTION_UNKNOWN;
	p = ask(&unknown, NULL);
	assert_false(p.has_inbound || p.has_outbound);
	assert_int_equal(p.keyed.spi, fake_sa_in.spi);
	p = ask(&unknown, &unknown);
	assert_false(p.has_inbound || p.has_outbound);
	/* But the mate's tells it. */
	p = ask(&unknown, &fake_sa_out);
	assert_true(p.keyed_is_inbound && p.has_outbound);
	p = ask(&unknown, &fake_sa_in);
	assert_true(p.keyed_is_outbound && p.has_inbound);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attribute_is_read),
		cmocka_unit_test(what_is_absent_is_zero),
		cmocka_unit_test(without_its_identity_it_is_malformed),
		cmocka_unit_test(integers_of_another_length_are_malformed),
		cmocka_unit_test(integers_that_do_not_fit_are_malformed),
		cmocka_unit_test(addresses_and_uuids_have_their_lengths),
		cmocka_unit_test(texts_are_terminated),
		cmocka_unit_test(a_slot_too_many_is_malformed),
		cmocka_unit_test(wild_messages_are_survived),
		cmocka_unit_test(a_pair_is_sorted_by_direction),
		cmocka_unit_test(an_unknown_direction_is_not_guessed),
	};

	return cmocka_run_group_tests_name("sa", tests, NULL, NULL);
}
