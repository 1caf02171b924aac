#include "clone_into.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

/*
 * No C library has it: the child finds an empty stack, and may not return to
 * where its parent is.  All registers but the stack's are the parent's; those
 * that the call needs are no frame pointer, which the child begins anew.
 */
static long call(struct clone_args *args, int (*child)(void *), void *arg)
{
#if defined(__x86_64__)
	long result;

	__asm__ volatile(
		"syscall\n\t"
		"test %%rax, %%rax\n\t"
		"jnz 1f\n\t"
		"xor %%ebp, %%ebp\n\t"
		"mov %[arg], %%rdi\n\t"
		"call *%[child]\n\t"
		"hlt\n"
		"1:"
		: "=a"(result)
		: "a"(SYS_clone3), "D"(args),
		  "S"(sizeof(*args)), [child] "d"(child), [arg] "b"(arg)
		: "rcx", "r11", "cc", "memory");
	return result;
#elif defined(__aarch64__)
	register long number __asm__("x8") = SYS_clone3;
	register long first __asm__("x0") = (long)args;
	register long second __asm__("x1") = sizeof(*args);
	register int (*start)(void *) __asm__("x2") = child;
	register void *given __asm__("x3") = arg;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x0, %[arg]\n\t"
			 "blr %[child]\n\t"
			 "brk #0\n"
			 "1:"
			 : "+r"(first)
			 : "r"(number),
			   "r"(second), [child] "r"(start), [arg] "r"(given)
			 : "cc", "memory");
	return first;
#else
	(void)args;
	(void)child;
	(void)arg;
	return -ENOSYS;
#endif
}

pid_t clone_into(int cgroup_fd, const struct clone_request *request)
{
	struct clone_args args = {
		.flags = request->flags | CLONE_INTO_CGROUP,
		.child_tid = (uintptr_t)request->alive,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)request->stack,
		.stack_size = request->stack_size,
		.cgroup = (uint64_t)cgroup_fd,
	};
	long result = call(&args, request->child, request->arg);

	if (result >= 0)
		return (pid_t)result;
	errno = (int)-result;
	return -1;
}
