"""Small ELF files, the same bytes wherever the tests run: dynamic sections,
versions, symbols and notes, with no code to speak of."""

import struct

X86_64, AARCH64 = 62, 183
EXEC, DYN = 2, 3
BASE = 0x1000  # virtual addresses are file offsets plus this


class Strings:
    def __init__(self):
        self.data = b"\0"

    def add(self, text):
        at = self.data.find(b"\0" + text.encode() + b"\0")
        if at >= 0:
            return at + 1
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


def verneed(needs, strings):
    """needs: {file: [version...]}"""
    out = b""
    for i, (file, versions) in enumerate(needs.items()):
        size = 16 + 16 * len(versions)
        out += struct.pack("<HHIII", 1, len(versions), strings.add(file), 16,
                           size if i < len(needs) - 1 else 0)
        for j, version in enumerate(versions):
            out += struct.pack("<IHHII", 0, 0, 2 + j, strings.add(version),
                               16 if j < len(versions) - 1 else 0)
    return out


def verdef(versions, strings):
    out = b""
    for i, version in enumerate(versions):
        out += struct.pack("<HHHHIII", 1, 0, i + 1, 1, 0, 20,
                           28 if i < len(versions) - 1 else 0)
        out += struct.pack("<II", strings.add(version), 0)
    return out


def elf(needed=(), soname=None, runpath=None, rpath=None, interp=None,
        needs=None, defines=(), imports=(), dlopen=None, text=b"",
        machine=X86_64, kind=DYN):
    """The bytes of an ELF64 file.  imports: undefined symbols; dlopen: the
    JSON of a .note.dlopen; text: bytes of read-only data."""
    strings = Strings()
    dynamic = [(1, strings.add(name)) for name in needed]
    if soname:
        dynamic.append((14, strings.add(soname)))
    if rpath:
        dynamic.append((15, strings.add(rpath)))
    if runpath:
        dynamic.append((29, strings.add(runpath)))
    need = verneed(needs or {}, strings)
    define = verdef(defines, strings)
    symbols = b"\0" * 24 + b"".join(
        struct.pack("<IBBHQQ", strings.add(name), 0x12, 0, 0, 0, 0)
        for name in imports)
    hashes = struct.pack("<IIII", 1, len(symbols) // 24, 0, 0) + \
        b"\0" * 4 * (len(symbols) // 24 - 1)

    n_segments = 2 + bool(interp) + bool(dlopen)
    at = 64 + 56 * n_segments
    body = b""

    def place(data):
        nonlocal body
        body += b"\0" * (-len(body) % 8)
        where = at + len(body)
        body += data
        return where

    interp_at = place(interp.encode() + b"\0") if interp else 0
    note = b""
    if dlopen:
        json = dlopen.encode() + b"\0"
        note = struct.pack("<III", 4, len(json), 0x407c0c0a) + b"FDO\0" + json
        note += b"\0" * (-len(note) % 4)
    note_at = place(note) if note else 0
    place(text)
    dynamic += [(6, BASE + place(symbols)), (4, BASE + place(hashes)),
                (11, 24)]
    if need:
        dynamic += [(0x6ffffffe, BASE + place(need)),
                    (0x6fffffff, len(needs))]
    if define:
        dynamic += [(0x6ffffffc, BASE + place(define)),
                    (0x6ffffffd, len(defines))]
    dynamic += [(5, BASE + place(strings.data)), (10, len(strings.data)),
                (0, 0)]
    table = b"".join(struct.pack("<QQ", *pair) for pair in dynamic)
    dynamic_at = place(table)
    size = at + len(body)

    def segment(kind, where, length, flags, align):
        return struct.pack("<IIQQQQQQ", kind, flags, where, BASE + where,
                           BASE + where, length, length, align)

    head = segment(3, interp_at, len(interp) + 1, 4, 1) if interp else b""
    head += segment(1, 0, size, 5, 0x1000)
    head += segment(2, dynamic_at, len(table), 4, 8)
    if note:
        head += segment(4, note_at, len(note), 4, 4)
    ident = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    return ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, BASE, 64, 0,
                               0, 64, 56, n_segments, 64, 0, 0) + head + body
