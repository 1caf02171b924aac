#pragma once
/*
 * allocations: the n-th allocation of a piece of code fails, and what it
 * leaves behind is counted.  Included by one file of a test program, which
 * then has its own malloc(); the sanitizers bring theirs, so that there
 * ALLOCATIONS_CAN_FAIL is 0 and such a test is not built.
 *
 *	for (n = 0; ; n++) {
 *		allocations_start(n);
 *		result = ...;
 *		left = allocations_stop();
 *		if (!allocations_failed()) break;
 *	}
 *
 * One that fails need not make the whole fail: asprintf() does without its
 * last.
 */
#include <errno.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define ALLOCATIONS_CAN_FAIL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALLOCATIONS_CAN_FAIL 0
#endif
#endif
#ifndef ALLOCATIONS_CAN_FAIL
#define ALLOCATIONS_CAN_FAIL 1

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

/* Seen by the C library too, whose strdup() and like are to fail as well. */
#define ALLOCATIONS_OURS __attribute__((visibility("default")))

static struct {
	int is_on;
	long until_failure, live;
} allocations;

static int allocation_fails(void)
{
	if (!allocations.is_on || allocations.until_failure-- != 0)
		return 0;
	errno = ENOMEM;
	return 1;
}

ALLOCATIONS_OURS void *malloc(size_t size)
{
	void *made = allocation_fails() ? NULL : __libc_malloc(size);

	allocations.live += made != NULL;
	return made;
}

ALLOCATIONS_OURS void *calloc(size_t n, size_t size)
{
	void *made = allocation_fails() ? NULL : __libc_calloc(n, size);

	allocations.live += made != NULL;
	return made;
}

ALLOCATIONS_OURS void *realloc(void *old, size_t size)
{
	void *made = allocation_fails() ? NULL : __libc_realloc(old, size);

	allocations.live += made && !old;
	return made;
}

ALLOCATIONS_OURS void free(void *old)
{
	allocations.live -= old != NULL;
	__libc_free(old);
}

/* Allocation n from now on, from 0, fails; those after it do not. */
static inline void allocations_start(long n)
{
	allocations.live = 0;
	allocations.until_failure = n;
	allocations.is_on = 1;
}

/* How many were made since the start and not freed. */
static inline long allocations_stop(void)
{
	allocations.is_on = 0;
	return allocations.live;
}

/* Was there an allocation n? */
static inline int allocations_failed(void)
{
	return allocations.until_failure < 0;
}
#endif
