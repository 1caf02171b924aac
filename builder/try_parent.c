#include "try_parent.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_vsock.h>

#define HEARTBEAT_PORT 9000
#define ROOM 65536 /* that we say we have; more is never outstanding */
#define MOST_PACKET (ROOM + sizeof(struct virtio_vsock_hdr))
#define MOST_CONNECTIONS 16
#define MOST_WAITING 64

/* One that the enclave made. */
struct connection {
	bool is_open;
	uint32_t ours, theirs; /* ports */
	uint32_t received;
	size_t len;
	char words[sizeof(((struct try_told *)0)->words)];
};

struct packet {
	struct virtio_vsock_hdr header;
	unsigned char data[1];
} __attribute__((packed));

struct try_parent {
	struct connection connections[MOST_CONNECTIONS];
	struct packet waiting[MOST_WAITING]; /* to be sent, in order */
	size_t n_waiting;
	struct try_told told;
	unsigned char incoming[MOST_PACKET];
};

/* --- what we send */

/* The machine that sends faster than it takes answers is no enclave's. */
static int post(struct try_parent *parent, const struct virtio_vsock_hdr *to,
		uint16_t operation, uint32_t received,
		const unsigned char *byte, struct err *err)
{
	struct packet *packet = &parent->waiting[parent->n_waiting];

	if (parent->n_waiting == MOST_WAITING)
		return err_set(err, ERR_INPUT,
			       "the enclave sends and never receives");
	parent->n_waiting++;
	*packet = (struct packet){
		.header =
			{
				.src_cid = htole64(TRY_PARENT_CID),
				.dst_cid = htole64(TRY_ENCLAVE_CID),
				.src_port = to->dst_port,
				.dst_port = to->src_port,
				.len = htole32(byte ? 1 : 0),
				.type = htole16(VIRTIO_VSOCK_TYPE_STREAM),
				.op = htole16(operation),
				.flags = htole32(
					operation == VIRTIO_VSOCK_OP_SHUTDOWN
						? 3
						: 0),
				.buf_alloc = htole32(ROOM),
				.fwd_cnt = htole32(received),
			},
		.data = {byte ? *byte : 0},
	};
	return 0;
}

static int send_waiting(struct try_parent *parent, struct vhost_user *user,
			struct err *err)
{
	size_t sent = 0;
	int result = 1;

	while (sent < parent->n_waiting) {
		const struct packet *packet = &parent->waiting[sent];

		result = vhost_user_put(user, packet,
					sizeof(packet->header) +
						le32toh(packet->header.len),
					err);
		if (result <= 0)
			break;
		sent++;
	}
	parent->n_waiting -= sent;
	memmove(parent->waiting, parent->waiting + sent,
		parent->n_waiting * sizeof(*parent->waiting));
	return result < 0 ? -1 : 0;
}

/* --- what we receive */

static struct connection *find(struct try_parent *parent,
			       const struct virtio_vsock_hdr *header)
{
	size_t i;

	for (i = 0; i < MOST_CONNECTIONS; i++) {
		struct connection *connection = &parent->connections[i];

		if (connection->is_open &&
		    connection->ours == le32toh(header->dst_port) &&
		    connection->theirs == le32toh(header->src_port))
			return connection;
	}
	return NULL;
}

static int open_connection(struct try_parent *parent,
			   const struct virtio_vsock_hdr *header,
			   struct err *err)
{
	struct connection *connection = NULL;
	size_t i;

	for (i = 0; i < MOST_CONNECTIONS && !connection; i++)
		if (!parent->connections[i].is_open)
			connection = &parent->connections[i];
	if (!connection || le64toh(header->dst_cid) != TRY_PARENT_CID)
		return post(parent, header, VIRTIO_VSOCK_OP_RST, 0, NULL, err);
	*connection = (struct connection){
		.is_open = true,
		.ours = le32toh(header->dst_port),
		.theirs = le32toh(header->src_port),
	};
	return post(parent, header, VIRTIO_VSOCK_OP_RESPONSE, 0, NULL, err);
}

static int greet(struct try_parent *parent,
		 const struct virtio_vsock_hdr *header,
		 const struct connection *connection, const unsigned char *data,
		 size_t len, struct err *err)
{
	if (len != 1)
		return 0;
	parent->told.has_greeted = true;
	return post(parent, header, VIRTIO_VSOCK_OP_RW, connection->received,
		    data, err);
}

/* The first line counts; what does not fit is cut. */
static void keep(struct connection *connection, const unsigned char *data,
		 size_t len)
{
	size_t room = sizeof(connection->words) - 1 - connection->len;
	size_t n = len < room ? len : room;

	memcpy(connection->words + connection->len, data, n);
	connection->len += n;
	connection->words[connection->len] = '\0';
}

static int receive_data(struct try_parent *parent,
			const struct virtio_vsock_hdr *header,
			struct connection *connection,
			const unsigned char *data, size_t len, struct err *err)
{
	connection->received += (uint32_t)len;
	if (connection->ours == HEARTBEAT_PORT)
		return greet(parent, header, connection, data, len, err);
	keep(connection, data, len);
	return post(parent, header, VIRTIO_VSOCK_OP_CREDIT_UPDATE,
		    connection->received, NULL, err);
}

/* The end of what it tells: it is told that we have it all. */
static int end(struct try_parent *parent, const struct virtio_vsock_hdr *header,
	       struct connection *connection, struct err *err)
{
	bool is_reset = le16toh(header->op) == VIRTIO_VSOCK_OP_RST;
	bool is_whole = (le32toh(header->flags) & 3) == 3;

	if (connection->len > 0) {
		connection->words[strcspn(connection->words, "\n")] = '\0';
		parent->told.port = connection->ours;
		memcpy(parent->told.words, connection->words,
		       sizeof(parent->told.words));
		connection->len = 0;
	}
	if (is_reset || is_whole)
		connection->is_open = false;
	if (is_reset)
		return 0;
	return post(parent, header,
		    is_whole ? VIRTIO_VSOCK_OP_RST : VIRTIO_VSOCK_OP_SHUTDOWN,
		    connection->received, NULL, err);
}

static int receive(struct try_parent *parent, size_t len, struct err *err)
{
	struct virtio_vsock_hdr header;
	const unsigned char *data = parent->incoming + sizeof(header);
	struct connection *connection;

	if (len < sizeof(header))
		return err_set(err, ERR_INPUT,
			       "the enclave sends half a "
			       "packet");
	memcpy(&header, parent->incoming, sizeof(header));
	if (le32toh(header.len) != len - sizeof(header))
		return err_set(err, ERR_INPUT,
			       "the enclave sends packets of a wrong length");
	if (le16toh(header.op) == VIRTIO_VSOCK_OP_REQUEST)
		return open_connection(parent, &header, err);
	connection = find(parent, &header);
	if (!connection && le16toh(header.op) == VIRTIO_VSOCK_OP_RST)
		return 0;
	if (!connection)
		return post(parent, &header, VIRTIO_VSOCK_OP_RST, 0, NULL, err);
	switch (le16toh(header.op)) {
	case VIRTIO_VSOCK_OP_RW:
		return receive_data(parent, &header, connection, data,
				    le32toh(header.len), err);
	case VIRTIO_VSOCK_OP_CREDIT_REQUEST:
		return post(parent, &header, VIRTIO_VSOCK_OP_CREDIT_UPDATE,
			    connection->received, NULL, err);
	case VIRTIO_VSOCK_OP_RST:
	case VIRTIO_VSOCK_OP_SHUTDOWN:
		return end(parent, &header, connection, err);
	default: /* how much room it has: we never send more than a byte */
		return 0;
	}
}

int try_parent_work(struct try_parent *parent, struct vhost_user *user,
		    struct err *err)
{
	for (;;) {
		ssize_t len;

		if (send_waiting(parent, user, err) < 0)
			return -1;
		len = vhost_user_take(user, parent->incoming,
				      sizeof(parent->incoming), err);
		if (len <= 0)
			return (int)len;
		if (receive(parent, (size_t)len, err) < 0)
			return -1;
	}
}

int try_parent_make(struct try_parent **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_sys(err, ENOMEM, "the parent");
}

void try_parent_free(struct try_parent *parent)
{
	free(parent);
}

const struct try_told *try_parent_told(const struct try_parent *parent)
{
	return &parent->told;
}
