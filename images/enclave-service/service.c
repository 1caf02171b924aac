/*
 * service: the trusted side of an enclave that runs other people's code.
 *
 *	service PORT PROGRAM [ARG...]
 *
 * It listens on a vsock port.  A client sends what PROGRAM is to read on its
 * standard input, and closes that direction; it gets what the program writes,
 * and then one line more: "exited N" or "failed: WHY".  Each request has a jail
 * of its own: another uid, nothing of an earlier one, and limits.
 *
 * Only this process touches vsock.  A jail gets the request as a file in
 * memory and writes into a pipe: never the connection itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#define MOST_REQUEST (1 << 20)
#define MOST_ANSWER (1 << 20)
#define MOST_AT_ONCE 8
#define PATIENCE 30 /* seconds for a client that does not go on */

/* What every jail of this service is launched with. */
static const char *const confinement[] = {
	"/jaillaunch", "-r",	     "/jail",	      "-u",
	"jailuser",    "--uid-pool", "200000-200063", "--tmpfs",
	"/tmp:16M",    "--limit",    "wall-time=10s", "--limit",
	"memory=64M",  "--limit",    "pids=32",	      "--",
};
enum { N_CONFINEMENT = sizeof(confinement) / sizeof(*confinement) };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "service: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A client that has gone away needs no answer. */
static void say(int client, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static _Noreturn void refuse(int client, const char *why)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "failed: %s\n", why);

	say(client, line, (size_t)len);
	exit(0);
}

/* The whole request, as a file to read from. */
static int take_request(int client)
{
	int file = memfd_create("request", MFD_CLOEXEC);
	size_t len = 0;
	char bytes[4096];
	ssize_t n;

	if (file < 0)
		refuse(client, "no memory for the request");
	while ((n = recv(client, bytes, sizeof(bytes), 0)) > 0) {
		len += (size_t)n;
		if (len > MOST_REQUEST)
			refuse(client, "the request is too long");
		if (write(file, bytes, (size_t)n) != n)
			refuse(client, "no memory for the request");
	}
	if (n < 0)
		refuse(client, "the request does not end");
	lseek(file, 0, SEEK_SET);
	return file;
}

/* jaillaunch, with the request on 0 and the pipe on 1 and 2. */
static pid_t start_jail(char **program, int request, int output)
{
	size_t i, n = 0;
	char **argv;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while (program[n])
		n++;
	argv = calloc(N_CONFINEMENT + n + 1, sizeof(*argv));
	if (!argv || dup2(request, 0) < 0 || dup2(output, 1) < 0 ||
	    dup2(output, 2) < 0)
		_exit(125);
	for (i = 0; i < N_CONFINEMENT; i++)
		argv[i] = strdup(confinement[i]);
	memcpy(argv + N_CONFINEMENT, program, n * sizeof(*argv));
	execv(argv[0], argv);
	_exit(125);
}

/* Passes on what the jail writes; one that never stops writing is ended. */
static void pass_on(int client, int output, pid_t jail)
{
	char bytes[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = read(output, bytes, sizeof(bytes))) > 0) {
		len += (size_t)n;
		if (len > MOST_ANSWER) {
			kill(jail, SIGTERM); /* jaillaunch ends all of it */
			break;
		}
		say(client, bytes, (size_t)n);
	}
	close(output);
}

static void serve(int client, char **program)
{
	int request = take_request(client), output[2], status;
	char line[64];
	pid_t jail;

	if (pipe2(output, O_CLOEXEC) < 0)
		refuse(client, "no pipe");
	jail = start_jail(program, request, output[1]);
	if (jail < 0)
		refuse(client, "no process");
	close(output[1]);
	pass_on(client, output[0], jail);
	if (waitpid(jail, &status, 0) < 0 || !WIFEXITED(status))
		refuse(client, "the launcher was killed");
	snprintf(line, sizeof(line), "exited %d\n", WEXITSTATUS(status));
	say(client, line, strlen(line));
}

static int listen_on(const char *port)
{
	const struct sockaddr_vm name = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = (unsigned)strtoul(port, NULL, 10),
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("vsock");
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
	    listen(fd, MOST_AT_ONCE) < 0)
		die(port);
	return fd;
}

/* Waits until fewer than that many requests are served. */
static void limit_children(int *running, int most)
{
	while (*running > 0) {
		if (waitpid(-1, NULL, *running < most ? WNOHANG : 0) <= 0)
			return;
		(*running)--;
	}
}

static void accept_one(int listener, char **program, int *running)
{
	const struct timeval patience = {.tv_sec = PATIENCE};
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	pid_t pid;

	if (client < 0)
		return;
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience,
		   sizeof(patience));
	pid = fork();
	if (pid == 0) {
		close(listener);
		serve(client, program);
		shutdown(client, SHUT_RDWR);
		exit(0);
	}
	close(client);
	*running += pid > 0;
}

int main(int argc, char **argv)
{
	int listener, running = 0;

	if (argc < 3) {
		fputs("usage: service PORT PROGRAM [ARG...]\n", stderr);
		return 2;
	}
	listener = listen_on(argv[1]);
	printf("service: listening on port %s\n", argv[1]);
	fflush(stdout);
	for (;;) {
		limit_children(&running, MOST_AT_ONCE);
		accept_one(listener, argv + 2, &running);
	}
}
