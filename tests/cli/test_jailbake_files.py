"""jailbake reads enclave images that others wrote, rightly or wrongly."""

import hashlib
import json
import struct

import pytest

import eif
from bakery import jailbake

MINI = eif.mini()
BODY = [eif.section(type, data) for type, data in MINI]


def build(sections=None, body=None, **changed):
    """The smallest image, with something said otherwise."""
    sections = MINI if sections is None else sections
    return eif.seal(eif.header(sections, **changed),
                    b"".join(eif.section(*pair) for pair in sections)
                    if body is None else body)


def offsets(sections=None, **changed):
    """The table of an image with some offsets moved."""
    out, at = [], eif.HEADER
    for index, (_, data) in enumerate(sections or MINI):
        out.append(at + changed.get(f"_{index}", 0))
        at += eif.SECTION + len(data)
    return out


def without(type):
    return [pair for pair in MINI if pair[0] != type]


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def metadata(text):
    return [(type, text if type == eif.METADATA else data)
            for type, data in MINI]


SIZES = [len(data) for _, data in MINI]
WHOLE = build()

BROKEN = {
    "empty": (b"", "ends too early: it is cut off"),
    "cut in the header": (WHOLE[:547], "ends too early: it is cut off"),
    "cut in a section's header": (
        WHOLE[:560 - 1], "section 0: reaches beyond the end of the file"),
    "cut by one byte": (
        WHOLE[:-1], "section 4: reaches beyond the end of the file"),
    "a byte more": (WHOLE + b"\0", "there is more behind the last section"),
    "another magic": (
        b".elf" + WHOLE[4:],
        'no enclave image: it does not begin with ".eif"'),
    "version 3": (build(version=3), "format version 3; known is 4 alone"),
    "version 5": (build(version=5), "format version 5; known is 4 alone"),
    "flags": (
        build(flags=0x240),
        "flags 0x240 in its header: for another kind of enclave, whose PCR0 "
        "covers them in an unpublished way; it cannot be measured"),
    "reserved": (build(reserved=1),
                 "a reserved field of the header is not 0"),
    "unused": (build(unused=1), "a reserved field of the header is not 0"),
    "33 sections": (build(n=33), "33 sections; 32 at most are possible"),
    "65535 sections": (build(n=65535),
                       "65535 sections; 32 at most are possible"),
    "no section": (build(n=0), "its table says more than the 0 sections that "
                               "it is to have"),
    "one section less": (build(n=4), "its table says more than the 4 "
                                     "sections that it is to have"),
    "one section more": (build(n=6), "section 5: overlaps the one before it"),
    "a gap": (
        eif.seal(eif.header(MINI, offsets=offsets(_1=4, _2=4, _3=4, _4=4)),
                 BODY[0] + bytes(4) + b"".join(BODY[1:])),
        "section 1: a gap before it, which readers do not agree about"),
    "a gap before the first": (
        eif.seal(eif.header(MINI, offsets=[o + 8 for o in offsets()]),
                 bytes(8) + b"".join(BODY)),
        "section 0: a gap before it, which readers do not agree about"),
    "overlapping": (build(offsets=offsets(_2=-1)),
                    "section 2: overlaps the one before it"),
    "the same twice": (build(offsets=offsets(_4=offsets()[3] - offsets()[4])),
                       "section 4: overlaps the one before it"),
    "over the header": (build(offsets=offsets(_0=-548)),
                        "section 0: overlaps the header"),
    "a huge offset": (build(offsets=offsets()[:4] + [2 ** 64 - 1]),
                      "section 4: a gap before it, which readers do not agree "
                      "about"),
    "a huge size": (
        build(sizes=SIZES[:4] + [2 ** 64 - 1],
              body=b"".join(BODY[:4]) +
              eif.section(eif.RAMDISK, b"RAMDISK1", size=2 ** 64 - 1)),
        "section 4: reaches beyond the end of the file"),
    "a size that wraps around": (
        build(sizes=SIZES[:4] + [2 ** 64 - 12],
              body=b"".join(BODY[:4]) +
              eif.section(eif.RAMDISK, b"RAMDISK1", size=2 ** 64 - 12)),
        "section 4: reaches beyond the end of the file"),
    "two sizes": (
        build(body=eif.section(eif.KERNEL, b"KERNEL", size=7) +
              b"".join(BODY[1:])),
        "section 0: its own header and the table of the file do not agree "
        "about its size"),
    "flags of a section": (
        build(body=eif.section(eif.KERNEL, b"KERNEL", flags=1) +
              b"".join(BODY[1:])), "section 0: its flags are not 0"),
    "type 0": (build([(0, b"KERNEL"), *MINI[1:]]),
               "section 0: of unknown type 0"),
    "type 6": (build([*MINI, (6, b"x")]), "section 5: of unknown type 6"),
    "no kernel": (build(without(eif.KERNEL)), "no kernel section"),
    "no command line": (build(without(eif.CMDLINE)), "no cmdline section"),
    "no metadata": (build(without(eif.METADATA)), "no metadata section"),
    "no ramdisk": (build(without(eif.RAMDISK)), "no ramdisk section"),
    "two kernels": (build([MINI[0], *MINI]),
                    "more than one kernel section"),
    "two command lines": (build([*MINI[:2], *MINI[1:]]),
                          "more than one cmdline section"),
    "two metadata": (build([*MINI[:3], *MINI[2:]]),
                     "more than one metadata section"),
    "two signatures": (build([*MINI, (4, b"x"), (4, b"x")]),
                       "more than one signature section"),
    "kernel last": (build([*MINI[1:], MINI[0]]),
                    "section 4: kernel behind ramdisk; the order is kernel, "
                    "cmdline, metadata, ramdisks, signature"),
    "metadata behind a ramdisk": (
        build([*MINI[:2], MINI[3], MINI[2], MINI[4]]),
        "section 3: metadata behind ramdisk; the order is kernel, cmdline, "
        "metadata, ramdisks, signature"),
    "signature in front": (
        build([(4, b"x"), *MINI]),
        "section 1: kernel behind signature; the order is kernel, cmdline, "
        "metadata, ramdisks, signature"),
    "empty kernel": (build([(1, b""), *MINI[1:]]),
                     "section 0: kernel of 0 bytes"),
    "empty ramdisk": (build([*MINI, (3, b"")]),
                      "section 5: ramdisk of 0 bytes"),
    "long command line": (
        build([MINI[0], (2, b"x" * 2048), *MINI[2:]]),
        "section 1: cmdline of 2048 bytes; 2047 at most are possible"),
    "large signature": (
        build([*MINI, (4, bytes(32769))]),
        "section 5: signature of 32769 bytes; 32768 at most are possible"),
    "large metadata": (
        build(metadata(b" " * ((1 << 20) + 1))),
        "section 2: metadata of 1048577 bytes; 1048576 at most are possible"),
    "line break in the command line": (
        build([MINI[0], (2, b"a\nb"), *MINI[2:]]),
        "a NUL byte or a line break in the command line"),
    "NUL in the command line": (
        build([MINI[0], (2, b"a\0b"), *MINI[2:]]),
        "a NUL byte or a line break in the command line"),
    "metadata that are no JSON": (
        build(metadata(b"{")),
        "the metadata are no JSON object: string or '}' expected near end of "
        "file"),
    "metadata that are a list": (
        build(metadata(b"[]")), "the metadata are no JSON object"),
    "a key twice": (
        build(metadata(b'{"a":1,"a":2}')),
        "the metadata are no JSON object: duplicate object key near '\"a\"'"),
    "no name": (
        build(metadata(eif.METADATA_TEXT.replace(b"ImageName", b"x"))),
        "the metadata have no text ImageName"),
    "a name that is no text": (
        build(metadata(eif.METADATA_TEXT.replace(b'"mini"', b"1"))),
        "the metadata have no text ImageName"),
    "no build": (
        build(metadata(eif.METADATA_TEXT.replace(b"BuildMetadata", b"x"))),
        "the metadata have no object BuildMetadata"),
    "no kernel version": (
        build(metadata(eif.METADATA_TEXT.replace(b"KernelVersion", b"x"))),
        "the metadata have no text KernelVersion"),
    "no DockerInfo": (
        build(metadata(eif.METADATA_TEXT.replace(b"DockerInfo", b"x"))),
        "the metadata have no DockerInfo"),
    "no CustomMetadata": (
        build(metadata(eif.METADATA_TEXT.replace(b"CustomMetadata", b"x"))),
        "the metadata have no CustomMetadata"),
    "a signature that is none": (
        build([*MINI, (4, b"\x81\xa0")]),
        "the signature section has not the form that an enclave reads"),
}
ONLY_VERIFY = {"line break in the command line", "NUL in the command line"}


def write(scratch, data):
    path = scratch / "x.eif"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_for_its_reason(scratch, name):
    data, words = BROKEN[name]
    path = write(scratch, data)
    done = jailbake("verify", path)
    assert (done.status, done.out, done.err) == (
        4, "", f"jailbake: {path}: {words}\n"), done
    if name not in ONLY_VERIFY:
        for verb in ("show", "measure"):
            assert jailbake(verb, path).err == done.err


def test_a_wrong_checksum_is_refused(scratch):
    right = struct.unpack(">I", WHOLE[544:548])[0]
    path = write(scratch, flipped(WHOLE, 547))
    assert jailbake("verify", path).err == (
        f"jailbake: {path}: its checksum is {right ^ 1:08x} and should be "
        f"{right:08x}: it is damaged\n")
    done = jailbake("show", path)
    assert done.status == 0 and json.loads(done.out)["CheckCRC"] is False


def test_every_flipped_bit_is_noticed(scratch):
    """Nothing of a file is left unread."""
    for at in list(range(0, 36)) + [284, 291, 539, 543] + \
            list(range(544, len(WHOLE), 7)):
        path = write(scratch, flipped(WHOLE, at))
        done = jailbake("verify", path)
        assert done.status == 4 and done.err.count("\n") == 1, (at, done)


def test_a_length_cut_anywhere_is_noticed(scratch):
    for length in list(range(0, len(WHOLE), 13)):
        done = jailbake("verify", write(scratch, WHOLE[:length]))
        assert done.status == 4, (length, done)


def test_what_is_no_file(scratch):
    done = jailbake("show", scratch)
    assert done.err == f"jailbake: {scratch}: not a regular file\n"
    done = jailbake("show", scratch / "none")
    assert done.err == (f"jailbake: {scratch}/none: No such file or "
                        "directory\n")


# --- what is right

def test_the_vectors(scratch):
    path = write(scratch, WHOLE)
    assert hashlib.sha256(WHOLE).hexdigest() == eif.MINI_SHA256
    done = jailbake("measure", path)
    told = json.loads(done.out)
    assert told == {"Measurements": {"HashAlgorithm": "Sha384 { ... }",
                                     **eif.VECTORS}}
    assert done.out == json.dumps(told, indent=2) + "\n"
    assert jailbake("verify", path).out == ""


def test_the_parts_measure_as_the_image(scratch):
    for name, data in (("k", b"KERNEL"), ("0", b"RAMDISK0"),
                       ("1", b"RAMDISK1")):
        (scratch / name).write_bytes(data)
    parts = ["measure", "--kernel", scratch / "k", "--cmdline",
             "console=ttyS0", "--ramdisk", scratch / "0"]
    told = json.loads(jailbake(*parts, "--ramdisk", scratch / "1").out)
    assert told["Measurements"].items() >= eif.VECTORS.items()
    told = json.loads(jailbake(*parts).out)["Measurements"]
    assert told["PCR2"] == eif.EMPTY_PCR2
    assert told["PCR0"] == told["PCR1"] == eif.VECTORS["PCR1"]
    done = jailbake("measure", "--kernel", scratch / "k")
    assert done.status == 2 and done.err == (
        "jailbake: measure: an image, or all of --kernel, --cmdline and "
        "--ramdisk\n")


def test_show_tells_what_describe_eif_does(scratch):
    custom = eif.METADATA_TEXT.replace(
        b'"DockerInfo":null,"CustomMetadata":null',
        b'"DockerInfo":{"Os":"linux"},"CustomMetadata":{"a":[1],'
        b'"BuildTool":"forged"}')
    path = write(scratch, build(metadata(custom)))
    done = jailbake("show", path)
    told = json.loads(done.out)
    assert list(told) == ["EifVersion", "Measurements", "IsSigned", "CheckCRC",
                          "ImageName", "ImageVersion", "Metadata"]
    assert told["EifVersion"] == 4
    assert told["IsSigned"] is False and told["CheckCRC"] is True
    assert told["ImageName"] == "mini" and told["ImageVersion"] == "1.0"
    assert told["Metadata"] == {
        "BuildTime": "1970-01-01T00:00:00+00:00", "BuildTool": "eifcheck",
        "BuildToolVersion": "1", "OperatingSystem": "Linux",
        "KernelVersion": "6.6.79", "DockerInfo": {"Os": "linux"}, "a": [1]}


def test_28_ramdisks_and_any_number_of_cpus(scratch):
    many = [*MINI[:3], *((eif.RAMDISK, b"r%d" % i) for i in range(29))]
    path = write(scratch, build(many, memory=7, cpus=9))
    assert jailbake("verify", path).status == 0
    told = json.loads(jailbake("measure", path).out)["Measurements"]
    told.pop("HashAlgorithm")
    assert told == eif.measure(b"KERNEL", b"console=ttyS0",
                               [b"r%d" % i for i in range(29)])


def test_extract(scratch):
    path = write(scratch, WHOLE)
    out = scratch / "parts"
    done = jailbake("extract", "-d", out, path)
    assert (done.status, done.out, done.err) == (0, "", ""), done
    assert {file.name: file.read_bytes() for file in out.iterdir()} == {
        "kernel": b"KERNEL", "cmdline": b"console=ttyS0",
        "metadata": eif.METADATA_TEXT, "ramdisk0": b"RAMDISK0",
        "ramdisk1": b"RAMDISK1"}
    assert out.stat().st_mode & 0o777 == 0o755
    done = jailbake("extract", "-d", out, path)
    assert done.status != 0 and str(out) in done.err
    assert jailbake("extract", path).err == (
        "jailbake: extract: no -d DIR (--help)\n")


def test_pcr_of_a_role_and_an_instance():
    role, instance = "arn:aws:iam::123456789012:role/r", "i-0123456789abcdef0"
    done = jailbake("pcr", "--role-arn", role, "--instance-id", instance)
    assert json.loads(done.out) == {"PCR3": eif.extend(role.encode()),
                                    "PCR4": eif.extend(instance.encode())}
    assert jailbake("pcr", "--role-arn", role + "\n").status == 2
    assert jailbake("pcr", "--instance-id", "0123").err == (
        "jailbake: --instance-id 0123: begins with i-, and has no blanks\n")
    assert jailbake("pcr").err == (
        "jailbake: pcr: of what? --role-arn, --instance-id or --cert\n")


def test_operands():
    assert jailbake("show").err == (
        "jailbake: show: too few operands; usage: jailbake show FILE\n")
    assert jailbake("verify", "a", "b").err == (
        "jailbake: verify: too many operands; usage: jailbake verify FILE\n")
