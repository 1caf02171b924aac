#pragma once
/*
 * workload: the one program that an enclave is for, and its end.
 *
 * The init stays between it and the console: what it writes comes through a
 * pipe, so that neither it nor a jail below it holds the console's descriptor.
 * Its standard input is empty.
 */
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

struct workload {
	pid_t pid;
	int output; /* what it and all below it write */
	int ended; /* readable when a child has */
	int status; /* of wait(), when it has ended */
};

/* Returns when the program has been executed, or could not be. */
int workload_start(char *const *argv, struct workload *workload,
		   struct err *err);

/* Passes on what is written and reaps, until the program itself has ended. */
int workload_wait(struct workload *workload, struct err *err);

/* "exited 0" or "killed 9"; docs/EIF.md promises these words. */
void workload_words(int status, char *out, size_t size);
