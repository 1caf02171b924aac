"""Trees for tests of the writers, written by build/tools/tree-image: also such
as no manifest can ask for."""

import collections
import dataclasses
import hashlib
import os
import resource
import signal
import stat
import subprocess

import pytest

from conftest import BUILD, run

TOOL = BUILD / "tools" / "tree-image"
MTIME = 1234567890


@dataclasses.dataclass
class Node:
    """One node of a tree; path, target and text are bytes."""
    kind: str  # d f l h c p, as tree-image reads them
    path: bytes
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    target: bytes = b""
    device: tuple = (0, 0)
    file: str = ""
    text: bytes = b""
    caps: str = ""

    def fields(self):
        values = [self.kind, "%o" % self.mode, self.uid, self.gid, self.path,
                  self.target, *self.device, self.file, self.text, self.caps]
        return b"".join((value if isinstance(value, bytes)
                         else str(value).encode()) + b"\0"
                        for value in values)


def describe(nodes):
    return b"".join(node.fields() for node in nodes)


def write(nodes, output, form="", mtime=0, **kwargs):
    """tree-image's Result; its err is the identity when status is 0."""
    return run(TOOL, output, form, str(mtime), text=False,
               input=describe(nodes), **kwargs)


def seen(base, no_time=lambda kind, path: False, of_image=False):
    """What a directory tree is: path below base -> every attribute.  Times
    that no_time() says true of are left out, and numbers of links of
    directories unless the file system is the image's own: others count them
    in ways of their own."""
    base = os.fsencode(base)
    first = {}
    out = {}

    def look(path, name):
        st = os.lstat(path)
        kind = stat.S_IFMT(st.st_mode)
        extra = None
        if kind == stat.S_IFREG:
            with open(path, "rb") as file:
                extra = hashlib.sha256(file.read()).hexdigest()
        elif kind == stat.S_IFLNK:
            extra = os.readlink(path)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            extra = (os.major(st.st_rdev), os.minor(st.st_rdev))
        same = first.setdefault((st.st_dev, st.st_ino), name)
        time = st.st_mtime_ns
        if no_time(kind, name):
            time = None
        links = st.st_nlink
        if kind == stat.S_IFDIR and not of_image:
            links = None
        out[name] = (kind, st.st_mode & 0o7777, st.st_uid, st.st_gid, time,
                     extra, same if kind == stat.S_IFREG else None, links)
        if kind == stat.S_IFDIR:
            for entry in sorted(os.listdir(path)):
                look(os.path.join(path, entry), os.path.join(name, entry))

    look(base, b"/")
    return out


def count_links(nodes, of_image):
    """Path -> st_nlink; a hard link counts for its file."""
    links = collections.Counter()
    for node in nodes:
        links[node.target if node.kind == "h" else node.path] += 1
        if node.kind == "d":  # its own ".", and its ".." in the one above
            links[node.path] += 1
            links[os.path.dirname(node.path)] += node.path != b"/"
    return {node.path: None if node.kind == "d" and not of_image else
            links[node.target if node.kind == "h" else node.path]
            for node in nodes}


def expected(nodes, mtime, no_time=lambda kind, path: False, of_image=False):
    """The same of a list of nodes (directories all named in it)."""
    kinds = {"d": stat.S_IFDIR, "f": stat.S_IFREG, "h": stat.S_IFREG,
             "l": stat.S_IFLNK, "c": stat.S_IFCHR, "p": stat.S_IFIFO}
    by_path = {node.path: node for node in nodes}
    links = count_links(nodes, of_image)
    out = {}
    for node in nodes:
        real = by_path[node.target] if node.kind == "h" else node
        extra = None
        if real.kind == "f":
            text = real.text
            if real.file:
                with open(real.file, "rb") as file:
                    text = file.read()
            extra = hashlib.sha256(text).hexdigest()
        elif real.kind == "l":
            extra = real.target
        elif real.kind == "c":
            extra = real.device
        time = mtime * 10**9
        if no_time(kinds[node.kind], node.path):
            time = None
        out[node.path] = (kinds[node.kind],
                          0o777 if real.kind == "l" else real.mode, real.uid,
                          real.gid, time, extra,
                          real.path if real.kind == "f" else None,
                          links[node.path])
    # of several names of one file, the first in walking order stands for all
    first = {}
    for path in sorted(out, key=lambda path: path.split(b"/")):
        entry = out[path]
        if entry[6] is not None:
            first.setdefault(entry[6], path)
            out[path] = entry[:6] + (first[entry[6]],) + entry[7:]
    return out


def oddities(scratch, many=5000):
    """A tree with everything that a writer may trip over."""
    big = scratch / "big"
    big.write_bytes(bytes(range(256)) * 12345)
    deep = b"/deep" + b"/" + b"d" * 60 + b"/" + b"e" * 60
    uncut = b"/" + b"u" * 180  # no slash where a ustar header could cut it
    nodes = [
        Node("d", b"/", 0o755),
        Node("d", b"/dev", 0o755),
        Node("c", b"/dev/null", 0o666, device=(1, 3)),
        Node("c", b"/dev/big", 0o600, device=(300, 70000)),
        Node("p", b"/fifo", 0o620, uid=7, gid=8),
        Node("d", b"/deep", 0o755),
        Node("d", b"/deep/" + b"d" * 60, 0o711),
        Node("d", deep, 0o1777),
        Node("f", deep + b"/" + b"f" * 100, text=b"in prefix and name"),
        Node("f", deep + b"/" + b"g" * 101, text=b"too long for both"),
        Node("d", uncut, 0o700),
        Node("f", uncut + b"/file", text=b"long directory"),
        Node("l", uncut + b"/link", 0o777, target=b"t" * 150),
        Node("l", b"/link100", 0o777, target=b"t" * 100),
        Node("l", b"/link101", 0o777, target=b"t" * 101),
        Node("l", b"/up", 0o777, target=b"../../outside"),
        Node("l", b"/absolute", 0o777, target=b"/dev/null"),
        Node("l", "/lïnk".encode(), 0o777, target="zïel".encode() * 30),
        Node("h", b"/z/hard", target=deep + b"/" + b"g" * 101),
        Node("h", b"/zz-hard", target=b"/a"),
        Node("h", b"/z/again", target=b"/a"),
        Node("d", b"/z", 0o750, uid=70000, gid=70001),
        Node("f", b"/a", 0o4755, text=b"a"),
        Node("f", b"/none", 0o000, text=b"nobody may"),
        Node("f", b"/empty", 0o444),
        Node("f", b"/ids", uid=70000, gid=2097151, text=b"ids"),
        Node("f", b"/huge-ids", uid=2097152, gid=4000000000, text=b"ids"),
        Node("f", b"/new\nline", text=b"\n"),
        Node("f", b"/tab\tand \x1b[31mred", text=b"\n"),
        Node("f", "/ü".encode(), text=b"utf-8"),
        Node("f", ("/" + "ü" * 60).encode(), text=b"long utf-8"),
        Node("f", b"/not-utf8-\xff\xfe", text=b"bytes"),
        Node("f", b"/not-utf8-long-" + b"\xff" * 120, text=b"bytes"),
        Node("f", b"/-dash", text=b"dash"),
        Node("f", b"/ space ", text=b"space"),
        Node("f", b"/back\\slash", text=b"x"),
        Node("f", b"/big", 0o755, file=str(big)),
        Node("d", b"/many", 0o755),
        # bytewise order is not that of a walk: "-" comes before "/"
        Node("d", b"/order", 0o755),
        Node("f", b"/order/x", text=b"1"),
        Node("f", b"/order-x", text=b"2"),
        Node("f", b"/order.x", text=b"3"),
        # a link that comes before its file in a walk, not in the tree's order
        Node("f", b"/order-z", text=b"4"),
        Node("h", b"/order/early", target=b"/order-z"),
        Node("h", b"/order/late", target=b"/order-z"),
    ]
    for size in (1, 511, 512, 513, 4095, 4096, 4097):
        nodes.append(Node("f", b"/size%d" % size, text=b"s" * size))
    for length in (97, 98, 99, 100, 101, 155, 156, 157, 254, 255):
        nodes.append(Node("f", b"/" + b"n" * length, text=b"%d" % length))
    for number in range(many):
        nodes.append(Node("f", b"/many/%04d" % number, 0o640,
                          text=b"%d" % number))
    return nodes


def several_segments():
    """A tree whose index has two."""
    return [Node("d", b"/", 0o755)] + [
        Node("d", b"/%02d" % number, 0o755) for number in range(9)] + [
        Node("f", b"/%02d/" % (number % 9) + b"n" * 230 + b"%06d" % number,
             text=b"x") for number in range(4000)]


def environment(locale="C.UTF-8", **more):
    return {"PATH": os.environ["PATH"], "LC_ALL": locale, **more}


def written(nodes, output, form="", mtime=0, **kwargs):
    done = write(nodes, output, form, mtime, **kwargs)
    assert done.status == 0, done
    return done.err.decode().strip()


def small(scratch):
    """A tree whose bytes depend on nothing but this text."""
    return [
        Node("d", b"/", 0o755),
        Node("f", b"/etc/passwd", text=b"root:x:0:0::/root:/bin/sh\n"),
        Node("f", b"/bin/true", 0o755, text=b"#!/bin/sh\n"),
        Node("h", b"/bin/yes", target=b"/bin/true"),
        Node("l", b"/sbin", 0o777, target=b"bin"),
        Node("c", b"/dev/null", 0o666, device=(1, 3)),
        Node("p", b"/run/fifo", 0o600, uid=70000),
        Node("f", b"/" + b"l" * 120, text=b"long"),
        Node("d", b"/tmp", 0o1777),
    ]


def one_processor_few_files():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))


def stop_midway(writer, path, size):
    """Stops a writer that has read a part of a file; False: it was too fast."""
    fds = f"/proc/{writer.pid}/fd"
    while writer.poll() is None:
        try:
            for fd in os.listdir(fds):
                if os.readlink(f"{fds}/{fd}") != str(path):
                    continue
                with open(f"/proc/{writer.pid}/fdinfo/{fd}") as info:
                    position = int(info.readline().split()[1])
                if position > 0:
                    writer.send_signal(signal.SIGSTOP)
                    return position < size
        except (FileNotFoundError, ProcessLookupError):
            pass
    return False


def start_slow(scratch, output, form=""):
    """A writer that stands still in the middle of a big file."""
    sparse, size = scratch / "sparse", 256 << 20
    with open(sparse, "wb") as file:
        file.truncate(size)
    with open(scratch / "tree", "wb") as file:
        file.write(describe([Node("d", b"/", 0o755),
                                       Node("f", b"/f", file=str(sparse))]))
    for _ in range(5):
        with open(scratch / "tree", "rb") as tree:
            writer = subprocess.Popen(
                [TOOL, output, form], stdin=tree,
                stderr=subprocess.PIPE, env=environment(NO_IDENTITY="1"))
        if stop_midway(writer, sparse, size):
            return writer, sparse
        writer.kill()
        writer.communicate()
    pytest.fail("the writer could not be stopped midway")
