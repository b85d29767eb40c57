// SPDX-License-Identifier: GPL-2.0-only
/* What may be asked by the control socket; control_proto.h has the format. */
#include "control.h"
#include "sa_json.h"

#include <jansson.h>
#include <string.h>

/* Takes @json. */
static char *text_of(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *control_error(const char *why)
{
	json_t *json = json_object();

	json_object_set_new(json, "error", sa_json_text(why));
	return text_of(json);
}

static bool has_secrets(const struct config *config)
{
	return config->source && config->source->ops->list;
}

static json_t *secrets_json(const struct source_secrets *list)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < list->n; i++) {
		json_t *obj = json_object();

		json_object_set_new(obj, "key_id", sa_json_text(list->key_id[i]));
		json_object_set_new(obj, "used", json_boolean(i == list->used));
		json_array_append_new(array, obj);
	}
	return array;
}

static char *secret_show(struct tia *t)
{
	const struct config *config = tia_config(t);
	struct source_secrets list;
	json_t *json = json_object();

	config->source->ops->list(config->source, &list);
	json_object_set_new(json, "derivation",
			    json_string(kmtia_derivation_name(list.derivation)));
	json_object_set_new(json, "standing", json_boolean(list.standing));
	json_object_set_new(json, "used", sa_json_text(list.key_id[list.used]));
	json_object_set_new(json, "secrets", secrets_json(&list));
	json_object_set_new(json, "registered", json_boolean(tia_is_registered(t)));
	if (config->state)
		json_object_set_new(json, "state", sa_json_text(config->state));
	return text_of(json);
}

static char *secret_use(struct tia *t, const char *key_id)
{
	const struct config *config = tia_config(t);
	struct source_secrets list;
	char why[TIA_WHY_SIZE];
	const char *before;
	json_t *json;

	config->source->ops->list(config->source, &list);
	before = list.key_id[list.used];
	if (!tia_use(t, key_id, why))
		return control_error(why);
	json = json_object();
	json_object_set_new(json, "used", sa_json_text(key_id));
	json_object_set_new(json, "before", sa_json_text(before));
	json_object_set_new(json, "kept", json_boolean(config->state));
	return text_of(json);
}

/* Exactly the fields that a command has: one too many is a misunderstanding. */
static char *run(struct tia *t, json_t *json)
{
	const char *command = json_string_value(json_object_get(json, "command"));
	const char *key_id = json_string_value(json_object_get(json, "key_id"));

	if (!command)
		return control_error("the request is not understood");
	if (!has_secrets(tia_config(t)))
		return control_error("the source of keys has no secrets to choose from");
	if (!strcmp(command, "secret-show") && json_object_size(json) == 1)
		return secret_show(t);
	if (!strcmp(command, "secret-use") && json_object_size(json) == 2 && key_id)
		return secret_use(t, key_id);
	return control_error("the request is not understood");
}

char *control_request(const char *request, size_t len, void *user)
{
	json_t *json = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL);
	char *text = run(user, json);

	json_decref(json);
	return text;
}
