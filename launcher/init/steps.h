#pragma once
/*
 * steps: what the init does, in order, as a table.
 *
 * A step that fails prints its reason.  If it is fatal nothing that follows is
 * done; else the enclave goes on without what it gives.
 */
#include <stdbool.h>
#include <stddef.h>

#include "launch_file.h"
#include "workload.h"

/* What the steps find out and hand on. */
struct boot {
	struct launch_file launch;
	bool has_nsm_driver;
	struct workload workload;
};

struct step {
	const char *name;
	const char *does;
	int (*run)(struct boot *, struct err *);
	bool is_fatal;
};

extern const struct step steps[];
extern const size_t n_steps;

/*
 * Walks a table; say gets one line for each failure.  NULL, or the fatal step
 * that failed, with err.
 */
const struct step *steps_walk(const struct step *table, size_t n,
			      struct boot *boot,
			      void (*say)(const char *format, ...),
			      struct err *err);
