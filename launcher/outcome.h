#pragma once
/*
 * outcome: how a launch ended, as an exit status and as a report.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "cgroup.h"
#include "err.h"
#include "ipc_sweep.h"
#include "limit.h"
#include "namespaces.h"
#include "root_choice.h"

struct plan;

enum outcome_kind {
	OUTCOME_FAILED, /* jaillaunch itself; err says why */
	OUTCOME_NOT_FOUND,
	OUTCOME_NOT_EXECUTABLE,
	OUTCOME_EXITED,
	OUTCOME_SIGNALED,
	OUTCOME_TIME_LIMIT,
	OUTCOME_EXPLAINED, /* nothing was to be run */
};

enum exit_status {
	STATUS_TIME_LIMIT = 124,
	STATUS_FAILED = 125,
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
	STATUS_SIGNAL = 128, /* plus its number */
};

struct outcome {
	enum outcome_kind kind;
	int status, signal; /* of the program */
	bool has_run; /* the fields below mean something */
	bool is_full; /* a file system of the jail's own, at the end */
	enum limit limit; /* that ended the program; N_LIMITS: none */
	uint64_t n_orphans, nanoseconds;
	struct root_choice root; /* also of a launch that failed */
	struct namespace_lacks lacks; /* learned by it */
	struct rusage program, all; /* all: with what it left behind */
	struct cgroup_use use;
	struct ipc_swept swept; /* with a uid of the jail's own */
};

/* Indexed by enum outcome_kind. */
extern const char *const outcome_kind_names[];

/* Also by a program that went on. */
bool outcome_has_met(const struct outcome *outcome, enum limit limit);

int outcome_status(const struct outcome *outcome);
