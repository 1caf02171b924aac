#include "vsock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "cleanup.h"
#include "fdio.h"

#define PARENT 3
#define HEARTBEAT_PORT 9000
#define HEARTBEAT 0xB7

/* Seconds that the parent may take to answer. */
#define PATIENCE 20

static int set_patience(int fd, struct err *err)
{
	const struct timeval wait = {.tv_sec = PATIENCE};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
	    setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &wait,
		       sizeof(wait)) < 0)
		return err_sys(err, errno, "time limits of a socket");
	return 0;
}

/* A descriptor, or -1. */
static int connect_parent(unsigned port, struct err *err)
{
	const struct sockaddr_vm parent = {
		.svm_family = AF_VSOCK,
		.svm_cid = PARENT,
		.svm_port = port,
	};
	auto_close int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		return err_set(err, ERR_HOST,
			       "this kernel has no AF_VSOCK: build it with "
			       "CONFIG_VIRTIO_VSOCKETS=y, or bake its modules "
			       "in with --modules");
	if (fd < 0)
		return err_sys(err, errno, "a socket to the parent");
	if (set_patience(fd, err) < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&parent, sizeof(parent)) == 0)
		return take_fd(&fd);
	if (errno == ENODEV)
		return err_set(err, ERR_HOST,
			       "this machine has no vsock device, or the "
			       "modules of its bus are not baked in");
	return err_sys(err, errno, "connect to CID %d, port %u", PARENT, port);
}

int vsock_heartbeat(struct err *err)
{
	auto_close int fd = connect_parent(HEARTBEAT_PORT, err);
	const unsigned char sent = HEARTBEAT;
	unsigned char answer = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = fd_write_full(fd, &sent, 1);
	if (n == 0)
		n = fd_read_full(fd, &answer, 1);
	if (n < 0)
		return err_sys(err, (int)-n, "the parent's answer");
	if (n == 0 || answer != HEARTBEAT)
		return err_set(err, ERR_HOST,
			       "the parent does not answer as it should");
	return 0;
}

int vsock_tell(unsigned port, const char *words, struct err *err)
{
	auto_close int fd = connect_parent(port, err);
	char rest[64];
	ssize_t n;

	if (fd < 0)
		return -1;
	n = fd_write_full(fd, words, strlen(words));
	if (n == 0)
		n = fd_write_full(fd, "\n", 1);
	if (n < 0)
		return err_sys(err, (int)-n, "write to CID %d, port %u", PARENT,
			       port);
	/*
	 * What was written waits in a queue of the kernel, and would be lost
	 * with it: the parent's close says that it arrived.
	 */
	shutdown(fd, SHUT_WR);
	n = fd_read_full(fd, rest, sizeof(rest));
	if (n < 0)
		return err_sys(err, (int)-n,
			       "CID %d, port %u did not close the connection",
			       PARENT, port);
	return 0;
}
