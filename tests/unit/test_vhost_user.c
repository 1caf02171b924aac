/*
 * The far end of a device: what a QEMU says of it, and what the driver of a
 * machine, which is not trusted, leaves in its rings.
 */
#include "vhost_user.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>

#include "test.h"
#include "try_parent.h"

#define MEMORY 65536ul
#define GUEST 0x100000u /* where the machine has it */
#define USER 0x7000000000u /* where QEMU has it */
#define RING 8u
/* In that memory: the rings, a page each, then buffers. */
#define DESC(ring) ((ring)*12288ul)
#define AVAIL(ring) (DESC(ring) + 4096ul)
#define USED(ring) (DESC(ring) + 8192ul)
#define BUFFERS 32768ul

struct machine {
	struct vhost_user *user;
	int control, memory_fd;
	unsigned char *memory;
};

static void send_request(const struct machine *machine, uint32_t request,
			 const void *body, uint32_t size, int fd)
{
	uint32_t head[3] = {request, 1, size};
	unsigned char copy[256];
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec parts[2] = {{head, sizeof(head)}, {copy, size}};
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};

	memcpy(copy, body, size);
	if (fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	assert_int_equal(sendmsg(machine->control, &msg, 0),
			 sizeof(head) + size);
}

static int serve(const struct machine *machine, struct err *err)
{
	struct pollfd fds[VHOST_FDS];

	vhost_user_wait_for(machine->user, fds);
	assert_true(poll(fds, VHOST_FDS, 5000) > 0);
	return vhost_user_serve(machine->user, fds, err);
}

static void request(const struct machine *machine, uint32_t number,
		    const void *body, uint32_t size, int fd)
{
	struct err err = {0};

	send_request(machine, number, body, size, fd);
	if (serve(machine, &err) < 0)
		fail_msg("request %u: %s", number, err.msg);
}

static void set_ring(const struct machine *machine, uint32_t ring)
{
	const uint32_t size[2] = {ring, RING}, base[2] = {ring, 0};
	const struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} address = {ring,
		     0,
		     USER + DESC(ring),
		     USER + USED(ring),
		     USER + AVAIL(ring),
		     0};
	const uint64_t number = ring;
	int kick = eventfd(0, 0);

	request(machine, 8, size, sizeof(size), -1);
	request(machine, 10, base, sizeof(base), -1);
	request(machine, 9, &address, sizeof(address), -1);
	request(machine, 12, &number, sizeof(number), kick);
	close(kick);
}

static void start(struct machine *machine)
{
	static const uint64_t cid = 16;
	const struct {
		uint32_t n, padding;
		uint64_t guest, size, user, offset;
	} table = {1, 0, GUEST, MEMORY, USER, 0};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct err err = {0};

	snprintf(name.sun_path, sizeof(name.sun_path), "vhost.%d", getpid());
	unlink(name.sun_path);
	if (vhost_user_listen(name.sun_path, &cid, sizeof(cid), &machine->user,
			      &err) < 0)
		fail_msg("%s", err.msg);
	machine->control = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(machine->control, (struct sockaddr *)&name,
				 sizeof(name)),
			 0);
	unlink(name.sun_path);
	assert_int_equal(serve(machine, &err), 0);
	machine->memory_fd = memfd_create("memory", 0);
	assert_int_equal(ftruncate(machine->memory_fd, MEMORY), 0);
	machine->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED,
			       machine->memory_fd, 0);
	request(machine, 5, &table, sizeof(table), machine->memory_fd);
	set_ring(machine, 0);
	set_ring(machine, 1);
}

static void stop(struct machine *machine)
{
	vhost_user_free(machine->user);
	close(machine->control);
	close(machine->memory_fd);
	munmap(machine->memory, MEMORY);
}

/* The machine's driver: descriptor i of a ring, and offering a chain. */
static void describe(const struct machine *machine, unsigned ring, unsigned i,
		     uint64_t address, uint32_t len, unsigned flags,
		     unsigned next)
{
	struct vring_desc desc = {address, len, (uint16_t)flags,
				  (uint16_t)next};

	memcpy(machine->memory + DESC(ring) + (size_t)i * sizeof(desc), &desc,
	       sizeof(desc));
}

static void offer(const struct machine *machine, unsigned ring, unsigned head)
{
	uint16_t *avail = (void *)(machine->memory + AVAIL(ring));

	avail[2 + avail[1] % RING] = (uint16_t)head;
	avail[1]++;
}

static unsigned n_used(const struct machine *machine, unsigned ring)
{
	uint16_t used[2];

	memcpy(used, machine->memory + USED(ring), sizeof(used));
	return used[1];
}

TEST(a_packet_comes_out_of_a_chain_and_goes_into_one)
{
	struct machine machine = {0};
	struct err err = {0};
	char packet[64];

	start(&machine);
	assert_int_equal(vhost_user_take(machine.user, packet, 64, &err), 0);
	memcpy(machine.memory + BUFFERS, "head", 4);
	memcpy(machine.memory + BUFFERS + 100, "body", 4);
	describe(&machine, 1, 3, GUEST + BUFFERS, 4, VRING_DESC_F_NEXT, 5);
	describe(&machine, 1, 5, GUEST + BUFFERS + 100, 4, 0, 0);
	offer(&machine, 1, 3);
	assert_int_equal(vhost_user_take(machine.user, packet, 64, &err), 8);
	assert_memory_equal(packet, "headbody", 8);
	assert_int_equal(n_used(&machine, 1), 1);

	assert_int_equal(vhost_user_put(machine.user, "answer", 6, &err), 0);
	describe(&machine, 0, 0, GUEST + BUFFERS, 4,
		 VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	describe(&machine, 0, 1, GUEST + BUFFERS + 200, 64, VRING_DESC_F_WRITE,
		 0);
	offer(&machine, 0, 0);
	assert_int_equal(vhost_user_put(machine.user, "answer", 6, &err), 1);
	assert_memory_equal(machine.memory + BUFFERS, "answ", 4);
	assert_memory_equal(machine.memory + BUFFERS + 200, "er", 2);
	stop(&machine);
}

TEST(a_broken_ring_is_refused)
{
	static const struct {
		uint64_t address;
		uint32_t len;
		unsigned flags, next, head;
	} bad[] = {
		{GUEST + MEMORY - 4, 8, 0, 0, 0}, /* over the end */
		{GUEST + MEMORY, 4, 0, 0, 0},
		{GUEST - 1, 4, 0, 0, 0},
		{UINT64_MAX - 1, 4, 0, 0, 0},
		{GUEST + BUFFERS, UINT32_MAX, 0, 0, 0},
		{GUEST + BUFFERS, 65, 0, 0, 0}, /* more than was asked for */
		{GUEST + BUFFERS, 0, 0, 0, 0},
		{GUEST + BUFFERS, 1, VRING_DESC_F_NEXT, 0, 0}, /* a circle */
		{GUEST + BUFFERS, 1, VRING_DESC_F_NEXT, RING, 0},
		{GUEST + BUFFERS, 1, 0, 0, RING},
		{GUEST + BUFFERS, 1, 0, 0, 0xffff},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct machine machine = {0};
		struct err err = {0};
		char packet[64];

		start(&machine);
		describe(&machine, 1, 0, bad[i].address, bad[i].len,
			 bad[i].flags, bad[i].next);
		offer(&machine, 1, bad[i].head);
		if (vhost_user_take(machine.user, packet, 64, &err) != -1)
			fail_msg("case %zu is taken", i);
		assert_string_equal(
			err.msg, "the machine's driver leaves a broken ring");
		stop(&machine);
	}
}

TEST(nothing_is_written_where_a_buffer_is_not_for_it)
{
	static const struct {
		uint64_t address;
		uint32_t len;
		unsigned flags;
	} bad[] = {
		{GUEST + BUFFERS, 64, 0}, /* only to be read */
		{GUEST + BUFFERS, 4, VRING_DESC_F_WRITE}, /* too short */
		{GUEST + MEMORY - 2, 64, VRING_DESC_F_WRITE},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct machine machine = {0};
		struct err err = {0};

		start(&machine);
		describe(&machine, 0, 0, bad[i].address, bad[i].len,
			 bad[i].flags, 0);
		offer(&machine, 0, 0);
		if (vhost_user_put(machine.user, "answer", 6, &err) != -1)
			fail_msg("case %zu is written", i);
		stop(&machine);
	}
}

TEST(a_ring_outside_the_memory_is_refused)
{
	const struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} address = {1, 0, USER + MEMORY - 16, USER, USER, 0};
	struct machine machine = {0};
	struct err err = {0};
	char packet[64];

	start(&machine);
	request(&machine, 9, &address, sizeof(address), -1);
	assert_int_equal(vhost_user_take(machine.user, packet, 64, &err), -1);
	stop(&machine);
}

TEST(requests_out_of_bounds_are_refused)
{
	static const struct {
		uint32_t number, body[2];
		const char *why;
	} bad[] = {
		{8, {0, 0}, "vhost-user: a ring of 0"},
		{8, {0, 100000}, "vhost-user: a ring of 100000"},
		{8, {7, 8}, "vhost-user: ring 7"},
		{5,
		 {9, 0},
		 "vhost-user: 9 regions of memory with 0 "
		 "descriptors"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct machine machine = {0};
		struct err err = {0};

		start(&machine);
		send_request(&machine, bad[i].number, bad[i].body, 8, -1);
		assert_int_equal(serve(&machine, &err), -1);
		assert_string_equal(err.msg, bad[i].why);
		stop(&machine);
	}
}

/* --- the parent that is played over it */

struct small_packet {
	struct virtio_vsock_hdr header;
	char data[16];
} __attribute__((packed));

static void enclave_sends(const struct machine *machine, unsigned port,
			  unsigned operation, const char *data, uint32_t len)
{
	struct small_packet packet = {
		.header = {.src_cid = htole64(16),
			   .dst_cid = htole64(3),
			   .src_port = htole32(1000),
			   .dst_port = htole32(port),
			   .len = htole32(len),
			   .type = htole16(1),
			   .op = htole16((uint16_t)operation),
			   .flags = htole32(operation == 4 ? 3 : 0)},
	};
	size_t have = strlen(data);

	memcpy(packet.data, data, have);
	memcpy(machine->memory + BUFFERS, &packet, sizeof(packet));
	describe(machine, 1, 0, GUEST + BUFFERS,
		 (uint32_t)(sizeof(packet.header) + have), 0, 0);
	offer(machine, 1, 0);
}

TEST(what_an_enclave_tells_is_kept_and_a_heartbeat_noticed)
{
	struct machine machine = {0};
	struct try_parent *parent;
	struct err err = {0};

	start(&machine);
	assert_int_equal(try_parent_make(&parent, &err), 0);
	enclave_sends(&machine, 9000, 1, "", 0);
	assert_int_equal(try_parent_work(parent, machine.user, &err), 0);
	enclave_sends(&machine, 9000, 5, "\xb7", 1);
	assert_int_equal(try_parent_work(parent, machine.user, &err), 0);
	assert_true(try_parent_told(parent)->has_greeted);
	enclave_sends(&machine, 77, 1, "", 0);
	assert_int_equal(try_parent_work(parent, machine.user, &err), 0);
	enclave_sends(&machine, 77, 5, "exited 3\n", 9);
	assert_int_equal(try_parent_work(parent, machine.user, &err), 0);
	assert_int_equal(try_parent_told(parent)->port, 0);
	enclave_sends(&machine, 77, 4, "", 0);
	assert_int_equal(try_parent_work(parent, machine.user, &err), 0);
	assert_int_equal(try_parent_told(parent)->port, 77);
	assert_string_equal(try_parent_told(parent)->words, "exited 3");
	/* a length that the packet does not have */
	enclave_sends(&machine, 77, 5, "abc", 4000);
	assert_int_equal(try_parent_work(parent, machine.user, &err), -1);
	try_parent_free(parent);
	stop(&machine);
}

TEST(one_that_only_sends_is_ended)
{
	struct machine machine = {0};
	struct try_parent *parent;
	struct err err = {0};
	int i, result = 0;

	start(&machine);
	assert_int_equal(try_parent_make(&parent, &err), 0);
	for (i = 0; i < 1000 && result == 0; i++) {
		enclave_sends(&machine, 77, 1, "", 0);
		result = try_parent_work(parent, machine.user, &err);
	}
	assert_int_equal(result, -1);
	assert_string_equal(err.msg, "the enclave sends and never receives");
	try_parent_free(parent);
	stop(&machine);
}

TEST_MAIN
