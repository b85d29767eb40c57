// SPDX-License-Identifier: GPL-2.0-only
/* Who may register key managers, in words. */
#include "policy_words.h"
#include "parse.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

/* The highest number is nobody's: it stands for "no change" in system calls. */
static bool take_id(struct kmtia_policy *policy, const char *value)
{
	return parse_u32(value, &policy->id) && policy->id != UINT32_MAX;
}

static const char *take_uid(struct kmtia_policy *policy, const char *value)
{
	policy->is_group = false;
	return take_id(policy, value) ? NULL : "is not the number of a user";
}

static const char *take_gid(struct kmtia_policy *policy, const char *value)
{
	policy->is_group = true;
	return take_id(policy, value) ? NULL : "is not the number of a group";
}

static const char *take_user(struct kmtia_policy *policy, const char *value)
{
	const struct passwd *user = getpwnam(value);

	policy->is_group = false;
	if (!user)
		return "is no user here";
	policy->id = user->pw_uid;
	return NULL;
}

static const char *take_group(struct kmtia_policy *policy, const char *value)
{
	const struct group *group = getgrnam(value);

	policy->is_group = true;
	if (!group)
		return "is no group here";
	policy->id = group->gr_gid;
	return NULL;
}

const struct policy_word policy_word_list[] = {
	{ "uid", take_uid },
	{ "user", take_user },
	{ "gid", take_gid },
	{ "group", take_group },
	{ NULL, NULL },
};

/* NULL: there is no such word. */
const struct policy_word *policy_words_find(const char *name)
{
	const struct policy_word *word;

	for (word = policy_word_list; word->name; word++)
		if (!strcmp(word->name, name))
			return word;
	return NULL;
}

/* Returns NULL, or what is wrong with the value. */
const char *policy_words_uuid(struct kmtia_policy *policy, const char *value)
{
	static const uint8_t zero[KMTIA_UUID_LEN];

	policy->has_uuid = true;
	if (kmtia_uuid_parse(value, policy->uuid) || !memcmp(policy->uuid, zero, sizeof(zero)))
		return "is not a UUID";
	return NULL;
}

/* All was taken. Returns NULL, or what is wrong with the flags. */
const char *policy_words_check(const struct kmtia_policy *policy)
{
	if (!policy->flags)
		return "what for? Give dictate, notify or exclusive";
	if (policy->flags & KMTIA_MANAGER_FLAGS_EXCLUSIVE &&
	    !(policy->flags & KMTIA_MANAGER_FLAGS_DICTATE))
		return "exclusive is of no use without dictate";
	return NULL;
}
