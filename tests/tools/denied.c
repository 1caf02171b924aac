/*
 * denied WHAT [N]: makes calls that a jail refuses, in the way that is asked
 * for, and says what they returned; "allowed" should never be among it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int n = 1;

static void tell(const char *what, long result)
{
	printf("%s %s\n", what,
	       result < 0 ? strerrorname_np(errno) : "allowed");
	fflush(stdout);
}

static long try_mount(void)
{
	return syscall(SYS_mount, 0, 0, 0, 0, 0);
}

static void tell_mount(void)
{
	tell("mount", try_mount());
}

static void tell_family(void)
{
	tell("socket", socket(n, SOCK_STREAM, 0));
}

static void tell_number(void)
{
	tell("number", syscall(n));
}

static void mounts(void)
{
	for (int i = 0; i < n; i++)
		if (try_mount() >= 0)
			puts("allowed");
}

static void name(void)
{
	prctl(PR_SET_NAME, "\033[31m\n\"x");
	try_mount();
}

/* --- many processes, many kinds */

static void *in_thread(void *function)
{
	void (**call)(void) = function;

	(*call)();
	return NULL;
}

static void threads(void)
{
	void (*call)(void) = mounts;
	pthread_t ids[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&ids[i], NULL, in_thread, &call);
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
}

static void children(void)
{
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			mounts();
			_exit(0);
		}
	while (wait(NULL) > 0)
		continue;
	if (vfork() == 0) { /* NOLINT(clang-analyzer-security.*) */
		try_mount();
		_exit(0);
	}
	wait(NULL);
}

static void spray(void)
{
	for (int i = 0; i < n; i++) {
		syscall(SYS_socket, 20000 + i, 1, 0);
		syscall(SYS_prlimit64, 1 + i, 0, NULL, NULL);
		syscall(340 + i % 80);
	}
}

static void flood(void)
{
	long last = 0;

	prctl(PR_SET_PDEATHSIG, 0);
	puts("begun");
	fflush(stdout);
	for (;;) {
		long result = try_mount() < 0 ? errno : -1;

		if (result != last)
			tell("mount", result < 0 ? 0 : -1);
		last = result;
	}
}

/* A while after its process group was left, for who stops the program. */
static void apart(void)
{
	if (fork() != 0)
		pause();
	setpgid(0, 0);
	sleep(1);
	tell_mount();
	pause();
}

/* A filter of one's own that asks, and has nobody who answers. */
static void own_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {4, code};

	tell("listener", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				 SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
	tell("filter",
	     syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
	tell_mount();
}

/* --- signals */

static void do_nothing(int number)
{
	(void)number;
}

/* By a timer, 2,000 times a second, while calls are refused. */
static void interrupted(int flags)
{
	struct itimerval timer = {{0, 500}, {0, 500}};
	struct sigaction action = {.sa_handler = do_nothing, .sa_flags = flags};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < n; i++)
		if (try_mount() >= 0)
			tell("mount", 0);
		else if (errno != EPERM)
			tell("mount", -1);
}

static void restarted(void)
{
	interrupted(SA_RESTART);
}

static void broken_off(void)
{
	interrupted(0);
}

/* --- calls that kill */

static void enter_root(void)
{
	long result = syscall(SYS_chroot, "/");

	tell("alive: chroot", result);
}

static void root_by_thread(void)
{
	void (*call)(void) = enter_root;
	pthread_t id;

	pthread_create(&id, NULL, in_thread, &call);
	pthread_join(id, NULL);
}

static void on_signal(int number)
{
	static const char text[] = "alive: caught\n";

	(void)number;
	if (write(1, text, sizeof(text) - 1) < 0)
		abort();
}

static void root_caught(void)
{
	signal(SIGSYS, on_signal);
	enter_root();
}

static void root_ignored(void)
{
	signal(SIGSYS, SIG_IGN);
	enter_root();
}

static void root_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	enter_root();
}

/* Takes SIGSYS and gives it back, without end. */
static void waver(void)
{
	for (;;) {
		signal(SIGSYS, do_nothing);
		signal(SIGSYS, SIG_DFL);
	}
}

static void root_wavering(void)
{
	void (*call)(void) = waver;
	pthread_t id;

	pthread_create(&id, NULL, in_thread, &call);
	for (;;)
		if (syscall(SYS_chroot, "/") == 0)
			puts("allowed");
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{"tell", tell_mount},
	{"family", tell_family},
	{"number", tell_number},
	{"mount", mounts},
	{"name", name},
	{"threads", threads},
	{"children", children},
	{"spray", spray},
	{"flood", flood},
	{"apart", apart},
	{"own-filter", own_filter},
	{"restarted", restarted},
	{"broken-off", broken_off},
	{"root", enter_root},
	{"thread-root", root_by_thread},
	{"caught-root", root_caught},
	{"ignored-root", root_ignored},
	{"blocked-root", root_blocked},
	{"wavering", root_wavering},
};

int main(int argc, char **argv)
{
	if (argc > 2)
		n = (int)strtol(argv[2], NULL, 10);
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].run();
			return 0;
		}
	fputs("usage: denied WHAT [N]\n", stderr);
	return 125;
}
