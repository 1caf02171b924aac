"""Ramdisks: "newc" cpio archives, written and read by the tests alone, so that
what jailbake writes can be compared with something."""

import os
import stat
import tarfile

TRAILER = "TRAILER!!!"


class Entry:
    def __init__(self, mode, data=b"", uid=0, gid=0, rdev=(0, 0)):
        self.mode, self.data = mode, data
        self.uid, self.gid, self.rdev = uid, gid, rdev


def directory(mode=0o755, **kw):
    return Entry(stat.S_IFDIR | mode, **kw)


def file(data, mode=0o644, **kw):
    if isinstance(data, str):
        data = data.encode()
    return Entry(stat.S_IFREG | mode, data, **kw)


def program(path):
    return file(path.read_bytes(), 0o755)


def pad(data):
    return data + bytes(-len(data) % 4)


def write(entries):
    """{path: Entry} as an archive; parents stand before what is in them."""
    parts = []
    for number, path in enumerate([*entries, TRAILER], 1):
        entry = entries.get(path, Entry(0))
        name = path.encode() + b"\0"
        fields = (number, entry.mode, entry.uid, entry.gid, 1, 0,
                  len(entry.data), 0, 0, *entry.rdev, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields)
        parts += [pad(head + name), pad(entry.data)]
    return b"".join(parts)


def read(archive):
    """The same the other way; hard links have no data but on one of them."""
    entries, at = {}, 0
    while True:
        assert archive[at:at + 6] == b"070701", archive[at:at + 6]
        (_, mode, uid, gid, _, _, size, _, _, major, minor, name_size,
         _) = (int(archive[i:i + 8], 16) for i in range(at + 6, at + 110, 8))
        name = archive[at + 110:at + 109 + name_size].decode()
        at += (110 + name_size + 3) & ~3
        if name == TRAILER:
            assert not archive[at:].strip(b"\0")
            return entries
        entries[name] = Entry(mode, archive[at:at + size], uid, gid,
                              (major, minor))
        at += (size + 3) & ~3


KINDS = {tarfile.REGTYPE: stat.S_IFREG, tarfile.DIRTYPE: stat.S_IFDIR,
         tarfile.SYMTYPE: stat.S_IFLNK, tarfile.CHRTYPE: stat.S_IFCHR,
         tarfile.LNKTYPE: stat.S_IFREG}


def unpacked(image, below):
    """The members of a tar, below a directory; hard links become copies."""
    entries = {}
    with tarfile.open(image) as tar:
        for member in tar:
            data = b""
            if member.isreg() or member.islnk():
                data = tar.extractfile(member).read()
            elif member.issym():
                data = member.linkname.encode()
            rdev = (member.devmajor, member.devminor) if member.ischr() \
                else (0, 0)
            path = os.path.normpath(os.path.join(below, member.name))
            entries[path] = Entry(KINDS[member.type] | member.mode, data,
                                  member.uid, member.gid, rdev)
    return entries


def first(init, modules=()):
    """Ramdisk 0 of docs/EIF.md: modules are paths, in order."""
    entries = {"dev": directory(), "init": program(init)}
    for path in modules:
        entries[path.name] = file(path.read_bytes())
    if modules:
        entries["modules"] = file("".join(f"{path.name}\n"
                                          for path in modules))
    return write(entries)


def second(launcher, image, launch, more=None):
    """Ramdisk 1: an image's tree, launch settings, and {path: Entry} laid
    over them, by its paths in the enclave."""
    entries = {"rootfs": directory()}
    for name in ("dev", "proc", "sys", "run", "var"):
        entries[f"rootfs/{name}"] = directory()
    entries["rootfs/tmp"] = directory(0o1777)
    entries["rootfs/.jail"] = directory()
    entries["rootfs/.jail/launch"] = file(launch)
    entries["rootfs/jaillaunch"] = program(launcher)
    entries.update(unpacked(image, "rootfs/jail"))
    for path, entry in (more or {}).items():
        entries["rootfs" + path] = entry
    return write(entries)
