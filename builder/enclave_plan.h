#pragma once
/*
 * enclave_plan: the two ramdisks of an enclave image, as trees: what stands
 * where, and what is to be started (docs/EIF.md is the contract with the init).
 */
#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "opts.h"
#include "tar_lay.h"
#include "tree.h"

struct enclave_request {
	const char *image; /* a tar: the jail */
	const char *app; /* a tar: trusted, laid over the root; or NULL */
	const char *init, *launcher; /* static programs */
	const char *const *modules; /* files, in the order of loading */
	size_t n_modules;
	bool is_stock; /* the init is AWS's: /cmd and /env tell it */
	uint16_t machine; /* of the kernel, so of all programs */
	const char *spool; /* beside this copies may be made */

	/* what is started */
	const char *heartbeat; /* "early", "late", "none" */
	const char *exit_port, *user; /* or NULL */
	const char *app_command; /* words in one line; NULL: the app's entry */
	const char *const *options; /* more arguments for jaillaunch */
	size_t n_options;
	char *const *command; /* NULL-terminated; may be empty */
};

enum { ENCLAVE_RAMDISKS = 2 };

struct enclave_plan {
	struct tree *ramdisks[ENCLAVE_RAMDISKS];
	struct tar_laid *image, *app; /* app may be NULL */
	char *app_command; /* words in one line; NULL without an app */
};

int enclave_plan_make(const struct enclave_request *request,
		      struct enclave_plan **out, struct err *err);
void enclave_plan_free(struct enclave_plan *plan);
DEFINE_AUTO(enclave_plan)

/* Bytes that the ramdisks take when the kernel has unpacked them. */
uint64_t enclave_plan_unpacked(const struct enclave_plan *plan);
