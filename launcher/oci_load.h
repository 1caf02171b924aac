#pragma once
/*
 * oci_load: --oci CONFIG.json, as words of our own command line.
 *
 * jail-policy reads the JSON, so that jaillaunch need not; what its answer
 * means is decided here as if it had been typed, before what was typed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

struct spec_flags;

struct oci_config {
	const char *name; /* what was typed */
	char *policy_name; /* what its policy is called */
	char *root; /* or NULL */
	char *policy; /* linux.seccomp, or NULL */
	/* NULL-terminated; options begin with our name, as argv does. */
	char **options, **arguments, **notes;
	size_t n_options;
	bool has_proc; /* --proc is among them */
	char *answer; /* all of them are in it */
	size_t size;
};

int oci_load(const char *path, struct oci_config *out, struct err *err);
/*
 * When all was parsed: a host name and /proc, which confine nothing, are given up
 * where --ns, as it was typed, does not ask for the namespace that they need.
 */
void oci_settle(struct oci_config *config, struct spec_flags *flags);

/* What of it is not honoured, a line each; nothing without one. */
void oci_explain(const struct oci_config *config, FILE *out);
void oci_config_free(struct oci_config *config);
