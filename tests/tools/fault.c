/*
 * fault: runs a command in which one system call fails, or kills its process.
 *
 *	fault REPORT SECONDS list COMMAND...
 *	fault REPORT SECONDS ERRNO|KILL PROCESS NAME NTH COMMAND...
 *
 * Processes are numbered in the order in which they are made, the calls of one
 * name in each of them from 1: unlike strace's "when", this singles one call
 * out of all the run.  A call that fails is not made, close() excepted, which closes
 * whatever it says; brk() fails in its own way.  The program in the jail (it is called "probe") and what
 * descends from it are left alone.
 *
 * REPORT gets one fact a line:
 *	call PROCESS NAME NTH	(list only)
 *	done			the call was reached
 *	ended exit|signal N	the command itself
 *	directory NAME		the launcher's, for an image
 *	left NAME		a process that outlived the command
 *	hangs			the command did not end in time
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_PROCESSES 256
#define MOST_CALLS 512
#define FIRST_CALLS 1000 /* among which is the making of the directory */
#define GRACE 10 /* seconds in which all must end once the command has */
#define TRACED                                                                 \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |    \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

static const struct {
	const char *name;
	unsigned long long number;
} call_names[] = {
#include "kernel_names.h"
};

struct process {
	pid_t pid;
	long calls; /* made so far */
	unsigned short calls_of[MOST_CALLS]; /* of each number */
	bool is_counted; /* not before the first exec */
	bool is_program, is_failing, keeps_result, has_ended;
	bool is_known; /* its parent's event came, which says what it is */
	bool is_waiting; /* for that */
	struct user_regs_struct saved;
};

static struct process processes[MOST_PROCESSES];
static int n_processes;
static FILE *report;
static bool has_directory;

/* What is to fail; nothing when only listing. */
static struct {
	bool is_list, is_done;
	int error; /* 0: kill */
	int process, nth;
	const char *name;
} target;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(2);
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(report, format, args);
	va_end(args);
	fputc('\n', report);
}

static const char *name_of(unsigned long long number)
{
	size_t i;

	for (i = 0; i < sizeof(call_names) / sizeof(*call_names); i++)
		if (call_names[i].number == number)
			return call_names[i].name;
	return "?";
}

static struct process *find(pid_t pid)
{
	int i;

	for (i = n_processes; i-- > 0;)
		if (processes[i].pid == pid && !processes[i].has_ended)
			return &processes[i];
	if (n_processes == MOST_PROCESSES)
		die("too many processes");
	processes[n_processes].pid = pid;
	return &processes[n_processes++];
}

static void name_process(pid_t pid, char name[32])
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? 0 : read(fd, name, 31);
	if (fd >= 0)
		close(fd);
	name[len > 0 ? len - 1 : 0] = '\0';
}

static void get_registers(pid_t pid, struct user_regs_struct *regs)
{
	struct iovec area = {regs, sizeof(*regs)};

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &area);
}

static void set_registers(pid_t pid, struct user_regs_struct *regs)
{
	struct iovec area = {regs, sizeof(*regs)};

	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &area);
}

/*
 * Another call in its place, one without effect that every filter allows: a
 * filter would see a skipped call as number -1.
 */
static void replace_call(struct process *process)
{
	struct user_regs_struct regs = process->saved;

#if defined(__x86_64__)
	regs.orig_rax = SYS_clock_gettime;
	regs.rdi = ~0ull;
	set_registers(process->pid, &regs);
#elif defined(__aarch64__)
	int number = SYS_clock_gettime;
	struct iovec area = {&number, sizeof(number)};

	regs.regs[0] = ~0ull;
	set_registers(process->pid, &regs);
	ptrace(PTRACE_SETREGSET, process->pid, NT_ARM_SYSTEM_CALL, &area);
#else
#error "say how a system call is replaced on this machine"
#endif
}

/* brk() has no error: it answers with the old end, as it does for 0. */
static void refuse_memory(struct process *process)
{
	struct user_regs_struct regs = process->saved;

#if defined(__x86_64__)
	regs.rdi = 0;
#else
	regs.regs[0] = 0;
#endif
	set_registers(process->pid, &regs);
}

static void start_failing(struct process *process, unsigned long long call)
{
	get_registers(process->pid, &process->saved);
	process->is_failing = true;
	process->keeps_result = call == SYS_brk;
	if (call == SYS_brk)
		refuse_memory(process);
	else if (call != SYS_close)
		replace_call(process);
}

/* At the call's end: all registers as they were, but for its result. */
static void fail_call(struct process *process, int64_t result)
{
	struct user_regs_struct regs = process->saved;

	if (!process->keeps_result)
		result = -target.error;
#if defined(__x86_64__)
	regs.rax = (unsigned long long)result;
#else
	regs.regs[0] = (unsigned long long)result;
#endif
	set_registers(process->pid, &regs);
	process->is_failing = false;
}

/* The launcher's directory has a name made by chance. */
static void watch_mkdir(pid_t pid, unsigned long long path)
{
	char name[32] = "";
	struct iovec ours = {name, sizeof(name) - 1};
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): that is how it is given */
	struct iovec theirs = {(void *)(uintptr_t)path, sizeof(name) - 1};

	if (process_vm_readv(pid, &ours, 1, &theirs, 1, 0) <= 0 ||
	    strncmp(name, "run-", 4) != 0)
		return;
	say("directory %s", name);
	has_directory = true;
}

static void enter_call(struct process *process,
		       const struct __ptrace_syscall_info *info)
{
	int number = (int)(process - processes), nth;
	const char *name = name_of(info->entry.nr);

	if (info->entry.nr == SYS_mkdirat)
		watch_mkdir(process->pid, info->entry.args[1]);
	if (!process->is_counted)
		return;
	process->calls++;
	nth = ++process->calls_of[info->entry.nr % MOST_CALLS];
	if (target.is_list)
		say("call %d %s %d", number, name, nth);
	if (!target.is_list && !target.is_done && number == target.process &&
	    nth == target.nth && strcmp(name, target.name) == 0) {
		target.is_done = true;
		say("done");
		if (target.error == 0) {
			kill(process->pid, SIGKILL);
		} else {
			start_failing(process, info->entry.nr);
		}
	}
}

static void at_call(struct process *process)
{
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(info), &info) <
	    0)
		return; /* it was killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(process, &info);
	else if (process->is_failing)
		fail_call(process, info.exit.rval);
}

/* After the fault only the name of the launcher's directory is of interest. */
static bool is_watched(const struct process *process)
{
	if (process->is_program)
		return false;
	if (target.is_list || !target.is_done || process->is_failing)
		return true;
	return process == &processes[0] && !has_directory &&
	       process->calls < FIRST_CALLS;
}

static void resume(const struct process *process, int signal)
{
	ptrace(is_watched(process) ? PTRACE_SYSCALL : PTRACE_CONT, process->pid,
	       NULL, signal);
}

static void at_birth(const struct process *parent, struct process *child)
{
	child->is_counted = parent->is_counted;
	child->is_program = parent->is_program;
	child->is_known = true;
	if (child->is_waiting)
		resume(child, 0);
	child->is_waiting = false;
}

static void at_event(struct process *process, int event)
{
	unsigned long child;
	char name[32];

	if (event == PTRACE_EVENT_EXEC) {
		name_process(process->pid, name);
		process->is_counted = true;
		process->is_program |= strcmp(name, "probe") == 0;
	} else if (event != PTRACE_EVENT_STOP &&
		   ptrace(PTRACE_GETEVENTMSG, process->pid, NULL, &child) ==
			   0) {
		at_birth(process, find((pid_t)child));
	}
}

static void at_stop(pid_t pid, int status)
{
	struct process *process = find(pid);
	int event = status >> 16, signal = WSTOPSIG(status), deliver = 0;

	if (event == PTRACE_EVENT_STOP && !process->is_known) {
		process->is_waiting = true;
		return;
	}
	if (signal == (SIGTRAP | 0x80)) {
		at_call(process);
	} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		return;
	} else if (event) {
		at_event(process, event);
	} else {
		deliver = signal;
	}
	resume(process, deliver);
}

static void tell_left(void)
{
	int i;

	for (i = 0; i < n_processes; i++) {
		char name[32];

		if (processes[i].has_ended)
			continue;
		name_process(processes[i].pid, name);
		say("left %s", name);
		kill(processes[i].pid, SIGKILL);
	}
}

static void note_end(pid_t pid, int status, unsigned grace)
{
	find(pid)->has_ended = true;
	if (pid != processes[0].pid)
		return;
	say("ended %s %d", WIFEXITED(status) ? "exit" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	alarm(grace);
}

/* Until no process is left that descends from the command. */
static void watch(void)
{
	bool is_late = false;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == ECHILD)
			return;
		if (pid < 0 && is_late)
			die("processes that SIGKILL does not end");
		if (pid < 0) {
			is_late = true;
			if (!processes[0].has_ended)
				say("hangs");
			tell_left();
			alarm(GRACE);
		} else if (WIFSTOPPED(status)) {
			at_stop(pid, status);
		} else {
			note_end(pid, status, GRACE);
		}
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

/*
 * It executes nothing before we watch it.  A stopped process would not do:
 * whoever continues it for another reason lets it run by itself.
 */
static void start(char **argv)
{
	int gate[2];
	char go = 0;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &go, 1) != 1)
			_exit(2);
		execv(argv[0], argv);
		die(argv[0]);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, pid, NULL, TRACED) < 0)
		die("ptrace");
	find(pid)->is_known = true;
	if (write(gate[1], &go, 1) != 1)
		die("start");
	close(gate[1]);
}

static int number_of(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_alarm};
	int first = 4;

	if (argc < 5 || (strcmp(argv[3], "list") != 0 && argc < 8)) {
		fputs("fault REPORT SECONDS list|(ERRNO|KILL PROCESS NAME "
		      "NTH) "
		      "COMMAND...\n",
		      stderr);
		return 2;
	}
	target.is_list = strcmp(argv[3], "list") == 0;
	if (!target.is_list) {
		target.error = number_of(argv[3]); /* KILL: 0 */
		target.process = number_of(argv[4]);
		target.name = argv[5];
		target.nth = number_of(argv[6]);
		first = 7;
	}
	report = fopen(argv[1], "we");
	if (!report)
		die(argv[1]);
	/* What outlives its parents comes to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigaction(SIGALRM, &action, NULL);
	start(argv + first);
	alarm((unsigned)number_of(argv[2]));
	watch();
	return fclose(report) == 0 ? 0 : 2;
}
