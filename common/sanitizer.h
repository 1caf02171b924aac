#pragma once
/*
 * sanitizer: what AddressSanitizer has to know of what we do.  In any other
 * build nothing.
 */
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_ASAN 1
#endif
#endif
#ifndef IS_ASAN
#define IS_ASAN 0
#endif

#if IS_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* A stack is used again, whose last user ended in the middle of a function. */
static inline void sanitizer_renew_stack(void *stack, size_t size)
{
#if IS_ASAN
	__asan_unpoison_memory_region(stack, size);
#else
	(void)stack;
	(void)size;
#endif
}
