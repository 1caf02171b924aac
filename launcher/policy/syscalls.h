#pragma once
/*
 * syscalls: the names and numbers of the system calls that we have reviewed,
 * on both machines, sorted by name.
 *
 * Our own, because libseccomp and the kernel headers of a distribution know
 * only the calls of their day, and a policy must be the same wherever it is
 * built.  Last reviewed for Linux 7.1; what the kernel adds later is refused
 * (SYSCALL_NEWEST) until somebody has looked at it.
 */
#include <stdbool.h>
#include <stddef.h>

enum machine { MACHINE_X86_64, MACHINE_AARCH64 };
#define MACHINES 2

#define SYSCALL_NEWEST 471
#define SYSCALL_NONE (-1) /* the machine has no such call */

struct syscall_name {
	const char *name;
	int nr[MACHINES];
};

extern const struct syscall_name syscall_names[];
extern const size_t n_syscall_names;

/* The machine that this program was compiled for. */
#if defined(__x86_64__)
#define MACHINE_NATIVE MACHINE_X86_64
#elif defined(__aarch64__)
#define MACHINE_NATIVE MACHINE_AARCH64
#else
#error "no table of system calls for this machine yet: see syscalls.c"
#endif

const char *machine_name(enum machine machine);
/* AUDIT_ARCH_* of the machine's own ABI. */
unsigned machine_audit_arch(enum machine machine);

/* The row of a name, or NULL when no machine has such a call. */
const struct syscall_name *syscall_find(const char *name, size_t len);

/* The name of a number, or NULL when it is not assigned (or not reviewed). */
const char *syscall_name_of(enum machine machine, unsigned nr);
