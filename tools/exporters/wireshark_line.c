// SPDX-License-Identifier: GPL-2.0-only
/*
 * One line of Wireshark's table "esp_sa". Wireshark finds algorithms by their
 * names; the ones below are exactly those that it knows and decrypts with.
 */
#include "kmtiad/exporters.h"
#include "sa_text.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct algorithm {
	const char *name;  /* the kernel's */
	uint32_t icv_bits; /* 0: any */
	const char *wireshark;
	bool no_key; /* Wireshark takes none for it */
};

static const struct algorithm aeads[] = {
	{ "rfc4106(gcm(aes))", 64, "AES-GCM with 8 octet ICV [RFC4106]", false },
	{ "rfc4106(gcm(aes))", 96, "AES-GCM with 12 octet ICV [RFC4106]", false },
	{ "rfc4106(gcm(aes))", 128, "AES-GCM with 16 octet ICV [RFC4106]", false },
	{ NULL, 0, NULL, false },
};

static const struct algorithm ciphers[] = {
	{ "cbc(aes)", 0, "AES-CBC [RFC3602]", false },
	{ "rfc3686(ctr(aes))", 0, "AES-CTR [RFC3686]", false },
	{ "cbc(des3_ede)", 0, "TripleDES-CBC [RFC2451]", false },
	{ "cbc(des)", 0, "DES-CBC [RFC2405]", false },
	{ "cbc(cast5)", 0, "CAST5-CBC [RFC2144]", false },
	{ "cbc(blowfish)", 0, "BLOWFISH-CBC [RFC2451]", false },
	{ "cbc(twofish)", 0, "TWOFISH-CBC", false },
	{ "ecb(cipher_null)", 0, "NULL", true },
	{ NULL, 0, NULL, false },
};

/* What Wireshark cannot check, it can still skip, if it knows the length. */
static const struct algorithm authentications[] = {
	{ "hmac(sha1)", 96, "HMAC-SHA-1-96 [RFC2404]", false },
	{ "hmac(sha256)", 96, "HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]", false },
	{ "hmac(sha256)", 128, "HMAC-SHA-256-128 [RFC4868]", false },
	{ "hmac(sha384)", 192, "HMAC-SHA-384-192 [RFC4868]", false },
	{ "hmac(sha512)", 256, "HMAC-SHA-512-256 [RFC4868]", false },
	{ "hmac(md5)", 96, "HMAC-MD5-96 [RFC2403]", false },
	{ "hmac(rmd160)", 96, "MAC-RIPEMD-160-96 [RFC2857]", false },
	{ "digest_null", 0, "NULL", true },
	{ "", 64, "ANY 64 bit authentication [no checking]", true },
	{ "", 96, "ANY 96 bit authentication [no checking]", true },
	{ "", 128, "ANY 128 bit authentication [no checking]", true },
	{ "", 192, "ANY 192 bit authentication [no checking]", true },
	{ "", 256, "ANY 256 bit authentication [no checking]", true },
	{ NULL, 0, NULL, false },
};

static const struct algorithm none = { "", 0, "NULL", true };

/* A line in the making. */
struct line {
	char *text;
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) put(struct line *l, const char *format, ...)
{
	size_t room = WIRESHARK_LINE_SIZE - l->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(l->text + l->len, room, format, ap);
	va_end(ap);
	l->len += (size_t)n < room ? (size_t)n : room - 1;
}

static const struct algorithm *find(const struct algorithm *table, const struct kmtia_slot *slot)
{
	for (; table->name; table++)
		if ((!*table->name || !strcmp(table->name, slot->algorithm)) &&
		    (!table->icv_bits || table->icv_bits == slot->icv_bits))
			return table;
	return NULL;
}

/* What an SA is made of, in Wireshark's words; false if it has none for it. */
struct translation {
	const struct algorithm *cipher, *authentication;
	const struct kmtia_slot *cipher_slot, *authentication_slot;
	const struct kmtia_slot *unknown;
};

static bool translate_slot(struct translation *t, const struct kmtia_slot *slot)
{
	const struct algorithm *found = NULL;

	switch (slot->role) {
	case KMTIA_SLOT_ROLE_AEAD:
		found = t->cipher = find(aeads, slot);
		t->cipher_slot = slot;
		break;
	case KMTIA_SLOT_ROLE_ENCRYPTION:
		found = t->cipher = find(ciphers, slot);
		t->cipher_slot = slot;
		break;
	case KMTIA_SLOT_ROLE_AUTHENTICATION:
		found = t->authentication = find(authentications, slot);
		t->authentication_slot = slot;
		break;
	}
	if (!found)
		t->unknown = slot;
	return found;
}

static bool translate(struct translation *t, const struct kmtia_sa *sa)
{
	size_t i;

	*t = (struct translation){ .cipher = &none, .authentication = &none };
	for (i = 0; i < sa->n_slots; i++)
		if (!translate_slot(t, &sa->slots[i]))
			return false;
	return true;
}

/* Keys of all the slots that need one, and of one at least? */
static bool has_keys(const struct kmtia_sa *sa)
{
	bool some = false;
	size_t i;

	for (i = 0; i < sa->n_slots; i++) {
		if (!sa->slots[i].bits)
			continue;
		if (!sa->slots[i].key)
			return false;
		some = true;
	}
	return some;
}

static void put_key(struct line *l, const struct algorithm *algorithm,
		    const struct kmtia_slot *slot)
{
	size_t i;

	put(l, "\"%s\",\"", algorithm->wireshark);
	if (!algorithm->no_key && slot && slot->key) {
		put(l, "0x");
		for (i = 0; i < slot->key_len && i < KMTIA_KEY_MAX_LEN; i++)
			put(l, "%02x", slot->key[i]);
	}
	put(l, "\"");
}

static void put_id(struct line *l, const struct kmtia_sa *sa)
{
	char src[SA_TEXT_SIZE], dst[SA_TEXT_SIZE];

	put(l, "\"%s\",\"%s\",\"%s\",\"0x%08x\"", sa->family == AF_INET ? "IPv4" : "IPv6",
	    sa_text_address(sa->family, sa->saddr, src),
	    sa_text_address(sa->family, sa->daddr, dst), sa->spi);
}

/*
 * Write the line for @sa, and return its length; 0 if @sa comes without keys. A
 * line that Wireshark would take wrongly becomes a comment that says so.
 */
size_t wireshark_line(const struct kmtia_sa *sa, bool esn_columns,
		      char line[WIRESHARK_LINE_SIZE])
{
	struct line l = { .text = line };
	struct translation t;

	if (!has_keys(sa))
		return 0;
	if (sa->proto != IPPROTO_ESP) {
		put(&l, "# ");
		put_id(&l, sa);
		put(&l, ": not ESP, nothing to decrypt\n");
		return l.len;
	}
	if (!translate(&t, sa)) {
		put(&l, "# ");
		put_id(&l, sa);
		put(&l, ": Wireshark does not know %s with an ICV of %u bits\n",
		    t.unknown->algorithm, t.unknown->icv_bits);
		return l.len;
	}
	put_id(&l, sa);
	put(&l, ",");
	put_key(&l, t.cipher, t.cipher_slot);
	put(&l, ",");
	put_key(&l, t.authentication, t.authentication_slot);
	/* Older versions warn about columns that they do not know. */
	if (esn_columns && sa->esn)
		put(&l, ",\"64-bit\",\"0\"");
	put(&l, "\n");
	return l.len;
}
