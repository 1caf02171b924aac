"""The tars that jailbake takes as jails: every member arrives in the ramdisk as
it was, or is refused, or is told to be dropped; in little memory."""

import gzip
import io
import os
import subprocess
import tarfile

import pytest

import eif
import tars
from bakery import PASSWD, Bakery
from conftest import BUILD, ROOT, run

JAIL = "rootfs/jail/"


@pytest.fixture
def bakery(scratch):
    return Bakery(scratch)


def jail(bakery, *members, **kwargs):
    image = bakery.tar("own.tar", *bakery.members(), *members)
    rest = bakery.ramdisks(image=image, **kwargs)[1]
    return {name.removeprefix(JAIL): member for name, member in rest.items()
            if name.startswith(JAIL)}


def refused(bakery, words, *members):
    image = bakery.tar("own.tar", *bakery.members(), *members)
    done = bakery.bake(image=image)
    assert (done.status, done.err) == (4, f"jailbake: {image}: {words}\n"), \
        done
    assert not bakery.out.exists()


def test_owners_modes_and_kinds(bakery):
    found = jail(
        bakery, tars.folder("./home/", uid=1000, gid=1001, mode=0o2750),
        tars.file("./home/f", b"content", uid=1000, gid=1001, mode=0o640),
        tars.file("./home/empty"),
        tars.header("./dev/null", type=b"3", major=1, minor=3, mode=0o666),
        tars.header("./fifo", type=b"6", mode=0o600),
        tars.file("./big-ids", b"x", uid=tars.binary(2 ** 32 - 2, 8)))
    assert found["home"].mode == 0o042750
    assert (found["home"].uid, found["home"].gid) == (1000, 1001)
    assert (found["home/f"].mode, found["home/f"].data) == (0o100640,
                                                            b"content")
    assert found["home/empty"].data == b""
    null = found["dev/null"]
    assert (null.mode, null.rmajor, null.rminor) == (0o020666, 1, 3)
    assert found["dev"].mode == 0o040755  # which no member said
    assert found["fifo"].mode == 0o010600
    assert found["big-ids"].uid == 2 ** 32 - 2


def test_hard_links_are_one_file(bakery):
    found = jail(bakery, tars.file("./z", b"content", mode=0o751, uid=7),
                 tars.hardlink("./a", "./z"), tars.hardlink("./m", "z"),
                 tars.file("./other", b"content"))
    names = [found[name] for name in "amz"]
    assert {member.ino for member in names} == {names[0].ino}
    assert {(member.nlink, member.mode, member.uid) for member in names} == {
        (3, 0o100751, 7)}
    # the last has the content, as cpio writes it
    assert [member.data for member in names] == [b"", b"", b"content"]
    assert found["other"].ino != names[0].ino and found["other"].nlink == 1


def test_numbers_of_files_are_unique(bakery):
    members = jail(bakery).values()
    assert len({member.ino for member in members}) == len(members)


def test_the_root_has_the_mode_that_the_tar_says(bakery):
    image = bakery.tar("own.tar", tars.folder("./", mode=0o711, uid=3),
                       *bakery.members()[1:])
    _, rest = bakery.ramdisks(image=image)
    assert (rest["rootfs/jail"].mode, rest["rootfs/jail"].uid) == (0o040711, 3)


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_of_every_kind(bakery, format):
    long = "d" * 80 + "/" + "é" * 90 + "/" + "f" * 100
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format,
                      encoding="utf-8") as tar:
        info = tarfile.TarInfo(long)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"data"))
        link = tarfile.TarInfo("l" * 120)
        link.type, link.linkname = tarfile.SYMTYPE, "t" * 300
        tar.addfile(link)
        hard = tarfile.TarInfo("hard")
        hard.type, hard.linkname = tarfile.LNKTYPE, long
        tar.addfile(hard)
    image = bakery.write("own.tar", b"".join(bakery.members()) +
                         buffer.getvalue())
    for env in ({}, {"LC_ALL": "C"}):
        rest = bakery.ramdisks(image=image, env={**os.environ, **env})[1]
        assert rest[JAIL + "hard"].data == b"data"  # the last of its names
        assert rest[JAIL + "l" * 120].data == b"t" * 300
        assert rest[JAIL + "hard"].ino == rest[JAIL + long].ino


@pytest.mark.parametrize("words, members", [
    ("../x: its name leads upwards (..)", [tars.file("../x")]),
    ("./a/../../x: its name leads upwards (..)",
     [tars.file("./a/../../x")]),
    ("./etc/passwd: two members of one name", [tars.file("./etc/passwd")]),
    ("sh: two members of one name", [tars.symlink("sh", "x")]),
    ("./sh/x: another kind of thing has its name, or stands where a "
     "directory must be", [tars.file("./sh/x")]),
    ("./bin/prog/x: another kind of thing has its name, or stands where a "
     "directory must be", [tars.file("./bin/prog/x")]),
    ("./bin: another kind of thing has its name, or stands where a "
     "directory must be", [tars.symlink("./bin", "/")]),
    ("./: a root that is no directory", [tars.symlink("./", "/")]),
    ("./mem: a device; null, zero, full, random, urandom and tty alone may "
     "be there", [tars.header("./mem", type=b"3", major=1, minor=1)]),
    ("./sda: neither file, directory, link, character device nor FIFO",
     [tars.header("./sda", type=b"4", major=8, minor=0)]),
    ("/a: a hard link to no file",
     [tars.hardlink("./a", "./none")]),
    ("/a: a hard link to no file",
     [tars.hardlink("./a", "./bin")]),
    ("./a: its name leads upwards (..)", None),
    ("./big: 4 GiB or more, for which a ramdisk has no room",
     [tars.header("./big", size=tars.binary(1 << 32, 12))]),
])
def test_what_is_refused(bakery, words, members):
    if members is None:
        members = [tars.hardlink("./a", "../../x")]
        words = "../../x: its name leads upwards (..)"
    refused(bakery, words, *members)


@pytest.mark.parametrize("name, words", [
    ("c" * 256, "a name of more than 255 bytes, which no kernel takes"),
    ("/".join(["d" * 255] * 15 + ["e" * 244]),
     "a path of more than 4095 bytes, which no kernel takes"),
], ids=["a part", "the path"])
def test_a_name_that_a_kernel_would_leave_out(bakery, name, words):
    """One byte less is there; and the message has room for its reason."""
    for less in (1, 0):
        image = bakery.tar(
            "own.tar", *bakery.members(),
            tars.pax(path=name[:len(name) - less]), tars.file("x"))
        done = bakery.bake(image=image)
        assert done.status == (0 if less else 4), done
        if less:
            bakery.out.unlink()
    shown = ("/rootfs/jail/" + name)[:200]
    assert done.err == f"jailbake: {bakery.out}: {shown}...: {words}\n"
    assert not bakery.out.exists()


def test_the_name_that_ends_an_archive(bakery):
    # at the top of the archive it could not be; below it is a name like others
    assert jail(bakery, tars.file("./TRAILER!!!", b"x"))["TRAILER!!!"].data


def test_links_may_lead_anywhere_but_nothing_goes_through_them(bakery):
    found = jail(bakery, tars.symlink("./up", "../../.."),
                 tars.symlink("./abs", "/etc/shadow"))
    assert found["up"].data == b"../../.."
    bakery.out.unlink()
    refused(bakery, "./up/init: another kind of thing has its name, or "
            "stands where a directory must be",
            tars.symlink("./up", "../../.."), tars.file("./up/init", b"evil"))


def test_what_is_dropped_is_told(bakery):
    caps = bytes.fromhex("01000002" "0020000000000000000000000000000000")
    image = bakery.tar(
        "own.tar", *bakery.members(),
        tars.pax(**{"SCHILY.xattr.security.capability": caps}),
        tars.file("./ping", b"x"),
        tars.pax(**{"SCHILY.xattr.user.note": b"n"}), tars.file("./n", b"x"))
    done = bakery.bake(image=image)
    assert done.status == 0 and done.err.splitlines()[:2] == [
        f"jailbake: {image}: ./ping: its file capabilities are dropped",
        f"jailbake: {image}: ./n: an extended attribute is dropped"], done


@pytest.mark.parametrize("format", ["gnu", "pax"])
def test_sparse_files_are_refused(bakery, scratch, format):
    with open(scratch / "sparse", "wb") as file:
        file.truncate(1 << 20)
        file.seek(1 << 19)
        file.write(b"x" * 100000)
    packed = scratch / "sparse.tar"
    done = run("tar", "-S", f"--format={format}", "-C", scratch, "-cf", packed,
               "sparse")
    assert done.status == 0 and packed.stat().st_size < 1 << 20
    image = bakery.write("own.tar", b"".join(bakery.members()) +
                         packed.read_bytes())
    done = bakery.bake(image=image)
    assert (done.status, done.err) == (
        4, f"jailbake: {image}: sparse: a sparse file; pack it "
           "without that (tar without -S)\n"), done


def test_damaged_tars(bakery):
    whole = tars.tar(*bakery.members())
    for data in (whole[:1700], whole[:2000] + b"x" * 400, b"", b"nonsense"):
        image = bakery.write("own.tar", data)
        done = bakery.bake(image=image)
        assert done.status in (2, 4) and done.err.count("\n") == 1, done
        assert not bakery.out.exists()
    image = bakery.write("own.tar.gz", b"\x1f\x8b\x08" + bytes(100))
    assert bakery.bake(image=image).status == 4


def test_gzip_is_taken_at_its_word(bakery):
    """Its checksums are looked at; pieces of it are one."""
    whole = tars.tar(*bakery.members())
    packed = gzip.compress(whole)
    image = bakery.write("own.tar.gz", packed)
    first = bakery.baked(image=image)
    bakery.out.unlink()
    for data, words in ((packed[:-8] + bytes(4) + packed[-4:],
                         "incorrect data check"),
                        (packed[:-4] + bytes(4), "incorrect length check"),
                        (packed[:-2], "it is cut off"),
                        (packed + b"x", "followed by something else")):
        image.write_bytes(data)
        done = bakery.bake(image=image)
        assert (done.status, done.err) == (
            4, f"jailbake: {image}: cannot be unpacked (gzip): {words}\n")
        assert not bakery.out.exists()
    image.write_bytes(gzip.compress(whole[:1000]) +
                      gzip.compress(whole[1000:]) + bytes(512))
    assert bakery.baked(image=image).sections == first.sections


@pytest.mark.parametrize("packer, before", [
    ("xz", b""), ("zstd", b""),
    ("zstd", b"\x50\x2a\x4d\x18\x04\0\0\0abcd")],  # as pzstd begins
    ids=["xz", "zstd", "pzstd"])
def test_however_it_is_packed_the_image_is_one(bakery, packer, before):
    first = bakery.baked()
    bakery.out.unlink()
    packed = subprocess.run([packer, "-c", bakery.image], check=True,
                            stdout=subprocess.PIPE).stdout
    image = bakery.write("root.tar.packed", before + packed)
    assert bakery.baked(image=image).sections == first.sections


def test_what_is_no_tar(bakery, scratch):
    done = bakery.bake(image=scratch)
    assert (done.status, done.err) == (
        4, f"jailbake: {scratch}: not a file; a tar is needed (jailbuild -o "
           "NAME.tar)\n")


def test_another_form_of_an_image(bakery):
    """Which jaillaunch would take."""
    image = bakery.write("root.squashfs", b"hsqs" + bytes(4000))
    done = bakery.bake(image=image)
    assert (done.status, done.err) == (
        4, f"jailbake: {image}: no tar (Unrecognized archive format); "
           "jailbuild -o NAME.tar makes one\n"), done


def test_an_image_of_ours(bakery):
    """Every member of an image that jailbuild makes is there, as it was."""
    manifest = bakery.write("m.txt", b"use base\nuse busybox\n")
    image = bakery.place / "busybox.tar"
    done = run(BUILD / "jailbuild", "--presets", ROOT / "manifests", manifest,
               "-o", image)
    assert done.status == 0, done
    rest = bakery.ramdisks(image=image, command=("/bin/sh",))[1]
    with tarfile.open(image) as tar:
        members = tar.getmembers()
        assert len(members) > 50
        for member in members:
            name = os.path.normpath(JAIL + member.name)
            found = rest.pop(name)
            assert found.mode & 0o7777 == member.mode, name
            assert (found.uid, found.gid) == (member.uid, member.gid)
            if member.issym():
                assert found.data.decode() == member.linkname
            if member.isreg() and found.nlink == 1:
                assert found.data == tar.extractfile(member).read(), name
    assert not [name for name in rest if name.startswith(JAIL)]


def test_a_large_image_takes_little_memory(bakery, scratch):
    """64 MiB more of image are not 4 MiB more of memory.  What Python holds
    itself would count, were it to start jailbake."""
    with open(scratch / "big.tar", "wb") as file:
        file.write(b"".join(bakery.members()))
        file.write(tars.header("./big", size=64 << 20))
        file.write(os.urandom(1 << 20) * 64)
        file.write(tars.END)
    peak = []
    for image in (bakery.image, scratch / "big.tar"):
        argv = [BUILD / "jailbake", "-q", "-i", image, "--kernel",
                bakery.kernel, "--init", bakery.init, "--launcher",
                bakery.launcher, "-u", "1000", "-o", bakery.out, "--",
                "/bin/prog"]
        done = run(BUILD / "tools" / "stopwatch", "2", "1", "0", "::", *argv)
        assert done.status == 0, done
        peak.append(int(done.err.split()[2]))
    assert bakery.out.stat().st_size > 64 << 20
    assert peak[1] - peak[0] < 4096, peak  # KiB
