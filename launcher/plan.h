#pragma once
/*
 * plan: which layers a launch has, in order, with what each prepared; and why
 * those that were left out were.  --explain prints it, start.c carries it out.
 */
#include <stdbool.h>
#include <stdio.h>

#include "cleanup.h"
#include "err.h"
#include "layer.h"
#include "root_choice.h"

struct plan_row {
	const struct layer *layer;
	bool is_on;
	char *why; /* it was left out; NULL when it is on */
	void *state;
};

struct plan {
	const struct jail_spec *spec;
	struct plan_row *rows;
	size_t n;
};

/* Probes every layer.  Nothing is changed. */
int plan_make(const struct jail_spec *spec, struct plan **out, struct err *err);

/* Opens, allocates and compiles what the layers need. */
int plan_prepare(struct plan *plan, struct err *err);

/* What clone() is to be told, of all layers together. */
unsigned long plan_clone_flags(const struct plan *plan);

/*
 * How the root will be entered, found out by doing it in a process that ends
 * at once.  The plan was prepared.
 */
int plan_try(const struct plan *plan, struct root_choice *out, struct err *err);

/* What the layer of a row denies in this launch, in words. */
const char *plan_denies(const struct plan *plan, const struct plan_row *row);

/* What refuses system calls; NULL: nothing does, or it is not prepared. */
const struct syscall_guard *plan_guard(const struct plan *plan);

/* In the keeper: what layer.h says of them. */
int plan_hold(const struct plan *plan);
void plan_let_go(const struct plan *plan);
int plan_lock(const struct plan *plan);
bool plan_is_full(const struct plan *plan);

/* A line a layer. */
void plan_explain(const struct plan *plan, FILE *out);
void plan_free(struct plan *plan);
DEFINE_AUTO(plan)
