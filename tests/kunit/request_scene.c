// SPDX-License-Identifier: GPL-2.0
/*
 * A request that is open, and the ways in which it ends: see request_scene.h.
 */
#include "fake_clock.h"
#include "request_scene.h"

/* --- The ends --------------------------------------------------------------- */

static int answer(struct scene *s, enum fake_answer what)
{
	const char *why;

	return fake_request_answer(s->req, &s->fd->sa, what, true, &why);
}

static int end_bid(struct scene *s)
{
	return kmtia_request_bid(s->req, false, 3);
}

static int end_keys(struct scene *s)
{
	return answer(s, FAKE_KEYS);
}

static int end_mix(struct scene *s)
{
	return answer(s, FAKE_MIX);
}

static int end_cannot(struct scene *s)
{
	return answer(s, FAKE_CANNOT);
}

static int end_length(struct scene *s)
{
	return answer(s, FAKE_SHORT);
}

static int end_zero(struct scene *s)
{
	return answer(s, FAKE_ZERO);
}

/* Does nothing where time has not come: the scene's clock is at the deadline. */
static int end_deadline(struct scene *s)
{
	kmtia_round_timer(&s->fd->d.timer);
	return 0;
}

static int end_withdrawn(struct scene *s)
{
	kmtia_request_finish(s->req);
	return 0;
}

/* Whoever ends a manager does it once, but the request knows nothing of that. */
static int end_death(struct scene *s)
{
	kmtia_manager_end(s->fake->m, false);
	return 0;
}

/* What the end of a network namespace does to managers of the kernel. Their answers
 * may come later than that: a request is its own.
 */
static int end_netns(struct scene *s)
{
	kmtia_registry_clear(&s->reg->registry);
	return 0;
}

static int end_unload(struct scene *s)
{
	kmtia_registry_drain(&s->reg->registry);
	return 0;
}

static int end_unsent(struct scene *s)
{
	return kmtia_request_close(s->req, KMTIA_REQUEST_UNSENT, -ENOBUFS) ?
	       0 : -ENOENT;
}

const struct end scene_ends[N_ENDS] = {
	{ "bid", end_bid, KMTIA_REQUEST_BID, 0, -ENOENT },
	{ "keys", end_keys, KMTIA_REQUEST_KEYS, 0, -ENOENT },
	{ "mix", end_mix, KMTIA_REQUEST_KEYS, 0, -ENOENT },
	{ "cannot", end_cannot, KMTIA_REQUEST_CANNOT, 0, -ENOENT },
	{ "wrong length", end_length, KMTIA_REQUEST_UNUSABLE, -EINVAL,
	  -ENOENT },
	{ "zero", end_zero, KMTIA_REQUEST_UNUSABLE, -EKEYREJECTED, -ENOENT },
	{ "deadline", end_deadline, KMTIA_REQUEST_DEADLINE, 0, 0 },
	{ "withdrawn", end_withdrawn, KMTIA_REQUEST_WITHDRAWN, 0, 0 },
	{ "death", end_death, KMTIA_REQUEST_DEATH, 0, 0 },
	{ "netns", end_netns, KMTIA_REQUEST_DEATH, 0, 0 },
	{ "unload", end_unload, KMTIA_REQUEST_UNLOAD, 0, 0 },
	{ "unsent", end_unsent, KMTIA_REQUEST_UNSENT, 0, -ENOENT },
};

/* --- The scene -------------------------------------------------------------- */

/**
 * scene_ask() - ask again
 * @test: the test
 * @s: the scene, whose last request is finished
 *
 * What kmtia_decide() does until the question is out; and its deadline is now.
 */
void scene_ask(struct kunit *test, struct scene *s)
{
	struct kmtia_decision *d = &s->fd->d;

	s->req = kmtia_request_new(d, s->fake->m, true, true,
				   fake_clock_now());
	KUNIT_ASSERT_FALSE(test, IS_ERR(s->req));
	d->requests[0] = s->req;
	d->n_requests = 1;
}

/**
 * scene_begin() - a manager, and a request to it that is open
 * @test: the test, with a registry
 * @s: the scene
 */
void scene_begin(struct kunit *test, struct scene *s)
{
	struct kmtia_decision *d;

	s->reg = test->priv;
	s->fake = fake_manager_add(s->reg, 1);
	s->fd = fake_decision_new(s->reg);
	d = &s->fd->d;
	init_waitqueue_head(&d->wait);
	timer_setup(&d->timer, kmtia_round_timer, 0);
	d->key_buf = kunit_kzalloc(test, FAKE_MAX_KEY, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, d->key_buf);
	d->keys[0] = d->key_buf;
	scene_ask(test, s);
}

/**
 * scene_finds() - does the manager find a request?
 * @s: the scene
 * @id: of the request
 *
 * Return: whether it does.
 */
bool scene_finds(struct scene *s, u64 id)
{
	struct kmtia_request *found = kmtia_request_find(s->fake->m, id);

	if (found)
		kmtia_request_put(found);
	return found;
}

/**
 * scene_end() - the creator is done
 * @test: the test
 * @s: the scene
 *
 * Then nothing finds the request, and nothing pins it or its manager.
 */
void scene_end(struct kunit *test, struct scene *s)
{
	u64 id = s->req->id;

	kmtia_request_finish(s->req);
	KUNIT_EXPECT_EQ(test, refcount_read(&s->req->ref), 1);
	KUNIT_EXPECT_FALSE(test, scene_finds(s, id));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->fake->m->open));
	kmtia_request_put(s->req);
	KUNIT_EXPECT_EQ(test, fake_manager_refs(s->fake),
			s->fake->m->dead ? 1 : 2);
	kmtia_manager_put(s->fake->m);
}
