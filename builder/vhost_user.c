#include "vhost_user.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "fdio.h"

/* The protocol's own numbers; no header of a distribution has them. */
enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	SET_VRING_ERR = 14,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	SET_VRING_ENABLE = 18,
	GET_CONFIG = 24,
};

#define PROTOCOL_VERSION 1
#define IS_REPLY 4
#define FEATURE_PROTOCOL (UINT64_C(1) << 30)
#define PROTOCOL_CONFIG (UINT64_C(1) << 9)
#define NO_DESCRIPTOR 0x100 /* in the number of a ring */

#define MOST_REGIONS 8
#define MOST_CONFIG 256
#define MOST_RING 1024

enum { TO_MACHINE, FROM_MACHINE, N_RINGS };

struct region {
	uint64_t guest, size, user, offset;
};

struct message {
	struct {
		uint32_t request, flags, size;
	} head;
	union {
		uint64_t number;
		struct {
			uint32_t index, number;
		} state;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} address;
		struct {
			uint32_t n, padding;
			struct region regions[MOST_REGIONS];
		} memory;
		struct {
			uint32_t offset, size, flags;
			unsigned char bytes[MOST_CONFIG];
		} config;
	} body;
	int fds[MOST_REGIONS]; /* each is ours to close, or -1 */
	size_t n_fds;
};

struct mapped {
	struct region region;
	unsigned char *at; /* of the whole file */
};

struct ring {
	uint32_t size;
	uint16_t next;
	uint64_t desc, used, avail; /* by QEMU's own addresses */
	int kick, call;
};

struct vhost_user {
	int listener, control;
	unsigned char config[MOST_CONFIG];
	size_t config_len;
	struct mapped memory[MOST_REGIONS];
	size_t n_memory;
	struct ring rings[N_RINGS];
};

/* --- the machine's memory */

static void *find(const struct vhost_user *user, uint64_t address, uint64_t len,
		  bool is_guest)
{
	size_t i;

	for (i = 0; i < user->n_memory; i++) {
		const struct region *region = &user->memory[i].region;
		uint64_t start = is_guest ? region->guest : region->user;

		if (address >= start && address - start < region->size &&
		    len <= region->size - (address - start))
			return user->memory[i].at + region->offset +
			       (address - start);
	}
	return NULL;
}

static void unmap(struct vhost_user *user)
{
	while (user->n_memory > 0) {
		const struct mapped *mapped = &user->memory[--user->n_memory];

		munmap(mapped->at, mapped->region.offset + mapped->region.size);
	}
}

static int map(struct vhost_user *user, const struct message *message,
	       struct err *err)
{
	size_t i, n = message->body.memory.n;

	if (n > MOST_REGIONS || n != message->n_fds)
		return err_set(err, ERR_HOST,
			       "vhost-user: %zu regions of memory with %zu "
			       "descriptors",
			       n, message->n_fds);
	unmap(user);
	for (i = 0; i < n; i++) {
		struct mapped *mapped = &user->memory[i];
		uint64_t whole;

		mapped->region = message->body.memory.regions[i];
		if (__builtin_add_overflow(mapped->region.offset,
					   mapped->region.size, &whole))
			return err_set(err, ERR_HOST, "vhost-user: a region");
		mapped->at = mmap(NULL, whole, PROT_READ | PROT_WRITE,
				  MAP_SHARED, message->fds[i], 0);
		if (mapped->at == MAP_FAILED)
			return err_sys(err, errno, "the machine's memory");
		user->n_memory++;
	}
	return 0;
}

/* --- the control socket */

static int receive_head(int fd, struct message *message, struct err *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(message->fds))];
		struct cmsghdr align;
	} control;
	struct iovec head = {&message->head, sizeof(message->head)};
	struct msghdr msg = {
		.msg_iov = &head,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS) {
		message->n_fds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->fds, CMSG_DATA(cmsg),
		       message->n_fds * sizeof(int));
	}
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n != sizeof(message->head))
		return err_sys(err, n < 0 ? errno : EIO, "vhost-user");
	return 1;
}

/* 1; 0: QEMU has gone; -1. */
static int receive(int fd, struct message *message, struct err *err)
{
	int result = receive_head(fd, message, err);
	ssize_t n;

	if (result <= 0)
		return result;
	if (message->head.size > sizeof(message->body))
		return err_set(err, ERR_HOST,
			       "vhost-user: request %u with %u bytes",
			       message->head.request, message->head.size);
	n = fd_read_full(fd, &message->body, message->head.size);
	if (n < 0)
		return err_sys(err, (int)-n, "vhost-user");
	return (size_t)n == message->head.size;
}

static int reply(const struct vhost_user *user, struct message *message,
		 struct err *err)
{
	int error;

	message->head.flags = PROTOCOL_VERSION | IS_REPLY;
	error = fd_write_full(user->control, &message->head,
			      sizeof(message->head));
	if (error == 0) /* the body is aligned: it does not adjoin the head */
		error = fd_write_full(user->control, &message->body,
				      message->head.size);
	return error < 0 ? err_sys(err, -error, "vhost-user") : 0;
}

static int reply_number(const struct vhost_user *user, struct message *message,
			uint64_t number, struct err *err)
{
	message->body.number = number;
	message->head.size = sizeof(number);
	return reply(user, message, err);
}

static int reply_config(const struct vhost_user *user, struct message *message,
			struct err *err)
{
	const uint32_t offset = message->body.config.offset;
	const uint32_t size = message->body.config.size;

	memset(message->body.config.bytes, 0, MOST_CONFIG);
	if (offset < user->config_len && size <= MOST_CONFIG)
		memcpy(message->body.config.bytes, user->config + offset,
		       size < user->config_len - offset
			       ? size
			       : user->config_len - offset);
	return reply(user, message, err);
}

/* Of a kick or a call: the descriptor that came along takes its place. */
static void set_fd(int *place, struct message *message)
{
	if (*place >= 0)
		close(*place);
	*place = -1;
	if (message->n_fds > 0 && !(message->body.number & NO_DESCRIPTOR))
		*place = take_fd(&message->fds[0]);
}

static int stop_ring(const struct vhost_user *user, struct ring *ring,
		     struct message *message, struct err *err)
{
	if (ring->kick >= 0)
		close(ring->kick);
	ring->kick = -1;
	message->body.state.number = ring->next;
	return reply(user, message, err);
}

static int obey_ring(struct vhost_user *user, struct message *message,
		     struct err *err)
{
	uint32_t index = message->body.state.index & 0xff;
	struct ring *ring = &user->rings[index < N_RINGS ? index : 0];

	if (index >= N_RINGS)
		return err_set(err, ERR_HOST, "vhost-user: ring %u", index);
	switch (message->head.request) {
	case SET_VRING_NUM:
		ring->size = message->body.state.number;
		if (ring->size == 0 || ring->size > MOST_RING)
			return err_set(err, ERR_HOST,
				       "vhost-user: a ring of %u", ring->size);
		return 0;
	case SET_VRING_BASE:
		ring->next = (uint16_t)message->body.state.number;
		return 0;
	case SET_VRING_ADDR:
		ring->desc = message->body.address.desc;
		ring->used = message->body.address.used;
		ring->avail = message->body.address.avail;
		return 0;
	case SET_VRING_KICK:
		set_fd(&ring->kick, message);
		return 0;
	case SET_VRING_CALL:
		set_fd(&ring->call, message);
		return 0;
	case GET_VRING_BASE:
		return stop_ring(user, ring, message, err);
	default: /* SET_VRING_ERR, SET_VRING_ENABLE */
		return 0;
	}
}

static int obey(struct vhost_user *user, struct message *message,
		struct err *err)
{
	switch (message->head.request) {
	case GET_FEATURES:
		return reply_number(user, message,
				    UINT64_C(1) << VIRTIO_F_VERSION_1 |
					    FEATURE_PROTOCOL,
				    err);
	case GET_PROTOCOL_FEATURES:
		return reply_number(user, message, PROTOCOL_CONFIG, err);
	case GET_CONFIG:
		return reply_config(user, message, err);
	case SET_MEM_TABLE:
		return map(user, message, err);
	case SET_FEATURES:
	case SET_PROTOCOL_FEATURES:
	case SET_OWNER:
		return 0;
	default:
		return obey_ring(user, message, err);
	}
}

static void hang_up(struct vhost_user *user)
{
	close(user->control);
	user->control = -1;
}

static int serve_control(struct vhost_user *user, struct err *err)
{
	struct message message = {0};
	int result = receive(user->control, &message, err);
	size_t i;

	if (result > 0)
		result = obey(user, &message, err);
	else if (result == 0)
		hang_up(user);
	for (i = 0; i < message.n_fds; i++)
		if (message.fds[i] >= 0)
			close(message.fds[i]);
	return result;
}

/* --- the rings */

struct taken {
	uint16_t head;
	struct vring_desc chain[MOST_RING];
	size_t n;
};

static int broken(struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "the machine's driver leaves a broken ring");
}

/* The three parts of a ring, whole. */
static int find_ring(const struct vhost_user *user, const struct ring *ring,
		     struct vring *parts, struct err *err)
{
	const uint64_t n = ring->size;

	parts->num = ring->size;
	parts->desc = find(user, ring->desc, n * sizeof(*parts->desc), false);
	parts->avail =
		find(user, ring->avail, sizeof(*parts->avail) + 2 * n, false);
	parts->used =
		find(user, ring->used,
		     sizeof(*parts->used) + n * sizeof(struct vring_used_elem),
		     false);
	if (!parts->desc || !parts->avail || !parts->used)
		return broken(err);
	return 0;
}

/* 1, or 0 when the machine offers none. */
static int take_chain(struct ring *ring, const struct vring *parts,
		      struct taken *taken, struct err *err)
{
	uint16_t at;

	if (__atomic_load_n(&parts->avail->idx, __ATOMIC_ACQUIRE) == ring->next)
		return 0;
	at = parts->avail->ring[ring->next % ring->size];
	ring->next++;
	taken->head = at;
	for (taken->n = 0; taken->n < ring->size;) {
		struct vring_desc *link = &taken->chain[taken->n++];

		if (at >= ring->size)
			return broken(err);
		*link = parts->desc[at];
		if (!(link->flags & VRING_DESC_F_NEXT))
			return 1;
		at = link->next;
	}
	return broken(err); /* a circle */
}

static void give_chain(const struct ring *ring, const struct vring *parts,
		       uint16_t head, size_t len)
{
	uint16_t index = parts->used->idx;

	parts->used->ring[index % ring->size].id = head;
	parts->used->ring[index % ring->size].len = (uint32_t)len;
	__atomic_store_n(&parts->used->idx, (uint16_t)(index + 1),
			 __ATOMIC_RELEASE);
	if (ring->call >= 0)
		eventfd_write(ring->call, 1);
}

static bool is_ready(const struct vhost_user *user, const struct ring *ring)
{
	return user->control >= 0 && ring->kick >= 0 && ring->size != 0 &&
	       ring->desc != 0;
}

ssize_t vhost_user_take(struct vhost_user *user, void *packet, size_t size,
			struct err *err)
{
	struct ring *ring = &user->rings[FROM_MACHINE];
	struct vring parts;
	struct taken taken;
	size_t i, len = 0;
	int result;

	if (!is_ready(user, ring))
		return 0;
	if (find_ring(user, ring, &parts, err) < 0)
		return -1;
	result = take_chain(ring, &parts, &taken, err);
	if (result <= 0)
		return result;
	for (i = 0; i < taken.n; i++) {
		const struct vring_desc *part = &taken.chain[i];
		const void *from = find(user, part->addr, part->len, true);

		if (!from || part->len > size - len)
			return broken(err);
		memcpy((char *)packet + len, from, part->len);
		len += part->len;
	}
	give_chain(ring, &parts, taken.head, 0);
	return len > 0 ? (ssize_t)len : broken(err);
}

int vhost_user_put(struct vhost_user *user, const void *packet, size_t len,
		   struct err *err)
{
	struct ring *ring = &user->rings[TO_MACHINE];
	struct vring parts;
	struct taken taken;
	size_t i, done = 0;
	int result;

	if (!is_ready(user, ring))
		return 0;
	if (find_ring(user, ring, &parts, err) < 0)
		return -1;
	result = take_chain(ring, &parts, &taken, err);
	if (result <= 0)
		return result;
	for (i = 0; i < taken.n && done < len; i++) {
		const struct vring_desc *part = &taken.chain[i];
		size_t n = part->len < len - done ? part->len : len - done;
		void *to = find(user, part->addr, n, true);

		if (!to || !(part->flags & VRING_DESC_F_WRITE))
			return broken(err);
		memcpy(to, (const char *)packet + done, n);
		done += n;
	}
	give_chain(ring, &parts, taken.head, len);
	return done == len ? 1 : broken(err);
}

/* --- the whole */

int vhost_user_listen(const char *path, const void *config, size_t len,
		      struct vhost_user **out, struct err *err)
{
	auto_of(vhost_user) struct vhost_user *user = calloc(1, sizeof(*user));
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	size_t i;

	if (!user)
		return err_sys(err, ENOMEM, "vhost-user");
	user->control = -1;
	for (i = 0; i < N_RINGS; i++)
		user->rings[i].kick = user->rings[i].call = -1;
	user->config_len = len < MOST_CONFIG ? len : MOST_CONFIG;
	memcpy(user->config, config, user->config_len);
	user->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (user->listener < 0)
		return err_sys(err, errno, "a socket");
	if (strlen(path) >= sizeof(name.sun_path))
		return err_sys(err, ENAMETOOLONG, "%s", path);
	memcpy(name.sun_path, path, strlen(path));
	if (bind(user->listener, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    listen(user->listener, 1) < 0)
		return err_sys(err, errno, "%s", path);
	*out = TAKE(user);
	return 0;
}

void vhost_user_free(struct vhost_user *user)
{
	size_t i;

	if (!user)
		return;
	unmap(user);
	for (i = 0; i < N_RINGS; i++) {
		if (user->rings[i].kick >= 0)
			close(user->rings[i].kick);
		if (user->rings[i].call >= 0)
			close(user->rings[i].call);
	}
	if (user->control >= 0)
		close(user->control);
	if (user->listener >= 0)
		close(user->listener);
	free(user);
}

void vhost_user_wait_for(const struct vhost_user *user,
			 struct pollfd fds[VHOST_FDS])
{
	const int wanted[VHOST_FDS] = {
		user->control >= 0 ? user->control : user->listener,
		user->rings[TO_MACHINE].kick,
		user->rings[FROM_MACHINE].kick,
	};
	size_t i;

	for (i = 0; i < VHOST_FDS; i++)
		fds[i] = (struct pollfd){.fd = wanted[i], .events = POLLIN};
}

int vhost_user_serve(struct vhost_user *user,
		     const struct pollfd fds[VHOST_FDS], struct err *err)
{
	eventfd_t ignored;
	size_t i;

	for (i = 1; i < VHOST_FDS; i++)
		if (fds[i].revents & POLLIN)
			eventfd_read(fds[i].fd, &ignored);
	if (fds[0].revents == 0)
		return 0;
	if (user->control >= 0)
		return serve_control(user, err);
	/* the first one, and no other */
	user->control = accept4(user->listener, NULL, NULL, SOCK_CLOEXEC);
	if (user->control < 0)
		return err_sys(err, errno, "vhost-user");
	close(user->listener);
	user->listener = -1;
	return 0;
}
