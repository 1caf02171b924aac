#pragma once
/*
 * enclave_write: a plan, a kernel and a command line become an enclave image.
 */
#include "enclave_plan.h"
#include "err.h"
#include "kernel_image.h"
#include "pcr.h"
#include "signing.h"

struct enclave_image {
	const struct enclave_plan *plan;
	const struct kernel_image *kernel;
	bool is_fixed; /* the kernel's text_offset is set */
	const char *cmdline;
	const char *metadata; /* JSON */
	const char *output;
	long long mtime; /* of every member of the ramdisks */
	const struct certificate *certificate; /* NULL: unsigned */
	const char *key;
	unsigned long memory; /* MiB that the enclave will have; 0: enough */
	void (*progress)(void *context, off_t done, off_t total);
	void *context;
};

struct enclave_result {
	struct pcrs pcrs;
	uint64_t memory; /* MiB that the enclave should be given */
};

/* The file appears whole or not at all; ERR_INPUT when it needs more memory
 * than there will be. */
int enclave_write(const struct enclave_image *image,
		  struct enclave_result *result, struct err *err);
