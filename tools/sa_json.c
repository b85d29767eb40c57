// SPDX-License-Identifier: GPL-2.0-only
/* SAs, and the kinds of values in them, as JSON. */
#include "sa_json.h"
#include "sa_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Names and reasons come from other programs and need not be UTF-8, which
 * jansson insists on: what is not ASCII is replaced in a string that is not
 * valid, so that the output stays valid JSON.
 */
json_t *sa_json_text(const char *text)
{
	json_t *json = json_string(text);
	char *copy, *p;

	if (json)
		return json;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (p = copy; *p; p++)
		if (*p & 0x80)
			*p = '?';
	json = json_string(copy);
	free(copy);
	return json;
}

/* JSON knows no unsigned 64-bit integers; no counter gets that far. */
json_t *sa_json_u64(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *sa_json_uuid(const uint8_t uuid[KMTIA_UUID_LEN])
{
	char text[KMTIA_UUID_STR_SIZE];

	return json_string(kmtia_uuid_format(uuid, text));
}

static void sa_json_limit(json_t *obj, const char *name, uint64_t value)
{
	if (value)
		json_object_set_new(obj, name, sa_json_u64(value));
}

static json_t *sa_json_slots(const struct kmtia_sa *sa)
{
	json_t *slots = json_array();
	size_t i;

	for (i = 0; i < sa->n_slots; i++) {
		const struct kmtia_slot *slot = &sa->slots[i];
		json_t *obj = json_object();

		json_object_set_new(obj, "role", json_string(kmtia_slot_role_name(slot->role)));
		json_object_set_new(obj, "algorithm", sa_json_text(slot->algorithm));
		json_object_set_new(obj, "bits", json_integer(slot->bits));
		json_object_set_new(obj, "icv_bits", json_integer(slot->icv_bits));
		json_array_append_new(slots, obj);
	}
	return slots;
}

static json_t *sa_json_selector(const struct kmtia_selector *sel)
{
	char buf[SA_TEXT_SIZE];
	json_t *obj = json_object();

	json_object_set_new(obj, "family", json_string(sa_text_family(sel->family)));
	json_object_set_new(obj, "saddr",
			    json_string(sa_text_address(sel->family, sel->saddr, buf)));
	json_object_set_new(obj, "saddr_len", json_integer(sel->saddr_len));
	json_object_set_new(obj, "daddr",
			    json_string(sa_text_address(sel->family, sel->daddr, buf)));
	json_object_set_new(obj, "daddr_len", json_integer(sel->daddr_len));
	json_object_set_new(obj, "proto", json_integer(sel->proto));
	json_object_set_new(obj, "sport", json_integer(sel->sport));
	json_object_set_new(obj, "sport_mask", json_integer(sel->sport_mask));
	json_object_set_new(obj, "dport", json_integer(sel->dport));
	json_object_set_new(obj, "dport_mask", json_integer(sel->dport_mask));
	return obj;
}

/* What tells the SA from others; enough for a mate. */
json_t *sa_json_id(const struct kmtia_sa *sa)
{
	char buf[SA_TEXT_SIZE], spi[16];
	json_t *obj = json_object();

	snprintf(spi, sizeof(spi), "0x%08x", sa->spi);
	json_object_set_new(obj, "family", json_string(sa_text_family(sa->family)));
	json_object_set_new(obj, "saddr",
			    json_string(sa_text_address(sa->family, sa->saddr, buf)));
	json_object_set_new(obj, "daddr",
			    json_string(sa_text_address(sa->family, sa->daddr, buf)));
	json_object_set_new(obj, "spi", json_string(spi));
	json_object_set_new(obj, "proto", json_string(sa_text_proto(sa->proto, buf)));
	if (sa->mark_mask) {
		json_object_set_new(obj, "mark", json_integer(sa->mark));
		json_object_set_new(obj, "mark_mask", json_integer(sa->mark_mask));
	}
	if (sa->tracked)
		json_object_set_new(obj, "handle", sa_json_u64(sa->handle));
	return obj;
}

static void sa_json_limits(json_t *obj, const struct kmtia_sa *sa)
{
	sa_json_limit(obj, "soft_byte_limit", sa->soft_byte_limit);
	sa_json_limit(obj, "hard_byte_limit", sa->hard_byte_limit);
	sa_json_limit(obj, "soft_packet_limit", sa->soft_packet_limit);
	sa_json_limit(obj, "hard_packet_limit", sa->hard_packet_limit);
	sa_json_limit(obj, "soft_add_expires", sa->soft_add_expires);
	sa_json_limit(obj, "hard_add_expires", sa->hard_add_expires);
}

static void sa_json_tracked(json_t *obj, const struct kmtia_sa *sa)
{
	if (sa->has_rule)
		json_object_set_new(obj, "rule", json_integer(sa->rule));
	json_object_set_new(obj, "origin", json_string(kmtia_origin_name(sa->origin)));
	if (sa->has_manager)
		json_object_set_new(obj, "manager", sa_json_uuid(sa->manager));
	if (sa->key_id[0])
		json_object_set_new(obj, "key_id", sa_json_text(sa->key_id));
	json_object_set_new(obj, "age_ms", sa_json_u64(sa->age_ms));
	json_object_set_new(obj, "integrity_failed", sa_json_u64(sa->integrity_failed));
	json_object_set_new(obj, "replay_failed", sa_json_u64(sa->replay_failed));
	json_object_set_new(obj, "packets", sa_json_u64(sa->packets));
	json_object_set_new(obj, "bytes", sa_json_u64(sa->bytes));
}

static void sa_json_description(json_t *obj, const struct kmtia_sa *sa)
{
	char buf[SA_TEXT_SIZE];

	json_object_set_new(obj, "mode", json_string(sa_text_mode(sa->mode, buf)));
	json_object_set_new(obj, "reqid", json_integer(sa->reqid));
	json_object_set_new(obj, "if_id", json_integer(sa->if_id));
	json_object_set_new(obj, "direction",
			    json_string(kmtia_direction_name(sa->direction)));
	json_object_set_new(obj, "esn", json_boolean(sa->esn));
	if (sa->encap_type) {
		json_object_set_new(obj, "encap_type",
				    json_string(sa_text_encap(sa->encap_type, buf)));
		json_object_set_new(obj, "encap_sport", json_integer(sa->encap_sport));
		json_object_set_new(obj, "encap_dport", json_integer(sa->encap_dport));
	}
	sa_json_limits(obj, sa);
	if (sa->selector.family)
		json_object_set_new(obj, "selector", sa_json_selector(&sa->selector));
	json_object_set_new(obj, "slots", sa_json_slots(sa));
}

json_t *sa_json(const struct kmtia_sa *sa)
{
	json_t *obj = sa_json_id(sa);

	/* An SA that is gone, or is only named, comes without a description. */
	if (sa->n_slots)
		sa_json_description(obj, sa);
	if (sa->tracked)
		sa_json_tracked(obj, sa);
	return obj;
}
