#pragma once
/*
 * vhost_user: the far end of a device that a QEMU has, by the vhost-user
 * protocol: QEMU connects to a socket, hands over the memory of its machine,
 * and tells where the device's two rings lie in it.
 *
 * QEMU is trusted, the machine is not: it writes the rings while we read them.
 * Every address in them is looked up and bounded each time, every chain has an
 * end.  What travels on the rings is packets, which others look at.
 */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct vhost_user;

/* Descriptors to wait for: the socket, and what the machine kicks. */
enum { VHOST_FDS = 3 };

/* A socket of that name; config is what the device's configuration says. */
int vhost_user_listen(const char *path, const void *config, size_t len,
		      struct vhost_user **out, struct err *err);
void vhost_user_free(struct vhost_user *user);
DEFINE_AUTO(vhost_user)

void vhost_user_wait_for(const struct vhost_user *user,
			 struct pollfd fds[VHOST_FDS]);

/* After poll().  Once QEMU has gone nothing is ready any more. */
int vhost_user_serve(struct vhost_user *user,
		     const struct pollfd fds[VHOST_FDS], struct err *err);

/* The next packet of the machine: its length, 0: none now, -1. */
ssize_t vhost_user_take(struct vhost_user *user, void *packet, size_t size,
			struct err *err);

/* 1; 0: the machine has no buffer for it now; -1. */
int vhost_user_put(struct vhost_user *user, const void *packet, size_t len,
		   struct err *err);
