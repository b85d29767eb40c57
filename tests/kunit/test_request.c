// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a request: the first end wins, whichever it is, and every other
 * one afterwards is refused and changes nothing.
 */
#include "fake_clock.h"
#include "request_scene.h"

/* Each end after each; a parameter is a place in this. */
static const struct cell {
	u8 unused;
} square[N_ENDS * N_ENDS];

static const struct end *cell_first(const struct cell *cell)
{
	return &scene_ends[(cell - square) / N_ENDS];
}

static const struct end *cell_second(const struct cell *cell)
{
	return &scene_ends[(cell - square) % N_ENDS];
}

static void cell_desc(const struct cell *cell, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, then %s",
		 cell_first(cell)->name, cell_second(cell)->name);
}

KUNIT_ARRAY_PARAM(cell, square, cell_desc);

/* --- One after the other ------------------------------------------------------------ */

/**
 * struct shot - all that an end may change
 * @req: the request
 * @keys: the keys
 * @open: requests that the creator waits for
 * @stalled: the manager missed a deadline
 */
struct shot {
	struct kmtia_request req;
	u8 keys[FAKE_MAX_KEY];
	int open;
	bool stalled;
};

static void shoot(struct scene *s, struct shot *shot)
{
	shot->req = *s->req;
	memcpy(shot->keys, s->fd->d.key_buf, FAKE_MAX_KEY);
	shot->open = atomic_read(&s->fd->d.open);
	shot->stalled = kmtia_manager_stalled(s->fake->m);
}

/* The outcome and what belongs to it stand behind the gate in the structure. */
#define OUTCOME offsetof(struct kmtia_request, state)

static void expect_same(struct kunit *test, const struct shot *a,
			const struct shot *b)
{
	KUNIT_EXPECT_EQ(test, memcmp((u8 *)&a->req + OUTCOME,
				     (u8 *)&b->req + OUTCOME,
				     sizeof(a->req) - OUTCOME), 0);
	KUNIT_EXPECT_EQ(test, memcmp(a->keys, b->keys, FAKE_MAX_KEY), 0);
	KUNIT_EXPECT_EQ(test, a->open, b->open);
	KUNIT_EXPECT_EQ(test, a->stalled, b->stalled);
}

static void expect_outcome(struct kunit *test, struct scene *s,
			   const struct end *end)
{
	bool keys = end->state == KMTIA_REQUEST_KEYS;

	KUNIT_EXPECT_EQ(test, s->req->state, end->state);
	KUNIT_EXPECT_NULL(test, s->req->decision);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->fd->d.open), 0);
	KUNIT_EXPECT_EQ(test, kmtia_manager_stalled(s->fake->m),
			end->state == KMTIA_REQUEST_DEADLINE);
	KUNIT_EXPECT_STREQ(test, s->req->key_id, keys ? "fake" : "");
	KUNIT_EXPECT_EQ(test, s->req->status,
			end->state == KMTIA_REQUEST_CANNOT ? 7 : 0);
	KUNIT_EXPECT_EQ(test, s->req->weight,
			end->state == KMTIA_REQUEST_BID ? 3 : 0);
	if (end->state == KMTIA_REQUEST_UNUSABLE)
		KUNIT_EXPECT_EQ(test, s->req->err, end->won);
	else if (end->state == KMTIA_REQUEST_UNSENT)
		KUNIT_EXPECT_EQ(test, s->req->err, -ENOBUFS);
	else
		KUNIT_EXPECT_EQ(test, s->req->err, 0);
}

static void first_end_wins(struct kunit *test)
{
	const struct cell *cell = test->param_value;
	const struct end *first = cell_first(cell), *second = cell_second(cell);
	struct shot *before, *after;
	struct scene s;

	before = kunit_kzalloc(test, sizeof(*before), GFP_KERNEL);
	after = kunit_kzalloc(test, sizeof(*after), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	KUNIT_ASSERT_NOT_NULL(test, after);
	scene_begin(test, &s);
	KUNIT_EXPECT_TRUE(test, scene_finds(&s, s.req->id));
	KUNIT_EXPECT_EQ(test, refcount_read(&s.req->ref), 2);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(s.fake), 3);

	KUNIT_EXPECT_EQ(test, first->run(&s), first->won);
	expect_outcome(test, &s, first);
	shoot(&s, before);
	KUNIT_EXPECT_EQ(test, second->run(&s), second->lost);
	shoot(&s, after);
	expect_same(test, before, after);
	scene_end(test, &s);
}

/* An answer that is none leaves the request open. */
static void malformed_ends_nothing(struct kunit *test)
{
	static const struct kmtia_answer bad[] = {
		{ .origin = KMTIA_ORIGIN_NONE },
		{ .origin = KMTIA_ORIGIN_OWN },
		{ .status = 1, .n_keys = 1 },
		{ .origin = KMTIA_ORIGIN_LOCAL, .n_keys = KMTIA_MAX_SLOTS + 1 },
		{ .origin = KMTIA_ORIGIN_LOCAL, .n_keys = 2 },
		{ .origin = KMTIA_ORIGIN_LOCAL, .n_keys = 1,
		  .keys = { { .role = 3 } } },
		{ .origin = KMTIA_ORIGIN_LOCAL,
		  .derivation = KMTIA_DERIVATION_MIX },
		{ .origin = KMTIA_ORIGIN_LOCAL, .secret = "", },
		{ .origin = KMTIA_ORIGIN_LOCAL, .secret = "",
		  .derivation = KMTIA_DERIVATION_MIX + 1, .secret_len = 32 },
		{ .origin = KMTIA_ORIGIN_LOCAL, .secret = "",
		  .derivation = KMTIA_DERIVATION_MIX,
		  .secret_len = KMTIA_SECRET_MIN_LEN - 1 },
		{ .origin = KMTIA_ORIGIN_LOCAL, .secret = "",
		  .derivation = KMTIA_DERIVATION_MIX,
		  .secret_len = KMTIA_SECRET_MAX_LEN + 1 },
	};
	struct shot *before = kunit_kzalloc(test, 2 * sizeof(*before),
					    GFP_KERNEL);
	struct shot *after = before + 1;
	const char *why;
	struct scene s;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, before);
	scene_begin(test, &s);
	shoot(&s, before);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test,
				    kmtia_request_answer(s.req, &bad[i], &why),
				    -EINVAL, "answer %u", i);
		KUNIT_EXPECT_NOT_NULL(test, why);
	}
	/* One who wants it answers with keys. */
	KUNIT_EXPECT_EQ(test, kmtia_request_bid(s.req, true, 1), -EINVAL);
	shoot(&s, after);
	expect_same(test, before, after);
	KUNIT_EXPECT_EQ(test, fake_request_answer(s.req, &s.fd->sa, FAKE_KEYS,
						  false, &why), 0);
	scene_end(test, &s);
}

/* --- Numbers ---------------------------------------------------------------------- */

static void ids_are_never_reused(struct kunit *test)
{
	struct scene s;
	unsigned int i;
	u64 last;

	scene_begin(test, &s);
	for (i = 0; i < 1000; i++) {
		last = s.req->id;
		KUNIT_EXPECT_EQ(test, kmtia_request_id(s.req), last);
		kmtia_request_finish(s.req);
		kmtia_request_put(s.req);
		scene_ask(test, &s);
		KUNIT_ASSERT_GT(test, s.req->id, last);
		KUNIT_ASSERT_FALSE(test, scene_finds(&s, last));
		KUNIT_ASSERT_TRUE(test, scene_finds(&s, s.req->id));
	}
	scene_end(test, &s);
}

/* Another manager's question is not found, nor one with an odd number. */
static void found_by_its_manager_only(struct kunit *test)
{
	struct fake_manager *other;
	struct kmtia_request *found;
	struct scene s;

	scene_begin(test, &s);
	other = fake_manager_add(s.reg, 2);
	found = kmtia_request_find(other->m, s.req->id);
	KUNIT_EXPECT_NULL(test, found);
	KUNIT_EXPECT_FALSE(test, scene_finds(&s, 0));
	KUNIT_EXPECT_FALSE(test, scene_finds(&s, s.req->id + 1));
	KUNIT_EXPECT_FALSE(test, scene_finds(&s, s.req->id + (1ULL << 32)));
	kmtia_manager_put(other->m);
	scene_end(test, &s);
}

/* Where no question is taken any more, none is made, and none stays. */
static void none_where_none_is_taken(struct kunit *test)
{
	struct kmtia_request *req;
	struct scene s;

	scene_begin(test, &s);
	kmtia_request_finish(s.req);
	KUNIT_EXPECT_EQ(test, atomic_read(&s.fd->d.open), 0);
	s.reg->registry.draining = true;
	req = kmtia_request_new(&s.fd->d, s.fake->m, true, true, 0);
	KUNIT_EXPECT_PTR_EQ(test, req, ERR_PTR(-ECANCELED));
	s.reg->registry.draining = false;
	kmtia_manager_end(s.fake->m, false);
	req = kmtia_request_new(&s.fd->d, s.fake->m, true, true, 0);
	KUNIT_EXPECT_PTR_EQ(test, req, ERR_PTR(-EKEYREVOKED));
	KUNIT_EXPECT_EQ(test, atomic_read(&s.fd->d.open), 0);
	scene_end(test, &s);
}

/* --- The suite ---------------------------------------------------------------------- */

static int request_init(struct kunit *test)
{
	fake_clock_begin();
	test->priv = fake_registry_new(test);
	return 0;
}

static void request_exit(struct kunit *test)
{
	fake_registry_end(test->priv);
	fake_clock_end();
}

static struct kunit_case request_cases[] = {
	KUNIT_CASE_PARAM(first_end_wins, cell_gen_params),
	KUNIT_CASE(malformed_ends_nothing),
	KUNIT_CASE(ids_are_never_reused),
	KUNIT_CASE(found_by_its_manager_only),
	KUNIT_CASE(none_where_none_is_taken),
	{}
};

static struct kunit_suite kmtia_request_suite = {
	.name = "kmtia_request",
	.init = request_init,
	.exit = request_exit,
	.test_cases = request_cases,
};

kunit_test_suite(kmtia_request_suite);
