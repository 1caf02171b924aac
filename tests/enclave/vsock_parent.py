"""The other end of an enclave's vsock: CID 3, played over QEMU's
vhost-user-vsock-pci by a thread of ours.  The machine that runs the tests has
no part in it.

QEMU hands the guest's memory over as descriptors, and tells where the two rings
lie: what we send (0) and what the guest sends (1).  A ring is the split
virtqueue of the virtio specification; what travels on it are packets with a
header of 44 bytes."""

import collections
import mmap
import os
import queue
import selectors
import socket
import struct
import threading

PARENT, GUEST = 3, 16

# requests of the vhost-user protocol
(GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE, SET_VRING_NUM,
 SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_KICK,
 SET_VRING_CALL, SET_VRING_ERR, GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES,
 SET_VRING_ENABLE, GET_CONFIG) = (1, 2, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                                  18, 24)
VERSION, REPLY = 1, 4
FEATURES = 1 << 32 | 1 << 30  # virtio 1, protocol features
PROTOCOL_FEATURES = 1 << 9  # configuration space

DESC_NEXT, DESC_WRITE = 1, 2

# packets
HEADER = struct.Struct("<QQIIIHHIII")
STREAM = 1
REQUEST, RESPONSE, RST, SHUTDOWN, RW, CREDIT_UPDATE, CREDIT_REQUEST = range(1, 8)
ROOM = 256 * 1024  # what we say that we can hold


class Memory:
    """The guest's, by its own addresses and by QEMU's."""

    def __init__(self, payload, fds):
        count, = struct.unpack_from("<I", payload)
        self.regions = []
        for i in range(count):
            guest, size, user, offset = struct.unpack_from("<QQQQ", payload,
                                                           8 + 32 * i)
            view = mmap.mmap(fds[i], size + offset)
            self.regions.append((guest, user, size, offset, view))

    def find(self, address, which):
        for region in self.regions:
            start = region[which]
            if start <= address < start + region[2]:
                return region[4], address - start + region[3]
        raise ValueError(f"no memory at {address:#x}")

    def guest(self, address):
        return self.find(address, 0)

    def user(self, address):
        return self.find(address, 1)


class Ring:
    def __init__(self):
        self.size = self.next = 0
        self.addresses = self.memory = self.call = self.kick = None

    def is_ready(self):
        return None not in (self.addresses, self.memory, self.kick)

    def part(self, name, offset, form):
        view, at = self.memory.user(self.addresses[name] + offset)
        return struct.unpack_from(form, view, at)

    def take(self):
        """The next chain: its head, and (view, offset, length, is_ours)."""
        _, index = self.part("avail", 0, "<HH")
        if index == self.next:
            return None
        head, = self.part("avail", 4 + 2 * (self.next % self.size), "<H")
        self.next = (self.next + 1) & 0xffff
        chain, at = [], head
        while True:
            address, length, flags, at_next = self.part("desc", 16 * at,
                                                        "<QIHH")
            chain.append((*self.memory.guest(address), length,
                          bool(flags & DESC_WRITE)))
            if not flags & DESC_NEXT:
                return head, chain
            at = at_next

    def give(self, head, length):
        _, index = self.part("used", 0, "<HH")
        view, at = self.memory.user(self.addresses["used"])
        struct.pack_into("<II", view, at + 4 + 8 * (index % self.size), head,
                         length)
        struct.pack_into("<H", view, at + 2, (index + 1) & 0xffff)
        if self.call is not None:
            os.eventfd_write(self.call, 1)


class Connection:
    """One stream.  The thread fills `received`; None is its end."""

    def __init__(self, parent, ours, theirs):
        self.parent, self.ours, self.theirs = parent, ours, theirs
        self.received = queue.Queue()
        self.bytes_received = 0
        self.is_open = queue.Queue()

    def send(self, data):
        for at in range(0, len(data), 4096):
            self.parent.post(self, RW, data[at:at + 4096])

    def finish(self):
        """Nothing more will be sent."""
        self.parent.post(self, SHUTDOWN, flags=2)

    def close(self):
        self.parent.post(self, SHUTDOWN, flags=3)

    def read(self, timeout=60):
        """All that comes until the other end closes."""
        parts = []
        while (part := self.received.get(timeout=timeout)) is not None:
            parts.append(part)
        return b"".join(parts)


class Parent:
    """Serves one QEMU.  `ports` maps a port to what is called, in a thread of
    its own, with each connection that the enclave makes; else it is reset."""

    def __init__(self, path, ports):
        self.path, self.ports = path, dict(ports)
        self.rings = [Ring(), Ring()]
        self.memory = None
        self.connections = {}
        self.outgoing = collections.deque()
        self.lock = threading.Lock()
        self.wake_read, self.wake_write = os.pipe()
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.next_port = 1024
        self.error = None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    # --- for the tests

    def connect(self, port, timeout=30):
        """To a port that a program in the enclave listens on, or None."""
        self.next_port += 1
        connection = Connection(self, self.next_port, port)
        self.connections[connection.ours, port] = connection
        self.post(connection, REQUEST)
        return connection if connection.is_open.get(timeout=timeout) else None

    def close(self):
        os.write(self.wake_write, b"q")
        self.thread.join(10)
        self.listener.close()
        os.close(self.wake_read)
        os.close(self.wake_write)
        if self.error:
            raise self.error

    def post(self, connection, operation, data=b"", flags=0):
        header = HEADER.pack(PARENT, GUEST, connection.ours, connection.theirs,
                             len(data), STREAM, operation, flags, ROOM,
                             connection.bytes_received & 0xffffffff)
        with self.lock:
            self.outgoing.append(header + data)
        os.write(self.wake_write, b"w")

    # --- the thread

    def serve(self):
        try:
            self.selector.register(self.listener, selectors.EVENT_READ, "new")
            self.selector.register(self.wake_read, selectors.EVENT_READ,
                                   "wake")
            while self.turn():
                pass
        except (OSError, ValueError, struct.error) as error:
            self.error = error
        finally:
            for connection in self.connections.values():
                connection.received.put(None)
                connection.is_open.put(False)

    def turn(self):
        for key, _ in self.selector.select():
            if key.data == "new":
                control, _ = self.listener.accept()
                self.selector.register(control, selectors.EVENT_READ,
                                       "control")
            elif key.data == "wake":
                if b"q" in os.read(self.wake_read, 4096):
                    return False
            elif key.data == "control":
                if not self.obey(key.fileobj):
                    return False
            else:
                os.eventfd_read(key.fd)
            self.work()
        return True

    def work(self):
        incoming, outgoing = self.rings[1], self.rings[0]
        while incoming.is_ready() and (taken := incoming.take()):
            head, chain = taken
            packet = b"".join(view[at:at + length]
                              for view, at, length, _ in chain)
            incoming.give(head, 0)
            self.receive(packet)
        while outgoing.is_ready() and self.outgoing:
            taken = outgoing.take()
            if not taken:
                return
            with self.lock:
                packet = self.outgoing.popleft()
            self.put(outgoing, *taken, packet)

    def put(self, ring, head, chain, packet):
        rest = packet
        for view, at, length, _ in chain:
            view[at:at + min(length, len(rest))] = rest[:length]
            rest = rest[length:]
        if rest:
            raise ValueError("a buffer of the guest is too short")
        ring.give(head, len(packet))

    def receive(self, packet):
        (_, to, theirs, ours, length, _, operation, flags, _,
         _) = HEADER.unpack_from(packet)
        data = packet[HEADER.size:HEADER.size + length]
        connection = self.connections.get((ours, theirs))
        if operation == REQUEST:
            self.accept(to, ours, theirs)
        elif connection is None:
            if operation != RST:
                self.post(Connection(self, ours, theirs), RST)
        elif operation == RESPONSE:
            connection.is_open.put(True)
        elif operation == RW:
            connection.bytes_received += len(data)
            connection.received.put(data)
            self.post(connection, CREDIT_UPDATE)
        elif operation == CREDIT_REQUEST:
            self.post(connection, CREDIT_UPDATE)
        elif operation == SHUTDOWN or operation == RST:
            self.end(connection, operation, flags)

    def accept(self, to, ours, theirs):
        connection = Connection(self, ours, theirs)
        if to != PARENT or ours not in self.ports:
            self.post(connection, RST)
            return
        self.connections[ours, theirs] = connection
        self.post(connection, RESPONSE)
        threading.Thread(target=self.ports[ours], args=(connection,),
                         daemon=True).start()

    def end(self, connection, operation, flags):
        connection.is_open.put(False)
        connection.received.put(None)
        if operation == RST or flags == 3:
            del self.connections[connection.ours, connection.theirs]
            if operation == SHUTDOWN:
                self.post(connection, RST)

    # --- the control socket

    def obey(self, control):
        head, fds, _, _ = socket.recv_fds(control, 12, 16)
        if not head:
            return False  # QEMU has ended
        request, _, size = struct.unpack("<III", head)
        payload = b""
        while len(payload) < size:
            payload += control.recv(size - len(payload))
        answer = self.answer(request, payload, fds)
        if answer is not None:
            control.sendall(struct.pack("<III", request, VERSION | REPLY,
                                        len(answer)) + answer)
        return True

    def answer(self, request, payload, fds):
        if request == GET_FEATURES:
            return struct.pack("<Q", FEATURES)
        if request == GET_PROTOCOL_FEATURES:
            return struct.pack("<Q", PROTOCOL_FEATURES)
        if request == GET_CONFIG:
            return payload[:12] + struct.pack("<Q", GUEST)[:len(payload) - 12]
        if request == SET_MEM_TABLE:
            self.memory = Memory(payload, fds)
            for fd in fds:
                os.close(fd)
            for ring in self.rings:
                ring.memory = self.memory
        elif request in (SET_FEATURES, SET_OWNER, SET_PROTOCOL_FEATURES):
            pass
        else:
            return self.answer_ring(request, payload, fds)
        return None

    def answer_ring(self, request, payload, fds):
        number, value = struct.unpack_from("<II", payload + bytes(4))
        ring = self.rings[number & 0xff]
        if request == SET_VRING_NUM:
            ring.size = value
        elif request == SET_VRING_BASE:
            ring.next = value
        elif request == SET_VRING_ADDR:
            parts = struct.unpack_from("<QQQ", payload, 8)
            ring.addresses = dict(zip(("desc", "used", "avail"), parts))
        elif request == SET_VRING_KICK:
            ring.kick = fds[0]
            self.selector.register(ring.kick, selectors.EVENT_READ, "kick")
        elif request == SET_VRING_CALL:
            ring.call = fds[0] if fds else None
        elif request == GET_VRING_BASE:
            if ring.kick is not None:
                self.selector.unregister(ring.kick)
                os.close(ring.kick)
            ring.kick = None
            return struct.pack("<II", number, ring.next)
        elif request not in (SET_VRING_ERR, SET_VRING_ENABLE):
            raise ValueError(f"vhost-user request {request}")
        return None
