/*
 * other-kernel FIRST COMMAND [ARG...]: runs a command as on a newer kernel, one
 * that knows every system call number from FIRST up to -1, each of which
 * returns 4242.
 * other-kernel landlock=ABI COMMAND [ARG...]: as on an older one, whose Landlock
 * says that it has this ABI.
 *
 * Two processes.  The child installs a filter, as root and so without
 * no_new_privs, that asks the listener about those numbers, and becomes the
 * command.  The parent answers until the command ends, and ends as it did.
 * A filter of the command comes before this one: an errno that it gives wins.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER 4242
#define LANDLOCK_CREATE_RULESET 444

static int install(struct sock_fprog program)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static int install_newer(unsigned first)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return install((struct sock_fprog){sizeof(code) / sizeof(*code), code});
}

/* Asked for its version, landlock_create_ruleset() gets a flag. */
static int install_older(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LANDLOCK_CREATE_RULESET, 0,
			 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return install((struct sock_fprog){sizeof(code) / sizeof(*code), code});
}

/* The ABI; 0: it is another request. */
static int landlock_abi(const char *word)
{
	const char *start = "landlock=";
	const size_t len = strlen(start);

	return strncmp(word, start, len) == 0
		       ? (int)strtol(word + len, NULL, 10)
		       : 0;
}

static int send_fd(int socket_fd, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	*(int *)(void *)CMSG_DATA(&control.header) = fd;
	return sendmsg(socket_fd, &message, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket_fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) != 1 ||
	    !CMSG_FIRSTHDR(&message))
		return -1;
	return *(int *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&message));
}

static void answer(int listener, int value)
{
	struct seccomp_notif call = {0};
	struct seccomp_notif_resp reply = {.val = value};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return; /* the caller died meanwhile */
	reply.id = call.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/* Until nobody is left under the filter. */
static void serve(int listener, int value)
{
	struct pollfd ready = {listener, POLLIN, 0};

	while (poll(&ready, 1, -1) >= 0 || errno == EINTR) {
		if (ready.revents & POLLIN)
			answer(listener, value);
		else if (ready.revents)
			return;
	}
}

static void become(char **argv, int socket_fd)
{
	int listener =
		landlock_abi(argv[1])
			? install_older()
			: install_newer((unsigned)strtoul(argv[1], NULL, 0));

	if (listener < 0 || send_fd(socket_fd, listener) < 0) {
		perror("other-kernel");
		_exit(125);
	}
	close(listener);
	close(socket_fd);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	_exit(127);
}

int main(int argc, char **argv)
{
	int ends[2], status, listener;
	pid_t child;

	if (argc < 3 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 125;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		become(argv, ends[1]);
	}
	close(ends[1]);
	listener = receive_fd(ends[0]);
	close(ends[0]);
	if (listener >= 0)
		serve(listener,
		      landlock_abi(argv[1]) ? landlock_abi(argv[1]) : ANSWER);
	if (waitpid(child, &status, 0) < 0)
		return 125;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}
