"""Enclave images, written and read without any code of ours: by struct,
hashlib and zlib alone, from the description of the format; and the small
kernels, programs and keys that tests of jailbake need."""

import hashlib
import struct
import subprocess
import zlib

KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = 1, 2, 3, 4, 5
NAMES = {KERNEL: "kernel", CMDLINE: "cmdline", RAMDISK: "ramdisk",
         SIGNATURE: "signature", METADATA: "metadata"}
HEADER, SECTION = 548, 12

# --- writing


def crc(data):
    return zlib.crc32(data[548:], zlib.crc32(data[:544]))


def header(sections, **changed):
    """sections: (type, data)...; any field may be said otherwise."""
    offsets, sizes, at = [], [], HEADER
    for _, data in sections:
        offsets.append(at)
        sizes.append(len(data))
        at += SECTION + len(data)
    field = {"magic": b".eif", "version": 4, "flags": 0, "memory": 1 << 30,
             "cpus": 2, "reserved": 0, "n": len(sections), "offsets": offsets,
             "sizes": sizes, "unused": 0, **changed}
    pad = [0] * 32
    return struct.pack(
        ">4sHHQQHH32Q32QI", field["magic"], field["version"], field["flags"],
        field["memory"], field["cpus"], field["reserved"], field["n"],
        *(field["offsets"] + pad)[:32], *(field["sizes"] + pad)[:32],
        field["unused"])


def section(type, data, flags=0, size=None):
    return struct.pack(">HHQ", type, flags,
                       len(data) if size is None else size) + data


def seal(front, body):
    """The header without its checksum, and all the rest."""
    return front + struct.pack(">I", zlib.crc32(body, zlib.crc32(front))) + body


def image(sections, **changed):
    return seal(header(sections, **changed),
                b"".join(section(type, data) for type, data in sections))


METADATA_TEXT = (
    b'{"ImageName":"mini","ImageVersion":"1.0","BuildMetadata":{"BuildTime":'
    b'"1970-01-01T00:00:00+00:00","BuildTool":"eifcheck","BuildToolVersion":'
    b'"1","OperatingSystem":"Linux","KernelVersion":"6.6.79"},"DockerInfo":'
    b'null,"CustomMetadata":null}')


def mini():
    """The sections of the smallest whole image; its digests are published
    vectors."""
    return [(KERNEL, b"KERNEL"), (CMDLINE, b"console=ttyS0"),
            (METADATA, METADATA_TEXT), (RAMDISK, b"RAMDISK0"),
            (RAMDISK, b"RAMDISK1")]


VECTORS = {
    "PCR0": "61fd2b06210a933b3db5e15c5752e394894bb097f7f1d96ad1f55a7525d0d7aa"
            "2c63b235f44420b12d8376cc392bdefb",
    "PCR1": "a6d35ce3e7ba80048a2b23da9b15063726a7cea90e16e9d6934e92a15aa1896f"
            "d54de706310e2fbc585d9c37db9c1805",
    "PCR2": "5f699ae4300525c628f5c96fc521729dd6ca1a2c07cb07b69e7ae9e3fa935cfd"
            "7cc83b3e26d89201a486d9db2405c562",
}
MINI_SHA256 = "ea506c368f90d0da350d4427f8ab4ee14986b6d695b7207c4f3eeed9b1f699d7"
EMPTY_PCR2 = ("21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c"
              "10edb30948c90ba67310f7b964fc500a")

# --- reading


class Eif:
    """Every field, each offset and size proved; asserts what a writer must
    keep."""

    def __init__(self, data):
        (magic, self.version, self.flags, self.memory, self.cpus, reserved,
         n) = struct.unpack_from(">4sHHQQHH", data)
        offsets = struct.unpack_from(">32Q", data, 28)
        sizes = struct.unpack_from(">32Q", data, 284)
        unused, self.crc = struct.unpack_from(">II", data, 540)
        assert magic == b".eif" and reserved == 0 and unused == 0
        assert self.version == 4 and self.flags in (0, 1)
        assert self.memory == 0x40000000 and self.cpus == 2
        assert not any(offsets[n:]) and not any(sizes[n:])
        assert self.crc == crc(data)
        self.sections, at = [], HEADER
        for offset, size in zip(offsets[:n], sizes[:n]):
            assert offset == at
            type, flags, own = struct.unpack_from(">HHQ", data, at)
            assert flags == 0 and own == size
            at += SECTION + size
            self.sections.append((type, data[at - size:at]))
        assert at == len(data)
        types = [type for type, _ in self.sections]
        assert types[:3] == [KERNEL, CMDLINE, METADATA]
        rest = types[3:]
        if SIGNATURE in rest:
            assert rest.pop() == SIGNATURE
        assert rest and set(rest) == {RAMDISK}

    def all(self, type):
        return [data for kind, data in self.sections if kind == type]

    def one(self, type):
        found = self.all(type)
        assert len(found) == 1
        return found[0]

    @property
    def pcrs(self):
        return measure(self.one(KERNEL), self.one(CMDLINE), self.all(RAMDISK))


def extend(data):
    return hashlib.sha384(bytes(48) + data).hexdigest()


def pcr(content):
    return extend(hashlib.sha384(content).digest())


def measure(kernel, cmdline, ramdisks):
    return {"PCR0": pcr(kernel + cmdline + b"".join(ramdisks)),
            "PCR1": pcr(kernel + cmdline + ramdisks[0]),
            "PCR2": pcr(b"".join(ramdisks[1:]))}


class Member:
    FIELDS = ("ino mode uid gid nlink mtime size major minor rmajor rminor "
              "namesize check").split()

    def __init__(self, data, at):
        assert data[at:at + 6] == b"070701", data[at:at + 6]
        for i, name in enumerate(self.FIELDS):
            start = at + 6 + 8 * i
            setattr(self, name, int(data[start:start + 8], 16))
        name = data[at + 110:at + 110 + self.namesize]
        assert name.endswith(b"\0") and b"\0" not in name[:-1]
        self.name = name[:-1].decode(errors="surrogateescape")
        body = at + (110 + self.namesize + 3) // 4 * 4
        self.data = data[body:body + self.size]
        assert len(self.data) == self.size
        self.next = body + (self.size + 3) // 4 * 4


def cpio(data):
    """name -> Member, in order, as the kernel unpacks it: parents first."""
    assert len(data) % 512 == 0
    members, at = {}, 0
    while True:
        member = Member(data, at)
        at = member.next
        if member.name == "TRAILER!!!":
            break
        parent = member.name.rpartition("/")[0]
        assert not parent or members[parent].mode & 0o170000 == 0o040000
        assert member.name not in members
        members[member.name] = member
    assert not data[at:].strip(b"\0")
    return members


# --- CBOR


def cbor(data):
    """One item, and nothing behind it."""
    value, rest = cbor_item(data)
    assert rest == b""
    return value


def cbor_item(data):
    major, low = data[0] >> 5, data[0] & 31
    data = data[1:]
    if low < 24:
        n = low
    else:
        width = {24: 1, 25: 2, 26: 4, 27: 8}[low]
        n, data = int.from_bytes(data[:width], "big"), data[width:]
        assert n >= {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}[width]
    if major == 0:
        return n, data
    if major == 1:
        return -1 - n, data
    if major in (2, 3):
        assert len(data) >= n
        text = data[:n]
        return (text if major == 2 else text.decode()), data[n:]
    items = []
    for _ in range(n * (2 if major == 5 else 1)):
        item, data = cbor_item(data)
        items.append(item)
    if major == 5:
        return dict(zip(items[::2], items[1::2])), data
    assert major == 4
    return items, data


def cbor_head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * width:
            return bytes([major << 5 | code]) + n.to_bytes(width, "big")


def cbor_bytes(data):
    return cbor_head(2, len(data)) + data


def cbor_numbers(data):
    return cbor_head(4, len(data)) + b"".join(cbor_head(0, byte)
                                              for byte in data)


def cbor_text(text):
    return cbor_head(3, len(text)) + text.encode()


ALGORITHMS = {"P-256": (-7, 32, "sha256"), "P-384": (-35, 48, "sha384"),
              "P-521": (-36, 66, "sha512")}


def payload(pcr0):
    return (b"\xa2" + cbor_text("register_index") + b"\0" +
            cbor_text("register_value") + cbor_numbers(bytes.fromhex(pcr0)))


def protected(algorithm):
    return b"\xa1\x01" + cbor_head(1, -1 - algorithm)


def to_be_signed(curve, pcr0):
    return (b"\x84" + cbor_text("Signature1") +
            cbor_bytes(protected(ALGORITHMS[curve][0])) + b"\x40" +
            cbor_bytes(payload(pcr0)))


def signature_section(pem, curve, pcr0, raw):
    sign1 = (b"\x84" + cbor_bytes(protected(ALGORITHMS[curve][0])) + b"\xa0" +
             cbor_bytes(payload(pcr0)) + cbor_bytes(raw))
    return (b"\x81\xa2" + cbor_text("signing_certificate") +
            cbor_numbers(pem) + cbor_text("signature") + cbor_numbers(sign1))


def der_integer(data):
    data = data.lstrip(b"\0") or b"\0"
    if data[0] & 0x80:
        data = b"\0" + data
    return b"\x02" + bytes([len(data)]) + data


def der_signature(raw):
    half = len(raw) // 2
    body = der_integer(raw[:half]) + der_integer(raw[half:])
    length = (bytes([len(body)]) if len(body) < 128
              else b"\x81" + bytes([len(body)]))
    return b"\x30" + length + body


def raw_signature(der, size):
    at = 3 if der[1] & 0x80 else 2
    numbers = []
    for _ in range(2):
        assert der[at] == 2
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + length], "big"))
        at += 2 + length
    return b"".join(n.to_bytes(size, "big") for n in numbers)


# --- keys


def openssl(*argv, **kwargs):
    done = subprocess.run(["/usr/bin/openssl", *map(str, argv)],
                          capture_output=True, check=False, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_key(place, curve, name=None, days=30):
    """Paths of a key and of its own certificate."""
    name = name or curve
    key, cert = place / f"{name}.key", place / f"{name}.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
            f"ec_paramgen_curve:{curve}", "-out", key)
    openssl("req", "-new", "-x509", "-key", key, "-out", cert, "-days", days,
            "-subj", "/C=US/O=Test/CN=enclave")
    return key, cert


def make_certificate_of(place, key, name, start, end):
    """A certificate for other days: YYYYMMDDHHMMSSZ."""
    ca = place / f"{name}.ca"
    ca.mkdir()
    (ca / "index").write_text("")
    (ca / "serial").write_text("01\n")
    (ca / "conf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={ca}/index\nserial={ca}/serial"
        f"\nnew_certs_dir={ca}\ndefault_md=sha384\npolicy=any\n[any]\n"
        "commonName=supplied\n")
    openssl("req", "-new", "-key", key, "-out", ca / "csr", "-subj",
            "/CN=enclave")
    cert = place / f"{name}.pem"
    openssl("ca", "-batch", "-config", ca / "conf", "-selfsign", "-keyfile",
            key, "-in", ca / "csr", "-out", cert, "-startdate", start,
            "-enddate", end, "-notext")
    return cert


# --- kernels


def bzimage(version=b"6.6.79-enclave (builder@host) #1 SMP", size=40000,
            protocol=0x20f, loadflags=1, xloadflags=1):
    data = bytearray(hashlib.shake_128(b"kernel").digest(size))
    data[:0x400] = bytes(0x400)
    data[0x1f1] = 4
    struct.pack_into("<H", data, 0x1fe, 0xaa55)
    data[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", data, 0x206, protocol)
    struct.pack_into("<H", data, 0x20e, 0x300 - 0x200)
    data[0x211] = loadflags
    struct.pack_into("<H", data, 0x236, xloadflags)
    data[0x300:0x300 + len(version) + 1] = version + b"\0"
    return bytes(data)


def arm_image(text_offset=0x200000, version=b"6.6.79", size=200000):
    data = bytearray(hashlib.shake_128(b"arm").digest(size))
    struct.pack_into("<IIQQQ", data, 0, 0x91005a4d, 0x14000000, text_offset,
                     size, 0xa)
    data[24 + 8:56] = bytes(24)
    data[56:60] = b"ARM\x64"
    banner = b"Linux version %s (builder@host)\0" % version
    # across a border of whatever pieces a reader takes
    data[65536 - 20:65536 - 20 + len(banner)] = banner
    return bytes(data)


def zboot(kernel, kind=b"gzip", pack=None):
    import gzip
    packed = pack(kernel) if pack else gzip.compress(kernel, mtime=0)
    head = struct.pack("<2s2s4sII8s32s", b"MZ", b"\0\0", b"zimg", 512,
                       len(packed), b"", kind)
    return (head.ljust(512, b"\0") + packed +
            struct.pack("<I", len(kernel)) + bytes(100))


# --- programs


def static_elf(machine=62, interp=None, size=3000, kind=2):
    """An executable that loads and would do nothing good."""
    offset, base = 0x1000, 0x400000
    segments = [struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, offset + size,
                            offset + size, 0x1000)]
    if interp:
        segments.insert(0, struct.pack("<IIQQQQQQ", 3, 4, 0x400, base + 0x400,
                                       base + 0x400, len(interp) + 1,
                                       len(interp) + 1, 1))
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", kind, machine, 1,
                       base + offset, 64, 0, 0, 64, 56, len(segments), 64, 0,
                       0)
    data = bytearray((head + b"".join(segments)).ljust(offset + size, b"\x90"))
    if interp:
        data[0x400:0x400 + len(interp) + 1] = interp + b"\0"
    return bytes(data)


def module(machine=62):
    return static_elf(machine=machine, kind=1)
