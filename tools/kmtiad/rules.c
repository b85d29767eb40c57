// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the kernel's rules and manager policy those of the file. What is absent is added,
 * what differs is replaced in place, so that no SA falls between the two, and what we had
 * put there, and the file has no more, is deleted. What is others' stays, but for the
 * priorities that the file has: it is the one place where rules persist.
 */
#include "rules.h"
#include "config.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>

/* What goes with it all. */
struct job {
	struct kmtia *h;
	const char *path;
	const struct rules *wanted;
	struct rules *ours;
	struct rules now; /* in the kernel */
	char why[512];	  /* it failed */
};

static int failed(struct job *job, const char *what, int err)
{
	/* Kernels do not say why they list nothing. */
	const char *hint = err == -EPERM ? "; this needs CAP_NET_ADMIN" : "";

	snprintf(job->why, sizeof(job->why), "cannot %s of %.200s: %s%s", what, job->path,
		 kmtia_strerror(job->h, err), hint);
	return err;
}

/* --- What there is ----------------------------------------------------------- */

static int list_rule(const struct kmtia_rule *rule, void *user)
{
	return rules_put(user, rule) ? 0 : -ENOMEM;
}

static int list_policy(const struct kmtia_policy *policy, void *user)
{
	return rules_put_policy(user, policy) ? 0 : -ENOMEM;
}

static int read_kernel(struct job *job)
{
	int err = kmtia_rules(job->h, list_rule, &job->now);

	if (!err)
		err = kmtia_manager_policies(job->h, list_policy, &job->now);
	return err < 0 ? failed(job, "set the rules", err) : 0;
}

/* --- Manager policy ---------------------------------------------------------- */

static int set_policy(struct job *job, const struct kmtia_policy *policy)
{
	const struct kmtia_policy *there = rules_find_policy(&job->now, policy);
	const struct kmtia_policy *mine = rules_find_policy(job->ours, policy);
	int err = 0;

	if (there && there->flags != policy->flags && (!mine || mine->flags != there->flags))
		log_warn("the manager policy for %s %u was not as %s says; changing it",
			 policy->is_group ? "gid" : "uid", policy->id, job->path);
	if (!there || there->flags != policy->flags)
		err = kmtia_manager_policy_set(job->h, policy);
	if (err < 0)
		return failed(job, "set the manager policy", err);
	return rules_put_policy(job->ours, policy) ? 0 :
						     failed(job, "set the manager policy", -ENOMEM);
}

static int set_policies(struct job *job)
{
	size_t i;
	int err = 0;

	for (i = 0; i < job->wanted->n_policies && !err; i++)
		err = set_policy(job, &job->wanted->policies[i]);
	return err;
}

/* Returns a negative errno, or 0: it is gone, or not ours any more. */
static int delete_policy(struct job *job, const struct kmtia_policy *policy)
{
	const struct kmtia_policy *there = rules_find_policy(&job->now, policy);
	int err;

	if (!there || there->flags != policy->flags)
		return 0;
	err = kmtia_manager_policy_delete(job->h, policy);
	if (err >= 0 || err == -ENOENT)
		return 0;
	return failed(job, "take back part of the manager policy", err);
}

static int delete_policies(struct job *job)
{
	struct rules *ours = job->ours;
	size_t i, kept = 0;
	int err = 0;

	for (i = 0; i < ours->n_policies; i++) {
		if (!rules_find_policy(job->wanted, &ours->policies[i]) && !err) {
			err = delete_policy(job, &ours->policies[i]);
			if (!err)
				continue;
		}
		ours->policies[kept++] = ours->policies[i];
	}
	ours->n_policies = kept;
	return err;
}

/* --- Rules ------------------------------------------------------------------- */

static int replace(struct job *job, const struct kmtia_rule *rule)
{
	int err = kmtia_rule_replace(job->h, rule);
	const char *warning = err < 0 ? NULL : kmtia_warning(job->h);

	if (warning)
		log_warn("rule %u: %s", rule->priority, warning);
	return err < 0 ? err : 0;
}

static int set_rule(struct job *job, const struct kmtia_rule *rule)
{
	const struct kmtia_rule *there = rules_find(&job->now, rule->priority);
	const struct kmtia_rule *mine = rules_find(job->ours, rule->priority);
	bool same = there && rules_same(there, rule);
	char what[40];
	int err = 0;

	if (there && !same && (!mine || !rules_same(there, mine)))
		log_warn("rule %u was not as %s says; replacing it", rule->priority, job->path);
	if (!same)
		err = replace(job, rule);
	if (!err && !rules_put(job->ours, rule))
		err = -ENOMEM;
	if (!err)
		return 0;
	snprintf(what, sizeof(what), "set rule %u", rule->priority);
	return failed(job, what, err);
}

static int set_rules(struct job *job)
{
	size_t i;
	int err = 0;

	for (i = 0; i < job->wanted->n_rules && !err; i++)
		err = set_rule(job, &job->wanted->rules[i]);
	return err;
}

static int delete_rule(struct job *job, const struct kmtia_rule *rule)
{
	const struct kmtia_rule *there = rules_find(&job->now, rule->priority);
	char what[40];
	int err;

	if (!there || !rules_same(there, rule))
		return 0;
	err = kmtia_rule_delete(job->h, rule->priority);
	if (err >= 0 || err == -ENOENT)
		return 0;
	snprintf(what, sizeof(what), "delete rule %u", rule->priority);
	return failed(job, what, err);
}

static int delete_rules(struct job *job)
{
	struct rules *ours = job->ours;
	size_t i, kept = 0;
	int err = 0;

	for (i = 0; i < ours->n_rules; i++) {
		if (!rules_find(job->wanted, ours->rules[i].priority) && !err) {
			err = delete_rule(job, &ours->rules[i]);
			if (!err)
				continue;
		}
		ours->rules[kept++] = ours->rules[i];
	}
	ours->n_rules = kept;
	return err;
}

/*
 * Additions come before deletions, lest an SA find no rule while one moves. Returns 0 or a
 * negative errno with the reason in job->why; then part of it may have been done.
 */
static int apply(struct job *job)
{
	int err = read_kernel(job);

	if (!err)
		err = set_policies(job);
	if (!err)
		err = set_rules(job);
	if (!err)
		err = delete_rules(job);
	if (!err)
		err = delete_policies(job);
	rules_clear(&job->now);
	return err;
}

/* Not refused, but not possible at this time. That the module is away is news of its own. */
static bool may_pass(int err)
{
	return err == -ENOMEM || err == -ENOBUFS || err == -EAGAIN || err == -EINTR ||
	       err == -ETIMEDOUT;
}

/*
 * Make the kernel have what the file of @config says, if it names one. Returns false if
 * that failed, logging why unless it was the same before; k->due tells whether to try again.
 */
bool rules_keep(struct rules_keeper *k, struct kmtia *h, const struct config *config)
{
	struct job job = {
		.h = h,
		.path = config->rules_path,
		.wanted = config->rules,
		.ours = &k->ours,
	};
	int err = config->rules ? apply(&job) : 0;

	if (err && err != k->err)
		log_err("%s", job.why);
	k->err = err;
	k->due = may_pass(err);
	return !err;
}
