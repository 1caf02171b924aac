#pragma once
/*
 * report: one JSON object that says how a launch ended, when the exit status
 * alone is ambiguous: --report FILE or fd:N.
 */
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct image;
struct jail_spec;
struct oci_config;
struct outcome;
struct plan;
struct report;
struct terminal;

/* What is known at the end; NULL is what a failed launch did not come to. */
struct report_facts {
	const struct oci_config *oci;
	const struct image *image;
	const struct jail_spec *spec;
	const struct plan *plan;
	const struct outcome *outcome;
	const struct terminal *terminal;
	const struct err *failure; /* of the launch; NULL: it succeeded */
};

/* Where it goes is opened before anything is started. */
int report_open(const char *where, mode_t mode, struct report **out,
		struct err *err);
int report_write(struct report *report, const struct report_facts *facts,
		 struct err *err);
void report_free(struct report *report);
DEFINE_AUTO(report)
