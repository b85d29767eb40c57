/* SPDX-License-Identifier: GPL-2.0-only */
/* What the race test says to the kernel: to kmtia, to XFRM, and about the module */
#ifndef KERNEL_H
#define KERNEL_H

#include <linux/kmtia.h>
#include <stdbool.h>
#include <stdint.h>

#include "nl.h"

#define REQID 1	      /* of the SAs that the rule covers */
#define REQID_OTHER 2 /* of others */
#define KEY_BYTES 20  /* rfc4106(gcm(aes)) with a key of 128 bits, and its salt */

/* --- family.c ------------------------------------------------------------------- */

/**
 * struct kmtia_sock - a socket of the family
 * @nl: it
 * @question: the last question that came, 0 for none
 * @pending: of the last stats-get
 */
struct kmtia_sock {
	struct nl nl;
	uint64_t question;
	uint32_t pending;
};

void family_resolve(void);
void family_open(struct kmtia_sock *s);
void manager_add_msg(struct msg *m, uint8_t uuid, uint32_t grace);
void manager_del_msg(struct msg *m, uint8_t uuid);
void rule_add_msg(struct msg *m, uint32_t priority, uint32_t on_failure, uint32_t timeout,
		  bool replace);
void rule_del_msg(struct msg *m, uint32_t priority);
void answer_msg(struct msg *m, uint64_t id, const uint8_t key[KEY_BYTES]);
void secret_msg(struct msg *m, uint32_t reqid);
void hello_msg(struct msg *m);
int rules_flush(struct kmtia_sock *s);
uint32_t stats_pending(struct kmtia_sock *s);
void wait_question(struct kmtia_sock *s);

/* --- sa.c ----------------------------------------------------------------------- */

/**
 * struct sa_sock - a socket of XFRM
 * @nl: it
 * @key: of the SA that was read last
 */
struct sa_sock {
	struct nl nl;
	uint8_t key[KEY_BYTES];
};

void sa_open(struct sa_sock *s);
void sa_own_key(uint32_t spi, uint8_t key[KEY_BYTES]);
void sa_new_msg(struct msg *m, uint32_t spi, uint32_t reqid);
void sa_del_msg(struct msg *m, uint32_t spi);
void sa_flush_msg(struct msg *m);
bool sa_key(struct sa_sock *s, uint32_t spi);

/* --- module.c ------------------------------------------------------------------- */

void module_load(const char *ko);
int module_unload(void);
void module_widen(unsigned int us);
int module_users(void);

#endif /* KERNEL_H */
