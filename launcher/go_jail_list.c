#include "go_jail_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/*
 * What a C library of today calls where one of some years ago called the first;
 * on a machine without old calls (aarch64) there is nothing else.  Of the calls
 * that a library makes as it starts, those that are about the process alone go
 * with execve.
 */
static const struct successor {
	const char *old, *now;
} successors[] = {
	{"access", "faccessat faccessat2"},
	{"chmod", "fchmodat fchmodat2"},
	{"chown", "fchownat"},
	{"creat", "openat"},
	{"dup2", "dup3"},
	{"epoll_create", "epoll_create1"},
	{"epoll_wait", "epoll_pwait"},
	{"eventfd", "eventfd2"},
	{"execve", "set_tid_address set_robust_list rseq prlimit64 getrandom "
		   "munmap arch_prctl futex rt_sigreturn restart_syscall"},
	{"exit", "exit_group"},
	{"faccessat", "faccessat2"},
	{"fork", "clone"},
	{"fstat", "newfstatat statx"},
	{"fstat64", "newfstatat statx"},
	{"fstatat64", "newfstatat statx"},
	{"getdents", "getdents64"},
	{"getrlimit", "prlimit64"},
	{"gettimeofday", "clock_gettime"},
	{"inotify_init", "inotify_init1"},
	{"lchown", "fchownat"},
	{"link", "linkat"},
	{"lstat", "newfstatat statx"},
	{"lstat64", "newfstatat statx"},
	{"mkdir", "mkdirat"},
	{"mknod", "mknodat"},
	{"mmap2", "mmap"},
	{"nanosleep", "clock_nanosleep"},
	{"open", "openat"},
	{"pipe", "pipe2"},
	{"poll", "ppoll"},
	{"read", "pread64"},
	{"readlink", "readlinkat"},
	{"rename", "renameat renameat2"},
	{"renameat", "renameat2"},
	{"rmdir", "unlinkat"},
	{"select", "pselect6"},
	{"setrlimit", "prlimit64"},
	{"signalfd", "signalfd4"},
	{"stat", "newfstatat statx"},
	{"stat64", "newfstatat statx"},
	{"symlink", "symlinkat"},
	{"time", "clock_gettime"},
	{"ugetrlimit", "prlimit64"},
	{"unlink", "unlinkat"},
	{"utime", "utimensat"},
	{"utimes", "utimensat"},
	{"vfork", "clone"},
	{"waitpid", "wait4"},
};

char *go_jail_without_blanks(const char *list)
{
	char *copy = malloc(strlen(list) + 1), *end = copy;

	if (!copy)
		return NULL;
	for (; *list; list++)
		if (!isspace((unsigned char)*list))
			*end++ = *list;
	*end = '\0';
	return copy;
}

/* What could be anything but a name, to who reads the policy. */
static int check_name(const char *name, size_t len, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_@-";

	if (strspn(name, letters) >= len)
		return 0;
	return err_set(err, ERR_USAGE,
		       "-syscall-allow: \"%.*s\" is not the name of a system "
		       "call",
		       (int)(len < 60 ? len : 60), name);
}

static void put_name(FILE *out, const char *name, size_t len)
{
	size_t i;

	fprintf(out, "allow %.*s", (int)len, name);
	for (i = 0; i < sizeof(successors) / sizeof(*successors); i++)
		if (strlen(successors[i].old) == len &&
		    memcmp(successors[i].old, name, len) == 0)
			fprintf(out, " %s", successors[i].now);
	fputc('\n', out);
}

int go_jail_policy(const char *list, char **out, struct err *err)
{
	auto_free char *names = go_jail_without_blanks(list), *text = NULL;
	const char *name = names;
	size_t size;
	FILE *memory = names ? open_memstream(&text, &size) : NULL;
	int result = 0, error;

	if (!memory)
		return err_sys(err, ENOMEM, "-syscall-allow");
	fputs("default errno:EPERM\n", memory);
	while (result == 0 && *name) {
		size_t len = strcspn(name, ",");

		result = check_name(name, len, err);
		if (result == 0 && len > 0)
			put_name(memory, name, len);
		name += len + (name[len] == ',');
	}
	error = ferror(memory) | fclose(memory);
	if (result == 0 && error)
		return err_sys(err, ENOMEM, "-syscall-allow");
	if (result == 0)
		*out = TAKE(text);
	return result;
}
