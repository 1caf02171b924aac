"""Image files: every reader sees the same tree, and the same tree gives the
same bytes, whatever is around."""

import contextlib
import gzip
import hashlib
import lzma
import os
import signal
import stat
import struct
import subprocess
import tarfile
import threading

import pytest

import treeimage
from conftest import BUILD, ordinary_user, run
from treeimage import (MTIME, Node, environment, one_processor_few_files,
                       small, start_slow, written)

root_only = pytest.mark.skipif(os.geteuid() != 0,
                               reason="needs root: owners, devices, mounts")

FORMATS = ["tar", "tar.zst", "tar.gz", "tar.xz"]


def python_extract(image, target):
    code = ("import sys, tarfile\n"
            "with tarfile.open(sys.argv[1], errorlevel=2) as tar:\n"
            "    tar.extractall(sys.argv[2])\n")
    return ["/usr/bin/python3", "-W", "error", "-c", code, image, target]


READERS = {
    "gnu": lambda image, to: ["tar", "-xpf", image, "-C", to],
    "bsd": lambda image, to: ["bsdtar", "-xpf", image, "-C", to],
    "busybox": lambda image, to: ["busybox", "tar", "-xpf", image, "-C", to],
    "python": python_extract,
}

# Times that a reader does not set, of whatever archive.
NO_TIME = {
    "bsd": lambda kind, path: path == b"/",
    "busybox": lambda kind, path: kind in (stat.S_IFDIR, stat.S_IFLNK),
    "python": lambda kind, path: kind == stat.S_IFLNK,
}

LISTERS = {
    "gnu": ["tar", "-tvf"],
    "bsd": ["bsdtar", "-tvf"],
    "busybox": ["busybox", "tar", "-tvf"],
}


# What is in a released image must never change for the same tree.
GOLDEN = [
    (lambda scratch: [Node("d", b"/", 0o755)], 0,
     "9d948b9287dbf707704d7c28b2ae5a332a193cf76559bbebed32c3c13f784296"),
    (small, 0,
     "ef568e3abca14d670b0ec46907b2a6e13b83f81d2d82ec202db3ad33009bb823"),
    (small, MTIME,
     "86603d6ce59997220a367ffb050d977789aeff7b32e466be1f739ad7e2306162"),
]


@pytest.mark.parametrize("tree,mtime,digest", GOLDEN)
def test_small_trees_have_the_digests_they_always_had(tree, mtime, digest,
                                                      scratch):
    identity = written(tree(scratch), scratch / "image.tar", mtime=mtime)
    assert identity == digest
    image = (scratch / "image.tar").read_bytes()
    assert hashlib.sha256(image).hexdigest() == digest


@root_only
@pytest.mark.parametrize("locale,many", [("C", 50), ("C.UTF-8", 5000)])
@pytest.mark.parametrize("reader", READERS)
def test_readers_extract_the_same_tree(reader, locale, many, scratch):
    nodes = treeimage.oddities(scratch, many)
    image, to = scratch / "image.tar", scratch / "to"
    to.mkdir()
    written(nodes, image, mtime=MTIME)
    done = run(*READERS[reader](image, to), env=environment(locale),
               text=False)
    assert (done.status, done.err) == (0, b""), done
    no_time = NO_TIME.get(reader, lambda kind, path: False)
    assert treeimage.seen(to, no_time) == treeimage.expected(nodes, MTIME,
                                                             no_time)


@contextlib.contextmanager
def mounted(image, at):
    """The image as a file system (by a loop device: any kernel from 6.4)."""
    at.mkdir()
    done = run("mount", "-t", "erofs", "-o", "ro,loop", image, at)
    assert done.status == 0, done
    try:
        yield at
    finally:
        done = run("umount", at)
    assert done.status == 0, done


@root_only
@pytest.mark.parametrize("many", [50, 5000, 30000])
def test_the_mounted_tree_is_the_same(many, scratch):
    nodes = treeimage.oddities(scratch, many)
    image = scratch / "image.tar"
    written(nodes, image, mtime=MTIME)
    segments = image.read_bytes().count(b" comment=")
    assert segments == (2 if many == 30000 else 1)
    with mounted(image, scratch / "at") as at:
        found = treeimage.seen(at, of_image=True)
    assert found == treeimage.expected(nodes, MTIME, of_image=True)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


def test_the_superblock_is_as_the_documentation_has_it(scratch):
    image = scratch / "image.tar"
    written(small(scratch), image, mtime=MTIME)
    data = image.read_bytes()
    assert data[:14] == b"././@PaxHeader" and data[156:157] == b"x"
    record = data[512:512 + int(data[124:135], 8)]
    assert record.startswith(b"%d comment=" % len(record))
    assert record.endswith(b"\n")
    (magic, checksum, compat, bits, slots, root, inodes, epoch, nsec, blocks,
     meta, xattr, uuid, volume, incompat) = struct.unpack(
         "<IIIBBHQQIIII16s16sI", data[1024:1108])
    assert (magic, compat, bits, slots, root) == (0xE0F5E1E2, 3, 9, 0, 36)
    assert inodes == 12  # /etc and its like are made; /bin/yes has none
    assert (epoch, nsec, blocks) == (MTIME, 0, len(data) // 512)
    assert (meta, xattr, incompat) == (0, 0, 0)
    assert volume == b"jailwright".ljust(16, b"\0")
    assert checksum == crc32c(data[1024:1028] + bytes(4) + data[1032:1536])
    assert data[1108:1152] == bytes(44)
    digest = bytearray(hashlib.sha256(
        bytes(128) + record[640:-1]).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    assert uuid == digest


@root_only
@pytest.mark.parametrize("reader", READERS)
def test_readers_pass_over_an_index_of_several_segments(reader, scratch):
    nodes = treeimage.several_segments()
    image, to = scratch / "image.tar", scratch / "to"
    to.mkdir()
    written(nodes, image, mtime=MTIME)
    assert image.read_bytes().count(b" comment=") == 2
    done = run(*READERS[reader](image, to), env=environment(), text=False)
    assert (done.status, done.err) == (0, b""), done
    no_time = NO_TIME.get(reader, lambda kind, path: False)
    assert treeimage.seen(to, no_time) == treeimage.expected(nodes, MTIME,
                                                             no_time)


def test_an_ordinary_user_can_extract_read_only_directories(scratch):
    """They get their modes when nothing below them is to come any more."""
    nodes = [Node("d", b"/", 0o755),
             Node("d", b"/a", 0o555),
             Node("f", b"/a-b", text=b"x"),
             Node("f", b"/a/b", text=b"x")]
    to = scratch / "to"
    to.mkdir()
    to.chmod(0o777)
    written(nodes, scratch / "image.tar")
    done = run("tar", "-xf", scratch / "image.tar", "-C", to,
               **ordinary_user() if os.geteuid() == 0 else {})
    # tar may not set owners; nothing else may fail
    assert (to / "a" / "b").read_bytes() == b"x", done


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("reader", LISTERS)
def test_readers_list_every_member_without_a_warning(reader, locale, scratch):
    nodes = treeimage.oddities(scratch)
    image = scratch / "image.tar"
    written(nodes, image)
    done = run(*LISTERS[reader], image, env=environment(locale), text=False)
    assert (done.status, done.err) == (0, b""), done
    # busybox prints the newline in a name as it is
    assert done.out.count(b"\n") in (len(nodes), len(nodes) + 1)


def test_members_stand_in_the_order_of_a_walk(scratch):
    nodes = treeimage.oddities(scratch)
    written(nodes, scratch / "image.tar", mtime=MTIME)
    with tarfile.open(scratch / "image.tar") as tar:
        members = tar.getmembers()
    assert {member.mtime for member in members} == {MTIME}
    names = [os.fsencode(member.name) for member in members]
    assert names == [b"." + path.rstrip(b"/") for path in
                     sorted((node.path for node in nodes),
                            key=lambda path: path.rstrip(b"/").split(b"/"))]
    kinds = {member.name: (member.type, member.linkname)
             for member in members}
    assert kinds["./order/early"] == (tarfile.REGTYPE, "")
    assert kinds["./order/late"] == (tarfile.LNKTYPE, "./order/early")
    assert kinds["./order-z"] == (tarfile.LNKTYPE, "./order/early")
    assert {(member.uname, member.gname) for member in members} == {("", "")}


def test_ids_beyond_octal_and_long_times_are_read_by_python(scratch):
    nodes = [Node("d", b"/", 0o755),
             Node("f", b"/f", uid=2097152, gid=4294967294)]
    written(nodes, scratch / "image.tar", mtime=2**33)
    with tarfile.open(scratch / "image.tar") as tar:
        member = tar.getmember("./f")
    assert (member.uid, member.gid, member.mtime) == (2097152, 4294967294,
                                                      2**33)


def test_a_file_over_8_gib_is_read_by_all(scratch):
    """Its header at least: the content goes through a pipe that ends early."""
    sparse = scratch / "sparse"
    with open(sparse, "wb") as file:
        file.truncate(8 * 2**30 + 5)
    writer = subprocess.Popen([treeimage.TOOL, "-", "tar"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=environment(NO_IDENTITY="1"))
    writer.stdin.write(treeimage.describe([Node("d", b"/", 0o755),
                                           Node("f", b"/f",
                                                file=str(sparse))]))
    writer.stdin.close()
    head = writer.stdout.read(1 << 20)
    writer.stdout.close()
    assert writer.wait() == -signal.SIGPIPE
    for reader in (["tar", "-tvf-"], ["bsdtar", "-tvf-"],
                   ["busybox", "tar", "-tvf-"]):
        done = run(*reader, input=head, text=False, env=environment())
        assert b"8589934597" in done.out, done


@root_only
def test_file_capabilities_are_kept(scratch):
    nodes = [Node("d", b"/", 0o755),
             Node("f", b"/ping", 0o755, text=b"x", caps="cap_net_raw,cap_chown")]
    image, to = scratch / "image.tar", scratch / "to"
    to.mkdir()
    written(nodes, image)
    written(nodes, str(scratch / "dir") + "/")
    done = run("tar", "--xattrs", "--xattrs-include=*", "-xpf", image, "-C", to)
    assert (done.status, done.err) == (0, ""), done
    for base in (to, scratch / "dir"):
        done = run("getcap", base / "ping")
        assert done.out.split()[1] == "cap_chown,cap_net_raw=ep", done
    for reader in LISTERS.values():
        done = run(*reader, image)
        assert (done.status, done.err) == (0, ""), done
    with tarfile.open(image) as tar:
        assert tar.getmember("./ping").size == 1


def test_an_unknown_capability_is_refused_by_name(scratch):
    done = treeimage.write([Node("d", b"/", 0o755),
                            Node("f", b"/f", caps="cap_nothing")],
                           scratch / "image.tar")
    assert done.status == 3
    assert b"cap_nothing: no capability" in done.err
    assert os.listdir(scratch) == []


# Repeatability

def plain(form, data):
    """The tar inside an image file."""
    if form == "tar.zst":
        return run("zstd", "-dc", input=data, text=False).out
    if form == "tar.gz":
        return gzip.decompress(data)
    if form == "tar.xz":
        return lzma.decompress(data)
    return data


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_holds_the_same_tar(form, scratch):
    nodes = treeimage.oddities(scratch)
    identity = written(nodes, scratch / "image", form)
    data = plain(form, (scratch / "image").read_bytes())
    assert hashlib.sha256(data).hexdigest() == identity
    assert identity == written(nodes, scratch / "image.tar")
    assert data == (scratch / "image.tar").read_bytes()
    assert data.endswith(bytes(1024)) and len(data) % 4096 == 0


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_says_nothing_of_where_and_when(form, scratch):
    # enough for several blocks of every compressor's threads
    with open(scratch / "zeros", "wb") as file:
        file.truncate(56 << 20)
    nodes = treeimage.oddities(scratch, 50) + [
        Node("f", b"/second", file="/bin/bash"),
        Node("f", b"/third", file=str(scratch / "zeros"))]
    first = scratch / "first"
    written(nodes, first, form)
    data = first.read_bytes()
    surroundings = [
        {"umask": 0o077, "cwd": "/",
         "env": environment("C", TZ="Pacific/Auckland", HOME="/", USER="u")},
        {"preexec_fn": one_processor_few_files,
         "env": environment(TZ="", SOURCE_DATE_EPOCH="7")},
    ]
    for number, around in enumerate(surroundings):
        path = scratch / f"other-name-{number}"
        written(nodes, path, form, **around)
        assert path.read_bytes() == data, around
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_gzip_header_has_no_name_and_no_time(scratch):
    written(small(scratch), scratch / "image.tar.gz", mtime=MTIME)
    head = (scratch / "image.tar.gz").read_bytes()[:10]
    assert head[:4] == b"\x1f\x8b\x08\x00" and head[4:8] == bytes(4)


# Output

@pytest.mark.parametrize("output", ["-", "/dev/stdout"])
def test_a_pipe_gets_the_same_bytes(output, scratch):
    nodes = small(scratch)
    written(nodes, scratch / "image.tar")
    done = treeimage.write(nodes, output, "tar")
    assert done.status == 0
    assert done.out == (scratch / "image.tar").read_bytes()
    done = treeimage.write(nodes, output)
    assert done.out == (scratch / "image.tar").read_bytes()


def test_a_named_pipe_stays_one(scratch):
    nodes = small(scratch)
    fifo = scratch / "fifo.tar"
    os.mkfifo(fifo)
    got = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    written(nodes, fifo)
    reader.join()
    written(nodes, scratch / "image.tar")
    assert got == [(scratch / "image.tar").read_bytes()]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize("output,form,words", [
    ("/dev/null", "squashfs", "an image of format squashfs needs a file"),
    ("-", "squashfs", "an image of format squashfs needs a file"),
    ("image", "zip", "--format zip: unknown; use one of tar, tar.zst"),
    ("image.img", "", "its suffix names no format"),
    ("image", "", "its suffix names no format"),
])
def test_a_format_that_cannot_be_written_is_refused(output, form, words,
                                                    scratch):
    done = treeimage.write([Node("d", b"/", 0o755)], output, form,
                           cwd=scratch)
    assert done.status == 2 and words.encode() in done.err, done
    assert os.listdir(scratch) == []


def test_an_old_image_is_replaced_at_once(scratch):
    image = scratch / "image.tar"
    image.write_bytes(b"old")
    os.link(image, scratch / "other")
    written(small(scratch), image)
    assert (scratch / "other").read_bytes() == b"old"
    assert len(image.read_bytes()) > 3
    assert sorted(os.listdir(scratch)) == ["image.tar", "other"]


def test_a_read_only_directory_is_named(scratch):
    place = scratch / "place"
    place.mkdir()
    place.chmod(0o555)
    done = treeimage.write(small(scratch), place / "image.tar",
                           **ordinary_user() if os.geteuid() == 0 else {})
    assert done.status == 5
    assert f"{place}/image.tar: Permission denied".encode() in done.err


@pytest.fixture
def tiny(scratch):
    """A file system of 1 MB."""
    place = scratch / "tiny"
    place.mkdir()
    done = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place)
    if done.status != 0:
        pytest.skip("cannot mount here: " + done.err.strip())
    yield place
    run("umount", place)


@root_only
@pytest.mark.parametrize("form", FORMATS + ["cpio", "squashfs", "dir",
                                            "oci"])
def test_a_full_disk_is_one_line_and_leaves_nothing(form, scratch, tiny):
    noise = scratch / "noise"
    noise.write_bytes(os.urandom(2 << 20))
    done = treeimage.write([Node("d", b"/", 0o755),
                            Node("f", b"/noise", file=str(noise))],
                           tiny / "image", form)
    assert done.status == 5, done
    assert done.err.count(b"\n") == 1
    assert b"image" in done.err and b"No space left on device" in done.err
    assert os.listdir(tiny) == []


@root_only
def test_a_full_disk_keeps_the_old_image(scratch, tiny):
    (tiny / "image.tar").write_bytes(b"old")
    noise = scratch / "noise"
    noise.write_bytes(os.urandom(2 << 20))
    done = treeimage.write([Node("d", b"/", 0o755),
                            Node("f", b"/noise", file=str(noise))],
                           tiny / "image.tar")
    assert done.status == 5
    assert (tiny / "image.tar").read_bytes() == b"old"


@pytest.mark.parametrize("form", ["tar", "tar.zst", "cpio"])
def test_a_full_device_is_an_error(form, scratch):
    done = treeimage.write(small(scratch), "/dev/full", form)
    assert done.status == 5
    assert b"write /dev/full: No space left on device" in done.err


@pytest.mark.parametrize("form", ["tar", "tar.zst", "cpio", "squashfs"])
def test_a_killed_writer_leaves_nothing(form, scratch):
    place = scratch / "place"
    place.mkdir()
    writer, _ = start_slow(scratch, place / "image", form)
    writer.kill()
    writer.communicate()
    assert os.listdir(place) == []


@pytest.mark.parametrize("change", ["size", "time", "mode", "replace"])
def test_a_file_that_changes_under_the_writer_is_named(change, scratch):
    place = scratch / "place"
    place.mkdir()
    writer, sparse = start_slow(scratch, place / "image.tar")
    if change == "size":
        os.truncate(sparse, 1 << 20)
    elif change == "time":
        os.utime(sparse, (1, 1))
    elif change == "mode":
        sparse.chmod(0o600)
    else:
        sparse.unlink()
    writer.send_signal(signal.SIGCONT)
    _, words = writer.communicate()
    assert writer.returncode == 4
    assert f"{sparse}: changed".encode() in words
    assert os.listdir(place) == []


# Directories

@root_only
def test_a_directory_is_the_tree(scratch):
    nodes = treeimage.oddities(scratch)
    identity = written(nodes, str(scratch / "image") + "/", mtime=MTIME,
                       umask=0o077)
    assert treeimage.seen(scratch / "image") == treeimage.expected(nodes,
                                                                  MTIME)
    assert identity == written(nodes, scratch / "image.tar", mtime=MTIME)


@root_only
def test_an_empty_directory_is_replaced_and_a_full_one_is_not(scratch):
    place = scratch / "image"
    place.mkdir()
    written(small(scratch), str(place) + "/")
    before = treeimage.seen(place)
    done = treeimage.write(small(scratch), str(place) + "//")
    assert done.status == 2
    assert b"exists and is not empty; remove it first" in done.err
    assert treeimage.seen(place) == before
    assert os.listdir(scratch) == ["image"]


@root_only
def test_what_a_killed_writer_left_of_a_directory_is_removed(scratch):
    place = scratch / "image"
    writer, sparse = start_slow(scratch, str(place) + "/", "dir")
    writer.kill()
    writer.communicate()
    sparse.unlink()
    assert sorted(os.listdir(scratch)) == [".image.partial", "tree"]
    written(small(scratch), str(place) + "/")
    assert sorted(os.listdir(scratch)) == ["image", "tree"]


@root_only
def test_two_writers_of_a_directory_do_not_meet(scratch):
    place = scratch / "image"
    writer, _ = start_slow(scratch, str(place) + "/", "dir")
    done = treeimage.write(small(scratch), str(place) + "/")
    assert done.status == 5
    assert b"another build writes it just now" in done.err
    writer.send_signal(signal.SIGCONT)
    writer.communicate()
    assert writer.returncode == 0
    assert os.listdir(place) == ["f"]


@root_only
def test_a_lock_that_cannot_be_had_is_no_other_writer(scratch):
    (scratch / ".image.partial").mkdir()
    done = run(BUILD / "tools/without", "flock=EOPNOTSUPP", treeimage.TOOL,
               scratch / "image/", "dir", "0", text=False,
               input=treeimage.describe(small(scratch)))
    assert done.status == 5
    assert b"lock " in done.err and b"not supported" in done.err, done


def test_a_name_may_be_as_long_as_the_kernel_has_it(scratch):
    """Where there is a file of that name it is replaced by a rename."""
    place = scratch / "place"
    place.mkdir()
    name = "n" * 255
    for _ in range(2):
        written(small(scratch), place / name, "tar")
        assert os.listdir(place) == [name]
    (place / name).unlink()
    if os.geteuid() == 0:
        written(small(scratch), place / name, "dir")
        assert os.listdir(place) == [name] and (place / name).is_dir()


@root_only
def test_an_ordinary_user_is_told_what_cannot_be_made(scratch):
    place = scratch / "place"
    place.mkdir()
    place.chmod(0o777)
    done = treeimage.write(small(scratch), str(place / "image") + "/",
                           **ordinary_user())
    assert done.status == 5
    assert done.err.count(b"\n") == 1
    assert b"and 1 devices cannot be made by this user" in done.err
    assert b"run jailbuild as root, or write a .tar" in done.err
    assert os.listdir(place) == []


@root_only
@pytest.mark.parametrize("output", ["/", ".", "..", "./"])
def test_a_directory_needs_a_name(output, scratch):
    done = treeimage.write(small(scratch), output, "dir", cwd=scratch)
    assert done.status == 2
    assert b"needs a directory of its own name" in done.err
    assert os.listdir(scratch) == []
