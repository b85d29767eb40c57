/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Key managers that do what a test tells them, in a registry of their own, and
 * an SA to decide about.
 */
#ifndef _KMTIA_FAKE_MANAGER_H
#define _KMTIA_FAKE_MANAGER_H

#include "internal.h"

#include <kunit/test.h>

#define FAKE_MAX_KEY	64	/* of a slot, bytes */

/**
 * struct fake_registry - a registry
 * @registry: it
 * @test: for what goes wrong in it
 * @lock: its lock
 * @events: how often it reported what
 * @managers: how many were added
 * @released: how many of them are gone
 */
struct fake_registry {
	struct kmtia_registry registry;
	struct kunit *test;
	struct mutex lock;	/* the registry's */
	unsigned int events[KMTIA_MONITOR_EVENT_ORPHANED + 1];
	unsigned int managers;
	unsigned int released;
};

/**
 * struct fake_manager - a key manager
 * @reg: where it is registered
 * @m: it; the test has a reference
 * @refuse: what the questions return, if not 0
 * @asked: told of each question; may answer
 * @req: the last question, with a reference; NULL if there was none
 * @checks: questions for a bid
 * @dictations: questions for keys
 * @script: whatever @asked wants to know
 */
struct fake_manager {
	struct fake_registry *reg;
	struct kmtia_manager *m;
	int refuse;
	void (*asked)(struct fake_manager *fake);
	struct kmtia_request *req;
	unsigned int checks;
	unsigned int dictations;
	const void *script;
};

/**
 * enum fake_answer - what a manager answers
 * @FAKE_KEYS: a good key in each slot
 * @FAKE_EXPAND: a secret to expand
 * @FAKE_MIX: a secret to mix
 * @FAKE_CANNOT: status 7, "no quanta"
 * @FAKE_SHORT: a byte is missing in the last slot
 * @FAKE_LONG: a byte too many there
 * @FAKE_EMPTY: no byte there
 * @FAKE_MISSING: no key for the last slot
 * @FAKE_FOREIGN: a key for a slot that the SA does not have
 * @FAKE_ZERO: all zero, but for the salt
 */
enum fake_answer {
	FAKE_KEYS,
	FAKE_EXPAND,
	FAKE_MIX,
	FAKE_CANNOT,
	FAKE_SHORT,
	FAKE_LONG,
	FAKE_EMPTY,
	FAKE_MISSING,
	FAKE_FOREIGN,
	FAKE_ZERO,
};

/**
 * struct fake_decision - a decision, and the creator of an SA who waits for it
 * @d: the decision
 * @reg: whose managers are asked
 * @rule: the rule
 * @sa: the SA
 * @module_key: the keying module's own keys
 * @sleeps: called when the creator is about to sleep: what happens meanwhile?
 *	Then time passes until nothing is awaited any more.
 * @keep_sleeping: time does not pass
 * @waits: how often the creator has slept
 * @used: the keys were used before
 * @script: whatever @sleeps wants to know
 */
struct fake_decision {
	struct kmtia_decision d;
	struct fake_registry *reg;
	struct kmtia_rule rule;
	struct kmtia_sa sa;
	u8 module_key[KMTIA_MAX_SLOTS][FAKE_MAX_KEY];
	void (*sleeps)(struct fake_decision *fd);
	bool keep_sleeping;
	unsigned int waits;
	bool used;
	void *script;
};

struct fake_registry *fake_registry_new(struct kunit *test);
void fake_registry_end(struct fake_registry *reg);

struct fake_manager *fake_manager_new(struct fake_registry *reg,
				      const struct kmtia_manager_desc *desc);
struct fake_manager *fake_manager_add(struct fake_registry *reg, u8 number);
struct kmtia_manager *fake_manager_try(struct fake_registry *reg,
				       const struct kmtia_manager_desc *desc);
unsigned int fake_manager_refs(struct fake_manager *fake);
void fake_manager_forget(struct fake_manager *fake);
int fake_request_answer(struct kmtia_request *req, const struct kmtia_sa *sa,
			enum fake_answer what, bool gen_key, const char **why);
int fake_manager_answer(struct fake_manager *fake, enum fake_answer what);
u8 fake_key_byte(enum kmtia_slot_role role, unsigned int i);

struct fake_decision *fake_decision_new(struct fake_registry *reg);
void fake_decision_two_slots(struct fake_decision *fd);

#endif /* _KMTIA_FAKE_MANAGER_H */
