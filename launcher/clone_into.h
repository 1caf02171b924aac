#pragma once
/*
 * clone_into: clone(), but the child is born in a control group of
 * version 2.  To move it there once it runs, the kernel would wait for every
 * processor: some ten milliseconds, unless somebody moved just before.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What clone() takes; the child's end is told by SIGCHLD. */
struct clone_request {
	uint64_t flags;
	int (*child)(void *); /* must not return */
	void *arg;
	char *stack; /* its lowest address, a multiple of 16, as the size is */
	size_t stack_size;
	uint32_t *alive; /* for CLONE_CHILD_CLEARTID */
};

/* -1 and errno; ENOSYS before Linux 5.7. */
pid_t clone_into(int cgroup_fd, const struct clone_request *request);
