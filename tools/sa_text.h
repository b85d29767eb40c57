/* SPDX-License-Identifier: GPL-2.0-only */
/* Words for the numbers in a description of an SA. */
#ifndef KMTIA_TOOLS_SA_TEXT_H
#define KMTIA_TOOLS_SA_TEXT_H

#include <netinet/in.h>
#include <stdint.h>

/* Large enough for each of the functions below, which return @buf or a constant. */
#define SA_TEXT_SIZE INET6_ADDRSTRLEN

const char *sa_text_address(uint16_t family, const uint8_t *addr, char buf[SA_TEXT_SIZE]);
const char *sa_text_family(uint16_t family);
const char *sa_text_proto(uint8_t proto, char buf[SA_TEXT_SIZE]);
const char *sa_text_mode(uint8_t mode, char buf[SA_TEXT_SIZE]);
const char *sa_text_encap(uint16_t type, char buf[SA_TEXT_SIZE]);

#endif /* KMTIA_TOOLS_SA_TEXT_H */
