// SPDX-License-Identifier: GPL-2.0
/*
 * When no key comes: each way in which that happens, with each action that a rule
 * may have for it. What the creator is told, what becomes of the SA, what is
 * counted, and that nothing stays pinned.
 */
#include "fake_clock.h"
#include "fake_manager.h"

#include <linux/sched/signal.h>
#include <linux/slab.h>

/*
 * struct failure - a way to get no key
 * @name: what happens
 * @managers: how many are registered
 * @grant: the rule lets only a manager dictate that is not there
 * @draining: the module is being unloaded already
 * @stalled: the manager has missed a deadline before
 * @refuse: what the manager's callbacks return
 * @sleeps: what happens while the creator sleeps
 * @answer: of @sleeps: what the manager answers
 * @used: its key was used before
 * @two_slots: the SA has two keys
 * @err: what comes of it
 * @reason: how people are told
 * @heeded: what the manager said of the keying module's own key counts
 * @final: no action keeps it
 * @status: the manager's own number
 * @questions: that were sent
 * @refusals: as the manager's counters say
 * @unusable: likewise
 * @misses: likewise
 * @answer_err: what its answer returned
 * @stalls: it is skipped from now on
 */
struct failure {
	const char *name;
	unsigned int managers;
	bool grant;
	bool draining;
	bool stalled;
	int refuse;
	void (*sleeps)(struct fake_decision *fd);
	enum fake_answer answer;
	bool used;
	bool two_slots;
	int err;
	const char *reason;
	bool heeded;
	bool final;
	u32 status;
	unsigned int questions;
	unsigned int refusals;
	unsigned int unusable;
	unsigned int misses;
	int answer_err;
	bool stalls;
};

#define MAX_FAKES 2

struct trial {
	const struct failure *failure;
	bool gen_key;
	struct fake_registry *reg;
	struct fake_manager *fakes[MAX_FAKES];
	int answer_err;
};

static void says_no(struct fake_decision *fd)
{
	struct trial *t = fd->script;
	unsigned int i;

	for (i = 0; i < t->failure->managers; i++)
		t->answer_err = kmtia_request_bid(t->fakes[i]->req, false, 0);
}

static void bids_nothing(struct fake_decision *fd)
{
	struct trial *t = fd->script;
	unsigned int i;

	for (i = 0; i < t->failure->managers; i++)
		t->answer_err = kmtia_request_bid(t->fakes[i]->req, true, 0);
}

static void answers(struct fake_decision *fd)
{
	struct trial *t = fd->script;
	const char *why;

	t->answer_err = fake_request_answer(t->fakes[0]->req, &fd->sa,
					    t->failure->answer, t->gen_key,
					    &why);
}

static void dies(struct fake_decision *fd)
{
	struct trial *t = fd->script;

	kmtia_manager_end(t->fakes[0]->m, true);
}

static void unloads(struct fake_decision *fd)
{
	kmtia_registry_drain(fd->d.registry);
}

/* A kernel thread that lets itself be killed */
static void killed(struct fake_decision *fd)
{
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	fd->keep_sleeping = true;
}

#define UNUSABLE(_name, _answer, _reason, _err, rest...) {		\
	.name = _name, .managers = 1, .sleeps = answers,		\
	.answer = _answer, .err = -EKEYREJECTED,			\
	.reason = "gave an unusable answer: " _reason, .heeded = true,	\
	.questions = 1, .unusable = 1, .answer_err = _err, rest		\
}

static const struct failure failures[] = {
	{ .name = "nobody is registered",
	  .err = -ENOKEY, .reason = "no key manager is registered" },
	{ .name = "nobody of them may", .managers = 2, .grant = true,
	  .err = -ENOKEY, .reason = "no key manager is registered" },
	{ .name = "the only one does not want it", .managers = 1,
	  .sleeps = says_no, .err = -ENOKEY,
	  .reason = "no key manager wants", .questions = 1, .refusals = 1 },
	{ .name = "neither wants it", .managers = 2,
	  .sleeps = says_no, .err = -ENOKEY,
	  .reason = "no key manager wants", .questions = 2, .refusals = 1 },
	{ .name = "both bid 0", .managers = 2,
	  .sleeps = bids_nothing, .err = -ENOKEY,
	  .reason = "no key manager wants", .questions = 2 },
	{ .name = "socket full", .managers = 1, .refuse = -ENOBUFS,
	  .err = -ENOBUFS, .reason = "'tia1' does not read its questions",
	  .questions = 1 },
	{ .name = "deadline", .managers = 1, .err = -ETIMEDOUT,
	  .reason = "'tia1' did not answer in time",
	  .questions = 1, .misses = 1, .stalls = true },
	{ .name = "stalled before", .managers = 1, .stalled = true,
	  .err = -ETIMEDOUT, .reason = "'tia1' has stalled", .stalls = true },
	{ .name = "dies with the request open", .managers = 1, .sleeps = dies,
	  .err = -EKEYREVOKED, .reason = "'tia1' went away", .questions = 1 },
	{ .name = "is gone when asked", .managers = 1, .refuse = -EKEYREVOKED,
	  .err = -EKEYREVOKED, .reason = "'tia1' went away", .questions = 1 },
	{ .name = "cannot", .managers = 1, .sleeps = answers,
	  .answer = FAKE_CANNOT, .err = -EKEYREJECTED,
	  .reason = "'tia1' has no keys (7): no quanta",
	  .heeded = true, .status = 7, .questions = 1, .refusals = 1 },
	UNUSABLE("short", FAKE_SHORT, "the aead key has the wrong length",
		 -EINVAL),
	UNUSABLE("long", FAKE_LONG, "the aead key has the wrong length",
		 -EINVAL),
	UNUSABLE("empty", FAKE_EMPTY, "the aead key has the wrong length",
		 -EINVAL),
	UNUSABLE("missing", FAKE_MISSING, "the aead key is missing", -EINVAL),
	UNUSABLE("for no slot", FAKE_FOREIGN,
		 "the encryption key is for no slot of the SA", -EINVAL),
	UNUSABLE("zero", FAKE_ZERO, "the aead key is all zero", -EKEYREJECTED),
	UNUSABLE("used", FAKE_KEYS, "the aead key was used by another SA",
		 -EKEYREJECTED, .used = true),
	UNUSABLE("used, mixed", FAKE_MIX, "the aead key was used by another SA",
		 -EKEYREJECTED, .used = true),
	UNUSABLE("short, second slot", FAKE_SHORT,
		 "the authentication key has the wrong length", -EINVAL,
		 .two_slots = true),
	UNUSABLE("missing, second slot", FAKE_MISSING,
		 "the authentication key is missing", -EINVAL,
		 .two_slots = true),
	{ .name = "unload", .managers = 1, .sleeps = unloads,
	  .err = -ECANCELED, .reason = "the module is being unloaded",
	  .final = true, .questions = 1 },
	{ .name = "unload, two are asked", .managers = 2, .sleeps = unloads,
	  .err = -ECANCELED, .reason = "the module is being unloaded",
	  .final = true, .questions = 2 },
	{ .name = "unload before", .managers = 1, .draining = true,
	  .err = -ECANCELED, .reason = "the module is being unloaded",
	  .final = true },
	{ .name = "killed", .managers = 1, .sleeps = killed,
	  .err = -EINTR, .reason = "the creator of the SA was killed",
	  .final = true, .questions = 1 },
	{ .name = "killed, two are asked", .managers = 2, .sleeps = killed,
	  .err = -EINTR, .reason = "the creator of the SA was killed",
	  .final = true, .questions = 2 },
	{ .name = "no memory for the message", .managers = 1,
	  .refuse = -ENOMEM, .err = -ENOMEM, .reason = "no memory",
	  .final = true, .questions = 1 },
	{ .name = "an error that no callback may return", .managers = 1,
	  .refuse = -EPERM, .err = -ENOMEM, .reason = "no memory",
	  .final = true, .questions = 1 },
};

/*
 * struct action - what the rule says, and what else counts
 * @name: how it is called
 * @on_failure: the rule's
 * @gen_key: the manager says that the keying module's own key may stay
 * @mate_dictated: the SA of the other direction has a dictated key
 */
static const struct action {
	const char *name;
	enum kmtia_failure_action on_failure;
	bool gen_key;
	bool mate_dictated;
} actions[] = {
	{ "reject", KMTIA_FAILURE_ACTION_REJECT, true },
	{ "manager, no", KMTIA_FAILURE_ACTION_MANAGER, false },
	{ "manager, yes", KMTIA_FAILURE_ACTION_MANAGER, true },
	{ "keep", KMTIA_FAILURE_ACTION_KEEP, false },
	{ "manager, yes, mate dictated", KMTIA_FAILURE_ACTION_MANAGER, true,
	  true },
	{ "keep, mate dictated", KMTIA_FAILURE_ACTION_KEEP, true, true },
};

/* Each failure with each action; a parameter is a place in this. */
static const struct cell {
	u8 unused;
} cells[ARRAY_SIZE(failures) * ARRAY_SIZE(actions)];

static const struct failure *cell_failure(const struct cell *cell)
{
	return &failures[(cell - cells) / ARRAY_SIZE(actions)];
}

static const struct action *cell_action(const struct cell *cell)
{
	return &actions[(cell - cells) % ARRAY_SIZE(actions)];
}

static void cell_desc(const struct cell *cell, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s",
		 cell_failure(cell)->name, cell_action(cell)->name);
}

KUNIT_ARRAY_PARAM(cell, cells, cell_desc);

static bool must_keep(const struct failure *f, const struct action *a)
{
	if (f->final || a->mate_dictated)
		return false;
	return a->on_failure == KMTIA_FAILURE_ACTION_KEEP ||
	       (a->on_failure == KMTIA_FAILURE_ACTION_MANAGER &&
		f->heeded && a->gen_key);
}

static struct fake_decision *trial_begin(struct kunit *test, struct trial *t)
{
	const struct failure *f = t->failure;
	struct fake_decision *fd;
	unsigned int i;

	t->reg = test->priv;
	for (i = 0; i < f->managers; i++) {
		t->fakes[i] = fake_manager_add(t->reg, i + 1);
		t->fakes[i]->refuse = f->refuse;
	}
	if (f->stalled)
		set_bit(KMTIA_MANAGER_STALLED, &t->fakes[0]->m->state);
	t->reg->registry.draining = f->draining;
	fd = fake_decision_new(t->reg);
	if (f->two_slots)
		fake_decision_two_slots(fd);
	if (f->grant) {
		fd->rule.spec.dictate = KMTIA_GRANT_NAMED;
		fd->rule.spec.dictate_manager[0] = 9;
	}
	fd->sleeps = f->sleeps;
	fd->used = f->used;
	fd->script = t;
	return fd;
}

static void expect_counter(struct kunit *test, struct trial *t,
			   enum kmtia_manager_counter counter,
			   unsigned int expected, const char *name)
{
	u64 n;

	if (!t->failure->managers)
		return;
	n = atomic64_read(&t->fakes[0]->m->counters[counter]);
	KUNIT_EXPECT_EQ_MSG(test, n, expected, "%s", name);
}

static void expect_counters(struct kunit *test, struct trial *t)
{
	const struct failure *f = t->failure;

	expect_counter(test, t, KMTIA_MANAGER_QUESTIONS, !!f->questions,
		       "questions");
	expect_counter(test, t, KMTIA_MANAGER_ANSWERS, 0, "answers");
	expect_counter(test, t, KMTIA_MANAGER_REFUSALS, f->refusals,
		       "refusals");
	expect_counter(test, t, KMTIA_MANAGER_UNUSABLE, f->unusable,
		       "unusable");
	expect_counter(test, t, KMTIA_MANAGER_MISSES, f->misses, "misses");
	expect_counter(test, t, KMTIA_MANAGER_STANDING, 0, "standing");
	KUNIT_EXPECT_EQ(test, t->reg->events[KMTIA_MONITOR_EVENT_STALLED],
			f->misses);
	if (f->managers)
		KUNIT_EXPECT_EQ(test, kmtia_manager_stalled(t->fakes[0]->m),
				f->stalls);
}

/* Nothing is open, nothing is found, nothing is pinned. */
static void expect_nothing_left(struct kunit *test, struct trial *t,
				struct fake_decision *fd)
{
	unsigned int i, refs;
	unsigned long when;

	KUNIT_EXPECT_EQ(test, atomic_read(&fd->d.open), 0);
	KUNIT_EXPECT_EQ(test, fd->d.n_requests, 0);
	KUNIT_EXPECT_FALSE(test, fake_clock_armed(&when));
	for (i = 0; i < t->failure->managers; i++) {
		fake_manager_forget(t->fakes[i]);
		KUNIT_EXPECT_TRUE(test, list_empty(&t->fakes[i]->m->open));
		refs = t->fakes[i]->m->dead ? 1 : 2;
		KUNIT_EXPECT_EQ(test, fake_manager_refs(t->fakes[i]), refs);
		kmtia_manager_put(t->fakes[i]->m);
	}
}

static void failure_action(struct kunit *test)
{
	const struct cell *cell = test->param_value;
	const struct failure *f = cell_failure(cell);
	const struct action *a = cell_action(cell);
	struct trial t = { .failure = f, .gen_key = a->gen_key };
	struct fake_decision *fd = trial_begin(test, &t);
	bool keep = must_keep(f, a);
	int err;

	fd->rule.spec.on_failure = a->on_failure;
	fd->d.mate_dictated = a->mate_dictated;
	err = kmtia_decide(&fd->d);
	flush_signals(current);
	disallow_signal(SIGKILL);

	KUNIT_EXPECT_EQ(test, err, keep ? 0 : f->err);
	KUNIT_EXPECT_EQ(test, fd->d.verdict, keep ? KMTIA_VERDICT_KEPT :
						    KMTIA_VERDICT_REFUSED);
	KUNIT_EXPECT_EQ(test, fd->d.err, f->err);
	KUNIT_EXPECT_EQ(test, fd->d.status, f->status);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(fd->d.reason, f->reason),
				  "reason: %s", fd->d.reason);
	KUNIT_EXPECT_EQ(test, fd->d.questions, f->questions);
	KUNIT_EXPECT_EQ(test, t.answer_err, f->answer_err);
	KUNIT_EXPECT_FALSE(test, fd->d.standing);
	expect_counters(test, &t);
	kmtia_decision_release(&fd->d);
	expect_nothing_left(test, &t, fd);
}

#ifdef CONFIG_FAILSLAB
/* Does the kernel let this task's next allocation fail? */
static bool can_starve(void)
{
	void *p;

	WRITE_ONCE(current->fail_nth, 1);
	p = kmalloc(64, GFP_KERNEL);
	WRITE_ONCE(current->fail_nth, 0);
	kfree(p);
	return !p;
}

/* A decision with the nth allocation failing. Returns whether there were so many;
 * counts in @refused those that the decision itself needed. Others are the
 * kernel's own, for debugging, and it can do without.
 */
static bool starve(struct kunit *test, unsigned int nth, unsigned int *refused)
{
	static const struct failure no_memory = { .managers = 1 };
	struct trial t = { .failure = &no_memory };
	struct fake_decision *fd = trial_begin(test, &t);
	bool starved;
	int err;

	fd->rule.spec.on_failure = KMTIA_FAILURE_ACTION_KEEP;
	WRITE_ONCE(current->fail_nth, nth);
	err = kmtia_decide(&fd->d);
	starved = !READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	if (err) {
		(*refused)++;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, fd->d.verdict, KMTIA_VERDICT_REFUSED);
		KUNIT_EXPECT_NOT_NULL(test, strstr(fd->d.reason, "no memory"));
		KUNIT_EXPECT_EQ(test, fd->d.questions, 0);
	} else {
		KUNIT_EXPECT_EQ(test, fd->d.err, -ETIMEDOUT);
		KUNIT_EXPECT_EQ(test, fd->d.questions, 1);
	}
	kmtia_decision_release(&fd->d);
	expect_nothing_left(test, &t, fd);
	kmtia_registry_clear(&t.reg->registry);
	return starved;
}

/* Starves each allocation in turn; returns how many were missed. */
static unsigned int starve_each(struct kunit *test)
{
	unsigned int refused = 0, nth;

	for (nth = 1; nth < 100; nth++)
		if (!starve(test, nth, &refused))
			break;
	KUNIT_EXPECT_LT(test, nth, 100);
	return refused;
}

static void memory_exhausted(struct kunit *test)
{
	unsigned int refused, round = 0;

	if (!can_starve())
		kunit_skip(test,
			   "needs N in /sys/kernel/debug/failslab/ignore-gfp-wait");
	/* The bidding, the keys, the request; one of them twice where the
	 * kernel needs memory to give some. Where it does so for one decision
	 * and not for the next, the count moves past one of the three: such a
	 * round is made again.
	 */
	do {
		refused = starve_each(test);
	} while (refused < 3 && ++round < 5);
	KUNIT_EXPECT_GE(test, refused, 3);
}
#endif

static int failure_init(struct kunit *test)
{
	fake_clock_begin();
	test->priv = fake_registry_new(test);
	return 0;
}

static void failure_exit(struct kunit *test)
{
	fake_registry_end(test->priv);
	fake_clock_end();
}

static struct kunit_case failure_cases[] = {
	KUNIT_CASE_PARAM(failure_action, cell_gen_params),
#ifdef CONFIG_FAILSLAB
	KUNIT_CASE(memory_exhausted),
#endif
	{}
};

static struct kunit_suite kmtia_failure_suite = {
	.name = "kmtia_failure",
	.init = failure_init,
	.exit = failure_exit,
	.test_cases = failure_cases,
};

kunit_test_suite(kmtia_failure_suite);
