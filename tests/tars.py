"""Tar archives byte by byte, for tests that need what no packer writes."""

import struct

BLOCK = 512
END = bytes(2 * BLOCK)


def pad(data):
    return data + bytes(-len(data) % BLOCK)


def octal(value, width):
    return f"{value:0{width - 1}o}".encode() + b"\0"


def binary(value, width):
    """GNU's base-256 number."""
    return (value % 256 ** width | (0x80 << 8 * (width - 1))
            ).to_bytes(width, "big")


def header(name, type=b"0", size=0, mode=0o644, uid=0, gid=0, mtime=0,
           link=b"", magic=b"ustar\x0000", major=0, minor=0, prefix=b"",
           checksum=None):
    """Numbers may also be given as the bytes of their field."""
    def field(value, width):
        return value if isinstance(value, bytes) else octal(value, width)

    def text(value, width):
        value = value.encode() if isinstance(value, str) else value
        assert len(value) <= width, value
        return value.ljust(width, b"\0")

    front = (text(name, 100) + field(mode, 8) + field(uid, 8) + field(gid, 8) +
             field(size, 12) + field(mtime, 12))
    back = (type + text(link, 100) + magic + text(b"", 64) + field(major, 8) +
            field(minor, 8) + text(prefix, 155) + bytes(12))
    total = sum(front) + sum(back) + 8 * 32
    if checksum is None:
        checksum = f"{total:06o}".encode() + b"\0 "
    whole = front + checksum + back
    assert len(whole) == BLOCK
    return whole


def file(name, data=b"", **kw):
    kw.setdefault("size", len(data))
    return header(name, **kw) + pad(data)


def folder(name, **kw):
    return header(name, type=b"5", **{"mode": 0o755, **kw})


def symlink(name, target, **kw):
    return header(name, type=b"2", link=target, **{"mode": 0o777, **kw})


def hardlink(name, target, **kw):
    return header(name, type=b"1", link=target, **kw)


def pax_record(key, value):
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def pax(payload=None, type=b"x", **records):
    """An extended header; values are str or bytes."""
    if payload is None:
        payload = b"".join(
            pax_record(key, value if isinstance(value, bytes)
                       else str(value).encode())
            for key, value in records.items())
    return file("PaxHeader", payload, type=type)


def gnu_long(text, type=b"L"):
    return file("././@LongLink", text + b"\0", type=type,
                magic=b"ustar  \0")


def tar(*members):
    return b"".join(members) + END


# The records of launcher/unpack_record.h.
KINDS = {name: kind for kind, name in enumerate(
    "FILE DIR SYMLINK HARDLINK CHAR BLOCK FIFO DATA END ERROR".split(), 1)}
MAGIC = 0x31504e55


def record(kind, path=b"", target=b"", data=b"", number=0, size=None, mtime=0,
           mtime_ns=0, mode=0o644, uid=0, gid=0, major=0, minor=0, cause=0,
           magic=MAGIC, path_len=None, target_len=None, data_len=None):
    return struct.pack(
        "=IIQQqIIIIIIIIII", magic, KINDS.get(kind, kind), number,
        len(data) if size is None else size, mtime, mtime_ns, mode, uid, gid,
        major, minor,
        len(path) if path_len is None else path_len,
        len(target) if target_len is None else target_len,
        len(data) if data_len is None else data_len,
        cause) + path + target + data


def records(*members, members_said=None, bytes_said=None, digest=b"0" * 64):
    """Members are (kind, keyword arguments) and get their numbers; the end
    follows."""
    out, total = b"", 0
    for number, (kind, kw) in enumerate(members, 1):
        out += record(kind, **{"number": number, **kw})
        total += kw.get("size", len(kw.get("data", b"")))
    return out + record(
        "END", path=digest,
        number=len(members) if members_said is None else members_said,
        size=total % 2 ** 64 if bytes_said is None else bytes_said)
