#pragma once
/*
 * oci: a seccomp profile in the JSON of OCI runtimes and Docker, read as a
 * policy.  What of it holds depends on the jail: its capabilities, machine and
 * kernel are asked for by the profile itself.
 *
 * Of several rules about a call that hold, the most restrictive decides,
 * wherever they stand.  Nothing is passed over in silence: what the reader does
 * not know is an error, what has no effect here is noted.
 */
#include "policy.h"
#include "written.h"

/* ERR_MANIFEST: "name: syscalls[3].args[0]: ..." */
int oci_read(const struct policy_request *request, enum machine machine,
	     struct written **out, struct err *err);

/* The text is JSON: its first letter is a brace. */
bool oci_is_json(const char *text, size_t len);
