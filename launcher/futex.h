#pragma once
/*
 * futex: waiting for a word of memory to change, for processes that share their
 * memory with another: nothing is written to errno, which is the other's, too.
 */
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

/*
 * Returns when the word is no longer `value`, or after a while; whoever waits
 * looks for himself.
 */
static inline void futex_wait(const uint32_t *word, uint32_t value,
			      const struct timespec *while_)
{
#if defined(__x86_64__)
	register const struct timespec *timeout __asm__("r10") = while_;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_futex), "D"(word), "S"(FUTEX_WAIT),
			   "d"((unsigned long)value), "r"(timeout)
			 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long number __asm__("x8") = SYS_futex;
	register const void *result __asm__("x0") = word;
	register long op __asm__("x1") = FUTEX_WAIT;
	register unsigned long expected __asm__("x2") = value;
	register const struct timespec *timeout __asm__("x3") = while_;

	__asm__ volatile("svc 0"
			 : "+r"(result)
			 : "r"(number), "r"(op), "r"(expected), "r"(timeout)
			 : "memory");
#else
#error "no system calls for this machine yet"
#endif
	(void)result;
}
