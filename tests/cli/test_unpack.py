"""Unpacking: jail-unpack reads strictly, the launcher believes nothing, and
what is refused leaves nothing behind."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import pathlib
import shutil
import stat
import subprocess
import tarfile
import tempfile
import time

import pytest

import tars
from conftest import BUILD, ordinary_user, run
from tars import (binary, file, folder, gnu_long, hardlink, header, pax, record,
                  records, symlink, tar)

UNPACK = BUILD / "tools" / "unpack"
HELPER = BUILD / "jail-unpack"
LIAR = BUILD / "tools" / "liar"
IMAGE, HOST, SYSTEM = 3, 4, 5
MIB = 1 << 20

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="unpacking needs root")


@pytest.fixture
def in_memory():
    """As scratch, where thousands of directories are made in no time."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = pathlib.Path(tempfile.mkdtemp(prefix="jailtest.", dir=base))
    yield path
    run(UNPACK, "--remove", path)
    path.rmdir()


def unpack(scratch, data, *limits, helper=HELPER, **kw):
    """Result and the directory, which is below one for root alone."""
    image = scratch / "image"
    image.write_bytes(data)
    into = scratch / "private" / "root"
    into.mkdir(parents=True)
    into.parent.chmod(0o700)
    return run(UNPACK, helper, image, into, *limits, **kw), into


def good(scratch, data, *limits, **kw):
    done, into = unpack(scratch, data, *limits, **kw)
    assert done.status == 0 and not done.err, done
    return done, into


def names(into):
    return sorted(str(path.relative_to(into)) for path in into.rglob("*"))


def gone(into):
    """unpack_remove() leaves the empty directory."""
    done = run(UNPACK, "--remove", into)
    assert done.status == 0 and not done.err, done
    assert os.listdir(into) == []


def refused(scratch, data, words, *limits, status=IMAGE, **kw):
    (scratch / "outside").write_text("outside")
    done, into = unpack(scratch, data, *limits, **kw)
    assert done.status == status, done
    assert done.out == ""
    assert words in done.err, done
    assert done.err.count("\n") == 1 and done.err.startswith("unpack: "), done
    assert all(32 <= ord(c) < 127 for c in done.err[:-1]), done
    gone(into)
    assert sorted(os.listdir(scratch)) == ["image", "outside", "private"]
    assert (scratch / "outside").read_text() == "outside"
    return done


# What the reader of tar refuses, whoever wrote it.

GOOD = file("f", b"data")
BAD_HEADERS = {
    "not tar": (b"hello" * 300, "no ustar header here: neither a tar"),
    "empty": (b"", "the file is empty"),
    "bzip2": (bz2.compress(tar(GOOD)), "the archive is cut off"),
    "old tar": (tar(file("f", magic=bytes(8))), "no ustar header here"),
    "checksum": (tar(file("f", checksum=b"000000\0 ")),
                 "wrong header checksum"),
    "checksum field": (tar(file("f", checksum=b"hello\0\0 ")),
                       "wrong header checksum"),
    "negative size": (tar(header("f", size=binary(-1, 12))),
                      "field size is out of range (-1)"),
    "huge size": (tar(header("f", size=binary(1 << 70, 12))),
                  "bad number in field size"),
    "no number": (tar(header("f", size=b"12x45678901\0")),
                  "bad number in field size"),
    "blank number": (tar(header("f", uid=bytes(8))),
                     "bad number in field uid"),
    "strange base": (tar(header("f", size=b"\xc0" + bytes(11))),
                     "bad number in field size"),
    "large uid": (tar(header("f", uid=binary(1 << 31, 8))),
                  "field uid is out of range"),
    "negative gid": (tar(header("f", gid=binary(-2, 8))),
                     "field gid is out of range"),
    "large pax uid": (tar(pax(uid=1 << 31), GOOD),
                      "an owner's id is out of range"),
    "mode and type": (tar(header("f", mode=0o040644)),
                      "its mode and its type disagree"),
    "large mode": (tar(header("f", mode=0o1000644)),
                   "field mode is out of range"),
    "sparse": (tar(header("f", type=b"S")), "a sparse file is not accepted"),
    "pax sparse": (tar(pax(**{"GNU.sparse.major": "1"}), GOOD),
                   'unknown key "GNU.sparse.major"'),
    "global header": (tar(pax(comment="x", type=b"g"), GOOD),
                      "a global extended header is not accepted"),
    "contiguous": (tar(header("f", type=b"7")), "a contiguous file"),
    "dump": (tar(header("f", type=b"D")), "a GNU directory dump"),
    "multi-volume": (tar(header("f", type=b"M")), "multi-volume"),
    "label": (tar(header("f", type=b"V")), "a volume label"),
    "unknown type": (tar(header("f", type=b"Z")),
                     "unknown member type 0x5a"),
    "capability": (tar(pax(**{"SCHILY.xattr.security.capability":
                              b"\1\0\0\2\0\4\0\0" + bytes(12)}), GOOD),
                   'it has file capabilities, which are never unpacked; '
                   'build the image without `caps`'),
    "xattr": (tar(pax(**{"LIBARCHIVE.xattr.user.x": "eA"}), GOOD),
              'unknown key "LIBARCHIVE.xattr.user.x"'),
    "acl": (tar(pax(**{"SCHILY.acl.access": "user::rwx"}), GOOD),
            'unknown key "SCHILY.acl.access"'),
    "pax without =": (tar(pax(b"8 hello\n"), GOOD),
                      "malformed extended header"),
    "pax too long": (tar(pax(b"99 path=x\n"), GOOD),
                     "malformed extended header"),
    "pax zero": (tar(pax(b"0 path=x\n"), GOOD), "malformed extended header"),
    "pax short": (tar(pax(b"2 path=x\n"), GOOD), "malformed extended header"),
    "pax no newline": (tar(pax(b"9 path=xx"), GOOD),
                       "malformed extended header"),
    "pax size word": (tar(pax(size="many"), GOOD), "bad or repeated size"),
    "pax size negative": (tar(pax(size="-1"), GOOD), "bad or repeated size"),
    "pax size twice": (tar(pax(tars.pax_record("size", b"4") * 2), GOOD),
                       "bad or repeated size"),
    "pax mtime": (tar(pax(mtime="1.2.3"), GOOD), "bad or repeated mtime"),
    "pax charset": (tar(pax(hdrcharset="EBCDIC"), GOOD),
                    "bad or repeated hdrcharset"),
    "pax NUL": (tar(pax(path=b"a\0b"), GOOD), "a NUL byte in a name"),
    "pax empty path": (tar(pax(path=""), GOOD), "an empty name"),
    "pax twice": (tar(pax(path="a"), pax(path="b"), GOOD),
                  "two extended headers for one member"),
    "pax and GNU": (tar(pax(path="a"), gnu_long(b"b"), GOOD),
                    "two long names for one member"),
    "GNU twice": (tar(gnu_long(b"a"), gnu_long(b"b"), GOOD),
                  "two long names for one member"),
    "GNU NUL": (tar(gnu_long(b"a\0b"), GOOD), "a NUL byte in a name"),
    "GNU empty": (tar(header("././@LongLink", type=b"L"), GOOD),
                  "a long name of 0 bytes"),
    "pax huge": (tar(header("P", type=b"x", size=MIB), bytes(MIB), GOOD),
                 "an extended header of 1048576 bytes"),
    "dangling pax": (tar(GOOD, pax(path="x")),
                     "ends after a member's extended header"),
    "dangling GNU": (tar(GOOD, gnu_long(b"x")),
                     "ends after a member's extended header"),
    "no name": (tar(file("")), "a member without a name"),
    "data of a directory": (tar(folder("d", size=512), bytes(512)),
                            "data follows a member that has none"),
    "data of a link": (tar(hardlink("l", "f", size=5), bytes(512)),
                       "data follows a member that has none"),
    "no end": (GOOD, "the archive is cut off: it has no end mark"),
    "lone zero": (GOOD + bytes(512), "a lone zero block"),
    "odd end": (tar(GOOD) + bytes(100), "the archive is cut off"),
    "trailing bytes": (tar(GOOD) + b"x" * 512, "bytes behind the end"),
    "two archives": (tar(GOOD) + tar(file("g")), "bytes behind the end"),
    "endless zeros": (tar(GOOD) + bytes(2 * MIB), "endless zeros"),
}


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_refuses_what_is_not_plain_tar(scratch, case):
    refused(scratch, *BAD_HEADERS[case])


def test_refuses_a_name_of_32_mib_without_reading_it(scratch):
    size = 32 * MIB
    for kind in (b"L", b"x"):
        refused(scratch, tar(header("n", type=kind, size=size),
                             b"a" * size, GOOD),
                f"of {size} bytes (at most")
        shutil.rmtree(scratch / "private")


def test_an_error_has_number_and_escaped_name(scratch):
    done = refused(scratch, tar(GOOD, pax(path=b"a\nb\x1b[1m\xff\xc3\xa9"),
                                header("x", type=b"S")),
                   "a sparse file is not accepted")
    assert 'image: member 2 "a\\x0ab\\x1b[1m\\xff\\xc3\\xa9": ' in done.err


def test_a_long_name_does_not_hide_the_cause(scratch):
    name = b"first/" + b"n" * 240 + b"/" + b"m" * 240 + b"/last"
    done = refused(scratch, tar(pax(path=name), header("x", mode=0o4755)),
                   "it asks for set-id (mode 4755)")
    assert '"first/nnn' in done.err and 'mmm/last"' in done.err


def test_every_cut_is_noticed(scratch):
    """After every block, and in the middle of each."""
    whole = tar(folder("d"), pax(path="d/" + "n" * 120, mtime="1.5"),
                file("x", b"x" * 1300), file("x", b"x"), gnu_long(b"d/" + b"m" * 120),
                file("y", b"y"), hardlink("d/l", "x"))
    (scratch / "private").mkdir(mode=0o700)
    into = scratch / "private" / "root"
    into.mkdir()
    for length in range(0, len(whole), 256):
        (scratch / "image").write_bytes(whole[:length])
        done = run(UNPACK, HELPER, scratch / "image", into)
        assert done.status == IMAGE, (length, done)
        words = "the file is empty" if length == 0 else \
            "a lone zero block" if length == len(whole) - 512 else \
            "the archive is cut off"
        if length >= len(whole) - 1024:
            words = ("no end mark", "cut off", "a lone zero block",
                     "cut off")[(length - len(whole) + 1024) // 256]
        assert words in done.err, (length, done)
        gone(into)


@pytest.mark.parametrize("packer", ["gzip", "xz", "zstd"])
def test_every_cut_and_change_of_packed_data_is_noticed(scratch, packer):
    whole = tar(file("f", os.urandom(3000)))
    packed = run(packer, "-c", *(["--check"] if packer == "zstd" else []),
                 text=False, input=whole).out
    (scratch / "private").mkdir(mode=0o700)
    into = scratch / "private" / "root"
    into.mkdir()
    image = scratch / "image"

    def status(data):
        image.write_bytes(data)
        done = run(UNPACK, HELPER, image, into)
        gone(into)
        return done.status

    assert status(packed) == 0
    cuts = list(range(1, len(packed), 97)) + \
        list(range(len(packed) - 9, len(packed)))
    assert [cut for cut in cuts if status(packed[:cut]) != IMAGE] == []
    flips = list(range(100, len(packed) - 100, 211)) + \
        list(range(len(packed) - 8, len(packed)))
    assert [at for at in flips if status(
        packed[:at] + bytes([packed[at] ^ 16]) + packed[at + 1:]) != IMAGE
            ] == []
    assert status(packed + b"x") == IMAGE
    assert status(packed + b"trailing bytes") == IMAGE


# What the launcher refuses; through the honest reader.

BAD_MEMBERS = {
    "absolute": ([file("/etc/passwd")], 'member 1 "/etc/passwd": an absolute'),
    "dotdot": ([file("../outside", b"in")], '".." in a path'),
    "dotdot inside": ([folder("d"), file("d/../../outside")],
                      '".." in a path'),
    "dotdot at end": ([folder("d/..")], '".." in a path'),
    "dot": ([file("d/./f")], '"." in a path'),
    "two leading dots": ([file("././f")], '"." in a path'),
    "empty component": ([file("d//f")], "an empty component"),
    "slash at end": ([file("f/")], "an empty component"),
    "long component": ([pax(path="n" * 256), GOOD],
                       "a file name of 256 bytes"),
    "top is a file": ([file("./")], "the top of an image must be a directory"),
    "top is a link": ([symlink(".", "etc")], "the top of an image"),
    "write through link": ([symlink("l", "/"), file("l/f")],
                           'member 2 "l/f": a part of its path is another'),
    "write through relative link": (
        [folder("d"), symlink("l", "d"), file("l/f")],
        'member 3 "l/f": a part of its path'),
    "directory through link": ([symlink("l", "/tmp"), folder("l/d")],
                               "a part of its path"),
    "file over link": ([symlink("l", "f"), file("l")], "this path twice"),
    "link out": ([symlink("l", "../outside")],
                 "a symbolic link that leads out of the image (../outside)"),
    "link out below": ([folder("d"), symlink("d/l", "../../outside")],
                       "leads out of the image"),
    "link out late": ([symlink("l", "a/b/../../../x")],
                      "leads out of the image"),
    "absolute link out": ([symlink("l", "/../x")], "leads out of the image"),
    "link to nothing": ([symlink("l", "")], "a symbolic link to nothing"),
    "hard link out": ([hardlink("l", "../outside")], '".." in a path'),
    "hard link absolute": ([hardlink("l", "/etc/passwd")],
                           "an absolute path"),
    "hard link early": ([hardlink("l", "f"), file("f")],
                        "which is no file that the archive brought before"),
    "hard link nowhere": ([hardlink("l", "a/b/c")],
                          "has not brought yet"),
    "hard link to link": ([file("f"), symlink("s", "f"), hardlink("l", "s")],
                          'hard link to "s", which is no file'),
    "hard link through link": ([folder("d"), file("d/f"), symlink("s", "d"),
                                hardlink("l", "s/f")], "a part of its path"),
    "hard link to directory": ([folder("d"), hardlink("l", "d")],
                               "which is no file"),
    "hard link to itself": ([hardlink("l", "l")], "which is no file"),
    "hard link to nothing": ([hardlink("l", "")], "a hard link to nothing"),
    "hard link twice": ([file("f"), file("g"), hardlink("g", "f")],
                        "this path twice"),
    "block device": ([header("sda", type=b"4", major=8)],
                     "the block device 8:0 (accepted are null"),
    "null as block": ([header("null", type=b"4", major=1, minor=3)],
                      "the block device 1:3"),
    "mem": ([header("mem", type=b"3", major=1, minor=1)],
            "the character device 1:1"),
    "wrapped device": ([header("null", type=b"3", major=b"0400001\0",
                               minor=3)], "the character device 131073:3"),
    "set-uid": ([file("su", mode=0o4755)], "it asks for set-id (mode 4755), "
                "which is never unpacked; build the image without `allow "
                "setuid`"),
    "set-gid": ([file("wall", mode=0o2755)], "it asks for set-id (mode 2755)"),
    "set-gid directory": ([folder("mail", mode=0o2775)], "set-id (mode 2775)"),
    "set-id top": ([folder("./", mode=0o4755)], "set-id (mode 4755)"),
    "file twice": ([file("f", b"1"), file("f", b"2")],
                   'member 2 "f": the archive has this path twice'),
    "directory twice": ([folder("d"), file("d/f"), folder("d")],
                        'the directory "d" twice'),
    "top twice": ([folder("./"), folder(".")], "the archive has"),
    "file becomes directory": ([file("a"), folder("a")], "this path twice"),
    "file becomes path": ([file("a"), file("a/b")], "a part of its path"),
    "directory becomes file": ([folder("a"), file("a")], "this path twice"),
    "path becomes file": ([file("a/b"), file("a")], "this path twice"),
    "path becomes link": ([file("a/b"), symlink("a", "/")],
                          "this path twice"),
    "link becomes directory": ([symlink("a", "/"), folder("a")],
                               "this path twice"),
    "too deep": ([pax(path="/".join("d" * 65)), folder("d")], "a path of 65 components"),
    "dev link": ([symlink("dev", "/host")], "may not be a symbolic link"),
    "tmp link": ([symlink("./tmp", "var")], "may not be a symbolic link"),
    "etc link": ([symlink("etc", "x")], "may not be a symbolic link"),
    "proc link": ([symlink("proc", "x")], "may not be a symbolic link"),
    ".jail link": ([symlink(".jail", "x")], "may not be a symbolic link"),
}


@pytest.mark.parametrize("case", BAD_MEMBERS)
def test_refuses_members_that_do_harm(scratch, case):
    members, words = BAD_MEMBERS[case]
    refused(scratch, tar(*members), words)


# Limits.

def test_limit_of_members(scratch):
    data = tar(*(file(f"f{i}") for i in range(11)))
    refused(scratch, data, 'member 11 "f10": more than 10 members',
            "members=10")
    shutil.rmtree(scratch / "private")
    good(scratch, data, "members=11")


def test_limit_of_depth(scratch):
    data = tar(file("a/b/c"))
    refused(scratch, data, "a path of 3 components (at most 2)", "depth=2")
    shutil.rmtree(scratch / "private")
    good(scratch, data, "depth=3")


def test_limit_of_bytes_is_checked_before_they_come(scratch):
    data = tar(file("a", b"x" * 600), file("b", b"x" * 600))
    refused(scratch, data, 'member 2 "b": more than 1199 bytes of content',
            "bytes=1199")
    shutil.rmtree(scratch / "private")
    good(scratch, data, "bytes=1200")
    shutil.rmtree(scratch / "private")
    refused(scratch, header("f", size=binary(1 << 62, 12)),
            "more than 2147483648 bytes")
    shutil.rmtree(scratch / "private")
    refused(scratch, tar(file("a", b"x"), header("f", size=binary(
        (1 << 63) - 1, 12))), "more than 2147483648 bytes")


@pytest.mark.parametrize("packer", ["gzip", "xz", "zstd"])
def test_limit_of_ratio(scratch, packer):
    bomb = run(packer, "-c", text=False, input=tar(
        *(file(f"f{i}", bytes(MIB)) for i in range(32)))).out
    refused(scratch, bomb, "more than 200 bytes of content for each byte")
    shutil.rmtree(scratch / "private")
    good(scratch, bomb, "ratio=100000")
    shutil.rmtree(scratch / "private")
    refused(scratch, bomb, "more than 1000000 bytes of content",
            "ratio=100000", "bytes=1000000")


@pytest.mark.parametrize("packer", ["gzip", "xz", "zstd"])
def test_a_bomb_of_zeros_behind_the_end_goes_off_early(scratch, packer):
    bomb = run(packer, "-c", text=False,
               input=tar(GOOD) + bytes(64 * MIB)).out
    refused(scratch, bomb, "endless zeros behind the end")


def test_packed_twice_is_not_unpacked_twice(scratch):
    refused(scratch, gzip.compress(gzip.compress(tar(GOOD))),
            "the archive is cut off")


def test_an_endless_pipe_ends(scratch):
    (scratch / "into").mkdir()
    with subprocess.Popen(["yes", "x" * 511], stdout=subprocess.PIPE) as pipe:
        done = run(UNPACK, HELPER, "-", scratch / "into", stdin=pipe.stdout,
                   input=None)
        pipe.stdout.close()
        assert done.status == IMAGE and "no ustar header" in done.err, done
    (scratch / "start").write_bytes(header("f", size=b"77777777777\0"))
    with subprocess.Popen(["cat", scratch / "start", "/dev/zero"],
                          stdout=subprocess.PIPE) as pipe:
        done = run(UNPACK, HELPER, "-", scratch / "into", stdin=pipe.stdout,
                   input=None)
        pipe.stdout.close()
    assert done.status == IMAGE and "bytes of content" in done.err, done
    gone(scratch / "into")


def test_a_slow_image_meets_the_deadline(scratch):
    (scratch / "into").mkdir()
    read_fd, write_fd = os.pipe()
    os.write(write_fd, file("f", b"x" * 100)[:600])
    start = time.monotonic()
    done = run(UNPACK, HELPER, "-", scratch / "into", "seconds=1",
               stdin=read_fd, input=None)
    assert done.status == IMAGE, done
    assert "unpacking takes more than 1 seconds" in done.err
    assert 0.9 < time.monotonic() - start < 10
    gone(scratch / "into")
    os.close(write_fd)
    os.close(read_fd)


# Good images.

def test_attributes(scratch):
    done, into = good(scratch, tar(
        folder("./", mode=0o777, uid=1000, gid=1000, mtime=5),
        folder("dir", mode=0o750, uid=7, gid=8, mtime=1000),
        file("dir/f", b"content", mode=0o640, uid=1, gid=2, mtime=12345),
        file("dir/late", mode=0o600),
        file("wide", b"", mode=0o1666),
        folder("home", mode=0o775, uid=1000, gid=1000),
        folder("tmp", mode=0o1777), folder("srv", mode=0o1777),
        folder("var/tmp", mode=0o1777),
        symlink("link", "/dir/f", uid=3, gid=4, mtime=99),
        hardlink("dir/hard", "dir/f"),
        header("fifo", type=b"6", mode=0o666),
        header("null", type=b"3", major=1, minor=3, mode=0o777),
        pax(mtime="-1.25", uid=70000, gid="70001"), file("before", b"b"),
        pax(size="3", path="päx", atime="1", ctime="2", uname="root",
            gname="root", comment=bytes(range(256))),
        header("x", size=0), tars.pad(b"abc")))
    assert done.out.split()[:2] == ["15", "11"]

    def look(name):
        st = os.lstat(into / name)
        return (stat.filemode(st.st_mode), st.st_uid, st.st_gid)

    assert look("") == ("drwxr-xr-x", 0, 0)
    assert os.stat(into).st_mtime == 5
    assert look("dir") == ("drwxr-x---", 7, 8)
    assert os.stat(into / "dir").st_mtime == 1000
    assert look("dir/f") == ("-rw-r-----", 1, 2)
    assert os.stat(into / "dir/f").st_mtime == 12345
    assert (into / "dir/f").read_bytes() == b"content"
    assert os.stat(into / "dir/hard").st_ino == \
        os.stat(into / "dir/f").st_ino
    assert look("wide") == ("-rw-r--r--", 0, 0)
    assert look("home") == ("drwxr-xr-x", 1000, 1000)
    assert look("tmp")[0] == look("var/tmp")[0] == "drwxrwxrwt"
    assert look("srv")[0] == look("var")[0] == "drwxr-xr-x"
    assert look("link")[1:] == (3, 4)
    assert os.lstat(into / "link").st_mtime == 99
    assert os.readlink(into / "link") == "/dir/f"
    assert look("fifo")[0] == "prw-r--r--"
    assert look("null")[0] == "crw-rw-rw-"
    assert os.stat(into / "null").st_rdev == os.makedev(1, 3)
    assert look("before") == ("-rw-r--r--", 70000, 70001)
    assert os.stat(into / "before").st_mtime_ns == -1250000000
    assert (into / "päx").read_bytes() == b"abc"
    assert not any(os.listxattr(into / name, follow_symlinks=False)
                   for name in names(into))
    gone(into)


def test_order_and_parents_do_not_matter(scratch):
    _, into = good(scratch, tar(
        file("z/y/x"), folder("z/y", mode=0o700, mtime=7),
        file("a/b/c/d"), hardlink("a/e", "z/y/x"), folder("a", mtime=9),
        file("a/b/f"), folder("z", mode=0o711)))
    assert names(into) == ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/f", "a/e",
                           "z", "z/y", "z/y/x"]
    assert os.stat(into / "z/y").st_mode & 0o7777 == 0o700
    assert os.stat(into / "a").st_mtime == 9
    assert os.stat(into / "z").st_mode & 0o7777 == 0o711


def test_names_may_be_any_bytes(scratch):
    wanted = [b"new\nline", b"\x01\x1b[31m", b"\xff\xfe", "é".encode(),
              b" ", b"-rf", b"...", b"n" * 255]
    _, into = good(scratch, tar(*(
        piece for name in wanted for piece in (pax(path=name), GOOD))))
    assert sorted(os.listdir(bytes(into))) == sorted(wanted)
    gone(into)


def test_links_that_stay_inside(scratch):
    targets = ["/", "/usr/../bin", "../x", "a/../..", "..", "./../d/./",
               "/a//b", "d/l", "l"]
    _, into = good(scratch, tar(folder("d"), *(
        symlink(f"d/l{i}", target) for i, target in enumerate(targets))))
    assert [os.readlink(into / f"d/l{i}") for i in range(len(targets))] == \
        targets


def test_an_archive_of_nothing(scratch):
    done, into = good(scratch, tar())
    assert done.out == f"0 0 {hashlib.sha256(tar()).hexdigest()}\n"
    assert os.stat(into).st_mode & 0o7777 == 0o755


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A directory with everything that an image may hold."""
    base = tmp_path_factory.mktemp("sample")
    base.chmod(0o755)
    (base / "usr/lib").mkdir(parents=True)
    (base / "usr/bin").mkdir()
    (base / "bin").symlink_to("usr/bin")
    (base / "usr/bin/tool").write_bytes(os.urandom(700000))
    (base / "usr/bin/tool").chmod(0o755)
    os.link(base / "usr/bin/tool", base / "usr/bin/tool2")
    (base / "usr/lib/empty").touch()
    deep = base / ("d" * 90) / ("e" * 90) / ("f" * 90)
    deep.mkdir(parents=True)
    (deep / ("g" * 200)).write_text("deep")
    (deep / "link").symlink_to("h" * 150)
    os.link(deep / ("g" * 200), deep / "hard")
    (base / "ünï").write_text("u")
    (base / "dev").mkdir()
    os.mknod(base / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.chmod(base / "dev/null", 0o666)
    os.mkfifo(base / "fifo")
    (base / "home").mkdir()
    os.chown(base / "home", 300000000, 4000)
    os.utime(base / "ünï", ns=(5, 1700000000123456789))
    os.utime(base / "usr/lib/empty", (-100, -100))
    return base


def tree(base):
    out = {}
    for path in [base, *base.rglob("*")]:
        st = path.lstat()
        links = st.st_nlink if stat.S_ISREG(st.st_mode) else 0
        body = os.readlink(path) if path.is_symlink() else \
            path.read_bytes() if path.is_file() else b""
        out[str(path.relative_to(base))] = (
            st.st_mode, st.st_uid, st.st_gid, int(st.st_mtime // 1), links,
            st.st_rdev, body)
    return out


PACKERS = {
    "gnu": ["tar", "--format=gnu", "-cf", "-", "."],
    "pax": ["tar", "--format=posix", "-cf", "-", "."],
    "sorted": ["tar", "--sort=name", "--numeric-owner", "--format=posix",
               "--pax-option=delete=atime,delete=ctime", "-cf", "-", "."],
    "blocking": ["tar", "-b", "2000", "-cf", "-", "."],
    "bsdtar": ["bsdtar", "-cf", "-", "."],
    "bsdtar pax": ["bsdtar", "--format=pax", "-cf", "-", "."],
    "bsdtar gnu": ["bsdtar", "--format=gnutar", "-cf", "-", "."],
    "busybox": ["busybox", "tar", "-cf", "-", "."],
}


@pytest.mark.parametrize("packer", PACKERS)
def test_what_packers_write(scratch, sample, packer):
    if not shutil.which(PACKERS[packer][0]):
        pytest.skip(f"{PACKERS[packer][0]} is not installed")
    packed = run(*PACKERS[packer], cwd=sample, text=False)
    assert packed.status == 0, packed.err
    done, into = good(scratch, packed.out)
    assert done.out.split()[2] == hashlib.sha256(packed.out).hexdigest()
    wanted, got = tree(sample), tree(into)
    # these write no id above 2^21 - 1, no time before 1970
    for lost in {"busybox": ("home", "usr/lib/empty"),
                 "bsdtar gnu": ("usr/lib/empty",)}.get(packer, ()):
        wanted[lost] = got[lost] = None
    assert got == wanted
    gone(into)


@pytest.mark.parametrize("format", ["USTAR", "GNU", "PAX"])
def test_what_python_writes(scratch, sample, format):
    def fits(info):
        if format == "USTAR":
            info.mtime = max(0, int(info.mtime))
            info.uid = min(info.uid, 100)
            if len(info.name) > 200:
                return None
        return info

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w",
                      format=getattr(tarfile, format + "_FORMAT")) as made:
        made.add(sample, ".", filter=fits)
    _, into = good(scratch, out.getvalue())
    if format != "USTAR":
        assert tree(into) == tree(sample)
    assert "usr/bin/tool" in names(into)


def test_what_container_tools_write(scratch):
    """Go's archive/tar: the type in the mode, no slash, no top, 0-9 only."""
    _, into = good(scratch, tar(
        folder("etc/", mode=0o040755), file("etc/passwd", b"root:x:0:0\n",
                                            mode=0o100644),
        symlink("bin", "usr/bin", mode=0o120777),
        header("dev/null", type=b"3", mode=0o020666, major=1, minor=3)))
    assert (into / "etc/passwd").read_bytes() == b"root:x:0:0\n"


PACKED = {
    "gz": ["gzip", "-c"], "gz9": ["gzip", "-9c"], "xz": ["xz", "-c"],
    "xz9": ["xz", "-9c"], "xz threads": ["xz", "-T2", "-c"],
    "zst": ["zstd", "-c"], "zst19": ["zstd", "-19", "-c"],
    "zst threads": ["zstd", "-T2", "-c"],
    "zst window": ["zstd", "--ultra", "-22", "-c"],
}


@pytest.mark.parametrize("packing", PACKED)
def test_packed_images(scratch, packing):
    plain = tar(file("a", os.urandom(MIB) + b"x" * 100000), file("b", b"b"))
    done, into = good(scratch, run(*PACKED[packing], text=False,
                                   input=plain).out)
    assert done.out.split()[2] == hashlib.sha256(plain).hexdigest()
    assert hashlib.sha256((into / "a").read_bytes()).digest() == \
        hashlib.sha256(plain[512:512 + MIB + 100000]).digest()


def test_packed_in_several_streams(scratch):
    plain = tar(file("a", b"x" * 3000), file("b", b"y" * 3000))
    wanted = hashlib.sha256(plain).hexdigest()
    for pack in (gzip.compress, lzma.compress,
                 lambda data: run("zstd", "-c", text=False, input=data).out):
        done, _ = good(scratch, pack(plain[:2000]) + pack(plain[2000:]))
        assert done.out.split()[2] == wanted
        shutil.rmtree(scratch / "private")
    skippable = b"\x5a\x2a\x4d\x18\x04\0\0\0abcd"
    done, _ = good(scratch, skippable + run("zstd", "-c", text=False,
                                            input=plain).out)
    assert done.out.split()[2] == wanted


def test_a_pipe_is_as_good_as_a_file(scratch):
    data = tar(file("f", b"x" * 1000000))
    (scratch / "into").mkdir()
    done = run(UNPACK, HELPER, "-", scratch / "into", input=data, text=False)
    assert done.status == 0, done
    assert done.out.split()[2].decode() == hashlib.sha256(data).hexdigest()


# Who runs it.

def test_what_an_ordinary_user_unpacks_is_his(scratch):
    """Owners he cannot give, and device nodes he cannot make."""
    into = scratch / "into"
    into.mkdir()
    os.chown(into, ordinary_user()["user"], -1)
    (scratch / "image").write_bytes(tar(
        file("f", b"x"),
        header("null", type=b"3", mode=0o020666, major=1, minor=3)))
    done = run(UNPACK, HELPER, scratch / "image", into, **ordinary_user())
    assert done.status == 0, done
    assert os.listdir(into) == ["f"]
    assert (into / "f").stat().st_uid == ordinary_user()["user"]


def test_the_helper_is_missing(scratch):
    refused(scratch, tar(GOOD), "/nowhere: No such file or directory",
            helper="/nowhere", status=HOST)
    shutil.rmtree(scratch / "private")
    refused(scratch, tar(GOOD), "Permission denied", helper="/etc/passwd",
            status=HOST)


def test_the_helper_wants_to_be_in_a_removed_directory(scratch):
    """Else chroot() would confine nothing."""
    done = run(HELPER, "60", cwd=scratch, input=tar(GOOD), text=False)
    assert done.status == 1
    assert b"the current directory is not a removed one" in done.out
    assert os.listdir(scratch) == []
    done = run(HELPER, cwd=scratch)
    assert done.status == 125 and "jaillaunch" in done.err


def state_of_helper(scratch):
    """/proc/PID of a helper that waits for its image, from a pipe."""
    (scratch / "into").mkdir()
    read_fd, write_fd = os.pipe()
    driver = subprocess.Popen([UNPACK, HELPER, "-", scratch / "into"],
                              stdin=read_fd, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    os.close(read_fd)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        children = pathlib.Path(
            f"/proc/{driver.pid}/task/{driver.pid}/children").read_text()
        for pid in children.split():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            if "Seccomp:\t2" in status:
                return driver, write_fd, pathlib.Path(f"/proc/{pid}"), status
        time.sleep(0.01)
    driver.kill()
    raise AssertionError("the helper does not start")


def test_the_helper_is_confined(scratch):
    driver, write_fd, proc, status = state_of_helper(scratch)
    fields = dict(line.split(":\t", 1) for line in status.splitlines()
                  if ":\t" in line)
    assert fields["Uid"].split() == fields["Gid"].split() == ["61183"] * 4
    assert fields["Groups"].strip() == ""
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
    assert {fields[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Amb")} == \
        {"0" * 16}
    assert sorted(os.listdir(proc / "fd")) == ["0", "1"]
    assert "(deleted)" in os.readlink(proc / "root")
    assert "(deleted)" in os.readlink(proc / "cwd")
    assert (proc / "environ").read_bytes() == b""
    limits = (proc / "limits").read_text()
    for name, value in (("Max file size", "0"), ("Max processes", "0"),
                        ("Max open files", "2"), ("Max cpu time", "60")):
        line = next(line for line in limits.splitlines()
                    if line.startswith(name))
        assert line[len(name):].split()[:2] == [value, value], line
    os.write(write_fd, tar(GOOD))
    os.close(write_fd)
    assert driver.wait(20) == 0, driver.stderr.read()


@pytest.mark.parametrize("signal, status, words", [
    (9, SYSTEM, "jail-unpack was killed (out of memory?)"),
    (24, IMAGE, "jail-unpack died on it (signal 24, CPU time limit exceeded)"),
    (31, IMAGE, "jail-unpack died on it (signal 31, Bad system call)"),
])
def test_the_helper_dies(scratch, signal, status, words):
    driver, write_fd, proc, _ = state_of_helper(scratch)
    os.write(write_fd, file("f", size=0o7777777))
    os.kill(int(proc.name), signal)
    assert driver.wait(20) == status
    assert words in driver.stderr.read().decode()
    os.close(write_fd)
    gone(scratch / "into")


def test_the_helper_ends_with_its_launcher(scratch):
    driver, write_fd, proc, _ = state_of_helper(scratch)
    driver.kill()
    driver.wait()
    deadline = time.monotonic() + 20
    while proc.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not proc.exists()
    os.close(write_fd)


# A helper that was taken over: every check again, without the honest reader.

def lie(what, word=b"EXIT"):
    return word + what


WRONG = "jail-unpack sent a record that is wrong"
ONE = ("FILE", {"path": b"f", "data": b"x"})
LIES = {
    "nothing": (b"", "jail-unpack ended without a word"),
    "half a record": (record("FILE", b"f")[:40], "ended without a word"),
    "half a name": (record("FILE", b"fffff")[:74], "ended without a word"),
    "no end": (record("FILE", b"f", number=1), "ended without a word"),
    "half the data": (record("FILE", b"f", data=b"x", size=2, number=1),
                      "ended without a word"),
    "no magic": (record("FILE", b"f", magic=1), "it has no magic number"),
    "kind 0": (record(0, b"f"), "it is of unknown kind 0"),
    "kind 11": (record(11, b"f"), "it is of unknown kind 11"),
    "kind 2^32-1": (record(0xffffffff, b"f"), "of unknown kind 4294967295"),
    "path length": (record("FILE", b"f", path_len=4096), "it is too long"),
    "path length 2^32-1": (record("FILE", b"f", path_len=0xffffffff),
                           "it is too long"),
    "target length": (record("SYMLINK", b"f", target_len=1 << 31),
                      "it is too long"),
    "data length": (record("FILE", b"f", data_len=(256 << 10) + 1),
                    "it is too long"),
    "data of a directory": (record("DIR", b"d", data=b"x"),
                            "a part that its kind has not"),
    "target of a file": (record("FILE", b"f", b"t"),
                         "a part that its kind has not"),
    "path of data": (record("DATA", b"p", data=b"x"),
                     "a part that its kind has not"),
    "size of a directory": (records(("DIR", {"path": b"d", "size": 5})),
                            "data for a member that has none"),
    "data alone": (record("DATA", data=b"x"), "data without a file"),
    "too much data": (record("FILE", b"f", data=b"xyz", size=2, number=1),
                      "more data than the file has"),
    "too much data later": (record("FILE", b"f", data=b"x", size=2, number=1)
                            + record("DATA", data=b"yz"),
                            "more data than the file has"),
    "data for ever": (record("FILE", b"f", size=2, number=1)
                      + record("DATA") * 3, "a file's data is missing"),
    "member in a file": (record("FILE", b"f", size=2, number=1)
                         + record("FILE", b"g", data=b"xx", number=2),
                         "a file's data is missing"),
    "end in a file": (record("FILE", b"f", size=2, number=1)
                      + record("END", b"0" * 64, number=1, size=2),
                      "a file's data is missing"),
    "number 0": (records(("FILE", {"path": b"f", "number": 0})),
                 "a member out of order"),
    "number 2": (records(("FILE", {"path": b"f", "number": 2})),
                 "a member out of order"),
    "number again": (records(ONE, ("FILE", {"path": b"g", "number": 1})),
                     "a member out of order"),
    "NUL in path": (records(("FILE", {"path": b"f\0g"})),
                    "a NUL byte in a name"),
    "NUL at the end": (records(("FILE", {"path": b"f\0"})),
                       "a NUL byte in a name"),
    "NUL in target": (records(("SYMLINK", {"path": b"f", "target": b"a\0"})),
                      "a NUL byte in a name"),
    "members": (records(ONE, members_said=2), "its totals are wrong"),
    "bytes": (records(ONE, bytes_said=2), "its totals are wrong"),
    "digest": (records(ONE, digest=b"0" * 63), "its totals are wrong"),
    "digest letters": (records(ONE, digest=b"G" * 64), "totals are wrong"),
    "digest upper": (records(ONE, digest=b"A" * 64), "totals are wrong"),
    "digest path": (records(ONE, digest=b"../../../../etc/" + b"0" * 48),
                    "its totals are wrong"),
    "digest long": (records(ONE, digest=b"0" * 65), "its totals are wrong"),
    "more": (records(ONE) + b"x", "something follows the end"),
    "member after end": (records(ONE) + record("FILE", b"g", number=2),
                         "something follows the end"),
    "large mode": (records(("FILE", {"path": b"f", "mode": 0o104755})),
                   "a mode out of range"),
    "set-id": (records(("FILE", {"path": b"f", "mode": 0o4755})),
               "it asks for set-id"),
    "set-gid": (records(("DIR", {"path": b"f", "mode": 0o2755})),
                "it asks for set-id"),
    "uid -1": (records(("FILE", {"path": b"f", "uid": 0xffffffff})),
               "an owner's id is out of range"),
    "gid 2^31": (records(("FILE", {"path": b"f", "gid": 1 << 31})),
                 "an owner's id is out of range"),
    "nanoseconds": (records(("FILE", {"path": b"f", "mtime_ns": 1 << 30})),
                    "a time out of range"),
    "UTIME_NOW": (records(("FILE", {"path": b"f", "mtime_ns": (1 << 30) - 1})),
                  "a time out of range"),
    "size": (records(("FILE", {"path": b"f", "size": (1 << 64) - 1})),
             "more than 2147483648 bytes"),
    "sizes": (records(ONE, ("FILE", {"path": b"g", "size": (1 << 64) - 1})),
              "more than 2147483648 bytes"),
    "absolute": (records(("FILE", {"path": b"/etc/x"})), "an absolute path"),
    "dotdot": (records(("FILE", {"path": b"../outside"})), '".." in a path'),
    "dotdot alone": (records(("DIR", {"path": b".."})), '".." in a path'),
    "dot": (records(("DIR", {"path": b"."})), '"." in a path'),
    "empty": (records(("FILE", {"path": b""})), "the top of an image"),
    "empty link": (records(("SYMLINK", {"path": b"", "target": b"x"})),
                   "the top of an image"),
    "empty hard link": (records(ONE, ("HARDLINK", {"path": b"",
                                                   "target": b"f"})),
                        "the top of an image"),
    "slash": (records(("DIR", {"path": b"d/"})), "an empty component"),
    "slashes": (records(("DIR", {"path": b"d//e"})), "an empty component"),
    "long": (records(("DIR", {"path": b"d" * 256})), "a file name of 256"),
    "deep": (records(("DIR", {"path": b"/".join([b"d"] * 2000)})),
             "a path of 2000 components"),
    "device": (records(("CHAR", {"path": b"mem", "major": 1, "minor": 1})),
               "the character device 1:1"),
    "block": (records(("BLOCK", {"path": b"null", "major": 1, "minor": 3})),
              "the block device 1:3"),
    "link out": (records(("SYMLINK", {"path": b"l", "target": b"../x"})),
                 "leads out of the image"),
    "link to nothing": (records(("SYMLINK", {"path": b"l"})),
                        "a symbolic link to nothing"),
    "etc link": (records(("SYMLINK", {"path": b"etc", "target": b"/x"})),
                 "may not be a symbolic link"),
    "through link": (records(("SYMLINK", {"path": b"l", "target": b"/"}),
                             ("FILE", {"path": b"l/f"})),
                     "a part of its path"),
    "hard link out": (records(("HARDLINK", {"path": b"l",
                                            "target": b"../outside"})),
                      '".." in a path'),
    "hard link through link": (
        records(("SYMLINK", {"path": b"s", "target": b"/etc"}),
                ("HARDLINK", {"path": b"l", "target": b"s/passwd"})),
        "a part of its path"),
    "hard link to link": (
        records(("SYMLINK", {"path": b"s", "target": b"/etc/passwd"}),
                ("HARDLINK", {"path": b"l", "target": b"s"})),
        "which is no file"),
    "hard link to nothing": (records(("HARDLINK", {"path": b"l"})),
                             "a hard link to nothing"),
    "hard link to device": (
        records(("CHAR", {"path": b"n", "major": 1, "minor": 3}),
                ("HARDLINK", {"path": b"l", "target": b"n"})),
        "which is no file"),
    "twice": (records(ONE, ONE), "this path twice"),
    "directory twice": (records(("DIR", {"path": b"d"}),
                                ("DIR", {"path": b"d"})),
                        'the directory "d" twice'),
    "error": (record("ERROR", b"na\nme", b"wo\x1brds", number=7),
              'member 7 "na\\x0ame": wo\\x1brds'),
    "long error": (record("ERROR", b"n" * 4095, b"w" * 4095, number=7),
                   'member 7 "nnn'),
    "error without words": (record("ERROR"), "it gives no reason"),
    "error in a file": (record("FILE", b"f", size=9, number=1)
                        + record("ERROR", b"x", b"words", number=5),
                        'member 1 "f": words'),
    "format": (record("ERROR", b"%n%s%s", b"%n%s%n%s", number=1),
               '"%n%s%s": %n%s%n%s'),
}


@pytest.mark.parametrize("case", LIES)
def test_believes_no_helper(scratch, case):
    said, words = LIES[case]
    status = SYSTEM if "without a word" in words else IMAGE
    refused(scratch, lie(said), words, helper=LIAR, status=status)


@pytest.mark.parametrize("cause, status", [
    (1, HOST), (12, SYSTEM), (5, SYSTEM), (4095, SYSTEM), (1 << 31, SYSTEM)])
def test_a_helper_may_say_that_it_failed(scratch, cause, status):
    refused(scratch, lie(record("ERROR", b"", b"words", cause=cause)),
            "jail-unpack: words", helper=LIAR, status=status)


@pytest.mark.parametrize("word, status, words", [
    (b"KILL", SYSTEM, "jail-unpack was killed"),
    (b"SEGV", IMAGE, "jail-unpack died on it (signal 11"),
    (b"SHUT", SYSTEM, "jail-unpack was killed"),
    (b"WAIT", IMAGE, "unpacking takes more than 1 seconds"),
])
def test_a_helper_that_stops(scratch, word, status, words):
    refused(scratch, lie(record("FILE", b"f", size=5, number=1), word), words,
            "seconds=1", helper=LIAR, status=status)


@pytest.mark.parametrize("word", [b"EXIT", b"KILL", b"SEGV", b"SHUT"])
def test_nothing_matters_after_the_end(scratch, word):
    done, into = good(scratch, lie(records(ONE), word), helper=LIAR)
    assert done.out == f"1 1 {'0' * 64}\n"
    assert names(into) == ["f"]


def test_a_helper_that_stays_after_the_end(scratch):
    """It might go on writing: only its end is the end."""
    refused(scratch, lie(records(ONE), b"WAIT"), "takes more than 1 seconds",
            "seconds=1", helper=LIAR)


def test_names_of_directories_are_bounded_together(in_memory):
    """They are kept in the launcher's memory to the end."""
    prefix = b"/".join([b"n" * 250] * 15)
    said = b"".join(record("DIR", prefix + b"/%d" % i, number=i + 1)
                    for i in range(5000))
    refused(in_memory, lie(said), "the names of all directories are too long",
            helper=LIAR)


# unpack_remove().

def test_remove_a_deep_tree(in_memory):
    """As a jailed program can make, deeper than any stack or limit."""
    top = in_memory / "top"
    top.mkdir()
    inner = os.open(top, os.O_RDONLY)
    for level in range(10000):
        os.mkdir("d", dir_fd=inner)
        if level % 1000 == 0:
            os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=inner))
            os.mkdir(".moved-0", dir_fd=inner)
        deeper = os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(inner)
        inner = deeper
    os.close(inner)
    done = run("sh", "-c", 'ulimit -n 40 -s 256; exec "$@"', "sh",
               UNPACK, "--remove", top)
    assert done.status == 0 and os.listdir(top) == [], done


def test_remove_many_and_wide(in_memory):
    top = in_memory / "top"
    for i in range(40):
        (top / f"d{i}" / "e" / "f").mkdir(parents=True)
        for j in range(60):
            (top / f"d{i}" / f"{'n' * 100}{j}").touch()
    gone(top)


def test_remove_follows_nothing(scratch):
    (scratch / "outside").mkdir()
    (scratch / "outside" / "f").touch()
    top = scratch / "top"
    (top / "d").mkdir(parents=True)
    (top / "l").symlink_to(scratch / "outside")
    (top / "d" / "l").symlink_to("../../outside")
    os.mkfifo(top / "fifo")
    gone(top)
    assert os.listdir(scratch / "outside") == ["f"]


@pytest.mark.parametrize("who", ["root", "ordinary"])
def test_remove_whatever_the_modes(scratch, who):
    top = scratch / "top"
    for mode in (0o000, 0o111, 0o444, 0o555, 0o222):
        (top / f"d{mode:o}" / "sub" / "sub").mkdir(parents=True)
        (top / f"d{mode:o}" / "f").touch()
        (top / f"d{mode:o}" / "sub" / "f").touch()
    deep = top.joinpath(*["x"] * 60)
    deep.mkdir(parents=True)
    (deep / "f").touch()
    user = {}
    if who == "ordinary":
        user = ordinary_user()
        run("chown", "-R", "nobody", top)
    for path in sorted(top.rglob("*"), key=lambda path: -len(path.parts)):
        if path.is_dir():
            path.chmod(int(path.name[1:], 8) if path.parent == top and
                       path.name != "x" else 0o000)
    done = run(UNPACK, "--remove", top, **user)
    assert done.status == 0 and os.listdir(top) == [], done


def test_remove_does_not_enter_a_mount(scratch):
    """What was mounted there is not ours to remove."""
    (scratch / "host").mkdir()
    (scratch / "host" / "precious").touch()
    top = scratch / "top"
    (top / "m").mkdir(parents=True)
    (top / "f").touch()
    mounted = run("mount", "--bind", scratch / "host", top / "m")
    if mounted.status != 0:
        pytest.skip("cannot mount here")
    try:
        done = run(UNPACK, "--remove", top)
        assert done.status == SYSTEM, done
        assert "Invalid cross-device link" in done.err
        assert os.listdir(scratch / "host") == ["precious"]
        assert os.listdir(top) == ["m"]
    finally:
        run("umount", top / "m")
    gone(top)
