/*
 * newer-kernel FIRST COMMAND [ARG...]: runs a command as on a kernel that knows
 * every system call number from FIRST up to -1, each of which returns 4242.
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
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER 4242

static int install(unsigned first)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
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

static void answer(int listener)
{
	struct seccomp_notif call = {0};
	struct seccomp_notif_resp reply = {.val = ANSWER};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return; /* the caller died meanwhile */
	reply.id = call.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/* Until nobody is left under the filter. */
static void serve(int listener)
{
	struct pollfd ready = {listener, POLLIN, 0};

	while (poll(&ready, 1, -1) >= 0 || errno == EINTR) {
		if (ready.revents & POLLIN)
			answer(listener);
		else if (ready.revents)
			return;
	}
}

static void become(char **argv, int socket_fd)
{
	int listener = install((unsigned)strtoul(argv[1], NULL, 0));

	if (listener < 0 || send_fd(socket_fd, listener) < 0) {
		perror("newer-kernel");
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
		serve(listener);
	if (waitpid(child, &status, 0) < 0)
		return 125;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}
